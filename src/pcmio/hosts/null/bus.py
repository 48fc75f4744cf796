"""A null device of the core while streams use it."""

from __future__ import annotations

import ctypes
import math
import threading

from pcmio._core import core
from pcmio._realtime import NOTHING_REFUSED, SharedThread
from pcmio.errors import ResourceExhausted
from pcmio.hosts.null.abi import NullConfig, NullCore
from pcmio.hosts.null.options import NullKind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio._clock import SimulatedClock
    from pcmio._driver import Pump
    from pcmio._realtime import Refusal
    from pcmio.formats import SampleFormat
    from pcmio.hosts.null.options import NullDeviceSpec
    from pcmio.hosts.null.stream import NullDriver

TONE_HERTZ = 440.0
_NANOS = 1_000_000_000
#: Of the thread that paces a device: above the streams' threads, as a real driver's is.
_PRIORITY = 20

_library: NullCore | None = None


def null_core() -> NullCore:
    """The core's null devices."""
    global _library  # noqa: PLW0603 - one for the process, and nothing at import
    if _library is None:
        _library = NullCore(core().path)
    return _library


class Bus:
    """One native null device: made for its first stream, freed after its last; runs while one of them does."""

    def __init__(
        self,
        spec: NullDeviceSpec,
        rate: int,
        channels: int,
        sample_format: SampleFormat,
        period_frames: int,
        clock: SimulatedClock | None,
    ) -> None:
        self.spec = spec
        self.rate = rate
        self.channels = channels
        self.sample_format = sample_format
        self.period_frames = period_frames
        self.drivers: list[NullDriver] = []
        self.expected = 0  # streams negotiated or open; guarded by the host's lock
        self.due_nanos = 0
        self._sizes = 0
        self._speed = 1 + spec.clock_ppm * 1e-6
        self._begin_nanos = 0  # of simulated time, and what has passed of it since
        self._passed = 0
        self._clock = clock
        self._thread = SharedThread(_PRIORITY)
        self._lock = threading.RLock()
        self._running: set[NullDriver] = set()
        self._native = null_core()
        self._device = self._native.pcmio_null_new(ctypes.byref(self._config()))
        if self._device is None:
            raise ResourceExhausted("no memory for a null device", call="pcmio_null_new")

    def _config(self) -> NullConfig:
        angle = 2 * math.pi * TONE_HERTZ / self.rate
        config = NullConfig(
            kind=self.spec.kind.code,
            rate=self.rate,
            channels=self.channels,
            format=self.sample_format.code,
            period_frames=self.period_frames,
            sizes_count=len(self.spec.cycle_sizes),
            tone_cosine=math.cos(angle),
            tone_sine=math.sin(angle),
            latency_nanos=round(self.spec.latency * _NANOS),
            speed=self._speed,
        )
        config.sizes[: len(self.spec.cycle_sizes)] = self.spec.cycle_sizes
        return config

    # --- streams -----------------------------------------------------------------------------------------------------

    def attach(self, driver: NullDriver, pump: Pump, channels: int) -> None:
        """A stream is opened."""
        with self._lock:
            if self._native.pcmio_null_attach(self._device, pump.address, channels) != 0:
                raise ResourceExhausted(
                    f"null device {self.spec.id!r} has all the streams it can have", call="pcmio_null_attach", code=-1
                )
            self.drivers.append(driver)

    def detach(self, driver: NullDriver, pump: Pump) -> bool:
        """A stream is closed; whether it was the last."""
        with self._lock:
            self.hold(driver)
            if driver in self.drivers:
                self.drivers.remove(driver)
                self._native.pcmio_null_detach(self._device, pump.address)
            return not self.drivers

    def free(self) -> None:
        """After the last stream."""
        with self._lock:
            device, self._device = self._device, None
            if device is not None:
                self._native.pcmio_null_free(device)

    # --- time --------------------------------------------------------------------------------------------------------

    def run(self, driver: NullDriver) -> Refusal:
        """A stream starts; the first sets the clock going.  Whether the clock's thread was refused its priority.

        Raises:
            PermissionDenied: It was, and the stream requires it.
        """
        with self._lock:
            if not self._running:
                self._begin(driver)
            self._running.add(driver)
            if self._clock is not None:
                return NOTHING_REFUSED
            try:
                return self._thread.want(driver.realtime)
            except BaseException:
                self.hold(driver)
                raise

    def _begin(self, driver: NullDriver) -> None:
        if self._clock is not None:
            self._begin_nanos, self._passed, self.due_nanos = self._clock.nanos, 0, 0
            self._pass_period()
            self._clock.add(self)
            return
        denied = ctypes.c_int32(0)
        priority = self._thread.first_priority(driver.realtime)
        if self._native.pcmio_null_run(self._device, priority, ctypes.byref(denied)) != 0:
            raise ResourceExhausted("no thread for a null device's clock", call="pcmio_null_run")
        self._thread.began(self._native.pcmio_null_thread(self._device), denied.value, driver.realtime)

    def hold(self, driver: NullDriver) -> None:
        """A stream holds; the last stops the clock."""
        with self._lock:
            if driver not in self._running:
                return
            self._running.remove(driver)
            if self._running:
                return
            if self._clock is not None:
                self._clock.remove(self)
            else:
                self._thread.ends()
                self._native.pcmio_null_halt(self._device)

    def _pass_period(self) -> None:
        """The next cycle is due one period later; rounding never adds up."""
        self._passed += self._next_frames()
        self.due_nanos = max(
            self.due_nanos + 1, self._begin_nanos + round(self._passed * _NANOS / self.rate / self._speed)
        )

    def _next_frames(self) -> int:
        sizes = self.spec.cycle_sizes
        return sizes[self._sizes % len(sizes)] if sizes else self.period_frames

    def cycle(self) -> None:
        """One cycle of simulated time, now."""
        with self._lock:
            if self._device is None:
                return
            frames = self._next_frames()
            self._sizes += 1
            self._native.pcmio_null_cycle(self._device, frames, self.due_nanos)
            self._pass_period()

    # --- misfortune --------------------------------------------------------------------------------------------------

    def skip(self, frames: int) -> None:
        """The device passes over ``frames`` frames at its next cycle."""
        self._befall(self._native.pcmio_null_skip, frames)

    def stall(self, seconds: float) -> None:
        """The device's thread sleeps before its next cycle."""
        self._befall(self._native.pcmio_null_stall, round(seconds * _NANOS))

    def tell(self, kind: int, code: int, value: int) -> None:
        """Every stream gets a note."""
        self._befall(self._native.pcmio_null_tell, kind, code, value)

    def _befall(self, call: Callable[..., None], *what: int) -> None:
        """Misfortune comes from any thread: the last stream may have gone this moment."""
        with self._lock:
            if self._device is not None:
                call(self._device, *what)


def bus_key(spec: NullDeviceSpec) -> str | None:
    """Streams with the same key share a bus; None: each has its own."""
    return spec.id if spec.kind is NullKind.LOOPBACK else None
