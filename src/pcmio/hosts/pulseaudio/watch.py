"""What a watch asks: a connection of its own, which the server tells of changes.

Its main loop is iterated by the watch's thread, asleep until the server has something to say.
"""

from __future__ import annotations

import os
import threading

from pcmio._watch import Sighting, Source, View
from pcmio.descriptions import DeviceId
from pcmio.hosts.pulseaudio import abi, errors
from pcmio.hosts.pulseaudio.abi import pa_context_subscribe_cb_t
from pcmio.hosts.pulseaudio.control import Control
from pcmio.hosts.pulseaudio.devices import DEFAULTS, default_of, describe, describe_default, group

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio.hosts.pulseaudio.control import DeviceFacts, ServerFacts
    from pcmio.hosts.pulseaudio.options import HostOptions

_MASK = abi.PA_SUBSCRIPTION_MASK_SINK | abi.PA_SUBSCRIPTION_MASK_SOURCE | abi.PA_SUBSCRIPTION_MASK_SERVER
_SYSTEM_SOCKETS = ("/run/pulse/native", "/var/run/pulse/native")


class _Subscriber(Control):
    """A connection that is told of changes, and not made anew by itself when it is lost."""

    def __init__(self, options: HostOptions) -> None:
        super().__init__(options)
        self.server_address = ""
        self._guard = threading.RLock()  # of the main loop, which another thread has quit
        self._closing = False
        self._subscribed = False
        self._changed = False
        self._callback = pa_context_subscribe_cb_t(self._on_change)

    def _on_change(self, _context: int, _event: int, _index: int, _data: int) -> None:
        self._changed = True

    def _connect(self, deadline: float) -> None:
        if self._subscribed:
            self._require_ready()
            return
        super()._connect(deadline)
        self.server_address = (self._pulse.pa_context_get_server(self._context) or b"").decode("utf-8", "replace")
        self._pulse.pa_context_set_subscribe_callback(self._context, self._callback, None)
        operation = self._pulse.pa_context_subscribe(self._context, _MASK, None, None)
        self._require(operation is not None)
        self._pulse.pa_operation_unref(operation)
        self._subscribed = True

    def _require_ready(self) -> None:
        self._require(self._pulse.pa_context_get_state(self._context) == abi.PA_CONTEXT_READY)

    def _iterate(self, deadline: float, too_late: Callable[[], Exception]) -> None:
        if self._closing:  # a main loop that was told to quit must not be iterated
            raise errors.disconnected(abi.PA_ERR_CONNECTIONTERMINATED)
        super()._iterate(deadline, too_late)

    def _drop(self) -> None:
        with self._guard:
            self._subscribed = False
            super()._drop()

    def look(self) -> tuple[list[DeviceFacts], ServerFacts]:
        """All there is; what changes from now on is told by ``wait``."""
        self._changed = False
        return self.everything()

    def wait(self) -> None:
        """Return when something has changed since ``look``, or after ``quit``."""
        while not self._changed and not self._closing:
            self._require_ready()
            self._libraries.core.pcmio_pulse_iterate(self._libraries.api, self._mainloop, -1)

    def quit(self) -> None:
        """Have ``wait`` return; from any thread."""
        with self._guard:
            self._closing = True
            if self._mainloop is not None:
                self._pulse.pa_mainloop_quit(self._mainloop, 0)


class PulseSource(Source):
    """For ``PulseHost.watch``."""

    def __init__(self, host_id: str, options: HostOptions) -> None:
        self._host_id = host_id
        self._options = options
        self._subscriber = _Subscriber(options)

    def open(self) -> None:
        """Connect and subscribe."""
        self._subscriber.check()

    def look(self) -> View:
        """All sinks and sources, and the defaults."""
        found, server = self._subscriber.look()
        devices = group(found)
        defaults = {name: default_of(name, found, server) for name in DEFAULTS}
        output, input_ = defaults.values()
        return View(
            (
                # Always there, and described in other words when they stand for others.
                *(
                    Sighting(DeviceId(self._host_id, name), describe_default(name, now))
                    for name, now in defaults.items()
                ),
                *(
                    Sighting(DeviceId(self._host_id, name), describe(facts), ",".join(str(one.index) for one in facts))
                    for name, facts in devices.items()
                ),
            ),
            None if output is None else DeviceId(self._host_id, output.name),
            None if input_ is None else DeviceId(self._host_id, input_.name),
        )

    def wait(self) -> None:
        """Sleep until the server tells of a change."""
        self._subscriber.wait()

    def wake(self) -> None:
        """Quit the loop."""
        self._subscriber.quit()

    def shut(self) -> None:
        """Disconnect."""
        self._subscriber.close()

    def paths(self) -> list[str]:
        """The server's socket; none for a server that is reached over the network."""
        return socket_paths(self._options, self._subscriber.server_address)


def socket_paths(options: HostOptions, connected: str) -> list[str]:
    """Where the server will have its socket: as it was told, else where it was before, else where libpulse looks."""
    named = options.server or os.environ.get("PULSE_SERVER") or connected
    if named:
        addresses = [address.rpartition("}")[2].removeprefix("unix:") for address in named.split()]
        return addresses if all(address.startswith("/") for address in addresses) else []
    own = os.environ.get("PULSE_RUNTIME_PATH")
    directory = os.environ.get("XDG_RUNTIME_DIR")
    usual = own or (f"{directory}/pulse" if directory else None)
    # Without either it is where a link in the home leads, which libpulse makes when it likes (pa_runtime_path).
    return [] if usual is None else [f"{usual}/native", *_SYSTEM_SOCKETS]
