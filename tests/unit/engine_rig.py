"""An engine with a pump, a driver and a runner that are all make-believe: no thread, no core, and time that is moved.

The fakes insist on what the real ones rely on: the ring is stepped and emptied by whoever serves and by nobody else,
the driver is called under the engine's lock, in the right pump mode and never after ``close``, the user's code is
called without the lock.  Waiting serves the stream as a thread would (only when it was woken), lets the device take or
give blocks, and says so when nothing could ever end the wait.
"""

from __future__ import annotations

import contextlib
from collections import deque
from typing import TYPE_CHECKING, Any

from pcmio import CallbackInfo, SampleFormat, StreamEnded, StreamEvent, StreamState, StreamStats
from pcmio._core import BLOCK, NOTE_DRAINED, TURN_BLOCK, TURN_NOTES
from pcmio._driver import Driver, Mode, Note, Plan, Side
from pcmio._engine import Engine

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Generator

    from pcmio._driver import Pump
    from pcmio.errors import AudioError

FRAMES = 10
BLOCK_NANOS = 10_000_000
LATENCY_NANOS = 25_000_000
SLOTS = 3
_MOST_ROUNDS = 300


class WouldHangError(AssertionError):
    """Nothing could ever end this wait."""


class FakePump:
    """A ring of ``SLOTS`` blocks whose device takes or gives one at each ``cycle``."""

    address = 77
    block_address = 88

    def __init__(self, rig: Rig, *, output: bool) -> None:
        self.rig = rig
        self.output = output
        self.block_record = bytearray(BLOCK.size)
        self.blocks = [memoryview(bytearray(FRAMES)) for _ in range(SLOTS)]
        self.nanos = 1_000_000_000
        self.mode = Mode.IDLE
        self.notes: deque[Note] = deque()
        self.full = 0  # blocks in the ring
        self.stepped = 0
        self.moved = 0
        self.lost = 0
        self.resets = 0
        self.flushes = 0
        self.drained = True
        self.settled = True

    # --- the device's side -------------------------------------------------------------------------------------------

    def cycle(self) -> None:
        """One block's time passes on the device."""
        self.nanos += BLOCK_NANOS
        if self.mode == Mode.IDLE:
            return
        self.settled = False
        if not self.output:
            if self.mode == Mode.RUNNING and self.full < SLOTS:
                self.full += 1
            self.wake()
            return
        if self.full:
            self.full -= 1
            self.moved += FRAMES
        elif self.mode == Mode.RUNNING:
            self.lost += FRAMES
        if self.mode == Mode.RUNNING:
            self.wake()
        elif not self.full and not self.drained:
            self.drained = True
            self.note(NOTE_DRAINED, value=self.nanos + LATENCY_NANOS)

    def note(self, kind: int, code: int = 0, value: int = 0) -> None:
        """Leave a note and wake whoever serves."""
        self.notes.append(Note(kind, code, value))
        self.wake()

    # --- Python's side -----------------------------------------------------------------------------------------------

    def wake(self) -> None:
        self.rig.runner.woken = True

    def begin(self, *, calling: bool) -> int:
        self._served_only("begin")
        ready = calling and self.step(self.address, 0, self.block_address)
        return (TURN_BLOCK if ready else 0) | (TURN_NOTES if self.notes else 0)

    def wait(self, timeout_nanos: int) -> bool:
        raise AssertionError(f"the engine never waits, not for {timeout_nanos} ns either")

    def step(self, address: int, finished: int, record: int) -> int:
        self._served_only("step")
        assert (address, record) == (self.address, self.block_address)
        if finished:
            self.full += 1 if self.output else -1
            self.stepped += 1
        if not (self.full < SLOTS if self.output else self.full > 0):
            return 0
        slot, position, lost = self.stepped % SLOTS, self.stepped * FRAMES, self.lost
        self.lost = 0
        times = (self.nanos, self.nanos + 5, self.nanos - 5)
        losses = (lost, 0) if self.output else (0, lost)
        slots = (slot, 0) if self.output else (0, slot)
        BLOCK.pack_into(self.block_record, 0, *times, position, *losses, *slots)
        return 1

    def set_mode(self, mode: int) -> None:
        self.rig.locked("set_mode")
        if mode == Mode.DRAINING:
            assert self.output, "an input has nothing to drain"
            self.drained = False
        self.mode = mode

    def settle(self) -> None:
        assert self.mode == Mode.IDLE
        self.settled = True

    def hangs(self, nanos: int) -> bool:
        return nanos < 0  # nothing native is called

    def reset(self) -> None:
        self._served_only("reset")
        assert self.mode == Mode.IDLE
        assert self.settled
        self.full = 0
        self.resets += 1

    def flush_input(self) -> None:
        self._served_only("flush_input")
        assert self.mode == Mode.IDLE
        assert self.settled
        assert not self.output
        self.full = 0
        self.flushes += 1

    def set_latency(self, output_nanos: int, input_nanos: int) -> None:
        raise AssertionError(f"latency is the driver's to set, not {output_nanos}, {input_nanos}")

    def take_note(self) -> Note | None:
        self._served_only("take_note")
        return self.notes.popleft() if self.notes else None

    def now(self) -> int:
        return self.nanos

    def position(self) -> int:
        return self.moved

    def filled(self) -> int:
        return self.full * FRAMES

    def latency_nanos(self) -> int:
        return LATENCY_NANOS

    def stats(self) -> StreamStats:
        return StreamStats(blocks=self.stepped)

    def _served_only(self, call: str) -> None:
        assert self.rig.runner.serving(), f"{call} is for whoever serves"


