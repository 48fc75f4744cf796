"""A stream's life, call by call: no threads, a make-believe device, time that is moved by hand."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from pcmio import (
    EndReason,
    StreamEnded,
    StreamState,
    _core,
    _engine,
)
from pcmio._driver import Mode
from pcmio.errors import (
    OperationTimeout,
    StreamClosed,
)
from tests.unit.engine_lives import (
    CLOSED,
    DRAINING,
    PAUSED,
    RUNNING,
    STOPPED,
    every_direction,
    every_life,
    every_open_life,
    rig_in,
)
from tests.unit.engine_rig import FRAMES, SLOTS, Rig, WouldHangError

if TYPE_CHECKING:
    from collections.abc import Callable

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
