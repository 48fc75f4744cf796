"""Signals that tell where each of their samples belongs."""

from __future__ import annotations

import threading
from contextlib import contextmanager

from pcmio.errors import StopStream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from pcmio.blocking import Reader, Writer
    from pcmio.contract import Stream
    from pcmio.formats import SampleFormat
    from pcmio.stats import StreamStats
    from pcmio.timestamps import CallbackInfo


class FramesLost(AssertionError):  # noqa: N818 - what is missing
    """Frames are missing, or were told as lost; all that arrived are right, and in order.

    A host that loses frames breaks its promise; so does a machine that stands still for longer than the server's
    buffers last.  Whoever knows of a standstill may run the check again.
    """


def assert_nothing_lost(frames: int) -> None:
    """No frame was told as lost.

    Raises:
        FramesLost: Some were.
    """
    if frames:
        raise FramesLost(f"{frames} frames were told as lost")


def assert_no_xruns(stats: StreamStats) -> None:
    """Nothing was told as lost, not even of unknown length.

    Raises:
        FramesLost: Something was.
    """
    if stats.xruns:
        raise FramesLost(f"{stats.xruns} xruns of {stats.xrun_frames} frames were told")


@contextmanager
def losses_of(*streams: Stream | Writer | Reader) -> Generator[None]:
    """What fails inside is a loss of frames where one of the streams tells of any, and else what it is.

    For checks of what is only true of frames that all arrived, as how long a sound is, or when it is heard.
    """
    try:
        yield
    except AssertionError as error:
        told = [stream.stats for stream in streams]
        if any(stats.xruns for stats in told):
            raise FramesLost(f"{error}; {told}") from error
        raise


class Noise:
    """Frames of pseudo-random samples, none of them silent, full scale included.

    A lost, doubled or changed sample shows.  Floats are multiples of 2**-23, so that 24 bits anywhere on the way change
    nothing.
    """

    def __init__(self, sample_format: SampleFormat, channels: int, frames: int, seed: int = 1) -> None:
        import numpy as np

        self.sample_format = sample_format
        self.channels = channels
        numbers = np.random.default_rng(seed)
        shape = (frames, channels)
        if sample_format.is_float:
            whole = numbers.integers(1, 1 << 23, shape) * numbers.choice(np.array([-1, 1]), shape)
            self.frames: Any = (whole / (1 << 23)).astype(sample_format.dtype)
        elif sample_format.is_packed:
            raw: Any = numbers.integers(1, 256, (frames, channels, 3), dtype=np.uint8)
            self.frames = raw.view(sample_format.dtype).reshape(shape)
        elif sample_format.is_dsd:
            self.frames = numbers.integers(0x6A, 0xFF, shape).astype(sample_format.dtype)
        else:
            middle = 0 if sample_format.is_int else 1 << (sample_format.bits_per_sample - 1)
            low, high = int(sample_format.minimum), int(sample_format.maximum)
            below = numbers.integers(low, middle, shape, dtype=np.uint64 if low >= 0 else np.int64)
            above = numbers.integers(middle + 1, high, shape, dtype=np.uint64 if low >= 0 else np.int64, endpoint=True)
            self.frames = np.where(numbers.random(shape) < 0.5, below, above).astype(sample_format.dtype)

    @classmethod
    def of(cls, sample_format: SampleFormat, frames: Any) -> Noise:
        """What is to be recognised where the frames are made elsewhere, or are a part of others."""
        noise = cls(sample_format, frames.shape[1], 0)
        noise.frames = frames
        return noise

    def player(self) -> NoisePlayer:
        """A callback that plays it once and then ends its stream."""
        return NoisePlayer(self.frames)

    def assert_within(self, recorded: Any) -> None:
        """Every frame stands in ``recorded``, once, in order, unchanged, with silence only around the whole.

        Raises:
            AssertionError: Says at which frame it breaks; FramesLost where all that is wrong are missing frames.
        """
        import numpy as np

        sounding = np.flatnonzero(sounds(recorded, self.sample_format))
        assert sounding.size, f"nothing but silence in {len(recorded)} frames"
        first, last = int(sounding[0]), int(sounding[-1])
        heard = recorded[first : last + 1]
        count = min(len(heard), len(self.frames))
        differs = np.flatnonzero((heard[:count] != self.frames[:count]).any(axis=1))
        if not differs.size and len(heard) == len(self.frames):
            return
        told = f"{len(heard)} frames were heard instead of {len(self.frames)}"
        if differs.size:
            at = differs[0]
            told = (
                f"frame {at} of {len(self.frames)} is {heard[at]} instead of {self.frames[at]}; "
                f"{differs.size} of {count} frames differ"
            )
        raise (FramesLost if self._is_all_right_that_sounds(recorded) else AssertionError)(told)

    def _is_all_right_that_sounds(self, recorded: Any) -> bool:
        """Whether the frames of ``recorded`` that sound stand in the whole in the same order."""
        import numpy as np

        heard = recorded[sounds(recorded, self.sample_format)]
        at = 0
        while len(heard):
            later = np.flatnonzero((self.frames[at:] == heard[0]).all(axis=1))
            if not later.size:
                return False
            at += int(later[0])
            count = min(len(heard), len(self.frames) - at)
            differs = np.flatnonzero((self.frames[at : at + count] != heard[:count]).any(axis=1))
            run = int(differs[0]) if differs.size else count
            at, heard = at + run, heard[run:]
        return True

    def assert_heard_in_pieces(self, recorded: Any) -> None:
        """As ``assert_within``, with silence allowed between any two frames."""
        heard = recorded[sounds(recorded, self.sample_format)]
        if len(heard) != len(self.frames) or (heard != self.frames).any():
            missing = len(heard) < len(self.frames) and self._is_all_right_that_sounds(heard)
            told = f"{len(heard)} frames were heard instead of {len(self.frames)}"
            raise (FramesLost if missing else AssertionError)(f"{told}{'' if missing else ', changed or out of order'}")

    def assert_begins_with(self, recorded: Any) -> None:
        """What sounds in ``recorded`` is a beginning of the whole, with silence allowed between any two frames.

        Raises:
            AssertionError: FramesLost where all that is wrong are missing frames.
        """
        heard = recorded[sounds(recorded, self.sample_format)]
        if len(heard) <= len(self.frames) and (heard == self.frames[: len(heard)]).all():
            return
        missing = self._is_all_right_that_sounds(heard)
        raise (FramesLost if missing else AssertionError)(f"{len(heard)} frames are not the first that were played")


