"""The contract on the kernel's loop card."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pcmio.testing import CHECKS

from .loopback import RIG

if TYPE_CHECKING:
    from pcmio.testing import Check


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: str(check.__name__))
def test_the_loop_card_keeps_the_promise(check: Check, capfd: pytest.CaptureFixture[str]) -> None:
    verdict = check(RIG)
    assert verdict is None or verdict.startswith("not applicable: "), verdict
    assert capfd.readouterr() == ("", ""), "something was printed"
