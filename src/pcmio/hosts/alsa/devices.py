"""Cards' devices, and what the configuration makes of them, as pcmio's devices."""

from __future__ import annotations

from pcmio._device import TwoWayDevice, take_options
from pcmio._driver import Plan, Side
from pcmio._value import Value
from pcmio.descriptions import Channel, DeviceDescription, DeviceId, DeviceType, Direction, InterfaceType
from pcmio.errors import DeviceBusy, DeviceNotAvailable, UnsupportedConfig
from pcmio.hosts.alsa.cards import channel_positions
from pcmio.hosts.alsa.names import place_of
from pcmio.hosts.alsa.options import StreamOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from pcmio._driver import Driver
    from pcmio.configs import StreamConfig, SupportedStreamConfig, SupportedStreamConfigRange
    from pcmio.contract import Device
    from pcmio.hosts.alsa.cards import Card, CardPcm, Hint
    from pcmio.hosts.alsa.host import AlsaHost

DEFAULT = "default"
_VIRTUAL_DRIVERS = ("Loopback", "Dummy")
_DIRECTIONS = {"Input": Direction.INPUT, "Output": Direction.OUTPUT}


class DeviceFacts(Value):
    """What is known of a device without opening it.

    Attributes:
        name: Of the PCM.
        description: For people.
        is_certain: Its directions were told by hardware; else it may turn out to have only one of them.
    """

    name: str
    description: DeviceDescription
    is_certain: bool


class AlsaDevice(TwoWayDevice):
    """A PCM."""

    def __init__(self, host: AlsaHost, facts: DeviceFacts) -> None:
        super().__init__(DeviceId(host.id, facts.name), facts.description)
        self._host = host
        self._facts = facts

    def _configs(self, direction: Direction) -> list[SupportedStreamConfigRange]:
        host, key = self._host, (self._facts.name, direction)
        try:
            found: list[SupportedStreamConfigRange] = host.ask(
                self._facts.name, direction, "configs", lambda pcm: pcm.configs(), lambda _: None
            )
        except DeviceBusy:
            if key not in host.known_configs:
                raise
            return host.known_configs[key]  # one of our own streams holds it, most likely
        except DeviceNotAvailable as error:
            if not self._facts.is_certain and self._has_other(direction, error):
                return []
            raise
        host.known_configs[key] = found
        return found

    def _has_other(self, direction: Direction, error: DeviceNotAvailable) -> bool:
        """Whether it opens the other way round: then it is there, and has no such direction."""
        other = Direction.INPUT if direction is Direction.OUTPUT else Direction.OUTPUT
        try:
            self._host.ask(self._facts.name, other, "configs", lambda _: None, lambda _: None)
        except DeviceNotAvailable:
            return False
        del error
        return True

    def _default(self, direction: Direction) -> SupportedStreamConfig:
        configs = self._configs(direction)
        if not configs:
            raise self._lacks(direction)
        return max(configs, key=lambda entry: entry.default_rank()).with_default_sample_rate()

    def _channels(self, direction: Direction) -> tuple[Channel, ...]:
        place = place_of(self._facts.name)
        if place is None:
            return ()
        return tuple(Channel.at(name) for name in channel_positions(self._host.libs, *place, direction))

    def _unconverted(self, options: dict[str, Any]) -> dict[str, Any]:
        return {**options, "resample": False}

    def _driver(self, direction: Direction, config: StreamConfig, options: dict[str, Any]) -> Driver:
        from pcmio.hosts.alsa.params import DEFAULT_SECONDS, MOST_BLOCK_FRAMES
        from pcmio.hosts.alsa.stream import AlsaDriver, close_agreed

        wanted = StreamOptions(
            **take_options(
                options, period_frames=(int, None), periods=(int, None), mmap=(bool, True), resample=(bool, True)
            )
        )
        block = config.buffer_size.frames or max(1, round(config.sample_rate * DEFAULT_SECONDS))
        if block > MOST_BLOCK_FRAMES:
            raise UnsupportedConfig(
                f"a callback gets up to {MOST_BLOCK_FRAMES} frames, not {block}",
                advice="use smaller buffers, or depth=",
            )
        recorded = direction is Direction.INPUT
        agreed = self._host.ask(
            self._facts.name,
            direction,
            "stream",
            lambda pcm: pcm.agree(config, wanted, block, recorded=recorded),
            close_agreed,
            keeps_open=True,
        )
        try:
            side = Side(
                config.channels, agreed.native.sample_format, planar=agreed.planar, swapped=agreed.native.swapped
            )
            plan = Plan(
                sample_rate=config.sample_rate,
                block_frames=block,
                native_frames=agreed.period_frames,
                output=None if recorded else side,
                input=side if recorded else None,
                clock=self._host.clock,
            )
            return AlsaDriver(
                self._host,
                self._facts.name,
                agreed,
                plan,
                types=self._host.types_of(self._facts.name, direction),
                timeout=self._host.options.timeout,
            )
        except BaseException:
            close_agreed(agreed)
            raise


