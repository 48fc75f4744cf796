"""Duplex streams on devices whose time a test moves: all is exact."""

from __future__ import annotations

import gc
import logging
import pickle
import sys
import threading
import warnings
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pcmio
from pcmio import (
    AbortStream,
    ClocksDrift,
    DeviceBusy,
    DeviceLost,
    EndReason,
    InvalidInput,
    SampleFormat,
    StopStream,
    StreamConfig,
    StreamEnded,
    StreamState,
    UnsupportedConfig,
    UnsupportedOperation,
)
from pcmio.hosts.null import NullDeviceSpec, NullKind
from pcmio.testing import until

from . import duplex_rig
from .duplex_rig import LOOP

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio import DuplexInfo, DuplexStream

RATE = 48_000
FRAMES = 480
BLOCK = FRAMES / RATE
CONFIG = StreamConfig(1, RATE, FRAMES)


class Machine(duplex_rig.Machine):
    """With streams of one channel."""

    def loop(self, data: Callable[..., object], config: StreamConfig = CONFIG, **more: Any) -> DuplexStream:
        return self.build(data, config, **more)


class Impulses:
    """Plays one in every fifth block, and notes after how many frames each came back."""

    def __init__(self) -> None:
        self.calls = 0
        self.late: list[int] = []
        self.xruns: list[tuple[int, int]] = []
        self.act: Callable[[], object] | None = None
        self._played: dict[int, int] = {}

    def __call__(self, captured: Any, played: Any, info: DuplexInfo) -> None:
        self.calls += 1
        if info.xrun:
            self.xruns.append((info.input_xrun_frames, info.output_xrun_frames))
        for frame in np.flatnonzero(captured[:, 0]):
            number = round(float(captured[frame, 0]) * 4096)
            self.late.append(info.position + int(frame) - self._played.pop(number))
        if self.calls % 5 == 0:
            played[3] = self.calls / 4096
            self._played[self.calls] = info.position + 3
        act, self.act = self.act, None
        if act is not None:
            act()


def ignore(*_: object) -> None:
    """Do nothing."""


@pytest.mark.parametrize("depth", ["low", "balanced", "high", 0.0, 0.03])
@pytest.mark.parametrize("frames", [64, 480, 1000])
@pytest.mark.parametrize("sizes", [(), (256,), (64, 0, 1000, 3)])
def test_an_impulse_comes_back_at_the_announced_frame(depth: Any, frames: int, sizes: tuple[int, ...]) -> None:
    machine = Machine(LOOP.replace(cycle_sizes=sizes))
    with machine.loop(impulses := Impulses(), CONFIG.replace(buffer_size=frames), depth=depth) as stream:
        machine.clock.advance(3.0)
        assert set(impulses.late) == {stream.latency.frames}
        assert len(impulses.late) >= 5
        assert stream.stats.xruns == 0
        assert (stream.latency.device, stream.latency.total) == (0, stream.latency.frames / RATE)
        assert stream.drift_ppm is None or abs(stream.drift_ppm) < 1
    assert impulses.xruns == []
    assert machine.events == [StreamEnded(EndReason.CLOSED)]


def test_the_latency_is_that_of_the_devices_and_of_the_ring() -> None:
    totals = []
    for latency in (0.0, 0.02):
        machine = Machine(LOOP.replace(latency=latency))
        with machine.loop(impulses := Impulses()) as stream:
            machine.clock.advance(1.0)
            assert (stream.latency.input, stream.latency.output) == (latency, latency)
            assert stream.latency.device == 2 * latency
            assert stream.latency.ring == pytest.approx(0.04)  # a block, and 21 ms in whole blocks
            totals.append(stream.latency.frames)
            # What is heard 20 ms later, and was captured 20 ms earlier: the loop itself is a time machine.
            assert {late + 2 * round(latency * RATE) for late in impulses.late} == {stream.latency.frames}
    assert totals == [1920, 1920 + 1920]


