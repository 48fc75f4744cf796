"""Lives: any calls in any order, from several threads and from inside the callback, judged by the model of the states.

``random_plan`` makes one up, ``life_plans`` is the same for hypothesis, ``live`` puts a stream through one.
"""

from __future__ import annotations

import itertools
import random
import sys
import threading
import traceback
from functools import partial
from typing import NamedTuple

from pcmio.errors import (
    AbortStream,
    AudioError,
    OperationInterrupted,
    OperationTimeout,
    StopStream,
    StreamClosed,
)
from pcmio.events import StreamEnded, StreamState
from pcmio.testing.configs import builder
from pcmio.testing.lifetimes import holdings, left_behind
from pcmio.testing.model import ACTS, CLOSED, CUT, LAST_ACTS, LATE, OK, OWN, Judge
from pcmio.testing.waiting import PATIENCE_SECONDS, until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType
    from typing import Any

    from pcmio.contract import Host, Stream
    from pcmio.testing.rig import Check, Rig

#: What a life can be of.
KINDS = ("output", "input", "writer", "reader")
_SOON_SECONDS = 0.005
_ENOUGH = 1 << 16  # frames: more than any ring here holds
_DEPTH_SECONDS = 0.05
_VOLUMES = itertools.cycle((0.5, 1.0, 0.0))


class LifePlan(NamedTuple):
    """A life to be.

    Attributes:
        kind: One of ``KINDS``.
        threads: For each thread the calls that it makes, by the names in ``CALLS``.
        acts: What the callback does at its n-th call, by the names in ``model.ACTS``.
    """

    kind: str
    threads: tuple[tuple[str, ...], ...]
    acts: tuple[tuple[int, str], ...] = ()


def _adjust(stream: Any) -> None:
    stream.volume = next(_VOLUMES)
    stream.muted = False


def _look(stream: Any) -> None:
    assert stream.position >= 0
    assert min(stream.latency.device, stream.latency.ring, stream.volume) >= 0
    assert stream.stats.frames >= 0
    assert stream.now().nanos >= 0
    assert str(stream.device.id) in repr(stream)
    for available in ("write_available", "read_available"):
        assert getattr(stream, available, 0) >= 0


def _rest(_stream: Any) -> None:
    threading.Event().wait(_SOON_SECONDS)  # for nothing: other orders of the others' calls come of it


#: Each call, by name: its rule in the model, None for what no stream knows of; and what is done.
CALLS: dict[str, tuple[str | None, Callable[[Any], object]]] = {
    "start": ("start", lambda stream: stream.start()),
    "pause": ("pause", lambda stream: stream.pause()),
    "stop": ("stop", lambda stream: stream.stop()),
    "stop(0.005)": ("stop soon", lambda stream: stream.stop(_SOON_SECONDS)),
    "stop(0)": ("stop at once", lambda stream: stream.stop(0)),
    "wait(0)": ("wait", lambda stream: stream.wait(0)),
    "wait(0.005)": ("wait", lambda stream: stream.wait(_SOON_SECONDS)),
    "state": ("state", lambda stream: stream.state),
    "reason": ("reason", lambda stream: stream.reason),
    "look": ("look", _look),
    "volume": ("volume", _adjust),
    "close": ("close", lambda stream: stream.close()),
    "rest": (None, _rest),
    "write little": ("write", lambda stream: stream.write(_zeros(stream, 100), _SOON_SECONDS)),
    "write much": ("write", lambda stream: stream.write(_zeros(stream, _ENOUGH), _SOON_SECONDS)),
    "drain(0.005)": ("drain", lambda stream: stream.drain(_SOON_SECONDS)),
    "drain(1)": ("drain", lambda stream: stream.drain(1.0)),
    "clear": ("clear", lambda stream: stream.clear()),
    "read little": ("read", lambda stream: stream.read_bytes(10, _SOON_SECONDS)),
    "read much": ("read", lambda stream: stream.read_bytes(_ENOUGH, _SOON_SECONDS)),
}
#: Whose results the model knows.
_ANSWERS = frozenset({"stop", "stop soon", "stop at once", "wait", "state", "reason"})
_COMMON = (
    *("start", "start", "start", "pause", "stop", "stop(0.005)", "stop(0)", "wait(0)", "wait(0.005)"),
    *("state", "state", "reason", "look", "volume", "rest", "rest"),
)
#: What each kind is asked for, as often as it stands here.
_CHOICE = {
    "output": _COMMON,
    "input": _COMMON,
    "writer": (*_COMMON, *("write little", "write much") * 2, "drain(0.005)", "drain(1)", "clear"),
    "reader": (*_COMMON, *("read little", "read much") * 2),
}
_MOST_THREADS, _MOST_CALLS, _MOST_ACTS, _LAST_ACT_AT = 3, 8, 3, 12
_CLOSES_ONE_IN = 3


