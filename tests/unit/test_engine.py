"""A stream's life, call by call: no threads, a make-believe device, time that is moved by hand."""

from __future__ import annotations

import itertools
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
    _engine,
)
from pcmio._driver import Mode, Note
from pcmio.errors import (
    AudioError,
    BackendError,
    DeviceBusy,
    DeviceLost,
    HostDisconnected,
    HostUnavailable,
    OperationTimeout,
    StreamClosed,
    StreamInvalidated,
)
from tests.unit.engine_rig import FRAMES, SLOTS, Rig, WouldHangError

if TYPE_CHECKING:
    from collections.abc import Callable

STOPPED, RUNNING, PAUSED, DRAINING, CLOSED = StreamState
every_direction = pytest.mark.parametrize("output", [True, False], ids=["output", "input"])
every_open_state = pytest.mark.parametrize("state", [STOPPED, RUNNING, PAUSED, DRAINING], ids=str)
# An input does not drain.
LIVES = [(state, output) for state in StreamState for output in (True, False) if output or state is not DRAINING]
OPEN_LIVES = [life for life in LIVES if life[0] is not CLOSED]


def life_name(part: object) -> str:
    return str(part) if isinstance(part, StreamState) else "output" if part else "input"


every_life = pytest.mark.parametrize(("state", "output"), LIVES, ids=life_name)
every_open_life = pytest.mark.parametrize(("state", "output"), OPEN_LIVES, ids=life_name)


def rig_in(state: StreamState, *, output: bool = True) -> Rig:
    """A rig whose stream is in a state, with frames in its ring where that is possible."""
    rig = Rig(output=output)
    if state in (RUNNING, PAUSED, DRAINING):
        rig.engine.start()
        rig.run(2)
    if state is PAUSED:
        rig.engine.pause()
    if state is DRAINING:
        rig.script.append(rig.engine.stop)
        rig.run(1)
    if state is CLOSED:
        rig.engine.close()
        rig.serve()
    assert rig.state is state
    rig.driver.calls.clear()
    return rig


# --- from the owner's thread: every call in every state ---------------------------------------------------------------


@every_direction
def test_a_new_stream_stands_still(output: bool) -> None:
    rig = Rig(output=output)
    rig.run(3)
    assert rig.state is STOPPED
    assert rig.engine.reason is None
    assert (rig.blocks, rig.events, rig.driver.calls) == ([], [], [])


def test_starting_an_output_fills_its_ring_before_the_device_begins() -> None:
    rig = Rig()
    at_start: list[int] = []
    rig.driver.meanwhile["start"] = lambda: at_start.append(rig.pump.full)
    rig.engine.start()
    assert at_start == [SLOTS]
    assert (rig.state, len(rig.blocks)) == (RUNNING, SLOTS)


def test_starting_an_input_empties_its_ring_and_calls_nothing_yet() -> None:
    rig = Rig(output=False)
    rig.engine.start()
    assert (rig.state, rig.blocks, rig.pump.flushes) == (RUNNING, [], 1)
    rig.run(2)
    assert len(rig.blocks) == 2


@every_direction
def test_a_running_stream_is_called_for_each_block_and_told_which(output: bool) -> None:
    rig = Rig(output=output)
    rig.engine.start()
    rig.run(5)
    infos = [info for _, info in rig.blocks]
    assert [info.position for info in infos] == [FRAMES * index for index in range(len(infos))]
    assert [frames for frames, _ in rig.blocks] == [rig.pump.blocks[i % SLOTS] for i in range(len(infos))]
    late = infos[-1].timestamp
    assert late.device - late.callback == pytest.approx(5e-9 if output else -5e-9)


@every_direction
def test_losses_are_told_with_the_next_block(output: bool) -> None:
    rig = rig_in(RUNNING, output=output)
    rig.pump.lost = 7
    rig.run(2)
    assert [info.xrun_frames for _, info in rig.blocks[-2:]] == [7, 0]


@every_direction
def test_start_while_running_does_nothing(output: bool) -> None:
    rig = rig_in(RUNNING, output=output)
    rig.engine.start()
    assert (rig.state, rig.driver.calls) == (RUNNING, [])


