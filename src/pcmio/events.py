"""What a stream tells its owner while it lives, and what a host tells while it is watched."""

from __future__ import annotations

from enum import Enum

from pcmio._value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pcmio.descriptions import DeviceDescription, DeviceId, Direction

#: What can be done about a refused priority.
REALTIME_ADVICE = (
    "allow this user real-time priority (on Linux a line '@audio - rtprio 95' in /etc/security/limits.d, and a new "
    "login, or rtkit and pip install 'pcmio[realtime]'), or build the stream with realtime=\"never\""
)


class StreamState(Enum):
    """Where a stream is in its life.

    ::

        build -> STOPPED -- start --> RUNNING -- pause --> PAUSED -- start --> RUNNING
                    ^                    |
                    +--- all is played --+- stop --> DRAINING          any -- close, failure, end --> CLOSED
    """

    STOPPED = "stopped"
    RUNNING = "running"
    PAUSED = "paused"
    DRAINING = "draining"
    CLOSED = "closed"

    def __str__(self) -> str:
        return self.value


class EndReason(Enum):
    """Why a stream ended."""

    CLOSED = "closed"  # close(), leaving the with block, dropping the stream
    FINISHED = "finished"  # the callback raised StopStream and all was played
    ABORTED = "aborted"  # the callback raised AbortStream
    CALLBACK_RAISED = "callback raised"
    DEVICE_LOST = "device lost"
    HOST_LOST = "host lost"
    FAILED = "failed"  # the native system gave up on the stream, or its ground changed

    def __str__(self) -> str:
        return self.value


class StreamEvent(Value):
    """What an ``on_event`` callback gets: one of the classes below."""


class StreamEnded(StreamEvent):
    """The stream has ended: told exactly once, and nothing follows.

    Attributes:
        reason: Why.
        error: What ``wait()``, ``stop()`` or ``close()`` will raise or have raised, or None.
    """

    reason: EndReason
    error: BaseException | None = None


class RealtimeDenied(StreamEvent):
    """A thread did not get real-time priority; sound goes on, but other programs can make it stutter.

    ``str(event)`` says what to do.

    Attributes:
        thread: "stream" (runs the callback) or "audio" (moves the samples).
        code: The system's error number.
        reason: What the system answered, and rtkit, in words; empty where the thread is the system's own.
    """

    thread: str
    code: int
    reason: str = ""

    @property
    def advice(self) -> str:
        """What the reader can do next."""
        return REALTIME_ADVICE

    def __str__(self) -> str:
        reason = self.reason or f"error {self.code}"
        return f"no real-time priority for the {self.thread} thread ({reason}); {self.advice}"


class Rerouted(StreamEvent):
    """The system moved the stream to another device.

    Attributes:
        old: Text id of the device it left, or None where the system does not tell.
        new: Text id of the device it is on now, or None.
    """

    old: str | None
    new: str | None


class Suspended(StreamEvent):
    """The device sleeps; no samples move until ``Resumed``."""


class Resumed(StreamEvent):
    """The device is awake again."""


class VolumeChanged(StreamEvent):
    """Somebody else has changed the stream's volume: a mixer, or what remembers volumes.

    Attributes:
        volume: As ``stream.volume``.
        muted: As ``stream.muted``.
    """

    volume: float
    muted: bool


class BufferChanged(StreamEvent):
    """The native system changed how many frames it moves at a time; the callback's block stays as it was.

    Attributes:
        frames: Frames per native cycle from now on.
    """

    frames: int


class ClocksDrift(StreamEvent):
    """A duplex stream's two devices have clocks of their own, and are half a block further apart than they should be.

    Told once; if nothing corrects it (``drift="correct"``), the latency is set right when it is a whole block: an xrun.

    Attributes:
        ppm: How much faster the input's clock runs, in parts per million.
        frames: By how much the latency differs from what it should be.
    """

    ppm: float
    frames: int


class HostEvent(Value):
    """What ``host.watch()`` gives: one of the classes below."""


class DeviceAdded(HostEvent):
    """A device has come.

    Attributes:
        id: For ``host.device_by_id``.
        description: What the system tells about it.
    """

    id: DeviceId
    description: DeviceDescription


class DeviceRemoved(HostEvent):
    """A device has gone.

    Attributes:
        id: The one it had.
        description: As it was last.
    """

    id: DeviceId
    description: DeviceDescription


class DeviceChanged(HostEvent):
    """A device is described in other words: another name, other ports.

    Attributes:
        id: As before.
        description: What the system tells about it now.
    """

    id: DeviceId
    description: DeviceDescription


class DefaultChanged(HostEvent):
    """Another device is the default one.

    Attributes:
        direction: INPUT or OUTPUT.
        old: The one before, or None.
        new: The one now, or None: there is none.
    """

    direction: Direction
    old: DeviceId | None
    new: DeviceId | None


class HostLost(HostEvent):
    """The audio system does not answer any more.  Its devices are gone with it, and not told one by one.

    Attributes:
        error: What a question to the host raises now.
    """

    error: BaseException | None = None


class HostBack(HostEvent):
    """The audio system answers again; ``DeviceAdded`` follows for each device it has."""


class EventsDropped(HostEvent):
    """Nobody took events for so long that the oldest were thrown away: list the devices anew.

    Attributes:
        count: How many.
    """

    count: int
