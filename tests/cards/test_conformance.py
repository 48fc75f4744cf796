"""The contract on the kernel's loop card, and on alsa-lib's mixer before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pcmio.testing import CHECKS, watching

from . import loopback

if TYPE_CHECKING:
    from pcmio.testing import Check, Rig


#: Watching is the host's, whatever is played to: the mixer's rig would tell the same once more.
CASES = [
    pytest.param(check, rig, id=f"{check.__name__}-{name}")
    for check in CHECKS
    for name, rig in (("card", loopback.CARD), ("default", loopback.DEFAULT))
    if name == "card" or check not in watching.CHECKS
]


@pytest.mark.parametrize(("check", "rig"), CASES)
def test_the_loop_card_keeps_the_promise(check: Check, rig: Rig, capfd: pytest.CaptureFixture[str]) -> None:
    verdict = check(rig)
    assert verdict is None or verdict.startswith("not applicable: "), verdict
    assert capfd.readouterr() == ("", ""), "something was printed"
