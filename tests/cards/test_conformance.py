"""The contract on the kernel's loop card, and on alsa-lib's mixer before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pcmio.testing import CHECKS

from . import loopback

if TYPE_CHECKING:
    from pcmio.testing import Check, Rig


#: A stream that begins at some moments of the mixer's period is heard twice from its fourth block on, 128 frames apart,
#: after an xrun that was none.  Whose fault that is (alsa-lib 1.2.8's dmix, snd-aloop, or the core's) is not known yet.
HEARD_TWICE = (
    "odd_pieces_pass_the_loop_unchanged",
    "arrays_pass_the_loop_unchanged",
    "short_sounds_are_heard_whole",
    "clear_silences_and_writing_goes_on",
    "tasks_pass_the_loop_unchanged",
    "an_array_is_played_and_another_recorded",
    "what_is_played_and_recorded_is_aligned",
    "arrays_are_awaited",
)


@pytest.mark.parametrize("rig", [loopback.CARD, loopback.DEFAULT], ids=["card", "default"])
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: str(check.__name__))
def test_the_loop_card_keeps_the_promise(
    check: Check, rig: Rig, capfd: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    if rig is loopback.DEFAULT and check.__name__ in HEARD_TWICE:
        request.node.add_marker(pytest.mark.xfail(reason="dmix may play a stream twice", strict=False))
    verdict = check(rig)
    assert verdict is None or verdict.startswith("not applicable: "), verdict
    assert capfd.readouterr() == ("", ""), "something was printed"
