"""Sinks and sources as pcmio's devices."""

from __future__ import annotations

from abc import abstractmethod

from pcmio._device import take_options
from pcmio._fit import check_own
from pcmio._served import ServedDevice
from pcmio.configs import SupportedBufferSize, SupportedStreamConfig, SupportedStreamConfigRange
from pcmio.descriptions import Channel, DeviceDescription, DeviceType, Direction, InterfaceType
from pcmio.errors import DeviceNotAvailable, UnsupportedConfig
from pcmio.formats import SampleFormat
from pcmio.hosts.pulseaudio import abi, formats
from pcmio.hosts.pulseaudio.options import StreamOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from pcmio._driver import Driver, Plan
    from pcmio.configs import StreamConfig
    from pcmio.hosts.pulseaudio.control import DeviceFacts, ServerFacts
    from pcmio.hosts.pulseaudio.host import PulseHost

#: Bytes of the largest block; the server's queue for a stream (4 MiB, MAX_MEMBLOCKQ_LENGTH) has room for a few of them.
MOST_BLOCK_BYTES = 1 << 20

# Values of device.form_factor (pulse/proplist.h); "internal" is a built-in speaker or microphone.
_FORM_FACTORS = {
    "speaker": DeviceType.SPEAKER,
    "hifi": DeviceType.SPEAKER,
    "car": DeviceType.SPEAKER,
    "tv": DeviceType.SPEAKER,
    "portable": DeviceType.SPEAKER,
    "microphone": DeviceType.MICROPHONE,
    "webcam": DeviceType.MICROPHONE,
    "headset": DeviceType.HEADSET,
    "hands-free": DeviceType.HEADSET,
    "headphone": DeviceType.HEADPHONES,
    "handset": DeviceType.HANDSET,
}
_BUSES = {
    "pci": InterfaceType.PCI,
    "usb": InterfaceType.USB,
    "bluetooth": InterfaceType.BLUETOOTH,
    "firewire": InterfaceType.FIREWIRE,
    "thunderbolt": InterfaceType.THUNDERBOLT,
}
_ABSTRACT = ("abstract", "filter")  # values of device.class
# These have places of their own in a description.
_TOLD = ("device.description", "device.vendor.name", "device.bus_path")


