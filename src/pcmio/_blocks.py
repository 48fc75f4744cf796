"""A stream without a callback: the threads of the user's move frames, as many as they like, into or out of its ring.

The ring's Python side belongs to whoever holds the stream's lock.  The stream's own thread never touches the samples:
it takes notes, drains, ends, and wakes those who wait, be it in a thread or in a task of an event loop.  What was
written lies in the core's ring: nothing that Python does can keep it from the device.

What waits is written once, for threads and tasks: a generator that holds the lock while it runs, and yields what it
waits for.
"""

from __future__ import annotations

from pcmio import _core
from pcmio._awaiting import Awaiters, running_loop
from pcmio._engine import Engine
from pcmio._interrupts import uninterrupted
from pcmio._timeouts import Condition, end_of, left_of
from pcmio.errors import OperationInterrupted, OperationTimeout, UnsupportedOperation
from pcmio.events import StreamState

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Generator, Sequence
    from typing import Any, TypeAlias, TypeVar

    from pcmio._awaiting import Loop
    from pcmio._core import CorePump
    from pcmio._driver import Driver
    from pcmio.contract import EventCallback

    T = TypeVar("T")
    #: What is waited for, and how many frames of the ring that takes.
    Wait: TypeAlias = tuple[Callable[[], bool], int]
    Steps: TypeAlias = Generator[Wait, None, T]

#: Frames of the ring are not what is waited for.
NO_FRAMES = 0xFFFFFFFF


class _Told(Condition):
    """Tells tasks as well as threads."""

    def __init__(self, lock: threading.RLock) -> None:
        super().__init__(lock)
        self.awaiters = Awaiters()

    def notify_all(self) -> None:
        super().notify_all()
        self.awaiters.wake()


class RingEngine(Engine):
    """What writers and readers share."""

    def __init__(self, driver: Driver, pump: CorePump, views: Sequence[Any], on_event: EventCallback | None) -> None:
        super().__init__(driver, pump, no_callback, views, on_event)
        self._changed = self._told = _Told(self._lock)
        self._needs: list[int] = []
        self._busy = False  # a call moves frames, and waits perhaps; others come after it
        self._cuts: int = 0  # times that frames were thrown away
        pump.want(NO_FRAMES)

    def abandon(self) -> None:
        """See ``Engine``."""
        super().abandon()
        self._changed = self._told = _Told(self._lock)
        self._busy = False

    # --- waiting -----------------------------------------------------------------------------------------------------

    @uninterrupted
    def run(self, steps: Steps[T], timeout: float | None) -> T:
        """Do the steps, in this thread.

        Raises:
            OperationTimeout: ``timeout`` seconds have passed; the steps know of it.
        """
        end = end_of(timeout)
        with self._lock:
            try:
                while True:
                    holds, frames = next(steps)
                    if not holds() and not self._await(holds, frames, end):
                        steps.throw(OperationTimeout(f"{timeout} seconds have passed"))
            except StopIteration as done:
                result: T = done.value
                return result
            finally:
                steps.close()

    def _await(self, holds: Callable[[], bool], frames: int, end: float | None) -> bool:
        self._check_may_wait()
        self._need(frames)
        try:
            return self.runner.wait_for(self._changed, holds, left_of(end))
        finally:
            self._need_no_more(frames)

    async def run_async(self, steps: Steps[T]) -> T:
        """Do the steps, in this task; where it is cancelled, they know of it as of any error."""
        loop = running_loop()
        try:
            await loop.checkpoint()
            while True:
                with self._lock:
                    try:
                        holds, frames = next(steps)
                    except StopIteration as done:
                        result: T = done.value
                        return result
                await self._await_async(loop, holds, frames)
        finally:
            with self._lock:
                steps.close()

    async def _await_async(self, loop: Loop, holds: Callable[[], bool], frames: int) -> None:
        while True:
            with self._lock:
                if holds():
                    return
                self._check_may_wait()
                told = self._told
                waiter = told.awaiters.enlist(loop)
                self._need(frames)
            try:
                await waiter.wait()
            finally:
                with self._lock:
                    self._need_no_more(frames)
                    told.awaiters.leave(waiter)

    def _need(self, frames: int) -> None:
        self._needs.append(frames)
        self.pump.want(min(self._needs))

    def _need_no_more(self, frames: int) -> None:
        self._needs.remove(frames)
        self.pump.want(min(self._needs, default=NO_FRAMES))

    def _check_may_wait(self) -> None:
        if self.runner.serving():
            raise UnsupportedOperation(
                "an event callback cannot wait for its own stream: it runs on the thread that would end the waiting",
                advice="hand the work to another thread",
            )

    def _in_turn(self, steps: Steps[T]) -> Steps[T]:
        """One call after the other, so that the frames of two are not mixed."""
        while self._busy:
            yield self._is_free, NO_FRAMES
        self._busy = True
        try:
            return (yield from steps)
        finally:
            self._busy = False
            self._changed.notify_all()

    def _is_free(self) -> bool:
        return not self._busy

    def _check_uncut(self, cuts: int) -> None:
        self._check_open()
        if self._cuts != cuts:
            raise OperationInterrupted("clear() or stop() has thrown the frames away meanwhile")

    # --- where a callback would be -----------------------------------------------------------------------------------

    def _begin(self) -> int:
        return self.pump.begin(calling=False) | _core.TURN_BLOCK

    def _call(self, *, begun: bool) -> None:
        del begun
        with self._lock:
            self._changed.notify_all()

    def _prepare(self) -> None:
        if not self._is_output:
            super()._prepare()
        self._reset_due = False  # the ring was emptied there and then; what is in it was written since

    def _halt(self) -> None:
        try:
            super()._halt()
        finally:
            self._empty()

    def _empty(self) -> None:
        """Throw away what the ring has; the pump is idle."""
        self._reset_due = False
        self.pump.settle()
        self.pump.reset()

    def ended_with_error(self) -> bool:
        """Whether it has ended, and not because somebody wanted that."""
        return self._end_error is not None

    def _is_over(self) -> bool:
        return self.state is StreamState.CLOSED


def no_callback(*_: object) -> None:
    """There is no callback."""
