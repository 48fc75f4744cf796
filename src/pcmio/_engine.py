"""A stream's life, without threads: states, callbacks, notes, draining, the one end.

``serve()`` does whatever is to be done at the moment and never waits.  Who calls it, and when, is the runner's business: a
thread where there are threads, a message handler in the browser.

One lock guards the state and every call of the driver.  It is never held while the user's code runs.  The ring's Python side
belongs to whoever serves: nobody else steps or empties it.
"""

from __future__ import annotations

import threading

from pcmio import _core
from pcmio._core import BLOCK
from pcmio._driver import Mode
from pcmio._log import logger
from pcmio.errors import (
    AbortStream,
    AudioError,
    BackendError,
    DeviceLost,
    HostDisconnected,
    HostUnavailable,
    OperationTimeout,
    StopStream,
    StreamClosed,
    StreamInvalidated,
)
from pcmio.events import (
    BufferChanged,
    EndReason,
    RealtimeDenied,
    Rerouted,
    Resumed,
    StreamEnded,
    StreamEvent,
    StreamState,
    Suspended,
)
from pcmio.timestamps import CallbackInfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol
    from collections.abc import Callable, Sequence

    from pcmio._core import CorePump
    from pcmio._driver import Driver, Note
    from pcmio.contract import EventCallback
else:
    Protocol = object

#: How long ``start`` waits for a callback that is still at work on an earlier block.
PREPARE_SECONDS = 2.0


