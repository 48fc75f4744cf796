"""What a stream can be asked for, and what a device says it can do."""

from __future__ import annotations

from math import nan
from operator import index

from pcmio._value import Value, shown
from pcmio.errors import InvalidInput, UnsupportedConfig
from pcmio.formats import SampleFormat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, ClassVar

#: The rate of a CD, in frames per second.
SAMPLE_RATE_CD = 44_100
#: The rate of most sound cards, and of films.
SAMPLE_RATE_48K = 48_000
#: Rates that are worth asking a device about, in frames per second (DSD's count words).
COMMON_SAMPLE_RATES = (
    *(5_512, 8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000),
    *(176_400, 192_000, 352_800, 384_000, 705_600, 768_000),
    *(1_411_200, 1_536_000, 2_822_400, 3_072_000, 5_644_800, 6_144_000, 11_289_600, 12_288_000, 22_579_200, 24_576_000),
)

# From the least to the most wanted, as cpal ranks them; packed formats stand beside their roomier twins.
_RANKS = {
    name: rank
    for rank, name in enumerate(
        (
            *("dsdu8", "dsdu16", "dsdu32", "u8", "i8", "u64", "i64", "u16", "i16"),
            *("u24_packed", "u24", "i24_packed", "i24", "u32", "i32", "f64", "f32"),
        )
    )
}
_MONO = 1
_STEREO = 2

#: In one buffer.
MOST_FRAMES = 1 << 24
_MOST_RATE = 1 << 26
_MOST_CHANNELS = 1024
_MOST_SECONDS = 60.0

_NEAREST = "nearest"
#: By name: how long a block is to last, in seconds.  Nobody gains by less than a millisecond: the systems move more
#: at a time, and each block has its price.
_WISHES = {"smallest": 0.001, "low": 0.0025, "balanced": 0.01, "high": 0.05}


def _integer(name: str, value: object, allowed: str = "a whole number") -> int:
    """``value`` as an int; numpy's integers are welcome, floats, booleans and text are not."""
    if type(value).__name__ not in ("bool", "bool_"):  # Python's and numpy's, which older numpys take for numbers
        try:
            return index(value)  # type: ignore[arg-type]
        except TypeError:
            pass
    raise InvalidInput(f"{name} must be {allowed}, not {shown(value)}")


def whole(name: str, value: object, most: int, *, least: int = 1) -> int:
    """``value`` as a count from ``least`` to ``most``.

    Raises:
        InvalidInput: It is none; the message says what it is of, ``name``, and what is allowed.
    """
    number = _integer(name, value, f"a whole number from {least} to {most}")
    if not least <= number <= most:
        raise InvalidInput(f"{name} must be from {least} to {most}, not {shown(number)}")
    return number


