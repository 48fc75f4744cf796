"""PyAudio: PortAudio as a C extension."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.known_signal import CHANNELS, RATE
from bench.players import JACK, Player

if TYPE_CHECKING:
    from bench.known_signal import ImpulseSink, Source


class PyAudioPlayer(Player):
    """Callback streams on the default device; blocks are bytes."""

    def load(self) -> None:
        self._library: Any = import_module("pyaudio")

    def connect(self) -> None:
        self._portaudio = self._library.PyAudio()
        kind = self._library.paJACK if self.server == JACK else self._library.paALSA
        self._api = self._portaudio.get_host_api_info_by_type(kind)
        self._streams: list[Any] = []

    def _open(self, **more: Any) -> None:
        common = {
            "rate": RATE,
            "channels": CHANNELS,
            "format": self._library.paFloat32,
            "frames_per_buffer": self.frames,
        }
        self._streams.append(self._portaudio.open(**common, **more))

    def open_output(self, source: Source) -> None:
        take, go_on = source.take, self._library.paContinue

        def callback(_data: bytes | None, frames: int, _time: Any, _status: int) -> tuple[bytes, int]:
            return take(frames).tobytes(), go_on

        self._open(output=True, output_device_index=self._api["defaultOutputDevice"], stream_callback=callback)

    def open_input(self, sink: ImpulseSink) -> None:
        put, go_on = sink.put, self._library.paContinue

        def callback(data: bytes, _frames: int, _time: Any, _status: int) -> tuple[None, int]:
            put(np.frombuffer(data, np.float32).reshape(-1, CHANNELS))
            return None, go_on

        self._open(input=True, input_device_index=self._api["defaultInputDevice"], stream_callback=callback)

    def detail(self) -> dict[str, Any]:
        return {"latency_seconds": self._streams[0].get_output_latency()}

    def close(self) -> None:
        for stream in self._streams:
            stream.close()
        self._portaudio.terminate()


make = PyAudioPlayer
