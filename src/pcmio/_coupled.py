"""Two native halves that are one for the engine: an input's and an output's driver and pump, served by one thread."""

from __future__ import annotations

from pcmio._core import SETTLE_NANOS, TURN_NOTES, CorePump, Wakeup
from pcmio._driver import UNTOLD, Driver, Mode
from pcmio.errors import UnsupportedOperation
from pcmio.events import VolumeChanged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pcmio._driver import Loudness, Note, Plan, Pump, Side
    from pcmio.callbacks import NativeCallback
    from pcmio.errors import AudioError
    from pcmio.events import StreamEvent
    from pcmio.formats import SampleFormat
    from pcmio.stats import StreamStats

_NOBODY_WAITS = 0xFFFFFFFF


class CoupledPump(CorePump):
    """The input's pump, whose blocks wake whoever serves; beside it the output's, whose ring is filled meanwhile."""

    def __init__(
        self,
        output: Plan,
        input_: Plan,
        sample_format: SampleFormat,
        blocks: tuple[int, int],
        callback: NativeCallback | None = None,
    ) -> None:
        """Make both; ``blocks`` are those of the output's ring and of the input's, which a ``callback`` takes."""
        wakeup = Wakeup()
        super().__init__(input_, sample_format, blocks[1], 1, callback, wakeup)
        self.output = CorePump(output, sample_format, blocks[0], 1, wakeup=wakeup)
        self.output.want(_NOBODY_WAITS)
        self.is_of_output = False  # the note that was taken last
        self._seen: Note | None = None

    def begin(self, *, calling: bool) -> int:
        """As in ``CorePump``, for the notes of both."""
        found = super().begin(calling=calling)
        if self._seen is None:
            self._seen = self.output.take_note()
        return found if self._seen is None else found | TURN_NOTES

    def take_note(self) -> Note | None:
        """The oldest note of the output, then of the input."""
        note = self._seen or self.output.take_note()
        self._seen, self.is_of_output = None, note is not None
        return note or super().take_note()

    def set_mode(self, mode: int) -> None:
        """For both; an input has nothing to drain."""
        if mode == Mode.DRAINING:
            super().set_mode(Mode.IDLE)
            # A native callback that is at work still fills the ring that is to be drained; one that hangs does not.
            self._core.pcmio_pump_settle(self._pump, SETTLE_NANOS)
            self.output.set_mode(mode)
            return
        self.output.set_mode(mode)
        super().set_mode(mode)

    def settle(self) -> None:
        """For both."""
        self.output.settle()
        super().settle()

    def reset(self) -> None:
        """For both."""
        self.output.reset()
        super().reset()

    def set_gain(self, amplitude: float) -> None:
        """Of what is played."""
        self.output.set_gain(amplitude)

    def position(self) -> int:
        """Of the output."""
        return self.output.position()

    def filled(self) -> int:
        """Of the output."""
        return self.output.filled()

    def latency_nanos(self) -> int:
        """Of the output."""
        return self.output.latency_nanos()

    def time_of(self, frame: int) -> int | None:
        """Of the output."""
        return self.output.time_of(frame)

    def frame_at(self, nanos: int) -> int | None:
        """Of the output."""
        return self.output.frame_at(nanos)

    def input_latency_nanos(self) -> int:
        """Of the input."""
        return super().latency_nanos()

    def stats(self) -> StreamStats:
        """Of both: blocks and callbacks are the input's pump's, which hands them out; what is lost is added up."""
        output, input_ = self.output.stats(), super().stats()
        return input_.replace(
            frames=output.frames,
            xruns=output.xruns + input_.xruns,
            xrun_frames=output.xrun_frames + input_.xrun_frames,
            low_water=output.low_water,
            wakes=output.wakes + input_.wakes,
            cycles=output.cycles,
            cycle_max=max(output.cycle_max, input_.cycle_max),
        )


class CoupledDriver(Driver):
    """Both native halves; a failure of either is one of the stream."""

    def __init__(self, output: Driver, input_: Driver) -> None:
        """Couple two that are negotiated and not open."""
        played, captured = output.plan.output, input_.plan.input
        if played is None or captured is None:
            raise UnsupportedOperation("a duplex stream needs both directions")
        self.output, self.input = output, input_
        self.played: Side = played
        self.captured: Side = captured
        self._pump: Any = None
        self.plan = output.plan.replace(input=input_.plan.input)

    def open(self, pump: Pump) -> None:
        """The output first: where both share a card's one format, it has chosen it."""
        self._pump = pump
        self.output.realtime = self.input.realtime = self.realtime
        self.output.open(self._pump.output)
        self.input.open(pump)

    def start(self) -> None:
        """The input first: what it captures before the output runs is lost without a loss."""
        self.input.start()
        try:
            self.output.start()
        except BaseException:
            self.input.discard()
            raise

    def pause(self) -> None:
        """Hold both."""
        try:
            self.output.pause()
        finally:
            self.input.discard()

    def discard(self) -> None:
        """Hold both."""
        try:
            self.output.discard()
        finally:
            self.input.discard()

    def drain(self) -> bool:
        """Only an output has something to play."""
        return self.output.drain()

    def close(self) -> None:
        """Both, whatever one says."""
        close_both(self.output, self.input)

    def idle(self) -> None:
        """Both may have something to do."""
        self.output.idle()
        self.input.idle()

    def loudness(self) -> Loudness | None:
        """The output's."""
        return self.output.loudness()

    def set_loudness(self, wanted: Loudness) -> None:
        """The output's."""
        self.output.set_loudness(wanted)

    def translate(self, note: Note) -> StreamEvent | AudioError | None:
        """As the half understands it that the note is of."""
        half = self.output if self._pump.is_of_output else self.input
        told = half.translate(note)
        self.denied_reason = half.denied_reason
        if half is self.input and isinstance(told, VolumeChanged):
            return UNTOLD  # it is not what stream.volume means
        return told


def close_both(output: Driver, input_: Driver) -> None:
    """Whatever one says."""
    try:
        output.close()
    finally:
        input_.close()
