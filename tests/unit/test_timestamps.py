"""Instants, timestamps, and what a callback is told."""

from __future__ import annotations

import copy
import math
import pickle
import sys
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcmio import CallbackInfo, StreamInstant, StreamTimestamp
from pcmio.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

NANOS = 1_000_000_000
instants = st.builds(StreamInstant, st.integers(0, 1 << 62))

# --- StreamInstant ----------------------------------------------------------------------------------------------------


def test_an_instant_is_whole_nanoseconds() -> None:
    instant = StreamInstant(1_500_000_001)
    assert instant.nanos == 1_500_000_001
    assert instant.seconds == 1.500000001
    assert str(instant) == "1.500000001 s"
    assert repr(instant) == "StreamInstant(nanos=1500000001)"
    assert StreamInstant(0) == StreamInstant.ZERO


def test_numpys_integers_become_pythons() -> None:
    nanos: Any = np.uint64(2**63)
    assert type(StreamInstant(nanos).nanos) is int


@pytest.mark.parametrize("wrong", [1.0, "1", None, Decimal(1), np.float64(1), [1]], ids=repr)
def test_what_is_no_whole_number_is_no_instant(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match="an instant is a whole number of nanoseconds, not "):
        StreamInstant(wrong)


def test_no_instant_lies_before_its_clock_began() -> None:
    ways: list[Callable[[], object]] = [
        lambda: StreamInstant(-1),
        lambda: StreamInstant.from_seconds(-1e-9),
        lambda: StreamInstant.ZERO - 1,
    ]
    for make in ways:
        with pytest.raises(InvalidInput, match="cannot lie before its clock began: -"):
            make()


@pytest.mark.parametrize("seconds", [1, 1.0, np.float32(1), np.int8(1), Decimal(1), Fraction(1), True])
def test_seconds_may_be_any_number(seconds: Any) -> None:
    assert StreamInstant.from_seconds(seconds) == StreamInstant(NANOS)
    assert StreamInstant.ZERO + seconds == StreamInstant(NANOS)


@pytest.mark.parametrize(
    "wrong", [math.nan, math.inf, -math.inf, 1e300, "1", b"1", None, 1j, [], 10**400], ids=lambda wrong: f"{wrong!r:.9}"
)
def test_what_is_no_number_of_seconds_is_refused(wrong: Any) -> None:
    for use in (StreamInstant.from_seconds, StreamInstant.ZERO.__add__, StreamInstant.ZERO.__sub__):
        with pytest.raises(InvalidInput, match="is no number of seconds"):
            use(wrong)


def test_differences_are_seconds_and_sums_are_instants() -> None:
    early, late = StreamInstant(NANOS), StreamInstant(3 * NANOS)
    assert late - early == 2.0
    assert early - late == -2.0
    assert early + 2 == 2 + early == late
    assert late - 2.0 == early
    assert (late.duration_since(early), early.duration_since(late)) == (2.0, 0.0)
    moving = early
    moving += 0.5
    moving -= 0.25
    assert moving == StreamInstant(1_250_000_000)


def test_instants_are_not_added_to_instants_nor_compared_with_numbers() -> None:
    one: Any = StreamInstant(1)
    mistakes: list[Callable[[], object]] = [
        lambda: one + one,
        lambda: one < 1,
        lambda: one >= 1.0,
        lambda: one > None,
        lambda: one <= "x",
        lambda: one - StreamTimestamp(one, one),
        lambda: 1.0 - one,
    ]
    for wrong in mistakes:
        with pytest.raises(TypeError):
            wrong()
    assert one != 1
    assert one == mock.ANY


@given(instants, instants)
def test_instants_are_ordered_as_their_nanoseconds(one: StreamInstant, other: StreamInstant) -> None:
    assert (one < other, one <= other, one > other, one >= other, one == other) == (
        one.nanos < other.nanos,
        one.nanos <= other.nanos,
        one.nanos > other.nanos,
        one.nanos >= other.nanos,
        one.nanos == other.nanos,
    )
    assert max(one, other).nanos == max(one.nanos, other.nanos)


@given(instants, st.integers(0, 10**15))
def test_going_forth_and_back_by_whole_microseconds_is_exact(instant: StreamInstant, micros: int) -> None:
    seconds = micros / 1e6
    assert instant + seconds - seconds == instant
    assert math.isclose((instant + seconds) - instant, seconds, rel_tol=1e-12, abs_tol=1e-9)


@given(st.floats(0, 1e9))
def test_seconds_are_rounded_to_the_nearest_nanosecond(seconds: float) -> None:
    instant = StreamInstant.from_seconds(seconds)
    assert abs(Fraction(instant.nanos, NANOS) - Fraction(seconds)) <= Fraction(seconds) / 2**52 + Fraction(1, 2 * NANOS)


# --- StreamTimestamp and CallbackInfo ---------------------------------------------------------------------------------


def test_a_timestamp_is_two_instants() -> None:
    timestamp = StreamTimestamp(StreamInstant(1), device=StreamInstant(5))
    assert timestamp.device - timestamp.callback == 4e-9
    assert pickle.loads(pickle.dumps(timestamp)) == timestamp


def test_a_callback_is_told_time_place_and_losses() -> None:
    info = CallbackInfo(10, 30, 480, 64)
    assert info.timestamp == StreamTimestamp(StreamInstant(10), StreamInstant(30))
    assert (info.position, info.xrun, info.xrun_frames) == (480, True, 64)
    assert not CallbackInfo(10, 30, 480, 0).xrun
    assert repr(info) == (
        "CallbackInfo(position=480, xrun_frames=64, timestamp=StreamTimestamp(callback=StreamInstant(nanos=10), "
        "device=StreamInstant(nanos=30)))"
    )


@pytest.mark.parametrize("name", ["position", "xrun_frames", "xrun", "timestamp", "anything"])
def test_what_a_callback_is_told_cannot_be_changed(name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(CallbackInfo(1, 2, 3, 4), name, 5)


def test_infos_are_equal_when_all_is() -> None:
    info = CallbackInfo(1, 2, 3, 4)
    assert info == CallbackInfo(1, 2, 3, 4)
    assert hash(info) == hash(CallbackInfo(1, 2, 3, 4))
    assert all(info != CallbackInfo(*other) for other in ((0, 2, 3, 4), (1, 0, 3, 4), (1, 2, 0, 4), (1, 2, 3, 0)))
    assert info != (1, 2, 3, 4)
    assert info == mock.ANY


def test_infos_can_be_made_differently_and_sent() -> None:
    info = CallbackInfo(1, 2, 3, 4)
    assert info.replace(position=9) == CallbackInfo(1, 2, 9, 4)
    assert info.replace(xrun_frames=0) == CallbackInfo(1, 2, 3, 0)
    assert info.replace() == info
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(info, protocol)) == info
    assert copy.copy(info) == copy.deepcopy(info) == info
    if sys.version_info >= (3, 13):
        assert copy.replace(info, position=9) == info.replace(position=9)


def test_infos_match_patterns() -> None:
    match CallbackInfo(1, 2, 3, 4):
        case CallbackInfo(position, xrun_frames=4):
            assert position == 3
        case _:
            pytest.fail("no match")
