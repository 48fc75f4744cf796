"""Who serves a stream where there are threads: one Python thread for each, asleep in one native call.

Streams still open when the interpreter exits are closed before it takes itself apart, and a forked child forgets its
parent's streams without touching them.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import weakref

from pcmio._core import core
from pcmio.events import EndReason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio._engine import Engine

#: Below what audio servers and their clients' audio threads use, above everything ordinary; cpal asks for the same.
PRIORITY = 10
#: A callback that is at work when its stream is closed may finish; close() waits no longer than this for it.
FINISH_SECONDS = 1.0
# On Windows a lock that is waited for is not interrupted by Ctrl-C, so waits there are cut into slices.
_SLICE_SECONDS = 0.05 if sys.platform == "win32" else None

_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


class ThreadRunner:
    """Serves one engine until it has ended."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._thread = threading.Thread(target=_run, args=(engine,), name=name, daemon=True)
        _watch(engine)
        engine.runner = self  # what the native side told while it was opened is served at once
        self._thread.start()

    def kick(self) -> None:
        """Have ``serve`` called soon."""
        self._engine.pump.wake()

    def serving(self) -> bool:
        """Whether this is the stream's own thread."""
        return threading.get_ident() == self._thread.ident

    def wait_for(self, changed: threading.Condition, holds: Callable[[], bool], timeout: float | None) -> bool:
        """Wait until ``holds()``."""
        if _SLICE_SECONDS is None:
            return changed.wait_for(holds, timeout)
        while not changed.wait_for(holds, _SLICE_SECONDS if timeout is None else min(timeout, _SLICE_SECONDS)):
            if timeout is not None:
                timeout -= _SLICE_SECONDS
                if timeout <= 0:
                    return False
        return True

    def finish(self) -> None:
        """Wait for the thread to end, but not for a callback that does not return."""
        if not self.serving() and self._thread.is_alive():
            self._thread.join(FINISH_SECONDS)


def _run(engine: Engine) -> None:
    engine.denied = core().pcmio_thread_promote(PRIORITY)
    wait, idle = engine.pump.wait, engine.driver.idle
    while engine.serve():
        idle()
        wait(engine.idle_nanos())


def _watch(engine: Engine) -> None:
    if not _engines:
        # Registered anew when the first stream is built, so that this runs before anything registered earlier is undone.
        atexit.unregister(_close_all)
        atexit.register(_close_all)
    _engines.add(engine)


def _close_all() -> None:
    for engine in list(_engines):
        engine.end(EndReason.CLOSED)
        engine.runner.finish()


def _forget_all() -> None:
    for engine in list(_engines):
        engine.abandon()
    _engines.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
