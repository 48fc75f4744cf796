"""Time that a test moves by hand."""

from __future__ import annotations

import ctypes
import threading
from functools import partial

from pcmio._timeouts import Condition
from pcmio._value import shown
from pcmio.errors import InvalidInput, OperationTimeout
from pcmio.timestamps import StreamInstant

TYPE_CHECKING = False
if not TYPE_CHECKING:
    Protocol = object
else:
    from typing import Protocol
if TYPE_CHECKING:
    from collections.abc import Sequence

_NANOS = 1_000_000_000
_SETTLE_SECONDS = 10.0


class Moved(Protocol):
    """What a clock moves: a device, while one of its streams runs."""

    @property
    def due_nanos(self) -> int:
        """When its next cycle is due."""
        ...

    @property
    def drivers(self) -> Sequence[Waiting]:
        """Of its open streams."""
        ...

    def cycle(self) -> None:
        """Have the cycle that is due, so that the next is due later."""
        ...


class Waiting(Protocol):
    """The driver of a stream that a clock moves."""

    @property
    def served(self) -> Served:
        """Tells when its thread has nothing more to do."""
        ...


class SimulatedClock:
    """A clock for ``pcmio.host("null", clock=...)`` and ``pcmio.custom.Pace``: nothing moves but by ``advance``.

    After each cycle that time brings, ``advance`` waits until every stream's thread has done what there was to do, so a
    test sees the same whatever the machine's load.  One clock may serve several hosts.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self._cell = ctypes.c_uint64(_nanos(seconds))
        self._lock = threading.Lock()  # one advance at a time,
        self._mover = 0  # in this thread
        self._buses: list[Moved] = []

    @property
    def address(self) -> int:
        """Where the present stands, for the core."""
        return ctypes.addressof(self._cell)

    @property
    def nanos(self) -> int:
        """The present, in nanoseconds."""
        return self._cell.value

    @property
    def seconds(self) -> float:
        """The present."""
        return self._cell.value / _NANOS

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass: the running devices have their cycles, in order of time, their streams are served.

        Raises:
            InvalidInput: Negative, or called from a stream's callback or a driver's cycle.
            OperationTimeout: A callback does not return.
        """
        more = _nanos(seconds)
        if any(driver.served.here() for bus in list(self._buses) for driver in list(bus.drivers)):
            raise InvalidInput("a stream's callback cannot move the time that it waits for")
        if self._mover == threading.get_ident():
            raise InvalidInput("a cycle cannot move the time that moves it", advice="return from cycle() first")
        with self._lock:
            self._mover = threading.get_ident()
            try:
                self._advance(more)
            finally:
                self._mover = 0

    def _advance(self, more: int) -> None:
        end = self._cell.value + more
        while (due := min(self._buses, key=_due, default=None)) is not None and due.due_nanos <= end:
            self._cell.value = max(self._cell.value, due.due_nanos)
            due.cycle()
            self._settle()
        self._cell.value = max(self._cell.value, end)
        self._settle()

    def spend(self, seconds: float) -> None:
        """Let ``seconds`` pass in which no device has a cycle: from a stream's callback, that it takes so long.

        Cycles that became due meanwhile come with the next ``advance``, late.

        Raises:
            InvalidInput: Negative.
        """
        self._cell.value += _nanos(seconds)

    def add(self, bus: Moved) -> None:
        """A device begins to run; its first cycle is one period from now."""
        self._buses.append(bus)

    def remove(self, bus: Moved) -> None:
        """A device stops."""
        if bus in self._buses:
            self._buses.remove(bus)

    def _settle(self) -> None:
        for bus in list(self._buses):
            for driver in list(bus.drivers):
                if not driver.served.wait_until_served(_SETTLE_SECONDS):
                    raise OperationTimeout(
                        "a stream's callback does not return", advice="callbacks must not wait for time"
                    )


def _nanos(seconds: float) -> int:
    try:
        return StreamInstant.from_seconds(seconds).nanos
    except InvalidInput:
        raise InvalidInput(f"time runs forward, by seconds, not by {shown(seconds)}") from None


def _due(bus: Moved) -> int:
    return bus.due_nanos


class Served:
    """Tells when a stream's thread has done all there was to do."""

    def __init__(self) -> None:
        self._condition = Condition()
        self._rounds = 0
        self._thread = 0
        self.over = False
        self.kick = _nothing

    def round_done(self) -> None:
        """The thread is about to sleep."""
        with self._condition:
            self._thread = threading.get_ident()
            self._rounds += 1
            self._condition.notify_all()

    def here(self) -> bool:
        """Whether the caller is that thread."""
        return self._thread == threading.get_ident()

    def finish(self) -> None:
        """Nobody will be served any more."""
        with self._condition:
            self.over = True
            self._condition.notify_all()

    def wait_until_served(self, timeout: float) -> bool:
        """Wait for two more rounds: the first may have begun before what the caller did."""
        with self._condition:
            for _ in range(2):
                target = self._rounds + 1
                self.kick()
                if not self._condition.wait_for(partial(self._reached, target), timeout):
                    return False
            return True

    def _reached(self, rounds: int) -> bool:
        return self.over or self._rounds >= rounds


def _nothing() -> None:
    """Before a pump is there."""
