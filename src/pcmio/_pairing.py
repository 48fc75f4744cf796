"""Which frame of an output belongs to which of an input: where both are in time, and what is to be made up for.

All is counted in frames.  The *offset* is the time from the moment when the next frame of the input was captured to the
one when the next frame of the output will be heard.  The *lead* counts what the output got (frames put, and silence
that the device played for want of them) less what was taken from the input.  Their difference depends on nothing that
is put or taken: it tells how the two devices stand to each other, and changes only as their clocks drift apart, or with
frames that nobody has counted.  A stream is paired when its lead is such that the offset is the latency.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

#: So many measurements are needed, and so many are enough however much they differ.
_FEWEST, _MOST = 8, 64
_SPREAD_FRAMES = 0.25  # half of them lie within it where a host knows its times exactly
_SETTLE_SECONDS = 0.5  # what is known after that has to do
_LONGEST_SECONDS = 2.0  # that a start waits for that, however often frames are lost meanwhile
_WINDOW_SAMPLES, _WINDOW_SECONDS = 16, 0.25
_POINTS = 240  # windows that tell the drift: a minute
_FEWEST_POINTS = 8
_FASTEST_DRIFT = 0.002  # what is faster is none
#: What is one frame off, and not only a measurement that was rounded the other way.
_SHIFT_FRAMES = 0.75
_SERVO_SECONDS = 4.0  # in which an error is corrected
_MOST_STRETCH = 0.005
_MILLION = 1_000_000


class Pairing:
    """Of one duplex stream."""

    def __init__(self, rate: int, block: int, level: int, inside: int, period: int) -> None:
        """Know nothing yet.

        Args:
            rate: Frames per second.
            block: Frames of a block.
            level: Frames that the output's ring is to hold when a block of input comes.
            inside: Latency that is pcmio's own, if nothing speaks against it.
            period: Frames of a block or of a device's cycle, whichever is longer.
        """
        self.total = 0  # the latency; 0: not known
        self.lead = 0
        self.goal = 0  # what the lead has to be
        self.paired = False
        self.error = 0.0  # of the latency, as measured last
        self.drift_ppm: float | None = None
        self._rate, self._block, self._inside = rate, block, inside
        self._low = max(0, level - block // 2)  # with less the latency would be too short to be kept
        self._limit = max(1, period / 2)  # an error worth telling; twice as much is not let grow
        self._recent: deque[float] = deque(maxlen=_MOST)
        self._level = float("-inf")  # of the output's ring, at a lead of 0
        self._window: list[tuple[float, float]] = []
        self._window_frames = self._elapsed = self._since = self._begun = 0.0
        self._points: deque[tuple[float, float]] = deque(maxlen=_POINTS)
        self._verifying = self._again = False  # whether the pairing holds; whether that is to be asked once more
        self._far = self._told = False

    def begin(self) -> None:
        """The devices start anew: nothing of what was measured holds any more, but the latency."""
        self.lead = 0
        self.paired = self._verifying = self._again = False
        self._level = float("-inf")
        self._begun = self._elapsed
        self._points.clear()
        self._forget()

    def disturb(self) -> None:
        """Frames were lost, perhaps more or fewer than were counted: it is measured again."""
        if self._verifying:
            self._again = True  # what was measured in between is as good: it must come to an end
            return
        self._verifying = self.paired
        self._forget()

    def _forget(self) -> None:
        self._recent.clear()
        self._window.clear()
        self._window_frames = self._since = 0.0
        self.error = 0.0
        self._far = self._told = False

    @property
    def owed(self) -> int:
        """Frames of silence that the output needs; negative: frames of output that come too late."""
        return self.goal - self.lead

    @property
    def enough(self) -> int:
        """Frames that the output's ring needs once a block of input was taken."""
        return self._low + self._block

    # --- measuring ---------------------------------------------------------------------------------------------------

    def measure(self, offset: float, level: int, stretch: float) -> None:
        """Take note of where both are.

        Args:
            offset: See above.
            level: Frames in the output's ring.
            stretch: Frames by which the input was made shorter than it came, until now.
        """
        standing = offset - self.lead
        self._recent.append(standing)
        self._level = max(self._level, level - self.lead)
        self._window.append((standing, standing + stretch))

    def pass_time(self, frames: float) -> bool:
        """So many frames were captured; whether it is time to look at what was measured."""
        self._elapsed += frames
        self._since += frames
        self._window_frames += frames
        return (
            self.paired
            and not self._verifying
            and len(self._window) >= _WINDOW_SAMPLES
            and self._window_frames >= _WINDOW_SECONDS * self._rate
        )

    def settled(self) -> bool:
        """Whether enough is known to pair, or to say whether the pairing still holds."""
        count = len(self._recent)
        if count and not self.paired and self._elapsed - self._begun >= _LONGEST_SECONDS * self._rate:
            return True  # a device that does not come to rest
        if count < _FEWEST:
            return False
        ordered = sorted(self._recent)
        spread = ordered[count * 3 // 4] - ordered[count // 4]
        return spread < _SPREAD_FRAMES or count == _MOST or self._since >= _SETTLE_SECONDS * self._rate

    # --- pairing -----------------------------------------------------------------------------------------------------

    def pair(self, device_frames: int) -> bool:
        """Find the latency, or keep the one that was found; False: the output is still too far ahead.

        Args:
            device_frames: Latency that is the devices'.
        """
        standing = _middle(self._recent)
        total = self.total or device_frames + self._inside
        missing = self._low - (self._level + round(total - standing))
        if missing > 0:  # some devices tell less latency than they have
            total += -(-round(missing) // self._block) * self._block
        goal = round(total - standing)
        if goal < self.lead:
            return False
        self.total, self.goal = total, goal
        self.paired = True
        self._forget()
        return True

    def verify(self) -> int:
        """After a disturbance, once enough is known: frames by which the count was wrong; they are owed from now on."""
        if not self._verifying or not self.settled():
            return 0
        self._verifying, self._again = self._again, False
        wrong = self.pair_again()
        if wrong:  # not by drift
            self._points.clear()
        self._forget()
        return wrong

    def pair_again(self) -> int:
        """Have the latency right by what was measured last; frames by which it was wrong."""
        if not self._recent:
            return 0
        wrong = self.total - _middle(self._recent) - self.goal
        if abs(wrong) <= _SHIFT_FRAMES:
            return 0
        self.goal += round(wrong)
        if self._has_leapt():
            self._points.clear()
        self._forget()
        return round(wrong)

    def _has_leapt(self) -> bool:
        """Whether the two moved against each other as no clocks do: then the line goes on at another place."""
        steps = pairwise(self._points)
        return any(abs(y - before) > _FASTEST_DRIFT * (x - since) for (since, before), (x, y) in steps)

    # --- drift -------------------------------------------------------------------------------------------------------

    def look(self) -> bool:
        """See what the last measurements tell; whether the error has grown to half a period, which is said once."""
        self.error = _middle([standing for standing, _ in self._window]) - (self.total - self.goal)
        raw = _middle([one for _, one in self._window])
        self._points.append((self._elapsed - self._window_frames / 2, raw))
        self._window.clear()
        self._window_frames = 0.0
        if len(self._points) >= _FEWEST_POINTS:
            self.drift_ppm = _slope(self._points) * _MILLION
        far = abs(self.error) >= self._limit
        grown = far and self._far and not self._told  # twice: one may be a machine that was busy
        self._far = far
        self._told = self._told or grown
        return grown

    def slips(self) -> bool:
        """Whether the error has grown so far that frames have to be lost now."""
        return self._told and abs(self.error) >= 2 * self._limit

    def stretch_wanted(self) -> float:
        """Frames to take from the input for each that is handed on, so that the error goes."""
        more = (self.drift_ppm or 0.0) / _MILLION + self.error / (self._rate * _SERVO_SECONDS)
        return 1 + min(max(more, -_MOST_STRETCH), _MOST_STRETCH)


def _middle(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def _slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the straight line that fits best."""
    count = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
