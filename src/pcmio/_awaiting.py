"""Tasks of any event loop that wait for what another thread brings about: without a thread, and without polling."""

from __future__ import annotations

from pcmio._log import logger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future


class Awaiters:
    """Who waits.  Every call is made under one lock of the owner's."""

    def __init__(self) -> None:
        self._waiters: list[tuple[AbstractEventLoop, Future[None]]] = []

    def enlist(self, loop: AbstractEventLoop) -> Future[None]:
        """What will be done at the next ``wake``."""
        future = loop.create_future()
        self._waiters.append((loop, future))
        return future

    def leave(self, future: Future[None]) -> None:
        """Whoever waited does not any more."""
        self._waiters = [waiter for waiter in self._waiters if waiter[1] is not future]

    def wake(self) -> None:
        """Have them all look; from any thread."""
        waiters, self._waiters = self._waiters, []
        for loop, future in waiters:
            _wake(loop, future)

    def clear(self) -> None:
        """Forget them."""
        self._waiters = []


def _wake(loop: AbstractEventLoop, future: Future[None]) -> None:
    try:
        loop.call_soon_threadsafe(_finish, future)
    except RuntimeError:  # the loop is closed, and with it whoever waited there
        logger().debug("something was waited for in an event loop that has been closed")


def _finish(future: Future[None]) -> None:
    if not future.done():
        future.set_result(None)
