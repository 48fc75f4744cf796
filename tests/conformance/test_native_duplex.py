"""Duplex streams with native callbacks keep on every host what those in Python keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pcmio import EndReason, StreamEnded, StreamState
from pcmio.testing import until
from pcmio.testing.duplex import build
from pcmio.testing.signals import Events
from pcmio.testing.waiting import PATIENCE_SECONDS
from tests.unit.echoing import Echoing

if TYPE_CHECKING:
    import pytest

    from pcmio.testing import Rig

_ECHOES = 4


def test_what_is_played_comes_back_at_the_announced_frame(rig: Rig, capfd: pytest.CaptureFixture[str]) -> None:
    """As exactly as the rig says, and the same after each restart."""
    if not rig.loops:
        return  # where nothing comes back the next test has to do
    slack = rig.alignment_frames if rig.pairing_frames is None else rig.pairing_frames
    echo = Echoing()
    with rig.open_host() as host, build(rig, host, echo.callback) as stream:
        for _ in range(1 + rig.duplex_restarts):
            until(lambda: stream.latency.frames > 0, "the pairing")
            announced, began = stream.latency.frames, echo.record.came_back

            def right() -> bool:
                last = echo.late[-_ECHOES:]
                new = echo.record.came_back - began >= _ECHOES  # noqa: B023
                return new and all(abs(one - announced) <= slack for one in last)  # noqa: B023

            until(right, f"echoes {announced} frames later")
            stream.stop(0)
            assert stream.latency.frames == announced
            stream.start()
        assert echo.block.frames == rig.block_frames
        assert stream.state is StreamState.RUNNING
    assert capfd.readouterr() == ("", ""), "something was printed"


def test_the_callback_ends_its_stream(rig: Rig) -> None:
    """It is called no more, and that is told once."""
    if rig.output is None or rig.input is None:
        return
    echo = Echoing(every=0, answer_at=20, answer=1)
    with rig.open_host() as host:
        stream = build(rig, host, echo.callback, events := Events())
        stream.start()
        assert stream.wait(PATIENCE_SECONDS)
        stream.close()
        assert (stream.reason, echo.calls) == (EndReason.FINISHED, 20)
        until(lambda: events.of(StreamEnded) == [StreamEnded(EndReason.FINISHED)], "the end being told")
