"""What frequencies a sound has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any

#: Quieter than that is shown as that.
SPECTRUM_FLOOR_DB = -100.0


def spectrum_db(sound: Any, rate: int) -> tuple[Any, Any]:
    """Frequencies in Hz, and for each the loudest channel's amplitude in dB: a full-scale sine has 0.

    Args:
        sound: Of shape (frames, channels), full scale is 1.
        rate: Frames per second.
    """
    window = np.hanning(len(sound) + 1)[:-1]
    amplitude = np.abs(np.fft.rfft(sound * window[:, None], axis=0)).max(axis=1) * 2 / max(window.sum(), 1e-12)
    floor = 10 ** (SPECTRUM_FLOOR_DB / 20)
    return np.fft.rfftfreq(len(sound), 1 / rate), 20 * np.log10(np.maximum(amplitude, floor))


def strongest(frequencies: Any, decibels: Any) -> tuple[float, float] | None:
    """The strongest frequency, to a fraction of a bin, and its level in dB; None for silence."""
    if len(decibels) < 3:  # noqa: PLR2004 - a peak has two sides
        return None
    top = int(decibels[1:-1].argmax()) + 1
    before, at, after = (float(one) for one in decibels[top - 1 : top + 2])
    if at <= SPECTRUM_FLOOR_DB:
        return None
    bend = before - 2 * at + after
    shift = 0.0 if bend == 0 else (before - after) / (2 * bend)
    return float((top + shift) * (frequencies[1] - frequencies[0])), at
