"""The command line as a program, and inside the test's own process."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

import pcmio
from pcmio.cli import main, targets
from pcmio.hosts.null import NullHost, open_host
from pcmio.testing import until
from tests.servers.fixtures import authority, kit, kit_options, system_bus
from tests.servers.pulseaudio import NullSink, PulseServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["authority", "kit", "kit_options", "system_bus"]

#: It has no types of its own.
soundfile: Any = importlib.import_module("soundfile")
SRC = Path(pcmio.__file__).parent.parent
SECONDS = 60


class Ran(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def environment(home: Path, **more: str) -> dict[str, str]:
    """Of a machine on which no audio server runs."""
    kept = {key: value for key, value in os.environ.items() if key.startswith(("PATH", "LANG", "PYTHON", "SYSTEMROOT"))}
    alone = {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "PULSE_SERVER": f"unix:{home}/nobody",
        "JACK_NO_START_SERVER": "1",
        "JACK_DEFAULT_SERVER": f"none-{home.name}",
        "PYTHONPATH": str(SRC),
        "LC_ALL": "C.UTF-8",
    }
    return {**kept, **alone, **more}


@pytest.fixture
def alone(tmp_path: Path) -> dict[str, str]:
    """Environment without audio servers."""
    home = tmp_path / "home"
    home.mkdir()
    return environment(home)


@pytest.fixture
def run(tmp_path: Path, alone: dict[str, str]) -> Callable[..., Ran]:
    """``run("devices", "--json")``: the program, on a machine without audio servers."""

    def run(*arguments: str, **more: str) -> Ran:
        command = [sys.executable, "-W", "error", "-m", "pcmio", *arguments]
        done = subprocess.run(
            command, env={**alone, **more}, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


class _Shared(NullHost):
    """A Null host that a command does not close: its test listens on it."""

    def close(self) -> None:
        pass


@pytest.fixture
def null(monkeypatch: pytest.MonkeyPatch) -> NullHost:
    """The Null host that commands in this process use, whatever they ask for."""
    usual = open_host()
    shared = _Shared(usual._specs, None)
    monkeypatch.setattr(targets, "host", lambda _name: shared)
    monkeypatch.setattr(targets, "default_host", lambda: shared)
    return shared


@pytest.fixture
def call(null: NullHost, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """``call("play", ...)``: the command in this process."""
    del null

    def call(*arguments: str) -> Ran:
        code = main(arguments)
        caught = capsys.readouterr()
        return Ran(code, caught.out, caught.err)

    return call


@pytest.fixture
def meanwhile(null: NullHost) -> Iterator[Callable[..., None]]:
    """``meanwhile("null:tone", act)``: does something a moment after a stream was built there, or so many."""
    threads: list[threading.Thread] = []

    def meanwhile(device_id: str, act: Callable[[], object], streams: int = 1) -> None:
        spec = null.device_by_id(device_id).spec

        def wait_and_act() -> None:
            until(lambda: sum(len(bus.drivers) for bus in null.buses(spec)) >= streams, "streams to be built")
            time.sleep(0.4)
            act()

        threads.append(threading.Thread(target=wait_and_act))
        threads[-1].start()

    yield meanwhile
    for thread in threads:
        thread.join()


@pytest.fixture(scope="session")
def pulse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PulseServer]:
    """A real PulseAudio server."""
    sinks = (NullSink("speakers"), NullSink("cd", "s16le", 44_100), NullSink("surround", channels=6))
    server = PulseServer(tmp_path_factory.mktemp("pulse"), sinks)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def on_pulse(pulse: PulseServer) -> dict[str, str]:
    """What ``run`` needs to find it."""
    return {name: pulse.env[name] for name in ("HOME", "XDG_RUNTIME_DIR", "PULSE_COOKIE")} | {
        "PULSE_SERVER": pulse.address
    }


@pytest.fixture
def sine(tmp_path: Path) -> Callable[..., str]:
    """``sine("a.wav", rate=44100, channels=1)``: a sound file with 440 Hz at -12 dB and its path."""

    def sine(
        name: str, *, rate: int = 48_000, channels: int = 2, seconds: float = 0.5, subtype: str | None = None
    ) -> str:
        at = np.arange(round(rate * seconds)) / rate
        sound = 0.25 * np.sin(2 * np.pi * 440 * at)
        soundfile.write(tmp_path / name, np.repeat(sound[:, None], channels, axis=1), rate, subtype)
        return str(tmp_path / name)

    return sine


def frequency(sound: Any, rate: int) -> float:
    """The strongest frequency of one channel, to a fraction of a bin."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    top = int(power[1:-1].argmax()) + 1
    before, at, after = np.log(power[top - 1 : top + 2] + 1e-30)
    return float((top + (before - after) / (2 * (before - 2 * at + after))) * rate / len(sound))
