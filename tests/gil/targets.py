"""What pcmio plays on, and a native program that hears it: the recorders are those of the bench."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.servers.asound import plugin, shown, written
from tests.servers.jackd import JackServer
from tests.servers.pipewire import NullNode, PipeWireServer
from tests.servers.pulseaudio import NullSink, PulseServer

if TYPE_CHECKING:
    from collections.abc import Generator

ROOT = Path(__file__).parents[2]
_SINK = "sink"


class Target(NamedTuple):
    """A running server: how pcmio reaches it, and the recorder's command."""

    spec: dict[str, Any]
    recorder: list[str]
    env: dict[str, str]  # the recorder's
    player_env: dict[str, str]  # what the player needs besides this process's


def compiled(name: str, libraries: list[str], folder: Path) -> str:
    """A native program of the bench's."""
    program = folder / name
    source = ROOT / "bench/native" / f"{name}.c"
    flags: list[str] = []
    for library in libraries:
        asked = subprocess.run(
            ["pkg-config", "--cflags", "--libs", library], capture_output=True, text=True, check=True
        )
        flags += asked.stdout.split()
    compiler = os.environ.get("CC", "cc")
    command = [compiler, "-std=gnu11", "-O2", "-o", str(program), str(source), *flags, "-lpthread", "-lm"]
    subprocess.run(command, check=True)
    return str(program)


@contextmanager
def pulseaudio(folder: Path) -> Generator[Target]:
    """A null sink, and its monitor."""
    with _pulse(folder) as (pulse, recorder, env):
        spec = {"host": "pulseaudio", "options": {"server": pulse.address}, "output": f"pulseaudio:{_SINK}"}
        yield Target(spec, recorder, env, {})


@contextmanager
def alsa(folder: Path) -> Generator[Target]:
    """The same sink, through alsa-lib's plugin."""
    plugin("pcm_pulse")
    with _pulse(folder) as (pulse, recorder, env):
        path = written(folder, shown(_SINK, f'type pulse\nserver "{pulse.address}"\ndevice "{_SINK}"'))
        spec = {"host": "alsa", "options": {}, "output": f"alsa:{_SINK}"}
        # libpulse looks for its cookie itself, since no option of the plugin's tells.
        player_env = {"ALSA_CONFIG_PATH": str(path), "PULSE_COOKIE": env["PULSE_COOKIE"]}
        yield Target(spec, recorder, env, player_env)


@contextmanager
def _pulse(folder: Path) -> Generator[tuple[PulseServer, list[str], dict[str, str]]]:
    program = compiled("rec_pulse", ["libpulse"], folder)
    pulse = PulseServer(folder, [NullSink(_SINK)])
    pulse.start()
    try:
        yield pulse, [program, f"{_SINK}.monitor"], {**pulse.env, "PULSE_SERVER": pulse.address}
    finally:
        pulse.stop()


@contextmanager
def jack(folder: Path) -> Generator[Target]:
    """A server without sound cards; its client's ports are what is heard."""
    program = compiled("rec_jack", ["jack"], folder)
    server = JackServer(folder, period=128)
    server.start()
    try:
        spec = {"host": "jack", "options": {"server_name": server.name}, "output": "jack:system"}
        yield Target(spec, [program, server.name], dict(server.env), {})
    finally:
        server.stop()


@contextmanager
def pipewire(folder: Path) -> Generator[Target]:
    """A sink that plays into nothing, and what can be recorded of it."""
    program = compiled("rec_pipewire", ["libpipewire-0.3"], folder)
    server = PipeWireServer(folder, [NullNode(_SINK)])
    try:
        server.start()
        spec = {"host": "pipewire", "options": {"remote": server.address}, "output": f"pipewire:{_SINK}"}
        yield Target(spec, [program, _SINK], server.env, {})
    finally:
        server.stop()


TARGETS = {"pulseaudio": pulseaudio, "jack": jack, "pipewire": pipewire, "alsa": alsa}
