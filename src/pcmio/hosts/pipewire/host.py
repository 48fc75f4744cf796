"""The host: its connection for streams, its devices, its defaults."""

from __future__ import annotations

from pcmio._device import take_options
from pcmio._interrupts import to_its_end, uninterrupted
from pcmio._served import SERVER_OPTIONS, ConnectionKeeper
from pcmio._watch import Watches
from pcmio.contract import Host
from pcmio.hosts.pipewire import graph
from pcmio.hosts.pipewire.control import Control
from pcmio.hosts.pipewire.devices import PipeWireDefault, PipeWireDevice, device_name
from pcmio.hosts.pipewire.facts import DEFAULTS
from pcmio.hosts.pipewire.library import require_library
from pcmio.hosts.pipewire.options import HostOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pcmio.contract import Device, HostEventCallback, Watch
    from pcmio.descriptions import DeviceId, Direction
    from pcmio.hosts.pipewire.audio import AudioConnection
    from pcmio.hosts.pipewire.facts import NodeFacts
    from pcmio.hosts.pipewire.graph import PipeWireLink, PipeWirePort


class PipeWireHost(Host):
    """A PipeWire server."""

    def __init__(self, options: HostOptions) -> None:
        self.control = Control(options)
        self._options = options
        self._audio = ConnectionKeeper(self._connect)
        self._watches = Watches(self)

    @property
    def id(self) -> str:
        return "pipewire"

    @property
    def name(self) -> str:
        return "PipeWire"

    @uninterrupted
    def check_available(self) -> None:
        self.control.check()

    @uninterrupted
    def devices(self) -> Sequence[Device]:
        survey = self.control.survey()
        found: dict[DeviceId, Device] = {}
        for which in DEFAULTS:
            default = PipeWireDefault(self, which, survey)
            found[default.id] = default
        for listed in survey.devices.values():
            device = PipeWireDevice(self, listed)
            found[device.id] = device
        return list(found.values())

    @uninterrupted
    def watch(self, on_event: HostEventCallback | None = None) -> Watch:
        from pcmio.hosts.pipewire.watch import PipeWireSource

        return self._watches.ask(on_event, PipeWireSource(self.id, self._options))

    @uninterrupted
    def default_output_device(self) -> Device | None:
        survey = self.control.survey()
        node = survey.default_output
        return None if node is None else PipeWireDevice(self, survey.devices[node.listed], follows=True)

    @uninterrupted
    def default_input_device(self) -> Device | None:
        survey = self.control.survey()
        node = survey.default_input
        if node is None:
            return None
        listed = survey.devices[device_name(node, monitor=node.is_sink)]
        return PipeWireDevice(self, listed, follows=not node.is_sink)

    @uninterrupted
    def device_by_id(self, device_id: DeviceId | str) -> Device:
        wanted = self.own_id(device_id)
        survey = self.control.survey()
        for which in DEFAULTS:
            if which.id == wanted.id:
                return PipeWireDefault(self, which, survey)
        listed = survey.device(wanted.id)
        if listed is None:
            raise self.no_device(wanted)
        return PipeWireDevice(self, listed)

    @to_its_end
    def close(self) -> None:
        self._watches.close()
        self._audio.close()
        self.control.close()

    # --- what only graphs have ---------------------------------------------------------------------------------------

    @uninterrupted
    def ports(
        self, pattern: str | None = None, *, direction: Direction | None = None, physical: bool | None = None
    ) -> list[PipeWirePort]:
        """Audio ports of all nodes.

        Args:
            pattern: A regular expression (POSIX extended) that is found in the full name; None: all.
            direction: INPUT or OUTPUT, seen from the ports' owners; None: both.
            physical: Only those of devices, or only the others; None: both.

        Raises:
            InvalidInput: A pattern that is no regular expression.
            HostUnavailable: No server.
        """
        return graph.list_ports(self.control, self._own_nodes, pattern=pattern, direction=direction, physical=physical)

    @uninterrupted
    def links(self) -> list[PipeWireLink]:
        """All connections of audio ports.

        Raises:
            HostUnavailable: No server.
        """
        return graph.list_links(self.control)

    @uninterrupted
    def connect(self, source: str, destination: str) -> None:
        """Connect an output port to an input port of any nodes; harmless when they are connected.

        The connection lasts until one of the ports goes, or somebody undoes it.

        Raises:
            DeviceNotAvailable: One of them is not there.
            BackendError: They do not fit together.
            PermissionDenied: The server lets us only look.
            HostUnavailable: No server.
        """
        graph.connect(self.control, source, destination)

    @uninterrupted
    def disconnect(self, source: str, destination: str) -> None:
        """Undo ``connect``, or somebody else's; harmless when they are not connected.

        Raises:
            DeviceNotAvailable: One of them is not there.
            BackendError: The server does not do it.
            PermissionDenied: The server lets us only look.
            HostUnavailable: No server.
        """
        graph.disconnect(self.control, source, destination)

    def _own_nodes(self) -> set[int]:
        audio = self._audio.now
        return set() if audio is None else audio.node_ids()

    # --- for its devices and streams ---------------------------------------------------------------------------------

    def device_name(self, node: NodeFacts, *, is_output: bool) -> str:
        """The id of the device that a stream on this node is on."""
        return device_name(node, monitor=node.is_sink and not is_output)

    def audio(self) -> AudioConnection:
        """The connection for streams, a new one when there is none that works.

        Raises:
            HostUnavailable, PermissionDenied: No server, or it lets nobody in.
        """
        return self._audio.get()

    def _connect(self) -> AudioConnection:
        from pcmio.hosts.pipewire.audio import AudioConnection

        return AudioConnection(self._options)


def open_host(**options: object) -> PipeWireHost:
    """``pcmio.host("pipewire", ...)``; see ``HostOptions``.

    Raises:
        UnsupportedOperation: Another option.
        InvalidInput: An option's value.
        HostUnavailable: libpipewire is not installed.
    """
    known = take_options(options, remote=(str, None), **SERVER_OPTIONS)
    checked = HostOptions(**known)
    require_library()
    return PipeWireHost(checked)