def test_it_is_the_same_after_a_hundred_starts_at_any_time() -> None:
    machine = Machine()
    with machine.loop(impulses := Impulses(), depth="low") as stream:
        machine.clock.advance(0.4)
        announced = stream.latency
        for turn in range(100):
            stream.stop(0) if turn % 3 else stream.pause()
            machine.clock.advance(0.0001 * turn)
            stream.start()
            machine.clock.advance(0.3)
            assert stream.latency == announced
    assert announced.frames == 960
    assert len(impulses.late) > 200
    # An impulse on its way meanwhile is lost with a stop, and late by a pause.
    assert sum(late != 960 for late in impulses.late) < 40


def test_times_are_those_of_both_devices() -> None:
    infos: list[DuplexInfo] = []
    machine = Machine(LOOP.replace(latency=0.005))
    with machine.loop(lambda _captured, _played, info: infos.append(info)) as stream:
        machine.clock.advance(1.0)
        latency = stream.latency.total
    for before, info in pairwise(infos):
        assert info.position == before.position + FRAMES
        assert info.captured - before.captured == pytest.approx(BLOCK, abs=2e-9)
        assert info.heard - info.captured == pytest.approx(latency, abs=1e-7)
        assert info.callback - info.captured == pytest.approx(0.005, abs=2e-9)
        assert not info.xrun


@pytest.mark.parametrize("frames", [1, 479, 777, 5_000, 70_000])
def test_frames_that_the_system_lost_are_made_up_for(frames: int) -> None:
    machine = Machine()
    with machine.loop(impulses := Impulses(), depth="low") as stream:
        machine.clock.advance(0.5)
        machine.host.device_by_id("null:loop").skip(frames)
        machine.clock.advance(3.0)
        announced = stream.latency.frames
        assert [lost for lost, _ in impulses.xruns] == [frames]
        assert sum(late for _, late in impulses.xruns) == frames
        assert stream.stats.xrun_frames == 2 * frames
    beside = [late for late in impulses.late if late != announced]
    assert len(beside) <= 1, "only what was on its way is late"


def test_output_that_comes_too_late_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As JACK and PipeWire count it: the ring gave the frames, and silence was heard in their place."""
    machine = Machine()
    with machine.loop(impulses := Impulses(), depth="low") as stream:
        machine.clock.advance(0.5)
        native: Any = stream
        output = native._through.pump.output
        outlook = output.outlook

        def late(record: Any) -> None:
            outlook(record)
            record.xrun_frames += 300

        monkeypatch.setattr(output, "outlook", late)
        machine.clock.advance(1.0)
        assert impulses.xruns == [(0, 300)]
        assert set(impulses.late) == {stream.latency.frames}
        assert stream.stats.xruns == 0


def test_drift_is_measured_also_where_it_is_set_right_more_often_than_it_is_known() -> None:
    """Each 0.7 seconds, and eight quarters of a second are needed."""
    machine = Machine(
        NullDeviceSpec("mic", NullKind.TONE, clock_ppm=1_000, cycle_sizes=(32,)), LOOP.replace(cycle_sizes=(32,))
    )
    host = machine.host
    mic, loop = host.device_by_id("null:mic"), host.device_by_id("null:loop")
    with host.build_duplex_stream(mic, loop, CONFIG.replace(buffer_size=32), ignore, machine.events.append) as stream:
        machine.clock.advance(3.0)
        assert stream.stats.xruns >= 2
        assert stream.drift_ppm == pytest.approx(1_000, abs=2)


def test_what_is_lost_before_the_first_callback_is_nobodys() -> None:
    """The callback's frames begin when the devices are paired, after a pause as at first."""
    machine = Machine()
    infos: list[DuplexInfo] = []
    with machine.loop(lambda _c, _p, info: infos.append(info)) as stream:
        for _ in range(3):
            called = len(infos)
            machine.clock.advance(3 * BLOCK)
            machine.host.device_by_id("null:loop").skip(777)
            machine.clock.advance(2 * BLOCK)
            assert len(infos) == called
            machine.clock.advance(0.5)
            assert len(infos) > called
            stream.pause()
            stream.start()
    assert [info.position for info in infos] == list(range(0, len(infos) * FRAMES, FRAMES))
    assert not any(info.xrun for info in infos)


