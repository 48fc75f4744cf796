"""Noticing that a file, or a server's socket, has come to be, without looking for it again and again.

Linux tells (inotify); elsewhere nobody does, and ``wait`` ends only when its time has passed.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from struct import Struct

from pcmio._log import logger
from pcmio._native import Int, Library, Str, UInt, native, quick
from pcmio.errors import HostUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, ClassVar

# sys/inotify.h
_IN_ATTRIB = 0x4
_IN_MOVED_FROM = 0x40
_IN_MOVED_TO = 0x80
_IN_CREATE = 0x100
_IN_DELETE = 0x200
_IN_DELETE_SELF = 0x400
_IN_MOVE_SELF = 0x800
_IN_Q_OVERFLOW = 0x4000
_IN_IGNORED = 0x8000
_IN_ONLYDIR = 0x1000000
_CHANGES = _IN_ATTRIB | _IN_MOVED_FROM | _IN_MOVED_TO | _IN_CREATE | _IN_DELETE | _IN_DELETE_SELF | _IN_MOVE_SELF
_OF_THE_DIRECTORY = _IN_DELETE_SELF | _IN_MOVE_SELF | _IN_IGNORED | _IN_Q_OVERFLOW
_FLAGS: int = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)  # IN_NONBLOCK, IN_CLOEXEC
_EVENT = Struct("=iIII")
_READ_BYTES = 4096  # of events at a time: one has up to 272


class _Inotify(Library):
    """The C library, as far as it tells of files."""

    names: ClassVar = {"linux": ("libc.so.6", "libc.so.7", "libc.so")}

    @native
    def inotify_init1(self, flags: Int, /) -> Int: ...
    @quick
    def inotify_add_watch(self, fd: Int, pathname: Str, mask: UInt, /) -> Int: ...


_ANY = ""  # a name that stands for all


class Waker:
    """Ends a thread's sleep on a descriptor.

    Raises:
        OSError: No descriptors left.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reader, self._writer = os.pipe()

    def sleep(self, descriptor: int, timeout: float | None = None) -> bool:
        """Wait until ``descriptor`` can be read; False when ``timeout`` seconds passed before, and after ``wake``."""
        import select

        calls: Any = select  # Windows has no poll; nothing there has descriptors to sleep on
        poll = calls.poll()
        poll.register(descriptor, calls.POLLIN)
        poll.register(self._reader, calls.POLLIN)
        ready = [one for one, _ in poll.poll(None if timeout is None else timeout * 1000)]
        return bool(ready) and self._reader not in ready

    def wake(self) -> None:
        """End every sleep, the present one and all that follow; from any thread."""
        with self._lock:
            if self._writer >= 0:
                os.write(self._writer, b"\0")

    def close(self) -> None:
        """Give the descriptors back; nobody may be asleep."""
        with self._lock:
            descriptors = (self._reader, self._writer)
            self._reader = self._writer = -1
        for descriptor in descriptors:
            if descriptor >= 0:
                os.close(descriptor)

    def __del__(self, leaving: Callable[[], bool] = sys.is_finalizing) -> None:
        if not leaving():
            self.close()


class Arrival:
    """Waits for any of some paths to come, or to change.

    Args:
        paths: Of files; their directories may not be there yet either.  One that ends with a slash is a directory all
            of whose entries count.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = [path for path in paths if path.startswith("/")]
        self._wanted: dict[int, set[str]] = {}  # names by inotify's number of their directory
        self._woken = threading.Event()  # what ends a wait where nothing tells
        self._inotify = -1
        self._waker: Waker | None = None
        self.tells = False
        self.is_possible = False  # on this system; what tells may be used up
        self._open()

    def _open(self) -> None:
        if not self._paths:
            return
        try:
            self._calls = _Inotify()
            self._inotify = self._calls.inotify_init1(_FLAGS)
            self.is_possible = True
        except HostUnavailable as error:  # no C library of that name, or one without inotify
            logger().debug("nothing tells of new files here: %s", error)
        if self._inotify < 0:
            return
        try:
            self._waker = Waker()
        except OSError:
            self.close()
            return
        self.tells = self._arm()

    def _arm(self) -> bool:
        """Look at what there is of each path; whether something tells of every one."""
        self._wanted.clear()
        armed = [self._watch(path) for path in self._paths]
        return all(armed)

    def _watch(self, path: str) -> bool:
        reached = self._watch_nearest(path)
        # A folder that came just before its parent was watched is told by nobody.
        while reached is not None and (now := self._watch_nearest(path)) != reached:
            reached = now
        return reached is not None

    def _watch_nearest(self, path: str) -> str | None:
        """Watch the nearest directory that is there, and return it."""
        directory, _, name = path.rpartition("/")
        mask = _CHANGES | _IN_ONLYDIR
        while (number := self._calls.inotify_add_watch(self._inotify, os.fsencode(directory or "/"), mask)) < 0:
            if not directory:
                return None
            directory, _, name = directory.rpartition("/")  # what is not there yet has to come first
        self._wanted.setdefault(number, set()).add(name or _ANY)
        return directory

    def wait(self, timeout: float | None) -> bool:
        """Wait until a path may have come; False when ``timeout`` seconds passed before, or after ``wake``."""
        if not self.tells or self._waker is None:
            self._woken.wait(timeout)
            return False
        end = None if timeout is None else time.monotonic() + timeout
        while self._waker.sleep(self._inotify, None if end is None else max(0.0, end - time.monotonic())):
            if self._has_news():
                self.tells = self._arm()
                return True
        return False

    def _has_news(self) -> bool:
        """Read what the system has told; other files in the same directories do not count."""
        news = False
        try:
            told = os.read(self._inotify, _READ_BYTES)
        except BlockingIOError:
            return False
        at = 0
        while at < len(told):
            number, mask, _, length = _EVENT.unpack_from(told, at)
            at += _EVENT.size
            name = os.fsdecode(told[at : at + length].rstrip(b"\0"))
            at += length
            wanted = self._wanted.get(number, ())
            news = news or bool(mask & _OF_THE_DIRECTORY) or name in wanted or _ANY in wanted
        return news

    def wake(self) -> None:
        """End every wait, the present one and all that follow; from any thread."""
        self._woken.set()
        if self._waker is not None:
            self._waker.wake()

    def close(self) -> None:
        """Give the descriptors back; nobody may be waiting."""
        self.tells = False
        if self._waker is not None:
            self._waker.close()
        descriptor, self._inotify = self._inotify, -1
        if descriptor >= 0:
            os.close(descriptor)
