"""Samples that are made to fit: in another format, mixed to another number of channels, at another rate."""

from __future__ import annotations

from importlib import import_module
from math import ceil

from pcmio._arrays import numpy_for
from pcmio._core import core
from pcmio.errors import UnsupportedOperation
from pcmio.formats import SampleFormat, float_like

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pcmio.configs import StreamConfig

_QUALITY = "HQ"  # of soxr
#: So much is converted at a time, at most: a long write is heard before all of it was converted.
PIECE_SECONDS = 0.05
_TRIED_FRAMES, _FEWEST_TRIED = 61, 1 << 14
_STEREO = 2
_SLANT = 0.7071  # a centre or a rear channel is heard on both sides, at 3 dB less
#: Weights of a file's channels (in the order of WAV files) left and right; the low-frequency channel is left out.
_TO_STEREO: dict[int, tuple[tuple[float, float], ...]] = {
    3: ((1, 0), (0, 1), (_SLANT, _SLANT)),
    4: ((1, 0), (0, 1), (_SLANT, 0), (0, _SLANT)),
    5: ((1, 0), (0, 1), (_SLANT, _SLANT), (_SLANT, 0), (0, _SLANT)),
    6: ((1, 0), (0, 1), (_SLANT, _SLANT), (0, 0), (_SLANT, 0), (0, _SLANT)),
    7: ((1, 0), (0, 1), (_SLANT, _SLANT), (0, 0), (_SLANT, _SLANT), (_SLANT, 0), (0, _SLANT)),
    8: ((1, 0), (0, 1), (_SLANT, _SLANT), (0, 0), (_SLANT, 0), (0, _SLANT), (_SLANT, 0), (0, _SLANT)),
}


def mix_matrix(channels: int, to: int) -> Any:
    """Weights of each of ``channels`` channels in each of ``to``; what was not too loud stays so."""
    import numpy as np

    matrix = np.zeros((channels, to))
    if channels == 1:
        matrix[0, :_STEREO] = 1
    elif to == _STEREO and channels in _TO_STEREO:
        matrix[:] = _TO_STEREO[channels]
    else:
        for channel in range(channels):
            matrix[channel, channel % to] = 1
    if channels > to:
        matrix /= np.maximum(matrix.sum(axis=0), 1)
    return matrix


def mixed(frames: Any, channels: int) -> Any:
    """Floats of shape (frames, channels), in another number of channels."""
    if frames.shape[1] == channels:
        return frames
    return frames @ mix_matrix(frames.shape[1], channels).astype(frames.dtype)


def resampled(frames: Any, from_rate: int, to_rate: int) -> Any:
    """The same floats at another rate; the resampler's delay is taken off.

    Raises:
        UnsupportedOperation: soxr is not installed.
    """
    if from_rate == to_rate:
        return frames
    return soxr_for(from_rate, to_rate).resample(frames, from_rate, to_rate, _QUALITY)


def soxr_for(from_rate: int, to_rate: int) -> Any:
    """The module; a missing one is told of before anything sounds.

    Raises:
        UnsupportedOperation: It is not installed.
    """
    try:
        return import_module("soxr")
    except ImportError as error:
        raise UnsupportedOperation(
            f"the device does not run at {from_rate} Hz, and what resamples to {to_rate} Hz is not installed",
            advice="pip install 'pcmio[convert]', or choose a rate of the device",
        ) from error


def as_format(samples: Any, given: SampleFormat, wanted: SampleFormat) -> Any:
    """Samples of any format but DSD in another, by the rules of the core; the same array, if it is the same format."""
    if given is wanted:
        return samples
    import numpy as np

    whole: Any = np.ascontiguousarray(samples)
    made: Any = np.empty(whole.shape, wanted.dtype)
    core().pcmio_convert(made.ctypes.data, wanted.code, 1, whole.ctypes.data, given.code, 1, whole.size)
    return made


def silent(config: StreamConfig, frames: int) -> Any:
    """So many frames of silence, as an array of shape (frames, channels)."""
    import numpy as np

    memory = bytearray(config.sample_format.silence * (frames * config.channels))
    samples: Any = np.frombuffer(memory, config.sample_format.dtype)
    return samples.reshape(frames, config.channels)


def bytes_of(samples: Any) -> memoryview:
    """The memory of an array in one piece."""
    return memoryview(samples.reshape(-1).view("u1"))


