"""Duplex streams whose callback is native, on devices whose time a test moves, and on those of the machine's clock."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from typing import Any

import numpy as np
import pytest

import pcmio
from pcmio import (
    BackendError,
    ClocksDrift,
    EndReason,
    InvalidInput,
    NativeCallback,
    SampleFormat,
    StreamConfig,
    StreamEnded,
    StreamState,
    UnsupportedConfig,
    UnsupportedOperation,
)
from pcmio.hosts.null import NullDeviceSpec, NullKind
from pcmio.testing import until
from tests.unit.echoing import Echoing

from . import duplex_rig
from .duplex_rig import LOOP

RATE = 48_000
FRAMES = 480
CONFIG = StreamConfig(2, RATE, FRAMES)


class Machine(duplex_rig.Machine):
    """With streams of two channels."""

    def loop(self, echo: Echoing, config: StreamConfig = CONFIG, **more: Any) -> pcmio.DuplexStream:
        return self.build(echo.callback, config, **more)


@pytest.mark.parametrize("frames", [64, 480, 1000])
@pytest.mark.parametrize("sizes", [(), (256,), (64, 0, 1000, 3)])
@pytest.mark.parametrize("latency", [0.0, 0.02])
def test_a_frame_comes_back_at_the_announced_one(frames: int, sizes: tuple[int, ...], latency: float) -> None:
    machine = Machine(LOOP.replace(cycle_sizes=sizes, latency=latency))
    echo = Echoing(every=5)
    with machine.loop(echo, CONFIG.replace(buffer_size=frames), input_channels=1) as stream:
        machine.clock.advance(3.0)
        # What is heard 20 ms later, and was captured 20 ms earlier: the loop itself is a time machine.
        assert {late + 2 * round(latency * RATE) for late in echo.late} == {stream.latency.frames}
        assert len(echo.late) >= 5
        assert stream.stats.xruns == 0
        assert stream.latency.device == 2 * latency
        assert stream.drift_ppm is None or abs(stream.drift_ppm) < 1
        block = echo.block
        assert (block.frames, block.channels, block.input_channels) == (frames, 2, 1)
        assert (block.sample_rate, block.format) == (RATE, SampleFormat.F32.code)
        assert (block.heard_nanos - block.captured_nanos) / 1e9 == pytest.approx(stream.latency.total, abs=1e-7)
    assert (echo.record.lost_input, echo.record.lost_output) == (0, 0)
    assert machine.events == [StreamEnded(EndReason.CLOSED)]


def test_no_block_is_kept_ready_for_python() -> None:
    """One block, and one in reserve, whatever the depth."""
    latencies = set[int]()
    for depth in ("low", "high", 0.0):
        machine = Machine()
        with machine.loop(Echoing(), depth=depth) as stream:
            machine.clock.advance(0.5)
            latencies.add(stream.latency.frames)
    assert latencies == {2 * FRAMES}


def test_it_is_the_same_after_many_starts() -> None:
    machine = Machine()
    with machine.loop(echo := Echoing()) as stream:
        machine.clock.advance(0.4)
        announced = stream.latency
        for turn in range(50):
            stream.stop(0) if turn % 3 else stream.pause()
            machine.clock.advance(0.0001 * turn)
            stream.start()
            before = echo.record.came_back
            machine.clock.advance(0.3)
            assert stream.latency == announced
            assert echo.record.came_back > before
            assert echo.late[-1] == announced.frames
    assert echo.block.position > 0


@pytest.mark.parametrize("frames", [1, 479, 777, 5_000, 70_000])
def test_frames_that_the_system_lost_are_made_up_for(frames: int) -> None:
    machine = Machine()
    with machine.loop(echo := Echoing(every=5)) as stream:
        machine.clock.advance(0.5)
        machine.host.device_by_id("null:loop").skip(frames)
        machine.clock.advance(3.0)
        announced = stream.latency.frames
        assert echo.block.frames == FRAMES
        assert (echo.record.lost_input, echo.record.lost_output) == (frames, frames)
        assert stream.stats.xrun_frames == 2 * frames
    beside = [late for late in echo.late if late != announced]
    assert len(beside) <= 1, "only what was on its way is late"


def test_what_is_lost_before_the_first_call_is_nobodys() -> None:
    machine = Machine()
    with machine.loop(echo := Echoing()) as stream:
        for _ in range(3):
            called = echo.calls
            machine.clock.advance(0.03)
            machine.host.device_by_id("null:loop").skip(777)
            machine.clock.advance(0.02)
            assert echo.calls == called
            machine.clock.advance(0.5)
            assert echo.calls > called
            stream.pause()
            stream.start()
    assert echo.block.position == (echo.calls - 1) * FRAMES
    assert (echo.record.lost_input, echo.record.lost_output) == (0, 0)


@pytest.mark.parametrize("ppm", [1000, -1000])
def test_drift_is_measured_and_told_and_the_latency_stays_within_a_block(ppm: float) -> None:
    machine = Machine(NullDeviceSpec("mic", NullKind.TONE, clock_ppm=ppm), NullDeviceSpec("speaker", NullKind.SINK))
    mic, speaker = machine.host.device_by_id("null:mic"), machine.host.device_by_id("null:speaker")
    echo = Echoing(every=0)
    with machine.host.build_duplex_stream(mic, speaker, CONFIG, echo.callback, machine.events.append) as stream:
        machine.clock.advance(3.0)
        assert stream.drift_ppm == pytest.approx(ppm, abs=2)
        for _ in range(200):
            machine.clock.advance(0.1)
            heard, captured = echo.block.heard_nanos, echo.block.captured_nanos
            assert abs((heard - captured) / 1e9 - stream.latency.total) < 1.1 * FRAMES / RATE
        assert stream.stats.xruns == 2
        assert echo.record.lost_output == stream.stats.xrun_frames
    drifts = [event for event in machine.events if isinstance(event, ClocksDrift)]
    assert len(drifts) == 2
    assert all(event.ppm == pytest.approx(ppm, abs=2) for event in drifts)


@pytest.mark.parametrize(
    ("answer", "reason"), [(1, EndReason.FINISHED), (2, EndReason.ABORTED), (7, EndReason.CALLBACK_RAISED)]
)
def test_what_it_returns_ends_the_stream(answer: int, reason: EndReason) -> None:
    recorded: list[Any] = []
    machine = Machine()
    echo = Echoing(every=1, answer_at=40, answer=answer)
    device = machine.host.device_by_id("null:loop")
    with device.build_input_stream(CONFIG, lambda block, _: recorded.append(block.copy())):
        stream = machine.loop(echo)
        stream.start()
        machine.clock.advance(2.0)
        assert (stream.state, stream.reason, echo.calls) == (StreamState.CLOSED, reason, 40)
        assert stream.stats.xruns == 0, "nothing is missing after the end"
    if reason is EndReason.CALLBACK_RAISED:
        with pytest.raises(BackendError, match="7"):
            stream.close()
    stream.close()
    marks = int((np.concatenate(recorded)[:, 0] != 0).sum())
    assert marks == 39 if reason is EndReason.FINISHED else marks < 39
    assert [event.reason for event in machine.events] == [reason]


def test_stop_plays_what_is_written() -> None:
    machine = Machine()
    recorded: list[Any] = []
    device = machine.host.device_by_id("null:loop")
    with device.build_input_stream(CONFIG, lambda block, _: recorded.append(block.copy())):
        stream = machine.loop(echo := Echoing(every=1))
        stream.start()
        machine.clock.advance(0.5)
        stop = threading.Thread(target=stream.stop)
        stop.start()
        while stop.is_alive():
            machine.clock.advance(FRAMES / RATE)
        assert (stream.state, stream.stats.xruns) == (StreamState.STOPPED, 0)
        machine.clock.advance(0.2)
        stream.close()
    assert int((np.concatenate(recorded)[:, 0] != 0).sum()) == echo.calls


def _hold(echo: Echoing) -> None:
    """Let a call last longer than the device catches up with."""
    calls, end, told = echo.calls, time.monotonic() + 0.7, echo.record.lost_input
    echo.record.hold = 1
    until(lambda: time.monotonic() > end and echo.calls > calls, "a callback that lasts")
    echo.record.hold = 0
    until(lambda: echo.record.lost_input > told, "the xrun being told")


def test_a_callback_that_took_too_long_costs_no_more_than_its_xrun() -> None:
    """On the machine's clock: told, counted, and afterwards all is where it was."""
    host = pcmio.host("null")
    device = host.device_by_id("null:loopback")
    echo = Echoing()
    with device.build_duplex_stream(CONFIG, echo.callback) as stream:
        until(lambda: echo.record.came_back > 4, "echoes")
        announced = stream.latency.frames
        for _ in range(3):
            _hold(echo)
            began = len(echo.late)
            until(lambda: echo.late[began + 4 :][-4:] == [announced] * 4, "echoes at the announced frame again")  # noqa: B023
        assert stream.latency.frames == announced
        assert stream.stats.xruns > 0
        assert echo.block.frames == FRAMES


