"""What goes wrong in a cycle reaches the stream's owner."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import pytest

import pcmio.custom.pace as module
from pcmio import BackendError, DeviceLost, EndReason, InvalidInput, StreamState
from tests.unit.pace_rig import Halting, Machine, join_paces, opened, simulated
from tests.unit.stream_rig import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable


def raising(error: BaseException) -> Callable[[Machine], None]:
    def also(driver: Machine) -> None:
        if driver.cycles == 2:
            raise error

    return also


@pytest.mark.parametrize("wrong", [ValueError("disk full"), SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_what_a_cycle_raises_is_what_the_owner_gets(wrong: BaseException, capfd: pytest.CaptureFixture[str]) -> None:
    driver = Machine(also=raising(wrong))
    stream = opened(driver)
    stream.start()
    with pytest.raises(BackendError, match="what moves the stream raised") as caught:
        stream.wait(PATIENCE)
    assert caught.value.__cause__ is wrong
    assert stream.reason is EndReason.FAILED
    assert driver.cycles == 2
    stream.close()
    assert driver.told == ["opened", "started", "held", "closed"]
    assert capfd.readouterr() == ("", "")


def test_an_error_of_pcmios_kind_ends_the_stream_as_it_is() -> None:
    wrong = DeviceLost("the cable was pulled", advice="plug it in")
    stream = opened(Machine(also=raising(wrong)))
    stream.start()
    with pytest.raises(DeviceLost, match="cable was pulled") as caught:
        stream.wait(PATIENCE)
    assert caught.value is wrong
    assert stream.reason is EndReason.DEVICE_LOST


def test_others_of_the_same_pace_go_on_when_one_fails() -> None:
    clock, pace = simulated()
    good, bad = Machine(pace=pace), Machine(pace=pace, also=raising(ValueError("full")))
    with opened(good) as stream:
        failing = opened(bad)
        failing.start()
        clock.advance(0.05)
        assert (good.cycles, bad.cycles) == (5, 2)
        assert stream.state is StreamState.RUNNING
        with pytest.raises(BackendError):
            failing.close()


def test_an_error_while_the_stream_is_being_closed_is_not_lost() -> None:
    halting = Halting(ValueError("disk full"))
    stream = opened(Machine(also=halting))
    stream.start()
    assert halting.inside.wait(PATIENCE)
    timer = threading.Timer(0.1, halting.go_on.set)
    timer.start()
    with pytest.raises(BackendError) as caught:
        stream.close()
    timer.join()
    assert isinstance(caught.value.__cause__, ValueError)


class Stuck(Machine):
    """Cannot be held."""

    def held(self) -> None:
        super().held()
        raise BackendError("no brake")


@pytest.mark.parametrize("wrong", [None, ValueError("disk full")])
def test_what_cannot_be_held_is_given_back_all_the_same(wrong: Exception | None) -> None:
    clock, pace = simulated()
    driver = Stuck(pace=pace)
    stream = opened(driver)
    stream.start()
    clock.advance(0.01)
    if wrong is not None:
        driver.failed(wrong)
    with pytest.raises(BackendError) as caught:
        driver.close()
    assert driver.told == ["opened", "started", "held", "closed"]
    assert pace.drivers == []
    if wrong is None:
        assert "no brake" in str(caught.value)
    else:
        assert caught.value.__cause__ is wrong
        assert "no brake" in str(caught.value.__context__)
    with pytest.raises(BackendError):
        stream.close()


def test_a_cycle_that_moves_the_clock_is_refused_and_does_not_hang() -> None:
    clock, pace = simulated()
    stream = opened(Machine(pace=pace, also=lambda _: clock.advance(0.01)))
    stream.start()
    moving = threading.Thread(target=clock.advance, args=(0.05,), daemon=True)
    moving.start()
    moving.join(PATIENCE)
    assert not moving.is_alive()
    with pytest.raises(InvalidInput, match=r"return from cycle\(\) first"):
        stream.wait(PATIENCE)


def test_an_interrupt_while_a_clock_is_moved_ends_the_stream_and_is_raised() -> None:
    clock, pace = simulated()
    stream = opened(Machine(pace=pace, also=raising(KeyboardInterrupt())))
    stream.start()
    with pytest.raises(KeyboardInterrupt):
        clock.advance(0.05)
    with pytest.raises(BackendError, match="KeyboardInterrupt"):
        stream.wait(PATIENCE)


def test_an_error_after_the_streams_end_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_FINISH_SECONDS", 0.05)
    halting = Halting(ValueError("disk full"))
    stream = opened(Machine(also=halting))
    stream.start()
    assert halting.inside.wait(PATIENCE)
    stream.close()
    with caplog.at_level(logging.ERROR, "pcmio"):
        halting.go_on.set()
        join_paces()
    assert "disk full" in caplog.text
