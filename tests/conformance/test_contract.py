"""Every host keeps the contract: the checks of ``pcmio.testing``, in the order of a stream's life."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pcmio.testing import CHECKS

if TYPE_CHECKING:
    from pcmio.testing import Check, Rig


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: str(check.__name__))
@pytest.mark.usefixtures("standstills")
def test_the_host_keeps_its_promise(check: Check, rig: Rig, capfd: pytest.CaptureFixture[str]) -> None:
    verdict = check(rig)
    assert verdict is None or verdict.startswith("not applicable: "), verdict
    assert capfd.readouterr() == ("", ""), "something was printed"
