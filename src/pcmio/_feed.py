"""What a watch tells, on its way: what there is, compared with what there was, and a queue for the differences."""

from __future__ import annotations

import threading
import weakref
from collections import deque

from pcmio._awaiting import Awaiters
from pcmio._log import logger
from pcmio._timeouts import Condition, wait_for
from pcmio._value import Value, shown
from pcmio.descriptions import Direction
from pcmio.errors import InvalidInput, OperationTimeout
from pcmio.events import (
    DefaultChanged,
    DeviceAdded,
    DeviceChanged,
    DeviceRemoved,
    EventsDropped,
    HostBack,
    HostEvent,
    HostLost,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pcmio._awaiting import Loop, Waiter
    from pcmio.contract import Host, HostEventCallback
    from pcmio.descriptions import DeviceDescription, DeviceId
    from pcmio.errors import AudioError

#: Events that wait for whoever takes them; more throw the oldest away, which is told.
MOST_EVENTS = 1024
#: Closing does not wait longer for a callback, or a server, that hangs.
_FINISH_SECONDS = 1.0


class Sighting(Value):
    """A device that is there.

    Attributes:
        id: Its id.
        description: What the system tells about it.
        incarnation: Another one when it was unplugged and plugged in again since the last look.
    """

    id: DeviceId
    description: DeviceDescription
    incarnation: int | str = 0


class View(Value):
    """What there is at one moment."""

    devices: tuple[Sighting, ...] = ()
    default_output: DeviceId | None = None
    default_input: DeviceId | None = None


_NOTHING = View()


def view_of(host: Host) -> View:
    """What a host tells when it is asked."""
    output, input_ = host.default_output_device(), host.default_input_device()
    return View(
        tuple(Sighting(device.id, device.description) for device in host.devices()),
        None if output is None else output.id,
        None if input_ is None else input_.id,
    )


def differences(old: View, new: View) -> Iterator[HostEvent]:
    """What happened between two views: what went, what came, what changed, the defaults."""
    before = {one.id: one for one in old.devices}
    now = {one.id: one for one in new.devices}
    same = {id_ for id_, one in now.items() if id_ in before and before[id_].incarnation == one.incarnation}
    yield from (DeviceRemoved(id_, one.description) for id_, one in before.items() if id_ not in same)
    yield from (DeviceAdded(id_, one.description) for id_, one in now.items() if id_ not in same)
    for id_, one in now.items():
        if id_ in same and one.description != before[id_].description:
            yield DeviceChanged(id_, one.description)
    if old.default_output != new.default_output:
        yield DefaultChanged(Direction.OUTPUT, old.default_output, new.default_output)
    if old.default_input != new.default_input:
        yield DefaultChanged(Direction.INPUT, old.default_input, new.default_input)


# --- the queue --------------------------------------------------------------------------------------------------------


class Feed:
    """The events of one watch: put by one thread at a time, taken by any."""

    def __init__(self, on_event: HostEventCallback | None) -> None:
        if on_event is not None and not callable(on_event):
            raise InvalidInput(f"on_event must be callable as on_event(event), not {shown(on_event)}")
        self.on_event = on_event
        self.closed = False
        self.stop: Callable[[], object] = _nothing  # ends what fills the queue
        self.thread: threading.Thread | None = None
        # Reentrant: the garbage collector may close a watch that was dropped while its own thread puts an event.
        self._changed = Condition()
        self._events: deque[HostEvent] = deque()
        self._dropped = 0
        self._error: BaseException | None = None  # not yet given to the owner
        self._awaiters = Awaiters()
        self._view = _NOTHING
        self._begun = self._lost = False
        feeds.add(self)

    # --- for who fills it --------------------------------------------------------------------------------------------

    def see(self, view: View) -> None:
        """This is there now; the first view is what everything after is compared with."""
        with self._changed:
            events: list[HostEvent] = [HostBack()] if self._lost else []
            if self._begun:
                events += differences(self._view, view)
            self._view, self._begun, self._lost = view, True, False
            self._put(events)

    def lose(self, error: AudioError) -> None:
        """The system does not answer any more."""
        with self._changed:
            if not self._lost:
                self._view, self._begun, self._lost = _NOTHING, True, True
                self._put([HostLost(error.with_traceback(None))])  # frames would keep what they hold

    @property
    def begun(self) -> bool:
        """Whether it is known what later views are compared with."""
        return self._begun or self.closed

    def wait_until_begun(self) -> None:
        """Return when every later change will be told."""
        with self._changed:
            wait_for(self._changed, lambda: self.begun, None)

    def _put(self, events: Iterable[HostEvent]) -> None:
        if not self.closed:
            for event in events:
                if len(self._events) == MOST_EVENTS:
                    self._events.popleft()
                    self._dropped += 1
                self._events.append(event)
        self._changed.notify_all()
        self._awaiters.wake()

    def deliver(self) -> None:
        """Call the callback with all that is queued; the thread that does has nothing else of the user's to do."""
        while self.on_event is not None:
            with self._changed:
                event = self._take()
            if event is None:
                return
            try:
                self.on_event(event)
            except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the owner
                self.fail(error)

    def fail(self, error: BaseException) -> None:
        """End with an error for the owner."""
        with self._changed:
            if self.closed:
                logger().error("a watch that was closed failed too", exc_info=error)
            else:
                self._error = error
        self.close()

    # --- for who empties it ------------------------------------------------------------------------------------------

    def _has_news(self) -> bool:
        return self.closed or bool(self._events or self._dropped)

    def _take(self) -> HostEvent | None:
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            return EventsDropped(dropped)
        return self._events.popleft() if self._events else None

    def get(self, timeout: float | None) -> HostEvent | None:
        """See ``contract.Watch``."""
        with self._changed:
            if not wait_for(self._changed, self._has_news, timeout):
                raise OperationTimeout(f"nothing has happened for {timeout} seconds")
            self.raise_once()
            return self._take()

    def take_or_enlist(self, loop: Loop) -> tuple[HostEvent | None, Waiter | None]:
        """The next event; or neither, when it is closed; or what will be woken when there is more to say."""
        with self._changed:
            self.raise_once()
            event = self._take()
            if event is not None or self.closed:
                return event, None
            return None, self._awaiters.enlist(loop)

    def leave(self, waiter: Waiter) -> None:
        """Whoever waited does not any more."""
        with self._changed:
            self._awaiters.leave(waiter)

    def wait(self) -> bool:
        """Wait for something to deliver; False when it is closed."""
        with self._changed:
            self._changed.wait_for(self._has_news)
            return not self.closed

    def raise_once(self) -> None:
        """What the owner was not told yet."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def log_undelivered(self, what: str = "a watch was dropped") -> None:
        """Say what a watch that was dropped would have told its owner."""
        error, self._error = self._error, None
        if error is not None:
            logger().error("%s and nobody asked for its error", what, exc_info=error)

    def close(self) -> None:
        """Tell nothing more."""
        with self._changed:
            self.closed = True
            self._events.clear()
            self._dropped = 0
            self._put(())
        if self._error is None:  # else it is told when the program ends, at the latest
            feeds.discard(self)
        self.stop()

    def finish(self) -> None:
        """Wait a little for its thread to end; returns at once from inside it."""
        if self.thread is not None and self.thread is not threading.current_thread():
            self.thread.join(_FINISH_SECONDS)

    def abandon(self) -> None:
        """In a forked child: the thread that filled it does not exist there, and its connection is the parent's."""
        self._changed = Condition()
        self.closed, self.stop, self.thread = True, _nothing, None
        self._events.clear()
        self._awaiters.clear()


def _nothing() -> None:
    """Nobody fills the queue from elsewhere."""


#: Those that are open, and those that have failed.
feeds: weakref.WeakSet[Feed] = weakref.WeakSet()
