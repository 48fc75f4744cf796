"""A driver whose samples a user's own code moves, and what the other parts of a custom host ask of the core."""

from __future__ import annotations

import ctypes

from pcmio._core import NOTE_DEVICE_LOST, NOTE_FAILED, NOTE_HOST_LOST, NOTE_MOVED, core
from pcmio._driver import UNTOLD, Driver, Plan, Side
from pcmio._log import logger
from pcmio._own_lock import OwnLock
from pcmio._value import shown
from pcmio.configs import MOST_FRAMES, whole
from pcmio.descriptions import Direction
from pcmio.errors import AudioError, BackendError, InvalidInput, UnsupportedOperation
from pcmio.events import Rerouted
from pcmio.timestamps import StreamInstant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pcmio._driver import Note, Pump
    from pcmio.configs import StreamConfig
    from pcmio.events import StreamEvent
    from pcmio.formats import SampleFormat

_NANOS = 1_000_000_000
_MOST_LOST = 1 << 48  # more than a machine sleeps through


class CustomDriver(Driver):
    """The native half of a stream whose samples your own code moves.

    Override ``started`` and ``held`` to set your thread going and to hold it, ``opened`` and ``closed`` to take what it
    needs and give it back; these calls come one at a time, from any Python thread.  ``play`` and ``capture`` may be
    called in any state: without a running stream they give and take silence.

    Attributes:
        direction: OUTPUT or INPUT.
        config: What the stream was asked for.

    Args:
        direction: OUTPUT or INPUT.
        config: What the stream was asked for.
        native_format: Of the samples that you give and take; the core converts.  None: the stream's own.
        block_frames: Frames of each callback when the config leaves that to the host.
        native_frames: Frames that you usually move at a time.
        latency: Seconds between you and the converter.

    Raises:
        InvalidInput: No numbers of frames, or no seconds.
    """

    def __init__(
        self,
        direction: Direction,
        config: StreamConfig,
        *,
        native_format: SampleFormat | None = None,
        block_frames: int = 512,
        native_frames: int = 512,
        latency: float = 0.0,
    ) -> None:
        self.direction = direction
        self.config = config
        side = Side(config.channels, native_format or config.sample_format)
        self.plan = Plan(
            sample_rate=config.sample_rate,
            block_frames=config.buffer_size.frames or whole("block_frames", block_frames, MOST_FRAMES),
            native_frames=whole("native_frames", native_frames, MOST_FRAMES),
            output=side if direction is Direction.OUTPUT else None,
            input=side if direction is Direction.INPUT else None,
            clock=core().address("pcmio_clock_nanos"),
        )
        self._frame_bytes = side.channels * side.native_format.sample_bytes
        self._silence = side.native_format.silence * side.channels
        self._latency_nanos = as_nanos("latency", latency)
        self._pump: Pump | None = None
        self._opened = self._was_opened = self._closed = False
        self._early: list[tuple[int, int]] = []  # notes of before the stream was opened
        self._failures: list[AudioError] = []  # not yet told
        self._moves: list[Rerouted] = []  # not yet told
        self._moving = OwnLock()  # one transfer at a time, and none after close
        self._memory = bytearray()
        self._pointers = (ctypes.c_void_p * 1)()

    # --- for you to override -----------------------------------------------------------------------------------------

    def opened(self) -> None:
        """A stream is built: take what it needs.  Not called for a device that is only asked what it supports.

        May raise an AudioError: there is no stream then, and ``closed`` is not called.
        """

    def started(self) -> None:
        """The stream runs now: begin to call ``play`` or ``capture``.  May raise an AudioError."""

    def held(self) -> None:
        """The stream was paused, stopped or closed.  May be called twice; never if ``opened`` has not returned."""

    def closed(self) -> None:
        """The stream is over: give back what ``opened`` took.  Called once, after ``held``, if ``opened`` returned."""

    # --- for you to call ---------------------------------------------------------------------------------------------

    def play(self, frames: int) -> memoryview:
        """The next ``frames`` frames to be played, interleaved; silence where the stream has none.

        The memory is used again at the next call.

        Raises:
            UnsupportedOperation: This is an input stream.
            InvalidInput: No number of frames.
        """
        frames = whole("frames", frames, MOST_FRAMES, least=0)
        if self.plan.output is None:
            raise UnsupportedOperation("an input stream plays nothing")
        with self._moving:
            view = self._room(frames)
            if self._pump is None:
                view[:] = self._silence * frames
            else:
                begin = self._begin_nanos(frames)
                core().pcmio_pump_transfer(
                    self._pump.address, None, self._pointers, frames, begin, begin + self._latency_nanos
                )
            return view

    def capture(self, samples: bytes | bytearray | memoryview) -> None:
        """Whole frames that were recorded, interleaved, the last of them just now.

        Raises:
            UnsupportedOperation: This is an output stream.
            InvalidInput: Not whole frames, or not in one piece.
        """
        if self.plan.input is None:
            raise UnsupportedOperation("an output stream records nothing")
        data = _bytes_of(samples)
        frames, rest = divmod(len(data), self._frame_bytes)
        if rest:
            raise InvalidInput(f"{len(data)} bytes are not whole frames of {self._frame_bytes} bytes")
        with self._moving:
            if self._pump is None or not frames:
                return
            self._room(frames)[:] = data
            captured = self._begin_nanos(frames) - self._latency_nanos
            core().pcmio_pump_transfer(self._pump.address, self._pointers, None, frames, max(0, captured), 0)

    def lost_frames(self, frames: int) -> None:
        """Your device lost ``frames`` frames: an xrun.

        Raises:
            InvalidInput: No number of frames.
        """
        frames = whole("frames", frames, _MOST_LOST, least=0)
        with self._moving:
            if self._pump is not None:
                core().pcmio_pump_xrun(self._pump.address, frames)

    def moved(self, old: str | None, new: str | None) -> None:
        """The stream is on another device now: its owner is told ``Rerouted``, with these text ids."""
        self._moves.append(Rerouted(old, new))
        self._note(NOTE_MOVED, 0)

    def lost_device(self, code: int = 0) -> None:
        """Your device is gone: the stream ends with DeviceLost."""
        self._note(NOTE_DEVICE_LOST, code)

    def lost_host(self, code: int = 0) -> None:
        """What serves your device is gone: the stream ends with HostDisconnected."""
        self._note(NOTE_HOST_LOST, code)

    def failed(self, cause: int | BaseException) -> None:
        """Your device cannot go on: the stream ends.

        Args:
            cause: The number of a native error, which BackendError tells.  Or what was raised: an AudioError ends the
                stream as it is, of anything else a BackendError is the consequence (``__cause__``).  After the stream's
                end it is logged.
        """
        if not isinstance(cause, BaseException):
            self._note(NOTE_FAILED, cause)
            return
        with self._moving:
            if not self._closed:
                self._failures.append(_as_audio_error(cause))
                self._put(NOTE_FAILED, 0)
                return
        logger().error("what moves a stream failed when that had ended", exc_info=cause)

    # --- the driver --------------------------------------------------------------------------------------------------

    def open(self, pump: Pump) -> None:
        """Keep the pump, tell the subclass."""
        self.opened()
        self._opened = self._was_opened = True
        with self._moving:
            self._pump = pump
            pump.set_latency(self._latency_nanos, self._latency_nanos)
            early, self._early = self._early, []
            for kind, code in early:
                self._put(kind, code)

    def start(self) -> None:
        """Tell the subclass."""
        self.started()

    def pause(self) -> None:
        """Tell the subclass."""
        self.held()

    def discard(self) -> None:
        """Tell the subclass."""
        self.held()

    def translate(self, note: Note) -> StreamEvent | AudioError | None:
        """Tell what was raised, and give a move the names of its devices."""
        if self._failures:  # whatever the note is: where there was room for no other, it stands for all
            return self._failures.pop(0)
        if note.kind != NOTE_MOVED:
            return None
        return self._moves.pop(0) if self._moves else UNTOLD

    def close(self) -> None:
        """No transfer after this; what was raised and not yet told is raised."""
        unheard = self._forget()
        try:
            try:
                if self._was_opened:
                    self.held()
            finally:
                self._leave()
        finally:
            if unheard is not None:
                raise unheard

    def _forget(self) -> AudioError | None:
        """The stream moves no more; an error of which it does not know."""
        with self._moving:
            opened = self._pump is not None
            self._pump, self._closed = None, True
            return self._failures.pop(0) if opened and self._failures else None

    def _leave(self) -> None:
        self._give_back()

    def _give_back(self) -> None:
        if self._opened:
            self._opened = False
            self.closed()

    def _begin_nanos(self, frames: int) -> int:
        """When the first of so many frames is at your device: they are played from now, captured until now."""
        now = clock_nanos()
        return now if self.plan.output is not None else max(0, now - frames * _NANOS // self.plan.sample_rate)

    def _room(self, frames: int) -> memoryview:
        size = frames * self._frame_bytes
        if len(self._memory) < size:
            self._memory = bytearray(size)
            self._pointers[0] = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        return memoryview(self._memory)[:size]

    def _note(self, kind: int, code: int) -> None:
        with self._moving:
            self._put(kind, code)

    def _put(self, kind: int, code: int) -> None:
        if self._pump is not None:
            core().pcmio_pump_note(self._pump.address, kind, code, 0)
        elif not self._closed:
            self._early.append((kind, code))


def clock_nanos() -> int:
    """The present, on the clock of streams that tell no other."""
    return core().pcmio_clock_nanos()


def can_convert(one: SampleFormat, other: SampleFormat) -> bool:
    """Whether the core makes samples of one format from those of the other, and the other way round."""
    return bool(core().pcmio_can_convert(one.code, other.code) and core().pcmio_can_convert(other.code, one.code))


def _as_audio_error(cause: BaseException) -> AudioError:
    if isinstance(cause, AudioError):
        return cause
    error = BackendError(f"what moves the stream raised {shown(cause)}", advice="see the error it was raised from")
    error.__cause__ = cause
    return error


def as_nanos(name: str, seconds: float) -> int:
    """Seconds that somebody gives, as ``name``.

    Raises:
        InvalidInput: They are none, or less than 0.
    """
    try:
        return StreamInstant.from_seconds(seconds).nanos
    except InvalidInput:
        raise InvalidInput(f"{name} must be 0 or more seconds, not {shown(seconds)}") from None


def _bytes_of(samples: bytes | bytearray | memoryview) -> memoryview:
    try:
        view = memoryview(samples)
        return view.cast("B") if view.nbytes else memoryview(b"")
    except TypeError:
        raise InvalidInput(f"samples must be bytes or memory in one piece, not {shown(samples)}") from None
