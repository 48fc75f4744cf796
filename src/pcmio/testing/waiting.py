"""Waiting for a state, without guessing how long it takes."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

#: Longer than any state here may take on a busy machine.
PATIENCE_SECONDS = 20.0
_STEP_SECONDS = 0.002


def until(holds: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Return as soon as ``holds()`` is true.

    Raises:
        AssertionError: It was not within ``seconds``; says ``what`` was waited for.
    """
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"waited {seconds:g} s in vain for: {what}"
        time.sleep(_STEP_SECONDS)