class FakeDriver(Driver):
    """Keeps a list of its calls, checks their order, and fails on order."""

    def __init__(self, rig: Rig, plan: Plan) -> None:
        self.rig = rig
        self.plan = plan
        self.calls: list[str] = []
        self.errors: dict[str, BaseException] = {}
        self.meanwhile: dict[str, Callable[[], object]] = {}
        self.meaning: Callable[[Note], Any] | None = None
        self.drains_itself = False
        self.closed = False
        self.going = False

    def _called(self, call: str) -> None:
        assert not self.closed, f"{call} after close"
        self.rig.locked(call)
        self.calls.append(call)
        self.going = self.going and call not in ("pause", "discard", "close")
        self.closed = call == "close"
        if call in self.meanwhile:
            self.meanwhile.pop(call)()
        if call in self.errors:
            raise self.errors.pop(call)

    def open(self, pump: Pump) -> None:
        raise AssertionError(f"the engine never opens, not {pump} either")

    def start(self) -> None:
        assert self.rig.pump.mode in (Mode.RUNNING, Mode.DRAINING)
        self._called("start")
        self.going = True

    def pause(self) -> None:
        assert self.rig.pump.mode == Mode.IDLE
        self._called("pause")

    def discard(self) -> None:
        assert self.rig.pump.mode == Mode.IDLE
        self._called("discard")

    def drain(self) -> bool:
        assert self.rig.pump.mode == Mode.DRAINING
        self._called("drain")
        return self.drains_itself

    def close(self) -> None:
        assert self.rig.pump.mode == Mode.IDLE
        self._called("close")

    def translate(self, note: Note) -> StreamEvent | AudioError | None:
        self._called("translate")
        return self.meaning(note) if self.meaning is not None else None


