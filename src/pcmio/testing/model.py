"""What a stream's states may be: the model that lives are judged by, and the only place where it stands.

A ``Situation`` is what a stream is in, as its owner could know it.  A rule says what one call may do to it, step by
step, since other threads' calls come in between.  A ``Judge`` is told when each call begins, and when and how it ends,
in the order in which that happened.  It keeps all situations that explain what it was told; when none is left, the
stream has done what no order of the calls' steps allows.
"""

from __future__ import annotations

from typing import NamedTuple

from pcmio.events import EndReason, StreamState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeAlias

#: How a call ends, besides "True", "False" and what it was asked for.
OK, CLOSED, OWN, LATE, CUT = "returned", "StreamClosed", "the stream's own error", "OperationTimeout", "interrupted"

_STOPPED, _RUNNING, _PAUSED, _DRAINING, _ENDED = (
    *(StreamState.STOPPED, StreamState.RUNNING, StreamState.PAUSED, StreamState.DRAINING, StreamState.CLOSED),
)


class Situation(NamedTuple):
    """Where a stream is.

    Attributes:
        state: Its state.
        plays: It has an output, so that it drains.
        reason: Why it ended.
        error: What it ended with: "none", "kept" until somebody was given it, "given".
        finish: The callback raised StopStream: the end of a drain is the end of it all.
        ending: That came when there was nothing to drain: it ends by itself.
        due: It drains as soon as its device has begun.
        again: It starts anew when it has drained.
        filled: Frames were written to it, so it begins by itself.
        cuts: How often frames were thrown away.
        ends: How often all was played.
    """

    state: StreamState = _STOPPED
    plays: bool = True
    reason: EndReason | None = None
    error: str = "none"
    finish: bool = False
    ending: bool = False
    due: bool = False
    again: bool = False
    filled: bool = False
    cuts: int = 0
    ends: int = 0

    @property
    def over(self) -> bool:
        """It has ended."""
        return self.state is _ENDED

    def ended(self, reason: EndReason, error: str = "none") -> Situation:
        """The end; only the first reason counts."""
        if self.over:
            return self
        return Situation(_ENDED, self.plays, reason, error, cuts=self.cuts, ends=self.ends)

    def begun(self) -> Situation:
        """Started."""
        return self._replace(state=_RUNNING, due=self.finish)

    def held(self) -> Situation:
        """Paused."""
        return self._replace(state=_PAUSED, due=False, again=False)

    def halted(self, *, played: bool = False) -> Situation:
        """All that it had is played, or thrown away."""
        counted = self._replace(cuts=self.cuts + (not played), ends=self.ends + played, filled=False, due=False)
        if self.finish:
            return counted.ended(EndReason.FINISHED)
        stopped = counted._replace(state=_STOPPED, again=False)
        return stopped.begun() if self.again else stopped

    def moves(self) -> Iterator[Situation]:
        """What time may bring."""
        if self.over:
            return
        if self.state is _DRAINING:
            yield self.halted(played=True)
        if self.state is _RUNNING and self.due:
            yield self._replace(state=_DRAINING, due=False)
        if self.state is _STOPPED and self.filled:
            yield self.begun()
        if self.ending:
            yield self.ended(EndReason.FINISHED)


class Done(NamedTuple):
    """A call has had its effect, and will end so."""

    outcome: str


#: How far a call is: "" before its first step; what its rule made of it; or Done.
Phase: TypeAlias = "object"
Steps: TypeAlias = "Iterable[tuple[Phase, Situation]]"
Rule: TypeAlias = "Callable[[Phase, Situation], Steps]"


def _refused(now: Situation) -> tuple[Phase, Situation]:
    """A call that an ended stream does not take."""
    if now.error == "kept":
        return Done(OWN), now._replace(error="given")
    return Done(CLOSED), now


def _told(now: Situation, outcome: str) -> tuple[Phase, Situation]:
    """A call that raises the stream's own error, if nobody was given it."""
    if now.error == "kept":
        return Done(OWN), now._replace(error="given")
    return Done(outcome), now


# --- every stream's calls ---------------------------------------------------------------------------------------------


def _start(phase: Phase, now: Situation) -> Steps:
    if phase != "":
        yield Done(OK), now
        if now.state is _RUNNING and isinstance(phase, StreamState):
            yield Done(LATE), now._replace(state=phase, due=False)
    elif now.over:
        yield _refused(now)
    elif now.state is _RUNNING:
        yield Done(OK), now
    elif now.state is _DRAINING:
        yield Done(LATE), now
    else:
        yield now.state, now.begun()