@pytest.mark.parametrize("ppm", [1000, -1000])
def test_drift_is_measured_and_told_and_the_latency_stays_within_a_block(ppm: float) -> None:
    machine = Machine(NullDeviceSpec("mic", NullKind.TONE, clock_ppm=ppm), NullDeviceSpec("speaker", NullKind.SINK))
    mic, speaker = machine.host.device_by_id("null:mic"), machine.host.device_by_id("null:speaker")
    infos: list[DuplexInfo] = []

    def data(captured: Any, played: Any, info: DuplexInfo) -> None:
        played[:] = captured
        infos.append(info)

    with machine.host.build_duplex_stream(mic, speaker, CONFIG, data, machine.events.append, depth="low") as stream:
        assert stream.drift_ppm is None
        machine.clock.advance(3.0)
        assert stream.drift_ppm == pytest.approx(ppm, abs=2)
        assert machine.told(ClocksDrift) == []
        machine.clock.advance(20.0)
        announced, stats = stream.latency.total, stream.stats
    drifts = machine.told(ClocksDrift)
    assert len(drifts) == 2  # one for each slip that comes, or nearly
    for event in drifts:
        assert event.ppm == pytest.approx(ppm, abs=2)
        assert FRAMES / 2 <= abs(event.frames) < FRAMES
        assert (event.frames > 0) == (ppm > 0)
    slips = [info.output_xrun_frames for info in infos if info.xrun]
    assert len(slips) == stats.xruns == 2
    assert sum(slips) == stats.xrun_frames
    assert all(abs(info.heard - info.captured - announced) < 1.1 * BLOCK for info in infos)


@pytest.mark.parametrize("ppm", [200, -300, 1000])
@pytest.mark.parametrize("sample_format", ["f32", "f64"])
def test_drift_is_corrected_without_a_trace(ppm: float, sample_format: str) -> None:
    machine = Machine(NullDeviceSpec("mic", NullKind.TONE, clock_ppm=ppm), NullDeviceSpec("speaker", NullKind.SINK))
    mic, speaker = machine.host.device_by_id("null:mic"), machine.host.device_by_id("null:speaker")
    heard: list[Any] = []
    infos: list[DuplexInfo] = []

    def data(captured: Any, played: Any, info: DuplexInfo) -> None:
        played[:] = captured
        heard.append(captured.copy())
        infos.append(info)

    config = CONFIG.replace(sample_format=SampleFormat(sample_format))
    with machine.host.build_duplex_stream(mic, speaker, config, data, machine.events.append, drift="correct") as stream:
        machine.clock.advance(30.0)
        assert stream.drift_ppm == pytest.approx(ppm, abs=2)
        assert stream.stats.xruns == 0
        announced = stream.latency.total
    assert machine.told(ClocksDrift) == []
    last = [(info.heard - info.captured - announced) * RATE for info in infos[-200:]]
    assert max(map(abs, last)) < 1, "frames beside the announced latency"
    samples = np.concatenate(heard)[:, 0].astype(float)
    angle = 2 * np.pi * 440 / RATE
    # No step in the tone: its second difference is never greater than that of a sine (half of full scale).
    assert np.abs(np.diff(samples, 2)).max() < 1.01 * 0.5 * angle**2


