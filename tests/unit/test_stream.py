"""The stream that every host's users get."""

from __future__ import annotations

import gc
import logging
import sys
import threading
import warnings
import weakref
from typing import Any

import numpy as np
import pytest

from pcmio import (
    BufferSize,
    DeviceBusy,
    EndReason,
    InvalidInput,
    SampleFormat,
    StreamClosed,
    StreamConfig,
    StreamEnded,
    StreamInstant,
    StreamState,
    UnsupportedOperation,
    _core,
)
from pcmio._driver import Plan
from tests.unit.stream_rig import FRAMES, PATIENCE, Events, HandDevice, HandDriver, build, ignore

# --- what it says of itself -------------------------------------------------------------------------------------------


def test_a_new_stream_says_what_was_granted() -> None:
    stream = build(HandDriver(channels=2), ignore, sample_format=SampleFormat.F32)
    assert stream.config == StreamConfig(2, 48_000, BufferSize.fixed(FRAMES), SampleFormat.F32)
    assert stream.device == HandDevice()
    assert (stream.state, stream.reason, stream.position) == (StreamState.STOPPED, None, 0)
    assert stream.latency.total == 0
    assert stream.stats.blocks == 0
    assert stream.now() == StreamInstant(1_000_000)
    assert repr(stream) == "<pcmio stream on 'hand:one': 2 ch, 48000 Hz, f32, 4 frames, stopped>"
    stream.close()
    assert repr(stream).endswith(", closed>")


def test_a_stream_counts_what_is_played() -> None:
    driver = HandDriver()
    with build(driver, ignore) as stream:
        assert stream.latency.ring == 2 * FRAMES / 48_000
        driver.cycle()
        assert stream.position == FRAMES
        assert (stream.stats.frames, stream.stats.cycles) == (FRAMES, 1)
        assert stream.now() == StreamInstant(driver.cell.value)
    assert stream.reason is EndReason.CLOSED
    assert stream.position == FRAMES
    assert stream.stats.cycles == 1


def test_latency_is_the_devices_and_the_rings() -> None:
    driver = HandDriver()
    stream = build(driver, ignore)
    assert driver.pump is not None
    driver.pump.set_latency(20_000_000, 0)
    assert stream.latency.device == 0.02
    assert stream.latency.total == 0.02
    stream.close()


# --- what a callback gets ---------------------------------------------------------------------------------------------


