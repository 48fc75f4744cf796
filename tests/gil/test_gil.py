"""Sound goes on while Python is busy: an independent native program records the server, and finds no gap.

The recorders are those of the bench: C, with an audio thread of their own.  A test fails if the recording did not run
or the signal was not in it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from bench.analysis import Recording, find_gaps
from bench.known_signal import RATE
from pcmio.testing import until
from tests.gil.targets import ROOT, TARGETS, Target, compiled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.standstills import Standstills

_ON_EACH = pytest.mark.parametrize("target", list(TARGETS), indirect=True)
_SECONDS = 10.0
#: After the start of the recording: until then the server itself may still be getting its streams into step.
_SETTLED_SECONDS = 1.0


class Machine(NamedTuple):
    """What tells whether the machine had time."""

    watch: str  # the program that does for an ordinary thread
    standstills: Standstills


@pytest.fixture(scope="session")
def machine(standstills: Standstills, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Looked at beside each recording."""
    return Machine(compiled("watch", [], tmp_path_factory.mktemp("watch")), standstills)


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The server that a test names."""
    with TARGETS[request.param](tmp_path_factory.mktemp(f"gil-{request.param}")) as running:
        yield running


class Run(NamedTuple):
    """One recording."""

    lost_frames: int
    late_millis: float
    standstill_cycles: float
    missed_frames: int  # by the recorder: cycles that the server left out, for everybody
    told: str

    @property
    def quiet(self) -> bool:
        """Whether the machine left the player's threads, and the server's, on the processor."""
        in_time = self.late_millis <= _QUIET_MILLIS and self.standstill_cycles <= _QUIET_CYCLES
        return in_time and self.missed_frames == 0


#: A busy thread that other programs put aside holds the GIL meanwhile.  Where an ordinary thread that sleeps is late by
#: more than this, what was lost tells of them.
_QUIET_MILLIS = 5.0
#: A thread that no program can put aside is late when the machine itself stands still.  A cycle goes through server,
#: player and recorder one after the other: what takes half of it away leaves too little for them.  In a hundred runs on
#: a virtual machine all but one of those that lost frames had stood still for longer than a cycle.
_QUIET_CYCLES = 0.5
_MOST_RUNS = 5


def _loses_nothing(target: Target, machine: Machine, folder: Path, *, seconds: float = _SECONDS, **load: Any) -> None:
    """Judge by the median of three runs, of those in which the machine left its threads on the processor.

    What was lost in another run was lost to other programs; what was not lost counts in any case.
    """
    runs: list[Run] = []
    for number in range(_MOST_RUNS):
        runs.append(_run(target, machine, folder / str(number), seconds, **load))
        clean = sum(run.lost_frames == 0 for run in runs)
        broken = [run for run in runs if run.lost_frames and run.quiet]
        assert len(broken) < 2, f"frames were lost on a quiet machine: {broken}"
        if clean == 2:
            return
    pytest.skip(f"no machine to judge by: it put threads aside, or stood still, in most of {_MOST_RUNS} runs: {runs}")


def _run(target: Target, machine: Machine, folder: Path, seconds: float, **load: Any) -> Run:
    folder.mkdir()
    usual: dict[str, Any] = {"frames": 256, "busy": 0, "c_seconds": 0.0, "native": False, "writes": False, "stream": {}}
    spec = {**usual, **target.spec, **load}
    name = folder / "heard"
    recorder = _started([*target.recorder, str(name)], env=target.env)
    paths = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(ROOT))))
    script = str(Path(__file__).with_name("player.py"))
    player = _started(
        [sys.executable, script, json.dumps(spec)], env={**os.environ, **target.player_env, "PYTHONPATH": paths}
    )
    watcher = _started([machine.watch], env=dict(os.environ))
    begun = time.monotonic_ns()
    try:
        for program, word in ((recorder, "ready"), (watcher, "ready"), (player, "playing")):
            assert program.stdout is not None
            assert program.stdout.readline() == f"{word}\n", program.args
        sound = name.with_suffix(".f32")
        silent = sound.stat().st_size if sound.exists() else 0
        needed = silent + int((seconds + 2 * _SETTLED_SECONDS) * RATE) * 8
        until(lambda: sound.exists() and sound.stat().st_size >= needed, "the recording", 60)
        late, _ = watcher.communicate(input="", timeout=30)
        said, _ = player.communicate(input="", timeout=30)
        told, _ = recorder.communicate(input="", timeout=30)
    finally:
        for program in (player, recorder, watcher):
            program.kill()
            program.wait()
    stood_still = machine.standstills.longest(begun) * RATE / spec["frames"]
    return _judged(name, seconds, stood_still, late, said, told)


def _started(command: list[str], env: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )  # fmt: skip


def _judged(name: Path, seconds: float, standstill_cycles: float, late: str, said: str, told: str) -> Run:
    frames = Recording.load(name).samples
    heard = frames[int(_first_sound(frames) + _SETTLED_SECONDS * RATE) :][: int(seconds * RATE)]
    assert len(heard) == int(seconds * RATE), f"only {len(heard)} frames with the signal were recorded"
    gaps = find_gaps(heard)
    latest = max((nanos for _, nanos in json.loads(late)["late"]), default=0)
    missed = json.loads(told)["missed"]
    details = f"{gaps}; the stream: {said.strip()}; the recorder: {told}"
    return Run(gaps.lost_frames, latest / 1e6, standstill_cycles, missed, details)


def _first_sound(frames: Any) -> int:
    sounding = (frames != 0).any(axis=1)
    assert sounding.any(), "the signal is not in the recording"
    return int(sounding.argmax())


# On PipeWire and ALSA, two threads at 128 frames say what one would.
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("target", "frames"),
    [("pulseaudio", 128), ("pulseaudio", 256), ("jack", 128), ("jack", 256), ("pipewire", 256), ("alsa", 256)],
    indirect=["target"],
)
def test_one_busy_python_thread_costs_no_frame_at_the_default_depth(
    target: Target, machine: Machine, tmp_path: Path, frames: int
) -> None:
    _loses_nothing(target, machine, tmp_path, busy=1, frames=frames)


# 128 stereo frames are below the 500 elements from which numpy gives the GIL up for a copy, which costs a turn more.
@pytest.mark.timeout(300)
@_ON_EACH
def test_two_busy_python_threads_cost_no_frame_at_the_default_depth(
    target: Target, machine: Machine, tmp_path: Path
) -> None:
    _loses_nothing(target, machine, tmp_path, busy=2, frames=128)


# As long as nobody asks Python for the samples, it does not matter how busy that is.
@pytest.mark.timeout(300)
@_ON_EACH
def test_two_busy_python_threads_cost_a_native_callback_no_frame_of_64(
    target: Target, machine: Machine, tmp_path: Path
) -> None:
    _loses_nothing(target, machine, tmp_path, busy=2, frames=64, native=True)


@pytest.mark.timeout(300)
@_ON_EACH
def test_a_c_call_that_keeps_the_gil_for_100_ms_costs_no_frame_when_150_ms_are_ready(
    target: Target, machine: Machine, tmp_path: Path
) -> None:
    _loses_nothing(target, machine, tmp_path, c_seconds=0.1, frames=128, stream={"depth": 0.15})


# A writer's ring is out of Python's reach: it has to outlast what keeps the writing thread from its turn.  Here that is
# Python threads that never rest, and C calls that keep the interpreter, both at once.
@pytest.mark.timeout(300)
@pytest.mark.parametrize("target", ["pulseaudio", "jack"], indirect=True)
def test_a_writer_that_is_kept_fed_plays_without_a_gap_whatever_python_does(
    target: Target, machine: Machine, tmp_path: Path
) -> None:
    load: dict[str, Any] = {"writes": True, "busy": 2, "c_seconds": 0.1, "frames": 64, "stream": {"depth": 2.0}}
    _loses_nothing(target, machine, tmp_path, seconds=6.0, **load)
