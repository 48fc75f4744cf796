"""Tasks that wait for what another thread brings about: without a thread, and without polling.

Of any asyncio loop, or of trio; anyio's are tasks of one of the two.  trio is used if the program does: nothing of it
is imported here.  (anyio's own way into a loop from a thread waits for the loop, which whoever holds a lock must not.)
"""

from __future__ import annotations

import sys

from pcmio._log import logger

TYPE_CHECKING = False
if not TYPE_CHECKING:
    Protocol = object
else:
    from typing import Protocol
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from typing import Any


class Waiter(Protocol):
    """One task's waiting."""

    async def wait(self) -> None:
        """Return when it was woken."""

    def wake(self) -> None:
        """Have it return; from any thread, without waiting."""


class Loop(Protocol):
    """What the calling task runs in."""

    def waiter(self) -> Waiter:
        """For one ``wait``."""
        ...

    async def checkpoint(self) -> None:
        """Let other tasks have their turn, and this one be cancelled, where that is the custom in every call."""


def running_loop() -> Loop:
    """That of the calling task.

    Raises:
        RuntimeError: No task is calling.
    """
    lowlevel: Any = getattr(sys.modules.get("trio"), "lowlevel", None)
    if lowlevel is not None:
        try:
            lowlevel.current_task()
        except RuntimeError:  # a task of asyncio's, in a program that has both
            pass
        else:
            return _Trio()
    from asyncio import get_running_loop

    return _Asyncio(get_running_loop())


class Awaiters:
    """Who waits.  Every call is made under one lock of the owner's."""

    def __init__(self) -> None:
        self._waiters: list[Waiter] = []

    def enlist(self, loop: Loop) -> Waiter:
        """What will be woken at the next ``wake``."""
        waiter = loop.waiter()
        self._waiters.append(waiter)
        return waiter

    def leave(self, waiter: Waiter) -> None:
        """Whoever waited does not any more."""
        self._waiters = [other for other in self._waiters if other is not waiter]

    def wake(self) -> None:
        """Have them all look; from any thread."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.wake()

    def clear(self) -> None:
        """Forget them."""
        self._waiters = []


def _too_late() -> None:
    logger().debug("something was waited for in an event loop that has been closed")


# --- asyncio ----------------------------------------------------------------------------------------------------------


class _Asyncio:
    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop

    def waiter(self) -> Waiter:
        return _Promise(self._loop)

    async def checkpoint(self) -> None:
        """Nobody expects that there."""


class _Promise:
    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._future = loop.create_future()

    async def wait(self) -> None:
        await self._future

    def wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(_finish, self._future)
        except RuntimeError:  # the loop is closed, and with it whoever waited there
            _too_late()


def _finish(future: Future[None]) -> None:
    if not future.done():
        future.set_result(None)


# --- trio -------------------------------------------------------------------------------------------------------------


class _Trio:
    def waiter(self) -> Waiter:
        return _Bell(sys.modules["trio"])

    async def checkpoint(self) -> None:
        trio: Any = sys.modules["trio"]
        await trio.lowlevel.checkpoint()


class _Bell:
    def __init__(self, trio: Any) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._event = trio.Event()
        self._over: type[Exception] = trio.RunFinishedError

    async def wait(self) -> None:
        await self._event.wait()

    def wake(self) -> None:
        try:
            self._token.run_sync_soon(self._event.set)
        except self._over:
            _too_late()