def test_raw_output_blocks_are_writable_bytes_and_silent() -> None:
    driver = HandDriver(channels=2)
    seen: list[tuple[int, bool, bytes]] = []

    def data(block: Any, _: object) -> None:
        seen.append((len(block), block.readonly, bytes(block)))
        block[:] = b"\1\2" * (len(block) // 2)

    with build(driver, data) as stream:
        assert seen[:2] == [(FRAMES * 2 * 2, False, bytes(16))] * 2
        assert driver.cycle() == b"\1\2" * 8
        stream.stop(0)


def test_raw_input_blocks_are_read_only_bytes() -> None:
    driver = HandDriver(output=False, channels=1)
    taken = threading.Event()
    seen: list[tuple[bool, bytes]] = []

    def data(block: Any, _: object) -> None:
        seen.append((block.readonly, bytes(block)))
        taken.set()

    with build(driver, data):
        driver.cycle(captured=b"\1\0\2\0\3\0\4\0")
        assert taken.wait(PATIENCE)
    assert seen == [(True, b"\1\0\2\0\3\0\4\0")]


@pytest.mark.parametrize("sample_format", SampleFormat, ids=str)
def test_typed_blocks_are_arrays_of_frames_and_channels(sample_format: SampleFormat) -> None:
    driver = HandDriver(channels=3, sample_format=sample_format)
    seen: list[np.ndarray[Any, Any]] = []
    with build(driver, lambda frames, _: seen.append(frames), sample_format=sample_format, raw=False):
        pass
    assert seen[0].shape == (FRAMES, 3)
    assert seen[0].dtype == sample_format.dtype
    assert seen[0].flags.writeable
    assert seen[0].flags.c_contiguous
    assert seen[0].tobytes() == sample_format.silence * FRAMES * 3


def test_typed_input_blocks_are_read_only() -> None:
    driver = HandDriver(output=False, channels=1)
    taken = threading.Event()
    seen: list[np.ndarray[Any, Any]] = []

    def data(frames: Any, _: object) -> None:
        seen.append(frames.copy())
        with pytest.raises(ValueError, match="read-only"):
            frames[:] = 0
        taken.set()

    with build(driver, data, raw=False):
        driver.cycle(captured=b"\1\0\2\0\3\0\4\0")
        assert taken.wait(PATIENCE)
    assert seen[0].tolist() == [[1], [2], [3], [4]]


def test_the_core_converts_between_the_users_format_and_the_devices() -> None:
    driver = HandDriver(channels=1, sample_format=SampleFormat.I16)

    def data(frames: Any, _: object) -> None:
        frames[:] = 0.5

    with build(driver, data, sample_format=SampleFormat.F32, raw=False):
        assert np.frombuffer(driver.cycle(), np.int16).tolist() == [16384] * FRAMES


def test_arrays_are_made_once_for_each_block_of_the_ring() -> None:
    driver = HandDriver()
    seen: list[int] = []
    called = threading.Semaphore(0)

    def data(frames: Any, _: object) -> None:
        seen.append(id(frames))
        called.release()

    with build(driver, data, raw=False):
        for _ in range(8):
            assert called.acquire(timeout=PATIENCE)
            driver.cycle()
    assert len(set(seen)) == 2


# --- what cannot be built ---------------------------------------------------------------------------------------------


def test_without_numpy_a_typed_stream_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    driver = HandDriver()
    with pytest.raises(UnsupportedOperation) as caught:
        build(driver, ignore, raw=False)
    assert str(caught.value) == (
        "typed streams hand out numpy arrays, and numpy is not installed; pip install numpy, or build a raw stream "
        "(build_output_stream_raw), which needs none"
    )
    assert isinstance(caught.value.__cause__, ImportError)
    assert driver.calls == ["close"]


def test_without_numpy_a_raw_stream_plays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    with build(HandDriver(), ignore) as stream:
        assert stream.state is StreamState.RUNNING


@pytest.mark.parametrize("depth", ["deep", -1.0, None])
def test_a_depth_that_is_none_closes_the_driver(depth: Any) -> None:
    driver = HandDriver()
    with pytest.raises(InvalidInput, match="depth"):
        build(driver, ignore, depth=depth)
    assert driver.calls == ["close"]


@pytest.mark.parametrize("error", [DeviceBusy("taken"), KeyboardInterrupt()], ids=repr)
def test_a_driver_that_does_not_open_is_closed(error: BaseException) -> None:
    driver = HandDriver()
    driver.errors["open"] = error
    with pytest.raises(type(error)):
        build(driver, ignore)
    assert driver.calls == ["open", "close"]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("pcmio hand:")]


def test_a_stream_needs_a_direction() -> None:
    driver = HandDriver()
    driver.plan = Plan(48_000, FRAMES, FRAMES)
    with pytest.raises(UnsupportedOperation, match="at least one direction"):
        build(driver, ignore)
    gc.collect()


# --- the owner's calls reach the engine -------------------------------------------------------------------------------


def test_the_life_of_a_stream() -> None:
    driver = HandDriver()
    stream = build(driver, ignore)
    stream.start()
    stream.pause()
    assert stream.state is StreamState.PAUSED
    stream.start()
    assert stream.stop(0) is False
    assert stream.wait(0) is True
    stream.close()
    stream.close()
    assert driver.calls == ["open", "start", "pause", "start", "discard", "close"]
    with pytest.raises(StreamClosed):
        stream.start()


def test_stop_plays_what_was_written() -> None:
    driver = HandDriver()
    stream = build(driver, ignore)
    stream.start()
    stopping = threading.Thread(target=stream.stop)
    stopping.start()
    changed = stream._engine._changed
    with changed:
        assert changed.wait_for(lambda: stream.state is StreamState.DRAINING, PATIENCE)
    for _ in range(4):
        driver.cycle()
    stopping.join(PATIENCE)
    assert not stopping.is_alive()
    assert stream.state is StreamState.STOPPED
    assert stream.position == 2 * FRAMES
    stream.close()


# --- dropped streams --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("started", [False, True])
def test_a_dropped_stream_warns_and_closes(started: bool) -> None:
    driver, events = HandDriver(), Events()
    stream = build(driver, ignore, events)
    if started:
        stream.start()
    with pytest.warns(ResourceWarning, match="<pcmio stream on 'hand:one': .*> was dropped without close"):
        del stream
    assert events.wait_for(StreamEnded) == StreamEnded(EndReason.CLOSED)
    assert driver.calls[-1] == "close"


def test_a_dropped_stream_closes_when_warnings_are_errors_too(monkeypatch: pytest.MonkeyPatch) -> None:
    unraisable: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    driver, events = HandDriver(), Events()
    stream = build(driver, ignore, events)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del stream
    events.wait_for(StreamEnded)
    assert driver.calls[-1] == "close"
    assert [type(report.exc_value) for report in unraisable] == [ResourceWarning]
    unraisable.clear()


