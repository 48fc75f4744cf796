"""The model of a stream's states explains what may happen, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pcmio.testing.model import CLOSED, CUT, LATE, OK, OWN, Judge

if TYPE_CHECKING:
    from collections.abc import Sequence


RIGHT: dict[str, Sequence[tuple[str, ...]]] = {
    "built stopped": [("state", "stopped"), ("reason", "None"), ("wait", "True")],
    "started": [("start", OK), ("state", "running"), ("wait", "False")],
    "paused and stopped": [("start", OK), ("pause", OK), ("state", "paused"), ("stop", "False"), ("state", "stopped")],
    "stopped, and all was played": [("start", OK), ("stop", "True"), ("state", "stopped")],
    "a drain that another sees": [("start", OK), ("stop",), ("state", "draining"), ("ends", "stop", "True")],
    "a drain that another cuts short": [("start", OK), ("stop",), ("stop at once", "False"), ("ends", "stop", "False")],
    "closed": [("close", OK), ("close", OK), ("start", CLOSED), ("stop", "True"), ("reason", "closed")],
    "an error that is given once": [("start", OK), ("acts", "raise"), ("wait", OWN), ("close", OK), ("start", CLOSED)],
    "a callback that is through": [
        *(("start", OK), ("acts", "StopStream"), ("state", "draining"), ("state", "closed")),
        ("reason", "finished"),
    ],
    "a start that came too late": [("start",), ("state", "running"), ("ends", "start", LATE), ("state", "stopped")],
    "a writer that begins by itself": [("write", OK), ("state", "stopped"), ("state", "running"), ("drain", OK)],
    "a write that is cut short": [("write",), ("clear", OK), ("ends", "write", CUT)],
    "a callback that pauses": [("start", OK), ("acts", "pause"), ("state", "running"), ("state", "paused")],
}
WRONG: dict[str, Sequence[tuple[str, ...]]] = {
    "running by itself": [("state", "running")],
    "stopped by itself": [("start", OK), ("state", "stopped")],
    "draining by itself": [("start", OK), ("state", "draining")],
    "ended by itself": [("start", OK), ("state", "closed")],
    "wait that says it is over": [("start", OK), ("wait", "True")],
    "stop that keeps it running": [("start", OK), ("stop", "True"), ("state", "running")],
    "stop that throws away": [("start", OK), ("stop", "False")],
    "alive again": [("close", OK), ("start", OK)],
    "an error that nobody made": [("start", OK), ("wait", OWN)],
    "an error that is given twice": [("start", OK), ("acts", "raise"), ("wait", OWN), ("close", OWN)],
    "an error that is lost": [("start", OK), ("acts", "raise"), ("state", "closed"), ("close", OK)],
    "another reason": [("start", OK), ("acts", "StopStream"), ("state", "closed"), ("reason", "closed")],
    "two reasons": [("close", OK), ("acts", "raise"), ("reason", "callback raised")],
    "a write that nobody cut": [("write", CUT)],
    "a writer that begins with nothing": [("write", OK), ("clear", OK), ("state", "running")],
    "an error of another tree": [("start", "KeyError: 1")],
}


def judged(story: Sequence[tuple[str, ...]]) -> None:
    judge = Judge(plays=True)
    open_calls: dict[str, int] = {}
    for number, step in enumerate(story):
        if step[0] == "acts":
            judge.acts(number, step[1])
        elif step[0] == "ends":
            judge.ends(open_calls.pop(step[1]), step[2])
        else:
            judge.begins(number, step[0])
            open_calls[step[0]] = number
            if len(step) == 2:
                judge.ends(open_calls.pop(step[0]), step[1])


@pytest.mark.parametrize("what", RIGHT)
def test_what_may_happen_is_explained(what: str) -> None:
    judged(RIGHT[what])


@pytest.mark.parametrize("what", WRONG)
def test_what_may_not_happen_is_not(what: str) -> None:
    with pytest.raises(AssertionError, match=r"can only have ended with"):
        judged(WRONG[what])
    judged(WRONG[what][:-1])  # it is the last step that is wrong
