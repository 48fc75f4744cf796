"""Streams at the pace of a clock: for what has no pace of its own, such as files, networks and simulations.

Cycles are due at times that are counted from the start, so lateness never adds up.  A thread that comes late makes up
for it at double speed, which gives streams' threads the time to fill and empty their rings.  When it comes very late,
the cycles that it missed are lost, which is told as an xrun.  Frames have the times at which they were due, not those
at which the thread happened to move them.
"""

from __future__ import annotations

import os
import threading

from pcmio._clock import Served
from pcmio._log import logger
from pcmio._timeouts import Condition
from pcmio._value import shown
from pcmio.configs import MOST_FRAMES, BufferSize, SupportedBufferSize, whole
from pcmio.custom.driver import CustomDriver, as_nanos, clock_nanos
from pcmio.descriptions import Direction
from pcmio.errors import InvalidInput, ResourceExhausted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pcmio._clock import SimulatedClock
    from pcmio._driver import Pump
    from pcmio.configs import StreamConfig
    from pcmio.formats import SampleFormat

#: A busy machine is late by less; one that slept is late by more.
_CATCH_UP_SECONDS = 1.0
#: Holding a stream does not wait longer for a cycle that hangs.
_FINISH_SECONDS = 1.0
_NANOS = 1_000_000_000
_MOST_RATE = 1 << 26