def _pause(_phase: Phase, now: Situation) -> Steps:
    if now.over:
        yield _refused(now)
    else:
        yield Done(OK), now.held() if now.state in (_RUNNING, _DRAINING) else now


def _stop(*, at_once: bool, limited: bool) -> Rule:
    def rule(phase: Phase, now: Situation) -> Steps:
        if phase == "":
            now = now._replace(again=False)
        if isinstance(phase, int) and now.state is not _DRAINING:
            played = phase != now.ends and now.error == "none"
            yield _told(now.halted() if now.state is _PAUSED else now, str(played))
        elif now.over:
            yield _told(now, "True" if now.error == "none" else "False")
        elif now.state is _STOPPED:
            yield Done("True"), now
            if now.filled:
                yield (Done("False"), now._replace(filled=False, cuts=now.cuts + 1)) if at_once else ("", now.begun())
        else:
            # A limit may also pass while another thread starts the stream.
            if at_once or limited or now.state is _PAUSED or not now.plays:
                yield _told(now.halted(), "False")
                yield _told(now.halted(), "True")
            if not at_once and now.plays and now.state in (_RUNNING, _DRAINING):
                yield now.ends, now._replace(state=_DRAINING, due=False)

    return rule


def _close(phase: Phase, now: Situation) -> Steps:
    if phase == "":
        yield "ended", now.ended(EndReason.CLOSED)
    else:
        yield _told(now, OK)


def _wait(_phase: Phase, now: Situation) -> Steps:
    yield _told(now, "True" if now.state in (_STOPPED, _ENDED) else "False")


def _look(_phase: Phase, now: Situation) -> Steps:
    yield Done(OK), now


def _state(_phase: Phase, now: Situation) -> Steps:
    yield Done(str(now.state)), now


def _reason(_phase: Phase, now: Situation) -> Steps:
    yield Done(str(now.reason)), now


def _adjust(_phase: Phase, now: Situation) -> Steps:
    yield _refused(now) if now.over else (Done(OK), now)


# --- writers' and readers' --------------------------------------------------------------------------------------------


def _write(phase: Phase, now: Situation) -> Steps:
    if now.over:
        yield _refused(now)
    elif phase == "":
        yield now.cuts, now
    elif phase != now.cuts:
        yield Done(CUT), now
    else:
        yield Done(LATE), now
        yield Done(OK), now
        if now.state is not _DRAINING and not now.filled:
            yield phase, now._replace(filled=True)


def _drain(phase: Phase, now: Situation) -> Steps:
    if now.over:
        yield _refused(now)
    elif phase == "":
        yield (now.cuts, now.ends), now
    elif phase != (now.cuts, now.ends):
        yield Done(CUT), now
        yield Done(OK), now
    else:
        yield Done(LATE), now
        if now.state is _STOPPED:
            yield Done(OK), now
            if now.filled:
                yield phase, now.begun()._replace(due=True)
        elif now.state is _RUNNING:
            yield phase, now._replace(due=True)


def _clear(_phase: Phase, now: Situation) -> Steps:
    if now.over:
        yield _refused(now)
    elif now.state is _STOPPED:
        yield Done(OK), now._replace(filled=False, cuts=now.cuts + 1)
    else:
        yield Done(OK), now.halted()


def _read(phase: Phase, now: Situation) -> Steps:
    if now.over:
        yield _refused(now)
    elif phase == "":
        yield now.cuts, now.begun() if now.state is _STOPPED else now
    elif phase != now.cuts:
        yield Done(CUT), now
    else:
        yield Done(LATE), now
        yield Done(OK), now


# --- what a callback does, which takes effect when it has returned ----------------------------------------------------


def _raises(_phase: Phase, now: Situation) -> Steps:
    yield Done(OK), now.ended(EndReason.CALLBACK_RAISED, "kept")


def _finishes(_phase: Phase, now: Situation) -> Steps:
    drains = now.plays and now.state is _RUNNING
    told = now._replace(finish=True, due=now.due or drains, ending=not drains and now.state is not _DRAINING)
    yield Done(OK), now if now.over else told


def _aborts(_phase: Phase, now: Situation) -> Steps:
    yield Done(OK), now.ended(EndReason.ABORTED)


def _closes(_phase: Phase, now: Situation) -> Steps:
    yield Done(OK), now.ended(EndReason.CLOSED)


def _stops(_phase: Phase, now: Situation) -> Steps:
    now = now._replace(again=False)
    if now.plays and now.state is _RUNNING:
        now = now._replace(due=True)
    elif now.state in (_RUNNING, _PAUSED):
        now = now.halted()
    yield Done(OK), now


