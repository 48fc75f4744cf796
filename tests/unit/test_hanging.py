"""Native callbacks that do not return."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio import OperationTimeout, StreamConfig, StreamState, _core, _engine
from pcmio.testing import until
from tests.unit.blocks_rig import Call
from tests.unit.counting import Counting

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = StreamConfig(1, 48_000, 64, "i16")


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Counting]]:
    """A stream that runs, and whose callback is at work until ``hold`` is 0."""
    monkeypatch.setattr(_core, "SETTLE_NANOS", 50_000_000)
    monkeypatch.setattr(_engine, "PREPARE_SECONDS", 0.1)
    counting = Counting(frame_bytes=2)
    counting.record.hold = 1
    with pcmio.host("null") as host:
        stream = host.device_by_id("null:sink").build_output_stream(CONFIG, counting.output)
        stream.start()
        counting.until_called()
        yield stream, counting
        counting.record.hold = 0
        stream.close()
    assert counting.record.noisy == 0


@pytest.mark.parametrize("timeout", [0, 0.05])
def test_a_stop_does_not_wait_for_it(hanging: Any, timeout: float) -> None:
    stream, counting = hanging
    Call(stream.stop, timeout).end()
    assert stream.state is StreamState.STOPPED
    with pytest.raises(OperationTimeout, match="the stream's callback has not returned for"):
        stream.start()
    assert stream.state is StreamState.STOPPED
    counting.record.hold = 0
    until(lambda: stream._engine._hold_by is None, "the device's end")
    calls = counting.calls
    stream.start()
    until(lambda: counting.calls > calls, "another call")
    assert Call(stream.stop, 20.0).end() is True


def test_a_pause_does_not_wait_for_it_either(hanging: Any) -> None:
    stream, counting = hanging
    Call(stream.pause).end()
    assert str(stream.state) == "paused"
    Call(stream.stop, 0).end()
    assert stream.state is StreamState.STOPPED
    counting.record.hold = 0
    until(lambda: stream._engine._hold_by is None, "the device's end")


def test_a_start_waits_for_its_return(hanging: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stream, counting = hanging
    monkeypatch.setattr(_engine, "PREPARE_SECONDS", 20.0)
    Call(stream.stop, 0).end()
    begun = threading.Event()

    def start() -> None:
        begun.set()
        stream.start()

    starting = Call(start)
    assert begun.wait(20)
    counting.record.hold = 0
    starting.end()
    assert stream.state is StreamState.RUNNING
