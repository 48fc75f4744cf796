"""Who serves a stream where there are threads: one Python thread for each, asleep in one native call.

Streams still open when the interpreter exits are closed before it takes itself apart, and a forked child forgets its
parent's streams without touching them.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref

from pcmio._engine import log_undelivered
from pcmio._realtime import AUTO, OwnThread
from pcmio._timeouts import Condition, wait_for
from pcmio._value import listed
from pcmio.errors import ResourceExhausted
from pcmio.events import EndReason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio._engine import Engine

#: Above everything ordinary, below what servers and their clients' audio threads use: PulseAudio 5, JACK 5 to 10.
PRIORITY = 3
#: A callback that is at work when its stream is closed may finish; close() waits no longer than this for it.
FINISH_SECONDS = 1.0

_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


class Answer:
    """Whether a thread has its priority is known."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._given = False

    def give(self) -> None:
        """It is known from now on."""
        with self._changed:
            self._given = True
            self._changed.notify_all()

    def wait(self) -> None:
        """Return when it is known."""
        with self._changed:
            wait_for(self._changed, lambda: self._given, None)


class ThreadRunner:
    """Serves one engine until it has ended."""

    def __init__(self, engine: Engine, name: str, realtime: str = AUTO) -> None:
        self.kick = engine.pump.wake  # not through the engine: nothing then keeps an ended one alive but its stream
        self._answer = Answer()
        arguments = (engine, realtime, self._answer)
        self._thread = threading.Thread(target=_run, args=arguments, name=name, daemon=True)
        engine.runner = self

    def start(self, engine: Engine) -> None:
        """Have the thread serve; first of all what the native side told while it was opened.

        Raises:
            ResourceExhausted: There is no thread to be had.
        """
        _watch(engine)
        try:
            self._thread.start()
        except RuntimeError as error:
            _engines.discard(engine)
            raise ResourceExhausted(f"no thread to call a stream's callback: {error}") from error

    def serving(self) -> bool:
        """Whether this is the stream's own thread, and not a later one that was given its number."""
        # is_alive() would not do: it says yes of a dead one while somebody joins it (CPython 3.11).
        return threading.get_ident() == self._thread.ident and threading.current_thread() is self._thread

    def wait_for(self, changed: Condition, holds: Callable[[], bool], timeout: float | None) -> bool:
        """Wait until ``holds()``."""
        return wait_for(changed, holds, timeout)

    def wait_for_answer(self) -> None:
        """Return when it is known whether the thread has its priority."""
        self._answer.wait()

    def finish(self) -> None:
        """Wait for the thread to end, but not for a callback that does not return."""
        if not self.serving() and self._thread.is_alive():
            self._thread.join(FINISH_SECONDS)


def _run(engine: Engine, realtime: str, answer: Answer) -> None:
    own = OwnThread(realtime, PRIORITY)
    try:
        refusal = own.settle(engine.pump.enter(own.priority))
        engine.denied, engine.denied_reason = refusal.code, refusal.reason
        if own.borrows:
            engine.pump.lend()
        answer.give()
        _serve(engine, own)
    finally:
        own.ends()
        answer.give()  # also when it never came to that: somebody may wait


def _serve(engine: Engine, own: OwnThread) -> None:
    wait, idle = engine.pump.wait, engine.driver.idle
    while engine.serve():
        try:
            idle()
        except Exception as error:  # noqa: BLE001 - a driver's bug must not silence the thread that would tell of it
            engine.fail(error)
        if own.borrows:
            _look_after(engine, own)
        wait(engine.idle_nanos())


def _look_after(engine: Engine, own: OwnThread) -> None:
    """What rtkit has given may be lost to the guard, or was given up and is wanted again."""
    lost = own.take_loss()
    if lost.code:
        engine.deny(lost.code, lost.reason)
    elif own.take_gift():
        engine.pump.lend()
    elif engine.pump.would_borrow():
        own.ask_again()


def _watch(engine: Engine) -> None:
    if not _engines:
        # Anew when the first stream is built, so that this runs before anything registered earlier is undone.
        atexit.unregister(_close_all)
        atexit.register(_close_all)
    _engines.add(engine)


def _close_all() -> None:
    for engine in listed(_engines):
        engine.end(EndReason.CLOSED)
        engine.runner.finish()
        # A program may close its host, and end: that its streams ended with it is no news then.
        quietly = engine.reason is EndReason.HOST_LOST
        log_undelivered(engine.take_error(), "the program ends with a stream", quietly=quietly)


def _forget_all() -> None:
    for engine in list(_engines):
        engine.abandon()
    _engines.clear()


_register_at_fork: Callable[..., None] | None = getattr(os, "register_at_fork", None)
if _register_at_fork is not None:
    _register_at_fork(after_in_child=_forget_all)
