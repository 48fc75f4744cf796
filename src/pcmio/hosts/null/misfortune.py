"""Errors to order: which call of a null host fails next, and how."""

from __future__ import annotations

import threading

from pcmio.errors import InvalidInput

#: Calls that can be made to fail.
CALLS = ("devices", "configs", "build", "open", "start", "pause", "discard", "drain", "close")


class Misfortune:
    """``host.misfortune.order("start", DeviceBusy("..."))``: the next such call raises it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ordered: dict[str, list[Exception]] = {}

    def order(self, call: str, error: Exception, *, times: int = 1) -> None:
        """Have the next ``times`` calls fail.

        Args:
            call: One of ``CALLS``: enumerating, asking for configs, negotiating a stream, and the calls of its driver.
            error: What they raise.
            times: How many of them.

        Raises:
            InvalidInput: No such call.
        """
        if call not in CALLS:
            raise InvalidInput(f"{call!r} cannot be made to fail", advice=f"choose one of {', '.join(CALLS)}")
        with self._lock:
            self._ordered.setdefault(call, []).extend([error] * times)

    def strike(self, call: str) -> None:
        """Raise what was ordered for this call, if anything was."""
        with self._lock:
            waiting = self._ordered.get(call)
            error = waiting.pop(0) if waiting else None
        if error is not None:
            raise error
