"""How long a call may take: what is given as ``timeout``, checked, what is left of it, and waiting for no longer."""

from __future__ import annotations

import sys
import threading
import time
from math import inf, isnan, nan

from pcmio._interrupts import interruptibly
from pcmio._value import shown
from pcmio.errors import InvalidInput, OperationTimeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# Ctrl-C ends a wait for a lock only if it finds the main thread waiting.  If it comes after the interpreter has looked
# for signals and before the wait has begun (a thread that takes the GIL over makes that long; CPython 3.10 to 3.14), or
# if the kernel gives it to another thread, it is noticed when the wait is over; on Windows always.  Hence slices.
_SLICE_SECONDS = 0.05 if sys.platform == "win32" else 0.5


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


class Condition(threading.Condition):
    """A condition whose lock is held after a wait, whatever ends it; held once, it is not taken again inside.

    Ctrl-C that comes while ``threading.Condition`` gives its lock back, or takes it again, leaves it free (CPython 3.10
    to 3.14), and the ``with`` around raises ``RuntimeError: cannot release un-acquired lock`` instead.
    """

    def __init__(self, lock: threading.RLock | None = None) -> None:
        self._own = lock or threading.RLock()
        super().__init__(self._own)

    def wait(self, timeout: float | None = None) -> bool:
        """As ``threading.Condition``."""
        try:
            try:
                return super().wait(timeout)
            finally:
                self._regain()
        finally:  # what comes while the lock is taken again may end that, too
            self._regain()

    def _regain(self) -> None:
        # Nothing public tells; ``threading.Condition`` itself asks it.
        owned: bool = self._own._is_owned()  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] # noqa: SLF001
        if not owned:
            self._own.acquire()


def wait_for(changed: Condition, holds: Callable[[], bool], timeout: float | None) -> bool:
    """Wait until ``holds()``; False when ``timeout`` seconds passed before.  The condition's lock is held.

    Raises:
        InvalidInput: ``timeout`` is no number of seconds.
    """
    end = end_of(timeout)
    if threading.current_thread() is not threading.main_thread():  # signals are none of its business
        return changed.wait_for(holds, left_of(end))
    while not interruptibly(lambda: changed.wait_for(holds, left_of(end, _SLICE_SECONDS))):
        if left_of(end) == 0.0:
            return False
    return True


def callback_hangs(seconds: float) -> OperationTimeout:
    """What a start is told that needs a callback to return."""
    return OperationTimeout(
        f"the stream's callback has not returned for {seconds} seconds",
        advice="keep callbacks shorter than their block",
    )