def test_a_call_that_keeps_the_interpreter_costs_no_frame() -> None:
    """On the machine's clock: the callback is called, and what it plays is heard."""
    device = pcmio.host("null").device_by_id("null:loopback")
    with device.build_duplex_stream(CONFIG.replace(buffer_size=128), (echo := Echoing()).callback) as stream:
        until(lambda: echo.record.came_back > 4, "echoes")
        before = echo.record.came_back, stream.stats.xruns
        assert echo.keep_the_interpreter(calls=100), "the callback was not called any more"
        assert echo.record.came_back > before[0]
        assert stream.stats.xruns == before[1]
        assert set(echo.late) == {stream.latency.frames}


def test_channels_are_chosen_and_formats_converted() -> None:
    machine = Machine(LOOP.replace(channels=4))
    echo = Echoing()
    with machine.loop(echo, CONFIG.replace(channels=[3, 1]), input_channels=[1, 0, 2]) as stream:
        machine.clock.advance(1.0)
        assert set(echo.late) == {stream.latency.frames}
        assert (echo.block.channels, echo.block.input_channels) == (2, 3)
        assert stream.input_config.device_channels == (1, 0, 2)


def test_what_a_native_callback_cannot_have_is_refused() -> None:
    machine = Machine(LOOP.replace(sample_rates=(RATE, RATE)))
    echo = Echoing()
    with pytest.raises(UnsupportedOperation, match="drift"):
        machine.loop(echo, drift="correct")
    with pytest.raises(UnsupportedConfig):  # it is never converted for
        machine.loop(echo, CONFIG.replace(sample_rate=44_100), convert="auto")
    with pytest.raises(InvalidInput):
        machine.loop(echo, depth="deep")
    stream = machine.loop(echo, convert="auto")
    assert stream.config == CONFIG
    stream.close()
    assert machine.host.buses(machine.host.device_by_id("null:loop").spec) == []


def test_the_function_and_its_memory_are_kept_as_long_as_the_stream() -> None:
    machine = Machine()
    callback: NativeCallback | None = Echoing(every=0).callback
    assert callback is not None
    stream = machine.host.device_by_id("null:loop").build_duplex_stream(CONFIG, callback)
    memory = weakref.ref(callback._held[1])
    callback = None
    gc.collect()
    with stream:
        machine.clock.advance(0.5)
    assert memory() is not None
    del stream
    gc.collect()
    assert memory() is None
