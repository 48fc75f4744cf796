"""Calls from inside a stream's callback, and from other threads while it is at work; how a callback ends its stream."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from pcmio import (
    AbortStream,
    EndReason,
    StopStream,
    StreamEnded,
    StreamState,
)
from pcmio.errors import (
    DeviceBusy,
    StreamClosed,
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
    outcome,
    rig_in,
)
from tests.unit.engine_rig import FRAMES, Rig

if TYPE_CHECKING:
    from collections.abc import Callable

# --- from inside the callback -----------------------------------------------------------------------------------------


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