class Runner(Protocol):
    """Who calls ``Engine.serve``."""

    def kick(self) -> None:
        """Have ``serve`` called soon."""

    def serving(self) -> bool:
        """Whether the caller is inside ``serve`` at this moment, deeper down its own stack."""
        ...

    def wait_for(self, changed: threading.Condition, holds: Callable[[], bool], timeout: float | None) -> bool:
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
        self._is_output = driver.plan.output is not None
        self._data = data
        self._views = views
        self._on_event = on_event
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._error: BaseException | None = None  # not yet given to the owner
        self._end_error: BaseException | None = None
        self._calling = False  # the callback is called for free or filled blocks
        self._moving = False  # the driver was started
        self._drain_wanted = False  # no more callbacks; drains as soon as the driver was started
        self._preparing = False  # start() waits for the ring to be emptied and filled
        self._reset_due = False  # the ring holds what nobody wants any more
        self._finish: EndReason | None = None  # the stream ends when it is drained
        self._drained_at: int | None = None  # when the last frame reaches the converter
        self._later: Callable[[], object] | None = None  # asked for inside a callback, done when it has returned
        self._told_denied = False

    # --- the owner's calls -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """See ``contract.Stream``."""
        if self.runner.serving():
            self._later = self._start_directly
            return
        with self._lock:
            self._check_open()
            self.runner.wait_for(self._changed, lambda: not self._preparing and self.state is not StreamState.DRAINING, None)
            self._check_open()
            if self.state is StreamState.RUNNING:
                return
            before = self.state
            self.state = StreamState.RUNNING
            self._preparing = True
            self._drain_wanted = self._finish is not None
            self._calling = self._is_output and not self._drain_wanted
            self.runner.kick()
            try:
                prepared = self.runner.wait_for(self._changed, lambda: not self._preparing, PREPARE_SECONDS)
            finally:
                self._preparing = False
            if self.state is not StreamState.RUNNING or self._moving:
                return  # a callback or another thread ended, paused or stopped it meanwhile, or went on from a pause
            if not prepared:
                self._still()
                self._enter(before)
                raise OperationTimeout(
                    f"the stream's callback has not returned for {PREPARE_SECONDS} seconds",
                    advice="keep callbacks shorter than their block",
                )
            self._go(before)

    def pause(self) -> None:
        """See ``contract.Stream``."""
        with self._lock:
            self._check_open()
            if self.state in (StreamState.RUNNING, StreamState.DRAINING):
                self._still()
                self.driver.pause()
                self._enter(StreamState.PAUSED)

    def stop(self, timeout: float | None = None) -> bool:
        """See ``contract.Stream``."""
        if self.runner.serving():
            self._calling = False
            if timeout == 0 or not self._is_output:
                self._later = self._halt
            else:
                self._drain_wanted = True
            return False
        with self._lock:
            if timeout != 0:
                self.runner.wait_for(self._changed, lambda: not self._preparing, timeout)
            if self.state is StreamState.RUNNING and self._is_output and timeout != 0:
                self._begin_drain()
            played = True
            if self.state is StreamState.DRAINING:
                played = self.runner.wait_for(
                    self._changed, lambda: self.state is not StreamState.DRAINING, timeout
                )
            if self.state in (StreamState.RUNNING, StreamState.PAUSED, StreamState.DRAINING):
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

    def end(self, reason: EndReason, error: BaseException | None = None) -> None:
        """Close the native stream and remember why; only the first reason counts."""
        with self._lock:
            if self.state is StreamState.CLOSED:
                return
            self.reason = reason
            self._error = self._end_error = error
            self._still()
            self.state = StreamState.CLOSED
            try:
                self.driver.close()
            except Exception as failure:  # noqa: BLE001 - the stream is over whatever the native system says to that
                logger().warning("closing a stream failed: %s", failure)
                if self._error is None:
                    self._error = self._end_error = failure
            self.pump.settle()
            self._changed.notify_all()
        self.runner.kick()

    def abandon(self) -> None:
        """Forget the native stream without touching it: it belongs to the process this one was forked from."""
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self.state, self.reason, self._calling = StreamState.CLOSED, EndReason.CLOSED, False

    def take_error(self) -> BaseException | None:
        """The error that the owner was not given yet; asked once."""
        with self._lock:
            error, self._error = self._error, None
            return error

    # --- states; the lock is held ------------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self.state is StreamState.CLOSED:
            self._raise_once()
            raise StreamClosed(f"the stream has ended ({self.reason})", advice="build another one") from self._end_error

    def _raise_once(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _enter(self, state: StreamState) -> None:
        self.state = state
        self._changed.notify_all()

    def _still(self) -> None:
        """No sample moves any more, no callback begins."""
        self._calling = self._moving = self._drain_wanted = False
        self._drained_at = None
        self.pump.set_mode(Mode.IDLE)

    def _go(self, before: StreamState) -> None:
        self.pump.set_mode(Mode.RUNNING)
        self._drain_wanted = self._drain_wanted or self._finish is not None
        self._calling = not self._drain_wanted
        self._moving = True
        try:
            self.driver.start()
        except BaseException:
            self._still()
            self._reset_due = True
            self._enter(before)
            raise
        self._enter(StreamState.RUNNING)
        if self._drain_wanted:
            self._begin_drain()

    def _halt(self) -> None:
        self._still()
        self._reset_due = True
        self.driver.discard()
        if self._finish is not None:
            self.end(self._finish)
        else:
            self._enter(StreamState.STOPPED)

    def _begin_drain(self) -> None:
        self._drain_wanted = self._calling = False
        self._enter(StreamState.DRAINING)
        self.pump.set_mode(Mode.DRAINING)

    def _start_directly(self) -> None:
        before = self.state
        if before in (StreamState.PAUSED, StreamState.STOPPED):
            self._prepare()
            self._go(before)

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
        self._take_notes()
        prepared = self._preparing
        if prepared:
            with self._lock:
                self._prepare()
            self._tell_denied()
        if self._calling:
            self._call()
        with self._lock:
            later, self._later = self._later, None
            self._attempt(later)
            if self._drain_wanted and self._moving:
                self._begin_drain()
            if prepared:
                self._preparing = False
                self._changed.notify_all()
            if self._drained_at is not None and self.pump.now() >= self._drained_at:
                self._attempt(self._halt)
            if self.state is not StreamState.CLOSED:
                return True
            error = self._end_error
        self._tell(StreamEnded(self.reason or EndReason.CLOSED, error))
        return False

    def idle_nanos(self) -> int:
        """How long serving can wait if nobody kicks; negative: for ever."""
        until = self._drained_at
        return -1 if until is None else max(0, until - self.pump.now())

    def _call(self) -> None:
        try:
            if self._is_output:
                self._call_output()
            else:
                self._call_input()
        except StopStream:
            with self._lock:
                self._calling = False
                self._finish = EndReason.FINISHED
                if self._is_output:
                    self._drain_wanted = True
                else:
                    self._later = self._halt
        except AbortStream:
            self.end(EndReason.ABORTED)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the owner
            self.end(EndReason.CALLBACK_RAISED, error)

    def _call_output(self) -> None:
        step, pump, record = self.pump.step, self.pump.address, self.pump.block_address
        data, views, memory, unpack = self._data, self._views, self.pump.block_record, BLOCK.unpack_from
        self.pump.awake()
        ready = step(pump, 0, record)
        while ready and self._calling:
            callback_nanos, nanos, _, position, lost, _, slot, _ = unpack(memory)
            data(views[slot], CallbackInfo(callback_nanos, nanos, position, lost))
            ready = step(pump, 1, record)

    def _call_input(self) -> None:
        step, pump, record = self.pump.step, self.pump.address, self.pump.block_address
        data, views, memory, unpack = self._data, self._views, self.pump.block_record, BLOCK.unpack_from
        self.pump.awake()
        ready = step(pump, 0, record)
        while ready and self._calling:
            callback_nanos, _, nanos, position, _, lost, _, slot = unpack(memory)
            data(views[slot], CallbackInfo(callback_nanos, nanos, position, lost))
            ready = step(pump, 1, record)

    def _attempt(self, action: Callable[[], object] | None) -> None:
        """Do what nobody waits for: its error ends the stream, so that the owner learns it.  The lock is held."""
        if action is None or self.state is StreamState.CLOSED:
            return
        try:
            action()
        except Exception as error:  # noqa: BLE001 - a driver's bug must not silence the thread that would tell of it
            self.end(_reason_of(error), error)

    # --- notes and events --------------------------------------------------------------------------------------------

    def _take_notes(self) -> None:
        while (note := self.pump.take_note()) is not None:
            told = self._read(note)
            if isinstance(told, AudioError):
                self.end(_reason_of(told), told)
            elif told is not None:
                self._tell(told)

    def _read(self, note: Note) -> StreamEvent | AudioError | None:
        with self._lock:
            if self.state is StreamState.CLOSED:
                return None
            if note.kind == _core.NOTE_DRAINED:
                self._attempt(lambda: self._ring_is_empty(note.value))
            elif note.kind == _core.NOTE_NATIVE_DRAINED:
                self._attempt(self._halt if self.state is StreamState.DRAINING else None)
            else:
                told = self.driver.translate(note)
                return told if told is not None else _usual_meaning(note)
            return None

    def _ring_is_empty(self, heard_nanos: int) -> None:
        if self.state is StreamState.DRAINING and not self.driver.drain():
            self._drained_at = heard_nanos

    def _tell(self, event: StreamEvent) -> None:
        if self._on_event is None:
            return
        try:
            self._on_event(event)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the owner
            if isinstance(event, StreamEnded):
                logger().exception("the event callback of a stream that has ended raised")
            else:
                self.end(EndReason.CALLBACK_RAISED, error)

    def _tell_denied(self) -> None:
        if self.denied and not self._told_denied:
            self._told_denied = True
            self._tell(RealtimeDenied("stream", self.denied))


def _usual_meaning(note: Note) -> StreamEvent | AudioError | None:
    kind = note.kind
    if kind == _core.NOTE_DEVICE_LOST:
        return DeviceLost("the device is gone", code=note.code, advice="enumerate again and build a new stream")
    if kind == _core.NOTE_HOST_LOST:
        return HostDisconnected("the server is gone", code=note.code, advice="open the host again")
    if kind == _core.NOTE_RATE_CHANGED:
        return StreamInvalidated(f"the device runs at {note.value} Hz now", advice="build a new stream")
    if kind == _core.NOTE_FAILED:
        return BackendError("the native stream failed", code=note.code)
    if kind == _core.NOTE_BUFFER_CHANGED:
        return BufferChanged(note.value)
    if kind == _core.NOTE_REALTIME_DENIED:
        return RealtimeDenied("audio", note.code)
    simple = {_core.NOTE_MOVED: Rerouted(None, None), _core.NOTE_SUSPENDED: Suspended(), _core.NOTE_RESUMED: Resumed()}
    return simple.get(kind)


def _reason_of(error: Exception) -> EndReason:
    if isinstance(error, DeviceLost):
        return EndReason.DEVICE_LOST
    return EndReason.HOST_LOST if isinstance(error, HostUnavailable) else EndReason.FAILED
