"""Checks that a host keeps the contract, for this package's own hosts and for those that users write.

::

    import pytest
    from pcmio.testing import CHECKS, Rig

    rig = Rig(open_host=MyHost, output="myhost:speaker", input="myhost:microphone")


    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_my_host_keeps_the_contract(check):
        check(rig)

Each check takes a ``Rig``, raises AssertionError when a promise is broken, and returns "not applicable: ..." when the
rig declares that the host lacks what it is about.  They need numpy.

For tests of programs there are fixtures, which pytest finds by itself where both are installed: ``pcmio_host`` (a
``VirtualHost`` in place of the default one), ``pcmio_clock`` (a ``SimulatedClock``) and ``pcmio_heard`` (``Heard``).

One of them puts streams through lives that were made up, and judges them by the model of a stream's states.  More of
them, with hypothesis::

    from hypothesis import given
    from pcmio.testing import LifePlan, life_plans, live


    @given(life_plans())
    def test_any_life_of_my_host_keeps_to_the_states(plan: LifePlan):
        with MyHost() as host:
            live(rig, host, plan)
"""

from __future__ import annotations

from pcmio.hosts.null import NullDeviceSpec, NullKind, SimulatedClock
from pcmio.testing import (
    blocking,
    channels,
    configs,
    data,
    duplex,
    endings,
    enumeration,
    failures,
    lifecycle,
    lifetimes,
    lives,
    native,
    oneshots,
    outcomes,
    timing,
    watching,
)
from pcmio.testing.lives import LifePlan, life_plans, live
from pcmio.testing.rig import Check, Rig
from pcmio.testing.signals import FramesLost, Noise
from pcmio.testing.virtual import Heard, VirtualHost
from pcmio.testing.waiting import until

#: Every check, in the order of a stream's life.
CHECKS: tuple[Check, ...] = (
    *enumeration.CHECKS,
    *configs.CHECKS,
    *lifecycle.CHECKS,
    *outcomes.CHECKS,
    *data.CHECKS,
    *endings.CHECKS,
    *channels.CHECKS,
    *native.CHECKS,
    *timing.CHECKS,
    *failures.CHECKS,
    *blocking.CHECKS,
    *oneshots.CHECKS,
    *duplex.CHECKS,
    *watching.CHECKS,
    *lifetimes.CHECKS,
    *lives.CHECKS,
)

__all__ = [
    "CHECKS",
    "Check",
    "FramesLost",
    "Heard",
    "LifePlan",
    "Noise",
    "NullDeviceSpec",
    "NullKind",
    "Rig",
    "SimulatedClock",
    "VirtualHost",
    "life_plans",
    "live",
    "until",
]
