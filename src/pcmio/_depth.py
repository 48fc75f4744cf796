"""How many blocks a ring has, and how many must be free before Python is woken.

A ring is deep for two reasons.  It must outlast the time that Python does not get its turn: beside one busy thread each turn
waits a full switch interval (5 ms), and a callback that gives the GIL up once (numpy does for copies of more than 500
elements) waits twice.  And Python is cheapest when it is woken seldom and fills several blocks each time.  So a ring holds a
*reserve*, never touched while all is well, and above it what is filled at one go.
"""

from __future__ import annotations


from pcmio._value import Value
from pcmio.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pcmio._driver import Plan

#: Seconds of the named depths.
DEPTHS = {"low": 0.008, "balanced": 0.043, "high": 0.2}
_RESERVE = 0.4  # of the depth
_LEAST_BLOCKS = {"low": 2, "balanced": 3, "high": 4}
_MOST_SECONDS = 60.0


class RingPlan(Value):
    """Blocks in the ring, and free blocks at which Python is woken."""

    blocks: int
    wake_blocks: int


def plan_ring(depth: float | str, plan: Plan) -> RingPlan:
    """The ring for a depth in seconds or by name.

    Raises:
        InvalidInput: No such name, or seconds out of range.
    """
    least = 2
    if isinstance(depth, str):
        if depth not in DEPTHS:
            raise InvalidInput(f"{depth!r} is no depth", advice=f"give seconds, or one of {', '.join(DEPTHS)}")
        seconds, least = DEPTHS[depth], _LEAST_BLOCKS[depth]
    elif isinstance(depth, (int, float)) and not isinstance(depth, bool) and 0 <= depth <= _MOST_SECONDS:  # pyright: ignore[reportUnnecessaryIsInstance]
        seconds = float(depth)
    else:
        raise InvalidInput(f"depth must be from 0 to {_MOST_SECONDS:g} seconds or a name, not {depth!r}")
    block = plan.block_frames
    wanted = -(-round(seconds * plan.sample_rate) // block)
    # The system may take a whole native cycle at once, and the next must be there while Python writes.
    native = -(-2 * plan.native_frames // block)
    blocks = max(wanted, native, least)
    reserve = max(-(-plan.native_frames // block), round(_RESERVE * blocks), 1)
    return RingPlan(blocks, max(1, blocks - reserve))
