"""The host: its one client, opened when first needed and again when its server is back."""

from __future__ import annotations

import os
import threading
import weakref

from pcmio._interrupts import to_its_end, uninterrupted
from pcmio._value import Value
from pcmio._watch import Watches
from pcmio.contract import Host
from pcmio.descriptions import Direction
from pcmio.errors import DeviceNotAvailable, UnsupportedOperation
from pcmio.hosts.jack.abi import JackPortIsInput, JackPortIsOutput, JackPortIsPhysical
from pcmio.hosts.jack.client import JackClient
from pcmio.hosts.jack.devices import JackDevice
from pcmio.hosts.jack.library import jack_library
from pcmio.hosts.jack.options import HOST_OPTIONS, HostOptions
from pcmio.hosts.jack.ports import find_groups, largest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from pcmio.contract import HostEventCallback, Watch
    from pcmio.descriptions import DeviceId


class JackPort(Value):
    """A port of the graph.

    Attributes:
        name: Its client's name, a colon, and its own.
        direction: INPUT takes samples from other ports, OUTPUT gives them: seen from the port's owner.
        is_physical: Whether it belongs to hardware.
        is_own: Whether it belongs to a stream of this host.
        connections: Full names of the ports it is connected to.
    """

    name: str
    direction: Direction
    is_physical: bool
    is_own: bool
    connections: tuple[str, ...]


class JackHost(Host):
    """A JACK server, seen by one client."""

    def __init__(self, options: HostOptions) -> None:
        jack_library()  # HostUnavailable now rather than at the first question
        self.options = options
        self._client: JackClient | None = None
        self._lock = threading.Lock()
        self._watches = Watches(self)
        _hosts.add(self)

    @property
    def id(self) -> str:
        return "jack"

    @property
    def name(self) -> str:
        return "JACK"

    @uninterrupted
    def check_available(self) -> None:
        self.client()

    @uninterrupted
    def devices(self) -> Sequence[JackDevice]:
        return [JackDevice(self, group) for group in find_groups(self.client())]

    @uninterrupted
    def default_output_device(self) -> JackDevice | None:
        return JackDevice(self, largest(find_groups(self.client()), output=True), follows=True)

    @uninterrupted
    def default_input_device(self) -> JackDevice | None:
        return JackDevice(self, largest(find_groups(self.client()), output=False), follows=True)

    @uninterrupted
    def watch(self, on_event: HostEventCallback | None = None) -> Watch:
        from pcmio.hosts.jack.watch import JackSource

        return self._watches.ask(on_event, JackSource(self.options))

    if TYPE_CHECKING:

        def device_by_id(self, device_id: DeviceId | str) -> JackDevice: ...

    @to_its_end
    def close(self) -> None:
        self._watches.close()
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    # --- what only JACK has ------------------------------------------------------------------------------------------

    @property
    @uninterrupted
    def client_name(self) -> str:
        """What the server calls this client: the name asked for, with a number if it was taken.

        Raises:
            HostUnavailable: No server.
        """
        return self.client().name

    @uninterrupted
    def ports(
        self, pattern: str | None = None, *, direction: Direction | None = None, physical: bool | None = None
    ) -> list[JackPort]:
        """Audio ports of all clients.

        Args:
            pattern: A regular expression (POSIX extended) that is found in the full name; None: all.
            direction: INPUT or OUTPUT, seen from the ports' owners; None: both.
            physical: Only those of hardware, or only the others; None: both.

        Raises:
            HostUnavailable: No server.
        """
        client = self.client()
        flags = JackPortIsPhysical if physical else 0
        if direction is not None:
            flags |= JackPortIsInput if direction is Direction.INPUT else JackPortIsOutput
        found: list[JackPort] = []
        for name in client.port_names(flags, pattern):
            try:
                bits, own, connections = client.describe(name)
            except DeviceNotAvailable:
                continue  # it went while we asked
            if physical is False and bits & JackPortIsPhysical:
                continue
            side = Direction.INPUT if bits & JackPortIsInput else Direction.OUTPUT
            found.append(JackPort(name, side, bool(bits & JackPortIsPhysical), own, tuple(connections)))
        return found

    @uninterrupted
    def connect(self, source: str, destination: str) -> None:
        """Connect an output port to an input port of any clients; harmless when they are connected.

        Raises:
            DeviceNotAvailable: One of them is not there.
            BackendError: They do not fit together.
            HostUnavailable: No server.
        """
        self.client().connect(source, destination)

    @uninterrupted
    def disconnect(self, source: str, destination: str) -> None:
        """Undo ``connect``, or somebody else's; harmless when they are not connected.

        Raises:
            DeviceNotAvailable: One of them is not there.
            BackendError: The server does not do it.
            HostUnavailable: No server.
        """
        self.client().disconnect(source, destination)

    # --- for its devices ---------------------------------------------------------------------------------------------

    def client(self) -> JackClient:
        """The one client; a new one when its server has gone and is back.

        Raises:
            HostUnavailable: No server.
        """
        with self._lock:
            client = self._client
            if client is not None and client.lost:
                self._client = None
                client.close()
                client = None
            if client is None:
                client = self._client = JackClient(self.options)
            return client

    def renew_lock(self) -> None:
        """In a forked child: a thread that held it does not exist there, nor does the client."""
        self._lock = threading.Lock()


_hosts: weakref.WeakSet[JackHost] = weakref.WeakSet()


def _renew_locks() -> None:
    for host in list(_hosts):
        host.renew_lock()


_register_at_fork = getattr(os, "register_at_fork", None)  # Windows has no fork
if _register_at_fork is not None:
    _register_at_fork(after_in_child=_renew_locks)


def open_host(**options: Any) -> JackHost:
    """``pcmio.host("jack", ...)``; the options are those of ``HostOptions``.

    Raises:
        InvalidInput: One of the wrong type.
        UnsupportedOperation: An option that there is not.
        HostUnavailable: libjack is not installed.
    """
    for name in options:
        if name not in HOST_OPTIONS:
            raise UnsupportedOperation(
                f"the JACK host has no option {name!r}", advice=f"its options are: {', '.join(HOST_OPTIONS)}"
            )
    return JackHost(HostOptions(**options))
