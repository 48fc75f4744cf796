"""Nodes as pcmio's devices: sinks, sources, and what a sink plays as a source of its own."""

from __future__ import annotations

from pcmio._device import TwoWayDevice, take_options
from pcmio.configs import SupportedBufferSize, SupportedStreamConfig, SupportedStreamConfigRange
from pcmio.descriptions import DeviceDescription, DeviceId, DeviceType, Direction, InterfaceType
from pcmio.errors import UnsupportedConfig
from pcmio.formats import SampleFormat
from pcmio.hosts.pipewire import abi, errors, formats
from pcmio.hosts.pipewire.facts import DUPLEX, SINK, SOURCE
from pcmio.hosts.pipewire.options import StreamOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pcmio._driver import Driver
    from pcmio.configs import StreamConfig
    from pcmio.hosts.pipewire.facts import Clock, NodeFacts
    from pcmio.hosts.pipewire.host import PipeWireHost

MONITOR_SUFFIX = ".monitor"
#: Between these rates PipeWire's resampler is of use.
LEAST_RATE, MOST_RATE = 1_000, 768_000
#: The ring between the callback and the graph makes any size possible; this is where it ends to be useful.
BUFFER = SupportedBufferSize(1, 65_536)

# Values of device.form-factor and of the icons that stand in for it; "internal" is a built-in speaker or microphone.
_FORM_FACTORS = {
    "speaker": DeviceType.SPEAKER,
    "hifi": DeviceType.SPEAKER,
    "car": DeviceType.SPEAKER,
    "tv": DeviceType.SPEAKER,
    "portable": DeviceType.SPEAKER,
    "audio-speakers": DeviceType.SPEAKER,
    "microphone": DeviceType.MICROPHONE,
    "webcam": DeviceType.MICROPHONE,
    "audio-input-microphone": DeviceType.MICROPHONE,
    "camera-web": DeviceType.MICROPHONE,
    "headset": DeviceType.HEADSET,
    "hands-free": DeviceType.HEADSET,
    "audio-headset": DeviceType.HEADSET,
    "headphone": DeviceType.HEADPHONES,
    "audio-headphones": DeviceType.HEADPHONES,
    "handset": DeviceType.HANDSET,
}
_BUSES = {
    "pci": InterfaceType.PCI,
    "usb": InterfaceType.USB,
    "bluetooth": InterfaceType.BLUETOOTH,
    "bluez5": InterfaceType.BLUETOOTH,
    "firewire": InterfaceType.FIREWIRE,
    "thunderbolt": InterfaceType.THUNDERBOLT,
}
# These have places of their own in a description.
_TOLD = ("node.description", "device.vendor.name", "device.bus-path", "api.bluez5.address")
# Numbers of this run of the server.
_FLEETING = ("object.id", "object.serial", "client.id", "factory.id", "device.id", "node.driver-id", "clock.id")


class PipeWireDevice(TwoWayDevice):
    """A node, or the sound that a sink plays."""

    def __init__(self, host: PipeWireHost, node: NodeFacts, *, monitor: bool = False, follows: bool = False) -> None:
        self._host = host
        self._node = node
        self._monitor = monitor
        self._follows = follows  # it was asked for as the default, and so may its streams go where the default goes
        self._id = DeviceId(host.id, device_name(node, monitor=monitor))
        self._description = describe(node, monitor=monitor)

    @property
    def id(self) -> DeviceId:
        return self._id

    @property
    def description(self) -> DeviceDescription:
        return self._description

    def _present(self) -> tuple[NodeFacts, Clock]:
        """What there is now."""
        survey = self._host.control.survey()
        node = survey.node(self._node.name, (self._node.kind,))
        if node is None:
            raise errors.not_found(str(self.id))
        return node, survey.clock

    def _configs(self, direction: Direction) -> list[SupportedStreamConfigRange]:
        del direction  # a node has what it has; the graph brings it to either side
        node, clock = self._present()
        own = node.rates or tuple((rate, rate) for rate in clock.rates)
        # What needs no conversion comes first: the device's own channels at rates that the graph can run at.
        native = dict.fromkeys(
            rate for rate in (clock.now, *clock.rates) if any(low <= rate <= high for low, high in own)
        )
        everything = (LEAST_RATE, MOST_RATE)
        counts = sorted(range(1, abi.SPA_AUDIO_MAX_CHANNELS + 1), key=lambda count: count != node.channels)
        return [
            *(SupportedStreamConfigRange(node.channels, rate, rate, BUFFER, SampleFormat.F32) for rate in native),
            *(SupportedStreamConfigRange(count, *everything, BUFFER, SampleFormat.F32) for count in counts),
        ]

    def _default(self, direction: Direction) -> SupportedStreamConfig:
        del direction
        node, clock = self._present()
        return SupportedStreamConfig(node.channels, clock.now, BUFFER, SampleFormat.F32)

    def _driver(self, direction: Direction, config: StreamConfig, options: dict[str, Any]) -> Driver:
        from pcmio.hosts.pipewire.stream import PipeWireDriver

        names = ("follow", "media_role", "stream_name", "node_name", "channel_map")
        taken = take_options(options, connect=(object, True), **dict.fromkeys(names, (str, None)))
        wanted = StreamOptions(**taken)
        if wanted.follow is None:
            wanted = wanted.replace(follow="default" if self._follows and wanted.connect else "never")
        _check(direction, config)
        node, clock = self._present()
        return PipeWireDriver(self._host, node, clock, direction, config, wanted)


