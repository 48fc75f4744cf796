"""The native half of a stream on a null device."""

from __future__ import annotations

from pcmio import _core
from pcmio._clock import Served
from pcmio._core import core
from pcmio._driver import UNTOLD, Driver, Plan, Side
from pcmio.descriptions import Direction
from pcmio.errors import AudioError, DeviceLost, DeviceNotAvailable, UnsupportedConfig
from pcmio.events import Rerouted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pcmio._driver import Note, Pump
    from pcmio.configs import StreamConfig
    from pcmio.events import StreamEvent
    from pcmio.hosts.null.bus import Bus
    from pcmio.hosts.null.host import NullHost
    from pcmio.hosts.null.options import NullDeviceSpec


class NullDriver(Driver):
    """A stream attached to a bus."""

    def __init__(
        self,
        host: NullHost,
        spec: NullDeviceSpec,
        direction: Direction,
        config: StreamConfig,
        block_frames: int,
        *,
        follows: bool,
    ) -> None:
        self.served = Served()
        self.follows = follows
        self._host = host
        self._spec = spec
        self._direction = direction
        self._config = config
        self._bus: Bus | None = None
        self._moving = False
        self._pump: Pump | None = None
        self._closed = False
        self._bus = bus = host.join(spec, config, block_frames)
        try:
            self._plan(bus, block_frames)
        except BaseException:
            self._leave()
            raise

    def _plan(self, bus: Bus, block_frames: int) -> None:
        config, direction = self._config, self._direction
        self._format = bus.sample_format
        side = Side(config.channels, bus.sample_format)
        clock = self._host.clock
        self.plan = Plan(
            sample_rate=config.sample_rate,
            block_frames=block_frames,
            native_frames=max(bus.spec.cycle_sizes, default=bus.period_frames),
            output=side if direction is Direction.OUTPUT else None,
            input=side if direction is Direction.INPUT else None,
            clock=core().address("pcmio_clock_nanos") if clock is None else 0,
            clock_cell=0 if clock is None else clock.address,
        )

    def open(self, pump: Pump) -> None:
        """Join the bus, silent."""
        self._host.misfortune.strike("open")
        self._pump = pump
        self.served.kick = pump.wake
        self._on().attach(self, pump, self._config.channels)
        if self.follows and self._host.target(self._direction) != self._spec:
            self.tell(_core.NOTE_MOVED, 0)

    def _on(self) -> Bus:
        if self._bus is None:
            raise DeviceLost(f"null device {self._spec.id!r} is gone", advice="enumerate again")
        return self._bus

    def start(self) -> None:
        """Have the clock run."""
        self._host.misfortune.strike("start")
        self._run(self._on())
        self._moving = True

    def _run(self, bus: Bus) -> None:
        refusal = bus.run(self)
        if refusal.code and not self.denied_reason and self._pump is not None:
            self.denied_reason = refusal.reason
            core().pcmio_pump_note(self._pump.address, _core.NOTE_REALTIME_DENIED, refusal.code, 0)

    def pause(self) -> None:
        """A null device queues nothing: there is nothing to keep."""
        self._host.misfortune.strike("pause")
        self._hold()

    def discard(self) -> None:
        """A null device queues nothing: there is nothing to throw away."""
        self._host.misfortune.strike("discard")
        self._hold()

    def _hold(self) -> None:
        self._moving = False
        if self._bus is not None:
            self._bus.hold(self)

    def drain(self) -> bool:
        """The last frame's time tells when it is played."""
        self._host.misfortune.strike("drain")
        return False

    def idle(self) -> None:
        """Tell a simulated clock."""
        self.served.round_done()

    def close(self) -> None:
        """Leave the bus."""
        if self._closed:
            return
        self._closed = True
        self.served.finish()
        self._leave()
        self._host.misfortune.strike("close")

    def _leave(self) -> None:
        bus, self._bus = self._bus, None
        if bus is not None:
            self._host.leave(self._spec, bus, self, self._pump)

    # --- what happens to it ------------------------------------------------------------------------------------------

    def tell(self, kind: int, code: int) -> None:
        """A note for this stream alone."""
        if self._pump is not None:
            core().pcmio_pump_note(self._pump.address, kind, code, 0)

    def translate(self, note: Note) -> StreamEvent | AudioError | None:
        """Where the default device is another one, go there."""
        if note.kind != _core.NOTE_MOVED or not self.follows:
            return None
        target, old = self._host.target(self._direction), self._spec
        if target == old:
            return UNTOLD
        try:
            self._move(target)
        except AudioError as error:
            gone = DeviceLost(f"null device {old.id!r} is gone, and no other takes its streams", code=note.code)
            gone.__cause__ = error
            return gone
        return Rerouted(f"null:{old.id}", f"null:{self._spec.id}")

    def _move(self, target: NullDeviceSpec | None) -> None:
        self._leave()
        if target is None or self._pump is None:
            raise DeviceNotAvailable(f"there is no other device for {self._direction}")
        target.check(self._config)
        self._bus = bus = self._host.join(target, self._config, self.plan.block_frames)
        self._spec = target
        if bus.sample_format is not self._format:
            raise UnsupportedConfig(f"null device {target.id!r} takes {bus.sample_format}, not {self._format}")
        bus.attach(self, self._pump, self._config.channels)
        if self._moving:
            self._run(bus)
