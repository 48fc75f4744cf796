"""pyminiaudio: miniaudio called through cffi; a generator gives the samples."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.known_signal import CHANNELS, RATE
from bench.players import ALSA, JACK, Player

if TYPE_CHECKING:
    from collections.abc import Generator

    from bench.known_signal import ImpulseSink, Source

PERIODS = 3


class MiniaudioPlayer(Player):
    """One device object for each stream, as the library has it."""

    def load(self) -> None:
        self._library: Any = import_module("miniaudio")

    def connect(self) -> None:
        # It connects anew for each device.
        self._devices: list[Any] = []

    def _arguments(self) -> dict[str, Any]:
        kinds = self._library.Backend
        backend = {JACK: kinds.JACK, ALSA: kinds.ALSA}.get(self.server, kinds.PULSEAUDIO)
        millis = max(1, round(self.frames * 1000 / RATE))
        periods = 0 if self.server == JACK else PERIODS
        common = {"nchannels": CHANNELS, "sample_rate": RATE, "buffersize_msec": millis, "callback_periods": periods}
        return {**common, "backends": [backend], "app_name": f"player{len(self._devices)}"}

    def open_output(self, source: Source) -> None:
        take = source.take

        def generate() -> Generator[Any, int, None]:
            frames = yield b""
            while True:
                frames = yield take(frames)

        kind = self._library.SampleFormat.FLOAT32
        self._begin(self._library.PlaybackDevice(output_format=kind, **self._arguments()), generate())

    def open_input(self, sink: ImpulseSink) -> None:
        put = sink.put

        def generate() -> Generator[None, bytes, None]:
            while True:
                data = yield
                put(np.frombuffer(data, np.float32).reshape(-1, CHANNELS))

        kind = self._library.SampleFormat.FLOAT32
        self._begin(self._library.CaptureDevice(input_format=kind, **self._arguments()), generate())

    def _begin(self, device: Any, generator: Generator[Any, Any, None]) -> None:
        self._devices.append(device)
        next(generator)
        device.start(generator)

    def close(self) -> None:
        for device in self._devices:
            device.close()


make = MiniaudioPlayer