def sounds(recorded: Any, sample_format: SampleFormat) -> Any:
    """For each frame whether any of its samples is not silent."""
    import numpy as np

    silence = np.frombuffer(sample_format.silence, sample_format.dtype)[0]
    return (recorded != silence).any(axis=1)


class NoisePlayer:
    """An output callback that plays frames once, then raises StopStream."""

    def __init__(self, frames: Any) -> None:
        self._frames = frames
        self.at = 0

    def __call__(self, block: Any, _info: CallbackInfo) -> None:
        """Play the next piece."""
        piece = self._frames[self.at : self.at + len(block)]
        if not len(piece):
            raise StopStream
        block[: len(piece)] = piece
        self.at += len(piece)


class Recorder:
    """An input callback that keeps what it gets."""

    def __init__(self) -> None:
        self._blocks: list[Any] = []
        self._lock = threading.Lock()
        self.frames = 0
        self.lost = 0

    def __call__(self, block: Any, info: CallbackInfo) -> None:
        """Keep a copy."""
        with self._lock:
            self._blocks.append(block.copy())
            self.frames += len(block)
            self.lost += info.xrun_frames

    def recorded(self) -> Any:
        """All frames up to now."""
        import numpy as np

        with self._lock:
            return np.concatenate(self._blocks) if self._blocks else np.empty((0, 1))


class Counter:
    """A callback for either direction that counts its calls and keeps what it was told."""

    def __init__(self) -> None:
        self.calls = 0
        self.frames = 0
        self.infos: list[CallbackInfo] = []
        self.thread = 0

    def __call__(self, block: Any, info: CallbackInfo) -> None:
        """Count."""
        self.calls += 1
        self.frames += len(block)
        self.infos.append(info)
        self.thread = threading.get_ident()

    def goes_on(self) -> bool:
        """Whether it was called more than once or twice."""
        return self.calls > 2


class Events:
    """An event callback that keeps what it gets."""

    def __init__(self) -> None:
        self.all: list[Any] = []

    def __call__(self, event: Any) -> None:
        """Keep it."""
        self.all.append(event)

    def of(self, kind: type) -> list[Any]:
        """Those of one class."""
        return [event for event in self.all if isinstance(event, kind)]
