"""One small interface for every library: a player knows how its library is used, and nothing about measuring."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.known_signal import ImpulseSink, Source

JACK = "jack"
PULSE = "pulse"
PIPEWIRE = "pipewire"
#: ALSA's plugin for PulseAudio.
ALSA = "alsa"
ALL_SERVERS = (JACK, PULSE, PIPEWIRE, ALSA)


@dataclass(frozen=True)
class Facts:
    """What there is to know of a player without importing its library.

    Attributes:
        requirement: What pip installs; empty: nothing.
        servers: Kinds of server that it can play on.
        records: Whether it can record, so that round trips can be measured.
        in_callback: Whether it calls back; otherwise it is written to by a thread of the bench's.
        note: What a reader of the figures has to know.
    """

    requirement: str
    servers: tuple[str, ...] = ALL_SERVERS
    records: bool = True
    in_callback: bool = True
    note: str = ""


#: No peer in Python speaks PipeWire's own protocol.
_SERVED_BY_PULSE = "on PipeWire as a client of pipewire-pulse"

FACTS: dict[str, Facts] = {
    "pcmio": Facts(""),
    "sounddevice": Facts("sounddevice", note=f"on PulseAudio through ALSA's plugin; {_SERVED_BY_PULSE}"),
    "pyaudio": Facts(
        "pyaudio", note=f"on PulseAudio through ALSA's plugin; no latency can be asked for; {_SERVED_BY_PULSE}"
    ),
    "miniaudio": Facts("miniaudio", note=f"periods in whole milliseconds only; {_SERVED_BY_PULSE}"),
    "soundcard": Facts(
        "soundcard",
        (PULSE, PIPEWIRE),
        in_callback=False,
        note=f"no callback: polls every millisecond; {_SERVED_BY_PULSE}",
    ),
    "pyaudiocast": Facts(
        "pyaudiocast",
        (PULSE,),
        records=False,
        in_callback=False,
        note="cpal underneath; output only, no callback, no block size: its own long ring is written to",
    ),
}


class Player(ABC):
    """A library in use, in a process of its own."""

    def __init__(self, server: str, frames: int, options: dict[str, Any]) -> None:
        self.server = server
        self.frames = frames
        self.options = options

    @abstractmethod
    def load(self) -> None:
        """Import the library."""

    @abstractmethod
    def connect(self) -> None:
        """Find the default devices, and the server if the library has not done so when it was imported."""

    @abstractmethod
    def open_output(self, source: Source) -> None:
        """Open and start one more stream that plays ``source``."""

    def open_input(self, sink: ImpulseSink) -> None:
        """Open and start one stream that records into ``sink``."""
        raise NotImplementedError

    def detail(self) -> dict[str, Any]:
        """What the library itself says afterwards."""
        return {}

    @abstractmethod
    def close(self) -> None:
        """Close everything."""


def player(name: str, server: str, frames: int, options: dict[str, Any]) -> Player:
    """The player of this name."""
    made: Player = importlib.import_module(f"bench.players.on_{name}").make(server, frames, options)
    return made
