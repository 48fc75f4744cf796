"""Nodes as pcmio's devices: sinks, sources, and what a sink plays as a source of its own."""

from __future__ import annotations

from abc import abstractmethod

from pcmio._device import take_options
from pcmio._fit import check_own
from pcmio._served import ServedDevice
from pcmio.configs import SupportedBufferSize, SupportedStreamConfig, SupportedStreamConfigRange
from pcmio.descriptions import Channel, DeviceDescription, DeviceType, Direction, InterfaceType
from pcmio.errors import UnsupportedConfig
from pcmio.formats import SampleFormat
from pcmio.hosts.pipewire import abi, errors, formats
from pcmio.hosts.pipewire.facts import DEFAULT_INPUT, DUPLEX, SINK, SOURCE
from pcmio.hosts.pipewire.options import StreamOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pcmio._driver import Driver, Plan
    from pcmio.configs import StreamConfig
    from pcmio.hosts.pipewire.facts import Clock, Default, Listed, NodeFacts, Survey
    from pcmio.hosts.pipewire.host import PipeWireHost

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


class _GraphDevice(ServedDevice):
    """What is a node at the moment that it is asked."""

    def __init__(self, host: PipeWireHost, name: str, description: DeviceDescription, *, follows: bool) -> None:
        super().__init__(host.id, name, description, follows=follows)
        self._host = host

    @abstractmethod
    def _find(self, survey: Survey, direction: Direction) -> NodeFacts:
        """Its node for a direction.

        Raises:
            DeviceNotAvailable: There is none.
        """

    def _present(self, direction: Direction) -> tuple[NodeFacts, Clock]:
        """What there is now."""
        survey = self._host.control.survey()
        return self._find(survey, direction), survey.clock

    def _configs(self, direction: Direction) -> list[SupportedStreamConfigRange]:
        node, clock = self._present(direction)
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

    def _channels(self, direction: Direction) -> tuple[Channel, ...]:
        return tuple(Channel.at(formats.positions_text([place])) for place in self._present(direction)[0].positions)

    def _default(self, direction: Direction) -> SupportedStreamConfig:
        node, clock = self._present(direction)
        return SupportedStreamConfig(node.channels, clock.now, BUFFER, SampleFormat.F32)

    def _check_exact(self, direction: Direction, plan: Plan, sample_format: SampleFormat) -> None:
        check_own(direction, plan, sample_format, self._default(direction))

    def _channel_counts(self, direction: Direction, sample_rate: int) -> list[int]:
        del sample_rate  # any other count is mixed by the server
        return [self._present(direction)[0].channels]

    def _in_order(self, direction: Direction, options: dict[str, Any]) -> dict[str, Any]:
        facts, _ = self._present(direction)
        if options.get("channel_map") is None and formats.have_names(facts.positions):
            options["channel_map"] = formats.positions_text(facts.positions)
        return options

    def _driver(self, direction: Direction, config: StreamConfig, options: dict[str, Any]) -> Driver:
        from pcmio.hosts.pipewire.stream import PipeWireDriver

        names = ("follow", "media_role", "stream_name", "node_name", "channel_map")
        taken = take_options(options, connect=(object, True), **dict.fromkeys(names, (str, None)))
        wanted = StreamOptions(**taken)
        if wanted.follow is None:
            wanted = wanted.replace(follow="default" if self._follows and wanted.connect else "never")
        _check(direction, config)
        node, clock = self._present(direction)
        monitor = node.is_sink and direction is Direction.INPUT and not self._leaves_the_choice(wanted)
        return PipeWireDriver(self._host, node, clock, direction, config, wanted, monitor=monitor)

    def _leaves_the_choice(self, wanted: StreamOptions) -> bool:
        """Whether a session manager is free to take any input, not only what sinks play."""
        del wanted
        return False


class PipeWireDevice(_GraphDevice):
    """A node, the sound that a sink plays, or a sink and a source of one name."""

    def __init__(self, host: PipeWireHost, listed: Listed, *, follows: bool = False) -> None:
        super().__init__(host, listed.id, describe_listed(listed), follows=follows)

    def _find(self, survey: Survey, direction: Direction) -> NodeFacts:
        listed = survey.device(self.id.id)
        node = None if listed is None else listed.on(direction)
        if node is None:
            raise errors.not_found(str(self.id))
        return node


class PipeWireDefault(_GraphDevice):
    """Whichever device is the default one: what programs get that name none.  There also while it is none at all."""

    def __init__(self, host: PipeWireHost, which: Default, survey: Survey) -> None:
        super().__init__(host, which.id, describe_default(which, survey), follows=True)
        self._which = which

    def _find(self, survey: Survey, direction: Direction) -> NodeFacts:
        del direction  # it has one
        node = self._which.node(survey)
        if node is None:
            raise errors.no_default(str(self.id))
        return node

    def _leaves_the_choice(self, wanted: StreamOptions) -> bool:
        # That a sink is the default input lasts until there is a source.
        return self._which is DEFAULT_INPUT and wanted.follow == "default"


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
    return node.listed_monitor if monitor else node.listed


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
            *([f"monitor of: {node.listed or node.name}"] if monitor else []),
            *(f"{key}: {value}" for key, value in node.properties if key not in _TOLD and key not in _FLEETING),
        ),
    )


def describe_listed(listed: Listed) -> DeviceDescription:
    """What is known of a device; of a sink and a source with the same name, the sink's words count."""
    node = listed.node
    if node is None:
        return DeviceDescription(name=listed.id)
    description = describe(node, monitor=node.is_sink and listed.output is None)
    return description if None in (listed.output, listed.input) else description.replace(direction=Direction.DUPLEX)


def describe_default(which: Default, survey: Survey) -> DeviceDescription:
    """What a default device is, and which one that is now."""
    node = which.node(survey)
    now = "no device"
    if node is not None:
        monitor = node.is_sink and which.direction.has_input
        now = f"{device_name(node, monitor=monitor)} ({describe(node, monitor=monitor).name})"
    return DeviceDescription(
        name=which.name,
        direction=which.direction,
        device_type=DeviceType.MONITOR if which.is_monitor else DeviceType.VIRTUAL,
        interface_type=InterfaceType.VIRTUAL,
        extended=("follows the default: streams go where it goes", f"at present: {now}"),
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
