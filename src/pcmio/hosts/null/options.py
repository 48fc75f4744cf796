"""What only this host can be asked for."""

from __future__ import annotations

from enum import Enum
from math import nan

from pcmio._value import Value, shown
from pcmio.configs import whole
from pcmio.descriptions import Channel, DeviceId, Direction
from pcmio.errors import InvalidInput, UnsupportedConfig
from pcmio.formats import SampleFormat
from pcmio.timestamps import StreamInstant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pcmio.configs import StreamConfig

MOST_CHANNELS = 64
MOST_CYCLE_FRAMES = 8192
_MOST_SIZES = 16
_MOST_RATE = 768_000
_MOST_PPM = 100_000


class NullKind(Enum):
    """What a null device is; the values' order is that of ``pcmio_null_kind``."""

    SINK = "sink"
    SILENCE = "silence"
    TONE = "tone"
    LOOPBACK = "loopback"

    @property
    def code(self) -> int:
        """The core's number."""
        return list(NullKind).index(self)

    @property
    def direction(self) -> Direction:
        """Which streams such a device has."""
        if self is NullKind.LOOPBACK:
            return Direction.DUPLEX
        return Direction.OUTPUT if self is NullKind.SINK else Direction.INPUT


class NullDeviceSpec(Value):
    """A null device to be made.

    Attributes:
        id: Its id within the host.
        kind: What it does.
        channels: The most it has.
        sample_rates: The rates it has, lowest and highest.
        sample_formats: Those it takes without conversion.
        latency: Seconds to its converter, as it reports them.
        cycle_sizes: Frames of its cycles, in turn, whatever is asked of it; empty: the buffer size asked for.
        clock_ppm: How much faster than others its clock runs, in parts per million; slower where negative.
        positions: What ``device.channels`` tells: where its first channels belong, "FL" for example.
    """

    id: str
    kind: NullKind
    channels: int = MOST_CHANNELS
    sample_rates: tuple[int, int] = (1, _MOST_RATE)
    sample_formats: tuple[SampleFormat, ...] = tuple(SampleFormat)
    latency: float = 0.0
    cycle_sizes: tuple[int, ...] = ()
    clock_ppm: float = 0.0
    positions: tuple[str, ...] = ()

    def _check(self) -> None:
        DeviceId("null", self.id)
        if not isinstance(self._given("kind"), NullKind):
            raise InvalidInput(f"kind must be a member of NullKind, not {shown(self.kind)}")
        self._set("channels", whole("channels", self.channels, MOST_CHANNELS))
        self._set("sample_rates", _rates(self._given("sample_rates")))
        self._set("sample_formats", tuple(SampleFormat(one) for one in _some("sample_formats", self.sample_formats)))
        if not self.sample_formats:
            raise InvalidInput("sample_formats must hold at least one format")
        StreamInstant.from_seconds(self.latency)
        self._set("clock_ppm", _ppm(self._given("clock_ppm")))
        self._set("positions", tuple(Channel.at(one).name for one in _some("positions", self.positions)))
        sizes = _some("cycle_sizes", self.cycle_sizes)
        sizes = tuple(whole("cycle_sizes", size, MOST_CYCLE_FRAMES, least=0) for size in sizes)
        if len(sizes) > _MOST_SIZES or (sizes and not any(sizes)):
            raise InvalidInput(f"cycle_sizes must be up to {_MOST_SIZES} sizes, not all of them 0: {shown(sizes)}")
        self._set("cycle_sizes", sizes)

    def check(self, config: StreamConfig) -> None:
        """Return if a device like this can do it.

        Raises:
            UnsupportedConfig: Too many channels, or another rate.
        """
        low, high = self.sample_rates
        if config.channels > self.channels:
            raise UnsupportedConfig(
                f"null device {self.id!r} has up to {self.channels} channels, not {config.channels}"
            )
        if not low <= config.sample_rate <= high:
            raise UnsupportedConfig(f"null device {self.id!r} runs at {low} to {high} Hz, not {config.sample_rate} Hz")


def _ppm(given: Any) -> float:
    try:
        ppm = nan if isinstance(given, (bool, str)) else float(given)
    except (TypeError, ValueError, OverflowError):
        ppm = nan
    if not -_MOST_PPM <= ppm <= _MOST_PPM:
        raise InvalidInput(f"clock_ppm must be from -{_MOST_PPM} to {_MOST_PPM}, not {shown(given)}")
    return ppm


def _some(name: str, given: Any) -> tuple[Any, ...]:
    if isinstance(given, str) or not hasattr(given, "__iter__"):
        raise InvalidInput(f"{name} must be a tuple, not {shown(given)}")
    return tuple(given)


def _rates(given: Any) -> tuple[int, int]:
    rates = _some("sample_rates", given)
    ends = [whole("sample_rates", rate, _MOST_RATE) for rate in rates]
    if ends != sorted(ends) or len(ends) != len(("lowest", "highest")):
        raise InvalidInput(f"sample_rates must be the lowest and the highest rate, not {shown(given)}")
    return ends[0], ends[1]


USUAL_DEVICES = (
    NullDeviceSpec("sink", NullKind.SINK),
    NullDeviceSpec("silence", NullKind.SILENCE),
    NullDeviceSpec("tone", NullKind.TONE),
    NullDeviceSpec("loopback", NullKind.LOOPBACK),
)


def check_specs(devices: Any) -> tuple[NullDeviceSpec, ...]:
    """The devices a host is asked for.

    Raises:
        InvalidInput: Not a sequence of specs, or two share an id.
    """
    specs = _some("devices", devices)
    if not all(isinstance(spec, NullDeviceSpec) for spec in specs):
        raise InvalidInput(f"devices must be NullDeviceSpec values, not {shown(devices)}")
    if len({spec.id for spec in specs}) != len(specs):
        raise InvalidInput(f"two null devices share an id: {', '.join(spec.id for spec in specs)}")
    return specs
