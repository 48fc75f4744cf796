"""Threads for libraries without a callback: one for each stream, as their users would write it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager


class Threads:
    """Threads that repeat one step until they are told to end."""

    def __init__(self) -> None:
        self._ended = False
        self._threads: list[threading.Thread] = []

    def begin(self, opened: AbstractContextManager[Any], step: Callable[[Any], object]) -> None:
        """Call ``step`` with what ``opened`` gives, again and again; returns when it is open."""
        ready = threading.Event()

        def run() -> None:
            with opened as stream:
                ready.set()
                while not self._ended:
                    step(stream)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self._threads.append(thread)
        if not ready.wait(10):
            raise RuntimeError("the stream was not opened")

    def end(self) -> None:
        """Have them end, and wait a little."""
        self._ended = True
        for thread in self._threads:
            thread.join(1)
