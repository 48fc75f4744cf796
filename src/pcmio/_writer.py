"""The writer that every host's users get."""

from __future__ import annotations

from functools import partial

from pcmio._blocks import NO_FRAMES, RingEngine, no_callback
from pcmio._driver import Mode
from pcmio._samples import array_samples, is_raw, raw_samples
from pcmio._stream import NativeStream
from pcmio.blocking import ClearResult, Writer
from pcmio.errors import InvalidInput, OperationInterrupted, OperationTimeout
from pcmio.events import StreamState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pcmio._blocks import Steps
    from pcmio._core import CorePump
    from pcmio._depth import RingPlan
    from pcmio._driver import Driver
    from pcmio._engine import Engine
    from pcmio._samples import Samples
    from pcmio.configs import StreamConfig
    from pcmio.contract import Device, EventCallback
    from pcmio.timestamps import CallbackInfo

_NANOS = 1_000_000_000


class WriterEngine(RingEngine):
    """An output whose ring is filled by whoever writes."""

    def __init__(
        self, driver: Driver, pump: CorePump, views: list[Any], on_event: EventCallback | None, ring: RingPlan
    ) -> None:
        super().__init__(driver, pump, views, on_event)
        self._piece = ring.wake_blocks * driver.plan.block_frames  # so much room is worth waking for
        self._enough = pump.capacity // 2
        self._began_at = 0  # the position at which the present sound began
        self._starts_at: int | None = None  # the time at which that begins, however little it is
        self._ends = 0  # times that all was played
        self._rest = b""  # of a frame that was not written in full
        self._taken = 0  # frames of the present call's
        self.exact = False  # samples whose bits the stream's format does not hold are refused

    # --- writing -----------------------------------------------------------------------------------------------------

    def writing(self, data: Any, config: StreamConfig) -> Steps[None]:
        """The steps of ``write``."""
        cuts = self._cuts
        try:
            yield from self._in_turn(self._writing(data, config, cuts))
        except OperationTimeout as error:
            error.frames = error.frames or 0  # also where it did not come to its turn
            raise

    def _writing(self, data: Any, config: StreamConfig, cuts: int) -> Steps[None]:
        rest = b""
        self._check_open()
        if is_raw(data):
            samples, rest = raw_samples(data, self._rest, config)
        else:
            samples = array_samples(data, config)
            if self.exact and not config.sample_format.holds(samples.sample_format):
                raise InvalidInput(
                    f"an array of {samples.sample_format} loses bits as {config.sample_format}, and nothing may be "
                    "converted",
                    advice="open the writer with convert='format'",
                )
            if self._rest:
                raise InvalidInput(f"{len(self._rest)} bytes of a frame are written, and the others have to follow")
        self._taken = 0
        try:
            yield from self._taking(samples, cuts)
        except (OperationTimeout, OperationInterrupted) as error:
            error.frames = self._taken
            raise
        finally:
            if self._taken:
                self._rest = b""
        self._rest = rest

    def _taking(self, samples: Samples, cuts: int) -> Steps[None]:
        while True:
            self._check_uncut(cuts)
            self._taken += self._put(samples, self._taken)
            if self._taken == samples.frames:
                return
            need = min(samples.frames - self._taken, self._piece)
            yield partial(self._may_put, need, cuts), need

    def _flushing(self) -> Steps[None]:
        """Get all that was taken into the ring: nothing follows."""
        yield from ()

    def _put(self, samples: Samples, at: int) -> int:
        if not self._takes() or at == samples.frames:
            return 0
        done = self.pump.put(samples.address(at), samples.code, samples.channels, samples.frames - at)
        if self._moving:
            self.runner.kick()  # the driver may owe the system frames that were not there
        elif self.state is StreamState.STOPPED and done:
            self._begin_sound(full=at + done < samples.frames)
        return done

    def _begin_sound(self, *, full: bool) -> None:
        filled = self.pump.filled()
        if full or filled >= self._enough:
            self._start_here()
        elif self._starts_at is None:
            self._starts_at = self.pump.now() + self._enough * _NANOS // self.driver.plan.sample_rate
            self.runner.kick()

    def _takes(self) -> bool:
        """Not while it drains: what comes later must not be taken for the end."""
        return not self._is_over() and self.state is not StreamState.DRAINING and not self._drain_wanted

    def _may_put(self, frames: int, cuts: int) -> bool:
        return self._is_over() or self._cuts != cuts or (self._takes() and self.room() >= frames)

    def room(self) -> int:
        """Frames that the ring can take."""
        return self.pump.capacity - self.pump.filled()

    def available(self) -> int:
        """Frames that can be written without waiting."""
        with self._lock:
            return self.room() if self._takes() else 0

    # --- draining and clearing ---------------------------------------------------------------------------------------

    def draining(self) -> Steps[None]:
        """The steps of ``drain``."""
        cuts, ends = self._cuts, self._ends
        yield from self._flushing()
        while True:
            self._check_uncut(cuts)
            if self._ends != ends or (self.state is StreamState.STOPPED and not self.pump.filled()):
                return
            if self.state is StreamState.STOPPED:
                self._start_here()
            self._stop_calling()
            yield partial(self._may_have_drained, cuts, ends), NO_FRAMES

    def _may_have_drained(self, cuts: int, ends: int) -> bool:
        if self._is_over() or self._cuts != cuts or self._ends != ends:
            return True
        return self.state is StreamState.STOPPED or (self.state is StreamState.RUNNING and not self._drain_wanted)

    def clear(self) -> ClearResult:
        """See ``blocking.Writer``."""
        with self._lock:
            self._check_open()
            moved = self._moving
            self.pump.set_mode(Mode.IDLE)
            self.pump.settle()
            taken = self.pump.position() - self._began_at
            on_its_way = self.pump.latency_nanos() * self.driver.plan.sample_rate // _NANOS if moved else 0
            on_its_way = min(taken, on_its_way)
            result = self._result(taken - on_its_way, self.pump.filled() + on_its_way)
            self._cuts += 1
            if self.state is StreamState.STOPPED:
                self._empty()
                self._changed.notify_all()
            else:
                self._halt()
            return result

    def _result(self, heard: int, dropped: int) -> ClearResult:
        return ClearResult(heard, dropped)

    def position(self) -> int:
        """Of what was written, that the device has taken."""
        return self.pump.position()

    def stop(self, timeout: float | None = None) -> bool:
        """See ``contract.Stream``."""
        with self._lock:
            if self.state is StreamState.STOPPED and self.pump.filled() and not self.runner.serving():
                if timeout == 0:
                    self.clear()
                    return False
                self._start_here()
        return super().stop(timeout)

    # --- where a callback would be -----------------------------------------------------------------------------------

    def _begin_preparing(self) -> None:
        self._starts_at = None
        super()._begin_preparing()

    def _go(self, before: StreamState) -> None:
        if not self._drain_wanted:
            super()._go(before)
            return
        # All there is lies in the ring: that it ends there is no xrun, from the first cycle on.
        self._moving, self._calling, self._drain_wanted = True, False, False
        self.pump.set_mode(Mode.DRAINING)
        try:
            self.driver.start()
        except BaseException:
            self._still()
            self._enter(before)
            raise
        self._enter(StreamState.DRAINING)

    def _halt(self) -> None:
        if self.pump.filled():
            self._cuts += 1
        else:
            self._ends += 1
        super()._halt()

    def _empty(self) -> None:
        super()._empty()
        self._starts_at = None
        self._rest = b""  # its other bytes are not those of the next sound
        self._began_at = self.pump.position()

    def _catch_up(self, *, prepared: bool) -> None:
        super()._catch_up(prepared=prepared)
        if self._starts_at is not None and self.state is StreamState.STOPPED and self.pump.now() >= self._starts_at:
            self._attempt(self._start_here)

    def idle_nanos(self) -> int:
        """See ``Engine``."""
        until = self._starts_at
        return super().idle_nanos() if until is None else max(0, until - self.pump.now())


