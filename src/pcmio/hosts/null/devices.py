"""Null devices as the user sees them."""

from __future__ import annotations

from pcmio import _core
from pcmio._device import TwoWayDevice, check_follow, take_options
from pcmio.configs import (
    SAMPLE_RATE_48K,
    SupportedBufferSize,
    SupportedStreamConfig,
    SupportedStreamConfigRange,
)
from pcmio.descriptions import Channel, DeviceDescription, DeviceId, DeviceType, Direction, InterfaceType
from pcmio.errors import DeviceNotAvailable
from pcmio.formats import SampleFormat
from pcmio.hosts.null.options import MOST_CYCLE_FRAMES, NullKind
from pcmio.hosts.null.stream import NullDriver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pcmio._driver import Driver
    from pcmio.configs import StreamConfig
    from pcmio.hosts.null.host import NullHost
    from pcmio.hosts.null.options import NullDeviceSpec

#: Frames per callback when nobody says how many: 10 ms at 48 kHz.
DEFAULT_FRAMES = 480
_BUFFER = SupportedBufferSize(1, MOST_CYCLE_FRAMES)
_NAMES = {
    NullKind.SINK: "Null output",
    NullKind.SILENCE: "Silence",
    NullKind.TONE: "Test tone, 440 Hz",
    NullKind.LOOPBACK: "Loopback",
}
_TYPES = {NullKind.LOOPBACK: DeviceType.MONITOR}


class NullDevice(TwoWayDevice):
    """One row of the host's devices."""

    def __init__(self, host: NullHost, spec: NullDeviceSpec, *, follows: bool = False) -> None:
        description = DeviceDescription(
            name=_NAMES[spec.kind] if spec.id == spec.kind.value else spec.id,
            direction=spec.kind.direction,
            device_type=DeviceType.VIRTUAL,
            interface_type=InterfaceType.VIRTUAL,
            driver="pcmio",
        )
        super().__init__(DeviceId("null", spec.id), description)
        self._host = host
        self._follows = follows  # it was asked for as the default, and so may its streams go where the default goes
        self.spec = spec

    def _check_there(self) -> None:
        self._host.check_available()
        if not self._host.has(self.spec):
            raise DeviceNotAvailable(f"null device {self.spec.id!r} is gone", advice="enumerate again")

    def _configs(self, direction: Direction) -> list[SupportedStreamConfigRange]:
        del direction  # a spec speaks of both
        self._host.misfortune.strike("configs")
        self._check_there()
        low, high = self.spec.sample_rates
        return [
            SupportedStreamConfigRange(channels, low, high, _BUFFER, sample_format)
            for sample_format in self.spec.sample_formats
            for channels in range(1, self.spec.channels + 1)
        ]

    def _channels(self, direction: Direction) -> tuple[Channel, ...]:
        del direction
        self._check_there()
        return tuple(Channel.at(position) for position in self.spec.positions)

    def _default(self, direction: Direction) -> SupportedStreamConfig:
        del direction
        self._host.misfortune.strike("configs")
        self._check_there()
        low, high = self.spec.sample_rates
        formats = self.spec.sample_formats
        return SupportedStreamConfig(
            channels=min(2, self.spec.channels),
            sample_rate=min(max(SAMPLE_RATE_48K, low), high),
            buffer_size=_BUFFER,
            sample_format=SampleFormat.F32 if SampleFormat.F32 in formats else formats[0],
        )

    def _driver(self, direction: Direction, config: StreamConfig, options: dict[str, Any]) -> Driver:
        follow = check_follow(**take_options(options, follow=(str, None)))
        self._host.misfortune.strike("build")
        self._check_there()
        self.spec.check(config)
        follows = self._follows if follow is None else follow == "default"
        return NullDriver(
            self._host, self.spec, direction, config, config.buffer_size.frames or DEFAULT_FRAMES, follows=follows
        )

    # --- misfortune --------------------------------------------------------------------------------------------------

    def lose(self, code: int = 0) -> None:
        """Unplug it: it is listed no more, and its streams end with ``DeviceLost``."""
        self._host.lose(self.spec, code)

    def plug_in(self) -> None:
        """Have it back."""
        self._host.plug_in(self.spec)

    def skip(self, frames: int) -> None:
        """At the next cycle ``frames`` frames are lost and reported: an xrun of the system's."""
        for bus in self._host.buses(self.spec):
            bus.skip(frames)

    def stall(self, seconds: float) -> None:
        """The next cycle comes ``seconds`` late."""
        for bus in self._host.buses(self.spec):
            bus.stall(seconds)

    def change_rate(self, sample_rate: int) -> None:
        """The device runs at another rate from now on: its streams end with ``StreamInvalidated``."""
        for bus in self._host.buses(self.spec):
            bus.tell(_core.NOTE_RATE_CHANGED, 0, sample_rate)

    def fail(self, code: int) -> None:
        """Its streams end with ``BackendError`` and this native code."""
        for bus in self._host.buses(self.spec):
            bus.tell(_core.NOTE_FAILED, code, 0)

    def tell(self, kind: int, code: int = 0, value: int = 0) -> None:
        """Any other note, by its number in ``pcmio_note_kind``."""
        for bus in self._host.buses(self.spec):
            bus.tell(kind, code, value)
