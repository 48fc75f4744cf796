"""Which frame is when, where time stands still: ``time_of`` and ``frame_at`` are exact to the nanosecond."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pcmio
from pcmio import InvalidInput, StreamConfig, StreamInstant
from pcmio.hosts.null import NullDeviceSpec, NullKind, SimulatedClock

RATE = 1_000
FRAMES = 10
BLOCK = FRAMES / RATE
LATENCY = 0.004
CONFIG = StreamConfig(1, RATE, FRAMES, "f32")


class Machine:
    """A device with a latency, on a clock that stands still."""

    def __init__(self, kind: NullKind = NullKind.LOOPBACK, **spec: Any) -> None:
        self.clock = SimulatedClock(1.0)
        devices = [NullDeviceSpec("card", kind, latency=LATENCY, **spec)]
        self.device: Any = pcmio.host("null", clock=self.clock, devices=devices).device_by_id("null:card")
        self.infos: list[Any] = []

    def keep(self, _frames: Any, info: Any) -> None:
        self.infos.append(info)

    def build(self, direction: str) -> Any:
        return getattr(self.device, f"build_{direction}_stream")(CONFIG, self.keep, depth=0.05)

    def run(self, blocks: int) -> None:
        self.clock.advance(blocks * BLOCK)


def at(seconds: float) -> StreamInstant:
    return StreamInstant.from_seconds(seconds)


def test_nothing_is_known_before_the_first_cycle() -> None:
    machine = Machine()
    with machine.build("output") as stream:
        assert stream.time_of(0) is None
        assert stream.frame_at(stream.now()) is None
        machine.run(1)
        assert stream.time_of(0) == at(1.0 + BLOCK + LATENCY)


def test_output_is_told_from_when_it_was_heard_to_when_it_will_be() -> None:
    machine = Machine()
    with machine.build("output") as stream:
        machine.run(10)
        begin = 1.0 + BLOCK + LATENCY
        for frame in (0, 1, 55, 99, 100, 123, 10_000):
            assert stream.time_of(frame) == at(begin + frame / RATE)
            assert stream.frame_at(at(begin + frame / RATE)) == frame
        assert stream.frame_at(at(begin - 0.001)) is None
        for info in machine.infos[6:]:  # by then the device had begun
            assert stream.time_of(info.position) == info.timestamp.device


def test_input_is_told_from_when_it_was_captured() -> None:
    machine = Machine()
    with machine.build("input") as stream:
        machine.run(10)
        begin = 1.0 + BLOCK - LATENCY
        assert len(machine.infos) == 10
        for info in machine.infos:
            assert stream.time_of(info.position) == info.timestamp.device == at(begin + info.position / RATE)
            assert stream.frame_at(info.timestamp.device) == info.position


@pytest.mark.parametrize("direction", ["output", "input"])
def test_a_pause_lies_between_two_frames(direction: str) -> None:
    machine = Machine()
    with machine.build(direction) as stream:
        machine.run(3)
        begin = stream.time_of(0)
        stream.pause()
        assert stream.time_of(29) == begin + 0.029
        assert stream.time_of(30) is None, "nobody knows how long it takes"
        machine.clock.advance(1.0)
        stream.start()
        machine.run(3)
        later = stream.time_of(30) - begin - 0.030
        assert later == pytest.approx(1.0)
        assert stream.time_of(29) == begin + 0.029
        assert stream.time_of(59) == begin + 0.059 + later
        assert stream.frame_at(begin + 0.5) == 30, "the next one to come"
    assert stream.time_of(59) == begin + 0.059 + later, "what was is known after the end, too"
    assert stream.time_of(60) is None


def test_what_stop_throws_away_leaves_the_count_as_callbacks_have_it() -> None:
    machine = Machine()
    with machine.build("output") as stream:
        machine.run(3)
        stream.stop(0)
        thrown = machine.infos[-1].position + FRAMES
        assert thrown > 30
        machine.clock.advance(1.0)
        stream.start()
        machine.run(2)
        assert stream.time_of(29) == at(1.0 + BLOCK + LATENCY + 0.029)
        begin = stream.time_of(thrown)
        assert begin == at(2.0 + 3 * BLOCK + BLOCK + LATENCY)
        assert stream.time_of(thrown + 19) == begin + 0.019
        machine.run(1)
        assert [stream.time_of(info.position) for info in machine.infos[-2:]] == [
            info.timestamp.device for info in machine.infos[-2:]
        ]


def test_what_a_pause_throws_away_of_input_has_no_number() -> None:
    machine = Machine()
    with machine.build("input") as stream:
        machine.run(3)
        machine.clock.advance(BLOCK / 2)
        stream.pause()
        machine.clock.advance(1.0)
        stream.start()
        machine.run(3)
        for info in machine.infos:
            assert stream.time_of(info.position) == info.timestamp.device


def test_lost_cycles_lie_between_two_frames() -> None:
    machine = Machine()
    with machine.build("input") as stream:
        machine.run(2)
        machine.device.skip(500)
        machine.run(3)
        machine.device.stall(0.25)
        machine.run(40)
        assert [stream.time_of(info.position) for info in machine.infos] == [
            info.timestamp.device for info in machine.infos
        ]


def test_silence_for_want_of_frames_lies_between_two_frames() -> None:
    machine = Machine(NullKind.SINK)
    with machine.device.open_writer(CONFIG, depth=0.1) as out:
        out.write(np.zeros((35, 1), np.float32))
        out.start()
        machine.run(10)
        assert out.stats.xrun_frames == 65
        assert out.time_of(35) == at(1.0 + 11 * BLOCK + LATENCY), "with the next cycle, if it comes"
        out.write(np.zeros((50, 1), np.float32))
        machine.run(2)
        begin = at(1.0 + BLOCK + LATENCY)
        assert out.time_of(34) == begin + 0.034
        assert out.time_of(35) == begin + 0.1
        assert out.time_of(54) == begin + 0.119
        assert out.frame_at(begin + 0.05) == 35
        out.stop(0)


def test_a_writer_s_frames_are_counted_as_they_were_written() -> None:
    machine = Machine(NullKind.SINK)
    with machine.device.open_writer(CONFIG, depth=0.1) as out:
        out.write(np.zeros((33, 1), np.float32))
        out.start()
        machine.run(2)
        begin = at(1.0 + BLOCK + LATENCY)
        assert out.time_of(0) == begin
        out.clear()  # within a block
        machine.clock.advance(1.0)
        out.write(np.zeros((50, 1), np.float32))
        out.start()
        machine.run(2)
        assert out.time_of(19) == begin + 0.019
        assert out.time_of(33) == at(2.0 + 2 * BLOCK + BLOCK + LATENCY)
        out.stop(0)


def test_a_writer_of_another_rate_counts_its_own_frames() -> None:
    machine = Machine(NullKind.SINK, sample_rates=(2 * RATE, 2 * RATE))
    with machine.device.open_writer(CONFIG, depth=0.1) as out:
        out.write(np.zeros((90, 1), np.float32))
        out.start()
        machine.run(2)
        begin = out.time_of(0)
        assert begin is not None
        assert out.time_of(70) == begin + 0.070
        assert out.frame_at(begin + 0.070) == 70
        out.stop(0)


def test_a_reader_can_ask_for_what_it_has_just_read_however_deep_the_ring() -> None:
    machine = Machine(NullKind.TONE)
    with machine.device.open_reader(CONFIG, depth=8.0) as mic:
        mic.start()
        machine.run(780)
        mic.read(17)
        assert mic.time_of(0) == at(1.0 + BLOCK - LATENCY)
        assert mic.time_of(7_799) == at(1.0 + BLOCK - LATENCY + 7.799)


@pytest.mark.parametrize("wrong", [-1, 1.5, "1", None, 1 << 60])
def test_what_is_no_frame_is_refused(wrong: Any) -> None:
    with Machine().build("output") as stream, pytest.raises(InvalidInput, match="frame"):
        stream.time_of(wrong)


@pytest.mark.parametrize("wrong", [0, 1.5, None])
def test_what_is_no_instant_is_refused(wrong: Any) -> None:
    with Machine().build("output") as stream, pytest.raises(InvalidInput, match="StreamInstant"):
        stream.frame_at(wrong)


def test_times_beyond_centuries_are_not_known() -> None:
    machine = Machine()
    with machine.build("output") as stream:
        machine.run(1)
        assert stream.frame_at(StreamInstant(1 << 63)) is None


@pytest.mark.parametrize("rate", [22_050, 44_100, 96_000])
@pytest.mark.parametrize("call", ["stop", "pause"])
@pytest.mark.parametrize("direction", ["output", "input"])
def test_converted_frames_have_the_times_that_their_callback_is_told(direction: str, call: str, rate: int) -> None:
    """Over new starts too, at which what a resampler held is forgotten."""
    clock, infos = SimulatedClock(1.0), []
    card = NullDeviceSpec("card", NullKind.LOOPBACK, channels=2, sample_rates=(48_000, 48_000))
    with pcmio.host("null", clock=clock, devices=[card]) as host:
        build: Any = getattr(host.device_by_id("null:card"), f"build_{direction}_stream")
        stream = build(StreamConfig(1, rate, 441), lambda _, info: infos.append(info), convert="auto")
        positions = [0]
        for _ in range(5):
            stream.start()
            for _ in range(20):
                clock.advance(0.01)
                positions.append(stream.position)
            told = infos[-1].timestamp.device
            assert abs(stream.time_of(infos[-1].position) - told) < 1 / 48_000
            assert abs(stream.frame_at(told) - infos[-1].position) <= 1
            if direction == "input":
                assert 0 < stream.position - infos[-1].position < 0.1 * rate
            _ = stream.stop(0) if call == "stop" else stream.pause()
            positions.append(stream.position)
        stream.close()
    assert positions == sorted(positions)
    assert [info.position for info in infos] == sorted({info.position for info in infos})
