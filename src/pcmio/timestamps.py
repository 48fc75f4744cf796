"""When things happen: points on a stream's own clock, and what a callback is told."""

from __future__ import annotations

from math import isfinite, nan
from operator import index

from pcmio._value import Value, shown
from pcmio.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar, overload

_NANOS = 1_000_000_000


def _nanos(seconds: float) -> int:
    """``seconds`` in whole nanoseconds, rounded to the nearest."""
    given: object = seconds
    if not isinstance(given, (str, bytes)):
        try:
            number = float(seconds) * _NANOS
        except (TypeError, ValueError, OverflowError):
            number = nan
        if isfinite(number):
            return round(number)
    raise InvalidInput(f"{shown(seconds)} is no number of seconds")


class StreamInstant(Value):
    """A point on a stream's monotonic clock, in whole nanoseconds; comparable only with instants of the same stream.

    ``instant - earlier`` is in seconds; ``instant + seconds`` and ``instant - seconds`` are instants.

    Attributes:
        nanos: Nanoseconds since the clock began.
    """

    nanos: int

    ZERO: ClassVar[StreamInstant]

    def _check(self) -> None:
        nanos = self._given("nanos")
        try:
            self._set("nanos", index(nanos))
        except TypeError:
            raise InvalidInput(f"an instant is a whole number of nanoseconds, not {shown(nanos)}") from None
        if self.nanos < 0:
            raise InvalidInput(f"an instant cannot lie before its clock began: {shown(nanos)} ns")

    @classmethod
    def from_seconds(cls, seconds: float) -> StreamInstant:
        """The instant ``seconds`` after the clock began, rounded to the nearest nanosecond.

        Raises:
            InvalidInput: Negative, infinite or not a number.
        """
        return cls(_nanos(seconds))

    @property
    def seconds(self) -> float:
        """Seconds since the clock began."""
        return self.nanos / _NANOS

    def duration_since(self, earlier: StreamInstant) -> float:
        """Seconds since ``earlier``, 0.0 when that is later."""
        return max(0.0, self - earlier)

    def __add__(self, seconds: float) -> StreamInstant:
        """The instant ``seconds`` later."""
        given: object = seconds
        return NotImplemented if isinstance(given, Value) else StreamInstant(self.nanos + _nanos(seconds))

    __radd__ = __add__

    if TYPE_CHECKING:

        @overload
        def __sub__(self, other: StreamInstant) -> float: ...
        @overload
        def __sub__(self, other: float) -> StreamInstant: ...
        def __sub__(self, other: StreamInstant | float) -> StreamInstant | float: ...

    else:

        def __sub__(self, other: StreamInstant | float) -> StreamInstant | float:
            """Seconds since an earlier instant, negative when that is later; or the instant some seconds earlier."""
            if isinstance(other, StreamInstant):
                return (self.nanos - other.nanos) / _NANOS
            return NotImplemented if isinstance(other, Value) else StreamInstant(self.nanos - _nanos(other))

    def __lt__(self, other: StreamInstant) -> bool:
        return self.nanos < other.nanos if _is_instant(other) else NotImplemented

    def __le__(self, other: StreamInstant) -> bool:
        return self.nanos <= other.nanos if _is_instant(other) else NotImplemented

    def __gt__(self, other: StreamInstant) -> bool:
        return self.nanos > other.nanos if _is_instant(other) else NotImplemented

    def __ge__(self, other: StreamInstant) -> bool:
        return self.nanos >= other.nanos if _is_instant(other) else NotImplemented

    def __str__(self) -> str:
        return f"{self.nanos // _NANOS}.{self.nanos % _NANOS:09d} s"


def _is_instant(other: object) -> bool:
    return isinstance(other, StreamInstant)


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
    """What a callback is told about its block; a value like others.

    One is made for each block, so it is leaner than other values: the instants are made when they are asked for.
    """

    __slots__ = ("_callback_nanos", "_device_nanos", "_position", "_xrun_frames")
    __match_args__ = ("position", "xrun_frames", "timestamp")

    def __init__(self, callback_nanos: int, device_nanos: int, position: int, xrun_frames: int) -> None:
        self._callback_nanos = callback_nanos
        self._device_nanos = device_nanos
        self._position = position
        self._xrun_frames = xrun_frames

    @property
    def position(self) -> int:
        """Frames of this stream before this block's first, counted since the stream was built."""
        return self._position

    @property
    def xrun_frames(self) -> int:
        """Frames lost just before this block: silence played for want of frames, or input that nobody took in time."""
        return self._xrun_frames

    @property
    def xrun(self) -> bool:
        """Whether frames were lost before this block."""
        return self._xrun_frames > 0

    @property
    def timestamp(self) -> StreamTimestamp:
        """When the callback was called, and when its first frame is or was at the converter."""
        return StreamTimestamp(StreamInstant(self._callback_nanos), StreamInstant(self._device_nanos))

    def replace(self, *, position: int | None = None, xrun_frames: int | None = None) -> CallbackInfo:
        """The same but for what is given."""
        return CallbackInfo(
            self._callback_nanos,
            self._device_nanos,
            self._position if position is None else position,
            self._xrun_frames if xrun_frames is None else xrun_frames,
        )

    def shifted(self, nanos: int) -> CallbackInfo:
        """The same but for a device time that is so much later; for a block that begins elsewhere."""
        device = max(0, self._device_nanos + nanos)
        return CallbackInfo(self._callback_nanos, device, self._position, self._xrun_frames)

    __replace__ = replace  # serves copy.replace (Python 3.13)

    def _astuple(self) -> tuple[int, int, int, int]:
        return (self._callback_nanos, self._device_nanos, self._position, self._xrun_frames)

    def __eq__(self, other: object) -> bool:
        return self._astuple() == other._astuple() if isinstance(other, CallbackInfo) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._astuple())

    def __reduce__(self) -> tuple[object, ...]:
        return (CallbackInfo, self._astuple())

    def __repr__(self) -> str:
        return f"CallbackInfo(position={self.position}, xrun_frames={self.xrun_frames}, timestamp={self.timestamp})"