def test_what_is_lost_while_drift_is_corrected_is_made_up_for() -> None:
    """By sounds that are long enough to pass a resampler unchanged."""
    machine = Machine()
    bump = np.hanning(129)
    heard = np.zeros(5 * RATE)
    began: tuple[list[int], list[int]] = ([], [])  # before the loss and after it
    lost: list[int] = []
    calls = 0

    def data(captured: Any, played: Any, info: DuplexInfo) -> None:
        nonlocal calls
        calls += 1
        heard[info.position : info.position + FRAMES] = captured[:, 0]
        if info.xrun:
            lost.append(info.position)
        if calls % 10 == 0:
            began[bool(lost)].append(info.position)
            played[: len(bump), 0] = bump

    with machine.loop(data, drift="correct") as stream:
        machine.clock.advance(0.7)
        machine.host.device_by_id("null:loop").skip(5_000)
        machine.clock.advance(2.8)
        assert stream.stats.xrun_frames == 10_000
        assert len(lost) == 1
        latency = stream.latency.frames
    assert min(map(len, began)) > 3
    for at in (*began[0][:-1], *began[1][:-1]):
        echo = heard[at + latency - 200 : at + latency + 400]
        assert abs(int(echo.argmax()) - 200 - 64) <= 1


def test_the_directions_may_have_other_channels() -> None:
    shapes = set()

    def data(captured: Any, played: Any, _info: DuplexInfo) -> None:
        shapes.add((captured.shape, played.shape))

    machine = Machine()
    with machine.loop(data, CONFIG.replace(channels=6), input_channels=2) as stream:
        machine.clock.advance(0.5)
        assert (stream.config.channels, stream.input_channels) == (6, 2)
    assert shapes == {((FRAMES, 2), (FRAMES, 6))}


def test_channels_are_chosen_on_either_side() -> None:
    """The announced latency is that of chosen channels too; what is not chosen is silent."""
    machine = Machine(LOOP.replace(channels=6))
    device = machine.host.device_by_id("null:loop")
    impulses = Impulses()
    rows: set[tuple[float, ...]] = set()

    def data(captured: Any, played: Any, info: DuplexInfo) -> None:
        rows.update(map(tuple, (captured != 0).tolist()))
        impulses(captured[:, 1:2], played[:, :1], info)
        played[:, 1] = 0.125

    with machine.loop(data, CONFIG.replace(channels=[5, 2]), input_channels=[2, 5, 0, 5]) as stream:
        assert (stream.config.device_channels, stream.config.channels) == ((5, 2), 2)
        assert stream.input_config == StreamConfig([2, 5, 0, 5], RATE, FRAMES)
        machine.clock.advance(1.0)
        assert set(impulses.late) == {stream.latency.frames}
    assert rows == {(False,) * 4, (True, False, False, False), (True, True, False, True)}
    with machine.loop(ignore, CONFIG.replace(channels=[5, 2])) as stream:
        assert stream.input_config == StreamConfig(2, RATE, FRAMES)  # as many; which is another question
    with pytest.raises(UnsupportedConfig, match="loop has no channel 6"):
        machine.loop(ignore, CONFIG, input_channels=[6])
    with pytest.raises(UnsupportedConfig, match="loop has no channel 7"):
        machine.loop(ignore, CONFIG.replace(channels=[7]))
    with pytest.raises(InvalidInput, match="more than once"):
        machine.loop(ignore, CONFIG.replace(channels=[1, 1]))
    assert machine.host.buses(device.spec) == []