def test_an_ended_stream_frees_its_callback_and_its_ring_without_the_garbage_collector() -> None:
    class Callback:
        def __init__(self) -> None:
            self.stream: Any = None

        def __call__(self, *_: object) -> None:
            """Do nothing."""

    callback = Callback()
    callback.stream = stream = build(HandDriver(), callback)
    freed, pump = weakref.ref(callback), weakref.ref(stream._engine.pump)
    gc.collect()
    gc.disable()
    try:
        with stream:
            pass
        stream = None  # type: ignore[assignment]
        del callback
        assert freed() is None
        assert pump() is None
    finally:
        gc.enable()


def test_a_dropped_stream_frees_its_callback_and_its_memory() -> None:
    class Callback:
        def __call__(self, *_: object) -> None:
            """Do nothing."""

    callback, driver, events = Callback(), HandDriver(), Events()
    freed = weakref.ref(callback)
    stream = build(driver, callback, events)
    stream.start()
    (thread,) = [thread for thread in threading.enumerate() if thread.name.startswith("pcmio hand:")]
    with pytest.warns(ResourceWarning):
        del stream
    events.wait_for(StreamEnded)
    thread.join(PATIENCE)
    del callback
    gc.collect()
    assert freed() is None


def test_a_closed_stream_is_dropped_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    stream = build(HandDriver(), ignore)
    stream.close()
    del stream
    gc.collect()
    assert caplog.records == []


@pytest.mark.parametrize("asked", [False, True])
def test_an_error_that_nobody_asked_for_is_logged(asked: bool, caplog: pytest.LogCaptureFixture) -> None:
    def data(*_: object) -> None:
        raise ValueError("mine")

    events = Events()
    stream = build(HandDriver(), data, events)
    stream.start()
    events.wait_for(StreamEnded)
    if asked:
        with pytest.raises(ValueError, match="mine"):
            stream.wait(PATIENCE)
    del stream
    gc.collect()
    if asked:
        assert caplog.records == []
    else:
        (record,) = caplog.records
        assert (record.name, record.levelno) == ("pcmio", logging.ERROR)
        assert record.getMessage() == "a stream was dropped and nobody asked for its error"
        assert record.exc_info is not None
        assert isinstance(record.exc_info[1], ValueError)
    events.told.clear()


def test_a_stream_dropped_by_its_own_callback_ends_after_it() -> None:
    driver, events = HandDriver(), Events()
    held: list[Any] = []
    may_drop, dropped = threading.Event(), threading.Event()

    def data(*_: object) -> None:
        if may_drop.is_set():
            held.clear()
            dropped.set()

    held.append(build(driver, data, events))
    held[0].start()

    def drop() -> None:
        may_drop.set()
        driver.cycle()
        assert dropped.wait(PATIENCE)

    with pytest.warns(ResourceWarning):
        drop()
    events.wait_for(StreamEnded)
    assert driver.calls[-1] == "close"


def test_dropping_takes_no_lock_that_another_thread_may_hold() -> None:
    # The garbage collector may drop a stream while the very thread that runs it holds what closing it needs.
    driver, events = HandDriver(), Events()
    stream = build(driver, ignore, events)
    lock: Any = stream._engine._lock
    holder_has_it, holder_may_go = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            holder_has_it.set()
            holder_may_go.wait(PATIENCE)

    holder = threading.Thread(target=hold)
    holder.start()
    assert holder_has_it.wait(PATIENCE)
    with pytest.warns(ResourceWarning):
        del stream
    assert events.told == []
    holder_may_go.set()
    holder.join()
    events.wait_for(StreamEnded)


def test_an_unfinished_stream_can_be_shown_and_dropped() -> None:
    stream: Any = object.__new__(type(build_and_close()))
    stream._device = HandDevice()
    stream._config = StreamConfig(2, 48_000)
    assert repr(stream).endswith(", unfinished>")
    del stream
    gc.collect()


def build_and_close() -> Any:
    stream = build(HandDriver(), ignore)
    stream.close()
    return stream


def test_notes_of_the_native_side_reach_the_owner() -> None:
    driver, events = HandDriver(), Events()
    stream = build(driver, ignore, events)
    driver.note(_core.NOTE_DEVICE_LOST, 19)
    events.wait_for(StreamEnded)
    assert stream.reason is EndReason.DEVICE_LOST
    with pytest.raises(LookupError):
        stream.close()
