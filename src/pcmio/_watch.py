"""What all hosts share for ``host.watch()``: a queue of events, what is taken from it, and who puts them there.

A host says what there is, as a ``View``; a ``Feed`` compares it with the one before and queues what is different.  A
host whose changes happen in this process calls ``Watches.changed``.  One with a system to ask writes a ``Source``: a
connection of its own, which one thread for each watch opens, asks, and waits for.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import warnings
import weakref
from abc import ABC, abstractmethod

from pcmio._arrival import Arrival
from pcmio._awaiting import running_loop
from pcmio._feed import Feed, Sighting, View, feeds, view_of
from pcmio._interrupts import to_its_end, uninterrupted
from pcmio._value import listed
from pcmio.contract import Watch
from pcmio.errors import AudioError, HostUnavailable, ResourceExhausted, UnsupportedOperation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pcmio.contract import Host, HostEventCallback
    from pcmio.events import HostEvent

__all__ = ["Feed", "QueueWatch", "Sighting", "Source", "View", "Watches", "view_of"]

#: Where nothing tells that a server is back (it is on another machine, this is no Linux), it is looked for so often.
RETRY_SECONDS = 5.0
#: A socket is there a moment before its server answers: attempts after it came, and after a server was lost.
_ATTEMPTS_SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


# --- systems that have to be asked ------------------------------------------------------------------------------------


class Source(ABC):
    """A connection to an audio system, for one watch.  All calls but ``wake`` come from the watch's own thread."""

    @abstractmethod
    def open(self) -> None:
        """Connect, and have the system tell of changes from now on.

        Raises:
            AudioError: It does not answer.  Nothing is left behind; ``open`` may be called again.
        """

    @abstractmethod
    def look(self) -> View:
        """What there is now.

        Raises:
            AudioError: The system has gone.
        """

    @abstractmethod
    def wait(self) -> None:
        """Return when something may have changed since the last look began, or after ``wake``.

        Raises:
            AudioError: The system has gone.
        """

    @abstractmethod
    def wake(self) -> None:
        """The watch ends: have ``wait``, and a slow ``open``, return soon.  From any thread; repeatable."""

    @abstractmethod
    def shut(self) -> None:
        """Disconnect; harmless when not connected, or when the system is dead."""

    def paths(self) -> list[str]:
        """Files or sockets, one of which will be new when the system is back; empty: nothing tells."""
        return []


class _Asker:
    """The thread of a watch that has a source."""

    def __init__(self, feed: Feed, source: Source) -> None:
        self._feed = feed
        self._source = source
        self._lock = threading.RLock()
        self._arrival: Arrival | None = None

    def stop(self) -> None:
        """Have the thread end soon."""
        self._source.wake()
        with self._lock:
            if self._arrival is not None:
                self._arrival.wake()

    def run(self) -> None:
        """Ask and tell until the watch is closed."""
        feed = self._feed
        try:
            while not feed.closed:
                self._follow()
        except Exception as error:  # noqa: BLE001 - a host's bug must not silence the thread that would tell of it
            feed.fail(error)
        finally:
            feed.close()

    def _follow(self) -> None:
        """From a server's coming to its going."""
        try:
            if self._open():
                self._feed.deliver()
                while not self._feed.closed:
                    self._source.wait()
                    if not self._feed.closed:
                        self._feed.see(self._source.look())
                        self._feed.deliver()
        except AudioError as error:
            if not self._feed.closed:
                self._lose(error)
        finally:
            self._source.shut()

    def _lose(self, error: AudioError) -> None:
        self._feed.lose(error)
        self._feed.deliver()

    def _begin(self) -> None:
        """Connect, and have a first look: a server whose answer is of no use is one that is not there."""
        self._source.open()
        try:
            self._feed.see(self._source.look())
        except BaseException:
            self._source.shut()
            raise

    def _open(self) -> bool:
        """Connect, as soon as there is a server; False when the watch was closed meanwhile."""
        try:
            self._begin()
        except AudioError as error:
            self._lose(error)
        else:
            return True
        arrival = Arrival(self._source.paths())
        with self._lock:
            self._arrival = arrival
        try:
            return self._await(arrival)
        finally:
            with self._lock:
                self._arrival = None
            arrival.close()

    def _await(self, arrival: Arrival) -> bool:
        attempts = iter(_ATTEMPTS_SECONDS)
        while not self._feed.closed:
            try:
                self._begin()
            except AudioError as error:
                # A server that is there and hangs does not come anew.
                told = arrival.tells and isinstance(error, HostUnavailable)
                if arrival.wait(next(attempts, None if told else RETRY_SECONDS)):
                    attempts = iter(_ATTEMPTS_SECONDS)
            else:
                return True
        return False


# --- watches ----------------------------------------------------------------------------------------------------------


