"""A stream's life, without threads: states, callbacks, notes, draining, the one end.

``serve()`` does whatever is to be done at the moment, never waits.  Who calls it, and when, is the runner's business:
a thread where there are threads, a message handler in the browser.

One lock guards the state and every call of the driver.  It is never held while the user's code runs.  The ring's Python
side belongs to whoever serves: nobody else steps or empties it.
"""

from __future__ import annotations

import threading
from functools import partial

from pcmio import _core
from pcmio._core import BLOCK
from pcmio._driver import UNTOLD, Mode
from pcmio._log import logger
from pcmio._notes import reason_of, usual_meaning
from pcmio._timeouts import Condition, callback_hangs, end_of, left_of
from pcmio.callbacks import raise_answer
from pcmio.errors import AbortStream, AudioError, OperationTimeout, StopStream, StreamClosed
from pcmio.events import EndReason, RealtimeDenied, StreamEnded, StreamEvent, StreamState
from pcmio.timestamps import CallbackInfo

TYPE_CHECKING = False
if not TYPE_CHECKING:
    Protocol = object
else:
    from typing import Protocol
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from pcmio._core import CorePump
    from pcmio._driver import Driver, Note
    from pcmio.contract import EventCallback

#: How long ``start`` waits for a callback that is still at work on an earlier block.
PREPARE_SECONDS = 2.0
#: How long ``start`` waits, beyond what the ring and the device hold, for a drain that is under way.
DRAIN_SECONDS = 5.0

_NANOS = 1_000_000_000
#: How often a native callback that hangs is looked after.
_LOOK_NANOS = 20_000_000


class Runner(Protocol):
    """Who calls ``Engine.serve``."""

    def kick(self) -> None:
        """Have ``serve`` called soon."""

    def serving(self) -> bool:
        """Whether the caller is inside ``serve`` at this moment, deeper down its own stack."""
        ...

    def wait_for(self, changed: Condition, holds: Callable[[], bool], timeout: float | None) -> bool:
        """Wait until ``holds()``; False when ``timeout`` seconds passed before.  The condition's lock is held."""
        ...

    def finish(self) -> None:
        """Wait a little for the last ``serve`` to end; returns at once from inside it."""


