"""A host as a user would write one: a wire in memory, moved by a Python thread, that loops what it is played."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np

import pcmio
from pcmio.custom import CustomDevice, CustomDriver, Host, take_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pcmio.custom import Driver

RATE = 48_000
CYCLE = 240
_FORMAT = pcmio.SampleFormat.F32
_ID = pcmio.DeviceId("wire", "loop")


class WireDriver(CustomDriver):
    """A stream on the wire."""

    def __init__(self, wire: Wire, direction: pcmio.Direction, config: pcmio.StreamConfig) -> None:
        super().__init__(direction, config, native_format=_FORMAT, native_frames=CYCLE)
        self.direction = direction
        self.channels = config.channels
        self._wire = wire
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
    """The one device."""

    def __init__(self, host: WireHost) -> None:
        self._host = host

    @property
    def id(self) -> pcmio.DeviceId:
        return _ID

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
        take_options(options)
        if config.channels > 64 or config.sample_rate != RATE or config.sample_format.is_dsd:
            raise pcmio.UnsupportedConfig(f"the wire takes up to 64 channels at {RATE} Hz, no DSD, not {config}")
        self._host.check_available()
        return WireDriver(self._host.wire, direction, config)


class WireHost(Host):
    """The host."""

    def __init__(self) -> None:
        self.wire = Wire()
        self._closed = False

    @property
    def id(self) -> str:
        return "wire"

    @property
    def name(self) -> str:
        return "Wire"

    def check_available(self) -> None:
        if self._closed:
            raise pcmio.HostUnavailable("the wire was cut")

    def devices(self) -> Sequence[WireDevice]:
        return [WireDevice(self)]

    def default_output_device(self) -> WireDevice:
        return WireDevice(self)

    default_input_device = default_output_device

    def close(self) -> None:
        self._closed = True
        for driver in list(self.wire.open):
            driver.lost_host()
