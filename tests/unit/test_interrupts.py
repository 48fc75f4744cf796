"""Ctrl-C that comes while something is half done."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pcmio._interrupts import interruptibly, tell_interrupt, to_its_end, uninterrupted

if TYPE_CHECKING:
    from collections.abc import Iterator


def ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


class Opened:
    closed = 0

    @to_its_end
    def close(self) -> None:
        tell_interrupt()
        self.closed += interruptibly(lambda: 1)


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    """The program's own, which is there again whatever happens."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_it_is_told_when_the_call_has_come_to_its_end() -> None:
    steps: list[int] = []

    @uninterrupted
    def call() -> None:
        steps.append(1)
        ctrl_c()
        steps.append(2)

    with pytest.raises(KeyboardInterrupt):
        call()
    assert steps == [1, 2]


def test_what_was_opened_is_closed_since_nobody_gets_it() -> None:
    opened = Opened()

    @uninterrupted
    def make() -> Opened:
        ctrl_c()
        return opened

    with pytest.raises(KeyboardInterrupt):
        make()
    assert opened.closed == 1


def test_a_call_inside_another_is_a_part_of_it() -> None:
    inner = uninterrupted(ctrl_c)
    steps: list[str] = []

    @uninterrupted
    def outer() -> None:
        inner()
        steps.append("went on")

    with pytest.raises(KeyboardInterrupt):
        outer()
    assert steps == ["went on"]


@pytest.mark.parametrize("before_it_waits", [False, True])
def test_it_ends_a_wait(before_it_waits: bool) -> None:
    steps: list[str] = []

    @uninterrupted
    def call() -> None:
        if before_it_waits:
            ctrl_c()
        interruptibly(ctrl_c if not before_it_waits else lambda: steps.append("waited"))
        steps.append("went on")

    with pytest.raises(KeyboardInterrupt):
        call()
    assert steps == []


def test_it_is_told_between_two_steps_of_a_wait() -> None:
    @uninterrupted
    def call() -> None:
        ctrl_c()
        tell_interrupt()
        pytest.fail("went on")

    with pytest.raises(KeyboardInterrupt):
        call()


def test_what_closes_is_not_ended_where_it_waits() -> None:
    steps: list[int] = []

    @to_its_end
    def close() -> None:
        ctrl_c()
        tell_interrupt()
        steps.append(interruptibly(lambda: 1))

    with pytest.raises(KeyboardInterrupt):
        close()
    assert steps == [1]


def test_a_second_one_is_told_at_once() -> None:
    @uninterrupted
    def call() -> None:
        ctrl_c()
        ctrl_c()
        pytest.fail("went on")

    with pytest.raises(KeyboardInterrupt):
        call()


def test_a_handler_that_does_not_raise_is_called_all_the_same() -> None:
    told: list[int] = []
    opened = Opened()

    @uninterrupted
    def make() -> Opened:
        ctrl_c()
        return opened

    before = signal.signal(signal.SIGINT, lambda number, frame: told.append(number))
    made = make()
    signal.signal(signal.SIGINT, before)
    assert told == [signal.SIGINT]
    assert made is opened
    assert opened.closed == 0


def test_a_handler_that_was_set_meanwhile_stays() -> None:
    def other(*_: object) -> None: ...

    before = signal.getsignal(signal.SIGINT)
    uninterrupted(lambda: signal.signal(signal.SIGINT, other))()
    assert signal.getsignal(signal.SIGINT) is other
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("ignored", [signal.SIG_IGN, signal.SIG_DFL])
def test_where_nothing_raises_nothing_is_changed(ignored: signal.Handlers) -> None:
    before = signal.signal(signal.SIGINT, ignored)
    inside = uninterrupted(lambda: signal.getsignal(signal.SIGINT))()
    signal.signal(signal.SIGINT, before)
    assert inside is ignored


def test_another_signal_that_raises_takes_nothing_with_it() -> None:
    """As a test's time limit does."""

    @uninterrupted
    def call() -> None:
        ctrl_c()
        raise TimeoutError

    with pytest.raises(KeyboardInterrupt) as caught:
        call()
    assert isinstance(caught.value.__context__, TimeoutError)


def test_other_threads_are_left_alone() -> None:
    inside: list[Any] = []
    get = uninterrupted(lambda: inside.append(signal.getsignal(signal.SIGINT)))
    thread = threading.Thread(target=to_its_end(get))
    thread.start()
    thread.join()
    assert inside == [signal.default_int_handler]
