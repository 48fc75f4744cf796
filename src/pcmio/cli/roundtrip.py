"""How long a sound takes there and back: from the callback that wrote it to the one that got it.

A short rising tone is played at a moment that no block begins with, and looked for in what is recorded; then the next.
It comes back by a cable, a loopback, or the air. Frames are counted as if blocks moved continuously: a frame in the
middle of a block is as late as the block's first.
"""

from __future__ import annotations

import queue
import random
import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from pcmio.cli.interrupts import Interrupt
    from pcmio.configs import StreamConfig
    from pcmio.contract import Device
    from pcmio.timestamps import CallbackInfo

_NANOS = 1e9
_TONE_SECONDS = 0.008
_LOW_HZ, _HIGH_HZ = 500.0, 9000.0
#: How alike to the tone it must be: 1 is the same but for loudness.
_LIKENESS = 0.6
#: Quieter than that (mean square of full scale) is nothing.
_SILENCE = 1e-8
_PATIENCE_SECONDS = 3.0
#: Between two tones, so that the echo of one has gone.
_PAUSE_SECONDS = (0.03, 0.08)


class Trip(NamedTuple):
    """One tone that came back.

    Attributes:
        seconds: From callback to callback.
        untold: What of it the systems' timestamps do not know: the tone was captured so long after it was heard.
        likeness: How alike it was, up to 1.
    """

    seconds: float
    untold: float
    likeness: float


class Result(NamedTuple):
    """All of them.

    Attributes:
        trips: Those that came back.
        lost: How many did not.
        xruns: Times that frames were lost meanwhile, on either side.
        output: What the output was granted.
        source: What the input was granted.
        interrupted: Whether Ctrl-C ended it.
    """

    trips: tuple[Trip, ...]
    lost: int
    xruns: int
    output: StreamConfig
    source: StreamConfig
    interrupted: bool

    @property
    def seconds(self) -> Any:
        """Round trips as an array."""
        return np.array([trip.seconds for trip in self.trips])


def tone(rate: int) -> Any:
    """The sound that is sent, which fits itself at one place only."""
    count = round(_TONE_SECONDS * rate)
    at = np.arange(count) / rate
    high = min(_HIGH_HZ, 0.4 * rate)
    phase = 2 * np.pi * (_LOW_HZ * at + (high - _LOW_HZ) / (2 * _TONE_SECONDS) * at**2)
    return (np.sin(phase) * np.hanning(count)).astype(np.float32)


class _Mouth:
    """Plays a tone when it is told to; its callback runs on the stream's thread."""

    def __init__(self, rate: int, volume: float) -> None:
        self._tone = tone(rate) * np.float32(volume)
        self._rate = rate
        self._chance = random.Random(1)  # noqa: S311 - nobody is to be kept from guessing it
        self._at: int | None = None
        self.wanted = False
        self.sent: queue.SimpleQueue[tuple[float, float]] = queue.SimpleQueue()

    def fill(self, frames: Any, info: CallbackInfo) -> None:
        now = time.monotonic_ns()
        offset = 0
        if self.wanted:
            self.wanted, self._at = False, 0
            offset = self._chance.randrange(len(frames))
            late = offset / self._rate
            self.sent.put((now / _NANOS + late, info.timestamp.device.nanos / _NANOS + late))
        if self._at is not None:
            piece = self._tone[self._at : self._at + len(frames) - offset]
            frames[offset : offset + len(piece)] = piece[:, None]
            self._at = self._at + len(piece) if self._at + len(piece) < len(self._tone) else None


class _Piece(NamedTuple):
    """A block that was heard: when its callback was called, when its first frame was captured, and its sound."""

    called: float
    captured: float
    sound: Any