class _ServerDevice(ServedDevice):
    """What the server says about it is asked at each question."""

    def __init__(self, host: PulseHost, name: str, description: DeviceDescription, *, follows: bool) -> None:
        super().__init__(host.id, name, description, follows=follows)
        self._host = host

    @abstractmethod
    def _present(self, direction: Direction) -> DeviceFacts:
        """The sink or the source that it is now.

        Raises:
            DeviceNotAvailable: There is none.
        """

    def _configs(self, direction: Direction) -> list[SupportedStreamConfigRange]:
        facts = self._present(direction)
        own_format, own_channels = formats.from_pulse_format(facts.sample_format), len(facts.positions)
        # What needs no conversion comes first.
        kinds = sorted(formats.TO_PULSE, key=lambda kind: kind is not own_format)
        counts = sorted(range(1, abi.PA_CHANNELS_MAX + 1), key=lambda count: count != own_channels)
        most = self._host.most_sample_rate
        return [
            SupportedStreamConfigRange(channels, 1, most, buffer_sizes(channels, kind), kind)
            for kind in kinds
            for channels in counts
        ]

    def _channels(self, direction: Direction) -> tuple[Channel, ...]:
        return tuple(formats.channel_at(place) for place in self._present(direction).positions)

    def _default(self, direction: Direction) -> SupportedStreamConfig:
        facts = self._present(direction)
        kind = formats.from_pulse_format(facts.sample_format) or SampleFormat.F32
        channels = len(facts.positions)
        return SupportedStreamConfig(channels, facts.sample_rate, buffer_sizes(channels, kind), kind)

    def _check_exact(self, direction: Direction, plan: Plan, sample_format: SampleFormat) -> None:
        own = self._default(direction)
        check_own(direction, plan, sample_format, own)
        if (own.sample_format is SampleFormat.U8) is not (sample_format is SampleFormat.U8):
            # PulseAudio 16.1: what becomes of bytes, and what becomes bytes, is off by one.
            raise UnsupportedConfig(f"the server's conversion between {own.sample_format} and others is not exact")

    def _channel_counts(self, direction: Direction, sample_rate: int) -> list[int]:
        del sample_rate  # any other count is mixed by the server
        return [len(self._present(direction).positions)]

    def _in_order(self, direction: Direction, options: dict[str, Any]) -> dict[str, Any]:
        facts = self._present(direction)
        if facts.positions and options.get("channel_map") is None:
            options["channel_map"] = formats.positions_text(facts.positions)
        return options

    def _driver(self, direction: Direction, config: StreamConfig, options: dict[str, Any]) -> Driver:
        from pcmio.hosts.pulseaudio.stream import PulseDriver

        names = ("follow", "media_role", "stream_name", "channel_map")
        wanted = StreamOptions(**take_options(options, **dict.fromkeys(names, (str, None))))
        if wanted.follow is None:
            wanted = wanted.replace(follow="default" if self._follows else "never")
        self._check(direction, config)
        facts = self._present(direction)
        return PulseDriver(self._host, facts, config, wanted)

    def _check(self, direction: Direction, config: StreamConfig) -> None:
        if config.channels > abi.PA_CHANNELS_MAX:
            raise UnsupportedConfig(
                f"PulseAudio has up to {abi.PA_CHANNELS_MAX} channels, not {config.channels}",
                advice="use several streams",
            )
        if config.sample_rate > self._host.most_sample_rate:
            raise UnsupportedConfig(
                f"PulseAudio has up to {self._host.most_sample_rate} Hz, not {config.sample_rate} Hz",
                advice=f"use the device's own rate, see device.default_{direction}_config()",
            )
        kind = formats.native_format(config.sample_format, recorded=direction is Direction.INPUT)
        sizes = buffer_sizes(config.channels, kind)
        if config.buffer_size.frames is not None and not sizes.contains(config.buffer_size.frames):
            raise UnsupportedConfig(
                f"a buffer has {sizes}, not {config.buffer_size}", advice="use smaller buffers, or a greater depth="
            )


class PulseDevice(_ServerDevice):
    """A sink or a source; both, where a server has one of each with the same name."""

    def __init__(self, host: PulseHost, facts: Sequence[DeviceFacts], *, follows: bool = False) -> None:
        super().__init__(host, facts[0].name, describe(facts), follows=follows)
        self._sink = next((one for one in facts if one.is_sink), None)
        self._source = next((one for one in facts if not one.is_sink), None)

    def _present(self, direction: Direction) -> DeviceFacts:
        facts = self._sink if direction is Direction.OUTPUT else self._source
        if facts is None:
            raise self._lacks(direction)
        now = self._host.control.device(facts.name, is_sink=facts.is_sink)
        if now is None:
            raise DeviceNotAvailable(f"{self.id} is gone", code=abi.PA_ERR_NOENTITY, advice="see host.devices()")
        return now


#: The server's own names for whichever sink and source are the default ones.
DEFAULTS = {"@DEFAULT_SINK@": Direction.OUTPUT, "@DEFAULT_SOURCE@": Direction.INPUT}


class PulseDefault(_ServerDevice):
    """Whichever device is the default one: what programs get that name none.  There also while it is none at all."""

    def __init__(self, host: PulseHost, name: str, now: DeviceFacts | None) -> None:
        super().__init__(host, name, describe_default(name, now), follows=True)

    def _present(self, direction: Direction) -> DeviceFacts:
        now = self._host.control.device(self.id.id, is_sink=direction.has_output)
        if now is None:
            raise DeviceNotAvailable(
                f"{self.id} stands for no device at present",
                code=abi.PA_ERR_NOENTITY,
                advice="connect one, or choose one: see host.devices()",
            )
        return now


