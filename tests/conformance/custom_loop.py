"""A host as a user would write one: a wire in memory, moved by a Python thread, that loops what it is played."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np

import pcmio
from pcmio.custom import CustomDevice, CustomDriver, Host, Watches, take_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pcmio.contract import HostEventCallback
    from pcmio.custom import Driver

RATE = 48_000
CYCLE = 240
_FORMAT = pcmio.SampleFormat.F32


class WireDriver(CustomDriver):
    """A stream on the wire."""

    def __init__(
        self, wire: Wire, direction: pcmio.Direction, config: pcmio.StreamConfig, name: str, *, follows: bool
    ) -> None:
        super().__init__(direction, config, native_format=_FORMAT, native_frames=CYCLE)
        self.direction = direction
        self.channels = config.channels
        self._wire = wire
        self.name, self.follows = name, follows
        wire.open.append(self)

    def started(self) -> None:
        self._wire.run(self)

    def held(self) -> None:
        self._wire.hold(self)

    def close(self) -> None:
        super().close()
        self._wire.forget(self)


class Wire:
    """Moves frames from the outputs to the inputs while any stream runs."""

    def __init__(self) -> None:
        self.open: list[WireDriver] = []
        self._running: list[WireDriver] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def run(self, driver: WireDriver) -> None:
        with self._lock:
            self._running.append(driver)
            if self._thread is None:
                self._thread = threading.Thread(target=self._move, daemon=True)
                self._thread.start()

    def hold(self, driver: WireDriver) -> None:
        with self._lock:
            if driver in self._running:
                self._running.remove(driver)
            thread = self._thread if not self._running else None
            if thread is not None:
                self._thread = None
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def forget(self, driver: WireDriver) -> None:
        with self._lock:
            if driver in self.open:
                self.open.remove(driver)

    def _move(self) -> None:
        due = time.monotonic()
        while True:
            with self._lock:
                if self._thread is not threading.current_thread():
                    return
                running = list(self._running)
            bus = np.zeros((CYCLE, 64), np.float32)
            for driver in running:
                if driver.direction is pcmio.Direction.OUTPUT:
                    played = np.frombuffer(driver.play(CYCLE), np.float32).reshape(CYCLE, -1)
                    bus[:, : played.shape[1]] += played
            for driver in running:
                if driver.direction is pcmio.Direction.INPUT:
                    driver.capture(np.ascontiguousarray(bus[:, : driver.channels]).tobytes())
            due += CYCLE / RATE
            time.sleep(max(0.0, due - time.monotonic()))


class WireDevice(CustomDevice):
    """A name for the wire."""

    def __init__(self, host: WireHost, name: str) -> None:
        self._host = host
        self._name = name

    @property
    def id(self) -> pcmio.DeviceId:
        return pcmio.DeviceId("wire", self._name)

    @property
    def description(self) -> pcmio.DeviceDescription:
        return pcmio.DeviceDescription("Wire", pcmio.Direction.DUPLEX)

    def supported_input_configs(self) -> Sequence[pcmio.SupportedStreamConfigRange]:
        size = pcmio.SupportedBufferSize(1, 1 << 16)
        return [pcmio.SupportedStreamConfigRange(channels, RATE, RATE, size, _FORMAT) for channels in range(1, 65)]

    supported_output_configs = supported_input_configs

    def default_input_config(self) -> pcmio.SupportedStreamConfig:
        return self.supported_input_configs()[1].with_sample_rate(RATE)

    default_output_config = default_input_config

    def _driver(self, direction: pcmio.Direction, config: pcmio.StreamConfig, options: dict[str, Any]) -> Driver:
        follow = take_options(options, follow=(str, "never"))["follow"]
        if config.channels > 64 or config.sample_rate != RATE or config.sample_format.is_dsd:
            raise pcmio.UnsupportedConfig(f"the wire takes up to 64 channels at {RATE} Hz, no DSD, not {config}")
        self._host.check_available()
        return WireDriver(self._host.wire, direction, config, self._name, follows=follow == "default")


class WireHost(Host):
    """The host: a wire with ends to plug in."""

    def __init__(self) -> None:
        self.wire = Wire()
        self._names = ["loop"]
        self._default = "loop"
        self._away = False
        self._watches = Watches(self)

    @property
    def id(self) -> str:
        return "wire"

    @property
    def name(self) -> str:
        return "Wire"

    def check_available(self) -> None:
        if self._away:
            raise pcmio.HostUnavailable("the wire was cut")

    def devices(self) -> Sequence[WireDevice]:
        self.check_available()
        return [WireDevice(self, name) for name in self._names]

    def default_output_device(self) -> WireDevice:
        self.check_available()
        return WireDevice(self, self._default)

    default_input_device = default_output_device

    def watch(self, on_event: HostEventCallback | None = None) -> pcmio.Watch:
        return self._watches.open(on_event)

    def close(self) -> None:
        self._watches.close()
        self._away = True
        for driver in list(self.wire.open):
            driver.lost_host()

    # --- what happens to it ------------------------------------------------------------------------------------------

    def plug(self, name: str) -> None:
        """Have another end."""
        self._names.append(name)
        self._watches.changed()

    def unplug(self, name: str) -> None:
        """Have it no more: streams on it end, or go to the default."""
        self._names.remove(name)
        if self._default == name:
            self._default = self._names[0]
        for driver in list(self.wire.open):
            if driver.name == name and not driver.follows:
                driver.lost_device()
        self._move()

    def set_default(self, device_id: str) -> None:
        """Choose."""
        self._default = device_id.removeprefix("wire:")
        self._move()

    def _move(self) -> None:
        for driver in list(self.wire.open):
            if driver.follows and driver.name != self._default:
                old, driver.name = driver.name, self._default
                driver.moved(f"wire:{old}", f"wire:{driver.name}")
        self._watches.changed()

    def cut(self) -> None:
        """Lose everything."""
        self._away = True
        for driver in list(self.wire.open):
            driver.lost_host()
        self._watches.lost(pcmio.HostDisconnected("the wire was cut"))

    def mend(self) -> None:
        """Have it back."""
        self._away = False
        self._watches.back()