def test_start_after_a_pause_plays_what_was_kept() -> None:
    rig = rig_in(PAUSED)
    rig.pump.full = 2
    called = len(rig.blocks)
    rig.engine.start()
    assert (rig.state, rig.driver.calls, rig.pump.resets) == (RUNNING, ["start"], 0)
    assert len(rig.blocks) == called + 1


def test_start_after_a_pause_forgets_what_was_captured_before_it() -> None:
    rig = rig_in(PAUSED, output=False)
    rig.pump.full = 2
    rig.engine.start()
    assert rig.pump.flushes == 2
    assert rig.pump.full == 0


@every_direction
def test_start_after_a_stop_begins_anew(output: bool) -> None:
    rig = rig_in(RUNNING, output=output)
    rig.engine.stop(0)
    rig.pump.full = 1
    rig.engine.start()
    assert (rig.state, rig.pump.resets) == (RUNNING, 1)
    assert rig.driver.calls == ["discard", "start"]


def test_start_while_draining_waits_for_the_end_and_begins_anew() -> None:
    rig = rig_in(DRAINING)
    rig.engine.start()
    assert (rig.state, rig.driver.calls) == (RUNNING, ["drain", "discard", "start"])
    rig.run(3)
    assert rig.state is RUNNING


@every_direction
def test_a_closed_stream_cannot_be_started_or_paused(output: bool) -> None:
    rig = rig_in(CLOSED, output=output)
    for call in (rig.engine.start, rig.engine.pause):
        with pytest.raises(StreamClosed, match=r"the stream has ended \(closed\); build another one"):
            call()
    assert rig.driver.calls == []


@every_open_life
def test_pause_holds_what_moves_and_keeps_its_frames(state: StreamState, output: bool) -> None:
    rig = rig_in(state, output=output)
    rig.pump.full = 2
    rig.engine.pause()
    moves = state in (RUNNING, DRAINING)
    assert rig.driver.calls == (["pause"] if moves else [])
    assert rig.state is (PAUSED if moves else state)
    called = len(rig.blocks)
    rig.run(3)
    assert len(rig.blocks) == called
    assert rig.pump.full == 2


@every_life
def test_stop_without_time_throws_away_what_is_written(state: StreamState, output: bool) -> None:
    rig = rig_in(state, output=output)
    played = rig.engine.stop(0)
    held = state in (STOPPED, CLOSED)
    assert rig.state is (CLOSED if state is CLOSED else STOPPED)
    assert rig.driver.calls == ([] if held else ["discard"])
    assert played is (held or not output)
    called = len(rig.blocks)
    rig.run(3)
    assert len(rig.blocks) == called


def test_stop_plays_all_that_is_written_and_not_more() -> None:
    rig = rig_in(RUNNING)
    written = rig.pump.stepped
    assert rig.engine.stop() is True
    assert rig.pump.moved == written * FRAMES
    assert (rig.state, rig.driver.calls) == (STOPPED, ["drain", "discard"])


def test_stop_waits_until_the_last_frame_is_heard() -> None:
    rig = rig_in(RUNNING)
    emptied: list[int] = []
    rig.driver.meanwhile["drain"] = lambda: emptied.append(rig.pump.nanos)
    heard: list[int] = []
    rig.driver.meanwhile["discard"] = lambda: heard.append(rig.pump.nanos)
    assert rig.engine.stop() is True
    assert heard[0] - emptied[0] >= 25_000_000


def test_stop_waits_for_the_systems_word_when_it_drains_itself() -> None:
    rig = rig_in(RUNNING)
    rig.driver.drains_itself = True
    with pytest.raises(WouldHangError):
        rig.engine.stop()
    assert rig.state is DRAINING
    rig.pump.note(_core.NOTE_NATIVE_DRAINED)
    rig.serve()
    assert (rig.state, rig.driver.calls) == (STOPPED, ["drain", "discard"])


def test_a_late_word_of_a_drained_system_changes_nothing() -> None:
    rig = rig_in(RUNNING)
    rig.pump.note(_core.NOTE_NATIVE_DRAINED)
    rig.pump.note(_core.NOTE_DRAINED, value=1)
    rig.serve()
    rig.run(2)
    assert (rig.state, rig.driver.calls) == (RUNNING, [])


