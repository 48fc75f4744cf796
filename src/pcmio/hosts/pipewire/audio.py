"""The connection for sound, shared by all streams of a host.

Its loop has a thread of its own, and the context a data thread for the samples; on both only the core's callbacks run.
Python speaks to them through the core, which takes the loop's lock for microseconds; whoever waits for a state waits
for the core to post it, in slices, so that timeouts and Ctrl-C work.
"""

from __future__ import annotations

import os
import sys
import threading
import time

from pcmio._core import Wakeup
from pcmio.errors import ResourceExhausted
from pcmio.hosts.pipewire import abi, errors
from pcmio.hosts.pipewire.library import connect, libraries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from pcmio.hosts.pipewire.options import HostOptions
else:
    Protocol = object

#: What a stream leaves behind in the server is waited for no longer.
_FAREWELL_SECONDS = 0.5


class Guest(Protocol):
    """A stream on a connection."""

    @property
    def node_id(self) -> int | None:
        """Of its node in the graph."""

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
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._guests: set[Guest] = set()
        self._retired = False
        descriptor = connect(options)
        try:
            self.libraries = libraries()
            self._core = self.libraries.core
            self._wakeup = Wakeup()
            loop, context = self._make_loop()
        except BaseException:
            os.close(descriptor)
            raise
        self._native = self._core.pcmio_pipewire_connection_new(self.libraries.api, self._wakeup.address)
        if self._native is None:
            os.close(descriptor)
            self._drop_loop(loop, context)
            raise ResourceExhausted("no memory for a connection", call="pcmio_pipewire_connection_new")
        try:
            self._open(loop, context, descriptor)
        except BaseException:
            self._free()
            raise

    def _make_loop(self) -> tuple[int, int]:
        pipewire = self.libraries.pipewire
        loop = pipewire.pw_thread_loop_new(b"pcmio-pipewire", None)
        if loop is None:
            raise ResourceExhausted("no memory for a loop", call="pw_thread_loop_new")
        try:
            return loop, self.libraries.context(pipewire.pw_thread_loop_get_loop(loop), realtime=True)
        except BaseException:
            pipewire.pw_thread_loop_destroy(loop)
            raise

    def _drop_loop(self, loop: int, context: int) -> None:
        self.libraries.pipewire.pw_context_destroy(context)
        self.libraries.pipewire.pw_thread_loop_destroy(loop)

    def _open(self, loop: int, context: int, descriptor: int) -> None:
        properties = self.libraries.program(self.options)
        code = self._core.pcmio_pipewire_connection_open(self._native, loop, context, descriptor, properties)
        if code < 0:
            raise errors.refused(code)
        self._wakeup.wait_until(
            lambda: self._condition() != abi.PIPEWIRE_CONNECTING,
            self.options.timeout,
            lambda: errors.no_answer(self.options.timeout),
        )
        if self._condition() != abi.PIPEWIRE_READY:
            raise errors.refused(-self._core.pcmio_pipewire_connection_error(self._native))

    def _condition(self) -> int:
        return self._core.pcmio_pipewire_connection_condition(self._native)

    @property
    def usable(self) -> bool:
        """Whether new streams can be made on it."""
        with self._lock:
            return self._native is not None and not self.inherited and self._condition() == abi.PIPEWIRE_READY

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
                raise errors.closed()
            self._guests.add(guest)
            return self._native

    def leave(self, guest: Guest) -> None:
        """A stream has given up what was native; return when the server has heard of it, and given back its memory."""
        with self._lock:
            if guest not in self._guests:
                return
            self._guests.discard(guest)
            if self._retired and not self._guests:
                self._free()
                return
            self._settle()

    def node_ids(self) -> set[int]:
        """Of its streams' nodes."""
        with self._lock:
            return {id_ for guest in self._guests if (id_ := guest.node_id) is not None}

    def settle(self) -> None:
        """Return when the server has dealt with all that it was told, and all that it told before has arrived."""
        with self._lock:
            self._settle()

    def _settle(self) -> None:
        if self._native is None or self.inherited or self._condition() != abi.PIPEWIRE_READY:
            return
        asked = self._core.pcmio_pipewire_connection_ask(self._native)
        deadline = time.monotonic() + _FAREWELL_SECONDS
        while not self._answered(asked) and time.monotonic() < deadline:
            self._wakeup.wait_slice()

    def _answered(self, asked: int) -> bool:
        lost = self._condition() != abi.PIPEWIRE_READY
        return lost or self._core.pcmio_pipewire_connection_answered(self._native) >= asked

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
            self._core.pcmio_pipewire_connection_free(native)

    def __del__(self, leaving: Callable[[], bool] = sys.is_finalizing) -> None:
        if not leaving():
            self._free()
