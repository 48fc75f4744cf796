"""The host: which devices there are, and the buses that streams share."""

from __future__ import annotations

import threading

from pcmio import _core
from pcmio._value import shown
from pcmio.contract import Host
from pcmio.errors import InvalidInput, UnsupportedConfig, UnsupportedOperation
from pcmio.hosts.null.bus import Bus, bus_key
from pcmio.hosts.null.clock import SimulatedClock
from pcmio.hosts.null.devices import NullDevice
from pcmio.hosts.null.misfortune import Misfortune
from pcmio.hosts.null.options import MOST_CYCLE_FRAMES, USUAL_DEVICES, check_specs
from pcmio.hosts.null.stream import NullDriver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pcmio._driver import Pump
    from pcmio.configs import StreamConfig
    from pcmio.contract import Device
    from pcmio.descriptions import DeviceId, Direction
    from pcmio.hosts.null.options import NullDeviceSpec


class NullHost(Host):
    """Devices without hardware."""

    def __init__(self, specs: tuple[NullDeviceSpec, ...], clock: SimulatedClock | None) -> None:
        self.clock = clock
        self.misfortune = Misfortune()
        self._specs = specs
        self._lost: set[str] = set()
        self._lock = threading.RLock()
        self._shared: dict[str, Bus] = {}
        self._buses: list[Bus] = []

    @property
    def id(self) -> str:
        return "null"

    @property
    def name(self) -> str:
        return "Null"

    def check_available(self) -> None:
        """Always."""

    def devices(self) -> Sequence[NullDevice]:
        self.misfortune.strike("devices")
        return [NullDevice(self, spec) for spec in self._specs if self.has(spec)]

    def default_output_device(self) -> Device | None:
        return next((device for device in self.devices() if device.supports_output), None)

    def default_input_device(self) -> Device | None:
        return next((device for device in self.devices() if device.supports_input), None)

    if TYPE_CHECKING:

        def device_by_id(self, device_id: DeviceId | str) -> NullDevice: ...

    def close(self) -> None:
        for bus in list(self._buses):
            bus.tell(_core.NOTE_HOST_LOST, 0, 0)

    # --- for its devices and streams ---------------------------------------------------------------------------------

    def has(self, spec: NullDeviceSpec) -> bool:
        """Whether the device is plugged in."""
        return spec.id not in self._lost

    def lose(self, spec: NullDeviceSpec, code: int) -> None:
        """Unplug a device."""
        self._lost.add(spec.id)
        for bus in self.buses(spec):
            bus.tell(_core.NOTE_DEVICE_LOST, code, 0)

    def plug_in(self, spec: NullDeviceSpec) -> None:
        """Plug a device in again."""
        self._lost.discard(spec.id)

    def buses(self, spec: NullDeviceSpec) -> list[Bus]:
        """What runs on a device now."""
        with self._lock:
            return [bus for bus in self._buses if bus.spec == spec]

    def join(self, spec: NullDeviceSpec, direction: Direction, config: StreamConfig, block_frames: int) -> NullDriver:
        """A driver on the device's bus."""
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
            return NullDriver(self, spec, bus, direction, config, block_frames)

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
