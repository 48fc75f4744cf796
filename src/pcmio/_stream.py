"""The stream that every host's users get."""

from __future__ import annotations

import sys
import warnings

from pcmio._arrays import numpy_for
from pcmio._core import CorePump
from pcmio._depth import ONE_BLOCK, plan_ring
from pcmio._engine import Engine, log_undelivered, nothing
from pcmio._interrupts import to_its_end, uninterrupted
from pcmio._realtime import AUTO, REQUIRE, Refusal, check_mode
from pcmio._runner import ThreadRunner
from pcmio._value import shown
from pcmio._volume import VolumeControl
from pcmio.callbacks import NativeCallback
from pcmio.configs import BufferSize, StreamConfig, whole
from pcmio.contract import Stream
from pcmio.errors import InvalidInput, UnsupportedOperation
from pcmio.events import StreamState
from pcmio.stats import Latency
from pcmio.timestamps import StreamInstant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pcmio._depth import RingPlan
    from pcmio._driver import Driver, Plan, Side
    from pcmio.contract import Device, EventCallback
    from pcmio.events import EndReason
    from pcmio.formats import SampleFormat
    from pcmio.stats import StreamStats
    from pcmio.timestamps import CallbackInfo

_NANOS = 1_000_000_000
#: Of frames and instants that are asked for: more than a century.
_MOST_SECONDS = 1 << 32


class NativeStream(Stream):
    """A stream whose samples the core moves."""

    def __init__(
        self,
        device: Device,
        driver: Driver,
        sample_format: SampleFormat,
        data: Callable[[Any, CallbackInfo], object] | NativeCallback,
        on_event: EventCallback | None,
        *,
        depth: float | str,
        raw: bool,
        realtime: str = AUTO,
    ) -> None:
        give_back = driver.close
        try:
            plan = driver.plan
            side = _side(plan)
            self._device = device
            channels = driver.device_channels or side.users_channels
            self._config = StreamConfig(channels, plan.sample_rate, BufferSize.fixed(plan.block_frames), sample_format)
            ring = plan_ring(depth, plan)
            views: list[Any] = []
            if isinstance(data, NativeCallback):  # the pump calls it, and there is nothing for the engine to call
                pump = CorePump(plan, sample_format, ONE_BLOCK.blocks, ONE_BLOCK.wake_blocks, data)
                data = nothing
            else:
                pump = CorePump(plan, sample_format, ring.blocks, ring.wake_blocks)
                views += pump.blocks if raw else arrays(pump.blocks, side.users_channels, sample_format)
            driver.realtime = check_mode(realtime)
            driver.open(pump)
            engine = self._make_engine(driver, pump, data, views, on_event, ring)
            runner = self._make_runner(engine, sample_format, realtime)
            give_back = engine.unmake  # which closes the driver, too
            self._set_going(engine, runner)
        except BaseException:
            give_back()
            raise

    def _make_runner(self, engine: Engine, sample_format: SampleFormat, realtime: str) -> ThreadRunner:
        """All that the stream still lacks."""
        self._volume = VolumeControl(engine, sample_format)
        return ThreadRunner(engine, f"pcmio {self._device.id}", realtime)

    def _set_going(self, engine: Engine, runner: ThreadRunner) -> None:
        """Have a thread serve the engine."""
        runner.start(engine)
        if engine.driver.realtime == REQUIRE:
            runner.wait_for_answer()
            if engine.denied:
                raise Refusal(engine.denied, engine.denied_reason).error("stream")
        self._engine = engine

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
        return Engine(driver, pump, data, views, on_event)

    @property
    def config(self) -> StreamConfig:
        return self._config

    @property
    def device(self) -> Device:
        return self._device

    @property
    def state(self) -> StreamState:
        return self._engine.state

    @property
    def reason(self) -> EndReason | None:
        return self._engine.reason

    @property
    def position(self) -> int:
        return self._engine.pump.position()

    @property
    def latency(self) -> Latency:
        pump = self._engine.pump
        return Latency(pump.latency_nanos() / _NANOS, pump.filled() / self._engine.driver.plan.sample_rate)

    @property
    def stats(self) -> StreamStats:
        return self._engine.pump.stats()

    @property
    def volume(self) -> float:
        return self._volume.now.volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self._volume.set_volume(volume)

    @property
    def muted(self) -> bool:
        return self._volume.now.muted

    @muted.setter
    def muted(self, muted: bool) -> None:
        self._volume.set_muted(muted)

    @property
    def volume_is_native(self) -> bool:
        return self._volume.is_native

    def now(self) -> StreamInstant:
        return StreamInstant(self._engine.pump.now())

    def time_of(self, frame: int) -> StreamInstant | None:
        nanos = self._engine.pump.time_of(self._device_frame(whole("frame", frame, self._most_frames(), least=0)))
        return None if nanos is None else StreamInstant(nanos)

    def frame_at(self, instant: StreamInstant) -> int | None:
        nanos = _checked(instant).nanos
        frame = self._engine.pump.frame_at(nanos) if nanos <= _MOST_SECONDS * _NANOS else None
        return None if frame is None else self._own_frame(frame)

    def _most_frames(self) -> int:
        return self._config.sample_rate * _MOST_SECONDS

    def _device_frame(self, frame: int) -> int:
        """A frame of the user's among those that the device counts, at another rate where samples are converted."""
        return frame * self._engine.driver.plan.sample_rate // self._config.sample_rate

    def _own_frame(self, frame: int) -> int:
        """The other way round."""
        return frame * self._config.sample_rate // self._engine.driver.plan.sample_rate

    @uninterrupted
    def start(self) -> None:
        self._engine.start()

    @uninterrupted
    def pause(self) -> None:
        self._engine.pause()

    @uninterrupted
    def stop(self, timeout: float | None = None) -> bool:
        return self._engine.stop(timeout)

    @to_its_end
    def close(self) -> None:
        self._engine.close()

    @uninterrupted
    def wait(self, timeout: float | None = None) -> bool:
        return self._engine.wait(timeout)

    def __del__(self, leaving: Callable[[], bool] = sys.is_finalizing) -> None:
        # The argument is there when the module's own names are gone already (the free-threaded 3.13, at exit).
        engine: Engine | None = vars(self).get("_engine")
        if engine is None or leaving():
            return
        if engine.state is StreamState.CLOSED:
            log_undelivered(engine.take_error())
            return
        left = repr(self)
        engine.drop()
        warnings.warn(f"{left} was dropped without close()", ResourceWarning, source=self, stacklevel=2)

    def __repr__(self) -> str:
        state = self.state if "_engine" in vars(self) else "unfinished"
        return f"<pcmio stream on {str(self._device.id)!r}: {self._config}, {state}>"


def _side(plan: Plan) -> Side:
    side = plan.output or plan.input
    if side is None:
        raise UnsupportedOperation("a stream needs at least one direction")
    return side


def _checked(instant: object) -> StreamInstant:
    if not isinstance(instant, StreamInstant):
        raise InvalidInput(f"frames are looked up by a StreamInstant, not by {shown(instant)}")
    return instant


def arrays(blocks: list[memoryview], channels: int, sample_format: SampleFormat) -> list[Any]:
    """Each block as a numpy array of shape (frames, channels), on the same memory."""
    otherwise = ", or build a raw stream (build_output_stream_raw), which needs none"
    frombuffer = numpy_for("typed streams hand out numpy arrays", otherwise).frombuffer
    return [frombuffer(block, sample_format.dtype).reshape(-1, channels) for block in blocks]
