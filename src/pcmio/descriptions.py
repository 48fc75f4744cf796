"""What a device is called and what kind of thing it is."""

from __future__ import annotations

from enum import Enum

from pcmio._value import Value, shown
from pcmio.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class DeviceId(Value):
    """The name of a device that stays the same tomorrow: its host and the host's own name for it.

    The text form is ``host:id``; the id itself may hold colons.  ``str()`` and ``parse()`` go back and forth.
    """

    host: str
    id: str

    def _check(self) -> None:
        for name in self._fields:
            part = self._given(name)
            if not isinstance(part, str) or not part:
                raise InvalidInput(f"a device id needs text as its {name}, not {shown(part)}")
        if ":" in self.host:
            raise InvalidInput(f"a host's name holds no colon: {shown(self.host)}")
        self._set("host", self.host.lower())

    @classmethod
    def parse(cls, text: str) -> DeviceId:
        """The id that ``str(id)`` wrote.

        Raises:
            InvalidInput: There is no colon, or nothing before or behind it.
        """
        host, colon, name = "", "", ""
        if isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            host, colon, name = text.partition(":")
        if not colon or not host or not name:
            raise InvalidInput(
                f"{shown(text)} is no device id", advice="it reads host:id, for example pulseaudio:alsa_output.usb"
            )
        return cls(host, name)

    def __str__(self) -> str:
        return f"{self.host}:{self.id}"


class Direction(Enum):
    """Which way samples go, seen from the program."""

    INPUT = "input"
    OUTPUT = "output"
    DUPLEX = "duplex"
    UNKNOWN = "unknown"

    @property
    def has_input(self) -> bool:
        """Whether the program can record from it."""
        return self in (Direction.INPUT, Direction.DUPLEX)

    @property
    def has_output(self) -> bool:
        """Whether the program can play to it."""
        return self in (Direction.OUTPUT, Direction.DUPLEX)

    @staticmethod
    def of(*, has_input: bool, has_output: bool) -> Direction:
        """The direction of a device that has these."""
        if has_input and has_output:
            return Direction.DUPLEX
        if has_input:
            return Direction.INPUT
        return Direction.OUTPUT if has_output else Direction.UNKNOWN

    def __str__(self) -> str:
        return self.value


class DeviceType(Enum):
    """What a person would call the thing."""

    SPEAKER = "speaker"
    MICROPHONE = "microphone"
    HEADPHONES = "headphones"
    HEADSET = "headset"
    EARPIECE = "earpiece"
    HANDSET = "handset"
    HEARING_AID = "hearing aid"
    DOCK = "dock"
    TUNER = "tuner"
    MONITOR = "monitor"  # captures what another device plays
    VIRTUAL = "virtual"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return self.value


class InterfaceType(Enum):
    """How it is connected."""

    BUILT_IN = "built-in"
    USB = "usb"
    BLUETOOTH = "bluetooth"
    PCI = "pci"
    FIREWIRE = "firewire"
    THUNDERBOLT = "thunderbolt"
    HDMI = "hdmi"
    LINE = "line"
    SPDIF = "spdif"
    NETWORK = "network"
    VIRTUAL = "virtual"
    DISPLAY_PORT = "displayport"
    AGGREGATE = "aggregate"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return self.value


#: Where a channel may belong, as PipeWire and ALSA abbreviate it: front left, right and centre, low frequencies, sides,
#: rear, and so on; W is wide, H high, T top, B bottom, C between the other two (FLC: left of the front's centre).
CHANNEL_POSITIONS = (
    *("MONO", "FL", "FR", "FC", "LFE", "SL", "SR", "FLC", "FRC", "RC", "RL", "RR", "TC", "TFL", "TFC", "TFR"),
    *("TRL", "TRC", "TRR", "RLC", "RRC", "FLW", "FRW", "LFE2", "FLH", "FCH", "FRH", "TFLC", "TFRC", "TSL", "TSR"),
    *("LLFE", "RLFE", "BC", "BLC", "BRC"),
)


class Channel(Value):
    """One channel of a device.

    Attributes:
        name: For people, in the system's words.
        position: Where it is heard: one of ``CHANNEL_POSITIONS``, or None where it belongs nowhere in particular.
    """

    name: str
    position: str | None = None

    def _check(self) -> None:
        if not isinstance(self._given("name"), str) or not self.name:
            raise InvalidInput(f"a channel's name must be text, not {shown(self.name)}")
        if self.position is not None and self.position not in CHANNEL_POSITIONS:
            raise InvalidInput(
                f"{shown(self.position)} is no position of a channel", advice="see pcmio.CHANNEL_POSITIONS"
            )

    @classmethod
    def at(cls, position: str) -> Channel:
        """One that has its position's name; what is none of ``CHANNEL_POSITIONS`` ("AUX0") is only a name."""
        return cls(position, position if position in CHANNEL_POSITIONS else None)

    def __str__(self) -> str:
        return self.name if self.position in (None, self.name) else f"{self.name} ({self.position})"


class DeviceDescription(Value):
    """What a system tells about a device.

    Attributes:
        name: For people; may change, and two devices may share it.
        direction: Which streams it can have.
        device_type: What it is.
        interface_type: How it is connected.
        manufacturer: Who made it, or None.
        driver: What drives it in the native system's words, or None.
        address: Where it is: a bus path or Bluetooth address, or None.
        extended: Further lines the system has to say.
    """

    name: str
    direction: Direction = Direction.UNKNOWN
    device_type: DeviceType = DeviceType.UNKNOWN
    interface_type: InterfaceType = InterfaceType.UNKNOWN
    manufacturer: str | None = None
    driver: str | None = None
    address: str | None = None
    extended: tuple[str, ...] = ()

    def _check(self) -> None:
        if not isinstance(self._given("name"), str):
            raise InvalidInput(f"a device's name must be text, not {shown(self.name)}")
        for field, kind in (("direction", Direction), ("device_type", DeviceType), ("interface_type", InterfaceType)):
            given = self._given(field)
            if not isinstance(given, kind):
                raise InvalidInput(f"{field} must be a member of {kind.__name__}, not {shown(given)}")
        for field in ("manufacturer", "driver", "address"):
            given = self._given(field)
            if given is not None and not isinstance(given, str):
                raise InvalidInput(f"{field} must be text or None, not {shown(given)}")
        self._set("extended", _lines(self._given("extended")))

    @property
    def supports_input(self) -> bool:
        """Whether input streams can be built."""
        return self.direction.has_input

    @property
    def supports_output(self) -> bool:
        """Whether output streams can be built."""
        return self.direction.has_output

    def __str__(self) -> str:
        text = self.name
        if self.manufacturer is not None:
            text += f" ({self.manufacturer})"
        if self.device_type is not DeviceType.UNKNOWN:
            text += f" [{self.device_type}]"
        if self.interface_type is not InterfaceType.UNKNOWN:
            text += f" via {self.interface_type}"
        return text


def _lines(given: Any) -> tuple[str, ...]:
    """Text lines out of any collection of them; one text alone is not meant as its letters."""
    lines: tuple[Any, ...] = (None,)
    if not isinstance(given, str) and hasattr(given, "__iter__"):
        lines = tuple(given)
    if not all(isinstance(line, str) for line in lines):
        raise InvalidInput(f"extended must be lines of text, not {shown(given)}")
    return lines