@pytest.mark.parametrize("sample_format", [SampleFormat.I16, SampleFormat.U8, SampleFormat.I24_PACKED])
def test_raw_blocks_are_bytes(sample_format: SampleFormat) -> None:
    frame = sample_format.sample_bytes
    came: list[int] = []

    def data(captured: memoryview, played: memoryview, info: DuplexInfo) -> None:
        assert captured.readonly
        assert not played.readonly
        assert len(captured) == len(played) == FRAMES * frame
        assert bytes(played) == sample_format.silence * FRAMES
        if info.position == 0:
            played[5 * frame : 6 * frame] = b"\x11" * frame
        at = bytes(captured).find(b"\x11" * frame)
        if at >= 0:
            came.append(info.position + at // frame - 5)

    machine = Machine()
    device = machine.host.device_by_id("null:loop")
    with device.build_duplex_stream_raw(CONFIG.replace(sample_format=sample_format), data) as stream:
        machine.clock.advance(1.0)
        assert came == [stream.latency.frames]


@pytest.mark.parametrize(("error", "reason"), [(StopStream(), EndReason.FINISHED), (AbortStream(), EndReason.ABORTED)])
def test_the_callback_ends_the_stream(error: Exception, reason: EndReason) -> None:
    """StopStream: what was played is heard to its end."""
    recorded: list[Any] = []
    calls = 0

    def data(_captured: Any, played: Any, _info: DuplexInfo) -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise error
        played[:] = 0.5

    machine = Machine()
    device = machine.host.device_by_id("null:loop")
    with device.build_input_stream(CONFIG, lambda block, _: recorded.append(block.copy())):
        stream = machine.loop(data, depth="high")
        stream.start()
        machine.clock.advance(2.0)
        assert (stream.state, stream.reason, calls) == (StreamState.CLOSED, reason, 4)
    played = int((np.concatenate(recorded) == 0.5).sum())
    assert played == (3 * FRAMES if reason is EndReason.FINISHED else 0)
    assert machine.events == [StreamEnded(reason)]
    stream.close()


def test_stop_plays_what_is_written() -> None:
    machine = Machine()
    stream = machine.loop(impulses := Impulses())
    stream.start()
    machine.clock.advance(0.5)
    stop = threading.Thread(target=stream.stop)
    stop.start()
    while stop.is_alive():
        machine.clock.advance(BLOCK)
    assert stream.state is StreamState.STOPPED
    assert stream.stats.xruns == 0
    calls = impulses.calls
    machine.clock.advance(0.2)
    assert impulses.calls == calls
    stream.close()


def test_either_device_may_be_lost() -> None:
    for lost in ("null:mic", "null:speaker"):
        machine = Machine(NullDeviceSpec("mic", NullKind.TONE), NullDeviceSpec("speaker", NullKind.SINK))
        mic, speaker = machine.host.device_by_id("null:mic"), machine.host.device_by_id("null:speaker")
        stream = machine.host.build_duplex_stream(mic, speaker, CONFIG, ignore, machine.events.append)
        stream.start()
        machine.clock.advance(0.3)
        machine.host.misfortune.unplug(lost)
        with pytest.raises(DeviceLost):
            stream.wait(10)
        assert stream.reason is EndReason.DEVICE_LOST
        stream.close()
        assert [event.reason for event in machine.told(StreamEnded)] == [EndReason.DEVICE_LOST]
        assert machine.host.buses(mic.spec) == machine.host.buses(speaker.spec) == []


@pytest.mark.parametrize("call", ["build", "open", "start"])
@pytest.mark.parametrize("which", [1, 2])
def test_a_failure_of_either_half_leaves_nothing_behind(call: str, which: int, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine()
    device = machine.host.device_by_id("null:loop")
    for _ in range(which - 1):
        machine.host.misfortune.order(call, _Not())  # the first half's call goes well
    machine.host.misfortune.order(call, DeviceBusy("as ordered"))
    strike, passed = machine.host.misfortune.strike, []

    def striking(name: str) -> None:
        try:
            strike(name)
        except _Not:
            passed.append(name)

    monkeypatch.setattr(machine.host.misfortune, "strike", striking)
    if call == "start":
        stream = machine.loop(ignore)
        with pytest.raises(DeviceBusy):
            stream.start()
        assert stream.state is StreamState.STOPPED
        stream.start()
        machine.clock.advance(0.5)
        assert stream.stats.blocks > 5
        stream.close()
    else:
        with pytest.raises(DeviceBusy):
            machine.loop(ignore)
    assert len(passed) == which - 1
    assert machine.host.buses(device.spec) == []


class _Not(Exception):  # noqa: N818
    """No failure after all."""


def test_what_cannot_be_coupled_is_refused() -> None:
    machine = Machine(
        LOOP,
        NullDeviceSpec("speaker", NullKind.SINK),
        NullDeviceSpec("slow", NullKind.TONE, sample_rates=(8_000, 8_000)),
    )
    loop, speaker, slow = (machine.host.device_by_id(f"null:{name}") for name in ("loop", "speaker", "slow"))
    elsewhere = pcmio.host("null").device_by_id("null:tone")
    with pytest.raises(UnsupportedOperation, match="speaker has no input"):
        speaker.build_duplex_stream(CONFIG, ignore)
    with pytest.raises(UnsupportedOperation, match="slow has no output"):
        slow.build_duplex_stream(CONFIG, ignore, input=loop)
    with pytest.raises(UnsupportedConfig, match="8000"):
        loop.build_duplex_stream(CONFIG, ignore, input=slow)
    with pytest.raises(UnsupportedOperation, match="one host"):
        loop.build_duplex_stream(CONFIG, ignore, input=7)  # type: ignore[arg-type]
    missing: Any = None  # as a default device may be
    for build in (machine.host.build_duplex_stream, machine.host.build_duplex_stream_raw):
        for source, target in ((missing, loop), (loop, missing)):
            with pytest.raises(InvalidInput, match="must be a device, not None"):
                build(source, target, CONFIG, ignore)
    with pytest.raises(UnsupportedOperation, match="32-bit floats"):
        loop.build_duplex_stream(CONFIG.replace(sample_format=SampleFormat.I16), ignore, drift="correct")
    nonsense: tuple[dict[str, Any], ...] = (
        {"drift": "never"},
        {"depth": "deep"},
        {"input_channels": 0},
        {"realtime": "now"},
    )
    for options in nonsense:
        with pytest.raises(InvalidInput):
            loop.build_duplex_stream(CONFIG, ignore, **options)
    with pytest.raises(UnsupportedOperation, match="no option 'role'"):
        loop.build_duplex_stream(CONFIG, ignore, input_options={"role": "music"})
    assert machine.host.buses(loop.spec) == []
    assert elsewhere.supports_input


@pytest.mark.parametrize("module", ["soxr", "numpy"])
def test_correction_says_what_it_needs(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UnsupportedOperation, match=r"pcmio\[convert\]"):
        machine.loop(ignore, drift="correct")


def test_an_old_resampler_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    soxr = pytest.importorskip("soxr")
    monkeypatch.setattr(soxr, "ResampleStream", object)
    with pytest.raises(UnsupportedOperation, match=r"soxr>=1\.0"):
        Machine().loop(ignore, drift="correct")


def test_a_dropped_stream_is_closed_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    device = machine.host.device_by_id("null:loop")
    stream = machine.loop(ignore)
    stream.start()
    with warnings.catch_warnings(), caplog.at_level(logging.ERROR):
        warnings.simplefilter("ignore", ResourceWarning)
        del stream
        gc.collect()
    machine.clock.advance(1.0)
    # A clock waits for no stream that has left its device, and the end is told after that.
    until(lambda: bool(machine.events), "the end being told")
    assert machine.events == [StreamEnded(EndReason.CLOSED)]
    assert machine.host.buses(device.spec) == []
    assert not caplog.records


def test_the_volume_is_that_of_what_is_played() -> None:
    peaks: list[float] = []

    def data(captured: Any, played: Any, _info: DuplexInfo) -> None:
        played[:] = 0.5
        peaks.append(float(captured.max()))

    machine = Machine()
    with machine.loop(data) as stream:
        stream.volume = 0.5
        machine.clock.advance(1.0)
        assert (stream.volume, stream.muted, stream.volume_is_native) == (0.5, False, False)
        assert peaks[-1] == 0.25
        stream.muted = True
        machine.clock.advance(1.0)
        assert peaks[-1] == 0.0


def test_infos_and_latencies_are_values() -> None:
    infos: list[DuplexInfo] = []
    machine = Machine()
    with machine.loop(lambda _captured, _played, info: infos.append(info)) as stream:
        machine.clock.advance(0.5)
        assert stream.latency == stream.latency
        assert "frames=1920" in repr(stream.latency)
    first, second = infos[:2]
    assert pickle.loads(pickle.dumps(first)) == first != second
    assert len({first, second, first}) == 2
    assert first != "first"
    assert "position=0" in repr(first)