class BufferSize(Value):
    """How many frames a callback gets each time: the host's own choice, a number, or a wish.

    A wish is granted within what the device says it supports; ``stream.config.buffer_size`` is then a number, and every
    callback gets exactly that.  In a ``StreamConfig`` a number stands for ``fixed``, and "smallest", "low", "balanced"
    and "high" for the wishes of these names.

    Attributes:
        frames: Frames per callback of ``fixed`` and ``nearest``, else None.
        wish: "nearest", "smallest", "low" (2.5 ms), "balanced" (10 ms), "high" (50 ms), or None.
        duration: Seconds of a block, of ``latency``, else None.
    """

    frames: int | None = None
    wish: str | None = None
    duration: float | None = None

    #: The host's own choice.
    DEFAULT: ClassVar[BufferSize]
    #: 1 ms, or as near to that as the device can: the wish "smallest".
    SMALLEST: ClassVar[BufferSize]
    #: 2.5 ms, or as near to that as the device can.
    LOW: ClassVar[BufferSize]
    #: 10 ms, or as near to that as the device can.
    BALANCED: ClassVar[BufferSize]
    #: 50 ms, or as near to that as the device can.
    HIGH: ClassVar[BufferSize]

    @classmethod
    def fixed(cls, frames: int) -> BufferSize:
        """Exactly so many frames in each callback, or no stream.

        Raises:
            InvalidInput: Not a whole number, or not one that any device could serve.
        """
        return cls(whole("buffer_size", frames, MOST_FRAMES))

    @classmethod
    def nearest(cls, frames: int) -> BufferSize:
        """So many frames, or as near to that as the device can.

        Raises:
            InvalidInput: Not a whole number, or not one that any device could serve.
        """
        return cls(whole("buffer_size", frames, MOST_FRAMES), _NEAREST)

    @classmethod
    def latency(cls, seconds: float) -> BufferSize:
        """As many frames as last so long, or as near to that as the device can: a block's part of the latency.

        Raises:
            InvalidInput: Not a number of seconds that a block could last.
        """
        return cls(duration=seconds)

    @classmethod
    def of(cls, given: object) -> BufferSize:
        """What is given in place of a size: one, a number of frames, the name of a wish, None for the host's choice.

        Raises:
            InvalidInput: None of these.
        """
        if isinstance(given, BufferSize):
            return given
        if given is None:
            return cls.DEFAULT
        if isinstance(given, str):
            return cls(wish=given)
        return cls.fixed(given)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]

    def _check(self) -> None:
        wish: object = self._given("wish")
        if wish is not None and not (isinstance(wish, str) and (wish == _NEAREST or wish in _WISHES)):
            allowed = ", ".join(_WISHES)
            raise InvalidInput(f"buffer_size must be a number of frames or one of {allowed}, not {shown(wish)}")
        given = [wish not in (None, _NEAREST), self.frames is not None, self.duration is not None]
        if sum(given) > 1 or (wish == _NEAREST and self.frames is None):
            raise InvalidInput(
                f"no buffer size has frames={shown(self.frames)}, wish={shown(wish)}, duration={shown(self.duration)}",
                advice="see BufferSize.fixed, nearest and latency",
            )
        if self.frames is not None:
            self._set("frames", whole("buffer_size", self.frames, MOST_FRAMES))
        if self.duration is not None:
            self._set("duration", _seconds(self._given("duration")))

    def resolve(self, sample_rate: int, supported: SupportedBufferSize) -> BufferSize:
        """What is granted where ``supported`` is possible: ``fixed`` for every wish; else the same."""
        if self.duration is None and self.wish is None:
            return self
        if self.wish == _NEAREST:
            frames = self.frames or 1
        elif self.duration is not None:
            frames = round(self.duration * sample_rate)
        else:
            frames = round(_WISHES[self.wish or ""] * sample_rate)
        return BufferSize.fixed(supported.clamp(frames))

    def __repr__(self) -> str:
        fields = [f"{name}={value!r}" for name in self._fields if (value := getattr(self, name)) is not None]
        return f"BufferSize({', '.join(fields) or 'frames=None'})"

    def __str__(self) -> str:
        if self.duration is not None:
            return f"{self.duration:g} s"
        if self.frames is None:
            return self.wish or "default"
        return f"{self.frames} frames" if self.wish is None else f"nearest to {self.frames} frames"


def _listed(given: Any) -> list[Any] | None:
    """The numbers in a list, an array of numpy's, or the like; None: it is none."""
    if isinstance(given, (str, bytes)):
        return None
    try:
        return list(given)
    except TypeError:
        return None


def _seconds(value: object) -> float:
    try:
        seconds = nan if isinstance(value, (bool, str)) else float(value)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError, OverflowError):
        seconds = nan
    if not 0 < seconds <= _MOST_SECONDS:
        raise InvalidInput(f"a buffer lasts more than 0 and up to {_MOST_SECONDS:g} seconds, not {shown(value)}")
    return seconds


BufferSize.DEFAULT = BufferSize()
BufferSize.SMALLEST = BufferSize(wish="smallest")
BufferSize.LOW = BufferSize(wish="low")
BufferSize.BALANCED = BufferSize(wish="balanced")
BufferSize.HIGH = BufferSize(wish="high")


class SupportedBufferSize(Value):
    """Frames per callback that a device can do, both ends included; ``UNKNOWN`` when the system does not tell.

    Attributes:
        min_frames: The fewest, or None when unknown.
        max_frames: The most, or None when unknown.
    """

    min_frames: int | None = None
    max_frames: int | None = None

    #: What a system says that does not tell: anything may work.
    UNKNOWN: ClassVar[SupportedBufferSize]

    def _check(self) -> None:
        if self.min_frames is None and self.max_frames is None:
            return
        low = _integer("min_frames", self.min_frames)
        high = _integer("max_frames", self.max_frames)
        if not 1 <= low <= high:
            raise InvalidInput(f"buffers of {shown(low)} to {shown(high)} frames are none")
        self._set("min_frames", low)
        self._set("max_frames", high)

    def contains(self, frames: int) -> bool:
        """Whether a callback of ``frames`` frames is possible as far as is known."""
        number = _integer("frames", frames)
        if self.min_frames is None or self.max_frames is None:
            return number > 0
        return self.min_frames <= number <= self.max_frames

    def clamp(self, frames: int) -> int:
        """What is possible and nearest to ``frames``, as far as is known."""
        low, high = self.min_frames or 1, self.max_frames or MOST_FRAMES
        return max(low, min(frames, high))

    def __str__(self) -> str:
        return "unknown" if self.min_frames is None else f"{self.min_frames} to {self.max_frames} frames"


