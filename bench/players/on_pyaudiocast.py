"""pyaudiocast: cpal's output as a blocking writer; no input, no callback, no block size."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bench.known_signal import CHANNELS, RATE
from bench.players import Player
from bench.players._threads import Threads

if TYPE_CHECKING:
    from bench.known_signal import Source


class PyAudioCastPlayer(Player):
    """A thread for each stream writes blocks; how many lie in the library's ring is the library's choice."""

    def load(self) -> None:
        self._library: Any = import_module("pyaudiocast")

    def connect(self) -> None:
        self._threads = Threads()

    def open_output(self, source: Source) -> None:
        take, frames = source.take, self.frames

        def step(stream: Any) -> None:
            stream.write(take(frames))

        self._threads.begin(self._library.AudioPlayer(sample_rate=RATE, channels=CHANNELS), step)

    def close(self) -> None:
        self._threads.end()


make = PyAudioCastPlayer
