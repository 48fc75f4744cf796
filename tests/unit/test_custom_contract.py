"""Hosts of the ready parts that only play, or only record, keep the contract.

One that loops is judged by the whole suite, in ``tests/conformance``; here are the checks to which a device's missing
direction makes a difference.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from pcmio import Direction, StreamConfig
from pcmio.custom import PacedDriver, SimpleDevice, SimpleHost
from pcmio.testing import CHECKS, Rig

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio import Host
    from pcmio.testing import Check

CONFIGS = [StreamConfig(channels, 48_000, sample_format="i16") for channels in (1, 2)]
KINDS = {"enumeration", "configs", "failures", "lifecycle"}


def kind(check: Check) -> str:
    return check.__module__.rpartition(".")[2]


OF_ONE_DIRECTION = [check for check in CHECKS if kind(check) in KINDS]


class Silence(PacedDriver):
    """Forgets what it plays, and records nothing but silence."""

    def cycle(self, frames: int) -> None:
        if self.direction is Direction.OUTPUT:
            self.play(frames)
        else:
            self.capture(bytes(frames * self.config.frame_bytes))


def player() -> SimpleHost:
    return SimpleHost("player", "Player", [SimpleDevice("player:one", outputs=CONFIGS, driver=Silence)])


def recorder() -> SimpleHost:
    return SimpleHost("recorder", "Recorder", [SimpleDevice("recorder:one", inputs=CONFIGS, driver=Silence)])


def lose_device(host: Host) -> Callable[[], None]:
    assert isinstance(host, SimpleHost)
    (device,) = host.devices()
    host.remove(device)
    return partial(host.add, device)


def lose_host(host: Host) -> Callable[[], None]:
    assert isinstance(host, SimpleHost)
    host.lose()
    return host.restore


RIGS = {
    "player": Rig(open_host=player, output="player:one", lose_device=lose_device, lose_host=lose_host, watches=True),
    "recorder": Rig(open_host=recorder, input="recorder:one", lose_host=lose_host, watches=True),
}


def test_there_are_checks_of_each_kind() -> None:
    assert {kind(check) for check in OF_ONE_DIRECTION} == KINDS


@pytest.mark.parametrize("rig", RIGS.values(), ids=list(RIGS))
@pytest.mark.parametrize("check", OF_ONE_DIRECTION, ids=lambda check: str(check.__name__))
def test_a_host_of_one_direction_keeps_its_promise(check: Check, rig: Rig) -> None:
    verdict = check(rig)
    assert verdict is None or verdict.startswith("not applicable: "), verdict
