"""How deep a ring is."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pcmio._depth import DEPTHS, RingPlan, plan_ring
from pcmio._driver import Plan
from pcmio.errors import InvalidInput

plans = st.builds(
    Plan,
    sample_rate=st.integers(1, 1 << 26),
    block_frames=st.integers(1, 1 << 24),
    native_frames=st.integers(1, 1 << 24),
)
depths = st.floats(0, 60) | st.sampled_from(sorted(DEPTHS))


def plan(block: int, native: int | None = None, rate: int = 48_000) -> Plan:
    return Plan(sample_rate=rate, block_frames=block, native_frames=block if native is None else native)


@given(depths, plans)
@example(0.0, plan(1))
@example(60.0, plan(1, rate=1 << 26))
@example("low", plan(1 << 24, 1))
@example("low", plan(1, 1 << 24))
def test_a_ring_always_can_be_filled_and_waited_for(depth: float | str, granted: Plan) -> None:
    ring = plan_ring(depth, granted)
    assert 1 <= ring.wake_blocks <= ring.blocks
    assert ring.blocks >= 2
    assert type(ring.blocks) is type(ring.wake_blocks) is int


@given(depths, plans)
def test_a_ring_holds_two_native_cycles(depth: float | str, granted: Plan) -> None:
    ring = plan_ring(depth, granted)
    assert ring.blocks * granted.block_frames >= 2 * granted.native_frames


@given(depths, plans)
def test_a_ring_is_as_deep_as_asked_and_no_deeper_than_it_must_be(depth: float | str, granted: Plan) -> None:
    seconds, least = (DEPTHS[depth][0], DEPTHS[depth][2]) if isinstance(depth, str) else (depth, 2)
    frames = plan_ring(depth, granted).blocks * granted.block_frames
    needed = max(round(seconds * granted.sample_rate), 2 * granted.native_frames, least * granted.block_frames)
    assert needed <= frames < needed + granted.block_frames


@given(depths, plans)
def test_what_is_left_when_python_is_woken_lasts_a_native_cycle(depth: float | str, granted: Plan) -> None:
    ring = plan_ring(depth, granted)
    left = (ring.blocks - ring.wake_blocks) * granted.block_frames
    assert left >= min(granted.native_frames, (ring.blocks - 1) * granted.block_frames)


@given(st.floats(0, 30), st.floats(0, 30), plans)
def test_more_seconds_are_never_shallower(one: float, more: float, granted: Plan) -> None:
    assert plan_ring(one, granted).blocks <= plan_ring(one + more, granted).blocks


def test_named_depths_rise() -> None:
    rings = [plan_ring(name, plan(128)) for name in ("low", "balanced", "high")]
    assert rings == sorted(rings, key=lambda ring: ring.blocks)
    assert [ring.blocks * 128 / 48_000 for ring in rings] == pytest.approx([0.008, 0.053, 0.2], abs=128 / 48_000)


def test_the_default_depth_at_usual_block_sizes_outlasts_two_switch_intervals() -> None:
    for block in (64, 128, 256, 441, 480, 512):
        ring = plan_ring("balanced", plan(block))
        assert (ring.blocks - ring.wake_blocks) * block / 48_000 >= 0.010


@pytest.mark.parametrize("seconds", [1, np.float32(1), np.float64(1), np.int64(1), Decimal(1), Fraction(1)])
def test_seconds_may_be_any_number(seconds: Any) -> None:
    assert (
        plan_ring(seconds, plan(480))
        == plan_ring(1.0, plan(480))
        == RingPlan(100, plan_ring(1.0, plan(480)).wake_blocks)
    )


@pytest.mark.parametrize("wrong", ["", "deep", "LOW", "1.0", "x" * 500])
def test_an_unknown_name_says_which_there_are(wrong: str) -> None:
    with pytest.raises(InvalidInput, match="is no depth; give seconds, or one of low, balanced, high") as caught:
        plan_ring(wrong, plan(480))
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("wrong", [-1e-9, 60.1, math.nan, math.inf, -math.inf, True, None, b"low", [1], 1j, 10**400])
def test_seconds_out_of_range_say_the_range(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match="depth must be from 0 to 60 seconds or one of low, balanced, high, not "):
        plan_ring(wrong, plan(480))