def _zeros(stream: Any, frames: int) -> bytes:
    return bytes(frames * stream.config.channels * stream.config.sample_format.sample_bytes)


def random_plan(numbers: random.Random, kind: str) -> LifePlan:
    """Make one up."""
    threads = [
        [numbers.choice(_CHOICE[kind]) for _ in range(numbers.randint(1, _MOST_CALLS))]
        for _ in range(numbers.randint(1, _MOST_THREADS))
    ]
    if not numbers.randrange(_CLOSES_ONE_IN):
        numbers.choice(threads).append("close")
    acts: dict[int, str] = {}
    if kind in ("output", "input"):
        for _ in range(numbers.randint(0, _MOST_ACTS)):
            acts[numbers.randint(1, _LAST_ACT_AT)] = numbers.choice(sorted(ACTS))
    return LifePlan(kind, tuple(map(tuple, threads)), tuple(sorted(acts.items())))


def life_plans(kinds: Sequence[str] = KINDS) -> Any:
    """A hypothesis strategy of plans, which shrink; hypothesis is needed for this alone."""
    from hypothesis import strategies as st

    def of_kind(kind: str) -> Any:
        calls = st.sampled_from(list(dict.fromkeys((*_CHOICE[kind], "close"))))
        thread = st.lists(calls, min_size=1, max_size=_MOST_CALLS).map(tuple)
        threads = st.lists(thread, min_size=1, max_size=_MOST_THREADS).map(tuple)
        act = st.tuples(st.integers(1, _LAST_ACT_AT), st.sampled_from(sorted(ACTS)))
        acts = st.lists(act, max_size=_MOST_ACTS, unique_by=lambda one: one[0]).map(tuple)
        return st.builds(LifePlan, st.just(kind), threads, acts if kind in ("output", "input") else st.just(()))

    return st.sampled_from(kinds).flatmap(of_kind)


class MineError(Exception):
    """What a callback raises."""


class _Life:
    """A stream, what happens to it, and in which order."""

    def __init__(self, plan: LifePlan) -> None:
        self.stream: Any = None
        self.raised: list[BaseException] = []
        self.failed: list[BaseException] = []
        self.events: list[Any] = []
        self.last_act = ""
        self._acts = dict(plan.acts)
        self._calls = 0
        self._numbers = itertools.count()
        self._story: list[tuple[str, int, str]] = []  # appending is one step, whichever threads do it

    # --- what happens ------------------------------------------------------------------------------------------------

    def data(self, _block: object, _info: object) -> None:
        """The callback."""
        self._calls += 1
        act = self._acts.get(self._calls)
        if act is None:
            return
        self._story.append(("acts", next(self._numbers), act))
        if act in LAST_ACTS:
            self.last_act = act
        if act == "raise":
            self.raised.append(MineError(f"at call {self._calls}"))
            raise self.raised[-1]
        if act == "StopStream":
            raise StopStream
        if act == "AbortStream":
            raise AbortStream
        try:
            if act == "stop at once":
                self.stream.stop(0)
            else:
                getattr(self.stream, act)()
        except StreamClosed:  # by another thread, meanwhile
            return

    def call(self, name: str) -> None:
        """Make a call, and write down what comes of it."""
        rule, made = CALLS[name]
        if rule is None:
            made(self.stream)
            return
        number = next(self._numbers)
        self._story.append(("begins", number, rule))
        self._story.append(("ends", number, self._outcome(rule, partial(made, self.stream))))

    def _outcome(self, rule: str, made: Callable[[], object]) -> str:
        try:
            result = made()
        except MineError as error:
            assert error in self.raised
            return OWN
        except (StreamClosed, OperationTimeout, OperationInterrupted) as error:
            return {StreamClosed: CLOSED, OperationTimeout: LATE, OperationInterrupted: CUT}[type(error)]
        except AudioError as error:
            return f"{type(error).__name__}: {error}"
        return str(result) if rule in _ANSWERS else OK

    def thread(self, names: Sequence[str]) -> None:
        """What one of the threads does."""
        try:
            for name in names:
                self.call(name)
        except BaseException as error:  # noqa: BLE001 - carried to the checking thread
            self.failed.append(error)

    # --- what is judged ----------------------------------------------------------------------------------------------

    def judge(self, *, plays: bool) -> None:
        """By the model, in the order of what happened."""
        judge = Judge(plays=plays)
        for kind, number, what in self._story:
            getattr(judge, kind)(number, what)

    def check_end(self) -> None:
        """It was told once, last of all, with the reason and the error that the owner knows."""
        until(lambda: bool(self._ends()), "the end being told")
        (ended,) = self._ends()
        assert ended is self.events[-1]
        assert ended.reason is self.stream.reason
        assert ended.error is None or ended.error in self.raised
        assert (ended.error is not None) == (str(ended.reason) == "callback raised")

    def _ends(self) -> list[StreamEnded]:
        return [event for event in self.events if isinstance(event, StreamEnded)]


