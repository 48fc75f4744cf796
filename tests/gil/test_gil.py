"""Sound goes on while Python is busy: an independent native program records the server, and finds no gap.

The recorders are those of the bench: C, with an audio thread of their own.  A test fails if the recording did not run
or the signal was not in it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bench.analysis import Recording, find_gaps
from bench.known_signal import RATE
from pcmio.testing import until
from tests.servers.jackd import JackServer
from tests.servers.pulseaudio import NullSink, PulseServer

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[2]
_SECONDS = 10.0
#: After the start of the recording: until then the server itself may still be getting its streams into step.
_SETTLED_SECONDS = 1.0


class Target:
    """A running server: how pcmio reaches it, and the recorder's command."""

    def __init__(self, spec: dict[str, Any], recorder: list[str], env: dict[str, str]) -> None:
        self.spec = spec
        self.recorder = recorder
        self.env = env


def _compiled(name: str, library: str, folder: Path) -> str:
    program = folder / name
    source = _ROOT / "bench/native" / f"{name}.c"
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", library], capture_output=True, text=True, check=True
    ).stdout.split()
    command = [
        os.environ.get("CC", "cc"),
        "-std=gnu11",
        "-O2",
        "-o",
        str(program),
        str(source),
        *flags,
        "-lpthread",
        "-lm",
    ]
    subprocess.run(command, check=True)
    return str(program)


@pytest.fixture(scope="session", params=["pulseaudio", "jack"])
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Each server in turn."""
    folder = tmp_path_factory.mktemp(f"gil-{request.param}")
    if request.param == "pulseaudio":
        program = _compiled("rec_pulse", "libpulse", folder)
        pulse = PulseServer(folder, [NullSink("sink")])
        pulse.start()
        try:
            spec = {"host": "pulseaudio", "options": {"server": pulse.address}, "output": "pulseaudio:sink"}
            yield Target(spec, [program, "sink.monitor"], {**pulse.env, "PULSE_SERVER": pulse.address})
        finally:
            pulse.stop()
        return
    program = _compiled("rec_jack", "jack", folder)
    jack = JackServer(folder, period=128)
    jack.start()
    try:
        spec = {"host": "jack", "options": {"server_name": jack.name}, "output": "jack:system"}
        yield Target(spec, [program, jack.name], dict(jack.env))
    finally:
        jack.stop()


def _lost(target: Target, folder: Path, **load: Any) -> None:
    spec = {"frames": 256, "busy": 0, "c_seconds": 0.0, "stream": {}, **target.spec, **load}
    name = folder / "heard"
    recorder = subprocess.Popen(
        [*target.recorder, str(name)], env=target.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(_ROOT))))}
    player = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("player.py")), json.dumps(spec)],
        env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT,
    )  # fmt: skip
    try:
        assert recorder.stdout is not None
        assert player.stdout is not None
        assert recorder.stdout.readline() == "ready\n"
        assert player.stdout.readline() == "playing\n"
        needed = int((_SECONDS + 2 * _SETTLED_SECONDS) * RATE) * 8
        sound = name.with_suffix(".f32")
        until(lambda: sound.exists() and sound.stat().st_size >= needed, "the recording", 60)
        said, _ = player.communicate(input="", timeout=30)
        told, _ = recorder.communicate(input="", timeout=30)
    finally:
        player.kill()
        recorder.kill()
    frames = Recording.load(name).samples
    heard = frames[int(_first_sound(frames) + _SETTLED_SECONDS * RATE) :][: int(_SECONDS * RATE)]
    assert len(heard) == int(_SECONDS * RATE), f"only {len(heard)} frames with the signal were recorded"
    gaps = find_gaps(heard)
    assert json.loads(told)["missed"] == 0, f"the recorder itself missed frames: {told}"
    assert gaps.lost_frames == 0, f"{gaps}; the stream says {said}"


def _first_sound(frames: Any) -> int:
    sounding = (frames != 0).any(axis=1)
    assert sounding.any(), "the signal is not in the recording"
    return int(sounding.argmax())


# Blocks of 128 stereo frames are below the 500 elements from which numpy gives the GIL up for a copy: at 256 frames
# each block costs a turn more, which one busy thread leaves time for and two do not.
@pytest.mark.parametrize(("busy", "frames"), [(1, 128), (1, 256), (2, 128)])
def test_busy_python_threads_cost_no_frame_at_the_default_depth(
    target: Target, tmp_path: Path, busy: int, frames: int
) -> None:
    _lost(target, tmp_path, busy=busy, frames=frames)


def test_a_c_call_that_keeps_the_gil_for_100_ms_costs_no_frame_when_150_ms_are_ready(
    target: Target, tmp_path: Path
) -> None:
    _lost(target, tmp_path, c_seconds=0.1, frames=128, stream={"depth": 0.15})
