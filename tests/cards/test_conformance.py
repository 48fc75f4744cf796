"""The contract on the kernel's loop card, and on alsa-lib's mixer before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pcmio.testing import CHECKS

from . import loopback

if TYPE_CHECKING:
    from pcmio.testing import Check, Rig


@pytest.mark.parametrize("rig", [loopback.CARD, loopback.DEFAULT], ids=["card", "default"])
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: str(check.__name__))
def test_the_loop_card_keeps_the_promise(check: Check, rig: Rig, capfd: pytest.CaptureFixture[str]) -> None:
    verdict = check(rig)
    assert verdict is None or verdict.startswith("not applicable: "), verdict
    assert capfd.readouterr() == ("", ""), "something was printed"
