"""What only this host can be asked for."""

from __future__ import annotations

from enum import Enum

from pcmio._value import Value
from pcmio.descriptions import Direction
from pcmio.errors import InvalidInput
from pcmio.formats import SampleFormat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_CHANNELS = 64
MOST_CYCLE_FRAMES = 8192
_MOST_SIZES = 16


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
    """

    id: str
    kind: NullKind
    channels: int = MOST_CHANNELS
    sample_rates: tuple[int, int] = (1, 768_000)
    sample_formats: tuple[SampleFormat, ...] = tuple(SampleFormat)
    latency: float = 0.0
    cycle_sizes: tuple[int, ...] = ()

    def _check(self) -> None:
        if not 1 <= self.channels <= MOST_CHANNELS:
            raise InvalidInput(f"a null device has 1 to {MOST_CHANNELS} channels, not {self.channels}")
        if len(self.cycle_sizes) > _MOST_SIZES or any(not 0 <= size <= MOST_CYCLE_FRAMES for size in self.cycle_sizes):
            raise InvalidInput(
                f"cycle_sizes is up to {_MOST_SIZES} sizes of 0 to {MOST_CYCLE_FRAMES} frames, not {self.cycle_sizes}"
            )
        if self.cycle_sizes and sum(self.cycle_sizes) == 0:
            raise InvalidInput("cycle_sizes must move at least one frame")
        if self.latency < 0:
            raise InvalidInput(f"latency is at least 0 seconds, not {self.latency}")


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
    specs = tuple(devices)
    if not all(isinstance(spec, NullDeviceSpec) for spec in specs):
        raise InvalidInput(f"devices must be NullDeviceSpec values, not {devices!r}")
    if len({spec.id for spec in specs}) != len(specs):
        raise InvalidInput(f"two null devices share an id: {', '.join(spec.id for spec in specs)}")
    return specs
