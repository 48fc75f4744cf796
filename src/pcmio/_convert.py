"""Arrays that are made to fit a device: as floats, mixed to another number of channels, at another rate."""

from __future__ import annotations

from importlib import import_module

from pcmio.errors import UnsupportedOperation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pcmio.formats import SampleFormat

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
    """The same floats at another rate, by soxr in its high quality; its delay is taken off.

    Raises:
        UnsupportedOperation: soxr is not installed.
    """
    if from_rate == to_rate:
        return frames
    try:
        soxr: Any = import_module("soxr")
    except ImportError as error:
        raise UnsupportedOperation(
            f"the device does not run at {from_rate} Hz, and what would resample to {to_rate} Hz is not installed",
            advice="pip install 'pcmio[convert]', or choose a rate of the device",
        ) from error
    return soxr.resample(frames, from_rate, to_rate, "HQ")


def as_floats(samples: Any, floats: SampleFormat) -> Any:
    """Integers or floats as floats, full scale at 1."""
    bits, kind = samples.dtype.itemsize * 8, samples.dtype.kind
    if kind == "f":
        return samples.astype(floats.dtype, copy=False)
    half = 2.0 ** (bits - 1)
    centred = samples.astype("f8") - (half if kind == "u" else 0.0)
    return (centred / half).astype(floats.dtype)