class Finder:
    """Looks for the tone in blocks, one after the other."""

    def __init__(self, rate: int) -> None:
        wanted = tone(rate)
        self._wanted = (wanted / np.sqrt(np.dot(wanted, wanted))).astype(np.float64)
        self._pieces: list[_Piece] = []
        self._sound = np.zeros(0)
        self._looked = 0
        self._rate = rate

    def forget(self) -> None:
        """Begin anew, with the next block."""
        self._pieces, self._sound, self._looked = [], np.zeros(0), 0

    def add(self, called: float, captured: float, sound: Any) -> tuple[float, float, float] | None:
        """Look in one block more: when the tone's first frame was handed over and captured, and its likeness."""
        self._pieces.append(_Piece(called, captured, sound))
        self._sound = np.concatenate([self._sound, sound])
        length = len(self._wanted)
        if len(self._sound) - self._looked < length:
            return None
        likeness = self._likeness(self._looked, len(self._sound) - length + 1)
        (alike,) = np.nonzero(likeness > _LIKENESS)
        if not len(alike):
            self._looked = len(self._sound) - length + 1
            return None
        first = self._looked + int(alike[0])
        if len(self._sound) < first + 2 * length:
            self._looked = first
            return None  # it may be more alike a little later
        whole = self._likeness(first, first + length)
        best = int(np.argmax(whole))
        called, captured = self._time_of(first + best)
        return called, captured, float(whole[best])

    def _likeness(self, begin: int, end: int) -> Any:
        """For each place from ``begin`` to ``end``, how alike what follows is to the tone, whatever its sign."""
        part = self._sound[begin : end + len(self._wanted) - 1]
        power = np.convolve(part**2, np.ones(len(self._wanted)), "valid")
        fit = np.abs(np.correlate(part, self._wanted, "valid"))
        return np.where(power > _SILENCE * len(self._wanted), fit / np.sqrt(np.maximum(power, 1e-30)), 0.0)

    def _time_of(self, frame: int) -> tuple[float, float]:
        for piece in self._pieces:
            if frame < len(piece.sound):
                return piece.called + frame / self._rate, piece.captured + frame / self._rate
            frame -= len(piece.sound)
        raise IndexError(frame)


class RoundTrip:
    """Streams to an output and from an input, and tones between them."""

    def __init__(
        self,
        output: Device,
        source: Device,
        configs: tuple[StreamConfig, StreamConfig],
        *,
        depth: float | str,
        volume: float,
    ) -> None:
        self._output = output
        self._source = source
        self._configs = configs
        self._depth = depth
        self._mouth = _Mouth(configs[0].sample_rate, volume)
        self._finder = Finder(configs[1].sample_rate)
        self._heard: queue.SimpleQueue[_Piece] = queue.SimpleQueue()

    def _listen(self, frames: Any, info: CallbackInfo) -> None:
        called = time.monotonic_ns() / _NANOS
        self._heard.put(_Piece(called, info.timestamp.device.nanos / _NANOS, frames.mean(axis=1, dtype=np.float64)))

    def measure(self, count: int, interrupt: Interrupt, tell: Callable[[list[Trip]], object]) -> Result:
        """Send ``count`` tones, each when the one before has come back; ``tell(trips)`` hears of each.

        Gives up when the first three are lost.

        Raises:
            AudioError: A stream cannot be built, or ended.
        """
        out_config, in_config = self._configs
        trips: list[Trip] = []
        lost = 0
        with (
            self._source.build_input_stream(in_config, self._listen, depth=self._depth) as ear,
            self._output.build_output_stream(out_config, self._mouth.fill, depth=self._depth) as mouth,
        ):
            for trip in self._trips(count, interrupt, (ear, mouth)):
                lost += trip is None
                trips += [] if trip is None else [trip]
                tell(trips)
                if lost == 3 and not trips:  # noqa: PLR2004 - who does not hear three hears none
                    break
            xruns = ear.stats.xruns + mouth.stats.xruns
        return Result(tuple(trips), lost, xruns, mouth.config, ear.config, interrupt.asked)

    def _trips(self, count: int, interrupt: Interrupt, streams: Sequence[Any]) -> Iterator[Trip | None]:
        chance = random.Random(2)  # noqa: S311
        for _ in range(count):
            self._hear_nothing(chance.uniform(*_PAUSE_SECONDS))
            self._mouth.wanted = True
            trip = self._wait(interrupt, streams)
            if interrupt.asked:
                return
            yield trip

    def _hear_nothing(self, seconds: float) -> None:
        """Let a moment pass in what is recorded."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                self._heard.get(timeout=seconds)
            except queue.Empty:
                break
        self._finder.forget()

    def _wait(self, interrupt: Interrupt, streams: Sequence[Any]) -> Trip | None:
        """The tone's way, or None when it does not come back."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end and not interrupt.asked:
            for stream in streams:
                stream.wait(0)  # raises what it may have ended with
            try:
                found = self._finder.add(*self._heard.get(timeout=0.1))
            except queue.Empty:
                continue
            if found is None:
                continue
            called, captured, likeness = found
            if self._mouth.sent.empty():  # a late echo of the one before
                self._finder.forget()
                continue
            sent, heard = self._mouth.sent.get()
            return Trip(called - sent, captured - heard, likeness)
        self._mouth.wanted = False
        while not self._mouth.sent.empty():
            self._mouth.sent.get()
        return None
