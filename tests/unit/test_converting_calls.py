"""A callback that is converted for, on a device that the test moves by hand."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from pcmio import StreamConfig, StreamState
from pcmio._convert import Converter
from pcmio._converting_calls import ConvertingStream
from pcmio.testing import until
from tests.unit.blocks_rig import Call, played
from tests.unit.stream_rig import FRAMES, PATIENCE, HandDevice, HandDriver

if TYPE_CHECKING:
    from collections.abc import Callable

DEVICES = StreamConfig(2, 48_000, FRAMES, "i16")


def converted(driver: HandDriver, data: Callable[[Any, Any], object], rate: int) -> ConvertingStream:
    config = StreamConfig(1, rate, FRAMES, "i16")
    converter = Converter(config, DEVICES)
    return ConvertingStream(
        *(HandDevice(), driver, config, data, None), raw=False, converter=converter, depth=0.0, realtime="never"
    )


def loud(frames: Any, _info: Any) -> None:
    frames[:] = 8_000


class Meanwhile:
    """Has another thread call something when a start is prepared, and the device has not begun."""

    def __init__(self, stream: ConvertingStream, call: Callable[..., Any], *arguments: Any) -> None:
        self._engine = stream._engine
        self._starter = threading.current_thread()
        self._wait_for = self._engine.runner.wait_for
        self._waits = threading.Event()
        self._what = call, *arguments
        self.call: Call | None = None
        self._engine.runner.wait_for = self  # type: ignore[method-assign]

    def __call__(self, changed: Any, holds: Callable[[], bool], timeout: float | None) -> bool:
        at_once = holds()
        if threading.current_thread() is not self._starter:
            if not at_once:
                self._waits.set()
            return self._wait_for(changed, holds, timeout)
        held = self._wait_for(changed, holds, timeout)
        if not at_once and self.call is None:
            lock = changed._release_save()
            call = self.call = Call(*self._what)
            until(lambda: self._waits.is_set() or call.ended, "the other thread's turn")
            changed._acquire_restore(lock)
        return held


@pytest.mark.parametrize("rate", [48_000, 24_000])
def test_a_stop_between_the_first_blocks_and_the_device_plays_them(rate: int) -> None:
    driver = HandDriver()
    stream = converted(driver, loud, rate)
    meanwhile = Meanwhile(stream, stream.stop, PATIENCE)
    stream.start()
    stopping = meanwhile.call
    assert stopping is not None
    heard = played(driver, stopping)
    assert stopping.end() is True
    assert any(heard)
    assert stream.state is StreamState.STOPPED
    stream.close()


def test_a_stop_whose_time_is_over_before_the_device_begins_throws_them_away() -> None:
    driver = HandDriver()
    stream = converted(driver, loud, 24_000)
    meanwhile = Meanwhile(stream, stream.stop, 1e-3)
    stream.start()
    stopping = meanwhile.call
    assert stopping is not None
    assert stopping.end() is False
    assert stream.state is StreamState.STOPPED
    assert not any(driver.cycle())
    stream.close()
