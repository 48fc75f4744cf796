"""The connection for sound, shared by all streams of a host.

Its main loop has a thread of its own, on which only the core's callbacks run.  Python speaks to it through the core,
which takes the loop's lock for microseconds; whoever waits for a state waits for the core to post it, in slices, so
that timeouts and Ctrl-C work.
"""

from __future__ import annotations

import os

from pcmio._core import Wakeup
from pcmio._realtime import NEVER, SharedThread
from pcmio._served import Guest, SharedConnection
from pcmio.errors import ResourceExhausted
from pcmio.hosts.pulseaudio import abi, errors
from pcmio.hosts.pulseaudio.library import libraries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pcmio.errors import AudioError
    from pcmio.hosts.pulseaudio.options import HostOptions

#: Above the streams' Python threads, which wait for it.
_PRIORITY = 20


class AudioConnection(SharedConnection[Guest]):
    """One connection to a server.

    Raises:
        HostUnavailable, PermissionDenied: No server, or it lets nobody in.
    """

    def __init__(self, options: HostOptions) -> None:
        super().__init__()
        self.options = options
        self.thread = SharedThread(_PRIORITY)
        self.libraries = libraries()
        self.libraries.claim()
        self._core = self.libraries.core
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
        server = None if options.server is None else os.fsencode(options.server)
        code = self._core.pcmio_pulse_connection_open(
            self._native, server, abi.PA_CONTEXT_NOAUTOSPAWN, options.name.encode(), proplist
        )
        self.libraries.pulse.pa_proplist_free(proplist)
        if code == abi.PA_ERR_INTERNAL:  # nothing was asked of a server yet
            raise errors.exhausted("pa_threaded_mainloop_new")
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

    def _is_ready(self) -> bool:
        return self._state() == abi.PA_CONTEXT_READY

    def _closed(self) -> AudioError:
        return errors.disconnected(abi.PA_ERR_CONNECTIONTERMINATED)

    def _free_native(self, native: int) -> None:
        self.thread.ends()
        self._core.pcmio_pulse_connection_free(native)
