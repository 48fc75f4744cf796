"""The host: its connection for streams, its devices, its defaults."""

from __future__ import annotations

import threading

from pcmio._device import take_options
from pcmio._watch import Watches
from pcmio.contract import Host
from pcmio.hosts.pipewire.control import Control
from pcmio.hosts.pipewire.devices import MONITOR_SUFFIX, PipeWireDevice, device_name, devices_of
from pcmio.hosts.pipewire.facts import DUPLEX, SINK, SOURCE
from pcmio.hosts.pipewire.library import require_library
from pcmio.hosts.pipewire.options import HostOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pcmio.contract import Device, HostEventCallback, Watch
    from pcmio.descriptions import DeviceId
    from pcmio.hosts.pipewire.audio import AudioConnection
    from pcmio.hosts.pipewire.facts import NodeFacts


class PipeWireHost(Host):
    """A PipeWire server."""

    def __init__(self, options: HostOptions) -> None:
        self.control = Control(options)
        self._options = options
        self._lock = threading.Lock()
        self._audio: AudioConnection | None = None
        self._watches = Watches(self)

    @property
    def id(self) -> str:
        return "pipewire"

    @property
    def name(self) -> str:
        return "PipeWire"

    def check_available(self) -> None:
        self.control.check()

    def devices(self) -> Sequence[Device]:
        found: dict[DeviceId, Device] = {}
        for node in self.control.survey().nodes:
            for device in devices_of(self, node):
                found.setdefault(device.id, device)
        return list(found.values())

    def watch(self, on_event: HostEventCallback | None = None) -> Watch:
        from pcmio.hosts.pipewire.watch import PipeWireSource

        return self._watches.ask(on_event, PipeWireSource(self.id, self._options))

    def default_output_device(self) -> Device | None:
        survey = self.control.survey()
        node = None if survey.default_sink is None else survey.node(survey.default_sink, (SINK, DUPLEX))
        return None if node is None else PipeWireDevice(self, node, follows=True)

    def default_input_device(self) -> Device | None:
        survey = self.control.survey()
        if survey.default_source is None:
            return None
        node = survey.node(survey.default_source, (SOURCE, DUPLEX))
        if node is not None:
            return PipeWireDevice(self, node, follows=True)
        # Where there is no source, a session manager may choose what a sink plays.
        name = survey.default_source.removesuffix(MONITOR_SUFFIX)
        sink = survey.node(name, (SINK,))
        return None if sink is None else PipeWireDevice(self, sink, monitor=True)

    def close(self) -> None:
        self._watches.close()
        with self._lock:
            audio, self._audio = self._audio, None
        if audio is not None:
            audio.close()
        self.control.close()

    def device_name(self, node: NodeFacts, *, is_output: bool) -> str:
        """The id of the device that a stream on this node is on."""
        return device_name(node, monitor=node.is_sink and not is_output)

    def audio(self) -> AudioConnection:
        """The connection for streams, a new one when there is none that works.

        Raises:
            HostUnavailable, PermissionDenied: No server, or it lets nobody in.
        """
        from pcmio.hosts.pipewire.audio import AudioConnection

        with self._lock:
            if self._audio is not None and not self._audio.usable:
                self._audio.retire()
                self._audio = None
            if self._audio is None:
                self._audio = AudioConnection(self._options)
            return self._audio


def open_host(**options: object) -> PipeWireHost:
    """``pcmio.host("pipewire", ...)``; see ``HostOptions``.

    Raises:
        UnsupportedOperation: Another option.
        InvalidInput: An option's value.
        HostUnavailable: libpipewire is not installed.
    """
    known = take_options(
        options,
        remote=(str, None),
        timeout=(object, 3.0),
        application_name=(str, None),
        application_icon=(str, None),
    )
    checked = HostOptions(**known)
    require_library()
    return PipeWireHost(checked)
