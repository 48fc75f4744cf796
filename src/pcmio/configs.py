"""What a stream can be asked for, and what a device says it can do."""

from __future__ import annotations

from operator import index

from pcmio._value import Value, shown
from pcmio.errors import InvalidInput, UnsupportedConfig
from pcmio.formats import SampleFormat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

SAMPLE_RATE_CD = 44_100
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
    """How many frames a callback gets each time: the host's own choice, or a fixed number.

    Attributes:
        frames: Frames per callback, or None for the host's choice (``BufferSize.DEFAULT``).
    """

    frames: int | None = None

    DEFAULT: ClassVar[BufferSize]

    @classmethod
    def fixed(cls, frames: int) -> BufferSize:
        """Exactly so many frames in each callback.

        Raises:
            InvalidInput: Not a whole number, or not one that any device could serve.
        """
        return cls(whole("buffer_size", frames, MOST_FRAMES))

    def _check(self) -> None:
        if self.frames is not None:
            self._set("frames", whole("buffer_size", self.frames, MOST_FRAMES))

    def __str__(self) -> str:
        return "default" if self.frames is None else f"{self.frames} frames"


BufferSize.DEFAULT = BufferSize()


class SupportedBufferSize(Value):
    """Frames per callback that a device can do, both ends included; ``UNKNOWN`` when the system does not tell.

    Attributes:
        min_frames: The fewest, or None when unknown.
        max_frames: The most, or None when unknown.
    """

    min_frames: int | None = None
    max_frames: int | None = None

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

    def __str__(self) -> str:
        return "unknown" if self.min_frames is None else f"{self.min_frames} to {self.max_frames} frames"


SupportedBufferSize.UNKNOWN = SupportedBufferSize()


class StreamConfig(Value):
    """What a stream is asked for, and in ``stream.config`` what it got.

    Attributes:
        channels: Samples in a frame.
        sample_rate: Frames per second.
        buffer_size: Frames per callback; a plain number means ``BufferSize.fixed(number)``, None the host's choice.
        sample_format: Of the frames that the callback sees; its name ("f32") will do.  The core converts to what the
            device takes.
    """

    channels: int
    sample_rate: int
    buffer_size: BufferSize = BufferSize.DEFAULT
    sample_format: SampleFormat = SampleFormat.F32

    if TYPE_CHECKING:

        def __init__(
            self,
            channels: int,
            sample_rate: int,
            buffer_size: BufferSize | int | None = ...,
            sample_format: SampleFormat | str = ...,
        ) -> None: ...

    def _check(self) -> None:
        self._set("channels", whole("channels", self.channels, _MOST_CHANNELS))
        self._set("sample_rate", whole("sample_rate", self.sample_rate, _MOST_RATE))
        size = self._given("buffer_size")
        if not isinstance(size, BufferSize):
            self._set("buffer_size", BufferSize.DEFAULT if size is None else BufferSize.fixed(size))
        self._set("sample_format", SampleFormat(self.sample_format))

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame."""
        return self.channels * self.sample_format.sample_bytes

    def __str__(self) -> str:
        return f"{self.channels} ch, {self.sample_rate} Hz, {self.sample_format}, {self.buffer_size}"


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
