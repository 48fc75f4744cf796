"""Streams in each of their states, for the tests of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pcmio import (
    StreamState,
)
from tests.unit.engine_rig import Rig

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
