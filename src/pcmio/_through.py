"""How a duplex stream lives: as an output whose ring is filled when a block of input comes.

At first it is silent: while the output plays silence and what is captured is thrown away, it is measured how the two
devices stand to each other.  Then they are paired, and from there on each block of input brings forth one of output, so
many frames later as the latency says.  What the output's device played without frames is taken from what comes next;
what was lost of the input is made up for with silence.  So the latency stays what it is.
"""

from __future__ import annotations

import ctypes
from abc import abstractmethod
from ctypes import Structure, c_uint32, c_uint64
from functools import partial

from pcmio._core import BLOCK, core
from pcmio._engine import Engine, nothing
from pcmio.duplex import DuplexInfo
from pcmio.events import ClocksDrift, EndReason, StreamState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, ClassVar

    from pcmio._converting_duplex import Between
    from pcmio._coupled import CoupledDriver, CoupledPump
    from pcmio._incoming import Incoming
    from pcmio._pairing import Pairing
    from pcmio.contract import EventCallback
    from pcmio.formats import SampleFormat

_NANOS = 1_000_000_000


class OutlookRecord(Structure):
    """``pcmio_outlook``."""

    _fields_: ClassVar = [
        ("due_nanos", c_uint64),
        ("xrun_frames", c_uint64),
        ("gap_frames", c_uint64),
        ("filled", c_uint32),
        ("reserved", c_uint32),
    ]


class Memory:
    """Blocks as the user sees them, beside those of the input's ring."""

    def __init__(self, pump: CoupledPump, driver: CoupledDriver, sample_format: SampleFormat) -> None:
        """Make those of a stream."""
        plan = driver.plan
        self.played_frame = driver.played.users_channels * sample_format.sample_bytes
        self.silence = bytearray(sample_format.silence * (plan.block_frames * driver.played.users_channels))
        self.silence_address = _address(self.silence)
        self.played = bytearray(self.silence)
        self.played_address = _address(self.played)
        self.gathered = bytearray(plan.block_frames * driver.captured.users_channels * sample_format.sample_bytes)
        #: Blocks of the ring are the user's own, if nothing is to be done to them.
        self.slots = pump.blocks
        self.code = sample_format.code
        self.channels = driver.played.users_channels


def _address(memory: bytearray) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


class PairingEngine(Engine):
    """A duplex stream, whoever moves its blocks."""

    driver: CoupledDriver
    pump: CoupledPump

    def __init__(
        self,
        driver: CoupledDriver,
        pump: CoupledPump,
        data: Callable[..., object],
        views: Sequence[Any],
        on_event: EventCallback | None,
        pairing: Pairing,
    ) -> None:
        super().__init__(driver, pump, data, views, on_event)
        self.pairing = pairing
        self._block = driver.plan.block_frames
        self._frame_nanos = _NANOS / driver.plan.sample_rate

    def device_nanos(self) -> tuple[int, int]:
        """Latencies of the input's device and of the output's."""
        return self.pump.input_latency_nanos(), self.pump.latency_nanos()

    def device_frames(self) -> int:
        """Both, in frames."""
        return round(sum(self.device_nanos()) / self._frame_nanos)

    def _judge(self, captured: float) -> None:
        """See what the measurements say; so many frames were captured since the last time."""
        pairing = self.pairing
        self._slip(pairing.verify())
        if not pairing.pass_time(captured):
            return
        grown = pairing.look()
        self._looked()
        if grown:
            self._tell(ClocksDrift(pairing.drift_ppm or 0.0, round(pairing.error)))
        if pairing.slips():
            self._slip(pairing.pair_again())

    @abstractmethod
    def _slip(self, frames: int) -> None:
        """Frames of silence are to be played, or frames of output thrown away: an xrun, like others."""

    @abstractmethod
    def _looked(self) -> None:
        """The error and the drift are known anew."""


