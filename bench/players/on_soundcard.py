"""SoundCard: libpulse called through cffi, without callbacks."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bench.known_signal import CHANNELS, RATE
from bench.players import Player
from bench.players._threads import Threads

if TYPE_CHECKING:
    from bench.known_signal import ImpulseSink, Source

PERIODS = 3


class SoundCardPlayer(Player):
    """A thread for each stream."""

    def load(self) -> None:
        self._library: Any = import_module("soundcard")

    def connect(self) -> None:
        self._threads = Threads()
        self._speaker = self._library.default_speaker()

    def open_output(self, source: Source) -> None:
        take, frames = source.take, self.frames

        def step(stream: Any) -> None:
            stream.play(take(frames))

        opened = self._speaker.player(samplerate=RATE, channels=CHANNELS, blocksize=PERIODS * self.frames)
        self._threads.begin(opened, step)

    def open_input(self, sink: ImpulseSink) -> None:
        put, frames = sink.put, self.frames

        def step(stream: Any) -> None:
            put(stream.record(frames))

        microphone = self._library.all_microphones(include_loopback=True)[0]
        self._threads.begin(microphone.recorder(samplerate=RATE, channels=CHANNELS, blocksize=self.frames), step)

    def close(self) -> None:
        self._threads.end()


make = SoundCardPlayer
