"""The interpreter's switch interval: who asks for a shorter one gets it, and it is given back."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio import _switching
from pcmio.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

USUAL = 0.004


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    """Another interval than Python's own, so that nobody takes that for what was there."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(USUAL)
    yield
    assert _switching._wishes == []
    sys.setswitchinterval(before)


def now() -> Any:
    return pytest.approx(sys.getswitchinterval())


def test_the_interval_is_shorter_inside_the_block_and_as_before_after_it() -> None:
    with pcmio.switch_interval(0.001):
        assert now() == 0.001
    assert now() == USUAL
    with pcmio.switch_interval():
        assert now() == 0.0005
    assert now() == USUAL


def test_asking_alone_changes_nothing() -> None:
    asked = pcmio.switch_interval(0.001)
    assert now() == USUAL
    assert repr(asked) == "<pcmio.switch_interval 0.001 s>"


def test_it_is_given_back_after_an_error() -> None:
    with pytest.raises(KeyError), pcmio.switch_interval(0.001):
        raise KeyError
    assert now() == USUAL


def test_blocks_may_be_nested_and_the_shortest_holds() -> None:
    with pcmio.switch_interval(0.002):
        with pcmio.switch_interval(0.0005):
            assert now() == 0.0005
            with pcmio.switch_interval(0.001):
                assert now() == 0.0005
            assert now() == 0.0005
        assert now() == 0.002
    assert now() == USUAL


def test_one_block_may_be_entered_again() -> None:
    with pcmio.switch_interval(0.001) as same:
        with same:
            assert now() == 0.001
        assert now() == 0.001
    assert now() == USUAL


def test_a_longer_one_is_no_wish() -> None:
    with pcmio.switch_interval(1.0):
        assert now() == USUAL
    assert now() == USUAL


def test_blocks_of_several_threads_may_overlap_in_any_order() -> None:
    entered, go_on = threading.Event(), threading.Event()

    def other() -> None:
        with pcmio.switch_interval(0.001):
            entered.set()
            go_on.wait(20)

    thread = threading.Thread(target=other)
    with pcmio.switch_interval(0.0005):
        thread.start()
        assert entered.wait(20)
        assert now() == 0.0005
    assert now() == 0.001  # the other, which began later, goes on
    go_on.set()
    thread.join()
    assert now() == USUAL


def test_many_threads_at_once_leave_it_as_it_was() -> None:
    def enter_and_leave(seconds: float) -> None:
        for _ in range(200):
            with pcmio.switch_interval(seconds):
                assert sys.getswitchinterval() <= seconds + 1e-6

    threads = [threading.Thread(target=enter_and_leave, args=(0.0005 * (n + 1),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert now() == USUAL


def test_what_the_program_sets_inside_a_block_stays() -> None:
    with pcmio.switch_interval(0.001):
        sys.setswitchinterval(0.01)
    assert now() == 0.01
    with pcmio.switch_interval(0.001):
        sys.setswitchinterval(0.01)
        with pcmio.switch_interval(0.0005):
            assert now() == 0.0005
        assert now() == 0.001  # the outer block's wish, which is shorter than what the program has set
    assert now() == 0.01


def test_less_than_the_interpreter_can_is_what_it_can() -> None:
    with pcmio.switch_interval(1e-12):
        assert 0 < sys.getswitchinterval() <= 2e-6
    assert now() == USUAL


@pytest.mark.parametrize("wrong", [0, -1, 0.0, float("nan"), float("inf"), "0.001", None, True])
def test_no_time_is_an_error(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match="a switch interval is "):
        pcmio.switch_interval(wrong)
    assert now() == USUAL


def test_streams_never_change_it() -> None:
    with pcmio.host("null") as host:
        device = host.device_by_id("null:sink")
        config = pcmio.StreamConfig(2, 48_000, 480)
        with device.build_output_stream_raw(config, lambda *_: None) as stream:
            stream.wait(0.05)
            assert now() == USUAL
    assert now() == USUAL