class QueueWatch(Watch):
    """The watch that every host's users get.

    Args:
        feed: Its queue.
        run: What its thread does until the feed is closed; None: it needs none.
        name: Of the thread.
    """

    def __init__(self, feed: Feed, run: Callable[[], object] | None, name: str) -> None:
        self._feed = feed
        if run is None:
            return
        thread = threading.Thread(target=run, name=f"pcmio watch {name}", daemon=True)
        try:
            thread.start()
            feed.thread = thread
        except RuntimeError as error:
            feed.close()
            raise ResourceExhausted(f"no thread to watch devices: {error}") from error

    @property
    def closed(self) -> bool:
        return self._feed.closed

    @uninterrupted
    def get(self, timeout: float | None = None) -> HostEvent | None:
        self._check_takes()
        return self._feed.get(timeout)

    async def __anext__(self) -> HostEvent:
        self._check_takes()
        loop = running_loop()
        await loop.checkpoint()
        while True:
            event, waiter = self._feed.take_or_enlist(loop)
            if event is not None:
                return event
            if waiter is None:
                raise StopAsyncIteration
            try:
                await waiter.wait()
            finally:
                self._feed.leave(waiter)

    def _check_takes(self) -> None:
        if self._feed.on_event is not None:
            raise UnsupportedOperation("the events of this watch go to its callback", advice="watch without on_event")

    @to_its_end
    def close(self) -> None:
        self._feed.close()
        self._feed.finish()
        if self._feed.thread is not threading.current_thread():
            self._feed.raise_once()

    def __del__(self, leaving: Callable[[], bool] = sys.is_finalizing) -> None:
        feed: Feed | None = vars(self).get("_feed")
        if feed is None or leaving():
            return
        if feed.closed:
            feed.log_undelivered()
            return
        feed.close()
        warnings.warn("a watch was dropped without close()", ResourceWarning, source=self, stacklevel=2)

    def __repr__(self) -> str:
        return f"<pcmio watch, {'closed' if self.closed else 'open'}>"


class Watches:
    """The watches of one host.

    Args:
        host: Whose they are.
        look: What there is now; None: what the host's own ``devices`` and defaults say.
    """

    def __init__(self, host: Host, look: Callable[[], View] | None = None) -> None:
        self._name = host.id
        self._look = look if look is not None else lambda: view_of(host)
        self._lock = threading.RLock()  # one look at a time, told in its order
        self._feeds: weakref.WeakSet[Feed] = weakref.WeakSet()
        self._lost: AudioError | None = None
        _watches.add(self)

    def open(self, on_event: HostEventCallback | None) -> Watch:
        """A watch that ``changed``, ``lost`` and ``back`` tell."""
        feed = Feed(on_event)
        with self._lock:
            self._tell(feed)
            self._feeds.add(feed)
        return QueueWatch(feed, None if on_event is None else lambda: _deliver(feed), self._name)

    def ask(self, on_event: HostEventCallback | None, source: Source) -> Watch:
        """A watch with a thread that asks a source."""
        feed = Feed(on_event)
        asker = _Asker(feed, source)
        feed.stop = asker.stop
        watch = QueueWatch(feed, asker.run, self._name)
        with self._lock:
            self._feeds.add(feed)
        try:
            feed.wait_until_begun()
        except BaseException:  # Ctrl-C
            feed.close()
            raise
        return watch

    def changed(self) -> None:
        """Something may have come, gone or changed: the watches are told what.

        Not to be called while a lock is held that the host takes to list its devices.
        """
        with self._lock:
            for feed in list(self._feeds):
                self._tell(feed)

    def lost(self, error: AudioError) -> None:
        """What serves the devices is gone; ``changed`` tells nothing until it is back."""
        with self._lock:
            self._lost = error
            self.changed()

    def back(self) -> None:
        """It is there again."""
        with self._lock:
            self._lost = None
            self.changed()

    def _tell(self, feed: Feed) -> None:
        lost = self._lost
        if lost is None:
            try:
                feed.see(self._look())
            except AudioError as error:  # nobody has said so yet, or there has been no server from the beginning
                lost = error
        if lost is not None:
            feed.lose(lost)

    def close(self) -> None:
        """End them all: the host is closed."""
        for feed in listed(self._feeds):
            feed.close()

    def abandon(self) -> None:
        """In a forked child: a thread that held the lock does not exist there."""
        self._lock = threading.RLock()
        self._feeds = weakref.WeakSet()


def _deliver(feed: Feed) -> None:
    while feed.wait():
        feed.deliver()


# --- the end of the program -------------------------------------------------------------------------------------------

_watches: weakref.WeakSet[Watches] = weakref.WeakSet()


def _close_all() -> None:
    for feed in listed(feeds):
        feed.close()
        feed.finish()
        feed.log_undelivered("the program ends with a watch")


def _forget_all() -> None:
    for feed in list(feeds):
        feed.abandon()
    for watches in list(_watches):
        watches.abandon()
    feeds.clear()


atexit.register(_close_all)
_register_at_fork: Any = getattr(os, "register_at_fork", None)  # Windows has no fork
if _register_at_fork is not None:
    _register_at_fork(after_in_child=_forget_all)
