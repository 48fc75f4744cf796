"""The connection for sound, shared by all streams of a host.

Its loop has a thread of its own, and the context a data thread for the samples; on both only the core's callbacks run.
Python speaks to them through the core, which takes the loop's lock for microseconds; whoever waits for a state waits
for the core to post it, in slices, so that timeouts and Ctrl-C work.
"""

from __future__ import annotations

import os
import time

from pcmio._core import Wakeup
from pcmio._served import Guest, SharedConnection
from pcmio.errors import ResourceExhausted
from pcmio.hosts.pipewire import abi, errors
from pcmio.hosts.pipewire.library import connect, libraries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from pcmio.errors import AudioError
    from pcmio.hosts.pipewire.options import HostOptions
else:
    Protocol = object

#: What a stream leaves behind in the server is waited for no longer.
_FAREWELL_SECONDS = 0.5


class GraphGuest(Guest, Protocol):
    """A stream that is a node in the graph."""

    @property
    def node_id(self) -> int | None:
        """Of its node in the graph."""


class AudioConnection(SharedConnection[GraphGuest]):
    """One connection to a server.

    Raises:
        HostUnavailable, PermissionDenied: No server, or it lets nobody in.
    """

    def __init__(self, options: HostOptions) -> None:
        super().__init__()
        self.options = options
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
        loop = self.libraries.thread_loop(b"pcmio-pipewire")
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

    def _is_ready(self) -> bool:
        return self._condition() == abi.PIPEWIRE_READY

    def _closed(self) -> AudioError:
        return errors.closed()

    def _free_native(self, native: int) -> None:
        self._core.pcmio_pipewire_connection_free(native)

    def node_ids(self) -> set[int]:
        """Of its streams' nodes."""
        with self._lock:
            return {id_ for guest in self._guests if (id_ := guest.node_id) is not None}

    def settle(self) -> None:
        """Return when the server has dealt with all that it was told, and all that it told before has arrived."""
        with self._lock:
            self._settle()

    def _left(self) -> None:
        self._settle()  # so that the server has heard of it, and given back its memory

    def _settle(self) -> None:
        if self._native is None or self.inherited or not self._is_ready():
            return
        asked = self._core.pcmio_pipewire_connection_ask(self._native)
        deadline = time.monotonic() + _FAREWELL_SECONDS
        while not self._answered(asked) and time.monotonic() < deadline:
            self._wakeup.wait_slice()

    def _answered(self, asked: int) -> bool:
        return not self._is_ready() or self._core.pcmio_pipewire_connection_answered(self._native) >= asked
