"""Whether what came back is what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from typing import Any

#: A 16-bit system rounds twice; what differs by more than this was not the same sample.
_ROUNDING = 2.5 / 32768


class Comparison(NamedTuple):
    """One sound, sent and heard.

    Attributes:
        offset: Frames of the recording before the sound begins.
        gain: How much louder it came back: 1 is unchanged, 0 is silence.
        same: Frames that came back, but for rounding.
        exact: Frames that came back to the bit.
        sent: Frames that were sent.
    """

    offset: int
    gain: float
    same: int
    exact: int
    sent: int

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return self.same == self.sent


def sweep(seconds: float, rate: int, volume: float) -> Any:
    """A tone that rises from 220 to 880 Hz: unlike a steady one it fits itself at one place only."""
    count = round(seconds * rate)
    at = np.arange(count) / rate
    phase = 2 * np.pi * (220 * at + (880 - 220) / (2 * seconds) * at**2)
    fade = max(1, round(0.01 * rate))
    edge = np.minimum(np.minimum(np.arange(count), count - 1 - np.arange(count)) / fade, 1)
    return (volume * np.sin(phase) * edge).astype(np.float32)


def compare(sent: Any, heard: Any) -> Comparison:
    """Find ``sent`` in ``heard``, one channel each, and count what is the same."""
    if len(heard) < len(sent) or not np.any(heard):
        return Comparison(0, 0.0, 0, 0, len(sent))
    size = 1 << (len(sent) + len(heard) - 1).bit_length()
    likeness = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(sent, size)), size)
    offset = int(np.argmax(likeness[: len(heard) - len(sent) + 1]))
    found = heard[offset : offset + len(sent)]
    gain = float(np.dot(found, sent) / np.dot(sent, sent))
    same = np.abs(found - gain * sent) <= _ROUNDING
    return Comparison(offset, gain, int(same.sum()), int((found == sent).sum()), len(sent))
