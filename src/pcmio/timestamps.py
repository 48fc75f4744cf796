"""When things happen: points on a stream's own clock, and what a callback is told."""

from __future__ import annotations

import math

from pcmio._value import Value
from pcmio.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar
    from typing_extensions import Self

_NANOS = 1_000_000_000


class StreamInstant(Value):
    """A point on a stream's monotonic clock, in whole nanoseconds; comparable only with instants of the same stream."""

    nanos: int

    ZERO: ClassVar[StreamInstant]

    def _check(self) -> None:
        if self.nanos < 0:
            raise InvalidInput(f"an instant cannot lie before its clock began: {self.nanos} ns")

    @classmethod
    def from_seconds(cls, seconds: float) -> StreamInstant:
        """The instant ``seconds`` after the clock began.

        Raises:
            InvalidInput: Negative, infinite or not a number.
        """
        if not math.isfinite(seconds):
            raise InvalidInput(f"{seconds} seconds is no instant")
        return cls(round(seconds * _NANOS))

    @property
    def seconds(self) -> float:
        """Seconds since the clock began."""
        return self.nanos / _NANOS

    def duration_since(self, earlier: StreamInstant) -> float:
        """Seconds since ``earlier``, 0.0 when that is later."""
        return max(0.0, self - earlier)

    def __sub__(self, earlier: StreamInstant) -> float:
        """Seconds since ``earlier``; negative when that is later."""
        return (self.nanos - earlier.nanos) / _NANOS

    def __add__(self, seconds: float) -> StreamInstant:
        """The instant ``seconds`` later."""
        return StreamInstant(self.nanos + round(seconds * _NANOS))

    def __lt__(self, other: StreamInstant) -> bool:
        return self.nanos < other.nanos

    def __le__(self, other: StreamInstant) -> bool:
        return self.nanos <= other.nanos

    def __gt__(self, other: StreamInstant) -> bool:
        return self.nanos > other.nanos

    def __ge__(self, other: StreamInstant) -> bool:
        return self.nanos >= other.nanos

    def __str__(self) -> str:
        return f"{self.nanos // _NANOS}.{self.nanos % _NANOS:09d} s"


StreamInstant.ZERO = StreamInstant(0)


class StreamTimestamp(Value):
    """Two points in the life of a block.

    Attributes:
        callback: When the callback was called.
        device: Output: when the block's first frame reaches the converter.  Input: when it was captured.
    """

    callback: StreamInstant
    device: StreamInstant


class CallbackInfo:
    """What a callback is told about its block.

    One is made for each block, so it is leaner than other values: the instants are made when they are asked for.

    Attributes:
        position: Frames of this stream before this block's first, counted since the stream was built.
        xrun_frames: Frames that were lost just before this block: of silence the device played for want of frames, or of
            input nobody took in time.
    """

    __slots__ = ("_callback_nanos", "_device_nanos", "position", "xrun_frames")

    def __init__(self, callback_nanos: int, device_nanos: int, position: int, xrun_frames: int) -> None:
        self._callback_nanos = callback_nanos
        self._device_nanos = device_nanos
        self.position = position
        self.xrun_frames = xrun_frames

    @property
    def xrun(self) -> bool:
        """Whether frames were lost before this block."""
        return self.xrun_frames > 0

    @property
    def timestamp(self) -> StreamTimestamp:
        """When the callback was called, and when its first frame is or was at the converter."""
        return StreamTimestamp(StreamInstant(self._callback_nanos), StreamInstant(self._device_nanos))

    def _astuple(self) -> tuple[int, int, int, int]:
        return (self._callback_nanos, self._device_nanos, self.position, self.xrun_frames)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CallbackInfo) and self._astuple() == other._astuple()

    def __hash__(self) -> int:
        return hash(self._astuple())

    def replace(self, *, position: int | None = None, xrun_frames: int | None = None) -> Self:
        """The same but for what is given."""
        return type(self)(
            self._callback_nanos,
            self._device_nanos,
            self.position if position is None else position,
            self.xrun_frames if xrun_frames is None else xrun_frames,
        )

    def __repr__(self) -> str:
        return f"CallbackInfo(position={self.position}, xrun_frames={self.xrun_frames}, timestamp={self.timestamp})"