class NativeWriter(NativeStream, Writer):
    """A writer whose samples the core moves."""

    def __init__(
        self,
        device: Device,
        driver: Driver,
        config: StreamConfig,
        on_event: EventCallback | None,
        *,
        depth: float | str,
        realtime: str,
        exact: bool = False,
    ) -> None:
        super().__init__(
            device, driver, config.sample_format, no_callback, on_event, depth=depth, raw=True, realtime=realtime
        )
        self._ring.exact = exact

    def _make_engine(
        self,
        driver: Driver,
        pump: CorePump,
        data: Callable[[Any, CallbackInfo], object],
        views: list[Any],
        on_event: EventCallback | None,
        ring: RingPlan,
    ) -> Engine:
        del data
        self._ring = self._make_ring(driver, pump, views, on_event, ring)
        return self._ring

    def _make_ring(
        self, driver: Driver, pump: CorePump, views: list[Any], on_event: EventCallback | None, ring: RingPlan
    ) -> WriterEngine:
        return WriterEngine(driver, pump, views, on_event, ring)

    @property
    def position(self) -> int:
        return self._ring.position()

    def write(self, data: Any, timeout: float | None = None) -> None:
        self._ring.run(self._ring.writing(data, self._config), timeout)

    async def write_async(self, data: Any) -> None:
        await self._ring.run_async(self._ring.writing(data, self._config))

    @property
    def write_available(self) -> int:
        return self._ring.available()

    def drain(self, timeout: float | None = None) -> None:
        self._ring.run(self._ring.draining(), timeout)

    async def drain_async(self) -> None:
        await self._ring.run_async(self._ring.draining())

    def clear(self) -> ClearResult:
        return self._ring.clear()
