"""pcmio itself, as its users write it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bench.known_signal import CHANNELS, RATE
from bench.players import JACK, Player

if TYPE_CHECKING:
    from bench.known_signal import ImpulseSink, Source

HOSTS = {"jack": "jack", "pulse": "pulseaudio", "pipewire": "pipewire", "alsa": "alsa"}


class PcmioPlayer(Player):
    """Callback streams on the default device; option ``depth`` as the library takes it."""

    def load(self) -> None:
        self._library: Any = import_module("pcmio")

    def connect(self) -> None:
        self._host = self._library.host(HOSTS[self.server])
        self._config = self._library.StreamConfig(CHANNELS, RATE, self.frames)
        self._device = self._host.default_output_device()
        self._streams: list[Any] = []
        self._hosts = [self._host]

    def open_output(self, source: Source) -> None:
        take = source.take

        def callback(frames: Any, _info: Any) -> None:
            frames[:] = take(len(frames))

        def telling(frames: Any, info: Any) -> None:
            told = info.timestamp
            source.told = told.callback.nanos, told.device.nanos  # type: ignore[attr-defined]
            frames[:] = take(len(frames))

        chosen = telling if hasattr(source, "told") else callback
        self._begin(self._device.build_output_stream(self._config, chosen, **self.options))

    def open_input(self, sink: ImpulseSink) -> None:
        put = sink.put

        def callback(frames: Any, info: Any) -> None:
            told = info.timestamp
            sink.told = told.callback.nanos, told.device.nanos
            put(frames)

        # On JACK a client that feeds itself hears itself a cycle later, so the input belongs to a client of its own.
        host = self._library.host(HOSTS[self.server]) if self.server == JACK else self._host
        self._hosts.append(host)
        device = host.default_input_device()
        self._begin(device.build_input_stream(self._config, callback, **self.options))

    def _begin(self, stream: Any) -> None:
        self._streams.append(stream)
        stream.start()

    def detail(self) -> dict[str, Any]:
        stream = self._streams[0]
        stats, latency = stream.stats, stream.latency
        names = ("blocks", "xruns", "xrun_frames", "cycles", "wakes", "low_water", "cycle_max")
        counters = {name: getattr(stats, name) for name in names}
        latencies = {"latency_device": latency.device, "latency_ring": latency.ring}
        return {**counters, **latencies, "depth_seconds": self._depth_seconds()}

    def _depth_seconds(self) -> float:
        """What the ring holds when it is full."""
        from pcmio._depth import DEPTHS

        depth = self.options.get("depth", "balanced")
        return DEPTHS[depth][0] if isinstance(depth, str) else float(depth)

    def close(self) -> None:
        for stream in self._streams:
            stream.close()
        for host in self._hosts:
            host.close()


make = PcmioPlayer