def _check(direction: Direction, config: StreamConfig) -> None:
    if config.channels > abi.SPA_AUDIO_MAX_CHANNELS:
        raise UnsupportedConfig(
            f"PipeWire has up to {abi.SPA_AUDIO_MAX_CHANNELS} channels, not {config.channels}",
            advice="use several streams",
        )
    if not LEAST_RATE <= config.sample_rate <= MOST_RATE:
        raise UnsupportedConfig(
            f"PipeWire has from {LEAST_RATE} to {MOST_RATE} Hz, not {config.sample_rate} Hz",
            advice=f"use the graph's own rate, see device.default_{direction}_config()",
        )
    if config.buffer_size.frames is not None and not BUFFER.contains(config.buffer_size.frames):
        raise UnsupportedConfig(
            f"a buffer has {BUFFER}, not {config.buffer_size}", advice="use smaller buffers, or a greater depth="
        )
    formats.native_format(config.sample_format)


def device_name(node: NodeFacts, *, monitor: bool) -> str:
    """The id of a device."""
    return node.name + MONITOR_SUFFIX if monitor else node.name


def devices_of(host: PipeWireHost, node: NodeFacts) -> list[PipeWireDevice]:
    """A sink is two devices: what it plays can be recorded."""
    own = PipeWireDevice(host, node)
    return [own, PipeWireDevice(host, node, monitor=True)] if node.is_sink else [own]


# --- descriptions -----------------------------------------------------------------------------------------------------


def describe(node: NodeFacts, *, monitor: bool = False) -> DeviceDescription:
    """What is known of a node."""
    name = node.get("node.description") or node.get("node.nick") or node.name
    bluetooth = node.get("api.bluez5.address")
    return DeviceDescription(
        name=f"Monitor of {name}" if monitor else name,
        direction=Direction.INPUT if monitor else _DIRECTIONS[node.kind],
        device_type=DeviceType.MONITOR if monitor else _device_type(node),
        interface_type=InterfaceType.VIRTUAL if monitor else _interface_type(node),
        manufacturer=node.get("device.vendor.name"),
        driver=node.get("factory.name"),
        address=bluetooth or node.get("device.bus-path") or node.get("api.alsa.path"),
        extended=(
            *([f"channels: {formats.positions_text(node.positions)}"] if node.positions else []),
            *([f"monitor of: {node.name}"] if monitor else []),
            *(f"{key}: {value}" for key, value in node.properties if key not in _TOLD and key not in _FLEETING),
        ),
    )


_DIRECTIONS = {SINK: Direction.OUTPUT, SOURCE: Direction.INPUT, DUPLEX: Direction.DUPLEX}


def _is_virtual(node: NodeFacts) -> bool:
    factory = node.get("factory.name") or ""
    virtual = (node.get("media.class") or "").endswith("/Virtual") or node.get("node.virtual") == "true"
    return virtual or factory.startswith("support.") or (node.get("device.id") is None and not factory)


def _device_type(node: NodeFacts) -> DeviceType:
    for key in ("device.form-factor", "device.icon-name", "device.icon_name"):
        told = (node.get(key) or "").removesuffix("-bluetooth").removesuffix("-usb").removesuffix("-pci")
        if told == "internal":
            return DeviceType.MICROPHONE if node.kind == SOURCE else DeviceType.SPEAKER
        if told in _FORM_FACTORS:
            return _FORM_FACTORS[told]
    return DeviceType.VIRTUAL if _is_virtual(node) else DeviceType.UNKNOWN


def _interface_type(node: NodeFacts) -> InterfaceType:
    profile = node.get("device.profile.name") or ""
    if profile.startswith("hdmi"):
        return InterfaceType.HDMI
    if profile.startswith("iec958"):
        return InterfaceType.SPDIF
    for key in ("device.bus", "device.api"):
        bus = node.get(key) or ""
        if bus in _BUSES:
            return _BUSES[bus]
    if node.get("node.network") == "true":
        return InterfaceType.NETWORK
    return InterfaceType.VIRTUAL if _is_virtual(node) else InterfaceType.UNKNOWN
