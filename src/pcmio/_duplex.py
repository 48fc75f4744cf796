"""The duplex stream that every host's users get, made of one output and one input of the same host."""

from __future__ import annotations

from pcmio._coupled import CoupledDriver, CoupledPump
from pcmio._depth import plan_ring
from pcmio._pairing import Pairing
from pcmio._realtime import REQUIRE, check_mode
from pcmio._stream import NativeStream, arrays
from pcmio._stretching import HELD_FRAMES, Stretcher
from pcmio._through import Memory, ThroughEngine
from pcmio._value import Value, shown
from pcmio.callbacks import NativeCallback
from pcmio.configs import BufferSize, StreamConfig
from pcmio.duplex import CORRECT, REPORT, DuplexLatency, DuplexStream
from pcmio.errors import InvalidInput, UnsupportedConfig, UnsupportedOperation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from pcmio._depth import RingPlan
    from pcmio._driver import Driver, Plan, Side
    from pcmio.contract import Device, EventCallback
    from pcmio.formats import SampleFormat

_NANOS = 1_000_000_000


class Wish(Value):
    """What a duplex stream is to be like, beyond what other streams are asked.

    Attributes:
        drift: What becomes of clocks that drift apart.
        depth: As for other streams.
        realtime: As for other streams.
        raw: The callback gets memoryviews.
        channels: Of the input, a number or a choice; None: the output's number.
    """

    drift: str
    depth: float | str
    realtime: str
    raw: bool
    channels: int | Iterable[int] | None = None


class _Shape(Value):
    """How long everything is, in frames, but for ``blocks``, those of the output's ring and of the input's."""

    blocks: tuple[int, int]
    level: int
    inside: int
    prefill: int
    period: int


def _shape(ring: RingPlan, output: Driver, input_: Driver, *, corrects: bool) -> _Shape:
    block, slot = output.plan.block_frames, input_.plan.block_frames
    natives = output.plan.native_frames, input_.plan.native_frames
    reserve = (ring.blocks - ring.wake_blocks) * block
    # Where the devices' cycles make up whole blocks, a block comes just when the output has taken one.
    unsteady = any(block % native for native in natives) or slot != block
    level = reserve + (sum(natives) + slot if unsteady else 0)
    inside = block + level + (HELD_FRAMES + block if corrects else 0)
    # Room for what comes while Python waits for its turn, and for the steps in which devices move.
    room = 2 * inside + 2 * max(natives) + ring.blocks * block
    return _Shape((-(-room // block), -(-room // slot)), level, inside, ring.blocks * block, max(block, slot, *natives))


class NativeDuplex(NativeStream, DuplexStream):
    """A duplex stream whose samples the core moves."""

    def __init__(
        self,
        devices: tuple[Device, Device],
        drivers: tuple[Driver, Driver],
        sample_format: SampleFormat,
        data: Callable[[Any, Any, Any], object],
        on_event: EventCallback | None,
        wish: Wish,
    ) -> None:
        """Couple an output and an input, in this order, whose drivers are negotiated and not open."""
        output, input_ = drivers
        driver = CoupledDriver(output, input_)
        plan = driver.plan
        try:
            self._device, self._input_device = devices
            self._config = _granted(output, driver.played, plan, sample_format)
            self._input_config = _granted(input_, driver.captured, plan, sample_format)
            corrects = wish.drift == CORRECT
            stretcher = Stretcher(plan.sample_rate, self.input_channels, sample_format) if corrects else None
            shape = _shape(plan_ring(wish.depth, plan), output, input_, corrects=corrects)
            pump = CoupledPump(output.plan, input_.plan, sample_format, shape.blocks)
            driver.realtime = check_mode(wish.realtime)
            driver.open(pump)
            memory = Memory(pump, driver, sample_format)
            pairing = Pairing(plan.sample_rate, plan.block_frames, shape.level, shape.inside, shape.period)
            engine = ThroughEngine(
                *(driver, pump, data, on_event),
                memory=memory,
                views=self._views(memory, sample_format, raw=wish.raw),
                pairing=pairing,
                stretcher=stretcher,
                prefill=shape.prefill,
            )
            self._through = engine
            self._set_going(engine, sample_format, wish.realtime)
        except BaseException:
            driver.close()
            raise
        if wish.realtime == REQUIRE:
            self._require_realtime()

    def _views(self, memory: Memory, sample_format: SampleFormat, *, raw: bool) -> tuple[list[Any], Any, Any]:
        gathered, played = memoryview(memory.gathered).toreadonly(), memoryview(memory.played)
        if raw:
            return (list(memory.slots), gathered, played)
        *slots, one = arrays([*memory.slots, gathered], self.input_channels, sample_format)
        return (slots, one, arrays([played], self._config.channels, sample_format)[0])

    @property
    def latency(self) -> DuplexLatency:
        total = self._through.pairing.total
        if not total:
            return DuplexLatency(0.0, 0.0)
        input_, output = (nanos / _NANOS for nanos in self._through.device_nanos())
        device = input_ + output
        return DuplexLatency(device, total / self._config.sample_rate - device, total, input_, output)

    @property
    def input_device(self) -> Device:
        return self._input_device

    @property
    def input_config(self) -> StreamConfig:
        return self._input_config

    @property
    def drift_ppm(self) -> float | None:
        return self._through.pairing.drift_ppm


def _granted(half: Driver, side: Side, plan: Plan, sample_format: SampleFormat) -> StreamConfig:
    channels = half.device_channels or side.users_channels
    return StreamConfig(channels, plan.sample_rate, BufferSize.fixed(plan.block_frames), sample_format)


def check_wish(data: object, drift: object) -> None:
    """Return if a duplex stream can be asked for this.

    Raises:
        UnsupportedOperation: A native callback.
        InvalidInput: Nothing that can be called, or no such choice.
    """
    if isinstance(data, NativeCallback):
        raise UnsupportedOperation(
            "a duplex stream has no native callbacks: its two blocks come from two audio threads",
            advice="give a Python function, or build an input and an output stream with a native callback each",
        )
    if not callable(data):
        raise InvalidInput(f"data must be callable as data(captured, played, info), not {shown(data)}")
    if drift not in (REPORT, CORRECT):
        raise InvalidInput(f"drift is {REPORT!r} or {CORRECT!r}, not {shown(drift)}")


def input_config(output: Driver, wanted: StreamConfig, channels: int | Iterable[int] | None) -> StreamConfig:
    """The input's config beside an output that is negotiated; of its block size as nearly as can be."""
    return wanted.replace(
        channels=wanted.channels if channels is None else channels,
        device_channels=(),
        sample_rate=output.plan.sample_rate,
        buffer_size=BufferSize.nearest(output.plan.block_frames),
    )


def check_rates(output: Driver, input_: Driver) -> None:
    """Return if both run at the same rate.

    Raises:
        UnsupportedConfig: They do not.
    """
    rates = output.plan.sample_rate, input_.plan.sample_rate
    if rates[0] != rates[1]:
        raise UnsupportedConfig(f"the output runs at {rates[0]} Hz and the input at {rates[1]} Hz")
