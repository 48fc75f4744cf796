"""A reader that gives what the device does not: it is mixed and resampled on its way from the ring.

Frames are counted as they are read.  What the ring holds is converted when it is asked for, and no sooner: a reader
that is not read loses frames as others do.  What a resampler holds back differs from one piece to the next, so how many
frames there are is found by converting as well.
"""

from __future__ import annotations

from pcmio._convert import PIECE_SECONDS, Queue
from pcmio._reader import NativeReader, ReaderEngine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pcmio._convert import Converter
    from pcmio._core import CorePump
    from pcmio._driver import Driver
    from pcmio.configs import StreamConfig
    from pcmio.contract import Device, EventCallback
    from pcmio.stats import Latency


class ConvertingReaderEngine(ReaderEngine):
    """With a converter behind the ring."""

    def __init__(
        self, driver: Driver, pump: CorePump, views: list[Any], on_event: EventCallback | None, converter: Converter
    ) -> None:
        import numpy as np

        super().__init__(driver, pump, views, on_event)
        self._converter = converter
        self._device_rate, self._read_rate = converter.given.sample_rate, converter.wanted.sample_rate
        self._ready = Queue()
        self._most_ready = max(1, self._as_read(pump.capacity))
        shape = (max(1, round(PIECE_SECONDS * self._device_rate)), converter.given.channels)
        self._piece: Any = np.empty(shape, converter.given.sample_format.dtype)

    def _get(self, memory: memoryview, at: int, frames: int) -> int:
        import numpy as np

        wanted = self._converter.wanted
        target: Any = np.frombuffer(memory[at : at + frames * wanted.frame_bytes], wanted.sample_format.dtype)
        self._convert(frames)
        return self._ready.take_into(target.reshape(-1, wanted.channels))

    def _convert(self, frames: int) -> None:
        """Have so many frames ready, or as many as come of all that the ring holds."""
        while self._ready.frames < frames:
            there = self.pump.get(self._piece.ctypes.data, min(len(self._piece), self._needed(frames)))
            if not there:
                return
            self._ready.put(self._converter.convert(self._piece[:there]))

    def _needed(self, frames: int) -> int:
        """Of the ring: so many that as many frames come of them, or a few less for what the resampler holds back."""
        missing = max(0, frames - self._ready.frames)
        return min(-(-missing * self._device_rate // self._read_rate), self._most)

    def _as_read(self, frames: int) -> int:
        return frames * self._read_rate // self._device_rate

    def _there(self) -> int:
        if not self._busy:  # else what the ring holds is what a read waits for
            self._convert(self._most_ready)
        return self._ready.frames

    def held_seconds(self) -> float:
        """How long what was captured waits to be read, but for the little that the resampler holds."""
        return self.pump.filled() / self._device_rate + self._ready.frames / self._read_rate

    def position(self) -> int:
        """See ``ReaderEngine``."""
        return self._as_read(super().position())

    def _forget(self) -> None:
        super()._forget()
        self._ready.clear()
        self._converter.reset()


class ConvertingReader(NativeReader):
    """A reader whose ``config`` is that of what is read."""

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
        """Give samples of ``config``; the driver's plan is for what the converter is given."""
        self._read, self._converter = config, converter
        super().__init__(device, driver, converter.given, on_event, depth=depth, realtime=realtime)

    def _make_ring(
        self, driver: Driver, pump: CorePump, views: list[Any], on_event: EventCallback | None
    ) -> ReaderEngine:
        read, block = self._read, self._config.buffer_size.frames or 1
        frames = read.buffer_size.frames or max(1, block * read.sample_rate // self._config.sample_rate)
        self._config = read.replace(buffer_size=frames)
        self._converting = ConvertingReaderEngine(driver, pump, views, on_event, self._converter)
        return self._converting

    @property
    def latency(self) -> Latency:
        return super().latency.replace(ring=self._converting.held_seconds())
