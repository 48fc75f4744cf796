"""Plays the known signal, keeps what a stream tells of its frames' times, and holds that against a native recorder.

The recorder is a C program with a clock and a connection of its own, those of ``tests/gil``: it writes down when each
chunk of frames came.  A chunk that came late says how busy the machine was; one that came before its time says that
this was told wrong.
"""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import pcmio
from bench.analysis import Recording, frame_numbers
from bench.known_signal import CHANNELS, FRAMES, RATE, signal
from pcmio.testing import until

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.gil.targets import Target

NANOS = 1_000_000_000
#: So far behind what the device takes a frame is asked for.
_BEHIND_FRAMES = 64


class Player:
    """A stream of the signal: frame n of the stream is frame n of that."""

    def __init__(
        self,
        target: Target,
        frames: int,
        *,
        before: Callable[[], object] | None = None,
        on_event: Any = None,
        **stream: Any,
    ) -> None:
        """Build it; ``before`` is called at the beginning of each callback."""
        self._samples = signal()
        self._before = before
        self._host_name = target.spec["host"]
        self.host: Any = pcmio.host(target.spec["host"], **target.spec["options"])
        config = pcmio.StreamConfig(CHANNELS, RATE, frames)
        device = self.host.device_by_id(target.spec["output"])
        self.stream = device.build_output_stream(config, self._play, on_event, **stream)
        self.told: list[tuple[int, int]] = []
        self.lost_before = 0  # that was asked for

    def _play(self, block: Any, info: pcmio.CallbackInfo) -> None:
        if self._before is not None:
            self._before()
        at = info.position % FRAMES
        block[:] = self._samples[at : at + len(block)]

    def watch(self, seconds: float, between: float = 0.02) -> None:
        """Keep what is told of the frames that the device takes meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            time.sleep(between)  # between samples of a value that moves

    def look(self) -> None:
        """Keep what is told of one."""
        frame = max(0, self.stream.position - _BEHIND_FRAMES)
        instant = self.stream.time_of(frame)
        if instant is None:
            return
        # JACK's clock is not the recorder's: jackd2's is CLOCK_MONOTONIC_RAW.
        offset = time.monotonic_ns() - self.stream.now().nanos
        # What a JACK client hands over, another one hears in the same cycle, and the device that much later.
        ahead = self.stream.latency.device if self._host_name == "jack" else 0.0
        self.told.append((frame, (instant - ahead).nanos + offset))

    def close(self) -> None:
        """End it all."""
        self.stream.close()
        self.host.close()


class Listener:
    """An input stream that hears a player, of another connection: seconds from when a frame was heard, as the player's
    stream tells, to when it was captured, as this one does."""

    def __init__(self, target: Target, player: Player, frames: int) -> None:
        self.apart: list[float] = []
        self._player = player
        self._on_jack = target.spec["host"] == "jack"
        self.host: Any = pcmio.host(target.spec["host"], **target.spec["options"])
        config = pcmio.StreamConfig(CHANNELS, RATE, frames)
        if self._on_jack:
            ports = [f"{player.host.client_name}:output_{number}" for number in (1, 2)]
            device = self.host.device_by_id(target.spec["output"])
            self.stream = device.build_input_stream(config, self._listen, connect=ports)
        else:
            device = self.host.device_by_id(f"{target.spec['output']}.monitor")
            self.stream = device.build_input_stream(config, self._listen)

    def _listen(self, block: Any, info: pcmio.CallbackInfo) -> None:
        numbers = frame_numbers(block)
        if numbers[0] < 0 or numbers[-1] - numbers[0] != len(numbers) - 1:
            return
        captured = self.stream.time_of(info.position)
        heard = self._player.stream.time_of(int(numbers[0]))
        if captured is not None and heard is not None:
            # In the cycle in which a JACK client hands it over: the device is not on this way.
            ahead = self._player.stream.latency.device if self._on_jack else 0.0
            self.apart.append(captured - heard + ahead)

    def close(self) -> None:
        """End it all."""
        self.stream.close()
        self.host.close()


class Heard:
    """What the recorder wrote down: where each of its chunks begins, and when that came.

    What a sink of PipeWire's has played in a cycle, its monitor gives in the next: ``a_cycle_later``.
    """

    def __init__(self, name: Path, *, a_cycle_later: bool) -> None:
        recording = Recording.load(name)
        starts = recording.stamps[:, 0].astype(np.int64)
        came = recording.stamps[:, 1].astype(np.int64)
        lengths = np.diff(starts, append=len(recording.samples))
        full = lengths > 0
        starts, came, lengths = starts[full], came[full], lengths[full]
        first = frame_numbers(recording.samples[starts])
        last = frame_numbers(recording.samples[starts + lengths - 1])
        whole = (first >= 0) & (last - first == lengths - 1)
        self.frames = _unwrapped(first[whole])
        self.lengths = lengths[whole]
        self.came = came[whole] - (self.lengths * NANOS // RATE if a_cycle_later else 0)

    def lateness(self, told: list[tuple[int, int]]) -> NDArray[np.int64]:
        """Nanoseconds from the told time of each frame to when it came, of those that were recorded whole."""
        frames, nanos = np.array(told, dtype=np.int64).T
        at = np.searchsorted(self.frames, frames, side="right") - 1
        into = frames - self.frames[at]
        inside = (at >= 0) & (into < self.lengths[at])
        begins = nanos - into * NANOS // RATE
        found: NDArray[np.int64] = (self.came[at] - begins)[inside]
        return found


def _unwrapped(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of the signal, which repeats, to those of the stream, which began with its first frame."""
    assert len(numbers), "the signal is not in the recording"
    steps = np.diff(numbers, prepend=0) % FRAMES
    found: NDArray[np.int64] = np.cumsum(steps)
    return found


class Bounds(NamedTuple):
    """In seconds: no frame comes earlier than it was told to, and the promptest as late at most."""

    early: float
    late: float


@contextmanager
def recorder(target: Target, name: Path) -> Generator[None]:
    """The native recorder, which runs inside the block; what it heard is to be read afterwards."""
    with subprocess.Popen(
        [*target.recorder, str(name)], env=target.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n", program.args
            yield
            program.communicate(input="", timeout=30)
        finally:
            if program.poll() is None:
                program.kill()


def await_heard(player: Player) -> None:
    """Return when the stream is under way, and a recorder has had the time to be connected with it."""
    until(lambda: player.stream.position > RATE, "a second being played")
