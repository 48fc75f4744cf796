"""Any life of a real stream is one that the model of the states allows: Null on both clocks, and a host of a user's."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

import pcmio
from pcmio.hosts.null import SimulatedClock
from pcmio.testing import LifePlan, Rig, life_plans, live
from pcmio.testing.lifetimes import holdings, left_behind
from tests.conformance.custom_loop import WireHost

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager

LIVES = 150
_TICK_SECONDS = 0.002


@contextmanager
def null() -> Generator[Rig]:
    yield Rig(open_host=partial(pcmio.host, "null"), output="null:loopback", input="null:loopback")


@contextmanager
def simulated() -> Generator[Rig]:
    """Somebody moves the clock while the stream's owner waits."""
    clock, over = SimulatedClock(), threading.Event()

    def tick() -> None:
        while not over.wait(_TICK_SECONDS / 4):
            clock.advance(_TICK_SECONDS)

    ticker = threading.Thread(target=tick)
    ticker.start()
    try:
        yield Rig(open_host=partial(pcmio.host, "null", clock=clock), output="null:loopback", input="null:loopback")
    finally:
        over.set()
        ticker.join()


@contextmanager
def custom() -> Generator[Rig]:
    yield Rig(open_host=WireHost, output="wire:loop", input="wire:loop")


# Derandomized: the same lives each time, so that a life that fails here fails for whoever looks.
_SETTINGS = settings(
    max_examples=LIVES, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)


@pytest.mark.parametrize("provider", [null, simulated, custom], ids=lambda provider: str(provider.__name__))
def test_any_life_keeps_to_the_states_and_leaves_nothing(provider: Callable[[], AbstractContextManager[Rig]]) -> None:
    with provider() as rig, rig.open_host() as host:
        live(rig, host, LifePlan("output", (("start", "stop(0)"),)))
        before = holdings()

        @_SETTINGS
        @given(life_plans())
        def lives(plan: LifePlan) -> None:
            live(rig, host, plan)

        lives()
        left_behind(before)
