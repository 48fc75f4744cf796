"""Ctrl-C, and other polite requests to end."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Any

    from typing_extensions import Self

#: Ctrl-C, ``kill``, a closed terminal; not every system has all.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
#: What has not ended so long after it was asked to is broken off.
_PATIENCE_SECONDS = 3.0


class Interrupt:
    """While it is entered, a request to end only sets ``asked``: what is at work looks at it, and ends in good order.

    Attributes:
        asked: Whether there was one.
    """

    def __init__(self) -> None:
        self.asked = False
        self._asked_at = 0.0
        self._before: list[tuple[signal.Signals, Any]] = []

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            wanted = [signal.Signals[name] for name in _NAMES if hasattr(signal, name) and not _is_ignored(name)]
            self._before = [(number, signal.signal(number, self._ask)) for number in wanted]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.asked:
            return  # who is on the way out is not hurried by a second request, but by one that comes much later
        for number, handler in self._before:
            signal.signal(number, handler)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked and time.monotonic() > self._asked_at + _PATIENCE_SECONDS:
            raise KeyboardInterrupt
        if not self.asked:
            self.asked, self._asked_at = True, time.monotonic()


def _is_ignored(name: str) -> bool:
    """Whether a closed terminal is to end nothing, which is what ``nohup`` is for; what else was ignored still ends."""
    return name == "SIGHUP" and signal.getsignal(signal.Signals[name]) is signal.SIG_IGN