def test_stop_gives_up_when_time_has_passed() -> None:
    rig = rig_in(RUNNING)
    rig.device_lives = False
    assert rig.engine.stop(0.1) is False
    assert (rig.state, rig.driver.calls) == (STOPPED, ["discard"])


def test_stop_that_gives_up_between_the_ring_and_the_ear_says_so() -> None:
    # The ring is empty, but the last frame has not reached the converter: it is thrown away, not played.
    rig = rig_in(RUNNING)
    rig.pump.full = 1
    assert rig.engine.stop(0.02) is False
    assert rig.state is STOPPED


def meanwhile(rig: Rig, act: Callable[[], object]) -> None:
    """The next time that time passes while somebody waits, another thread does something instead."""
    passes = rig.device

    def once() -> None:
        rig.device = passes  # type: ignore[method-assign]
        act()

    rig.device = once  # type: ignore[method-assign]


def test_a_stop_that_is_cut_short_by_a_close_does_not_say_that_all_was_played() -> None:
    rig = rig_in(RUNNING)
    meanwhile(rig, rig.engine.close)
    assert rig.engine.stop() is False
    assert rig.state is CLOSED


def test_a_stop_whose_stream_is_paused_and_started_again_does_not_say_that_all_was_played() -> None:
    rig = rig_in(RUNNING)

    def act() -> None:
        rig.engine.pause()
        rig.engine.start()

    meanwhile(rig, act)
    assert rig.engine.stop() is False
    assert rig.state is RUNNING


def test_stop_waits_for_the_end_of_another_threads_start() -> None:
    rig = rig_in(STOPPED)
    with rig.engine._lock:
        rig.engine._begin_preparing()  # as start() does
    rig.serve()
    assert (rig.state, len(rig.blocks)) == (RUNNING, SLOTS)

    def go() -> None:  # the thread that waited there has its turn at last
        with rig.engine._lock:
            rig.engine._go(STOPPED)

    meanwhile(rig, go)
    assert rig.engine.stop() is True
    assert rig.pump.moved == SLOTS * FRAMES


def test_stop_of_an_input_is_at_once() -> None:
    rig = rig_in(RUNNING, output=False)
    rig.device_lives = False
    assert rig.engine.stop() is True
    assert (rig.state, rig.driver.calls) == (STOPPED, ["discard"])


def test_stop_of_a_paused_output_throws_away_what_was_kept() -> None:
    rig = rig_in(PAUSED)
    rig.pump.full = 2
    assert rig.engine.stop() is False
    assert rig.state is STOPPED


def test_start_waits_for_a_drain_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_engine, "DRAIN_SECONDS", 0.5)
    rig = rig_in(DRAINING)
    rig.engine.start()
    assert rig.state is RUNNING
    rig = rig_in(DRAINING)
    rig.device_lives = False
    begin = rig.pump.nanos
    with pytest.raises(OperationTimeout, match=r"has not been played for 0\.\d seconds; stop\(0\) throws it away"):
        rig.engine.start()
    held = rig.pump.filled() / 1_000 + 0.025
    assert (rig.pump.nanos - begin) / 1e9 == pytest.approx(held + 0.5, abs=0.02)
    assert rig.state is DRAINING
    assert rig.engine.stop(0) is False
    rig.device_lives = True
    rig.engine.start()
    assert rig.state is RUNNING


def test_two_may_stop_at_once() -> None:
    rig = rig_in(DRAINING)
    assert rig.engine.stop() is True
    assert rig.engine.stop() is True
    assert rig.state is STOPPED


@every_life
def test_wait_returns_when_nothing_moves(state: StreamState, output: bool) -> None:
    rig = rig_in(state, output=output)
    rig.device_lives = False
    assert rig.engine.wait(0) is (state in (STOPPED, CLOSED))
    assert rig.engine.wait(0.05) is (state in (STOPPED, CLOSED))


def test_wait_sees_a_drain_to_its_end() -> None:
    rig = rig_in(DRAINING)
    assert rig.engine.wait(None) is True
    assert rig.state is STOPPED


