"""A stream whose callback gets blocks that the device does not have: they are mixed and resampled beside the ring.

The callback's blocks are of exactly the size that was asked for, whatever comes of them at the device's rate; what is
left of one waits for the next block of the ring.  Positions and lost frames are told in frames of the callback's.
"""

from __future__ import annotations

from functools import partial

from pcmio._convert import Owed, Queue, bytes_of
from pcmio._engine import Engine, nothing
from pcmio._stream import NativeStream
from pcmio.errors import StopStream
from pcmio.events import StreamState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from pcmio._convert import Converter
    from pcmio._core import CorePump
    from pcmio._depth import RingPlan
    from pcmio._driver import Driver
    from pcmio.configs import StreamConfig
    from pcmio.contract import Device, EventCallback
    from pcmio.events import EndReason
    from pcmio.timestamps import CallbackInfo

_NANOS = 1_000_000_000
#: Starts that are remembered, for times that are asked for later.
_MOST_BASES = 64


class _FlushedError(Exception):
    """All that the callback has written is in the ring."""


class _Calls:
    """What stands between the ring's blocks and the callback."""

    def __init__(
        self, data: Callable[[Any, CallbackInfo], object], config: StreamConfig, device_rate: int, *, raw: bool
    ) -> None:
        import numpy as np

        self._data = data
        self._rate, self._device_rate = config.sample_rate, device_rate
        self._frames = config.buffer_size.frames or 1
        self._block: Any = np.empty((self._frames, config.channels), config.sample_format.dtype)
        self._bytes = bytes_of(self._block)
        self._given: Any = self._bytes if raw else self._block
        self._ready = Queue()
        self._position: int = 0  # frames in all blocks of the callback's
        self._lost = Owed(device_rate, self._rate)  # not yet told
        self.stops = False  # an output's is called no more, until the stream starts anew
        self.over = False  # nor for the block of the ring's that is at hand: nobody wants it
        self._begun = False
        #: Positions that belong together, the device's and the callback's: at each start.
        self._bases: tuple[tuple[int, int], ...] = ((0, 0),)

    def reset(self) -> None:
        """What was there before is not the beginning of what comes now."""
        self._ready.clear()
        self._begun = False

    def let_go(self) -> None:
        """Forget the user's callback."""
        self._data = nothing

    def _heard(self, info: CallbackInfo) -> None:
        self._lost.add(info.xrun_frames)
        if not self._begun:
            self._begun = True
            self._position = self._begin_at(info.position)
            self._bases = (*self._bases, (info.position, self._position))[-_MOST_BASES:]

    def _begin_at(self, device: int) -> int:
        """The position of the callback's next frame where a start begins with this one of the device's."""
        del device
        return self._position

    def as_device(self, frame: int) -> int:
        """A frame of the callback's among the device's."""
        device, own = next((base for base in reversed(self._bases) if base[1] <= frame), self._bases[0])
        return max(0, device + (frame - own) * self._device_rate // self._rate)

    def as_own(self, frame: int) -> int:
        """The other way round."""
        bases = self._bases
        last = max((at for at, base in enumerate(bases) if base[0] <= frame), default=0)
        device, own = bases[last]
        found = max(0, own + (frame - device) * self._rate // self._device_rate)
        # Beyond an output's last frame the device has silence, until the next start.
        return found if last + 1 == len(bases) else min(found, bases[last + 1][1])

    def _info(self, info: CallbackInfo) -> CallbackInfo:
        """For the block of the callback's that comes next, from that of the ring's that is at hand."""
        device, callback = self._bases[-1]
        ahead = (self._position - callback) * self._device_rate - (info.position - device) * self._rate
        told = info.shifted(ahead * _NANOS // (self._rate * self._device_rate))
        return told.replace(position=self._position, xrun_frames=self._lost.take())


class _OutputCalls(_Calls):
    """Fills the ring's blocks."""

    def __init__(
        self, data: Callable[[Any, CallbackInfo], object], config: StreamConfig, converter: Converter, *, raw: bool
    ) -> None:
        super().__init__(data, config, converter.wanted.sample_rate, raw=raw)
        self._silence = config.sample_format.silence * (config.channels * self._frames)
        self._converter = converter
        self._ends = False  # the callback has raised StopStream

    def reset(self) -> None:
        super().reset()
        self._converter.reset()
        self._ends = self.stops = False

    def __call__(self, frames: Any, info: CallbackInfo) -> None:
        """Fill a block of the ring, silent as yet."""
        self._heard(info)
        while self._ready.frames < len(frames) and not self._ends and not self.stops:
            if self.over:
                return
            self._bytes[:] = self._silence
            try:
                self._data(self._given, self._info(info))
            except StopStream:
                self._ends = True
                self._ready.put(self._converter.rest())
            else:
                self._position += self._frames
                self._ready.put(self._converter.convert(self._block))
        if self.stops:
            self._ready.put(self._converter.rest())
        if self._ready.take_into(frames):
            return
        if self._ends:
            raise StopStream
        raise _FlushedError


class _InputCalls(_Calls):
    """Takes the ring's blocks."""

    def __init__(
        self, data: Callable[[Any, CallbackInfo], object], config: StreamConfig, converter: Converter, *, raw: bool
    ) -> None:
        super().__init__(data, config, converter.given.sample_rate, raw=raw)
        self._given = self._given.toreadonly() if raw else self._block.view()
        if not raw:
            self._given.flags.writeable = False
        self._converter = converter

    def reset(self) -> None:
        super().reset()
        self._converter.reset()

    def _begin_at(self, device: int) -> int:
        # What was captured and then forgotten keeps its numbers.
        return max(self._position, -(-device * self._rate // self._device_rate))

    def __call__(self, frames: Any, info: CallbackInfo) -> None:
        """Take a block of the ring."""
        self._heard(info)
        self._ready.put(self._converter.convert(frames))
        while self._ready.frames >= self._frames and not self.over:
            self._ready.take_into(self._block)
            self._data(self._given, self._info(info))
            self._position += self._frames


class ConvertingCallsEngine(Engine):
    """Forgets what waits beside the ring whenever it empties the ring."""

    def __init__(
        self,
        driver: Driver,
        pump: CorePump,
        calls: _OutputCalls | _InputCalls,
        views: Sequence[Any],
        on_event: EventCallback | None,
    ) -> None:
        super().__init__(driver, pump, calls, views, on_event)
        self._calls = calls

    def _prepare(self) -> None:
        if self._reset_due or not self._is_output:
            self._calls.reset()
        super()._prepare()

    # A stop calls the callback no more, but goes on filling the ring until nothing is left beside it.

    def stop(self, timeout: float | None = None) -> bool:
        """See ``contract.Stream``."""
        if self.runner.serving():  # at once: a block of the ring's may take several of the callback's
            self._calls.stops, self._calls.over = self._is_output, not self._is_output
        return super().stop(timeout)

    def end(self, reason: EndReason, error: BaseException | None = None) -> None:
        """See ``Engine``."""
        self._calls.over = True
        super().end(reason, error)

    def _halt(self) -> None:
        self._calls.over = True
        super()._halt()

    def _pause_here(self) -> None:
        if not self._is_output:  # what was captured is forgotten; an output's block is kept, and has to be full
            self._calls.over = True
        super()._pause_here()

    def _stop_calling(self) -> None:
        if not self._is_output or not self._is(StreamState.RUNNING):
            super()._stop_calling()
            return
        self._calls.stops = self._calling = True
        if self._moving:
            self._enter(StreamState.DRAINING)
        self.runner.kick()

    def _stop_here(self) -> None:
        if not self._is_output or not self._is(StreamState.RUNNING):
            super()._stop_here()
            return
        self._again = False
        self._stop_calling()

    def _will_drain(self) -> bool:
        # Of what the callback has given a part may not be in the ring yet.
        return super()._will_drain() or (self._calls.stops and self._is_output and self._is(StreamState.RUNNING))

    def _begin_preparing(self) -> None:
        self._calls.stops = self._calls.over = False
        super()._begin_preparing()

    def serve(self) -> bool:
        """See ``Engine``."""
        goes_on = super().serve()
        if not goes_on:
            self._calls.let_go()
        return goes_on

    def _guard(self, users: Callable[[], object]) -> None:
        super()._guard(partial(self._flushing, users))

    def _flushing(self, users: Callable[[], object]) -> None:
        try:
            users()
        except _FlushedError:
            with self._lock:
                if self._is(StreamState.DRAINING):
                    self._begin_drain()
                elif self._is(StreamState.RUNNING):
                    self._calling, self._drain_wanted = False, True  # as soon as the device has begun


class ConvertingStream(NativeStream):
    """A stream whose ``config`` is that of its callback."""

    def __init__(
        self,
        device: Device,
        driver: Driver,
        config: StreamConfig,
        data: Callable[[Any, CallbackInfo], object],
        on_event: EventCallback | None,
        *,
        raw: bool,
        converter: Converter,
        **threads: Any,  # depth and realtime
    ) -> None:
        """Call ``data`` for blocks of ``config``; the driver's plan is for the other side of the converter."""
        self._called, self._converter, self._raw = config, converter, raw
        own = converter.given if driver.plan.output is None else converter.wanted
        super().__init__(device, driver, own.sample_format, data, on_event, raw=False, **threads)

    def _make_engine(
        self,
        driver: Driver,
        pump: CorePump,
        data: Callable[[Any, CallbackInfo], object],
        views: list[Any],
        on_event: EventCallback | None,
        ring: RingPlan,
    ) -> Engine:
        del ring
        plan, called = driver.plan, self._called
        frames = called.buffer_size.frames or max(1, plan.block_frames * called.sample_rate // plan.sample_rate)
        self._config = called.replace(buffer_size=frames)
        make_calls = _InputCalls if plan.output is None else _OutputCalls
        self._calls = make_calls(data, self._config, self._converter, raw=self._raw)
        return ConvertingCallsEngine(driver, pump, self._calls, views, on_event)

    @property
    def position(self) -> int:
        return super().position * self._config.sample_rate // self._engine.driver.plan.sample_rate

    def _device_frame(self, frame: int) -> int:
        return self._calls.as_device(frame)

    def _own_frame(self, frame: int) -> int:
        return self._calls.as_own(frame)
