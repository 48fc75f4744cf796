"""python-sounddevice: PortAudio called through cffi."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bench.known_signal import CHANNELS, RATE
from bench.players import JACK, Player

if TYPE_CHECKING:
    from bench.known_signal import ImpulseSink, Source

#: What is kept queued behind the callback where PortAudio lets one ask: JACK has no such thing.
PERIODS = 3


class SounddevicePlayer(Player):
    """Callback streams on the default device."""

    def load(self) -> None:
        self._library: Any = import_module("sounddevice")

    def connect(self) -> None:
        api = "JACK Audio Connection Kit" if self.server == JACK else "ALSA"
        self._device = next(
            host["default_output_device"] for host in self._library.query_hostapis() if host["name"] == api
        )
        self._streams: list[Any] = []

    def _arguments(self) -> dict[str, Any]:
        latency = "low" if self.server == JACK else PERIODS * self.frames / RATE
        common = {"samplerate": RATE, "blocksize": self.frames, "channels": CHANNELS, "dtype": "float32"}
        return {**common, "device": self._device, "latency": latency}

    def open_output(self, source: Source) -> None:
        take = source.take

        def callback(outdata: Any, frames: int, _time: Any, _status: Any) -> None:
            outdata[:] = take(frames)

        self._begin(self._library.OutputStream(callback=callback, **self._arguments()))

    def open_input(self, sink: ImpulseSink) -> None:
        put = sink.put

        def callback(indata: Any, _frames: int, _time: Any, _status: Any) -> None:
            put(indata)

        self._begin(self._library.InputStream(callback=callback, **self._arguments()))

    def _begin(self, stream: Any) -> None:
        self._streams.append(stream)
        stream.start()

    def detail(self) -> dict[str, Any]:
        return {"latency_seconds": self._streams[0].latency}

    def close(self) -> None:
        for stream in self._streams:
            stream.close()


make = SounddevicePlayer