def _stops_at_once(_phase: Phase, now: Situation) -> Steps:
    now = now._replace(again=False)
    yield Done(OK), now.halted() if now.state in (_RUNNING, _PAUSED, _DRAINING) else now


def _pauses(_phase: Phase, now: Situation) -> Steps:
    yield Done(OK), now.held() if now.state in (_RUNNING, _DRAINING) else now


def _starts(_phase: Phase, now: Situation) -> Steps:
    if now.state is _DRAINING or now.due:
        now = now._replace(again=True)
    elif now.state in (_PAUSED, _STOPPED):
        now = now.begun()
    yield Done(OK), now


#: What each call may do, by name.
RULES: dict[str, Rule] = {
    "start": _start,
    "pause": _pause,
    "stop": _stop(at_once=False, limited=False),
    "stop soon": _stop(at_once=False, limited=True),
    "stop at once": _stop(at_once=True, limited=True),
    "close": _close,
    "wait": _wait,
    "look": _look,
    "state": _state,
    "reason": _reason,
    "volume": _adjust,
    "write": _write,
    "drain": _drain,
    "clear": _clear,
    "read": _read,
}
#: The same for what a callback does.
ACTS: dict[str, Rule] = {
    "raise": _raises,
    "StopStream": _finishes,
    "AbortStream": _aborts,
    "close": _closes,
    "stop": _stops,
    "stop at once": _stops_at_once,
    "pause": _pauses,
    "start": _starts,
}
#: Acts after which a stream must end, whatever else happens to it.
LAST_ACTS = frozenset({"raise", "AbortStream", "close"})


class _Explanation(NamedTuple):
    """A situation, and how far each call is that has begun: in the order of their numbers."""

    now: Situation
    calls: tuple[tuple[int, Phase], ...]


class Judge:
    """All explanations of what happened to one stream.

    Args:
        plays: It has an output.
    """

    def __init__(self, *, plays: bool) -> None:
        self._rules: dict[int, tuple[str, Rule]] = {}
        self._acts: set[int] = set()
        self._explained = {_Explanation(Situation(plays=plays), ())}
        self._log: list[str] = []

    def begins(self, number: int, name: str) -> None:
        """A call begins."""
        self._add(number, name, RULES[name])
        self._log.append(f"{number}: {name} ...")

    def acts(self, number: int, name: str) -> None:
        """A callback does something; its effect comes later, or never, if the stream ends before."""
        self._acts.add(number)
        self._add(number, f"in the callback: {name}", ACTS[name])
        self._log.append(f"{number}: in the callback: {name}")

    def ends(self, number: int, outcome: str) -> None:
        """A call has ended.

        Raises:
            AssertionError: It could not end like that; says what had happened before.
        """
        name, _ = self._rules[number]
        self._log.append(f"{number}: ... {name}: {outcome}")
        self._close_over_steps()
        wanted = (number, Done(outcome))
        possible = {dict(one.calls)[number] for one in self._explained}
        self._explained = {
            _Explanation(one.now, tuple(call for call in one.calls if call != wanted))
            for one in self._explained
            if wanted in one.calls
        }
        del self._rules[number]
        if not self._explained:
            allowed = ", ".join(sorted(phase.outcome for phase in possible if isinstance(phase, Done)))
            story = "\n  ".join(self._log)
            raise AssertionError(
                f"{name} ended with {outcome!r}, and can only have ended with {allowed or 'nothing yet'}:\n  {story}"
            )

    def _add(self, number: int, name: str, rule: Rule) -> None:
        self._rules[number] = (name, rule)
        self._explained = {_Explanation(one.now, (*one.calls, (number, ""))) for one in self._explained}

    def _close_over_steps(self) -> None:
        """Add everything that the calls that have begun, and time, may have brought about meanwhile."""
        waiting = list(self._explained)
        while waiting:
            for following in self._steps(waiting.pop()):
                if following not in self._explained:
                    self._explained.add(following)
                    waiting.append(following)

    def _steps(self, one: _Explanation) -> Iterator[_Explanation]:
        for now in one.now.moves():
            yield _Explanation(now, one.calls)
        for place, (number, phase) in enumerate(one.calls):
            if isinstance(phase, Done):
                continue
            before, after = one.calls[:place], one.calls[place + 1 :]
            for new_phase, now in self._rules[number][1](phase, one.now):
                # Nobody hears of an act's end, so it is forgotten.
                left = () if number in self._acts else ((number, new_phase),)
                yield _Explanation(now, (*before, *left, *after))