@every_life
def test_close_gives_everything_back_once(state: StreamState, output: bool) -> None:
    rig = rig_in(state, output=output)
    rig.engine.close()
    rig.engine.close()
    rig.serve()
    assert rig.state is CLOSED
    assert rig.engine.reason is EndReason.CLOSED
    assert rig.driver.calls == ([] if state is CLOSED else ["close"])
    assert rig.events == [StreamEnded(EndReason.CLOSED)]
    assert rig.pump.mode == Mode.IDLE
    assert rig.runner.over


def test_a_long_life_of_starts_and_stops() -> None:
    rig = Rig()
    for _ in range(5):
        rig.engine.start()
        rig.run(4)
        rig.engine.pause()
        rig.engine.start()
        rig.run(1)
        assert rig.engine.stop() is True
    positions = [info.position for _, info in rig.blocks]
    assert positions == [FRAMES * index for index in range(len(positions))]
    rig.engine.close()


# --- start that takes its time ----------------------------------------------------------------------------------------


def test_start_does_not_wait_for_ever_for_a_callback() -> None:
    rig = rig_in(STOPPED)
    rig.runner.over = True  # whoever serves is at work elsewhere
    with pytest.raises(OperationTimeout, match=r"the stream's callback has not returned for 2\.0 seconds; keep "):
        rig.engine.start()
    assert (rig.state, rig.driver.calls) == (STOPPED, [])
    rig.runner.over = False
    rig.engine.start()
    rig.run(1)
    assert rig.state is RUNNING


def test_a_callback_that_was_late_for_start_is_not_called_again_until_the_next() -> None:
    rig = rig_in(STOPPED)
    rig.runner.over = True
    with pytest.raises(OperationTimeout):
        rig.engine.start()
    rig.runner.over = False
    rig.serve()
    assert rig.blocks == []


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_during_start_leaves_the_stream_where_it_was(interrupt: type[BaseException]) -> None:
    rig = rig_in(STOPPED)
    waiting = rig.runner.wait_for
    waits = itertools.count()

    def interrupted(*given: Any) -> bool:
        if next(waits) == 1:
            raise interrupt
        return waiting(*given)

    rig.runner.wait_for = interrupted  # type: ignore[assignment,method-assign]
    with pytest.raises(interrupt):
        rig.engine.start()
    rig.run(2)
    assert (rig.state, rig.driver.calls) == (STOPPED, [])
    assert rig.blocks == []
    rig.engine.start()
    rig.run(1)
    assert rig.state is RUNNING


# --- from inside the callback -----------------------------------------------------------------------------------------


def in_first_callback(rig: Rig, act: Callable[[], object]) -> None:
    """Start, and have it done in the first callback that fills an output's ring, or takes an input's first block."""
    rig.script.append(act)
    rig.engine.start()
    rig.run(1)


def in_later_callback(rig: Rig, act: Callable[[], object]) -> None:
    """Have it done in a callback of a stream that runs."""
    rig.engine.start()
    rig.run(2)
    rig.script.append(act)
    rig.run(1)


every_moment = pytest.mark.parametrize("inside", [in_first_callback, in_later_callback], ids=["first", "later"])


@every_direction
@every_moment
def test_a_callback_may_start_its_running_stream(inside: Callable[..., None], output: bool) -> None:
    rig = Rig(output=output)
    inside(rig, rig.engine.start)
    rig.run(2)
    assert (rig.state, rig.driver.calls) == (RUNNING, ["start"])


@every_direction
@every_moment
def test_a_callback_may_pause_its_stream(inside: Callable[..., None], output: bool) -> None:
    rig = Rig(output=output)
    inside(rig, rig.engine.pause)
    called = len(rig.blocks)
    rig.run(2)
    assert rig.state is PAUSED
    assert len(rig.blocks) == called
    rig.engine.start()
    rig.run(2)
    assert rig.state is RUNNING
    assert len(rig.blocks) > called


@every_moment
def test_a_callback_may_stop_its_output_and_what_was_written_is_played(inside: Callable[..., None]) -> None:
    rig = Rig()
    answers: list[bool] = []
    inside(rig, lambda: answers.append(rig.engine.stop()))
    assert answers == [False]
    written = rig.pump.stepped
    assert rig.engine.wait(5.0) is True
    assert (rig.state, rig.driver.calls) == (STOPPED, ["start", "drain", "discard"])
    assert rig.pump.moved == rig.pump.stepped * FRAMES == written * FRAMES