def card_facts(card: Card, pcm: CardPcm, name: str) -> DeviceFacts:
    """Of a card's device, under any name that the configuration has for it."""
    parts = [card.name, *([pcm.name or pcm.id] if (pcm.name or pcm.id) not in ("", card.name) else [])]
    description = DeviceDescription(
        name=", ".join(parts),
        direction=Direction.of(has_input=pcm.records, has_output=pcm.plays),
        device_type=DeviceType.VIRTUAL if card.driver in _VIRTUAL_DRIVERS else DeviceType.UNKNOWN,
        interface_type=_interface_type(card, pcm),
        driver=card.driver or None,
        address=_address(card),
        extended=tuple(line for line in (card.long_name, card.mixer, name) if line),
    )
    return DeviceFacts(name, description, is_certain=True)


def _interface_type(card: Card, pcm: CardPcm) -> InterfaceType:
    text = f"{pcm.id} {pcm.name}".lower()
    if "hdmi" in text:
        return InterfaceType.HDMI
    if "displayport" in text:
        return InterfaceType.DISPLAY_PORT
    if "iec958" in text or "s/pdif" in text or "spdif" in text:
        return InterfaceType.SPDIF
    if card.driver.startswith("USB") or " at usb-" in card.long_name:
        return InterfaceType.USB
    if card.driver in _VIRTUAL_DRIVERS:
        return InterfaceType.VIRTUAL
    return InterfaceType.PCI if card.driver.startswith("HDA") else InterfaceType.UNKNOWN


def _address(card: Card) -> str | None:
    """``USB Audio at usb-0000:00:14.0-1, full speed`` and ``HDA Intel PCH at 0xf7d10000 irq 30`` say where they are."""
    _, found, where = card.long_name.rpartition(" at ")
    return where.partition(",")[0] if found else None


def hint_facts(hint: Hint) -> DeviceFacts:
    """Of what the configuration shows."""
    description = DeviceDescription(
        name=hint.lines[0] if hint.lines else hint.name,
        direction=_DIRECTIONS.get(hint.direction or "", Direction.DUPLEX),
        device_type=DeviceType.VIRTUAL,
        interface_type=InterfaceType.VIRTUAL,
        extended=hint.lines[1:],
    )
    return DeviceFacts(hint.name, description, is_certain=False)


def named_facts(name: str) -> DeviceFacts:
    """Of a PCM that is defined and not shown."""
    text = "Default ALSA device" if name == DEFAULT else name
    return DeviceFacts(name, DeviceDescription(text, Direction.DUPLEX), is_certain=False)


def default_among(devices: Sequence[Device], direction: Direction) -> Device | None:
    """What the configuration calls so; where it calls nothing so, the first."""
    able = [one for one in devices if (one.supports_output if direction is Direction.OUTPUT else one.supports_input)]
    return next((one for one in able if one.id.id == DEFAULT), able[0] if able else None)
