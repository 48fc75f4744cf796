"""A stream at a pace that does what a test wants."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from pcmio import Direction, SampleFormat, StreamConfig
from pcmio.custom import Pace, PacedDriver
from pcmio.testing import SimulatedClock
from tests.unit.stream_rig import PATIENCE, build, ignore

if TYPE_CHECKING:
    from collections.abc import Callable

RATE = 48_000
CONFIG = StreamConfig(2, RATE, 480, SampleFormat.I16)
NANOS = 1_000_000_000


class Machine(PacedDriver):
    """Plays or records silence, and does what the test wants in a cycle."""

    def __init__(
        self,
        direction: Direction = Direction.OUTPUT,
        config: StreamConfig = CONFIG,
        also: Callable[[Machine], object] = ignore,
        **more: Any,
    ) -> None:
        super().__init__(direction, config, **more)
        self.also = also
        self.cycles = 0
        self.told: list[str] = []
        self._changed = threading.Condition()

    def opened(self) -> None:
        self.told.append("opened")

    def started(self) -> None:
        self.told.append("started")

    def cycle(self, frames: int) -> None:
        self.move_samples(frames)
        with self._changed:
            self.cycles += 1
            self._changed.notify_all()
        self.also(self)

    def move_samples(self, frames: int) -> None:
        if self.direction is Direction.OUTPUT:
            self.play(frames)
        else:
            self.capture(bytes(frames * 4))

    def held(self) -> None:
        self.told.append("held")

    def closed(self) -> None:
        self.told.append("closed")

    def wait_for_cycles(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.cycles >= count, PATIENCE)


class Halting:
    """What holds a cycle up, in the ``also`` of a ``Machine``: it raises when it may go on, if there is ``wrong``."""

    def __init__(self, wrong: Exception | None = None) -> None:
        self.inside, self.go_on = threading.Event(), threading.Event()
        self._wrong = wrong

    def __call__(self, _driver: Machine) -> None:
        self.inside.set()
        self.go_on.wait(PATIENCE)
        if self._wrong is not None:
            raise self._wrong


def opened(driver: PacedDriver, data: Any = ignore, events: Any = None, **more: Any) -> Any:
    made: Any = driver
    return build(made, data, events, **more)


def simulated(frames: int | None = None, rate: int = RATE, **more: Any) -> tuple[SimulatedClock, Pace]:
    clock = SimulatedClock()
    return clock, Pace(rate, frames, clock=clock, **more)


def join_paces() -> None:
    for thread in threading.enumerate():
        if thread.name == "pcmio pace":
            thread.join(PATIENCE)
            assert not thread.is_alive()