@every_direction
@every_moment
def test_a_callback_may_stop_its_stream_without_time(inside: Callable[..., None], output: bool) -> None:
    rig = Rig(output=output)
    inside(rig, lambda: rig.engine.stop(0))
    called = len(rig.blocks)
    rig.run(2)
    assert rig.state is STOPPED
    assert len(rig.blocks) == called
    rig.engine.start()
    rig.run(2)
    assert rig.state is RUNNING
    assert rig.pump.resets == 1


@every_direction
@every_moment
def test_a_callback_may_close_its_stream(inside: Callable[..., None], output: bool) -> None:
    rig = Rig(output=output)
    inside(rig, rig.engine.close)
    called = len(rig.blocks)
    rig.run(2)
    assert (rig.state, rig.engine.reason) == (CLOSED, EndReason.CLOSED)
    assert rig.events == [StreamEnded(EndReason.CLOSED)]
    assert len(rig.blocks) == called
    assert rig.driver.calls[-1] == "close"


@every_direction
def test_a_callback_that_waits_for_its_own_stream_is_answered_at_once(output: bool) -> None:
    rig = rig_in(RUNNING, output=output)
    answers: list[bool] = []
    rig.script.append(lambda: answers.append(rig.engine.wait(None)))
    rig.run(1)
    assert answers == [False]


NAMES = ("start", "pause", "stop", "stop 0", "close")


def calls(rig: Rig) -> dict[str, Callable[[], object]]:
    return {
        "start": rig.engine.start,
        "pause": rig.engine.pause,
        "stop": rig.engine.stop,
        "stop 0": lambda: rig.engine.stop(0),
        "close": rig.engine.close,
    }


def outcome(before: StreamState, names: tuple[str, ...], *, output: bool = True) -> StreamState:
    """Where calls, one right after the other, leave a stream in the end."""
    state = before
    for name in names:
        if state is CLOSED or name == "close":
            state = CLOSED
        elif name == "start":
            state = RUNNING
        elif name == "pause":
            state = PAUSED if state in (RUNNING, DRAINING) else state
        else:
            drains = name == "stop" and output and state in (RUNNING, DRAINING)
            state = DRAINING if drains else STOPPED
    return STOPPED if state is DRAINING else state


@every_moment
@every_direction
@pytest.mark.parametrize("names", list(itertools.permutations(NAMES, 2)), ids=", ".join)
def test_two_calls_in_one_callback_end_as_they_would_outside(
    names: tuple[str, str], output: bool, inside: Callable[..., None]
) -> None:
    rig = Rig(output=output)

    def act() -> None:
        for name in names:
            try:
                calls(rig)[name]()
            except StreamClosed:
                assert names[0] == "close"

    inside(rig, act)
    rig.run(12)
    assert rig.state is outcome(RUNNING, names, output=output)
    if rig.state is RUNNING:
        called = len(rig.blocks)
        rig.run(2)
        assert len(rig.blocks) == called + 2
    rig.engine.close()
    rig.serve()
    assert rig.events == [StreamEnded(EndReason.CLOSED)]


# --- from another thread while the callback is at work ----------------------------------------------------------------


@every_direction
@pytest.mark.parametrize(
    ("name", "after"), [("start", RUNNING), ("pause", PAUSED), ("stop 0", STOPPED), ("close", CLOSED)]
)
def test_another_thread_may_call_while_the_callback_is_at_work(name: str, after: StreamState, output: bool) -> None:
    rig = rig_in(RUNNING, output=output)

    def act() -> None:
        with rig.runner.elsewhere():
            calls(rig)[name]()
            assert rig.state is after

    rig.script.append(act)
    rig.run(1)
    called = len(rig.blocks)
    rig.run(2)
    assert rig.state is after
    assert len(rig.blocks) == called + (2 if after is RUNNING else 0)


def test_another_thread_that_stops_during_a_callback_gets_that_block_played_too() -> None:
    rig = rig_in(RUNNING)

    def act() -> None:
        with rig.runner.elsewhere():
            rig.engine.stop(0.01)  # gives up: the callback does not return meanwhile

    rig.script.append(act)
    rig.run(1)
    assert rig.state is STOPPED


# --- how a callback can end its stream --------------------------------------------------------------------------------


