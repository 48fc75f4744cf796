"""What the native side tells a stream, event callbacks, and a driver that fails."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from pcmio import (
    AbortStream,
    BufferChanged,
    EndReason,
    RealtimeDenied,
    Rerouted,
    Resumed,
    StopStream,
    StreamEnded,
    StreamEvent,
    StreamState,
    Suspended,
    _core,
)
from pcmio._driver import Note
from pcmio.errors import (
    AudioError,
    BackendError,
    DeviceBusy,
    DeviceLost,
    HostDisconnected,
    HostUnavailable,
    StreamClosed,
    StreamInvalidated,
)
from tests.unit.engine_lives import (
    CLOSED,
    DRAINING,
    PAUSED,
    RUNNING,
    STOPPED,
    calls,
    every_direction,
    every_moment,
    every_open_life,
    every_open_state,
    in_first_callback,
    outcome,
    rig_in,
)
from tests.unit.engine_rig import SLOTS, Rig

if TYPE_CHECKING:
    from collections.abc import Callable

# --- what the native side tells ---------------------------------------------------------------------------------------

EVENTS: list[tuple[Note, StreamEvent]] = [
    (Note(_core.NOTE_BUFFER_CHANGED, 0, 512), BufferChanged(512)),
    (Note(_core.NOTE_MOVED, 0, 0), Rerouted(None, None)),
    (Note(_core.NOTE_SUSPENDED, 0, 0), Suspended()),
    (Note(_core.NOTE_RESUMED, 0, 0), Resumed()),
    (Note(_core.NOTE_REALTIME_DENIED, 1, 0), RealtimeDenied("audio", 1)),
]
ENDS: list[tuple[Note, type[AudioError], EndReason, str]] = [
    (Note(_core.NOTE_DEVICE_LOST, 19, 0), DeviceLost, EndReason.DEVICE_LOST, "the device is gone"),
    (Note(_core.NOTE_HOST_LOST, 32, 0), HostDisconnected, EndReason.HOST_LOST, "the server is gone"),
    (Note(_core.NOTE_RATE_CHANGED, 0, 44_100), StreamInvalidated, EndReason.FAILED, "the device runs at 44100 Hz now"),
    (Note(_core.NOTE_FAILED, -5, 0), BackendError, EndReason.FAILED, "the native stream failed"),
]


def tell(rig: Rig, note: Note) -> None:
    rig.pump.note(note.kind, note.code, note.value)
    rig.serve()


@every_open_state
@pytest.mark.parametrize(("note", "event"), EVENTS, ids=lambda value: type(value).__name__)
def test_notes_become_events_in_every_state(note: Note, event: StreamEvent, state: StreamState) -> None:
    rig = rig_in(state)
    tell(rig, note)
    assert rig.events == [event]
    assert rig.state is state


@every_open_life
@pytest.mark.parametrize(("note", "kind", "reason", "message"), ENDS, ids=[end[1].__name__ for end in ENDS])
def test_notes_of_misfortune_end_the_stream_in_every_state(
    note: Note, kind: type[AudioError], reason: EndReason, message: str, state: StreamState, output: bool
) -> None:
    rig = rig_in(state, output=output)
    tell(rig, note)
    assert (rig.state, rig.engine.reason) == (CLOSED, reason)
    assert rig.driver.calls == ["translate", "close"]
    ended = rig.ended
    assert ended is not None
    assert ended.reason is reason
    assert type(ended.error) is kind
    with pytest.raises(kind, match=message) as caught:
        rig.engine.close()
    assert caught.value is ended.error
    assert caught.value.code == (note.code or None) or note.code == 0


def test_a_wait_ends_when_the_device_is_lost() -> None:
    rig = rig_in(RUNNING)
    rig.device_lives = False
    rig.pump.note(_core.NOTE_DEVICE_LOST)
    with pytest.raises(DeviceLost):
        rig.engine.wait(None)


def test_a_stop_ends_when_the_device_is_lost_while_draining() -> None:
    rig = rig_in(DRAINING)
    rig.device_lives = False
    rig.pump.note(_core.NOTE_DEVICE_LOST)
    with pytest.raises(DeviceLost):
        rig.engine.stop()


def test_a_start_ends_when_the_device_is_lost_while_the_ring_is_filled() -> None:
    rig = Rig()
    rig.script.append(lambda: rig.pump.note(_core.NOTE_DEVICE_LOST))
    rig.engine.start()
    rig.serve()
    assert rig.state is CLOSED
    with pytest.raises(DeviceLost):
        rig.engine.close()


def test_a_ring_that_cannot_be_prepared_ends_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resampler is made anew for each start, and there may be no memory for it."""

    def fail() -> None:
        raise MemoryError

    rig = rig_in(RUNNING)
    rig.engine.stop(0)
    monkeypatch.setattr(rig.pump, "reset", fail)
    rig.engine.start()
    rig.serve()
    assert (rig.state, rig.engine.reason) == (CLOSED, EndReason.FAILED)
    assert rig.ended is not None
    with pytest.raises(MemoryError):
        rig.engine.close()


