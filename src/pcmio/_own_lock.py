"""A lock that outlives a fork."""

from __future__ import annotations

import os
import threading


class OwnLock:
    """A lock that a forked child finds free: the thread that held it in the parent is not there to give it back."""

    def __init__(self) -> None:
        self._renew()

    def _renew(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()

    def acquire(self, timeout: float = -1) -> bool:
        """As ``threading.Lock``."""
        if self._process != os.getpid():
            self._renew()
        return self._lock.acquire(timeout=timeout)

    def release(self) -> None:
        """As ``threading.Lock``."""
        self._lock.release()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()
