"""What is missing from a recording of the known signal.

A recording is cut into runs in which each frame follows the one before.  Between two runs there is a gap: frames that
are silent, wrong or repeated, or a jump of the signal over frames that nobody heard.  Its cost is the longer of both: a
player that falls silent and goes on where the clock is has lost that time once, not twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from bench.known_signal import CHANNELS, FRAMES, RATE, STEP

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

#: Shorter runs are accidents: garbage that happens to count.
SHORTEST_RUN = 8


@dataclass(frozen=True)
class Gaps:
    """What a window of a recording lacks."""

    frames: int
    lost_frames: int
    gaps: int
    silent_frames: int
    repeated_frames: int
    skipped_frames: int
    wrong_frames: int
    stopped: bool

    @property
    def lost_per_10s(self) -> float:
        """Milliseconds lost in ten seconds."""
        return 0.0 if self.frames == 0 else self.lost_frames / self.frames * 10_000.0


@dataclass(frozen=True)
class Recording:
    """Two channels of float32, and when their frames came."""

    samples: NDArray[np.float32]
    stamps: NDArray[np.uint64]

    @classmethod
    def load(cls, name: Path) -> Recording:
        """Read NAME.f32 and NAME.stamps."""
        samples = np.fromfile(name.with_suffix(".f32"), np.float32).reshape(-1, CHANNELS)
        return cls(samples, np.fromfile(name.with_suffix(".stamps"), np.uint64).reshape(-1, 2))

    def between(self, begin_nanos: int, end_nanos: int) -> NDArray[np.float32]:
        """What came in that time."""
        if len(self.stamps) == 0:
            return self.samples[:0]
        begin, end = np.searchsorted(self.stamps[:, 1], [begin_nanos, end_nanos])
        last = len(self.stamps) - 1
        return self.samples[int(self.stamps[min(begin, last), 0]) : int(self.stamps[min(end, last), 0])]


def frame_numbers(samples: NDArray[np.float32]) -> NDArray[np.int64]:
    """Which frame of the signal each is; -1 for silence, -2 for what is no frame of it."""
    counted = samples[:, 0].astype(np.float64) / STEP - 1.0
    numbers = np.rint(counted).astype(np.int64)
    right = (numbers >= 0) & (numbers < FRAMES) & (numbers == counted) & (samples[:, 1] == -samples[:, 0])
    silent = (samples == 0.0).all(axis=1)
    return np.where(right, numbers, np.where(silent, -1, -2))


def find_gaps(samples: NDArray[np.float32]) -> Gaps:
    """Everything that is missing, repeated or wrong."""
    numbers = frame_numbers(samples)
    runs = _runs(numbers)
    silent = int((numbers == -1).sum())
    wrong = int((numbers == -2).sum())
    if not runs:
        return Gaps(len(numbers), len(numbers), 1 if len(numbers) else 0, silent, 0, 0, wrong, stopped=True)
    lost = repeated = skipped = gaps = 0
    for (_, before), (after, _) in pairwise(runs):
        bad = after - before - 1
        jump = int(numbers[after] - numbers[before] - 1) % FRAMES
        gaps += 1
        if jump <= FRAMES // 2:
            skipped += jump
            lost += max(bad, jump)
        else:
            repeated += FRAMES - jump
            lost += bad + FRAMES - jump
    head, tail = runs[0][0], len(numbers) - 1 - runs[-1][1]
    gaps += (head > 0) + (tail > 0)
    return Gaps(len(numbers), lost + head + tail, gaps, silent, repeated, skipped, wrong, stopped=tail > RATE)


def _runs(numbers: NDArray[np.int64]) -> list[tuple[int, int]]:
    """First and last index of each stretch in which every frame follows the one before."""
    if len(numbers) == 0:
        return []
    follows = (numbers[1:] == (numbers[:-1] + 1) % FRAMES) & (numbers[1:] >= 0) & (numbers[:-1] >= 0)
    breaks = np.flatnonzero(~follows) + 1
    begins = np.concatenate(([0], breaks))
    ends = np.concatenate((breaks, [len(numbers)])) - 1
    long_enough = ends - begins + 1 >= SHORTEST_RUN
    return [(int(begin), int(end)) for begin, end in zip(begins[long_enough], ends[long_enough], strict=True)]