def test_only_the_first_misfortune_counts() -> None:
    rig = rig_in(RUNNING)
    rig.pump.note(_core.NOTE_DEVICE_LOST, 19)
    rig.pump.note(_core.NOTE_FAILED, -5)
    rig.pump.note(_core.NOTE_MOVED)
    rig.serve()
    assert rig.engine.reason is EndReason.DEVICE_LOST
    assert len(rig.events) == 1
    with pytest.raises(DeviceLost):
        rig.engine.wait(None)
    rig.engine.close()


def test_after_the_end_nothing_is_told() -> None:
    rig = rig_in(RUNNING)
    rig.engine.close()
    for note, _ in EVENTS:
        rig.pump.note(note.kind)
    rig.serve()
    assert rig.events == [StreamEnded(EndReason.CLOSED)]


def test_a_host_may_give_a_note_another_meaning() -> None:
    rig = rig_in(RUNNING)
    rig.driver.meaning = lambda _: Rerouted("null:a", "null:b")
    tell(rig, Note(_core.NOTE_MOVED, 0, 0))
    rig.driver.meaning = lambda note: HostUnavailable("restarting", code=note.code)
    tell(rig, Note(_core.NOTE_OPERATION, 7, 0))
    assert rig.events[0] == Rerouted("null:a", "null:b")
    assert rig.engine.reason is EndReason.HOST_LOST
    with pytest.raises(HostUnavailable, match="restarting"):
        rig.engine.close()


@pytest.mark.parametrize("kind", [_core.NOTE_OPERATION, 99])
def test_notes_that_mean_nothing_here_are_let_go(kind: int) -> None:
    rig = rig_in(RUNNING)
    tell(rig, Note(kind, 0, 0))
    assert (rig.state, rig.events) == (RUNNING, [])


def test_a_refused_priority_is_told_once_when_the_stream_starts() -> None:
    rig = Rig()
    rig.engine.denied = 1
    rig.run(2)
    assert rig.events == []
    rig.engine.start()
    rig.engine.stop(0)
    rig.engine.start()
    assert rig.events == [RealtimeDenied("stream", 1)]


@every_direction
def test_a_callback_as_slow_as_its_device_does_not_keep_events_waiting(output: bool) -> None:
    rig = rig_in(RUNNING, output=output)
    rig.always = rig.device  # a block's time passes in each call: the next block is always ready

    def first() -> None:
        rig.pump.note(_core.NOTE_SUSPENDED)
        rig.device()

    rig.script.append(first)

    def on_event(_: StreamEvent) -> None:
        rig.always = None

    rig.on_event = on_event
    called = len(rig.blocks)
    rig.run(1)
    assert rig.events == [Suspended()]
    assert len(rig.blocks) - called <= 3 * SLOTS


# --- event callbacks --------------------------------------------------------------------------------------------------


@every_open_state
@pytest.mark.parametrize("name", ["start", "pause", "stop", "stop 0", "close"])
def test_an_event_callback_may_call_its_stream(name: str, state: StreamState) -> None:
    rig = rig_in(state)
    rig.on_event = lambda event: calls(rig)[name]() if event == Suspended() else None
    tell(rig, Note(_core.NOTE_SUSPENDED, 0, 0))
    rig.on_event = None
    rig.run(12)
    assert rig.state is outcome(state, (name,))
    rig.engine.close()


@pytest.mark.parametrize("name", ["start", "pause"])
def test_the_last_event_cannot_bring_a_stream_back(name: str) -> None:
    rig = rig_in(RUNNING)
    raised: list[BaseException] = []

    def act(event: StreamEvent) -> None:
        del event
        try:
            calls(rig)[name]()
        except StreamClosed as error:
            raised.append(error)

    rig.on_event = act
    rig.engine.close()
    rig.serve()
    assert rig.state is CLOSED
    assert len(raised) == 1


def test_an_event_callback_that_closes_its_stream_leaves_the_error_to_the_owner() -> None:
    rig = rig_in(RUNNING)
    rig.on_event = lambda _: rig.engine.close()
    tell(rig, Note(_core.NOTE_DEVICE_LOST, 0, 0))
    assert rig.engine.reason is EndReason.DEVICE_LOST
    with pytest.raises(DeviceLost):
        rig.engine.wait(None)
    rig.engine.close()


