"""A duplex stream whose callback gets blocks the devices do not have: they are mixed and resampled beside the rings.

Between the devices' blocks and the callback's stand two converters.  What they hold back differs from block to block,
so what is to be played waits in a queue that begins with as much silence as makes up for the worst: the *delay*, which
is added to the latency, and constant.  Both converters are given a frame for each that the devices moved, silence for
those that were lost, so that nothing but the delay ever stands between the two.
"""

from __future__ import annotations

from math import gcd

from pcmio._convert import Owed, Queue, bytes_of, held_frames, silent
from pcmio.duplex import DuplexInfo
from pcmio.errors import StopStream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pcmio._convert import Converter

_NANOS = 1_000_000_000
#: Of so many delays that would do, that is taken which makes the latency most nearly a whole number of frames.
_CHOICE = 8
#: Silence that is longer leaves nothing else in a converter.
_SILENT_FRAMES = 1 << 16


class Between:
    """What stands between the devices' blocks and the callback of one stream; called as that is."""

    def __init__(
        self,
        data: Callable[[Any, Any, DuplexInfo], object],
        captured: Converter,
        played: Converter,
        *,
        raw: bool,
    ) -> None:
        """Call ``data`` for blocks as ``captured`` makes and ``played`` takes them."""
        import numpy as np

        self._data = data
        #: Whether the callback may be called; whoever serves the stream says so.
        self.goes_on: Callable[[], bool] = _never
        #: Called once it has raised StopStream: what it has played comes after that.
        self.finishes: Callable[[], None] = _nothing
        self._in, self._out = captured, played
        config = played.given
        self._rate, self._device_rate = config.sample_rate, played.wanted.sample_rate
        self._frames = config.buffer_size.frames or 1
        self._captured: Any = np.empty((self._frames, captured.wanted.channels), captured.wanted.sample_format.dtype)
        self._played: Any = np.empty((self._frames, config.channels), config.sample_format.dtype)
        self._bytes = bytes_of(self._played)
        self._silence = config.sample_format.silence * (self._frames * config.channels)
        self._given: tuple[Any, Any] = (self._captured.view(), self._played)
        self._given[0].flags.writeable = False
        if raw:
            self._given = bytes_of(self._captured).toreadonly(), self._bytes
        self._ready, self._waiting = Queue(), Queue()  # for the callback, in its frames; for the output, in its own
        self._position = 0
        self._least = self._least_delay()
        self.delay: int | None = None  # frames of the devices'; None: not known yet, as the latency
        self._delay_nanos = 0
        #: Of the last block for the output; False: the callback was not to be called again, and all is in ``rest``.
        self.filled = False
        self._begun = False
        self._late = 0  # frames for the output that were not there when they were due
        self._lost_input = 0  # frames of the callback's that are not told yet
        self._lost_output = Owed(self._device_rate, self._rate)
        self._next = 0  # the position of the devices' next block
        self._resumes = 0  # the position of the callback's first frame after the last gap
        self._base = (0, 0)  # positions that belong together: the devices' and the callback's
        self._ends = False  # the callback has raised StopStream

    @property
    def most_waiting(self) -> int:
        """Frames that wait for the output, at most."""
        return 2 * (self._least + _CHOICE) + self._as_device(self._frames)

    def _as_device(self, frames: int) -> int:
        return -(-frames * self._device_rate // self._rate)

    def _least_delay(self) -> int:
        """After so many frames of silence those for the output are always there when they are due."""
        if self._rate == self._device_rate:
            return 0  # blocks pass one by one
        outside = held_frames(self._rate, self._device_rate) + self._frames
        return held_frames(self._device_rate, self._rate) + self._as_device(outside)

    def begin(self, total: int) -> None:
        """The devices are paired, ``total`` frames apart: what comes next is the first."""
        if self.delay is None:
            choice = range(self._least, self._least + (_CHOICE if self._least else 1))
            self.delay = min(choice, key=lambda one: _beside((total + one) * self._rate / self._device_rate))
            self._delay_nanos = self.delay * _NANOS // self._device_rate
        self.reset()
        self._waiting.put(silent(self._out.wanted, self.delay))

    def reset(self) -> None:
        """Forget what was captured and played before."""
        self._ready.clear()
        self._waiting.clear()
        self._in.reset()
        self._out.reset()
        self._begun = False
        self._late = self._lost_input = 0
        self._lost_output.clear()

    def let_go(self) -> None:
        """Forget the user's callback."""
        self._data, self.goes_on, self.finishes = _nothing, _never, _nothing

    def rest(self) -> Any:
        """What was played and is not with the devices yet; then it begins anew."""
        if not self._ends:
            self._waiting.put(self._out.rest())
        self._waiting.skip(self._late)
        left = silent(self._out.wanted, self._waiting.frames)
        self._waiting.take_into(left)
        self.reset()
        return left

    def as_own(self, frames: int) -> int:
        """Frames of the devices' in those of the callback."""
        return round(frames * self._rate / self._device_rate)

    # --- a block of the devices' -------------------------------------------------------------------------------------

    def __call__(self, captured: Any, played: Any, info: DuplexInfo) -> None:
        """Take a block of the input's and fill one of the output's, silent as yet; see ``filled``."""
        if not self._begun:
            self._begun = True
            self._base = (info.position, self._position)
            self._next, self._resumes = info.position, self._position
        lost, self._next = info.position - self._next, info.position
        if lost:
            self._hear_silence(lost)
        self._next += len(captured)
        self._lost_output.add(info.output_xrun_frames)
        self._ready.put(self._in.convert(captured))
        self._pass_over()
        while self._ready.frames >= self._frames and not self._ends and self.goes_on():
            self._call(info)
        self.filled = self.goes_on()
        if self.filled:
            self._fill(played)

    def _call(self, info: DuplexInfo) -> None:
        self._ready.take_into(self._captured)
        self._bytes[:] = self._silence
        try:
            self._data(*self._given, self._info(info))
        except StopStream:
            self._ends = True
            self.finishes()
            self._waiting.put(self._out.rest())
        else:
            self._position += self._frames
            self._waiting.put(self._out.convert(self._played))

    def _info(self, info: DuplexInfo) -> DuplexInfo:
        """For the callback's next block, from that of the devices' that is at hand."""
        rate, device_rate = self._rate, self._device_rate
        device, own = self._base
        ahead = (self._position - own) * device_rate - (info.position - device) * rate
        nanos = ahead * _NANOS // (rate * device_rate)
        captured = max(0, info.captured.nanos + nanos)
        heard = info.heard.nanos + nanos + self._delay_nanos
        lost = self._lost_output.take()
        told = DuplexInfo(info.callback.nanos, captured, heard, self._position, self._lost_input, lost)
        self._lost_input = 0
        return told

    def _fill(self, played: Any) -> None:
        self._late -= self._waiting.skip(self._late)
        missing = len(played) - self._waiting.take_into(played)
        if missing == len(played) and self._ends:
            raise StopStream
        if missing and not self._ends:
            self._late += missing
            self._lost_output.add(missing)

    # --- frames that were lost ---------------------------------------------------------------------------------------

    def _hear_silence(self, lost: int) -> None:
        """In place of frames that were lost; the output has played some in place of what belongs to them."""
        common = gcd(self._rate, self._device_rate)
        step, own_step = self._device_rate // common, self._rate // common
        steps = max(0, lost - _SILENT_FRAMES) // step  # so many would change nothing in the converters
        lost -= steps * step
        self._position += steps * own_step
        self._lost_input += steps * own_step
        self._ready.put(self._in.convert(silent(self._in.given, lost)))
        self._late += lost
        device, own = self._base
        self._resumes = own - (device - self._next) * self._rate // self._device_rate

    def _pass_over(self) -> None:
        """Frames for the callback from before the end of a gap are not captured any more, nor are their like played."""
        passed = min(self._resumes - self._position, self._ready.frames)
        if passed > 0:
            self._ready.skip(passed)
            self._waiting.put(self._out.convert(silent(self._out.given, passed)))
            self._position += passed
            self._lost_input += passed


def _beside(frames: float) -> float:
    """How far that is from a whole number."""
    return abs(frames - round(frames))


def _never() -> bool:
    return False


def _nothing(*_: object) -> None:
    """Stand in for the callback of a stream that has ended."""
