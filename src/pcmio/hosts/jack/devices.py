"""JACK's ports as devices: who has physical ports is one."""

from __future__ import annotations

from pcmio._choosing import no_such_channel
from pcmio._device import TwoWayDevice, take_options
from pcmio._value import as_utf8
from pcmio.configs import SupportedBufferSize, SupportedStreamConfig, SupportedStreamConfigRange
from pcmio.descriptions import Channel, DeviceDescription, DeviceId, DeviceType, Direction, InterfaceType
from pcmio.errors import DeviceNotAvailable, UnsupportedConfig
from pcmio.formats import SampleFormat
from pcmio.hosts.jack.options import MOST_CHANNELS, check_stream_options
from pcmio.hosts.jack.ports import NO_PORTS, find_groups

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pcmio._driver import Driver
    from pcmio.configs import StreamConfig
    from pcmio.hosts.jack.client import JackClient
    from pcmio.hosts.jack.host import JackHost
    from pcmio.hosts.jack.ports import PortGroup


#: The ring between the callback and JACK makes any size possible; this is where it ends to be useful.
_BUFFER = SupportedBufferSize(1, 65_536)
_STEREO = 2


def describe(group: PortGroup) -> DeviceDescription:
    """What is known of a group of ports."""
    if group == NO_PORTS:
        return DeviceDescription(
            name="JACK graph, unconnected ports",
            direction=Direction.DUPLEX,
            device_type=DeviceType.VIRTUAL,
            interface_type=InterfaceType.VIRTUAL,
            driver="JACK",
        )
    return DeviceDescription(
        name=as_utf8(group.name),
        direction=Direction.of(has_input=bool(group.capture), has_output=bool(group.playback)),
        driver="JACK",
        extended=tuple(map(as_utf8, (*group.playback, *group.capture))),
    )


class JackDevice(TwoWayDevice):
    """A group of physical ports, or the graph."""

    chooses_channels = True  # a port for each that is chosen, and none for the others

    def __init__(self, host: JackHost, group: PortGroup, *, follows: bool = False) -> None:
        super().__init__(DeviceId("jack", group.name), describe(group))
        self._host = host
        self._follows = follows  # it was asked for as the default, and so may its streams go on elsewhere
        self._group = group

    @property
    def playback_ports(self) -> tuple[str, ...]:
        """Full names of the ports that outputs are connected to, in the order of channels."""
        return self._group.playback

    @property
    def capture_ports(self) -> tuple[str, ...]:
        """Full names of the ports that inputs are connected to, in the order of channels."""
        return self._group.capture

    def _ports(self, client: JackClient, direction: Direction) -> tuple[str, ...]:
        """What there is now."""
        for group in find_groups(client):
            if group.name == self._group.name:
                return group.playback if direction is Direction.OUTPUT else group.capture
        raise DeviceNotAvailable(f"{self.name} has no ports any more", call="jack_get_ports", advice="enumerate again")

    def _configs(self, direction: Direction) -> list[SupportedStreamConfigRange]:
        client = self._host.client()
        ports = len(self._ports(client, direction))
        most = MOST_CHANNELS if self._group == NO_PORTS else min(max(_STEREO, ports), MOST_CHANNELS)
        rate = client.rate
        return [
            SupportedStreamConfigRange(channels, rate, rate, _BUFFER, SampleFormat.F32)
            for channels in range(1, most + 1)
        ]

    def _channels(self, direction: Direction) -> tuple[Channel, ...]:
        return tuple(Channel(port.partition(":")[2]) for port in self._ports(self._host.client(), direction))

    def _default(self, direction: Direction) -> SupportedStreamConfig:
        client = self._host.client()
        ports = len(self._ports(client, direction))
        return SupportedStreamConfig(1 if ports == 1 else _STEREO, client.rate, _BUFFER, SampleFormat.F32)

    def _driver(self, direction: Direction, config: StreamConfig, options: dict[str, Any]) -> Driver:
        from pcmio.hosts.jack.stream import JackDriver

        connect = self._host.options.connect
        taken = take_options(
            options, name=(object, None), port_names=(object, None), connect=(object, connect), follow=(str, None)
        )
        wanted = check_stream_options(config.channels, **taken)
        if config.channels > MOST_CHANNELS:
            raise UnsupportedConfig(f"a JACK stream has up to {MOST_CHANNELS} channels here, not {config.channels}")
        if wanted.follow is None:
            wanted = wanted.replace(follow="default" if self._follows else "never")
        client = self._host.client()
        ports = self._ports(client, direction)
        if config.device_channels and max(config.device_channels) >= len(ports):
            raise no_such_channel(self.name, max(config.device_channels), len(ports))
        return JackDriver(client, direction, config, wanted, self._group.name, ports)
