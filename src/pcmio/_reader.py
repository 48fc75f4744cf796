"""The reader that every host's users get."""

from __future__ import annotations

import ctypes
from functools import partial

from pcmio._arrays import numpy_for
from pcmio._blocks import RingEngine, no_callback
from pcmio._stream import NativeStream
from pcmio._value import shown
from pcmio.blocking import Reader
from pcmio.configs import whole
from pcmio.errors import InvalidInput, StreamClosed
from pcmio.events import StreamState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from typing_extensions import Self

    from pcmio._blocks import Steps
    from pcmio._core import CorePump
    from pcmio._depth import RingPlan
    from pcmio._driver import Driver
    from pcmio._engine import Engine
    from pcmio.configs import StreamConfig
    from pcmio.contract import Device, EventCallback
    from pcmio.timestamps import CallbackInfo

_MOST_FRAMES = 1 << 31


class ReaderEngine(RingEngine):
    """An input whose ring is emptied by whoever reads."""

    def __init__(self, driver: Driver, pump: CorePump, views: list[Any], on_event: EventCallback | None) -> None:
        super().__init__(driver, pump, views, on_event)
        self._most = max(1, pump.capacity // 2)  # not waited for longer than that: the ring must not run over
        self._kept = b""  # taken by a read that came to nothing, for the next one

    def reading(self, memory: memoryview, frame_bytes: int) -> Steps[None]:
        """The steps of ``read``: fill the memory, whose bytes are whole frames."""
        yield from self._in_turn(self._reading(memory, frame_bytes, self._cuts))

    def _reading(self, memory: memoryview, frame_bytes: int, cuts: int) -> Steps[None]:
        self._check_open()
        if self.state is StreamState.STOPPED and cuts == self._cuts:
            self._start_here()
        kept = self._kept[: memory.nbytes]
        memory[: len(kept)] = kept
        self._kept = self._kept[len(kept) :]
        done = len(kept)
        try:
            while True:
                self._check_uncut(cuts)
                left = (memory.nbytes - done) // frame_bytes
                if left and self._may_get(self._needed(left), cuts):
                    done += self._get(memory, done, left) * frame_bytes
                if done == memory.nbytes:
                    return
                need = self._needed((memory.nbytes - done) // frame_bytes)
                yield partial(self._may_get, need, cuts), need
        except BaseException:  # also GeneratorExit: an interrupt, a cancelled task
            if self._cuts == cuts:
                self._kept = bytes(memory[:done]) + self._kept
            raise

    def _may_get(self, frames: int, cuts: int) -> bool:
        return self._is_over() or self._cuts != cuts or self.pump.filled() >= frames

    def _get(self, memory: memoryview, at: int, frames: int) -> int:
        """Take as many frames as there are, or as are wanted, into the memory from byte ``at`` on; how many."""
        return self.pump.get(ctypes.addressof(ctypes.c_char.from_buffer(memory, at)), frames)

    def _needed(self, frames: int) -> int:
        """Frames of the ring that are waited for when so many are wanted."""
        return min(frames, self._most)

    def _there(self) -> int:
        """Frames that are captured and not yet taken."""
        return self.pump.filled()

    def available(self, frame_bytes: int) -> int:
        """Frames that can be read without waiting."""
        with self._lock:
            return 0 if self._is_over() else self._there() + len(self._kept) // frame_bytes

    def position(self) -> int:
        """Frames that were captured."""
        return self.pump.position()

    def start_soon(self) -> None:
        """``start`` for event loops: nothing waits."""
        with self._lock:
            self._check_open()
            self._start_here()

    def _prepare(self) -> None:
        super()._prepare()
        self._forget()

    def _empty(self) -> None:
        super()._empty()
        self._forget()

    def _forget(self) -> None:
        """What was taken before is not the beginning of what comes now."""
        self._kept = b""

    def _halt(self) -> None:
        self._cuts += 1
        super()._halt()


class NativeReader(NativeStream, Reader):
    """A reader whose samples the core moves."""

    def __init__(
        self,
        device: Device,
        driver: Driver,
        config: StreamConfig,
        on_event: EventCallback | None,
        *,
        depth: float | str,
        realtime: str,
    ) -> None:
        super().__init__(
            device, driver, config.sample_format, no_callback, on_event, depth=depth, raw=True, realtime=realtime
        )

    def _make_engine(
        self,
        driver: Driver,
        pump: CorePump,
        data: Callable[[Any, CallbackInfo], object],
        views: list[Any],
        on_event: EventCallback | None,
        ring: RingPlan,
    ) -> Engine:
        del data, ring
        self._ring = self._make_ring(driver, pump, views, on_event)
        self._frame_bytes = self._config.frame_bytes
        return self._ring

    def _make_ring(
        self, driver: Driver, pump: CorePump, views: list[Any], on_event: EventCallback | None
    ) -> ReaderEngine:
        return ReaderEngine(driver, pump, views, on_event)

    @property
    def position(self) -> int:
        return self._ring.position()

    def read(self, frames: int, out: Any = None, timeout: float | None = None) -> Any:
        array = self._array(frames, out)
        self._ring.run(self._ring.reading(_bytes_of(array), self._frame_bytes), timeout)
        return array

    async def read_async(self, frames: int, out: Any = None) -> Any:
        array = self._array(frames, out)
        await self._ring.run_async(self._ring.reading(_bytes_of(array), self._frame_bytes))
        return array

    def read_bytes(self, frames: int, timeout: float | None = None) -> bytes:
        memory = bytearray(_count(frames) * self._frame_bytes)
        self._ring.run(self._ring.reading(memoryview(memory), self._frame_bytes), timeout)
        return bytes(memory)

    async def read_bytes_async(self, frames: int) -> bytes:
        memory = bytearray(_count(frames) * self._frame_bytes)
        await self._ring.run_async(self._ring.reading(memoryview(memory), self._frame_bytes))
        return bytes(memory)

    @property
    def read_available(self) -> int:
        return self._ring.available(self._frame_bytes)

    def __next__(self) -> Any:
        try:
            return self.read(self._block_frames())
        except StreamClosed:
            if self._failed():
                raise
        raise StopIteration

    async def __anext__(self) -> Any:
        try:
            return await self.read_async(self._block_frames())
        except StreamClosed:
            if self._failed():
                raise
        raise StopAsyncIteration

    def _failed(self) -> bool:
        return self._ring.ended_with_error()

    def _block_frames(self) -> int:
        return self._config.buffer_size.frames or 1

    async def __aenter__(self) -> Self:
        self._ring.start_soon()
        return self

    def _array(self, frames: int, out: Any) -> Any:
        np = numpy_for("reading gives numpy arrays", ", or read_bytes()")
        shape, dtype = (_count(frames), self._config.channels), self._config.sample_format.dtype
        if out is None:
            return np.empty(shape, dtype)
        given = (getattr(out, "shape", None), getattr(out, "dtype", None))
        if given != (shape, dtype) or not out.flags.c_contiguous or not out.flags.writeable:
            raise InvalidInput(
                f"out must be a writable array in one piece, of shape {shape} and dtype {dtype}, not of {given[0]} and "
                f"{given[1]}"
                if isinstance(out, np.ndarray)
                else f"out must be an array of shape {shape} and dtype {dtype}, not {shown(out)}"
            )
        return out


def _bytes_of(array: Any) -> memoryview:
    return memoryview(array.reshape(-1).view("u1"))


def _count(frames: int) -> int:
    return whole("frames", frames, _MOST_FRAMES, least=0)