SupportedBufferSize.UNKNOWN = SupportedBufferSize()


class StreamConfig(Value):
    """What a stream is asked for, and in ``stream.config`` what it got.

    Attributes:
        channels: Samples in a frame.  In place of a number may stand which channels of the device they are, in order,
            counted from 0: ``StreamConfig([2, 3], 48_000)`` has two, the device's third and fourth.
        sample_rate: Frames per second.
        buffer_size: Frames per callback; a plain number means ``BufferSize.fixed(number)``, None the host's choice, and
            "smallest", "low", "balanced", "high" are wishes, see ``BufferSize``.
        sample_format: Of the frames that the callback sees; its name ("f32") will do.  The core converts to what the
            device takes.
        device_channels: The device's channels that were chosen, else empty.
    """

    channels: int
    sample_rate: int
    buffer_size: BufferSize = BufferSize.DEFAULT
    sample_format: SampleFormat = SampleFormat.F32
    device_channels: tuple[int, ...] = ()

    if TYPE_CHECKING:

        def __init__(
            self,
            channels: int | Iterable[int],
            sample_rate: int,
            buffer_size: BufferSize | int | str | None = ...,
            sample_format: SampleFormat | str = ...,
            device_channels: tuple[int, ...] = ...,
        ) -> None: ...

    def _check(self) -> None:
        self._set_channels(self._given("channels"), self._given("device_channels"))
        self._set("sample_rate", whole("sample_rate", self.sample_rate, _MOST_RATE))
        self._set("buffer_size", BufferSize.of(self._given("buffer_size")))
        self._set("sample_format", SampleFormat(self.sample_format))

    def _set_channels(self, channels: Any, device_channels: Any) -> None:
        listed = _listed(channels)
        if listed is not None:
            channels, device_channels = len(listed), listed  # whatever was chosen before
        given = _listed(device_channels)
        if given is None:
            raise InvalidInput(f"device_channels must be a list of numbers, not {shown(device_channels)}")
        chosen = tuple([whole("a channel", one, _MOST_CHANNELS - 1, least=0) for one in given])
        channels = whole("channels", channels, _MOST_CHANNELS)
        if chosen and len(chosen) != channels:
            raise InvalidInput(
                f"{channels} channels are not the {len(chosen)} that were chosen, {shown(list(chosen))}",
                advice="choose others: channels=[...], or none: device_channels=()",
            )
        self._set("channels", channels)
        self._set("device_channels", chosen)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame."""
        return self.channels * self.sample_format.sample_bytes

    def __str__(self) -> str:
        chosen = f" ({', '.join(map(str, self.device_channels))} of the device)" if self.device_channels else ""
        return f"{self.channels} ch{chosen}, {self.sample_rate} Hz, {self.sample_format}, {self.buffer_size}"

    def __repr__(self) -> str:
        channels = list(self.device_channels) or self.channels
        return (
            f"StreamConfig(channels={channels!r}, sample_rate={self.sample_rate!r}, buffer_size={self.buffer_size!r}, "
            f"sample_format={self.sample_format!r})"
        )


class SupportedStreamConfig(Value):
    """One format that a device can do; ``config()`` makes a request of it."""

    channels: int
    sample_rate: int
    buffer_size: SupportedBufferSize
    sample_format: SampleFormat

    def _check(self) -> None:
        self._set("channels", whole("channels", self.channels, _MOST_CHANNELS))
        self._set("sample_rate", whole("sample_rate", self.sample_rate, _MOST_RATE))
        _check_supported(self._given("buffer_size"))
        self._set("sample_format", SampleFormat(self.sample_format))

    def config(self) -> StreamConfig:
        """A request for this format with the host's own buffer size."""
        return StreamConfig(self.channels, self.sample_rate, BufferSize.DEFAULT, self.sample_format)

    def __str__(self) -> str:
        return f"{self.channels} ch, {self.sample_rate} Hz, {self.sample_format}, {self.buffer_size}"