def default_of(name: str, found: Sequence[DeviceFacts], server: ServerFacts) -> DeviceFacts | None:
    """What one of ``DEFAULTS`` stands for now."""
    is_sink = DEFAULTS[name].has_output
    wanted = server.default_sink if is_sink else server.default_source
    return next((one for one in found if one.is_sink is is_sink and one.name == wanted), None)


def group(found: Sequence[DeviceFacts]) -> dict[str, list[DeviceFacts]]:
    """Sinks and sources by their names: what makes one device."""
    by_name: dict[str, list[DeviceFacts]] = {}
    for facts in found:
        if facts.name and facts.name not in DEFAULTS:  # PipeWire lets anything have any name, or none
            by_name.setdefault(facts.name, []).append(facts)
    return by_name


def buffer_sizes(channels: int, kind: SampleFormat) -> SupportedBufferSize:
    """Frames that a callback can get."""
    return SupportedBufferSize(1, MOST_BLOCK_BYTES // (channels * kind.sample_bytes))


def describe(facts: Sequence[DeviceFacts]) -> DeviceDescription:
    """What is known of a device; of a sink and a source with the same name, the sink's words count."""
    first = facts[0]
    return DeviceDescription(
        name=first.description or first.name,
        direction=Direction.of(
            has_input=any(not one.is_sink for one in facts), has_output=any(one.is_sink for one in facts)
        ),
        device_type=_device_type(first),
        interface_type=_interface_type(first),
        manufacturer=first.get("device.vendor.name"),
        driver=first.driver,
        address=_address(first),
        extended=(
            f"channels: {formats.positions_text(first.positions)}",
            *([] if first.monitor_of is None else [f"monitor of: {first.monitor_of}"]),
            *(f"{key}: {value}" for key, value in first.properties if key not in _TOLD),
        ),
    )


def describe_default(name: str, now: DeviceFacts | None) -> DeviceDescription:
    """What a default device is, and which one that is now."""
    return DeviceDescription(
        name=f"Default {DEFAULTS[name]}",
        direction=DEFAULTS[name],
        device_type=DeviceType.VIRTUAL,
        interface_type=InterfaceType.VIRTUAL,
        extended=(
            "follows the default: streams go where it goes",
            f"at present: {'no device' if now is None else f'{now.name} ({describe([now]).name})'}",
        ),
    )


def _device_type(facts: DeviceFacts) -> DeviceType:
    if facts.monitor_of is not None:
        return DeviceType.MONITOR
    form_factor = facts.get("device.form_factor")
    if form_factor == "internal":
        return DeviceType.SPEAKER if facts.is_sink else DeviceType.MICROPHONE
    if form_factor in _FORM_FACTORS:
        return _FORM_FACTORS[form_factor]
    return DeviceType.VIRTUAL if _is_abstract(facts) else DeviceType.UNKNOWN


def _is_abstract(facts: DeviceFacts) -> bool:
    """Whether only the server has it: a null sink, a combination, an effect."""
    if facts.get("device.class") in _ABSTRACT or facts.get("node.virtual") == "true":
        return True
    return facts.get("factory.name") == "support.null-audio-sink"  # PipeWire's null sink


def _interface_type(facts: DeviceFacts) -> InterfaceType:
    profile = facts.get("device.profile.name") or ""
    if profile.startswith("hdmi"):
        return InterfaceType.HDMI
    if profile.startswith("iec958"):
        return InterfaceType.SPDIF
    bus = facts.get("device.bus")
    if bus in _BUSES:
        return _BUSES[bus]
    if facts.is_network:
        return InterfaceType.NETWORK
    # A monitor is something that only the server has, whatever it listens to.
    virtual = facts.monitor_of is not None or _is_abstract(facts)
    return InterfaceType.VIRTUAL if virtual else InterfaceType.UNKNOWN


def _address(facts: DeviceFacts) -> str | None:
    if facts.get("device.bus") == "bluetooth":
        # module-bluez5-device of PulseAudio says device.string, PipeWire api.bluez5.address.
        return facts.get("api.bluez5.address") or facts.get("device.string")
    return facts.get("device.bus_path")