def held_frames(from_rate: int, to_rate: int) -> int:
    """Frames, of those that it is given, that a ``Converter`` holds back at most; found by trying.

    Raises:
        UnsupportedOperation: soxr is not installed.
    """
    import numpy as np

    stream = soxr_for(from_rate, to_rate).ResampleStream(from_rate, to_rate, 1, "float32", _QUALITY)
    piece: Any = np.zeros((_TRIED_FRAMES, 1), np.float32)
    given = taken = 0
    most = 0.0
    while given < max(from_rate, _FEWEST_TRIED):
        given += len(piece)
        taken += len(stream.resample_chunk(piece))
        most = max(most, given - taken * from_rate / to_rate)
    return ceil(most) + len(piece)


class Owed:
    """Frames that are counted at one rate, and told at another: whole ones, each once; a part of one later."""

    def __init__(self, rate: int, told_rate: int) -> None:
        self._rate, self._told_rate = rate, told_rate
        self._parts = 0

    def add(self, frames: int) -> None:
        """Owe so many more, of the first rate."""
        self._parts += frames * self._told_rate

    def take(self) -> int:
        """Those of the other rate that are owed, and are no more."""
        frames, self._parts = divmod(self._parts, self._rate)
        return frames

    def clear(self) -> None:
        """Owe nothing."""
        self._parts = 0


class Converter:
    """Turns frames of one config, piece by piece, into frames of another."""

    def __init__(self, given: StreamConfig, wanted: StreamConfig) -> None:
        """Make one.

        Raises:
            UnsupportedOperation: numpy or soxr is needed and not installed.
        """
        numpy_for(f"{given} has to be converted to {wanted}")
        self.given, self.wanted = given, wanted
        one, other = given.sample_format, wanted.sample_format
        self._floats = next((kind for kind in (other, one) if kind.is_float), float_like(one))
        self._mix: Any = None
        if given.channels != wanted.channels:
            self._mix = mix_matrix(given.channels, wanted.channels).astype(self._floats.dtype)
        self._same_rate = given.sample_rate == wanted.sample_rate
        if not self._same_rate:
            self._soxr = soxr_for(given.sample_rate, wanted.sample_rate)
        self.reset()

    def reset(self) -> None:
        """Forget what was given."""
        self._holds = False
        if not self._same_rate:
            self._stream = self._soxr.ResampleStream(
                self.given.sample_rate,
                self.wanted.sample_rate,
                self.wanted.channels,
                "float64" if self._floats is SampleFormat.F64 else "float32",
                _QUALITY,
            )

    def convert(self, samples: Any) -> Any:
        """What these samples, of shape (frames, channels), bring forth: an array of its own."""
        floats = as_format(samples, self.given.sample_format, self._floats)
        if self._mix is not None:
            floats = floats @ self._mix
        if not self._same_rate:
            floats = self._resampled(floats, last=False)
        made = as_format(floats, self._floats, self.wanted.sample_format)
        return made.copy() if made is samples else made

    def rest(self) -> Any:
        """What is still inside; then it begins anew."""
        import numpy as np

        nothing: Any = np.zeros((0, self.wanted.channels), self._floats.dtype)
        left = nothing
        if self._holds:
            left = self._resampled(nothing, last=True)
            self.reset()
        return as_format(left, self._floats, self.wanted.sample_format)

    def _resampled(self, floats: Any, *, last: bool) -> Any:
        import numpy as np

        self._holds = not last
        return self._stream.resample_chunk(np.ascontiguousarray(floats), last=last)


class Queue:
    """Frames in order, as arrays of shape (frames, channels)."""

    def __init__(self) -> None:
        self._pieces: list[Any] = []
        self._at = 0  # frames of the first piece that are taken already
        self.frames = 0

    def put(self, frames: Any) -> None:
        """Add an array, which is kept."""
        if len(frames):
            self._pieces.append(frames)
            self.frames += len(frames)

    def take_into(self, target: Any) -> int:
        """Move as many frames as there are, or as ``target`` has; how many."""
        done = 0
        while done < len(target) and self._pieces:
            piece = self._pieces[0][self._at : self._at + len(target) - done]
            target[done : done + len(piece)] = piece
            done += len(piece)
            self._at += len(piece)
            if self._at == len(self._pieces[0]):
                del self._pieces[0]
                self._at = 0
        self.frames -= done
        return done

    def skip(self, frames: int) -> int:
        """Throw away as many frames as there are, or ``frames``; how many."""
        done = 0
        while done < frames and self._pieces:
            piece = min(len(self._pieces[0]) - self._at, frames - done)
            done += piece
            self._at += piece
            if self._at == len(self._pieces[0]):
                del self._pieces[0]
                self._at = 0
        self.frames -= done
        return done

    def clear(self) -> None:
        """Throw all away."""
        self._pieces.clear()
        self._at = self.frames = 0
