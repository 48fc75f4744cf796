"""How soon the interpreter's threads take turns, for those who ask."""

from __future__ import annotations

import math
import sys
from _thread import allocate_lock  # not threading, which takes its time to import

from pcmio._value import shown
from pcmio.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

# CPython keeps whole microseconds, and no fewer than one.
_LEAST_SECONDS = 1e-6

_lock = allocate_lock()
_wishes: list[float] = []  # of the blocks that are entered now, in all threads
_before = 0.0  # what was set when the first of them was entered
_ours = 0.0  # what we have set since, as the interpreter tells it


class SwitchInterval:
    """What ``switch_interval`` returns; can be entered any number of times, from any thread."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> Self:
        global _before  # noqa: PLW0603 - the interval is the interpreter's, and there is one of it
        with _lock:
            if not _wishes or sys.getswitchinterval() != _ours:
                _before = sys.getswitchinterval()
            _wishes.append(self._seconds)
            _apply()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with _lock:
            _wishes.remove(self._seconds)
            if sys.getswitchinterval() == _ours:
                _apply()

    def __repr__(self) -> str:
        return f"<pcmio.switch_interval {self._seconds} s>"


def _apply() -> None:
    """Set the shortest of all wishes and of what was there; the lock is held."""
    global _ours  # noqa: PLW0603
    sys.setswitchinterval(max(_LEAST_SECONDS, min([_before, *_wishes])))
    _ours = sys.getswitchinterval()


def switch_interval(seconds: float = 0.0005) -> SwitchInterval:
    """A ``with`` block in which the interpreter's threads take turns every ``seconds``, or sooner.

    A thread that wants the interpreter while another computes waits ``sys.getswitchinterval()``, usually 5 ms, before
    it may ask for its turn; so does a stream's thread.  A shorter interval lets streams do with a smaller ``depth``
    beside busy Python threads.  It costs those threads some of their speed: nothing that can be measured with one or
    two of them, about a tenth with four, at half a millisecond.  It is no help against C code that keeps the
    interpreter.

    The interval is the whole process's.  Blocks may be nested and overlap in several threads: the shortest wish holds,
    a longer interval than what is set already changes nothing, and when the last block is left the interval is as it
    was.  If the program calls ``sys.setswitchinterval`` inside a block, that holds.  pcmio never changes the interval
    otherwise.

    Raises:
        InvalidInput: Not a number of seconds above 0.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInput(f"a switch interval is a number of seconds, not {shown(seconds)}")
    if not (seconds > 0 and math.isfinite(seconds)):
        raise InvalidInput(f"a switch interval is more than 0 seconds, not {shown(seconds)}")
    return SwitchInterval(float(seconds))
