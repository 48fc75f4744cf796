"""The volume of a stream: the native system's, where it keeps one for each, so that mixers show it; else ours."""

from __future__ import annotations

from math import nan

from pcmio._driver import Loudness
from pcmio._interrupts import uninterrupted
from pcmio._value import shown
from pcmio.errors import InvalidInput, UnsupportedOperation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pcmio._engine import Engine
    from pcmio.formats import SampleFormat

#: As an amplitude; 20 dB.
MOST_VOLUME = 10.0


class VolumeControl:
    """Of one stream."""

    def __init__(self, engine: Engine, sample_format: SampleFormat) -> None:
        self._engine = engine
        self._sample_format = sample_format
        self._ours = Loudness()

    @property
    def is_native(self) -> bool:
        """Whether the native system keeps it."""
        return self._engine.driver.loudness() is not None

    @property
    def now(self) -> Loudness:
        """What holds at present, whoever has set it."""
        return self._engine.driver.loudness() or self._ours

    @uninterrupted
    def set_volume(self, volume: object) -> None:
        """See ``contract.Stream``."""
        amplitude = _amplitude(volume)
        if self._sample_format.is_dsd and amplitude not in (0.0, 1.0):
            raise UnsupportedOperation(f"{self._sample_format} has no volume", advice="it can be muted")
        self._engine.adjust(lambda: self._set(self.now.replace(volume=amplitude)))

    @uninterrupted
    def set_muted(self, muted: object) -> None:
        """See ``contract.Stream``."""
        if not isinstance(muted, bool):
            raise InvalidInput(f"muted must be True or False, not {shown(muted)}")
        self._engine.adjust(lambda: self._set(self.now.replace(muted=muted)))

    def _set(self, wanted: Loudness) -> None:
        if self.is_native:
            self._engine.driver.set_loudness(wanted)
        else:
            self._engine.pump.set_gain(0.0 if wanted.muted else wanted.volume)
            self._ours = wanted


def _amplitude(volume: object) -> float:
    try:
        amplitude = nan if isinstance(volume, (bool, str)) else float(volume)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError, OverflowError):
        amplitude = nan
    if not 0 <= amplitude <= MOST_VOLUME:
        raise InvalidInput(f"volume must be an amplitude from 0.0 to {MOST_VOLUME}, not {shown(volume)}")
    return amplitude
