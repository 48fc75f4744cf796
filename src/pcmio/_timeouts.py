"""How long a call may take: what is given as ``timeout``, checked, and what is left of it."""

from __future__ import annotations

import threading
import time
from math import inf, isnan, nan

from pcmio._value import shown
from pcmio.errors import InvalidInput, OperationTimeout


def end_of(timeout: float | None) -> float | None:
    """When ``timeout`` seconds will have passed, for ``left_of``; None: never.

    Raises:
        InvalidInput: It is no number of seconds.
    """
    if timeout is None:
        return None
    try:
        seconds = _seconds(timeout)
    except (TypeError, ValueError):
        seconds = nan
    except OverflowError:
        seconds = inf
    if isnan(seconds):
        raise InvalidInput(f"timeout is seconds or None, not {shown(timeout)}")
    return None if seconds > threading.TIMEOUT_MAX else time.monotonic() + seconds


def _seconds(given: object) -> float:
    return nan if isinstance(given, (str, bytes)) else float(given)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def left_of(end: float | None, most: float | None = None) -> float | None:
    """Seconds until then, from 0.0 to ``most``; None: as long as it takes."""
    if end is None:
        return most
    left = max(0.0, end - time.monotonic())
    return left if most is None else min(left, most)


def callback_hangs(seconds: float) -> OperationTimeout:
    """What a start is told that needs a callback to return."""
    return OperationTimeout(
        f"the stream's callback has not returned for {seconds} seconds",
        advice="keep callbacks shorter than their block",
    )
