"""The signal that players play and recordings are checked for: a counter in which every frame tells the next.

Frame n of ``FRAMES`` is (n + 1) / 2^23 on the left and its negative on the right: exact in float32 and never silence.
native/bench.h says the same in C.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 48_000
CHANNELS = 2
FRAMES = 1_920_000
STEP = 2.0**-23
LONGEST_BLOCK = 65_536


def signal() -> NDArray[np.float32]:
    """The whole signal, and its beginning once more so that a block that wraps is one slice."""
    left = (np.arange(FRAMES + LONGEST_BLOCK) % FRAMES + 1) * STEP
    return np.stack((left, -left), axis=1).astype(np.float32)


class Source:
    """Hands out the signal block by block, as a callback asks for it."""

    def __init__(self, samples: NDArray[np.float32]) -> None:
        self.samples = samples
        self.at = 0
        self.calls = 0
        self.frames = 0
        self.first_nanos = 0

    def take(self, frames: int) -> NDArray[np.float32]:
        """The next frames."""
        if not self.calls:
            self.first_nanos = time.monotonic_ns()
        self.calls += 1
        self.frames += frames
        at = self.at
        end = at + frames
        self.at = end if end < FRAMES else end - FRAMES
        return self.samples[at:end]


class ImpulseSource(Source):
    """Silence with a lone frame now and then, each of another height, at the beginning of a block."""

    SECONDS_BETWEEN = 0.25
    LEAST = 0.25
    HEIGHT_STEP = 2.0**-10

    def __init__(self) -> None:
        super().__init__(np.zeros((LONGEST_BLOCK, CHANNELS), np.float32))
        self.sent: list[tuple[int, tuple[int, int] | None]] = []
        self.told: tuple[int, int] | None = (
            None  # when the block was asked for and when it is heard, where that is told
        )
        self._due = 0

    def take(self, frames: int) -> NDArray[np.float32]:
        """The next frames."""
        now = time.monotonic_ns()
        if not self.calls:
            self.first_nanos = now
            self._due = now + 1_000_000_000
        self.calls += 1
        self.frames += frames
        block = self.samples[:frames]
        block[0] = 0.0
        if now >= self._due:
            self._due = now + int(self.SECONDS_BETWEEN * 1e9)
            block[0] = self.LEAST + len(self.sent) * self.HEIGHT_STEP
            self.sent.append((now, self.told))
        return block


class ImpulseSink:
    """Finds them again: (number, when its block came, its place in the block, what was told)."""

    def __init__(self) -> None:
        self.found: list[tuple[int, int, int, tuple[int, int] | None]] = []
        self.calls = 0
        self.told: tuple[int, int] | None = None

    def put(self, block: NDArray[np.float32]) -> None:
        """The next frames."""
        now = time.monotonic_ns()
        self.calls += 1
        left = block[:, 0]
        if left.max() < ImpulseSource.LEAST / 2:
            return
        place = int(left.argmax())
        number = round((float(left[place]) - ImpulseSource.LEAST) / ImpulseSource.HEIGHT_STEP)
        self.found.append((number, now, place, self.told))