class ThroughEngine(PairingEngine):
    """One duplex stream with a callback in Python."""

    def __init__(  # noqa: PLR0913 - what makes it up
        self,
        driver: CoupledDriver,
        pump: CoupledPump,
        data: Callable[[Any, Any, DuplexInfo], object],
        on_event: EventCallback | None,
        *,
        memory: Memory,
        views: tuple[list[Any], Any, Any],
        pairing: Pairing,
        incoming: Incoming,
        prefill: int,
        between: Between | None = None,
    ) -> None:
        """Take what the stream has made.

        Args:
            driver: Both halves.
            pump: Both.
            data: The user's callback.
            on_event: The user's, or None.
            memory: The blocks.
            views: What the callback gets: of the input's ring, of what is gathered from it, of what is to be played.
            pairing: Which frames belong together.
            incoming: What is captured, in blocks of the output's.
            prefill: Frames of silence that the output begins with.
            between: ``data``, if it converts.
        """
        super().__init__(driver, pump, nothing, views[0], on_event, pairing)
        self._pairs: Callable[[Any, Any, DuplexInfo], object] = data
        self._memory = memory
        self._gathered_view, self._played_view = views[1], views[2]
        self._incoming, self._between = incoming, between
        self._prefill = prefill
        if between is not None:
            between.goes_on, between.finishes = self._goes_on, self._will_finish
        self._whole = incoming.passes and incoming.slot_frames == self._block  # blocks pass as they are
        self._outlook = OutlookRecord()
        self._missed = self._counted = 0  # gaps and xruns of the output's device, as far as they are dealt with
        self._flush_wanted = False  # drains once what is beside the ring was put into it
        self._position = 0
        self._lost_input = self._lost_output = 0  # not told yet

    # --- starting ----------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        kept = not self._reset_due
        super()._prepare()
        self.pump.settle()
        self.pump.flush_input()
        self.pairing.begin()
        self._incoming.begin(self.pairing.stretch_wanted())
        self._incoming.stretched = 0.0
        self._put_rest(kept=kept)
        self._look()
        self._missed, self._counted = self._outlook.gap_frames, self._outlook.xrun_frames
        self._lost_input = self._lost_output = 0
        self._put_silence(self._prefill - self._outlook.filled)

    def _look(self) -> None:
        self.pump.output.outlook(self._outlook)

    def _put_silence(self, frames: int) -> None:
        while frames > 0:
            piece = min(frames, self._block)
            done = self._put(self._memory.silence_address, piece)
            frames -= done
            if done < piece:
                return

    def _put(self, address: int, frames: int) -> int:
        """Hand frames to the output's ring, as far as it has room."""
        done = self.pump.output.put(address, self._memory.code, self._memory.channels, frames)
        self.pairing.lead += done
        return done

    def serve(self) -> bool:
        """See ``Engine``."""
        goes_on = super().serve()
        if not goes_on:
            self._pairs = nothing
            if self._between is not None:
                self._between.let_go()
        return goes_on

    # --- what is beside the ring -------------------------------------------------------------------------------------

    def _goes_on(self) -> bool:
        return self._calling

    def _will_finish(self) -> None:
        with self._lock:
            self._finish = EndReason.FINISHED

    def _put_rest(self, *, kept: bool) -> None:
        """Have nothing beside the ring; what was there is in it, if that is kept."""
        self._flush_wanted = False
        if self._between is None:
            return
        rest = self._between.rest()
        if kept:
            self._put(rest.ctypes.data, len(rest))

    def _begin_drain(self) -> None:
        if self._between is None:
            super()._begin_drain()
            return
        self._drain_wanted = self._calling = False
        self._flush_wanted = True  # by whoever serves, who alone may fill the ring
        self._enter(StreamState.DRAINING)
        self.runner.kick()

    def _catch_up(self, *, prepared: bool) -> None:
        super()._catch_up(prepared=prepared)
        if self._flush_wanted and self.state is StreamState.DRAINING:
            self._attempt(self._flush)

    def _flush(self) -> None:
        self._put_rest(kept=True)
        super()._begin_drain()

    # --- a block of input has come -----------------------------------------------------------------------------------

    def _call(self, *, begun: bool) -> None:
        self._guard(partial(self._call_through, begun))

    def _call_through(self, begun: bool) -> None:  # noqa: FBT001 - once per turn, by position
        step, pump, record = self.pump.step, self.pump.address, self.pump.block_address
        memory, unpack = self.pump.block_record, BLOCK.unpack_from
        ready = begun or step(pump, 0, record)
        for _ in self._memory.slots:
            if not ready or not self._calling:
                return
            now, _, captured, _, _, lost, _, slot = unpack(memory)
            self._take(slot, now, captured, lost)
            ready = step(pump, 1, record)
        if ready:
            self.runner.kick()

    def _take(self, slot: int, now: int, captured: int, lost: int) -> None:
        self._account(lost)
        incoming, waiting = self._incoming, self._block
        if not self._whole:
            incoming.add(self._memory.slots[slot])
            waiting = incoming.frames
            # When the next frame for the callback was captured: so long before the end of this block.
            captured += round((incoming.slot_frames - waiting - incoming.held) * self._frame_nanos)
        if self._outlook.due_nanos:
            offset = (self._outlook.due_nanos - captured) / self._frame_nanos
            self.pairing.measure(offset, self._outlook.filled, incoming.stretched)
        self._judge(incoming.slot_frames)
        if not self._calling:  # an event's callback has ended or paused it
            return
        if not self.pairing.paired:
            self._wait(waiting)
            return
        if self._whole:
            self._hand_over(self._views[slot], now, captured)
            return
        while self._goes_on() and incoming.take_into(self._memory.gathered):
            self._hand_over(self._gathered_view, now, captured)
            captured += round(self._block * self._frame_nanos)

    def _account(self, lost: int) -> None:
        """What both devices lost since the last block."""
        self._count_missed()
        if lost:
            # Before a gap no whole block comes together any more.
            lost = round(self._incoming.as_output(lost)) + self._incoming.drop(self.pairing.stretch_wanted())
            self.pairing.lead -= lost
            self.pairing.disturb()
            if self.pairing.paired:  # before that nothing is given to the callback, and so nothing lacks
                self._lost_input += lost
                self._position += lost

    def _count_missed(self) -> None:
        """Silence that the output's device played meanwhile: so much of what comes next comes too late.

        But for silence in the place of frames that came too late themselves.
        """
        self._look()
        missed = self._outlook.gap_frames - self._missed
        lost = self._outlook.xrun_frames - self._counted
        if missed or lost:
            self._missed += missed
            self._counted += lost
            self._lost_output += lost
            self.pairing.lead += missed
            self.pairing.disturb()

    # --- measuring ---------------------------------------------------------------------------------------------------

    def _looked(self) -> None:
        self._incoming.stretch(self.pairing.stretch_wanted())

    def _slip(self, frames: int) -> None:
        if frames:
            self._missed += abs(frames)
            self._counted += abs(frames)
            self._lost_output += abs(frames)
            core().pcmio_pump_xrun(self.pump.output.address, abs(frames))

    def _wait(self, waiting: int) -> None:
        """Not paired yet: what was captured is thrown away, and the output plays silence."""
        pairing = self.pairing
        self._incoming.clear()
        pairing.lead -= waiting
        if pairing.settled():
            if pairing.pair(self.device_frames()):
                self._lost_output = 0
                self._put_silence(pairing.owed)
                if self._between is not None:
                    self._between.begin(pairing.total)
        else:
            self._put_silence(pairing.enough - self._outlook.filled)

    # --- the callback ------------------------------------------------------------------------------------------------

    def _hand_over(self, captured_view: Any, now: int, captured: int) -> None:
        pairing, memory = self.pairing, self._memory
        heard = captured + round((pairing.total + pairing.error) * self._frame_nanos)
        # A resampler's first frames are from before its input began, and no clock goes back that far.
        info = DuplexInfo(now, max(0, captured), heard, self._position, self._lost_input, self._lost_output)
        self._lost_input = self._lost_output = 0
        memory.played[:] = memory.silence
        self._pairs(captured_view, self._played_view, info)
        self._position += self._block
        if self._between is not None and not self._between.filled:
            return
        self._count_missed()  # the callback may have taken long
        owed = pairing.owed
        if owed > 0:
            self._put_silence(min(owed, self.pump.output.capacity - self._outlook.filled - self._block))
        late = min(max(-owed, 0), self._block)
        wanted = self._block - late
        done = self._put(memory.played_address + late * memory.played_frame, wanted)
        pairing.lead -= self._block
        if done < wanted:  # the input's clock is faster, and the ring has run over
            self._slip(wanted - done)
            self._slip(pairing.pair_again())