class SupportedStreamConfigRange(Value):
    """Formats that differ only in their rate, from ``min_sample_rate`` to ``max_sample_rate``, both included."""

    channels: int
    min_sample_rate: int
    max_sample_rate: int
    buffer_size: SupportedBufferSize
    sample_format: SampleFormat

    def _check(self) -> None:
        self._set("channels", whole("channels", self.channels, _MOST_CHANNELS))
        self._set("min_sample_rate", whole("min_sample_rate", self.min_sample_rate, _MOST_RATE))
        self._set("max_sample_rate", whole("max_sample_rate", self.max_sample_rate, _MOST_RATE))
        _check_supported(self._given("buffer_size"))
        self._set("sample_format", SampleFormat(self.sample_format))
        if self.min_sample_rate > self.max_sample_rate:
            raise InvalidInput(f"a range from {self.min_sample_rate} down to {self.max_sample_rate} Hz holds no rate")

    def contains_rate(self, sample_rate: int) -> bool:
        """Whether ``sample_rate`` lies within."""
        return self.min_sample_rate <= _integer("sample_rate", sample_rate) <= self.max_sample_rate

    def try_with_sample_rate(self, sample_rate: int) -> SupportedStreamConfig | None:
        """The format at ``sample_rate``, or None when that lies outside."""
        if not self.contains_rate(sample_rate):
            return None
        return SupportedStreamConfig(self.channels, sample_rate, self.buffer_size, self.sample_format)

    def with_sample_rate(self, sample_rate: int) -> SupportedStreamConfig:
        """The format at ``sample_rate``.

        Raises:
            UnsupportedConfig: It lies outside.
        """
        found = self.try_with_sample_rate(sample_rate)
        if found is None:
            raise UnsupportedConfig(
                f"{shown(sample_rate)} Hz is not within {self.min_sample_rate} to {self.max_sample_rate} Hz"
            )
        return found

    def with_max_sample_rate(self) -> SupportedStreamConfig:
        """The format at its highest rate."""
        return self.with_sample_rate(self.max_sample_rate)

    def try_with_standard_sample_rate(self) -> SupportedStreamConfig | None:
        """The format at 48 000 Hz, else at 44 100 Hz, else None."""
        return self.try_with_sample_rate(SAMPLE_RATE_48K) or self.try_with_sample_rate(SAMPLE_RATE_CD)

    def with_standard_sample_rate(self) -> SupportedStreamConfig:
        """The format at 48 000 Hz, else at 44 100 Hz.

        Raises:
            UnsupportedConfig: Neither lies within.
        """
        found = self.try_with_standard_sample_rate()
        if found is None:
            raise UnsupportedConfig(
                f"neither 48000 nor 44100 Hz is within {self.min_sample_rate} to {self.max_sample_rate} Hz"
            )
        return found

    def with_default_sample_rate(self) -> SupportedStreamConfig:
        """The format at 48 000 Hz, else at 44 100 Hz, else at its highest rate."""
        return self.try_with_standard_sample_rate() or self.with_max_sample_rate()

    def default_rank(self) -> tuple[bool, bool, int, int, bool, bool, int]:
        """A sort key: the greatest is the best default, by cpal's rules.

        Stereo before mono before more channels before fewer; then the sample format; then 48 000 and 44 100 Hz; then
        the higher rate.
        """
        return (
            self.channels == _STEREO,
            self.channels == _MONO,
            self.channels,
            _RANKS[self.sample_format.value],
            self.contains_rate(SAMPLE_RATE_48K),
            self.contains_rate(SAMPLE_RATE_CD),
            self.max_sample_rate,
        )

    def cmp_default_heuristics(self, other: SupportedStreamConfigRange) -> int:
        """-1, 0 or 1: whether this makes a worse, equal or better default than ``other`` (see ``default_rank``)."""
        mine, theirs = self.default_rank(), other.default_rank()
        return (mine > theirs) - (mine < theirs)

    def __str__(self) -> str:
        rates = f"{self.min_sample_rate}"
        if self.min_sample_rate != self.max_sample_rate:
            rates += f" to {self.max_sample_rate}"
        return f"{self.channels} ch, {rates} Hz, {self.sample_format}, {self.buffer_size}"


def _check_supported(size: object) -> None:
    if not isinstance(size, SupportedBufferSize):
        raise InvalidInput(f"buffer_size must be a SupportedBufferSize, not {shown(size)}")