@every_open_state
@pytest.mark.parametrize(("signal", "reason"), [(StopStream, EndReason.FINISHED), (AbortStream, EndReason.ABORTED)])
def test_an_event_callback_may_raise_the_signals_that_end_a_stream(
    signal: type[Exception], reason: EndReason, state: StreamState
) -> None:
    rig = rig_in(state)

    def act(event: StreamEvent) -> None:
        del event
        raise signal

    rig.on_event = act
    rig.pump.note(_core.NOTE_SUSPENDED)
    rig.serve()
    rig.run(12)
    assert (rig.state, rig.engine.reason) == (CLOSED, reason)
    rig.engine.close()
    assert rig.events == [Suspended(), StreamEnded(reason)]


def test_an_event_callback_that_raises_ends_the_stream() -> None:
    rig = rig_in(RUNNING)
    error = ValueError("mine")

    def act(event: StreamEvent) -> None:
        if event == Suspended():
            raise error

    rig.on_event = act
    tell(rig, Note(_core.NOTE_SUSPENDED, 0, 0))
    assert rig.engine.reason is EndReason.CALLBACK_RAISED
    with pytest.raises(ValueError, match="mine"):
        rig.engine.close()
    assert rig.events[-1] == StreamEnded(EndReason.CALLBACK_RAISED, error)


def test_the_last_event_callback_that_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    rig = rig_in(RUNNING)

    def act(event: StreamEvent) -> None:
        raise ValueError("mine")

    rig.on_event = act
    rig.engine.close()
    rig.serve()
    assert rig.runner.over
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("pcmio", logging.ERROR)
    assert "mine" in caplog.text


def test_a_stream_without_an_event_callback_ends_quietly() -> None:
    rig = rig_in(RUNNING)
    rig.engine._on_event = None
    rig.engine.close()
    rig.serve()
    assert rig.events == []
    assert rig.runner.over


# --- errors of the driver, in every call and state --------------------------------------------------------------------


@every_direction
@pytest.mark.parametrize("state", [STOPPED, PAUSED], ids=str)
@pytest.mark.parametrize("error", [DeviceBusy("taken"), KeyboardInterrupt(), RuntimeError("bug")], ids=repr)
def test_a_start_that_fails_leaves_the_stream_where_it_was(
    error: BaseException, state: StreamState, output: bool
) -> None:
    rig = rig_in(state, output=output)
    rig.driver.errors["start"] = error
    with pytest.raises(type(error)) as caught:
        rig.engine.start()
    assert caught.value is error
    called = len(rig.blocks)
    rig.run(3)
    assert (rig.state, rig.driver.calls) == (state, ["start"])
    assert len(rig.blocks) == called
    rig.engine.start()
    rig.run(2)
    assert rig.state is RUNNING
    rig.engine.close()


@every_direction
@pytest.mark.parametrize("error", [BackendError("no"), RuntimeError("bug")], ids=repr)
def test_a_pause_that_fails_is_told_and_nothing_moves(error: Exception, output: bool) -> None:
    rig = rig_in(RUNNING, output=output)
    rig.driver.errors["pause"] = error
    with pytest.raises(type(error)):
        rig.engine.pause()
    called = len(rig.blocks)
    rig.run(3)
    assert rig.state is PAUSED
    assert len(rig.blocks) == called
    rig.engine.start()
    rig.run(2)
    assert len(rig.blocks) > called
    rig.engine.close()


@pytest.mark.parametrize("state", [RUNNING, PAUSED, DRAINING], ids=str)
@pytest.mark.parametrize("timeout", [0, 0.0, 0.01, None])
def test_a_stop_that_fails_is_told_and_the_stream_stands_still(state: StreamState, timeout: float | None) -> None:
    rig = rig_in(state)
    error = BackendError("no")
    rig.driver.errors["discard"] = error
    if timeout is None and state is not PAUSED:  # the drain ends on the stream's own thread, where nobody waits
        with pytest.raises(BackendError):
            rig.engine.stop(timeout)
        assert (rig.state, rig.engine.reason) == (CLOSED, EndReason.FAILED)
        return
    with pytest.raises(BackendError):
        rig.engine.stop(timeout)
    rig.run(2)
    assert rig.state is STOPPED
    assert rig.engine.stop(0) is True
    assert rig.engine.wait(0) is True
    rig.engine.start()
    assert rig.state is RUNNING
    rig.engine.close()


def test_a_drain_that_fails_ends_the_stream() -> None:
    rig = rig_in(RUNNING)
    rig.driver.errors["drain"] = BackendError("no")
    with pytest.raises(BackendError):
        rig.engine.stop()
    rig.serve()
    assert (rig.state, rig.engine.reason) == (CLOSED, EndReason.FAILED)
    assert rig.driver.calls == ["drain", "close"]
    assert rig.events[-1].replace(error=None) == StreamEnded(EndReason.FAILED)