class Pace:
    """A clock, and a thread while any of its streams runs: it calls ``cycle`` of each, one after the other.

    Streams that share a pace move together, inputs before outputs: what is played in one cycle can be captured in the
    next, which is when it was heard.

    Args:
        sample_rate: Frames per second, of all its streams.
        frames: Of a cycle; None: 10 ms.
        catch_up: Seconds by which it may be late and make up for it.  When it is later, and by more than a cycle, the
            cycles that it missed are lost.
        clock: A ``SimulatedClock`` that moves the streams in place of a thread and of the machine's clock.

    Attributes:
        sample_rate: As given.
        frames: Of a cycle.
        number: Of the cycle that is under way, or was last: one more each time, and more than that where cycles were
            lost, or no stream had been running.

    Raises:
        InvalidInput: No number of frames, of frames per second, or of seconds.
    """

    def __init__(
        self,
        sample_rate: int,
        frames: int | None = None,
        *,
        catch_up: float = _CATCH_UP_SECONDS,
        clock: SimulatedClock | None = None,
    ) -> None:
        self.sample_rate = whole("sample_rate", sample_rate, _MOST_RATE)
        usual = BufferSize.BALANCED.resolve(self.sample_rate, SupportedBufferSize.UNKNOWN).frames
        self.frames = whole("frames", usual if frames is None else frames, MOST_FRAMES)
        self.clock = clock
        self.number = 0
        self._period_nanos = self.frames * _NANOS // self.sample_rate
        self._late_nanos = max(self._period_nanos, as_nanos("catch_up", catch_up))
        self._make()

    def _make(self) -> None:
        self._process = os.getpid()
        self._changed = Condition()
        self._open: list[PacedDriver] = []
        self._running: list[PacedDriver] = []  # in the order in which they move
        self._thread: threading.Thread | None = None
        self._busy: PacedDriver | None = None  # whose cycle is under way,
        self._mover = 0  # and in which thread
        self._begun_nanos = self._moved_nanos = 0  # the clock when the pace began, and at the last cycle
        self._cycles = 0  # that were due since

    def __repr__(self) -> str:
        return f"<pcmio pace of {self.frames} frames at {self.sample_rate} Hz>"

    @property
    def now_nanos(self) -> int:
        """The present, on the clock of its streams."""
        return clock_nanos() if self.clock is None else self.clock.nanos

    # --- for its drivers ---------------------------------------------------------------------------------------------

    def join(self, driver: PacedDriver) -> None:
        """A stream is opened."""
        if self._process != os.getpid():  # a fork's child has not the thread, nor the streams, and maybe a held lock
            self._make()
        with self._changed:
            self._open.append(driver)

    def run(self, driver: PacedDriver) -> None:
        """A stream starts; the first sets the clock going.

        Raises:
            ResourceExhausted: There is no thread to be had.
        """
        with self._changed:
            if driver in self._running:
                return
            first = not self._running
            self._running.append(driver)
            self._running.sort(key=_order)
            if not first:
                return
            self._begun_nanos, self._moved_nanos, self._cycles = self.now_nanos, 0, 0
            self.number += 1
            if self.clock is not None:
                self.clock.add(self)
                return
            thread = threading.Thread(target=self._run, name="pcmio pace", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                self._running.remove(driver)
                raise ResourceExhausted(f"no thread to move a stream: {error}", advice="close others") from error
            self._thread = thread

    def hold(self, driver: PacedDriver) -> None:
        """A stream holds: no cycle of it begins any more.  Waits for one that is under way, unless called from it."""
        with self._changed:
            thread = self._remove(driver)
            inside = self._mover == threading.get_ident()
            if not inside:
                self._changed.wait_for(lambda: self._busy is not driver, _FINISH_SECONDS)
        if thread is not None and not inside:
            thread.join(_FINISH_SECONDS)

    def leave(self, driver: PacedDriver) -> bool:
        """A stream is closed; False: a cycle of it is still under way, and its ``over`` is called afterwards."""
        with self._changed:
            if driver in self._open:
                self._open.remove(driver)
            return self._busy is not driver

    def _remove(self, driver: PacedDriver) -> threading.Thread | None:
        """The thread that ends, if that was the last stream."""
        if driver not in self._running:
            return None
        self._running.remove(driver)
        if self._running:
            return None
        if self.clock is not None:
            self.clock.remove(self)
        thread, self._thread = self._thread, None
        self._changed.notify_all()
        return thread

    # --- time --------------------------------------------------------------------------------------------------------

    @property
    def due_nanos(self) -> int:
        """When the next cycle is due."""
        return self._begun_nanos + (self._cycles + 1) * self.frames * _NANOS // self.sample_rate

    @property
    def drivers(self) -> list[PacedDriver]:
        """Of its open streams."""
        return list(self._open)

    def _run(self) -> None:
        with self._changed:  # whoever made the thread knows it by now
            me = threading.current_thread()
        while self._await(me):
            self._cycle(me)

    def _await(self, me: threading.Thread) -> bool:
        """Wait until a cycle is to begin; False: none is, in this thread."""
        with self._changed:
            while self._thread is me:
                if self._busy is not None:  # a thread that was here before has not come back from its last cycle
                    self._changed.wait()
                    continue
                begins = max(self.due_nanos, self._moved_nanos + self._period_nanos // 2)
                left = begins - self.now_nanos
                if left <= 0:
                    return True
                self._changed.wait(left / _NANOS)
            return False

    def cycle(self) -> None:
        """One cycle, for a simulated clock."""
        self._cycle(None)

    def _cycle(self, me: threading.Thread | None) -> None:
        with self._changed:
            if self._thread is not me:
                return  # streams were held meanwhile, and run anew: the next cycle is that of another thread
            now = self.now_nanos
            late = now - self.due_nanos
            lost = late // self._period_nanos if late > self._late_nanos else 0
            self._cycles += lost
            due = self.due_nanos
            self._cycles += 1
            self.number += 1 + lost
            self._moved_nanos = now
            running = list(self._running)
        for driver in running:
            if lost:
                driver.lost_frames(lost * self.frames)
            self._move(driver, due, me)

    def _move(self, driver: PacedDriver, due: int, me: threading.Thread | None) -> None:
        with self._changed:
            if self._thread is not me or driver not in self._running:
                return
            self._busy, self._mover = driver, threading.get_ident()
        try:
            driver.move(due)
        except BaseException as error:  # whatever it is, it belongs to the stream's owner
            with self._changed:
                self._remove(driver)
            driver.failed(error)
            if me is None and isinstance(error, KeyboardInterrupt):
                raise  # it was meant for whoever moves the clock
        finally:
            with self._changed:
                self._busy, self._mover = None, 0
                over = driver not in self._open
                self._changed.notify_all()
            if over:
                driver.over()


class PacedDriver(CustomDriver):
    """A driver with a thread that calls ``cycle`` at a steady pace while the stream runs.

    What ``cycle`` raises ends the stream, and is what the stream's owner gets: an AudioError as it is, of anything else
    a BackendError is the consequence.  Pausing, stopping and closing wait for a cycle that is under way, a second at
    most, and not at all when a cycle calls them.

    Args:
        direction: OUTPUT or INPUT.
        config: What the stream was asked for.
        pace: Shared with others that are to move together; None: its own, 10 ms for a cycle.
        native_format: Of the samples that you give and take; the core converts.  None: the stream's own.
        latency: Seconds between you and the converter.

    Raises:
        InvalidInput: The pace has another rate than the stream.
    """

    def __init__(
        self,
        direction: Direction,
        config: StreamConfig,
        *,
        pace: Pace | None = None,
        native_format: SampleFormat | None = None,
        latency: float = 0.0,
    ) -> None:
        self.pace = pace = Pace(config.sample_rate) if pace is None else pace
        if pace.sample_rate != config.sample_rate:
            raise InvalidInput(
                f"{shown(pace)} moves no stream at {config.sample_rate} Hz", advice="share a pace at one rate only"
            )
        super().__init__(direction, config, native_format=native_format, native_frames=pace.frames, latency=latency)
        self.served = Served()
        if pace.clock is not None:
            self.plan = self.plan.replace(clock=0, clock_cell=pace.clock.address)
        self._stamp_nanos: int | None = None  # of the next frame of a cycle that is under way

    # --- for you to override -----------------------------------------------------------------------------------------

    def cycle(self, frames: int) -> None:
        """Move so many frames: take them with ``play``, or give them to ``capture``."""
        raise NotImplementedError(f"{type(self).__name__} has no cycle(frames)")

    # --- the driver --------------------------------------------------------------------------------------------------

    def open(self, pump: Pump) -> None:
        """Join the pace."""
        super().open(pump)
        self.served.kick = pump.wake
        self.pace.join(self)

    def start(self) -> None:
        """Run, from the next cycle on."""
        super().start()
        try:
            self.pace.run(self)
        except BaseException:
            self.held()
            raise

    def pause(self) -> None:
        """No more cycles."""
        self.pace.hold(self)
        super().pause()

    def discard(self) -> None:
        """No more cycles."""
        self.pace.hold(self)
        super().discard()

    def idle(self) -> None:
        """Tell a simulated clock."""
        self.served.round_done()

    def close(self) -> None:
        """No more cycles, and the pace forgets it."""
        self.served.finish()
        self.pace.hold(self)
        super().close()

    def _leave(self) -> None:
        if self.pace.leave(self):
            self._give_back()

    # --- for the pace ------------------------------------------------------------------------------------------------

    def move(self, due_nanos: int) -> None:
        """One cycle: an output's frames are played from then on, an input's were captured until then."""
        span = 0 if self.plan.output is not None else self.pace.frames * _NANOS // self.pace.sample_rate
        self._stamp_nanos = max(0, due_nanos - span)
        try:
            self.cycle(self.pace.frames)
        finally:
            self._stamp_nanos = None

    def over(self) -> None:
        """The cycle has ended during which the stream was closed; nobody waits any more."""
        try:
            self._give_back()
        except Exception:  # noqa: BLE001 - there is nobody left to tell
            logger().exception("a stream that has ended could not give back what it held")

    def _begin_nanos(self, frames: int) -> int:
        begin = self._stamp_nanos
        if begin is None:
            now = self.pace.now_nanos
            return now if self.plan.output is not None else max(0, now - frames * _NANOS // self.plan.sample_rate)
        self._stamp_nanos = begin + frames * _NANOS // self.plan.sample_rate
        return begin


def _order(driver: PacedDriver) -> bool:
    return driver.direction is Direction.OUTPUT
