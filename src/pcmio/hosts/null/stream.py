"""The native half of a stream on a null device."""

from __future__ import annotations

from pcmio import _core
from pcmio._core import core
from pcmio._driver import Driver, Plan, Side
from pcmio.descriptions import Direction
from pcmio.hosts.null.clock import Served

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pcmio._driver import Pump
    from pcmio.configs import StreamConfig
    from pcmio.hosts.null.bus import Bus
    from pcmio.hosts.null.host import NullHost
    from pcmio.hosts.null.options import NullDeviceSpec


class NullDriver(Driver):
    """A stream attached to a bus."""

    def __init__(
        self,
        host: NullHost,
        spec: NullDeviceSpec,
        bus: Bus,
        direction: Direction,
        config: StreamConfig,
        block_frames: int,
    ) -> None:
        self.served = Served()
        self._host = host
        self._spec = spec
        self._bus = bus
        self._pump: Pump | None = None
        self._closed = False
        side = Side(config.channels, bus.sample_format)
        clock = host.clock
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
        self._bus.attach(self, pump, (self.plan.output or self.plan.input or Side(0, self._bus.sample_format)).channels)
        self._pump = pump
        self.served.kick = pump.wake

    def start(self) -> None:
        """Have the clock run."""
        self._host.misfortune.strike("start")
        refusal = self._bus.run(self)
        if refusal.code and not self.denied_reason and self._pump is not None:
            self.denied_reason = refusal.reason
            core().pcmio_pump_note(self._pump.address, _core.NOTE_REALTIME_DENIED, refusal.code, 0)

    def pause(self) -> None:
        """A null device queues nothing: there is nothing to keep."""
        self._host.misfortune.strike("pause")
        self._bus.hold(self)

    def discard(self) -> None:
        """A null device queues nothing: there is nothing to throw away."""
        self._host.misfortune.strike("discard")
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
        self._host.leave(self._spec, self._bus, self, self._pump)
        self._host.misfortune.strike("close")