@every_open_state
def test_a_close_that_fails_closes_all_the_same(state: StreamState, caplog: pytest.LogCaptureFixture) -> None:
    rig = rig_in(state)
    rig.driver.errors["close"] = BackendError("no goodbye")
    with pytest.raises(BackendError, match="no goodbye"):
        rig.engine.close()
    rig.engine.close()
    rig.serve()
    assert rig.state is CLOSED
    assert rig.ended is not None
    assert "no goodbye" in caplog.text


def test_a_close_that_fails_does_not_hide_why_the_stream_ended(caplog: pytest.LogCaptureFixture) -> None:
    rig = rig_in(RUNNING)
    rig.driver.errors["close"] = BackendError("no goodbye")
    rig.script.append(ValueError("mine"))
    rig.run(1)
    with pytest.raises(ValueError, match="mine"):
        rig.engine.close()
    assert "no goodbye" in caplog.text


def test_an_interrupt_while_closing_leaves_a_stream_that_has_ended() -> None:
    rig = rig_in(RUNNING)
    rig.driver.errors["close"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        rig.engine.close()
    rig.serve()
    assert rig.state is CLOSED
    assert rig.ended is not None
    assert rig.runner.over
    assert rig.engine.wait(None) is True


@every_open_state
@pytest.mark.parametrize("error", [BackendError("no"), KeyError("bug")], ids=repr)
def test_a_translation_that_fails_ends_the_stream(error: Exception, state: StreamState) -> None:
    rig = rig_in(state)
    rig.driver.errors["translate"] = error
    tell(rig, Note(_core.NOTE_MOVED, 0, 0))
    assert (rig.state, rig.engine.reason) == (CLOSED, EndReason.FAILED)
    with pytest.raises(type(error)):
        rig.engine.wait(None)


@every_direction
@every_moment
@pytest.mark.parametrize(("name", "call"), [("stop 0", "discard"), ("pause", "pause")])
def test_a_call_inside_a_callback_that_fails_ends_the_stream(
    name: str, call: str, inside: Callable[..., None], output: bool
) -> None:
    rig = Rig(output=output)
    error = BackendError("no")
    rig.driver.errors[call] = error
    inside(rig, calls(rig)[name])
    if name == "pause" and output and inside is in_first_callback:
        assert rig.state is PAUSED  # the device has not begun: there is nothing to hold
        return
    assert rig.state is CLOSED
    with pytest.raises(BackendError):
        rig.engine.close()


def test_a_deferred_start_that_fails_ends_the_stream() -> None:
    rig = rig_in(PAUSED)
    rig.driver.errors["start"] = DeviceBusy("taken")
    rig.on_event = lambda event: rig.engine.start() if event == Resumed() else None
    tell(rig, Note(_core.NOTE_RESUMED, 0, 0))
    assert (rig.state, rig.engine.reason) == (CLOSED, EndReason.FAILED)
    with pytest.raises(DeviceBusy):
        rig.engine.close()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (DeviceLost("x"), EndReason.DEVICE_LOST),
        (HostUnavailable("x"), EndReason.HOST_LOST),
        (HostDisconnected("x"), EndReason.HOST_LOST),
        (StreamInvalidated("x"), EndReason.FAILED),
        (RuntimeError("x"), EndReason.FAILED),
    ],
    ids=repr,
)
def test_the_reason_is_that_of_the_error(error: Exception, reason: EndReason) -> None:
    rig = rig_in(RUNNING)
    rig.driver.errors["drain"] = error
    with pytest.raises(type(error)):
        rig.engine.stop()
    assert rig.engine.reason is reason


# --- sleeping, forking ------------------------------------------------------------------------------------------------


def test_serving_sleeps_until_woken_but_for_the_end_of_a_drain() -> None:
    rig = rig_in(RUNNING)
    assert rig.engine.idle_nanos() == -1
    rig.pump.full = 1
    rig.script.append(rig.engine.stop)
    rig.run(2)
    while rig.pump.full:
        rig.run(1)
    left = rig.engine.idle_nanos()
    assert 0 <= left <= 25_000_000
    rig.pump.nanos += left
    assert rig.engine.idle_nanos() == 0
    rig.serve()
    assert (rig.state, rig.engine.idle_nanos()) == (STOPPED, -1)


@every_open_state
def test_an_abandoned_stream_has_ended_and_its_driver_is_not_touched(state: StreamState) -> None:
    rig = rig_in(state)
    lock: Any = rig.engine._lock
    lock.acquire()  # as it may be held by a thread that the child of a fork does not have
    rig.engine.abandon()
    rig.runner.over = True
    assert (rig.state, rig.engine.reason) == (CLOSED, EndReason.CLOSED)
    rig.engine.close()
    assert rig.engine.wait(None) is True
    assert rig.engine.stop() is True
    with pytest.raises(StreamClosed):
        rig.engine.start()
    assert rig.driver.calls == []
