"""Streams that were started and run by themselves until they end, and those who wait for that."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from functools import partial

from pcmio._awaiting import Awaiters, running_loop
from pcmio._interrupts import to_its_end, uninterrupted
from pcmio._log import logger
from pcmio._timeouts import Condition, wait_for
from pcmio.events import StreamEnded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio.contract import EventCallback, Stream
    from pcmio.events import StreamEvent

#: They go on when nobody keeps what tells of them.
_going: set[Job] = set()


class Job:
    """One or more streams that make one sound or one recording: the end of the last is the end of it."""

    def __init__(self, opened: ExitStack, on_end: Callable[[Stream, StreamEnded], None] | None = None) -> None:
        """Nothing runs yet.

        Args:
            opened: The hosts that it needs.  They are the caller's to close until it starts, and then its own.
            on_end: Called for each stream that ends, on its thread.
        """
        self._opened = opened
        self._hosts = ExitStack()
        self._on_end = on_end
        self._streams: list[Stream] = []
        self._left = 0
        self._ending = False  # somebody closes them all
        self._changed = Condition()
        self._awaiters = Awaiters()
        self._over = False
        self._error: BaseException | None = None

    def add(self, build: Callable[[EventCallback], Stream]) -> Stream:
        """Build a stream that is started with the others; its event callback is given to ``build``.

        Raises:
            What ``build`` raises; then all is closed.
        """
        try:
            stream = build(partial(self._told, len(self._streams)))
        except BaseException:
            self.stop()
            raise
        self._streams.append(stream)
        self._left += 1
        return stream

    def start(self) -> None:
        """Start the streams, the last that was added first.

        Raises:
            What ``Stream.start`` raises; then all is closed.
        """
        self._hosts = self._opened.pop_all()
        _going.add(self)
        try:
            for stream in reversed(self._streams):
                stream.start()
        except BaseException:
            self.stop()
            _going.discard(self)  # also where a stream had ended, and told so, before it was started
            raise

    @to_its_end
    def stop(self) -> None:
        """End at once; returns when it is over."""
        self._ending = True
        for stream in self._streams:
            with suppress(Exception):  # its error was told with its end, and is kept for whoever waits
                stream.close()
        self._hosts.close()

    def end_others(self, ended: Stream) -> None:
        """One has ended, and what the others do is of no use without it."""
        with self._changed:
            # A stream that is closed is waited for: of two whose threads close each other, each would wait in vain.
            if self._ending:
                return
            self._ending = True
        for stream in self._streams:
            if stream is not ended:
                with suppress(Exception):
                    stream.close()

    @uninterrupted
    def wait(self, timeout: float | None) -> bool:
        """Wait until it is over; False when ``timeout`` seconds passed before.

        Raises:
            The first error that ended one of the streams.
        """
        with self._changed:
            over = wait_for(self._changed, lambda: self._over, timeout)
        if over:
            self._raise()
        return over

    async def join(self) -> None:
        """``wait``, in a task."""
        loop = running_loop()
        await loop.checkpoint()
        while True:
            with self._changed:
                if self._over:
                    break
                waiter = self._awaiters.enlist(loop)
            try:
                await waiter.wait()
            finally:
                with self._changed:
                    self._awaiters.leave(waiter)
        self._raise()

    @property
    def over(self) -> bool:
        """Whether every stream has ended."""
        return self._over

    @property
    def xruns(self) -> int:
        """Times that frames were lost, in all streams."""
        return sum(stream.stats.xruns for stream in self._streams)

    def _told(self, index: int, event: StreamEvent) -> None:
        if not isinstance(event, StreamEnded):
            return
        if self._on_end is not None:
            self._on_end(self._streams[index], event)
        with self._changed:
            self._error = self._error or event.error
            self._left -= 1
            last = not self._left
        if last:
            self._finish()

    def _finish(self) -> None:
        try:
            self._hosts.close()
        except Exception:  # noqa: BLE001 - all was heard: there is nothing that whoever waits would do about it
            logger().exception("closing a host failed")
        with self._changed:
            self._over = True
            self._changed.notify_all()
            self._awaiters.wake()
        _going.discard(self)

    def _raise(self) -> None:
        if self._error is None:
            return
        for stream in self._streams:
            with suppress(Exception):  # told here and now: it is not to be logged as one that nobody asked for
                stream.wait(0)
        raise self._error

    def abandon(self) -> None:
        """In a forked child: its streams are the parent's, and their threads do not exist there."""
        self._changed = Condition()
        self._awaiters.clear()
        self._over = True


def _forget_all() -> None:
    for job in list(_going):
        job.abandon()
    _going.clear()


_register_at_fork: Callable[..., None] | None = getattr(os, "register_at_fork", None)  # Windows has no fork
if _register_at_fork is not None:
    _register_at_fork(after_in_child=_forget_all)
