"""Streams at the pace of a clock: a thread's, or one that the test moves."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

import pcmio.custom.pace as module
from pcmio import (
    BackendError,
    Direction,
    InvalidInput,
    ResourceExhausted,
    StreamState,
)
from pcmio.custom import Pace, PacedDriver
from pcmio.testing import until
from tests.unit.pace_rig import CONFIG, NANOS, RATE, Machine, join_paces, opened, simulated
from tests.unit.stream_rig import PATIENCE

# --- what there is ----------------------------------------------------------------------------------------------------


def test_a_cycle_takes_ten_milliseconds_unless_it_is_said_how_long() -> None:
    assert Pace(44_100).frames == 441
    assert Pace(44_100, 128).frames == 128
    assert repr(Pace(44_100, 128)) == "<pcmio pace of 128 frames at 44100 Hz>"
    assert Machine().pace.frames == 480
    assert Machine().plan.native_frames == 480


@pytest.mark.parametrize(("rate", "frames"), [(0, 480), ("48000", 480), (RATE, 0), (RATE, 1.5), (RATE, 1 << 30)])
def test_a_pace_is_of_whole_numbers(rate: Any, frames: Any) -> None:
    with pytest.raises(InvalidInput):
        Pace(rate, frames)


def test_a_pace_moves_streams_of_its_own_rate() -> None:
    with pytest.raises(InvalidInput, match="at 44100 Hz> moves no stream at 48000 Hz"):
        Machine(pace=Pace(44_100))


def test_a_driver_without_a_cycle_says_so() -> None:
    clock, pace = simulated()
    stream = opened(PacedDriver(Direction.OUTPUT, CONFIG, pace=pace))
    stream.start()
    clock.advance(0.1)
    with pytest.raises(BackendError, match="PacedDriver has no cycle"):
        stream.close()


# --- simulated time ---------------------------------------------------------------------------------------------------


def test_cycles_come_when_they_are_due() -> None:
    clock, pace = simulated()
    driver = Machine(pace=pace)
    with opened(driver, depth=0.05) as stream:
        clock.advance(0.0099)
        assert driver.cycles == 0
        clock.advance(0.0001)
        assert driver.cycles == 1
        clock.advance(60.0)
        assert driver.cycles == 6001
        assert (stream.position, stream.stats.xruns) == (6001 * 480, 0)
    clock.advance(1.0)
    assert driver.cycles == 6001


def test_rounding_never_adds_up() -> None:
    clock, pace = simulated(frames=1000, rate=44_100)
    driver = Machine(config=CONFIG.replace(sample_rate=44_100), pace=pace)
    with opened(driver, depth=0.1):
        clock.advance(100.0)
        assert driver.cycles == 4_410
        assert pace.due_nanos == 4_411 * 1000 * NANOS // 44_100


def test_frames_have_the_times_at_which_they_were_due() -> None:
    clock, pace = simulated()
    heard, captured = [], []
    output, input_ = Machine(pace=pace, latency=0.25), Machine(Direction.INPUT, pace=pace)
    with opened(output) as one, opened(input_) as other:
        clock.advance(1.0)
        heard = [one.time_of(frame).seconds for frame in (0, 480, 24_000)]
        captured = [other.time_of(frame).seconds for frame in (0, 480, 24_000)]
    assert heard == pytest.approx([0.26, 0.27, 0.76])
    assert captured == pytest.approx([0.0, 0.01, 0.5])


def test_a_cycle_may_move_its_frames_in_pieces() -> None:
    clock, pace = simulated()

    class Halves(Machine):
        def move_samples(self, frames: int) -> None:
            super().move_samples(frames // 2)
            super().move_samples(frames - frames // 2)

    output, input_ = Halves(pace=pace), Halves(Direction.INPUT, pace=pace)
    with opened(output) as one, opened(input_) as other:
        clock.advance(0.5)
        assert one.time_of(10_000).seconds == pytest.approx(0.01 + 10_000 / RATE)
        assert other.time_of(10_000).seconds == pytest.approx(10_000 / RATE)


def test_outside_a_cycle_frames_have_the_present_time() -> None:
    clock, pace = simulated()
    driver = Machine(Direction.INPUT, pace=pace)
    with opened(driver) as stream:
        clock.advance(0.125)
        driver.capture(bytes(480 * 4))
        clock.advance(0.0)
        assert stream.time_of(12 * 480 + 479).seconds == pytest.approx(0.125 - 1 / RATE)


@pytest.mark.parametrize("wrong", [-1.0, float("nan"), "soon"])
def test_catching_up_is_a_matter_of_seconds(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match="catch_up must be 0 or more seconds"):
        Pace(RATE, catch_up=wrong)


def test_what_comes_late_is_made_up_for() -> None:
    clock, pace = simulated()
    driver = Machine(pace=pace)
    with opened(driver, depth=0.2) as stream:
        clock.advance(1.0)
        clock.spend(1.0)
        clock.advance(0.0)
        assert driver.cycles == 200
        assert stream.stats.xruns == 0


@pytest.mark.parametrize("direction", [Direction.OUTPUT, Direction.INPUT], ids=str)
def test_what_comes_later_is_lost_and_told(direction: Direction) -> None:
    clock, pace = simulated(catch_up=0.1)
    driver = Machine(direction, pace=pace)
    with opened(driver, depth=0.2) as stream:
        clock.advance(1.0)
        number = pace.number
        clock.spend(0.5)  # 50 cycles; the last is due now, and so on time
        clock.advance(0.0)
        assert driver.cycles == 101
        assert pace.number == number + 50
        assert (stream.stats.xruns, stream.stats.xrun_frames) == (1, 49 * 480)
        clock.advance(0.01)
        assert driver.cycles == 102


def test_a_cycle_longer_than_the_limit_may_be_late_by_less_than_itself() -> None:
    clock, pace = simulated(frames=RATE, catch_up=0.0)
    driver = Machine(pace=pace)
    with opened(driver, depth=2.0) as stream:
        clock.advance(1.0)
        clock.spend(1.9)
        clock.advance(0.1)
        assert (driver.cycles, stream.stats.xruns) == (3, 0)


def test_streams_that_share_a_pace_move_together_inputs_first() -> None:
    clock, pace = simulated()
    order: list[Direction] = []
    drivers = [
        Machine(direction, pace=pace, also=lambda driver: order.append(driver.direction))
        for direction in (Direction.OUTPUT, Direction.INPUT, Direction.OUTPUT)
    ]
    with opened(drivers[0]), opened(drivers[1]), opened(drivers[2]):
        clock.advance(0.02)
    assert order == [Direction.INPUT, Direction.OUTPUT, Direction.OUTPUT] * 2


def test_the_number_of_a_cycle_leaps_where_none_was_running() -> None:
    clock, pace = simulated()
    seen: list[int] = []
    stream = opened(Machine(pace=pace, also=lambda _: seen.append(pace.number)))
    stream.start()
    clock.advance(0.02)
    stream.pause()
    stream.start()
    clock.advance(0.02)
    stream.close()
    assert [after - before for before, after in itertools.pairwise(seen)] == [1, 2, 1]


# --- the thread -------------------------------------------------------------------------------------------------------


def test_a_thread_moves_streams_while_they_run() -> None:
    driver = Machine()
    stream = opened(driver)
    for _ in range(3):
        stream.start()
        driver.wait_for_cycles(driver.cycles + 3)
        stream.pause()
        moved = driver.cycles
        assert not [thread for thread in threading.enumerate() if thread.name == "pcmio pace"]
        assert driver.cycles == moved
    stream.close()
    assert driver.told == ["opened", *["started", "held"] * 3, "held", "closed"]


def test_the_thread_sleeps_between_cycles() -> None:
    driver = Machine()
    waits: list[object] = []
    condition = driver.pace._changed
    wait = condition.wait

    def counted(timeout: float | None = None) -> bool:
        waits.append(timeout)
        return wait(timeout)

    condition.wait = counted  # type: ignore[method-assign]
    with opened(driver):
        driver.wait_for_cycles(20)
    assert len(waits) <= 2 * driver.cycles + 5


def test_a_thread_that_was_late_goes_at_double_speed_until_it_is_not() -> None:
    begun: list[int] = []
    late: list[int] = []

    def also(driver: Machine) -> None:
        begun.append(driver.pace._moved_nanos)
        late.append(driver.pace._moved_nanos - (driver.pace.due_nanos - driver.pace._period_nanos))
        if driver.cycles == 3:
            threading.Event().wait(0.06)  # the cycle takes so long

    driver = Machine(also=also)
    half = driver.pace._period_nanos // 2
    with opened(driver, depth=0.2):
        until(lambda: any(one < half for one in late[4:]), "a cycle in time again")
    assert all(after - before >= half for before, after in itertools.pairwise(begun))
    assert late[3] >= 0.04 * NANOS


def test_a_stream_is_stopped_at_once_however_long_its_cycles_are() -> None:
    driver = Machine(pace=Pace(RATE, 60 * RATE))
    stream = opened(driver)
    stream.start()
    begin = time.monotonic()
    stream.close()
    assert time.monotonic() - begin < 10.0
    assert driver.cycles == 0


@pytest.mark.parametrize("call", ["pause", "stop", "close"])
def test_a_cycle_may_hold_its_own_stream(call: str) -> None:
    order: list[str] = []
    done = threading.Event()
    streams: list[Any] = []

    class Own(Machine):
        def closed(self) -> None:
            order.append("closed")

    def also(driver: Machine) -> None:
        if driver.cycles == 3:
            if call == "stop":
                streams[0].stop(0)
            else:
                getattr(streams[0], call)()
            order.append("cycle over")
            done.set()

    driver = Own(also=also)
    streams.append(opened(driver))
    streams[0].start()
    assert done.wait(PATIENCE)
    assert streams[0].state is not StreamState.RUNNING
    streams[0].close()
    join_paces()
    assert driver.cycles == 3
    assert order == ["cycle over", "closed"]


def test_closing_waits_for_the_cycle_that_is_under_way() -> None:
    inside, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    class Slow(Machine):
        def cycle(self, frames: int) -> None:
            del frames
            inside.set()
            go_on.wait(PATIENCE)
            order.append("cycle over")

        def closed(self) -> None:
            order.append("closed")

    stream = opened(Slow())
    stream.start()
    assert inside.wait(PATIENCE)
    timer = threading.Timer(0.1, go_on.set)
    timer.start()
    stream.close()
    timer.join()
    assert order == ["cycle over", "closed"]


def test_closing_waits_for_its_own_cycle_where_others_share_the_pace() -> None:
    inside, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    def also(_: Machine) -> None:
        inside.set()
        go_on.wait(PATIENCE)
        order.append("cycle over")

    pace = Pace(RATE)
    with opened(Machine(pace=pace)):
        stream = opened(Machine(pace=pace, also=also))
        stream.start()
        assert inside.wait(PATIENCE)
        timer = threading.Timer(0.1, go_on.set)
        timer.start()
        stream.close()
        order.append("closed")
        timer.join()
    assert order == ["cycle over", "closed"]


def test_a_cycle_that_hangs_does_not_hold_up_who_closes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_FINISH_SECONDS", 0.05)
    inside, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    class Hung(Machine):
        def cycle(self, frames: int) -> None:
            del frames
            inside.set()
            go_on.wait(PATIENCE)
            order.append("cycle over")

        def closed(self) -> None:
            order.append("closed")
            raise OSError("no room")

    stream = opened(Hung())
    stream.start()
    assert inside.wait(PATIENCE)
    stream.close()
    assert order == []
    go_on.set()
    join_paces()
    assert order == ["cycle over", "closed"]
    assert "could not give back" in caplog.text


def test_two_cycles_of_a_stream_never_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FINISH_SECONDS", 0.05)
    inside, go_on, again = threading.Event(), threading.Event(), threading.Event()
    under_way: list[int] = []
    most: list[int] = []

    class Hung(Machine):
        def cycle(self, frames: int) -> None:
            del frames
            under_way.append(1)
            most.append(len(under_way))
            if not inside.is_set():
                inside.set()
                go_on.wait(PATIENCE)
            else:
                again.set()
            under_way.pop()

    driver = Hung(pace=Pace(RATE, 48))
    with opened(driver) as stream:
        assert inside.wait(PATIENCE)
        stream.pause()
        stream.start()
        assert not again.wait(0.05)  # fifty cycles would have been due
        go_on.set()
        assert again.wait(PATIENCE)
    assert max(most) == 1


def test_a_thread_that_comes_too_late_takes_no_cycle_from_the_next_one() -> None:
    """It was about to begin one when its streams were held, and run anew."""
    pace = Pace(RATE, RATE)  # no cycle within this test
    with opened(Machine(pace=pace)):
        due, number = pace.due_nanos, pace.number
        pace._cycle(threading.current_thread())
        assert (pace.due_nanos, pace.number) == (due, number)


def test_without_a_thread_a_stream_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Machine()
    stream = opened(driver)
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "pcmio pace":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(ResourceExhausted, match="can't start new thread"):
        stream.start()
    assert driver.told == ["opened", "started", "held"]
    monkeypatch.undo()
    stream.start()
    driver.wait_for_cycles(1)
    stream.close()


_FORKING = """
import os, threading, pcmio
from pcmio.custom import Pace, PacedDriver, SimpleDevice

