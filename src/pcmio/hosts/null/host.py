"""The host: which devices there are, and the buses that streams share."""

from __future__ import annotations

import threading

from pcmio import _core
from pcmio._clock import SimulatedClock
from pcmio._interrupts import to_its_end, uninterrupted
from pcmio._value import shown
from pcmio._watch import Sighting, View, Watches
from pcmio.contract import Host
from pcmio.descriptions import DeviceId, Direction
from pcmio.errors import HostDisconnected, InvalidInput, UnsupportedConfig, UnsupportedOperation
from pcmio.hosts.null.bus import Bus, bus_key
from pcmio.hosts.null.devices import NullDevice
from pcmio.hosts.null.misfortune import Misfortune
from pcmio.hosts.null.options import MOST_CYCLE_FRAMES, USUAL_DEVICES, check_specs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from pcmio._driver import Pump
    from pcmio.configs import StreamConfig
    from pcmio.contract import HostEventCallback, Watch
    from pcmio.hosts.null.options import NullDeviceSpec
    from pcmio.hosts.null.stream import NullDriver


class NullHost(Host):
    """Devices without hardware."""

    def __init__(self, specs: tuple[NullDeviceSpec, ...], clock: SimulatedClock | None) -> None:
        self.clock = clock
        self.misfortune = Misfortune(self)
        self._specs = specs
        self._lost: set[str] = set()
        self._chosen: dict[Direction, str] = {}  # defaults that are not simply the first
        self._gone: HostDisconnected | None = None  # the server that this host does not have
        self._lock = threading.RLock()
        self._shared: dict[str, Bus] = {}
        self._buses: list[Bus] = []
        self._watches = Watches(self, self._view)

    @property
    def id(self) -> str:
        return "null"

    @property
    def name(self) -> str:
        return "Null"

    def check_available(self) -> None:
        if self._gone is not None:
            raise type(self._gone)(self._gone.message, advice=self._gone.advice)

    @uninterrupted
    def devices(self) -> Sequence[NullDevice]:
        self.misfortune.strike("devices")
        return self._present()

    @uninterrupted
    def default_output_device(self) -> NullDevice | None:
        return self._default(Direction.OUTPUT, self.devices())

    @uninterrupted
    def default_input_device(self) -> NullDevice | None:
        return self._default(Direction.INPUT, self.devices())

    def _present(self) -> list[NullDevice]:
        self.check_available()
        return [NullDevice(self, spec) for spec in self._specs if self.has(spec)]

    def _default(self, direction: Direction, devices: Sequence[NullDevice]) -> NullDevice | None:
        able = [device for device in devices if _fits(device.spec, direction)]
        chosen = [device for device in able if device.spec.id == self._chosen.get(direction)]
        found = next(iter([*chosen, *able]), None)
        return None if found is None else NullDevice(self, found.spec, follows=True)

    @uninterrupted
    def watch(self, on_event: HostEventCallback | None = None) -> Watch:
        return self._watches.open(on_event)

    def _view(self) -> View:
        devices = self._present()
        output, input_ = (self._default(direction, devices) for direction in (Direction.OUTPUT, Direction.INPUT))
        return View(
            tuple(Sighting(device.id, device.description) for device in devices),
            None if output is None else output.id,
            None if input_ is None else input_.id,
        )

    if TYPE_CHECKING:

        def device_by_id(self, device_id: DeviceId | str) -> NullDevice: ...

    @to_its_end
    def close(self) -> None:
        self._watches.close()
        self.end_streams()

    # --- for its devices and streams, and for misfortune -------------------------------------------------------------

    @uninterrupted
    def end_streams(self, spared: Collection[NullDriver] = ()) -> None:
        """End all streams but those that are spared."""
        for bus in list(self._buses):
            for driver in list(bus.drivers):
                if driver not in spared:
                    driver.tell(_core.NOTE_HOST_LOST, 0)

    def streams(self) -> set[NullDriver]:
        """Those that are open."""
        return {driver for bus in list(self._buses) for driver in list(bus.drivers)}

    def has(self, spec: NullDeviceSpec) -> bool:
        """Whether the device is plugged in."""
        return spec.id not in self._lost and self._gone is None

    def spec(self, device_id: DeviceId | str) -> NullDeviceSpec:
        """What a device was made of, plugged in or not.

        Raises:
            InvalidInput: There is none of this id.
        """
        wanted = DeviceId.parse(device_id) if isinstance(device_id, str) else device_id
        for spec in self._specs:
            if wanted == DeviceId(self.id, spec.id):
                return spec
        raise InvalidInput(f"there is no null device {wanted}")

    @uninterrupted
    def plug_in(self, spec: NullDeviceSpec) -> None:
        """Plug a device in, for the first time or again."""
        with self._lock:
            if any(one.id == spec.id and one != spec for one in self._specs):
                raise InvalidInput(f"there is another null device {spec.id!r}")
            if spec not in self._specs:
                self._specs = (*self._specs, spec)
            self._lost.discard(spec.id)
        self._tell()

    @uninterrupted
    def lose(self, spec: NullDeviceSpec, code: int) -> None:
        """Unplug a device: streams that follow the default go on there, the others end."""
        self._lost.add(spec.id)
        for bus in self.buses(spec):
            for driver in list(bus.drivers):
                driver.tell(_core.NOTE_MOVED if driver.follows else _core.NOTE_DEVICE_LOST, code)
        self._tell()

    @uninterrupted
    def choose(self, direction: Direction, spec: NullDeviceSpec) -> None:
        """Make a device the default one: streams that follow it go there."""
        if not _fits(spec, direction):
            raise InvalidInput(f"null device {spec.id!r} has no {direction}")
        self._chosen[direction] = spec.id
        for bus in list(self._buses):
            for driver in list(bus.drivers):
                if driver.follows:
                    driver.tell(_core.NOTE_MOVED, 0)
        self._tell()

    def disconnect(self, code: int) -> None:
        """Lose the server that a real host has: all streams end."""
        self._gone = HostDisconnected("the null host was lost, as ordered", advice="misfortune.restore()")
        for bus in list(self._buses):
            bus.tell(_core.NOTE_HOST_LOST, code, 0)
        self._watches.lost(self._gone)

    @uninterrupted
    def reconnect(self) -> None:
        """Have the server back."""
        self._gone = None
        self._watches.back()

    def target(self, direction: Direction) -> NullDeviceSpec | None:
        """Where a stream that follows the default belongs now."""
        found = self._default(direction, [] if self._gone is not None else self._present())
        return None if found is None else found.spec

    def _tell(self) -> None:
        if self._gone is None:
            self._watches.changed()

    def buses(self, spec: NullDeviceSpec) -> list[Bus]:
        """What runs on a device now."""
        with self._lock:
            return [bus for bus in self._buses if bus.spec == spec]

    def join(self, spec: NullDeviceSpec, config: StreamConfig, block_frames: int) -> Bus:
        """The device's bus, with one stream more; ``leave`` has to follow.

        Raises:
            UnsupportedConfig: It runs at another rate, or takes no such samples.
        """
        with self._lock:
            key = bus_key(spec)
            bus = self._shared.get(key) if key is not None else None
            if bus is None:
                bus = self._new_bus(spec, config, block_frames)
                if key is not None:
                    self._shared[key] = bus
            elif bus.rate != config.sample_rate:
                raise UnsupportedConfig(
                    f"null device {spec.id!r} runs at {bus.rate} Hz for another stream, not at {config.sample_rate} Hz"
                )
            bus.expected += 1
            return bus

    def _new_bus(self, spec: NullDeviceSpec, config: StreamConfig, block_frames: int) -> Bus:
        formats = spec.sample_formats
        native = config.sample_format if config.sample_format in formats else formats[0]
        if not _core.core().pcmio_can_convert(native.code, config.sample_format.code):
            raise UnsupportedConfig(
                f"null device {spec.id!r} takes {', '.join(map(str, formats))}, not {config.sample_format}"
            )
        channels = config.channels if bus_key(spec) is None else spec.channels
        bus = Bus(spec, config.sample_rate, channels, native, min(block_frames, MOST_CYCLE_FRAMES), self.clock)
        self._buses.append(bus)
        return bus

    def leave(self, spec: NullDeviceSpec, bus: Bus, driver: NullDriver, pump: Pump | None) -> None:
        """A stream is closed; the bus goes with its last."""
        with self._lock:
            if pump is not None:
                bus.detach(driver, pump)
            bus.expected -= 1
            if bus.expected == 0:
                self._buses.remove(bus)
                key = bus_key(spec)
                if key is not None:
                    self._shared.pop(key, None)
                bus.free()


def _fits(spec: NullDeviceSpec, direction: Direction) -> bool:
    return spec.kind.direction in (direction, Direction.DUPLEX)


def open_host(
    *, devices: Iterable[NullDeviceSpec] | None = None, clock: SimulatedClock | None = None, **others: object
) -> NullHost:
    """``pcmio.host("null", ...)``.

    Args:
        devices: Which devices there are, instead of the usual four.
        clock: A clock that is moved by hand, instead of the machine's.
        others: There are no other options.

    Raises:
        InvalidInput: Of the wrong type.
        UnsupportedOperation: Another option.
    """
    if others:
        raise UnsupportedOperation(
            f"the null host has no option {next(iter(others))!r}", advice="its options are: clock, devices"
        )
    if clock is not None and not isinstance(clock, SimulatedClock):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInput(f"clock takes a SimulatedClock, not {shown(clock)}")
    return NullHost(USUAL_DEVICES if devices is None else check_specs(devices), clock)
