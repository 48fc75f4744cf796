"""What a stream measures of itself, on a clock that only the test moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio import InvalidInput, StreamConfig, _core
from pcmio.hosts.null import NullDeviceSpec, NullHost, NullKind, SimulatedClock

if TYPE_CHECKING:
    from collections.abc import Callable

RATE = 1_000
FRAMES = 10
BLOCK = FRAMES / RATE
CONFIG = StreamConfig(1, RATE, FRAMES, "i16")
SMALL = NullDeviceSpec("small", NullKind.LOOPBACK, cycle_sizes=(3,))


class Machine:
    """A null host on a clock that stands still; each callback takes what is next in ``takes``, then no time."""

    def __init__(self) -> None:
        self.clock = SimulatedClock(1.0)
        host = pcmio.host("null", clock=self.clock, devices=[NullDeviceSpec("loop", NullKind.LOOPBACK), SMALL])
        assert isinstance(host, NullHost)
        self.host = host
        self.takes: list[float] = []
        self.calls = 0

    def data(self, _frames: Any, _info: Any) -> None:
        self.calls += 1
        if self.takes:
            self.clock.spend(self.takes.pop(0))

    def build(self, direction: str, data: Callable[..., object] | None = None, device: str = "null:loop") -> Any:
        build = getattr(self.host.device_by_id(device), f"build_{direction}_stream")
        return build(CONFIG, data or self.data, depth=0.05)


@pytest.mark.parametrize("direction", ["output", "input"])
def test_a_callback_is_measured_to_the_nanosecond(direction: str) -> None:
    machine = Machine()
    with machine.build(direction) as stream:
        machine.clock.advance(3 * BLOCK)
        assert (stream.stats.callback_mean, stream.stats.load_max) == (0.0, 0.0)
        before = stream.stats.blocks
        machine.takes = [0.001, 0.004, 0.0025]
        machine.clock.advance(5 * BLOCK)
        stats = stream.stats
    assert stats.blocks == machine.calls > before
    assert stats.callback_max == 0.004
    assert stats.load_max == pytest.approx(0.4)
    assert stats.callback_mean == pytest.approx(0.0075 / stats.blocks)
    assert stats.load_mean == pytest.approx(0.0075 / BLOCK / stats.blocks)


def test_a_callback_longer_than_its_block_is_a_load_above_one() -> None:
    machine = Machine()
    with machine.build("output") as stream:
        machine.takes = [0.025]
        machine.clock.advance(BLOCK)
        assert stream.stats.load_max == 2.5
        assert stream.stats.xruns == 0


def test_a_callback_that_raises_is_no_block() -> None:
    machine = Machine()

    def data(*_: object) -> None:
        machine.clock.spend(0.5)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), machine.build("output", data) as stream:
        machine.clock.advance(BLOCK)
    assert (stream.stats.blocks, stream.stats.callback_max) == (0, 0.0)


def test_what_an_event_callback_takes_is_not_the_callback_s() -> None:
    machine = Machine()

    def on_event(_: object) -> None:
        machine.clock.spend(0.5)

    device: Any = machine.host.device_by_id("null:loop")
    with device.build_output_stream(CONFIG, machine.data, on_event, depth=0.05, realtime="never") as stream:
        machine.clock.advance(BLOCK)
        device.tell(_core.NOTE_BUFFER_CHANGED, 0, 77)
        machine.clock.advance(2 * BLOCK)
        assert stream.now().seconds > 1.5
        assert stream.stats.callback_max == 0.0


def test_the_low_water_mark_is_what_the_ring_held_at_least() -> None:
    machine = Machine()
    with machine.build("output", device="null:small") as stream:
        assert stream.stats.low_water is None
        machine.clock.advance(0.003)
        assert stream.stats.low_water == 50
        machine.clock.advance(1.0)
        low = stream.stats.low_water
        assert low is not None
        assert 37 <= low <= 50
        machine.clock.advance(1.0)
        assert stream.stats.low_water == low
        stream.pause()
        stream.start()
        assert stream.stats.low_water is None


def test_the_low_water_mark_of_an_input_is_the_room_that_it_had_at_least() -> None:
    machine = Machine()
    with machine.build("input", device="null:small") as stream:
        machine.clock.advance(0.003)
        assert stream.stats.low_water == 50
        machine.clock.advance(1.0)
        assert stream.stats.low_water == 50 - 9  # one frame less than a block waits for the cycle that completes it
        assert stream.stats.xruns == 0


@pytest.mark.parametrize("direction", ["output", "input"])
def test_a_lost_frame_is_counted_beside_the_times(direction: str) -> None:
    machine = Machine()
    with machine.build(direction) as stream:
        machine.clock.advance(5 * BLOCK)
        loop: Any = machine.host.device_by_id("null:loop")
        loop.skip(77)
        machine.clock.advance(5 * BLOCK)
        assert (stream.stats.xruns, stream.stats.xrun_frames) == (1, 77)


def test_a_thread_that_is_there_at_once_has_no_delay_in_simulated_time() -> None:
    machine = Machine()
    with machine.build("output") as stream:
        machine.clock.advance(100 * BLOCK)
        stats = stream.stats
        assert stats.wakes > 0
        assert (stats.wake_delay_mean, stats.wake_delay_max) == (0.0, 0.0)


def test_a_real_thread_takes_its_time() -> None:
    device = pcmio.host("null").device_by_id("null:sink")
    with device.build_output_stream(StreamConfig(1, 48_000, 48), lambda *_: None) as stream:
        while stream.stats.wakes < 5:
            stream.wait(0.05)
        stats = stream.stats
    assert 0 < stats.wake_delay_mean <= stats.wake_delay_max
    assert 0 < stats.callback_mean <= stats.callback_max


def test_time_that_is_spent_does_not_run_backwards() -> None:
    clock = SimulatedClock(1.0)
    clock.spend(0.5)
    clock.advance(0.0)
    assert clock.seconds == 1.5
    with pytest.raises(InvalidInput, match="time runs forward"):
        clock.spend(-1)
