"""Frames that come too late for their cycle are not heard, and are counted: what a native program misses is told."""

from __future__ import annotations

import ctypes
import time
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from bench.analysis import Recording, find_gaps
from bench.known_signal import CHANNELS, FRAMES, RATE, signal
from pcmio.testing import FramesLost, until
from tests.gil.targets import TARGETS, Target
from tests.times.told import recorder
from tests.unit.counting import NativeBlock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FRAMES = 128
_FRAME_BYTES = CHANNELS * 4
_EVERY = 40
_TIMES = 10


@pytest.fixture(scope="module", params=["jack", "pipewire"])
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Servers that do not wait for their clients, nor ask them for frames ahead."""
    with TARGETS[request.param](tmp_path_factory.mktemp(f"late-{request.param}")) as running:
        yield running


class _Sluggish:
    """A native callback, but for being of Python: in some cycles it takes longer than they last."""

    def __init__(self, cycles: float) -> None:
        self.late = 0
        self._seconds = cycles * _FRAMES / RATE
        self._samples = signal()
        kind = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.POINTER(NativeBlock), ctypes.c_void_p)
        self._function = kind(self._play)
        self.callback = pcmio.NativeCallback(
            ctypes.cast(self._function, ctypes.c_void_p).value or 0
        )  # seen, it is refused

    def _play(self, _user: Any, told: Any, out: int) -> int:
        block = told.contents
        at = block.position % FRAMES
        ctypes.memmove(out, self._samples[at : at + block.frames].ctypes.data, block.frames * _FRAME_BYTES)
        if self.late < _TIMES and block.position // _FRAMES % _EVERY == _EVERY - 1:
            self.late += 1
            time.sleep(self._seconds)  # what is tested: a callback that is late
        return 0


@pytest.mark.usefixtures("standstills")
@pytest.mark.parametrize("cycles", [1.5, 3.5])
def test_what_comes_after_its_cycle_is_counted(target: Target, tmp_path: Path, cycles: float) -> None:
    sluggish = _Sluggish(cycles)
    with recorder(target, tmp_path / "heard"), pcmio.host(target.spec["host"], **target.spec["options"]) as host:
        config = pcmio.StreamConfig(CHANNELS, RATE, _FRAMES)
        with host.device_by_id(target.spec["output"]).build_output_stream(config, sluggish.callback) as stream:
            stream.start()
            until(lambda: sluggish.late == _TIMES, "the cycles that take too long")
            end = stream.position + RATE // 4
            until(lambda: stream.position > end, "what is heard after them")
            told = stream.stats.xrun_frames
    frames = Recording.load(tmp_path / "heard").samples
    sounding = (frames != 0).any(axis=1).nonzero()[0]
    # PipeWire plays some of the late frames in the next cycle, and not those of that one: what is lost is one cycle.
    lost = find_gaps(frames[sounding[0] : sounding[-1] + 1]).silent_frames
    assert lost >= _TIMES * int(cycles) * _FRAMES
    # A machine that is busy just then may end a cycle between the look at the clock and the server's own.
    # One that stands still for longer costs the recorder frames too, of which the stream knows nothing.
    if abs(told - lost) > 2 * _FRAMES:
        raise FramesLost(f"{lost} frames were not heard, and {told} were told")
