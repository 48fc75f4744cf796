"""The border between the half that all hosts share and the half that each host writes.

A host writes a ``Driver`` for each stream: it knows the native system and moves no samples itself.  It is handed a
``Pump``, which does.  Neither knows about threads: the browser has none.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from pcmio._value import Value
from pcmio.events import StreamEvent

TYPE_CHECKING = False
if not TYPE_CHECKING:
    Protocol = object
else:
    from typing import Protocol
if TYPE_CHECKING:
    from pcmio.errors import AudioError
    from pcmio.formats import SampleFormat
    from pcmio.stats import StreamStats


class Side(Value):
    """One direction of a stream, as the native system takes it.

    Attributes:
        channels: In the native buffer.
        native_format: The samples in the native buffer.
        planar: Native buffers hold one channel each.
        swapped: Native samples are in the other byte order.
        chosen: Of the channels those that the user sees, in order; empty: all.
    """

    channels: int
    native_format: SampleFormat
    planar: bool = False
    swapped: bool = False
    chosen: tuple[int, ...] = ()

    @property
    def users_channels(self) -> int:
        """How many the user sees."""
        return len(self.chosen) or self.channels


class Plan(Value):
    """What the native system granted, before anything moves.

    Attributes:
        sample_rate: Frames per second.
        block_frames: Frames in each callback of the user's.
        native_frames: Frames that the native system moves at a time, as far as it is known beforehand.
        output: The output side, or None.
        input: The input side, or None.
        clock: Address of ``uint64_t now(void)``, or 0 with a clock_cell.
        clock_nanos: Nanoseconds in one tick of ``clock``.
        clock_cell: Address of a uint64_t that holds the present in nanoseconds (a simulated clock), or 0.
    """

    sample_rate: int
    block_frames: int
    native_frames: int
    output: Side | None = None
    input: Side | None = None
    clock: int = 0
    clock_nanos: int = 1
    clock_cell: int = 0


class Loudness(Value):
    """How loud a stream is.

    Attributes:
        volume: The factor of its samples' amplitude.
        muted: It is silent, whatever the volume.
    """

    volume: float = 1.0
    muted: bool = False


class Note(Value):
    """What a native thread had to tell; ``kind`` is a number of ``pcmio_note_kind``."""

    kind: int
    code: int
    value: int


#: What ``Driver.translate`` returns for a note of which nobody needs to hear.
UNTOLD = StreamEvent()


class Mode:
    """What a pump does with the samples: ``pcmio_mode``."""

    IDLE = 0
    RUNNING = 1
    DRAINING = 2


class Pump(Protocol):
    """Moves samples between the native buffer and a ring of blocks.  Every call returns at once."""

    @property
    def address(self) -> int:
        """The core's object, to be handed to native callbacks; 0 where there is no core."""
        ...

    @property
    def blocks(self) -> list[memoryview]:
        """The ring's blocks, in order, as bytes."""
        ...

    def wake(self) -> None:
        """Have the stream served soon."""
        ...

    def set_mode(self, mode: int) -> None:
        """Choose what happens from the next native cycle on."""
        ...

    def settle(self) -> None:
        """Return when no native cycle is under way any more that began before the last ``set_mode``."""
        ...

    def hangs(self, nanos: int) -> bool:
        """Whether a native callback is at work, and does not return within so many nanoseconds."""
        ...

    def reset(self) -> None:
        """Throw away what the ring holds; only when idle and settled."""
        ...

    def flush_input(self) -> None:
        """Throw away captured frames; only when idle and settled."""
        ...

    def set_latency(self, output_nanos: int, input_nanos: int) -> None:
        """Say how far the converter is from the native buffer."""
        ...

    def set_gain(self, amplitude: float) -> None:
        """Scale samples by ``amplitude`` from now on."""
        ...

    def take_note(self) -> Note | None:
        """The oldest thing a native thread had to tell."""
        ...

    def now(self) -> int:
        """The present in nanoseconds on the stream's clock."""
        ...

    def position(self) -> int:
        """Frames that the device took or gave."""
        ...

    def filled(self) -> int:
        """Frames in the ring."""
        ...

    def latency_nanos(self) -> int:
        """What ``set_latency`` was last told, for the stream's (first) direction."""
        ...

    def stats(self) -> StreamStats:
        """Counters."""
        ...


class Driver(ABC):
    """The native half of one stream.

    Calls come one at a time (the stream holds its lock), from any Python thread.  After ``close`` none follow.
    """

    plan: Plan
    #: Whether threads of the driver's own are to be real-time: "auto", "require", "never"; set before ``open``.
    realtime: str = "auto"
    #: The device's channels that the user chose, whoever moves them; empty: no choice was made.
    device_channels: tuple[int, ...] = ()
    #: With a note REALTIME_DENIED: what was answered, in words.
    denied_reason: str = ""

    @abstractmethod
    def open(self, pump: Pump) -> None:
        """Make the native stream, not running; from now on native callbacks may use the pump.  Called once.

        Raises:
            AudioError: Nothing native is left behind then (``close`` is called all the same).
        """

    @abstractmethod
    def start(self) -> None:
        """Let samples move; the pump is in mode RUNNING already, and an output's ring is full.

        What a writer was given may be less than a ring; if that is all, the mode is DRAINING.
        """

    @abstractmethod
    def pause(self) -> None:
        """Hold the device and keep what it has queued; the pump is idle."""

    @abstractmethod
    def discard(self) -> None:
        """Hold the device and throw away what it has queued; the pump is idle."""

    def drain(self) -> bool:
        """All frames have left the ring: have the system play its own queue.

        Returns:
            True: a note NATIVE_DRAINED will come when it is played.  False: the last frame's time, which the pump
                knows, tells.
        """
        return False

    @abstractmethod
    def close(self) -> None:
        """Make the native system forget the pump, and give everything back.  Also after a failed ``open``.

        When it returns, no native thread is inside the pump or will enter it.  Must not raise for a dead server.
        """

    def idle(self) -> None:  # noqa: B027 - most drivers need not know
        """The stream was served and there is nothing more to do for now."""

    def loudness(self) -> Loudness | None:
        """How loud the native system makes the stream, also after ``close``; None: it leaves that to the pump.

        Takes no time; called at any time from ``open`` on, by any thread, alone without the stream's lock.
        """
        return None

    def set_loudness(self, wanted: Loudness) -> None:
        """Have the native system make the stream so loud; only called where ``loudness`` is not None.

        Raises:
            BackendError, HostDisconnected, ...: It cannot.
        """
        del wanted

    def translate(self, note: Note) -> StreamEvent | AudioError | None:
        """What a note means here: an event, an error that ends the stream, None for what it means everywhere, UNTOLD.

        Called for every note but DRAINED and NATIVE_DRAINED.
        """
        del note
        return None
