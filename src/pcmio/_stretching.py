"""Captured frames that are made a little fewer or more, so that an input keeps step with an output of another clock."""

from __future__ import annotations

from importlib import import_module

from pcmio.errors import UnsupportedOperation
from pcmio.formats import SampleFormat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_QUALITY = "HQ"  # of soxr
#: soxr (1.1) has to know the largest ratio.  Told 1.0 it is glitched by each change above that.
_MOST_RATIO = 1.01
#: What it gives is so much later than what it says it was made of, at every ratio near 1 and up to 3 kHz.
_DELAY_FRAMES = 1.6

#: What the resampler holds back at most; its latency.
HELD_FRAMES = 256


class Stretcher:
    """A resampler whose ratio is always near 1, and may be changed at any time."""

    def __init__(self, rate: int, channels: int, sample_format: SampleFormat) -> None:
        """Make one for floats.

        Raises:
            UnsupportedOperation: Other samples; or what is needed is not installed.
        """
        if not sample_format.is_float:
            raise UnsupportedOperation(
                f"{sample_format} cannot be corrected for drift",
                advice='build the stream with 32-bit floats, or allow what makes them such: convert="auto"',
            )
        try:
            self._numpy = import_module("numpy")
            self._make: Any = import_module("soxr").ResampleStream
        except ImportError as error:
            raise UnsupportedOperation(
                "what corrects the drift of two clocks is not installed",
                advice="pip install 'pcmio[convert]', or build the stream with drift=\"report\"",
            ) from error
        if not hasattr(self._make, "set_io_ratio"):
            raise UnsupportedOperation(
                "this soxr has no variable rate, which corrects the drift of two clocks",
                advice="pip install 'soxr>=1.0'",
            )
        self._rate, self._channels, self._dtype = rate, channels, sample_format.dtype
        self._floats = "float64" if sample_format is SampleFormat.F64 else "float32"
        self.reset()

    def reset(self) -> None:
        """Forget what it holds, and its ratio."""
        most = self._rate * _MOST_RATIO
        self._stream = self._make(most, self._rate, self._channels, self._floats, _QUALITY, vr=True)
        self.held = _DELAY_FRAMES  # captured frames that are in it, its delay included
        self.set_ratio(1.0)

    def set_ratio(self, ratio: float) -> None:
        """Frames to take for each that is given, from the next ones on."""
        self._ratio = ratio
        self._stream.set_io_ratio(self._rate * ratio, self._rate)

    def stretch(self, samples: memoryview | bytes) -> tuple[bytes, float]:
        """What these samples bring forth, and by how many frames that is shorter than what it was made of."""
        frames = self._numpy.frombuffer(samples, self._dtype).reshape(-1, self._channels)
        given = self._stream.resample_chunk(frames)
        made_of = len(given) * self._ratio
        self.held += len(frames) - made_of
        return given.tobytes(), made_of - len(given)
