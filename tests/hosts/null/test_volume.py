"""Volume and mute where pcmio keeps them: in its own pump."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import pcmio
from pcmio import InvalidInput, StreamClosed, StreamConfig, UnsupportedOperation
from pcmio.hosts.null import NullDeviceSpec, NullKind, SimulatedClock

RATE = 1_000
FRAMES = 10
BLOCK = FRAMES / RATE


class Machine:
    """A loop on a clock that stands still: what is played is a constant, what is recorded is kept."""

    def __init__(self, sample_format: str = "f32", level: float = 0.5) -> None:
        self.clock = SimulatedClock()
        self.config = StreamConfig(1, RATE, FRAMES, sample_format)
        spec = NullDeviceSpec("loop", NullKind.LOOPBACK, sample_formats=(self.config.sample_format,))
        self.device: Any = pcmio.host("null", clock=self.clock, devices=[spec]).device_by_id("null:loop")
        self.level = level
        self.heard: list[Any] = []
        self.output = self.device.build_output_stream(self.config, self.play, depth=0.05)
        self.input = self.device.build_input_stream(self.config, self.take, depth=0.05)

    def play(self, frames: Any, _info: Any) -> None:
        frames[:] = self.level

    def take(self, frames: Any, _info: Any) -> None:
        self.heard += frames[:, 0].tolist()

    def record(self, blocks: int) -> list[float]:
        """What is heard next."""
        self.heard.clear()
        self.clock.advance(blocks * BLOCK)
        return self.heard


def test_a_stream_begins_as_it_comes() -> None:
    machine = Machine()
    assert (machine.output.volume, machine.output.muted, machine.output.volume_is_native) == (1.0, False, False)


def test_a_volume_that_was_set_before_the_start_holds_from_the_first_frame() -> None:
    machine = Machine()
    machine.output.volume = 0.25
    with machine.input, machine.output:
        assert machine.record(3) == [0.125] * 3 * FRAMES
    assert machine.output.volume == 0.25


def test_a_change_is_a_slope_of_one_block() -> None:
    machine = Machine(level=1.0)
    with machine.input, machine.output as stream:
        machine.record(2)
        stream.volume = 0.0
        slope = machine.record(3)
        np.testing.assert_allclose(slope[:FRAMES], 1 - np.arange(1, FRAMES + 1) / FRAMES, atol=1e-6)
        assert slope[FRAMES - 1 :] == [0.0] * (2 * FRAMES + 1)


def test_muted_is_silent_and_keeps_the_volume() -> None:
    machine = Machine()
    with machine.input, machine.output as stream:
        stream.volume, stream.muted = 0.5, True
        machine.record(2)
        assert (stream.volume, stream.muted) == (0.5, True)
        assert machine.record(2) == [0.0] * 2 * FRAMES
        stream.volume = 0.25
        assert machine.record(2) == [0.0] * 2 * FRAMES
        stream.muted = False
        machine.record(1)
        assert machine.record(2) == [0.125] * 2 * FRAMES


def test_one_and_back_is_bit_exact() -> None:
    machine = Machine("i32", level=123_456_789)
    with machine.input, machine.output as stream:
        assert machine.record(1) == [123_456_789] * FRAMES
        stream.volume = 0.5
        machine.record(2)
        stream.volume = 1.0
        machine.record(2)
        assert machine.record(2) == [123_456_789] * 2 * FRAMES


def test_what_is_recorded_has_a_volume_too() -> None:
    machine = Machine()
    machine.input.volume = 2.0
    with machine.input, machine.output:
        assert machine.record(3) == [1.0] * 3 * FRAMES


def test_it_can_be_set_from_the_callback_and_from_other_threads() -> None:
    machine = Machine()

    def play(frames: Any, info: Any) -> None:
        if info.position == 10 * FRAMES:
            stream.volume = 0.5
        frames[:] = 1.0

    stream = machine.device.build_output_stream(machine.config, play, depth=0.05)
    with machine.input, stream:
        machine.record(20)
        assert machine.record(1) == [0.5] * FRAMES
        thread = threading.Thread(target=setattr, args=(stream, "muted", True))
        thread.start()
        thread.join()
        machine.record(1)
        assert machine.record(1) == [0.0] * FRAMES


@pytest.mark.parametrize("wrong", [-0.1, 10.1, float("nan"), float("inf"), "1", None, True, [], 1j])
def test_what_is_no_volume_is_refused(wrong: Any) -> None:
    stream = Machine().output
    with pytest.raises(InvalidInput, match=r"^volume must be an amplitude from 0\.0 to 10\.0, not ") as caught:
        stream.volume = wrong
    assert repr(wrong) in str(caught.value)
    assert stream.volume == 1.0


@pytest.mark.parametrize("wrong", [1, 0, None, "yes"])
def test_what_is_not_true_or_false_does_not_mute(wrong: Any) -> None:
    stream = Machine().output
    with pytest.raises(InvalidInput, match="muted must be True or False, not "):
        stream.muted = wrong


def test_a_volume_of_a_stream_that_has_ended_can_only_be_read() -> None:
    stream = Machine().output
    stream.volume = 0.5
    stream.close()
    assert stream.volume == 0.5
    with pytest.raises(StreamClosed):
        stream.volume = 1.0
    with pytest.raises(StreamClosed):
        stream.muted = True


def test_dsd_can_only_be_muted() -> None:
    clock = SimulatedClock()
    spec = NullDeviceSpec("dsd", NullKind.SINK, sample_formats=(pcmio.SampleFormat.DSD_U8,), sample_rates=(RATE, RATE))
    device: Any = pcmio.host("null", clock=clock, devices=[spec]).device_by_id("null:dsd")
    stream = device.build_output_stream_raw(StreamConfig(1, RATE, FRAMES, "dsdu8"), lambda *_: None)
    with pytest.raises(UnsupportedOperation, match="has no volume"):
        stream.volume = 0.5
    stream.volume = 1.0
    stream.muted = True
    assert stream.muted
    stream.close()
