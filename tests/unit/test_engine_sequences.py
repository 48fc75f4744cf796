"""Any calls in any order, outside and inside callbacks, with misfortune in between: no hang and no illegal state."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pcmio import AbortStream, StopStream, StreamEnded, StreamEvent, StreamState, Suspended, _core
from pcmio._driver import Mode
from pcmio.errors import AudioError, BackendError, StreamClosed
from tests.unit.engine_rig import FRAMES, Rig

if TYPE_CHECKING:
    from collections.abc import Callable

MODES = {StreamState.RUNNING: Mode.RUNNING, StreamState.DRAINING: Mode.DRAINING}
CALLS: dict[str, Callable[[Rig], object]] = {
    "start": lambda rig: rig.engine.start(),
    "pause": lambda rig: rig.engine.pause(),
    "stop": lambda rig: rig.engine.stop(),
    "stop at once": lambda rig: rig.engine.stop(0),
    "stop soon": lambda rig: rig.engine.stop(0.015),
    "close": lambda rig: rig.engine.close(),
    "wait a little": lambda rig: rig.engine.wait(0.015),
}
NOTES = [
    *(_core.NOTE_DRAINED, _core.NOTE_MOVED, _core.NOTE_SUSPENDED, _core.NOTE_NATIVE_DRAINED, _core.NOTE_OPERATION),
    *(_core.NOTE_DEVICE_LOST, _core.NOTE_FAILED),
]
OURS = (AudioError, ZeroDivisionError)


class MineError(ZeroDivisionError):
    """What a callback raises."""


def raising(error: Callable[[], BaseException]) -> Callable[[Rig], object]:
    def act(_: Rig) -> object:
        raise error()

    return act


def several(names: list[str]) -> Callable[[Rig], object]:
    def act(rig: Rig) -> None:
        for name in names:
            with contextlib.suppress(StreamClosed):
                CALLS[name](rig)

    return act


insides = st.one_of(
    st.lists(st.sampled_from(sorted(CALLS)), min_size=1, max_size=3).map(several),
    st.sampled_from([raising(StopStream), raising(AbortStream), raising(MineError)]),
)
steps = st.one_of(
    st.tuples(st.just("call"), st.sampled_from(sorted(CALLS))),
    st.tuples(st.just("run"), st.integers(1, 4)),
    st.tuples(st.just("inside"), insides),
    st.tuples(st.just("inside event"), insides),
    st.tuples(st.just("note"), st.sampled_from(NOTES)),
    st.tuples(st.just("fail"), st.sampled_from(["start", "pause", "discard", "drain", "close", "translate"])),
)


class Life:
    """A rig that is put through steps, and what its owner was told."""

    def __init__(self, *, output: bool) -> None:
        self.rig = Rig(output=output)
        self.delivered: list[BaseException] = []

    def do(self, kind: str, what: Any) -> None:
        rig = self.rig
        if kind == "run":
            rig.run(what)
        elif kind == "call":
            self.owner(CALLS[what])
            rig.serve()
        elif kind == "inside":
            rig.script.append(lambda: what(rig))
        elif kind == "inside event":
            self.at_next_event(what)
        elif kind == "note":
            rig.pump.note(what, 0, rig.pump.nanos)
            rig.serve()
        else:
            rig.driver.errors[what] = BackendError(what)
        self.check()

    def owner(self, call: Callable[[Rig], object]) -> None:
        try:
            call(self.rig)
        except OURS as error:
            self.delivered.append(error)

    def at_next_event(self, act: Callable[[Rig], object]) -> None:
        def once(_: StreamEvent) -> None:
            self.rig.on_event = None
            act(self.rig)

        self.rig.on_event = once
        self.rig.pump.note(_core.NOTE_SUSPENDED)
        self.rig.serve()

    def check(self) -> None:
        """What must hold whenever nobody is at work."""
        rig, state = self.rig, self.rig.state
        assert rig.pump.mode == MODES.get(state, Mode.IDLE)
        assert rig.driver.going == (state in MODES)
        assert rig.driver.closed == (state is StreamState.CLOSED)
        assert (rig.engine.reason is not None) == (state is StreamState.CLOSED)
        assert (rig.ended is not None) == rig.runner.over == (state is StreamState.CLOSED)
        assert all(event == Suspended() or type(event) is not Suspended for event in rig.events)
        positions = [info.position for _, info in rig.blocks]
        assert positions == sorted(positions)
        assert all(position % FRAMES == 0 for position in positions)

    def finish(self) -> None:
        """It can always be closed, and tells why it ended once, to the event callback and to the owner."""
        rig = self.rig
        rig.on_event = None
        rig.script.clear()
        self.owner(lambda rig: rig.engine.close())
        rig.serve()
        self.check()
        assert rig.state is StreamState.CLOSED
        assert rig.engine.wait(None) is True
        rig.engine.close()
        assert [event for event in rig.events if isinstance(event, StreamEnded)] == [rig.ended]
        ended = rig.ended
        assert ended is not None
        if ended.error is not None:
            assert [error for error in self.delivered if error is ended.error] == [ended.error]


@settings(max_examples=400, deadline=None)
@given(st.booleans(), st.lists(steps, max_size=25))
def test_any_life_stays_legal_and_comes_to_an_end(output: bool, given_steps: list[tuple[str, Any]]) -> None:
    life = Life(output=output)
    for kind, what in given_steps:
        life.do(kind, what)
    life.finish()


@settings(max_examples=200, deadline=None)
@given(st.booleans(), st.lists(st.sampled_from(sorted(CALLS)), max_size=12), st.integers(0, 3))
def test_without_misfortune_the_last_call_decides(output: bool, names: list[str], blocks: int) -> None:
    life = Life(output=output)
    for name in names:
        life.do("call", name)
        life.do("run", blocks)
    decided = {
        "start": StreamState.RUNNING,
        "stop": StreamState.STOPPED,
        "stop at once": StreamState.STOPPED,
        "stop soon": StreamState.STOPPED,
    }
    telling = [name for name in names if name in decided]
    paused = any(name == "pause" for name in names[len(names) - names[::-1].index(telling[-1]) :]) if telling else False
    if "close" in names:
        assert life.rig.state is StreamState.CLOSED
    elif not telling:
        assert life.rig.state is StreamState.STOPPED
    elif paused and decided[telling[-1]] is StreamState.RUNNING:
        assert life.rig.state is StreamState.PAUSED
    else:
        assert life.rig.state is decided[telling[-1]]
    life.finish()
