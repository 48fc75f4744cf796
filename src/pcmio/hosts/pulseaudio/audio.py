"""The connection for sound, shared by all streams of a host.

Its main loop has a thread of its own, on which only the core's callbacks run.  Python speaks to it through the core,
which takes the loop's lock for microseconds; whoever waits for a state waits for the core to post it, in slices, so
that timeouts and Ctrl-C work.
"""

from __future__ import annotations

import os
import sys
import threading

from pcmio._core import Wakeup
from pcmio._realtime import NEVER, SharedThread
from pcmio.errors import ResourceExhausted
from pcmio.hosts.pulseaudio import abi, errors
from pcmio.hosts.pulseaudio.library import libraries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from pcmio.hosts.pulseaudio.options import HostOptions
else:
    Protocol = object

#: Above the streams' Python threads, which wait for it.
_PRIORITY = 20


class Guest(Protocol):
    """A stream on a connection."""

    def cut(self) -> None:
        """Give up what is native, and have the stream end: the connection is being closed."""


class AudioConnection:
    """One connection, from its making to the end; a host makes another when this one is lost.

    Raises:
        HostUnavailable, PermissionDenied: No server, or it lets nobody in.
    """

    def __init__(self, options: HostOptions) -> None:
        self._native: int | None = None
        self.options = options
        self.thread = SharedThread(_PRIORITY)
        self.libraries = libraries()
        self.libraries.claim()
        self._lock = threading.Lock()
        self._core = self.libraries.core
        self._owner = os.getpid()
        self._guests: set[Guest] = set()
        self._retired = False
        self._wakeup = Wakeup()
        self._native = self._core.pcmio_pulse_connection_new(self.libraries.api, self._wakeup.address)
        if self._native is None:
            raise ResourceExhausted("no memory for a connection", call="pcmio_pulse_connection_new")
        try:
            self._open()
        except BaseException:
            self._free()
            raise

    def _open(self) -> None:
        options = self.options
        proplist = self.libraries.proplist(options)
        server = None if options.server is None else options.server.encode()
        code = self._core.pcmio_pulse_connection_open(
            self._native, server, abi.PA_CONTEXT_NOAUTOSPAWN, options.name.encode(), proplist
        )
        self.libraries.pulse.pa_proplist_free(proplist)
        if code != 0:
            raise errors.from_connection(options.where, code)
        over = (abi.PA_CONTEXT_READY, abi.PA_CONTEXT_FAILED, abi.PA_CONTEXT_TERMINATED)
        self._wakeup.wait_until(
            lambda: self._state() in over, options.timeout, lambda: errors.no_answer(options.where, options.timeout)
        )
        if self._state() != abi.PA_CONTEXT_READY:
            raise errors.from_connection(options.where, self._core.pcmio_pulse_connection_error(self._native))
        self.thread.began(self._core.pcmio_pulse_connection_thread(self._native), 0, NEVER)

    def _state(self) -> int:
        return self._core.pcmio_pulse_connection_state(self._native)

    @property
    def usable(self) -> bool:
        """Whether new streams can be made on it."""
        with self._lock:
            return self._native is not None and self._owner == os.getpid() and self._state() == abi.PA_CONTEXT_READY

    @property
    def inherited(self) -> bool:
        """Whether this is a forked child's copy, whose loop has no thread."""
        return self._owner != os.getpid()

    def join(self, guest: Guest) -> int | None:
        """Let a stream in; the address that the core knows the connection by, valid until the stream leaves.

        Raises:
            HostDisconnected: The connection is closed.
        """
        with self._lock:
            if self._native is None:
                raise errors.disconnected(abi.PA_ERR_CONNECTIONTERMINATED)
            self._guests.add(guest)
            return self._native

    def leave(self, guest: Guest) -> None:
        """A stream has given up what was native."""
        with self._lock:
            self._guests.discard(guest)
            if self._retired and not self._guests:
                self._free()

    def retire(self) -> None:
        """It is lost, and replaced: it goes with its last stream."""
        with self._lock:
            self._retired = True
            if not self._guests:
                self._free()

    def close(self) -> None:
        """Disconnect; its streams end."""
        with self._lock:
            guests, self._guests = self._guests, set()
            for guest in guests:
                guest.cut()
            self._free()

    def _free(self) -> None:
        native, self._native = self._native, None
        # A loop without its thread may be locked for ever, and would be waited for without end.
        if native is not None and not self.inherited:
            self.thread.ends()
            self._core.pcmio_pulse_connection_free(native)

    def __del__(self, leaving: Callable[[], bool] = sys.is_finalizing) -> None:
        if not leaving():
            self._free()