class Machine(PacedDriver):
    def cycle(self, frames):
        self.play(frames)
        moved.set()

pace, moved = Pace(48_000), threading.Event()
stereo = pcmio.StreamConfig(2, 48_000)
driver = lambda direction, config: Machine(direction, config, pace=pace)
device = SimpleDevice("shelf:one", outputs=[stereo], driver=driver)
stream = device.build_output_stream_raw(stereo, lambda block, info: None)
stream.start()
assert moved.wait(20)
pace._changed.acquire()  # what another thread may do at the moment of the fork
child = os.fork()
if child == 0:
    moved.clear()
    with device.build_output_stream_raw(stereo, lambda block, info: None):
        os._exit(0 if moved.wait(20) else 1)
pace._changed.release()
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
moved.clear()
assert moved.wait(20)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_begins_the_pace_anew_and_nothing_needs_to_be_closed_at_the_end() -> None:
    _run(_FORKING)


#: What other threads may do at the moment of the fork: move the stream, list the drivers, change the list of devices.
_CLOSING = """
import os, signal, pcmio
from pcmio.custom import CustomDriver, SimpleDevice, SimpleHost

stereo = pcmio.StreamConfig(2, 48_000)
device = SimpleDevice("shelf:one", outputs=[stereo], driver=CustomDriver)
host = SimpleHost("shelf", devices=[device])
stream = host.default_output_device().build_output_stream_raw(stereo, lambda block, info: None)
(driver,) = device.drivers()
held = [driver._moving, device.standing.lock, host._lock]
for lock in held:
    lock.acquire()
child = os.fork()
if child == 0:
    signal.alarm(20)
    host.close()
    driver.lost_frames(1)
    host.remove(device)
    host.lose()
    os._exit(0)
for lock in held:
    lock.release()
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert stream.reason is None
stream.close()
host.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_closes_its_parents_host_and_waits_for_none_of_its_threads() -> None:
    _run(_CLOSING)


def _run(program: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
