"""The duplex stream that every host's users get, made of one output and one input of the same host."""

from __future__ import annotations

from functools import partial

from pcmio._coupled import CoupledDriver, CoupledPump, close_both
from pcmio._depth import ONE_BLOCK, plan_ring
from pcmio._fit import AUTO, FORMAT, NEVER, check_convert
from pcmio._incoming import Incoming
from pcmio._pairing import Pairing
from pcmio._realtime import check_mode
from pcmio._stream import NativeStream, arrays
from pcmio._stretching import HELD_FRAMES, Stretcher
from pcmio._through import Memory, ThroughEngine
from pcmio._value import Value, shown
from pcmio.callbacks import NativeCallback
from pcmio.configs import BufferSize, StreamConfig
from pcmio.duplex import CORRECT, REPORT, DuplexLatency, DuplexStream
from pcmio.errors import InvalidInput, UnsupportedConfig, UnsupportedOperation
from pcmio.formats import float_like

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from pcmio._converting_duplex import Between
    from pcmio._depth import RingPlan
    from pcmio._driver import Driver, Plan
    from pcmio._through import PairingEngine
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
        convert: As for other streams.
    """

    drift: str
    depth: float | str
    realtime: str
    raw: bool
    channels: int | Iterable[int] | None = None
    convert: str = FORMAT


class _Shape(Value):
    """How long everything is, in frames, but for ``blocks``, those of the output's ring and of the input's."""

    blocks: tuple[int, int]
    level: int
    inside: int
    prefill: int
    period: int


def _shape(ring: RingPlan, output: Plan, input_: Plan, *, held: int, waiting: int) -> _Shape:
    """For an input of which so many frames are held back, and an output beside whose ring so many wait, at most."""
    block = output.block_frames
    lengths = input_.block_frames, input_.native_frames
    slot, native = (-(-length * output.sample_rate // input_.sample_rate) for length in lengths)
    natives = output.native_frames, native
    reserve = (ring.blocks - ring.wake_blocks) * block
    # Where the devices' cycles make up whole blocks, a block comes just when the output has taken one.
    unsteady = any(block % native for native in natives) or slot != block
    level = reserve + (sum(natives) + slot if unsteady else 0)
    inside = block + level + (held + block if held else 0)
    # Room for what comes while Python waits for its turn, and for the steps in which devices move.
    room = 2 * inside + 2 * max(natives) + ring.blocks * block
    blocks = -(-(room + waiting) // block), -(-room // slot)
    return _Shape(blocks, level, inside, ring.blocks * block, max(block, slot, *natives))


class _Configs(Value):
    """What both rings hold, and what the callback is given and gives."""

    played: StreamConfig
    captured: StreamConfig
    users_played: StreamConfig
    users_captured: StreamConfig

    @property
    def differ(self) -> bool:
        """Whether something has to be converted between them."""
        pairs = (self.played, self.users_played), (self.captured, self.users_captured)
        return any((one.channels, one.sample_rate) != (other.channels, other.sample_rate) for one, other in pairs)


def _configs(driver: CoupledDriver, asked: tuple[StreamConfig, StreamConfig], wish: Wish) -> _Configs:
    """Of the output and of the input, for what was asked of both."""
    played, captured = (_granted(half, asked[0].sample_format) for half in (driver.output, driver.input))
    if wish.convert != AUTO:
        return _Configs(played, captured, played, captured.replace(buffer_size=played.buffer_size))
    frames = played.buffer_size.frames or 1
    if asked[0].sample_rate != played.sample_rate:
        frames = asked[0].buffer_size.frames or max(1, frames * asked[0].sample_rate // played.sample_rate)
    users_played = asked[0].replace(buffer_size=frames)
    users_captured = asked[1].replace(buffer_size=frames, sample_rate=users_played.sample_rate)
    configs = _Configs(played, captured, users_played, users_captured)
    floats = float_like(asked[0].sample_format)
    if not configs.differ and wish.drift != CORRECT:
        return configs
    played, captured = played.replace(sample_format=floats), captured.replace(sample_format=floats)
    return _Configs(played, captured, users_played, users_captured)


def _granted(half: Driver, sample_format: SampleFormat) -> StreamConfig:
    plan = half.plan
    side = plan.output or plan.input
    channels: Any = half.device_channels or (0 if side is None else side.users_channels)
    return StreamConfig(channels, plan.sample_rate, BufferSize.fixed(plan.block_frames), sample_format)


class NativeDuplex(NativeStream, DuplexStream):
    """A duplex stream whose samples the core moves."""

    def __init__(
        self,
        devices: tuple[Device, Device],
        drivers: tuple[Driver, Driver],
        asked: tuple[StreamConfig, StreamConfig],
        data: Callable[[Any, Any, Any], object] | NativeCallback,
        on_event: EventCallback | None,
        wish: Wish,
    ) -> None:
        """Couple an output and an input, in this order, whose drivers are negotiated and not open.

        Where "auto" is wished, what was ``asked`` of both is converted to what they have.
        """
        give_back: Callable[[], None] = partial(close_both, *drivers)
        try:
            driver = CoupledDriver(*drivers)
            self._device, self._input_device = devices
            configs = _configs(driver, asked, wish)
            self._config, self._input_config = configs.users_played, configs.users_captured
            self._between = None if isinstance(data, NativeCallback) else _between(configs, data, raw=wish.raw)
            driver.realtime = check_mode(wish.realtime)
            if isinstance(data, NativeCallback):
                engine = _native_engine(driver, configs, data, on_event, wish)
            else:
                engine = _engine(driver, configs, data, on_event, wish, self._between)
            self._through = engine
            runner = self._make_runner(engine, configs.played.sample_format, wish.realtime)
            give_back = engine.unmake  # which closes the drivers, too
            self._set_going(engine, runner)
        except BaseException:
            give_back()
            raise

    @property
    def latency(self) -> DuplexLatency:
        frames, between = self._through.pairing.total, self._between
        delay = 0 if between is None else between.delay
        if not frames or delay is None:
            return DuplexLatency(0.0, 0.0)
        frames += delay
        total = frames / self._through.driver.plan.sample_rate
        input_, output = (nanos / _NANOS for nanos in self._through.device_nanos())
        device = input_ + output
        return DuplexLatency(
            device, total - device, frames if between is None else between.as_own(frames), input_, output
        )

    @property
    def position(self) -> int:
        return self._own_frame(super().position)

    @property
    def input_config(self) -> StreamConfig:
        return self._input_config

    @property
    def input_device(self) -> Device:
        return self._input_device

    @property
    def drift_ppm(self) -> float | None:
        return self._through.pairing.drift_ppm


def _engine(
    driver: CoupledDriver,
    configs: _Configs,
    data: Callable[[Any, Any, Any], object],
    on_event: EventCallback | None,
    wish: Wish,
    between: Between | None,
) -> PairingEngine:
    output, input_ = driver.output.plan, driver.input.plan
    incoming, held = _incoming(configs, corrects=wish.drift == CORRECT)
    waiting = 0 if between is None else between.most_waiting
    shape = _shape(plan_ring(wish.depth, output), output, input_, held=held, waiting=waiting)
    pump = CoupledPump(output, input_, configs.played.sample_format, shape.blocks)
    driver.open(pump)
    memory = Memory(pump, driver, configs.played.sample_format)
    return ThroughEngine(
        *(driver, pump, between or data, on_event),
        memory=memory,
        views=_views(memory, configs, raw=wish.raw and between is None),
        pairing=_pairing(output, shape),
        incoming=incoming,
        prefill=shape.prefill,
        between=between,
    )


def _native_engine(
    driver: CoupledDriver, configs: _Configs, data: NativeCallback, on_event: EventCallback | None, wish: Wish
) -> PairingEngine:
    """Whose blocks are as long in the input's ring as in the output's, and of which Python keeps none ready."""
    from pcmio._through_native import NativeThroughEngine, Through

    plan_ring(wish.depth, driver.output.plan)  # means nothing, but has to be one
    output = driver.output.plan
    input_ = driver.input.plan.replace(block_frames=output.block_frames)
    shape = _shape(plan_ring(0.0, output), output, input_, held=0, waiting=0)
    through = Through(data, output.block_frames, configs.played.channels, configs.played.sample_format)
    blocks = shape.blocks[0], ONE_BLOCK.blocks
    pump = CoupledPump(output, input_, configs.played.sample_format, blocks, through.native())
    driver.open(pump)
    pairing = _pairing(output, shape)
    return NativeThroughEngine(driver, pump, on_event, through=through, pairing=pairing, prefill=shape.prefill)


def _pairing(plan: Plan, shape: _Shape) -> Pairing:
    return Pairing(plan.sample_rate, plan.block_frames, shape.level, shape.inside, shape.period)


def _between(configs: _Configs, data: Callable[[Any, Any, Any], object], *, raw: bool) -> Between | None:
    """What converts for the callback; None: nothing has to, or only the input's rate to the output's."""
    own_rate = configs.played.sample_rate
    captured = configs.captured.replace(sample_rate=own_rate, buffer_size=configs.played.buffer_size)
    same_format = configs.played.sample_format is configs.users_played.sample_format
    if same_format and not configs.replace(captured=captured).differ:
        return None
    from pcmio._convert import Converter
    from pcmio._converting_duplex import Between

    incoming = Converter(captured, configs.users_captured)
    return Between(data, incoming, Converter(configs.users_played, configs.played), raw=raw)


def _incoming(configs: _Configs, *, corrects: bool) -> tuple[Incoming, int]:
    """What the input's blocks pass first; and frames of the output's that it holds back at most."""
    captured, rate = configs.captured, configs.played.sample_rate
    held, resampler = 0, None
    if captured.sample_rate != rate:
        from pcmio._convert import Converter, held_frames

        resampler = Converter(captured, captured.replace(sample_rate=rate))
        held = -(-held_frames(captured.sample_rate, rate) * rate // captured.sample_rate)
    stretcher = Stretcher(rate, captured.channels, captured.sample_format) if corrects else None
    incoming = Incoming(captured, rate, resampler=resampler, stretcher=stretcher)
    return incoming, held + (HELD_FRAMES if corrects else 0)


def _views(memory: Memory, configs: _Configs, *, raw: bool) -> tuple[list[Any], Any, Any]:
    gathered, played = memoryview(memory.gathered).toreadonly(), memoryview(memory.played)
    if raw:
        return (list(memory.slots), gathered, played)
    sample_format = configs.played.sample_format
    *slots, one = arrays([*memory.slots, gathered], configs.captured.channels, sample_format)
    return (slots, one, arrays([played], configs.played.channels, sample_format)[0])


def check_wish(data: object, wish: Wish) -> None:
    """Return if a duplex stream can be asked for this.

    Raises:
        UnsupportedOperation: A native callback, and drift corrected.
        InvalidInput: Nothing that can be called, or no such choice, or two that exclude each other.
    """
    if isinstance(data, NativeCallback) and wish.drift == CORRECT:
        raise UnsupportedOperation(
            "drift is corrected beside Python's callbacks only, not for a native one",
            advice=f"give a Python function, or build the stream with drift={REPORT!r}",
        )
    if not isinstance(data, NativeCallback) and not callable(data):
        raise InvalidInput(f"data must be callable as data(captured, played, info), not {shown(data)}")
    if wish.drift not in (REPORT, CORRECT):
        raise InvalidInput(f"drift is {REPORT!r} or {CORRECT!r}, not {shown(wish.drift)}")
    check_convert(wish.convert)
    if wish.convert == NEVER and wish.drift == CORRECT:
        raise InvalidInput(
            f"drift={CORRECT!r} resamples what is captured, and convert={NEVER!r} forbids it",
            advice=f"choose drift={REPORT!r}, or convert={FORMAT!r}",
        )


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
        raise UnsupportedConfig(
            f"the output runs at {rates[0]} Hz and the input at {rates[1]} Hz",
            advice=f"have one of them resampled: convert={AUTO!r}",
        )
