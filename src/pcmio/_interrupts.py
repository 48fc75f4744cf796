"""Ctrl-C, held back while something is half done.

CPython raises ``KeyboardInterrupt`` between any two steps of the main thread: after a native stream was opened and
before anybody knows of it, while a lock is taken, inside a callback from C, where it is lost.  Calls that open, ask and
close are ``uninterrupted``: Ctrl-C is told when they have come to their end, or where they wait.  A second one that
comes before is told at once, whatever that leaves behind: what calls the system, or a user's host, may hang.

Handlers of other signals that raise are not held back.
"""

from __future__ import annotations

import functools
import sys
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any, ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")


# ``signal`` makes enums of what these take and give, which takes some 10 microseconds (CPython 3.11).
_calls: Any = import_module("_signal")
_SIGINT = 2  # of C's standard


class _Held:
    """What the main thread has to do with SIGINT at the moment."""

    def __init__(self) -> None:
        self.active = False
        self.asked = False  # Ctrl-C has come, and was not told yet
        self.waiting = False
        self.firm = False  # not even where it waits
        self.before: Callable[[int, FrameType | None], object]

    def begin(self) -> bool:
        """Hold SIGINT back; False where nothing raises on it, or that cannot be changed."""
        before = _calls.getsignal(_SIGINT)
        if not callable(before):  # SIG_DFL, SIG_IGN, or what C has set
            return False
        if before != self.note:  # which is left where every try to take it back was ended by another signal
            self.before = before
        self.asked = self.waiting = self.firm = False
        try:
            _calls.signal(_SIGINT, self.note)
        except ValueError:  # another interpreter than the first
            return False
        self.active = True
        return True

    def end(self) -> None:
        """Let it through again; once more, if anything has ended that."""
        self.active = False
        if _calls.getsignal(_SIGINT) == self.note:  # nobody has put another in its place
            _calls.signal(_SIGINT, self.before)
        self.tell()

    def note(self, _number: int, _frame: FrameType | None) -> None:
        """SIGINT."""
        at_once = self.waiting or self.asked or not self.active
        self.asked = True
        if at_once:
            self.tell()

    def tell(self) -> None:
        """Have the program's own handler do what it does, if Ctrl-C has come."""
        if self.asked:
            self.asked = False
            # Handlers look at who was interrupted, as trio's does.
            self.before(_SIGINT, sys._getframe(1))  # pyright: ignore[reportPrivateUsage] # noqa: SLF001


_held = _Held()


def _is_main_thread() -> bool:
    from threading import get_ident, main_thread  # not needed to import pcmio

    return get_ident() == main_thread().ident


def uninterrupted(call: Callable[P, T]) -> Callable[P, T]:
    """A call that Ctrl-C finds whole; where that raises in the end, what was opened is closed.  They may be nested."""

    @functools.wraps(call)
    def held(*args: P.args, **kwargs: P.kwargs) -> T:
        if _held.active or not _is_main_thread():
            return call(*args, **kwargs)
        try:
            if not _held.begin():
                return call(*args, **kwargs)
            result = call(*args, **kwargs)
            try:
                _held.tell()
            except BaseException:  # nobody will get it
                to_its_end(getattr(result, "close", _nothing))()
                raise
            return result
        finally:
            try:
                _held.end()
            finally:  # a second Ctrl-C, or another signal whose handler raises, may have come meanwhile
                _held.end()

    return held


def to_its_end(call: Callable[P, T]) -> Callable[P, T]:
    """An uninterrupted call that Ctrl-C does not end where it waits, either: what closes should close."""

    @uninterrupted
    @functools.wraps(call)
    def firm(*args: P.args, **kwargs: P.kwargs) -> T:
        if not _is_main_thread():
            return call(*args, **kwargs)
        before, _held.firm = _held.firm, True
        try:
            return call(*args, **kwargs)
        finally:
            _held.firm = before

    return firm


def _nothing() -> None:
    """What has nothing to be closed."""


def interruptibly(wait: Callable[[], T]) -> T:
    """Wait, inside an uninterrupted call too, so that Ctrl-C ends it."""
    if not _held.active or _held.firm or not _is_main_thread():
        return wait()
    try:
        _held.waiting = True
        _held.tell()
        return wait()
    finally:
        _held.waiting = False


def tell_interrupt() -> None:
    """Raise for the Ctrl-C that came in an uninterrupted call, between two steps of it."""
    if _held.active and not _held.firm and _is_main_thread():
        _held.tell()
