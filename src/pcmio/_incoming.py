"""Captured frames on their way from the input's ring to the callback of a duplex stream.

They come in the input's blocks and at its rate, and are wanted in the output's blocks, at its rate, and perhaps in step
with its clock.  All is counted in frames at the output's rate.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pcmio._convert import Converter
    from pcmio._stretching import Stretcher
    from pcmio.configs import StreamConfig


class Incoming:
    """Of one duplex stream."""

    def __init__(
        self, config: StreamConfig, rate: int, *, resampler: Converter | None, stretcher: Stretcher | None
    ) -> None:
        """Take blocks of ``config``, whose rate the resampler brings to ``rate``."""
        self._frame_bytes = config.frame_bytes
        self._dtype, self._shape = config.sample_format.dtype, (-1, config.channels)
        self._rate, self._input_rate = rate, config.sample_rate
        self._resampler, self._stretcher = resampler, stretcher
        self._queue = bytearray()
        self._resampling = 0.0  # frames that are in the resampler
        self.stretched = 0.0  # frames by which the input was made shorter than it came
        #: Frames of a block of the input's ring.
        self.slot_frames = self.as_output(config.buffer_size.frames or 1)

    def as_output(self, frames: int) -> float:
        """Frames of the input's, in those of the output's."""
        return frames * self._rate / self._input_rate

    @property
    def passes(self) -> bool:
        """Whether nothing is done to what comes but to put it together."""
        return self._resampler is None and self._stretcher is None

    @property
    def frames(self) -> int:
        """That are ready."""
        return len(self._queue) // self._frame_bytes

    @property
    def held(self) -> float:
        """Frames that have come and are not ready."""
        return self._resampling + (0.0 if self._stretcher is None else self._stretcher.held)

    def add(self, block: memoryview) -> None:
        """Take a block of the ring."""
        samples: memoryview | bytes = block
        if self._resampler is not None:
            import numpy as np

            came: Any = np.frombuffer(block, self._dtype)
            came = came.reshape(self._shape)
            made = self._resampler.convert(came)
            self._resampling += self.as_output(len(came)) - len(made)
            samples = made.tobytes()
        if self._stretcher is not None:
            samples, shortened = self._stretcher.stretch(samples)
            self.stretched += shortened
        self._queue += samples

    def take_into(self, block: bytearray) -> bool:
        """Fill a block, if there are as many frames."""
        if len(self._queue) < len(block):
            return False
        block[:] = self._queue[: len(block)]
        del self._queue[: len(block)]
        return True

    def clear(self) -> None:
        """Throw away what is ready."""
        self._queue.clear()

    def drop(self, stretch: float) -> int:
        """Throw away all there is, and begin anew; frames that this was."""
        dropped = self.frames + self.held
        self.begin(stretch)
        return round(dropped - self.held)

    def begin(self, stretch: float) -> None:
        """Hold nothing; from now on take ``stretch`` frames for each that is wanted."""
        self._queue.clear()
        self._resampling = 0.0
        if self._resampler is not None:
            self._resampler.reset()
        if self._stretcher is not None:
            self._stretcher.reset()
            self._stretcher.set_ratio(stretch)

    def stretch(self, stretch: float) -> None:
        """Take so many for each, if anything can be done about it."""
        if self._stretcher is not None:
            self._stretcher.set_ratio(stretch)