class Engine:
    """One stream."""

    def __init__(
        self,
        driver: Driver,
        pump: CorePump,
        data: Callable[[Any, CallbackInfo], object],
        views: Sequence[Any],
        on_event: EventCallback | None,
    ) -> None:
        self.driver = driver
        self.pump = pump
        self.runner: Runner
        self.state = StreamState.STOPPED
        self.reason: EndReason | None = None
        self.denied = 0  # the system's error number when the serving thread's priority was refused
        self.denied_reason = ""
        self._is_output = driver.plan.output is not None
        self._data = data
        self._views = views
        self._on_event = on_event
        self._lock = threading.RLock()
        self._changed = Condition(self._lock)
        self._error: BaseException | None = None  # not yet given to the owner
        self._end_error: BaseException | None = None
        self._calling = False  # the callback is called for free or filled blocks
        self._moving = False  # the driver was started
        self._drain_wanted = False  # no more callbacks; drains as soon as the driver was started
        self._preparing = False  # start() waits for the ring to be emptied and filled
        self._start_from: StreamState | None = None  # a start from inside a callback: nobody waits, serving goes on
        self._again = False  # starts anew when it is drained
        self._reset_due = False  # the ring holds what nobody wants any more
        self._finish: EndReason | None = None  # the stream ends when it is drained
        self._hold_by: Callable[[], None] | None = None  # not done yet: a native callback does not return
        self._drained_at: int | None = None  # when the last frame reaches the converter
        self._later: list[Callable[[], object]] = []  # asked for inside a callback, done when it has returned
        self._drains = 0  # times that all was played
        self._told_denied = False
        self._dropped = False

    # --- the owner's calls -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """See ``contract.Stream``."""
        if self.runner.serving():
            with self._lock:
                self._check_open()
                self._later.append(self._start_here)
            return
        with self._lock:
            self._check_open()
            self._await_drain()
            held = self.runner.wait_for(self._changed, lambda: self._hold_by is None, PREPARE_SECONDS)
            self._check_open()
            if self.state is StreamState.RUNNING:
                return
            if not held:
                raise callback_hangs(PREPARE_SECONDS)
            before = self.state
            self._begin_preparing()
            prepared = False
            try:
                prepared = self.runner.wait_for(self._changed, lambda: not self._preparing, PREPARE_SECONDS)
            finally:
                self._preparing = False
                waits = self._is(StreamState.RUNNING) and not self._moving
                if waits and not prepared:
                    self._still()
                    self._enter(before)
            if not waits:
                return  # a callback or another thread ended, paused or stopped it meanwhile, or went on from a pause
            if not prepared:
                raise callback_hangs(PREPARE_SECONDS)
            self._go(before)

    def _await_drain(self) -> None:
        """Let another start, or a drain, come to its end; the lock is held."""
        held = self.pump.filled() / self.driver.plan.sample_rate + self.pump.latency_nanos() / _NANOS
        seconds = held + DRAIN_SECONDS
        settled = self.runner.wait_for(
            self._changed, lambda: not self._preparing and self.state is not StreamState.DRAINING, seconds
        )
        if not settled:
            raise OperationTimeout(
                f"the stream was stopped, and the rest has not been played for {seconds:.1f} seconds",
                advice="stop(0) throws it away",
            )

    def pause(self) -> None:
        """See ``contract.Stream``."""
        with self._lock:
            self._check_open()
            if self._later and self.runner.serving():
                self._calling = False
                self._later.append(self._pause_here)
            else:
                self._pause_here()

    def stop(self, timeout: float | None = None) -> bool:
        """See ``contract.Stream``."""
        if self.runner.serving():
            self._calling = False
            self._later.append(self._stop_here if timeout != 0 else self._stop_at_once)
            return False
        end = end_of(timeout)
        with self._lock:
            self._again = False
            if timeout != 0:
                self.runner.wait_for(self._changed, lambda: not self._preparing, left_of(end))
                self._stop_calling()
                # Another thread's start may not have come to its end yet.
                self.runner.wait_for(self._changed, lambda: not self._will_drain(), left_of(end))
            played = True
            if self.state is StreamState.DRAINING:
                drains = self._drains
                over = self.runner.wait_for(self._changed, lambda: self.state is not StreamState.DRAINING, left_of(end))
                if not over or self._is(StreamState.PAUSED):  # time has passed, or somebody paused it
                    self._halt()
                played = self._drains != drains  # not if it was closed meanwhile, or paused and started again
            elif self.state in (StreamState.RUNNING, StreamState.PAUSED):
                played = not self._is_output or self.pump.filled() == 0
                self._halt()
            self._raise_once()
            return played and self._end_error is None

    def close(self) -> None:
        """See ``contract.Stream``."""
        self.end(EndReason.CLOSED)
        self.runner.finish()
        with self._lock:
            self._raise_once()

    def wait(self, timeout: float | None) -> bool:
        """See ``contract.Stream``."""
        still = (StreamState.STOPPED, StreamState.CLOSED)
        with self._lock:
            if self.runner.serving():
                return self.state in still
            ended = self.runner.wait_for(self._changed, lambda: self.state in still, timeout)
            self._raise_once()
            return ended

    def adjust(self, action: Callable[[], object]) -> None:
        """Do something to the driver of a stream that lives."""
        with self._lock:
            self._check_open()
            action()

    def fail(self, error: Exception) -> None:
        """End with an error that nobody waits for."""
        self.end(reason_of(error), error)

    def end(self, reason: EndReason, error: BaseException | None = None) -> None:
        """Close the native stream and remember why; only the first reason counts."""
        with self._lock:
            if self.state is StreamState.CLOSED:
                return
            self.reason = reason
            self._error = self._end_error = error
            self._still()
            self._later.clear()
            self._preparing = False  # nobody will
            self._hold_by = None
            self.state = StreamState.CLOSED
            try:
                self.driver.close()
            except Exception as failure:  # noqa: BLE001 - the stream is over whatever the native system says to that
                logger().warning("closing a stream failed: %s", failure)
                if self._error is None:
                    self._error = self._end_error = failure
            finally:  # an interrupt may leave the native side half closed, but nobody waiting
                self._changed.notify_all()
                self.runner.kick()
                self.pump.settle()

    def unmake(self) -> None:
        """There will be no stream: its builder raises, and nobody else is told."""
        self._on_event = None
        self.end(EndReason.FAILED)
        self.runner.finish()

    def abandon(self) -> None:
        """Forget the native stream without touching it: it belongs to the process this one was forked from."""
        self._lock = threading.RLock()
        self._changed = Condition(self._lock)
        self.state, self.reason, self._calling = StreamState.CLOSED, EndReason.CLOSED, False
        self._later.clear()

    def drop(self) -> None:
        """The owner has gone without closing: whoever serves closes, and logs the error that nobody asked for.

        The garbage collector calls this, at any point of any thread's code, so it takes no lock.
        """
        self._dropped, self._calling = True, False
        self.runner.kick()

    def take_error(self) -> BaseException | None:
        """The error that the owner was not given yet; asked once, by the last who has the stream."""
        error, self._error = self._error, None
        return error

    # --- states; the lock is held ------------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self.state is StreamState.CLOSED:
            self._raise_once()
            raise StreamClosed(f"the stream has ended ({self.reason})", advice="build another one") from self._end_error

    def _is(self, state: StreamState) -> bool:
        """Asked anew after a wait, when type checkers would take the state for what it was before."""
        return self.state is state

    def _raise_once(self) -> None:
        if self.runner.serving():
            return  # it is the owner's to know, and lost on a callback
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _enter(self, state: StreamState) -> None:
        self.state = state
        self._changed.notify_all()

    def _still(self) -> None:
        """No sample moves any more, no callback begins."""
        self._calling = self._moving = self._drain_wanted = self._again = False
        self._start_from = self._drained_at = None
        self.pump.set_mode(Mode.IDLE)

    def _go(self, before: StreamState) -> None:
        self.pump.set_mode(Mode.RUNNING)
        drains = self._drain_wanted or self._finish is not None
        if drains:  # from the first frame on: where the callback had nothing to play, none is missing
            self.pump.set_mode(Mode.DRAINING)
        self._drain_wanted, self._calling = False, not drains
        self._moving = True
        try:
            self.driver.start()
        except BaseException:
            self._still()
            self._reset_due = True
            self._enter(before)
            raise
        self._enter(StreamState.DRAINING if drains else StreamState.RUNNING)

    def _halt(self) -> None:
        again = self._again
        self._still()
        self._reset_due = True
        try:
            self._hold(self.driver.discard)
        except BaseException:
            self._enter(StreamState.STOPPED)
            raise
        if self._finish is not None:
            self.end(self._finish)
            return
        self._enter(StreamState.STOPPED)
        if again:
            self._start_here()

    def _hold(self, how: Callable[[], None]) -> None:
        """Hold the device; if a native callback hangs, in which the system would wait, as soon as it has returned."""
        self._hold_by = how
        if self.pump.hangs(_core.SETTLE_NANOS):
            self.runner.kick()  # it is looked after from now on
        else:
            self._hold_now()

    def _hold_now(self) -> None:
        how, self._hold_by = self._hold_by, None
        if how is not None:
            how()

    def _hold_late(self) -> None:
        self._attempt(self._hold_now)
        self._changed.notify_all()
        again, self._again = self._again, False
        if again:
            self._attempt(self._start_here)

    def _begin_drain(self) -> None:
        self._drain_wanted = self._calling = False
        self._enter(StreamState.DRAINING)
        self.pump.set_mode(Mode.DRAINING)

    def _end_drain(self) -> None:
        self._drains += 1
        self._halt()

    def _begin_preparing(self) -> None:
        self.state = StreamState.RUNNING
        self._preparing = True
        self._drain_wanted = self._finish is not None
        self._calling = self._is_output and not self._drain_wanted
        self.runner.kick()

    # The rest of the owner's calls, where nobody may wait.

    def _start_here(self) -> None:
        if self.state is StreamState.DRAINING or self._drain_wanted or self._hold_by is not None:
            self._again = True
        elif self.state in (StreamState.PAUSED, StreamState.STOPPED):
            self._start_from = self.state
            self._begin_preparing()

    def _pause_here(self) -> None:
        if self.state not in (StreamState.RUNNING, StreamState.DRAINING):
            return
        moved = self._moving
        self._still()
        try:
            if moved:
                self._hold(self.driver.pause)
        finally:
            self._enter(StreamState.PAUSED)

    def _stop_here(self) -> None:
        self._again = False
        self._stop_calling()
        if self.state is not StreamState.DRAINING and not self._drain_wanted:
            self._stop_at_once()

    def _stop_calling(self) -> None:
        """An output that runs drains, if need be as soon as its device has begun."""
        if self.state is StreamState.RUNNING and self._is_output:
            self._calling = False
            self._drain_wanted = not self._moving
            if self._moving:
                self._begin_drain()

    def _will_drain(self) -> bool:
        """It was stopped, and its device has not begun yet."""
        return self._drain_wanted

    def _stop_at_once(self) -> None:
        self._again = False
        if self.state in (StreamState.RUNNING, StreamState.PAUSED, StreamState.DRAINING):
            self._halt()

    def _prepare(self) -> None:
        """Empty the ring of what nobody wants; only while serving."""
        if self._reset_due:
            self._reset_due = False
            self.pump.settle()
            self.pump.reset()
        elif not self._is_output:
            self.pump.settle()
            self.pump.flush_input()

    # --- serving -----------------------------------------------------------------------------------------------------

    def serve(self) -> bool:
        """Do what is to be done; False when the stream has ended and that was told."""
        found = self._begin()  # first of all: what comes from now on wakes again
        if self._dropped:
            self.end(EndReason.CLOSED)
        if found & _core.TURN_NOTES:
            self._take_notes()
        prepared = self._preparing
        if prepared:
            with self._lock:
                self._attempt(self._prepare)
            self._tell_denied()
        if self._calling and (prepared or found & _core.TURN_BLOCK):
            # A block that was prepared before notes were told is prepared anew: its callback begins only now.
            self._call(begun=not prepared and not found & _core.TURN_NOTES)
        with self._lock:
            self._catch_up(prepared=prepared)
            if self.state is not StreamState.CLOSED:
                return True
            error = self._end_error
        self._tell_end(StreamEnded(self.reason or EndReason.CLOSED, error))
        if self._dropped:
            log_undelivered(self.take_error())
        self._data, self._on_event, self._views = nothing, None, ()  # free what the user gave us
        return False

    def _begin(self) -> int:
        return self.pump.begin(calling=self._calling)

    def _catch_up(self, *, prepared: bool) -> None:
        """Do what was asked for meanwhile, and what time has brought.  The lock is held."""
        if prepared:
            self._preparing = False
            self._changed.notify_all()
        later, self._later = self._later, []
        for action in later:
            self._attempt(action)
        if self._start_from is not None and prepared and not self._preparing:
            self._attempt(partial(self._go, self._start_from))
        if self._drain_wanted and self._moving:
            self._begin_drain()
        if self._hold_by is not None and not self.pump.hangs(0):
            self._hold_late()
        if self._drained_at is not None and self.pump.now() >= self._drained_at:
            self._attempt(self._end_drain)

    def idle_nanos(self) -> int:
        """How long serving can wait if nobody kicks; negative: for ever."""
        until = self._drained_at
        if self._hold_by is not None:  # nobody tells when the callback returns
            return _LOOK_NANOS
        return -1 if until is None else max(0, until - self.pump.now())

    def _call(self, *, begun: bool) -> None:
        """Call the callback for what the ring has; ``begun``: its first block is prepared."""
        self._guard(partial(self._call_output if self._is_output else self._call_input, begun))

    def _guard(self, users: Callable[[], object]) -> None:
        """Run the user's code, which may end the stream in several ways."""
        try:
            users()
        except StopStream:
            with self._lock:
                self._finish = EndReason.FINISHED
                self._calling = False
                if self.state is StreamState.RUNNING and self._is_output:
                    self._drain_wanted = True
                elif self.state is not StreamState.DRAINING:
                    self._later.append(self._halt)
        except AbortStream:
            self.end(EndReason.ABORTED)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the owner
            self.end(EndReason.CALLBACK_RAISED, error)

    def _call_output(self, begun: bool) -> None:  # noqa: FBT001 - once per turn, by position
        step, pump, record = self.pump.step, self.pump.address, self.pump.block_address
        data, views, memory, unpack = self._data, self._views, self.pump.block_record, BLOCK.unpack_from
        ready = begun or step(pump, 0, record)
        for _ in views:  # at most a ring of them: then notes have their turn, however slow the callback is
            if not ready or not self._calling:
                return
            callback_nanos, nanos, _, position, lost, _, slot, _ = unpack(memory)
            data(views[slot], CallbackInfo(callback_nanos, nanos, position, lost))
            ready = step(pump, 1, record)
        if ready:
            self.runner.kick()

    def _call_input(self, begun: bool) -> None:  # noqa: FBT001
        step, pump, record = self.pump.step, self.pump.address, self.pump.block_address
        data, views, memory, unpack = self._data, self._views, self.pump.block_record, BLOCK.unpack_from
        ready = begun or step(pump, 0, record)
        for _ in views:
            if not ready or not self._calling:
                return
            callback_nanos, _, nanos, position, _, lost, _, slot = unpack(memory)
            data(views[slot], CallbackInfo(callback_nanos, nanos, position, lost))
            ready = step(pump, 1, record)
        if ready:
            self.runner.kick()

    def _attempt(self, action: Callable[[], object] | None) -> None:
        """Do what nobody waits for: its error ends the stream, so that the owner learns it.  The lock is held."""
        if action is None or self.state is StreamState.CLOSED:
            return
        try:
            action()
        except Exception as error:  # noqa: BLE001 - a driver's bug must not silence the thread that would tell of it
            self.fail(error)

    # --- notes and events --------------------------------------------------------------------------------------------

    def _take_notes(self) -> None:
        while (note := self.pump.take_note()) is not None:
            if note.kind == _core.NOTE_CALLBACK_OVER:
                self._guard(partial(raise_answer, note.code))
                continue
            told = self._read(note)
            if isinstance(told, AudioError):
                self.fail(told)
            elif told is not None and told is not UNTOLD:
                self._tell(told)

    def _read(self, note: Note) -> StreamEvent | AudioError | None:
        with self._lock:
            if self.state is StreamState.CLOSED:
                return None
            if note.kind == _core.NOTE_DRAINED:
                self._attempt(lambda: self._ring_is_empty(note.value))
            elif note.kind == _core.NOTE_NATIVE_DRAINED:
                self._attempt(self._end_drain if self.state is StreamState.DRAINING else None)
            else:
                return self._translate(note)
            return None

    def _translate(self, note: Note) -> StreamEvent | AudioError | None:
        try:
            told = self.driver.translate(note)
        except Exception as error:  # noqa: BLE001 - as in _attempt
            self.fail(error)
            return None
        if told is None and note.kind == _core.NOTE_REALTIME_DENIED:
            return RealtimeDenied("audio", note.code, self.driver.denied_reason)
        return told if told is not None else usual_meaning(note)

    def _ring_is_empty(self, heard_nanos: int) -> None:
        if self.state is StreamState.DRAINING and not self.driver.drain():
            self._drained_at = heard_nanos

    def _tell(self, event: StreamEvent) -> None:
        if self._on_event is not None:
            self._guard(partial(self._on_event, event))

    def _tell_end(self, ended: StreamEnded) -> None:
        try:
            if self._on_event is not None:
                self._on_event(ended)
        except (StopStream, AbortStream):
            pass
        except BaseException:  # noqa: BLE001 - there is nobody left to tell
            logger().exception("the event callback of a stream that has ended raised")

    def _tell_denied(self) -> None:
        if self.denied and not self._told_denied:
            self._told_denied = True
            self._tell(RealtimeDenied("stream", self.denied, self.denied_reason))

    def deny(self, code: int, reason: str) -> None:
        """The serving thread, which calls this, has lost the priority that it had."""
        self._tell(RealtimeDenied("stream", code, reason))


def nothing(*_: object) -> None:
    """Stand in for the callback of a stream that has ended."""


def log_undelivered(error: BaseException | None, what: str = "a stream was dropped", *, quietly: bool = False) -> None:
    """Say what a stream that was dropped would have told its owner."""
    if error is not None:
        log = logger().info if quietly else logger().error
        log("%s and nobody asked for its error", what, exc_info=error)