def live(rig: Rig, host: Host, plan: LifePlan) -> None:
    """Put a stream through a plan.

    Args:
        rig: Which device it is built on, and how.
        host: Whose.
        plan: What is done to it.

    Raises:
        AssertionError: A call hangs, or came to what the model does not allow; or the end was not told once.
    """
    life = _Life(plan)
    stream = life.stream = _build(rig, host, plan.kind, life)
    threads = [threading.Thread(target=life.thread, args=(names,), daemon=True) for names in plan.threads]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive(), f"a call hangs, in {plan}:\n{_stack(thread)}"
        assert not life.failed, f"in {plan}: {life.failed[0]!r}" + _told(life.failed[0])
        if life.last_act:
            until(lambda: stream.state is StreamState.CLOSED, f"the end, after {life.last_act!r} in the callback")
        for name in ("state", "close", "state", "reason", "close", "start", "stop", "wait(0)", "look"):
            life.call(name)
    finally:
        _bury(stream)
    try:
        life.judge(plays=plan.kind in ("output", "writer"))
        life.check_end()
    except AssertionError as error:
        raise AssertionError(f"in {plan}: {error}") from error


def _bury(stream: Stream) -> None:
    try:
        stream.close()
    except MineError:
        return


def _build(rig: Rig, host: Host, kind: str, life: _Life) -> Stream:
    plays = kind in ("output", "writer")
    device = rig.output_device(host) if plays else rig.input_device(host)
    options: dict[str, Any] = {"depth": _DEPTH_SECONDS, **rig.options_for("output" if plays else "input")}
    config, told = rig.config(), life.events.append
    if kind == "writer":
        return device.open_writer(config, on_event=told, **options)
    if kind == "reader":
        return device.open_reader(config, on_event=told, **options)
    built: Stream = builder(device, kind)(config, life.data, told, **options)
    return built


def _stack(thread: threading.Thread) -> str:
    frames: dict[int, FrameType] = vars(sys)["_current_frames"]()  # there is no other way to see it
    frame = frames.get(thread.ident or 0)
    return "".join(traceback.format_stack(frame))


def _told(error: BaseException) -> str:
    return "\n" + "".join(traceback.format_exception(error))


def _kinds_of(rig: Rig) -> list[str]:
    sides = {"output": rig.output, "writer": rig.output, "input": rig.input, "reader": rig.input}
    return [kind for kind in KINDS if sides[kind] is not None]


_LIVES = 32
_SEED = 20


def any_life_keeps_to_the_states(rig: Rig) -> None:
    """Some thirty of them, always the same: no call hangs, all come to what the model allows, nothing is left."""
    numbers = random.Random(_SEED)  # noqa: S311 - not for secrets
    kinds = _kinds_of(rig)
    with rig.open_host() as host:
        for kind in kinds:
            live(rig, host, LifePlan(kind, (("start", "stop(0)"),)))
        before = holdings()
        for _ in range(_LIVES // len(kinds)):
            for kind in kinds:
                live(rig, host, random_plan(numbers, kind))
        left_behind(before)


CHECKS: tuple[Check, ...] = (any_life_keeps_to_the_states,)