def play_to_the_end(rig: Rig) -> None:
    rig.run(12)
    assert rig.state is CLOSED
    assert rig.runner.over


@every_moment
def test_stop_stream_plays_what_was_written_before_and_finishes(inside: Callable[..., None]) -> None:
    rig = Rig()

    def act() -> None:
        raise StopStream

    inside(rig, act)
    written = rig.pump.stepped
    play_to_the_end(rig)
    assert rig.engine.reason is EndReason.FINISHED
    assert rig.events == [StreamEnded(EndReason.FINISHED)]
    assert rig.driver.calls == ["start", "drain", "discard", "close"]
    assert rig.pump.moved == rig.pump.stepped * FRAMES == written * FRAMES
    assert rig.engine.wait(None) is True
    assert rig.engine.stop() is True
    rig.engine.close()


def test_stop_stream_ends_an_input_at_once() -> None:
    rig = rig_in(RUNNING, output=False)
    rig.script.append(StopStream())
    rig.run(1)
    assert (rig.state, rig.engine.reason) == (CLOSED, EndReason.FINISHED)
    assert rig.driver.calls == ["discard", "close"]


def test_a_finished_stream_that_is_paused_goes_on_to_its_end_and_is_not_called_again() -> None:
    rig = rig_in(RUNNING)
    rig.script.append(StopStream())
    rig.run(1)
    called = len(rig.blocks)
    assert rig.state is DRAINING
    rig.engine.pause()
    rig.run(3)
    assert rig.state is PAUSED
    rig.engine.start()
    play_to_the_end(rig)
    assert len(rig.blocks) == called
    assert rig.engine.reason is EndReason.FINISHED


def test_stopping_a_finished_stream_ends_it() -> None:
    rig = rig_in(RUNNING)
    rig.script.append(StopStream())
    rig.run(1)
    rig.engine.stop(0)
    rig.serve()
    assert (rig.state, rig.engine.reason) == (CLOSED, EndReason.FINISHED)


@every_direction
@every_moment
def test_abort_stream_ends_at_once(inside: Callable[..., None], output: bool) -> None:
    rig = Rig(output=output)

    def act() -> None:
        raise AbortStream

    inside(rig, act)
    assert (rig.state, rig.engine.reason) == (CLOSED, EndReason.ABORTED)
    assert rig.events == [StreamEnded(EndReason.ABORTED)]
    assert rig.engine.wait(None) is True
    rig.engine.close()


@every_direction
@every_moment
@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt(), SystemExit(3), DeviceBusy("x")], ids=repr)
def test_whatever_a_callback_raises_ends_the_stream_and_reaches_its_owner_once(
    error: BaseException, inside: Callable[..., None], output: bool
) -> None:
    rig = Rig(output=output)

    def act() -> None:
        raise error

    inside(rig, act)
    assert (rig.state, rig.engine.reason) == (CLOSED, EndReason.CALLBACK_RAISED)
    assert rig.events == [StreamEnded(EndReason.CALLBACK_RAISED, error)]
    with pytest.raises(type(error)) as caught:
        rig.engine.wait(None)
    assert caught.value is error
    assert rig.engine.wait(None) is True
    assert rig.engine.stop() is False
    rig.engine.close()
    with pytest.raises(StreamClosed, match="callback raised") as closed:
        rig.engine.start()
    assert closed.value.__cause__ is error


@pytest.mark.parametrize("deliver", ["start", "pause", "stop", "stop 0", "close", "wait"])
def test_each_call_delivers_the_streams_error_if_nobody_had_it_yet(deliver: str) -> None:
    rig = rig_in(RUNNING)
    error = ValueError("mine")
    rig.script.append(error)
    rig.run(1)
    with pytest.raises(ValueError, match="mine") as caught:
        (calls(rig) | {"wait": lambda: rig.engine.wait(None)})[deliver]()
    assert caught.value is error
    rig.engine.close()
    assert rig.engine.take_error() is None


def test_an_undelivered_error_can_be_taken_once() -> None:
    rig = rig_in(RUNNING)
    error = ValueError("mine")
    rig.script.append(error)
    rig.run(1)
    assert rig.engine.take_error() is error
    assert rig.engine.take_error() is None
    rig.engine.close()


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
