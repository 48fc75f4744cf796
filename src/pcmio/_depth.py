"""How many blocks a ring has, and how many must be free before Python is woken.

A ring is deep for two reasons.  It must outlast the time that Python does not get its turn: beside one busy thread each
turn waits a full switch interval (5 ms), and a callback that gives the GIL up once (numpy does for copies of more than
500 elements) waits twice.  And Python is cheapest when it is woken seldom and fills several blocks each time.  So a
ring holds a *reserve*, not touched while all is well, and above it what is filled at one go.

A depth in seconds is a wish for safety: nearly all of it is reserve.  The named ones weigh latency, safety and CPU.
"""

from __future__ import annotations

from math import nan

from pcmio._value import Value, shown
from pcmio.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pcmio._driver import Plan

#: By name: seconds, how many of them are reserve, and the fewest blocks.
DEPTHS = {"low": (0.008, 0.004, 2), "balanced": (0.053, 0.021, 3), "high": (0.2, 0.15, 4)}
_RESERVE_OF_SECONDS = 0.85
_MOST_SECONDS = 60.0


class RingPlan(Value):
    """Blocks in the ring, and free blocks at which Python is woken."""

    blocks: int
    wake_blocks: int


#: For a native callback, which fills or takes a block at the moment when it is due.
ONE_BLOCK = RingPlan(1, 1)


def plan_ring(depth: float | str, plan: Plan) -> RingPlan:
    """The ring for a depth in seconds or by name.

    Raises:
        InvalidInput: No such name, or seconds out of range.
    """
    seconds, reserve_seconds, least = _seconds(depth)
    block = plan.block_frames
    # The system may take a whole native cycle at once, and the next must be there while Python writes.
    native = _blocks(2 * plan.native_frames, block)
    blocks = max(_blocks(seconds * plan.sample_rate, block), native, least)
    reserve = max(_blocks(reserve_seconds * plan.sample_rate, block), _blocks(plan.native_frames, block), 1)
    return RingPlan(blocks, max(1, blocks - reserve))


def _seconds(depth: float | str) -> tuple[float, float, int]:
    """Seconds, how many of them are reserve, and the fewest blocks."""
    if isinstance(depth, str):
        if depth not in DEPTHS:
            raise InvalidInput(f"{shown(depth)} is no depth", advice=f"give seconds, or one of {', '.join(DEPTHS)}")
        return DEPTHS[depth]
    try:
        seconds = nan if isinstance(depth, bool) else float(depth)
    except (TypeError, ValueError, OverflowError):
        seconds = nan
    if not 0 <= seconds <= _MOST_SECONDS:
        raise InvalidInput(
            f"depth must be from 0 to {_MOST_SECONDS:g} seconds or one of {', '.join(DEPTHS)}, not {shown(depth)}"
        )
    return seconds, seconds * _RESERVE_OF_SECONDS, 2


def _blocks(frames: float, block_frames: int) -> int:
    """Whole blocks that hold ``frames``."""
    return -(-round(frames) // block_frames)
