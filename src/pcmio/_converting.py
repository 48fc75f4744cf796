"""A writer whose samples the device does not take as they are: they are mixed and resampled on their way to the ring.

What is written counts as taken when it was converted, and is counted in frames as they were written.  Converted frames
that find no room wait for the next write, or for the drain, which also gets out what the resampler holds back.
"""

from __future__ import annotations

from functools import partial

from pcmio._convert import PIECE_SECONDS, as_format
from pcmio._samples import Samples
from pcmio._timeouts import end_of, left_of
from pcmio._writer import NativeWriter, WriterEngine
from pcmio.blocking import ClearResult
from pcmio.errors import OperationInterrupted, OperationTimeout, StreamClosed
from pcmio.events import StreamState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pcmio._blocks import Steps
    from pcmio._convert import Converter
    from pcmio._core import CorePump
    from pcmio._depth import RingPlan
    from pcmio._driver import Driver
    from pcmio.configs import StreamConfig
    from pcmio.contract import Device, EventCallback


class ConvertingEngine(WriterEngine):
    """With a converter before the ring."""

    def __init__(
        self,
        driver: Driver,
        pump: CorePump,
        views: list[Any],
        on_event: EventCallback | None,
        ring: RingPlan,
        converter: Converter,
    ) -> None:
        super().__init__(driver, pump, views, on_event, ring)
        self._converter = converter
        self._written_rate, self._device_rate = converter.given.sample_rate, converter.wanted.sample_rate
        self._at_once = max(1, round(PIECE_SECONDS * self._written_rate))
        self._left: Samples | None = None  # converted, and not all of it is in the ring yet
        self._left_at = 0
        self._written = 0  # frames of the present sound

    def _taking(self, samples: Samples, cuts: int) -> Steps[None]:
        while True:
            yield from self._putting_left(cuts)
            if self._taken == samples.frames:
                return
            piece: Any = self._as_given(samples, self._taken)
            self._keep(self._converter.convert(piece))
            self._taken += len(piece)
            self._written += len(piece)

    def _as_given(self, samples: Samples, at: int) -> Any:
        """A piece in the format and with the channels that the writer was opened with."""
        given = self._converter.given
        piece = as_format(samples.array(at, self._at_once), samples.sample_format, given.sample_format)
        return piece if samples.channels == given.channels else piece.repeat(given.channels, axis=1)

    def _keep(self, converted: Any) -> None:
        if len(converted):
            import numpy as np

            whole: Any = np.ascontiguousarray(converted)
            taken = self._converter.wanted
            self._left = Samples(memoryview(whole.reshape(-1).view("u1")), taken.sample_format, taken.channels)
            self._left_at = 0

    def _putting_left(self, cuts: int) -> Steps[None]:
        self._check_uncut(cuts)
        while (left := self._left) is not None:
            self._left_at += self._put(left, self._left_at)
            if self._left_at == left.frames:
                self._left = None
                return
            need = min(left.frames - self._left_at, self._piece)
            yield partial(self._may_put, need, cuts), need
            self._check_uncut(cuts)

    def _flushing(self) -> Steps[None]:
        cuts = self._cuts
        yield from self._in_turn(self._flushing_in_turn(cuts))

    def _flushing_in_turn(self, cuts: int) -> Steps[None]:
        yield from self._putting_left(cuts)
        self._keep(self._converter.rest())
        yield from self._putting_left(cuts)

    def stop(self, timeout: float | None = None) -> bool:
        """See ``contract.Stream``."""
        moves = self.state in (StreamState.RUNNING, StreamState.STOPPED)
        if timeout != 0 and moves and not self.runner.serving():
            end = end_of(timeout)
            try:
                self.run(self._flushing(), timeout)
            except OperationTimeout:
                timeout = 0
            except (OperationInterrupted, StreamClosed):  # what was to be played is thrown away already
                super().stop(left_of(end))
                return False
            else:
                timeout = left_of(end)
        return super().stop(timeout)

    def _empty(self) -> None:
        super()._empty()
        self._left = None
        self._written = 0
        self._converter.reset()

    # --- in frames as they were written ------------------------------------------------------------------------------

    def _as_written(self, frames: int) -> int:
        return frames * self._written_rate // self._device_rate

    def _result(self, heard: int, dropped: int) -> ClearResult:
        del dropped
        heard = min(self._written, self._as_written(heard))
        return ClearResult(heard, self._written - heard)

    def position(self) -> int:
        """See ``WriterEngine``."""
        return self._as_written(super().position())

    def available(self) -> int:
        """See ``WriterEngine``."""
        with self._lock:
            left = 0 if self._left is None else self._left.frames - self._left_at
            return max(0, self._as_written(super().available() - left))


class ConvertingWriter(NativeWriter):
    """A writer whose ``config`` is that of what is written."""

    def __init__(
        self,
        device: Device,
        driver: Driver,
        config: StreamConfig,
        on_event: EventCallback | None,
        *,
        depth: float | str,
        realtime: str,
        converter: Converter,
    ) -> None:
        """Take samples of ``config``; the driver's plan is for what the converter makes of them."""
        self._written, self._converter = config, converter
        super().__init__(device, driver, converter.wanted, on_event, depth=depth, realtime=realtime)

    def _make_ring(
        self, driver: Driver, pump: CorePump, views: list[Any], on_event: EventCallback | None, ring: RingPlan
    ) -> WriterEngine:
        written, block = self._written, self._config.buffer_size.frames or 1
        self._config = written.replace(buffer_size=max(1, block * written.sample_rate // self._config.sample_rate))
        return ConvertingEngine(driver, pump, views, on_event, ring, self._converter)
