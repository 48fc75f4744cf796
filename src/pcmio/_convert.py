"""Arrays that are made to fit a device: as floats, mixed to another number of channels, at another rate."""

from __future__ import annotations

import sys
from importlib import import_module

from pcmio.errors import UnsupportedOperation
from pcmio.formats import SampleFormat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pcmio.configs import StreamConfig

_QUALITY = "HQ"  # of soxr
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
    return _soxr(from_rate, to_rate).resample(frames, from_rate, to_rate, _QUALITY)


def _soxr(from_rate: int, to_rate: int) -> Any:
    """The module; a missing one is told of before anything sounds."""
    try:
        return import_module("soxr")
    except ImportError as error:
        raise UnsupportedOperation(
            f"the device does not run at {from_rate} Hz, and what resamples to {to_rate} Hz is not installed",
            advice="pip install 'pcmio[convert]', or choose a rate of the device",
        ) from error


def as_floats(samples: Any, sample_format: SampleFormat, floats: SampleFormat) -> Any:
    """Samples of any format but DSD as floats, full scale at 1."""
    if sample_format.is_float:
        return samples.astype(floats.dtype, copy=False)
    whole = _unpacked(samples) if sample_format.is_packed else samples.astype("f8")
    half = 2.0 ** (sample_format.bits_per_sample - 1)
    if sample_format.is_uint:
        whole = whole - half
    elif sample_format.is_packed:
        whole = whole - 2 * half * (whole >= half)  # the sign
    return (whole / half).astype(floats.dtype)


def _unpacked(samples: Any) -> Any:
    """Three bytes as one number that is not negative."""
    parts = samples.view("u1").reshape(*samples.shape, 3).astype("f8")
    return parts @ [1.0, 256.0, 65536.0] if sys.byteorder == "little" else parts @ [65536.0, 256.0, 1.0]


class Converter:
    """Turns what is written, piece by piece, into what the device takes."""

    def __init__(self, written: StreamConfig, taken: StreamConfig) -> None:
        """Make one for frames of ``written`` on their way to a stream of ``taken``, which is of floats.

        Raises:
            UnsupportedOperation: numpy or soxr is needed and not installed.
        """
        try:
            import_module("numpy")
        except ImportError as error:
            raise UnsupportedOperation(
                f"{written} has to be converted for the device, and numpy is not installed", advice="pip install numpy"
            ) from error
        self.written, self.taken = written, taken
        self._same_rate = written.sample_rate == taken.sample_rate
        if not self._same_rate:
            self._soxr = _soxr(written.sample_rate, taken.sample_rate)
        self.reset()

    def reset(self) -> None:
        """Forget what was written."""
        self._holds = False
        if not self._same_rate:
            self._stream = self._soxr.ResampleStream(
                self.written.sample_rate,
                self.taken.sample_rate,
                self.taken.channels,
                "float64" if self.taken.sample_format is SampleFormat.F64 else "float32",
                _QUALITY,
            )

    def convert(self, samples: Any) -> Any:
        """What these samples, of shape (frames, channels), bring forth."""
        floats = mixed(as_floats(samples, self.written.sample_format, self.taken.sample_format), self.taken.channels)
        return floats if self._same_rate else self._resampled(floats, last=False)

    def rest(self) -> Any:
        """What is still inside; then it begins anew."""
        import numpy as np

        nothing = np.zeros((0, self.taken.channels), self.taken.sample_format.dtype)
        if self._same_rate or not self._holds:
            return nothing
        left = self._resampled(nothing, last=True)
        self.reset()
        return left

    def _resampled(self, floats: Any, *, last: bool) -> Any:
        import numpy as np

        self._holds = not last
        return self._stream.resample_chunk(np.ascontiguousarray(floats), last=last)
