"""What only this host can be asked for."""

from __future__ import annotations

from pcmio._device import check_timeout
from pcmio._value import Value
from pcmio.errors import InvalidInput

_LEAST_PERIODS = 2
_MOST_PERIODS = 1024


class HostOptions(Value):
    """Options of ``pcmio.host("alsa", ...)``.

    Attributes:
        timeout: Seconds that opening a device, or a plugin's server, may take.
    """

    timeout: float = 10.0

    def _check(self) -> None:
        check_timeout(self.timeout)


class StreamOptions(Value):
    """Options of ``build_*_stream``.

    Attributes:
        period_frames: Frames that the device moves at a time; None: as the callback's buffer, within reason.
        periods: How many of them its buffer holds; None: three, or more where they are short.
        mmap: False: never write into the device's memory.
        resample: Whether plugins may change the rate; False: the device's own rates only.
    """

    period_frames: int | None = None
    periods: int | None = None
    mmap: bool = True
    resample: bool = True

    def _check(self) -> None:
        if self.period_frames is not None and self.period_frames < 1:
            raise InvalidInput(f"option period_frames takes frames, at least 1, not {self.period_frames}")
        if self.periods is not None and not _LEAST_PERIODS <= self.periods <= _MOST_PERIODS:
            raise InvalidInput(f"option periods takes {_LEAST_PERIODS} to {_MOST_PERIODS}, not {self.periods}")
