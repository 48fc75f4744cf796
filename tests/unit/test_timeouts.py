"""What a call's ``timeout`` may be, and that it is the whole of what a call takes."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from contextlib import suppress
from decimal import Decimal
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pcmio import InvalidInput, OperationTimeout, StreamClosed, StreamState
from pcmio._timeouts import Condition, end_of, left_of
from tests.unit.blocks_rig import Call, reader, writer
from tests.unit.stream_rig import PATIENCE, HandDriver, build, ignore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WRONG = ["1", b"1", float("nan"), [], 1j, object()]
CALLS = ["wait", "stop", "write", "drain", "read"]


@pytest.mark.parametrize("timeout", [20.25, np.float32(20.25), Decimal("20.25")])
def test_seconds_may_be_any_number(timeout: Any) -> None:
    end = end_of(timeout)
    assert end is not None
    left = left_of(end)
    assert left is not None
    assert 0.0 < left <= 20.25
    assert left_of(end, 0.01) == 0.01


@pytest.mark.parametrize("timeout", [0, -1, -float("inf"), -(10**30)])
def test_nothing_is_left_of_what_has_passed(timeout: Any) -> None:
    assert left_of(end_of(timeout)) == 0.0


@pytest.mark.parametrize("timeout", [None, float("inf"), 10**400, 1e12])
def test_longer_than_anybody_waits_is_as_long_as_it_takes(timeout: Any) -> None:
    assert end_of(timeout) is None
    assert left_of(None) is None
    assert left_of(None, 0.5) == 0.5


def call_of(name: str) -> tuple[Any, Callable[..., object]]:
    """A stream that runs, and a call of it that would wait for ever."""
    if name in ("wait", "stop"):
        stream: Any = build(HandDriver(), ignore)
        stream.start()
        return stream, getattr(stream, name)
    if name == "read":
        mic = reader(HandDriver(output=False))
        mic.start()
        return mic, lambda timeout: mic.read(8, timeout=timeout)
    out = writer(HandDriver())
    out.start()
    out.write(np.ones(8, np.int16))
    return out, out.drain if name == "drain" else lambda timeout: out.write(np.ones(400, np.int16), timeout)


@pytest.mark.parametrize("elsewhere", [False, True], ids=["main", "thread"])
@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: type(wrong).__name__)
@pytest.mark.parametrize("name", CALLS)
def test_a_timeout_is_seconds(name: str, wrong: Any, elsewhere: bool) -> None:
    stream, call = call_of(name)
    with pytest.raises(InvalidInput, match="timeout is seconds or None, not "):
        (Call(call, wrong).end if elsewhere else partial(call, wrong))()
    stream.close()


@pytest.mark.parametrize("name", CALLS)
def test_a_thread_may_wait_longer_than_its_system_counts(name: str) -> None:
    stream, call = call_of(name)
    waiting = Call(call, float("inf"))
    time.sleep(0.05)
    assert not waiting.ended
    stream.close()
    with suppress(StreamClosed):
        waiting.end()


def test_a_stop_takes_its_time_once() -> None:
    """It waits for another thread's start, for the device's beginning, and for the rest to be played."""
    inside, go_on = threading.Event(), threading.Event()

    def data(*_: object) -> None:
        inside.set()
        go_on.wait(PATIENCE)

    stream: Any = build(HandDriver(), data)
    starting = Call(stream.start)
    assert inside.wait(PATIENCE)
    given: list[float] = []

    def wait_for(_changed: object, _holds: object, timeout: float) -> bool:
        given.append(timeout)
        time.sleep(0.02)
        return False

    stream._engine.runner.wait_for = wait_for
    stream.stop(PATIENCE)
    del stream._engine.runner.wait_for
    assert len(given) >= 2
    assert all(after <= max(0.0, before - 0.02) for before, after in itertools.pairwise(given))
    go_on.set()
    starting.end()
    assert stream.state is StreamState.STOPPED
    stream.close()


def test_the_seconds_that_were_given_are_told() -> None:
    stream, call = call_of("read")
    with pytest.raises(OperationTimeout, match=r"0\.01 seconds have passed"):
        call(0.01)
    stream.close()


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def interrupted_where_the_lock_is_given_back(changed: Any) -> None:
    give_back = changed._release_save

    def given_back() -> object:
        give_back()
        raise KeyboardInterrupt

    changed._release_save = given_back


def interrupted_where_the_lock_is_taken_again(changed: Any) -> None:
    changed._acquire_restore = interrupt


def interrupted_a_little_later(changed: Any) -> None:
    interrupted_where_the_lock_is_taken_again(changed)
    regain, calls = changed._regain, itertools.count()
    changed._regain = lambda: regain() if next(calls) else interrupt()


@pytest.mark.parametrize(
    "where",
    [
        interrupted_where_the_lock_is_given_back,
        interrupted_where_the_lock_is_taken_again,
        interrupted_a_little_later,
    ],
)
def test_a_wait_that_is_interrupted_has_its_lock_again(where: Callable[[Any], None]) -> None:
    changed = Condition()
    where(changed)
    with pytest.raises(KeyboardInterrupt), changed:
        changed.wait(0.001)
    assert Call(changed.acquire).end() is True  # nobody holds it


@pytest.fixture
def alarmed() -> Iterator[Callable[[Callable[..., object]], None]]:
    """Calls something that waits, and interrupts it at any of its first moments."""
    random = Random(1)
    before = signal.signal(signal.SIGALRM, interrupt)

    def call_interrupted(call: Callable[..., object]) -> None:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, 2e-4))
        call(PATIENCE)

    yield call_interrupted
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timer that signals")
@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_is_interrupted_anywhere_says_so(name: str, alarmed: Callable[..., None]) -> None:
    """The moments in which a lock is given back are short: of hundreds of interrupts some meet one."""
    end = time.monotonic() + 2
    while time.monotonic() < end:
        stream, call = call_of(name)
        with pytest.raises(KeyboardInterrupt):
            alarmed(call)
        stream.close()