class FakeRunner:
    """Serves when it was woken, and only while somebody waits or the test says so."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.woken = False
        self.over = False
        self.finished = 0
        self._inside = False

    def kick(self) -> None:
        self.woken = True

    def serving(self) -> bool:
        return self._inside

    def finish(self) -> None:
        self.finished += 1
        if not self._inside:
            self.round()

    def round(self) -> bool:
        """Serve if a thread would; whether it did."""
        until = self.rig.engine.idle_nanos()
        if self.over or self._inside or not (self.woken or until == 0):
            return False
        self.woken = False
        self._inside = True
        try:
            self.over = not self.rig.engine.serve()
        finally:
            self._inside = False
        return True

    @contextlib.contextmanager
    def elsewhere(self) -> Generator[None, None, None]:
        """What is called in here is called by another thread, while a callback is at work."""
        assert self._inside
        self._inside = False
        busy, self.round = self.round, lambda: False  # type: ignore[method-assign]
        try:
            yield
        finally:
            self._inside = True
            self.round = busy  # type: ignore[method-assign]

    def wait_for(self, changed: threading.Condition, holds: Callable[[], bool], timeout: float | None) -> bool:
        assert not self._inside, "whoever serves must not wait"
        lock: Any = changed
        held = lock._release_save()
        try:
            self._wait(holds, timeout)
        finally:
            lock._acquire_restore(held)
        return holds()

    def _wait(self, holds: Callable[[], bool], timeout: float | None) -> None:
        pump = self.rig.pump
        end = None if timeout is None else pump.nanos + round(timeout * 1e9)
        for _ in range(_MOST_ROUNDS):
            if holds():
                return
            if self.round():
                continue
            if end is not None and pump.nanos >= end:
                return
            self.rig.device()
        if end is None:
            raise WouldHangError(f"state {self.rig.engine.state}, pump mode {pump.mode}, calls {self.rig.driver.calls}")


class Rig:
    """One engine and all it touches."""

    def __init__(self, *, output: bool = True) -> None:
        side = Side(1, SampleFormat.U8)
        plan = Plan(1_000, FRAMES, FRAMES, output=side if output else None, input=None if output else side)
        self.runner = FakeRunner(self)
        self.pump = FakePump(self, output=output)
        self.driver = FakeDriver(self, plan)
        self.script: deque[Callable[[], object] | BaseException] = deque()  # what the next callbacks do
        self.always: Callable[[], object] | BaseException | None = None  # what the others do
        self.blocks: list[tuple[Any, CallbackInfo]] = []
        self.events: list[StreamEvent] = []
        self.on_event: Callable[[StreamEvent], object] | None = None
        self.device_lives = True
        pump: Any = self.pump
        self.engine = Engine(self.driver, pump, self._data, self.pump.blocks, self._event)
        self.engine.runner = self.runner

    def locked(self, call: str) -> None:
        lock: Any = self.engine._lock
        assert lock._is_owned(), f"{call} without the lock"

    def unlocked(self) -> None:
        lock: Any = self.engine._lock
        assert not lock._is_owned(), "the user's code is called without the lock"

    def _data(self, frames: object, info: CallbackInfo) -> None:
        self.unlocked()
        assert self.runner.serving()
        assert self.engine.state is StreamState.RUNNING
        self.blocks.append((frames, info))
        act = self.script.popleft() if self.script else self.always
        if isinstance(act, BaseException):
            raise act
        if act is not None:
            act()

    def _event(self, event: StreamEvent) -> None:
        self.unlocked()
        assert not any(isinstance(told, StreamEnded) for told in self.events), f"{event} after the end"
        self.events.append(event)
        if self.on_event is not None:
            self.on_event(event)

    def device(self) -> None:
        """A block's time passes."""
        if self.device_lives:
            self.pump.cycle()
        else:
            self.pump.nanos += BLOCK_NANOS

    def serve(self) -> None:
        """What a woken thread would do until it sleeps again."""
        for _ in range(_MOST_ROUNDS):
            if not self.runner.round():
                return
        raise WouldHangError("the thread never sleeps")

    def run(self, blocks: int) -> None:
        """That many blocks' time, served."""
        for _ in range(blocks):
            self.device()
            self.serve()

    @property
    def state(self) -> StreamState:
        return self.engine.state

    @property
    def ended(self) -> StreamEnded | None:
        return next((event for event in self.events if isinstance(event, StreamEnded)), None)
