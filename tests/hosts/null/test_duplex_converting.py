"""Duplex streams that ask for what their devices do not have, on devices whose time a test moves."""

from __future__ import annotations

import sys
import threading
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pcmio
from pcmio import (
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
from pcmio.hosts.null import NullDeviceSpec, NullKind, SimulatedClock

from . import duplex_rig

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio import DuplexInfo, DuplexStream

RATE = 48_000
LOOP = NullDeviceSpec("loop", NullKind.LOOPBACK, channels=2, sample_rates=(RATE, RATE))
BUMP = np.hanning(129)
HALF = len(BUMP) // 2


class Machine(duplex_rig.Machine):
    """With a loop of one rate, and streams that are converted."""

    def __init__(self, *devices: NullDeviceSpec) -> None:
        super().__init__(*(devices or (LOOP,)))

    def loop(self, data: Callable[..., object], config: StreamConfig, **more: Any) -> DuplexStream:
        return self.build(data, config, **{"convert": "auto", **more})


class Bumps:
    """Plays long sounds, which pass a resampler unchanged, and tells how many frames later each is back."""

    def __init__(self, frames: int, every: int = 20_000) -> None:
        self.heard = np.zeros(1_000_000)
        self.played: list[int] = []  # the middle of each
        self.xruns: list[DuplexInfo] = []
        self.infos: list[DuplexInfo] = []
        self._frames, self._every = frames, every
        self._left = np.zeros(0)

    def __call__(self, captured: Any, played: Any, info: DuplexInfo) -> None:
        assert len(captured) == len(played) == self._frames
        assert not played.any()
        self.infos.append(info)
        if info.xrun:
            self.xruns.append(info)
        self.heard[info.position : info.position + len(captured)] = captured[:, 0]
        if not len(self._left) and (not self.played or info.position > self.played[-1] + self._every):
            self._left = BUMP
            self.played.append(info.position + HALF)
        piece, self._left = self._left[: self._frames], self._left[self._frames :]
        played[: len(piece)] = piece[:, np.newaxis]

    def late(self, expected: int) -> list[float]:
        """Of those that are back whole, found where they are expected, to a part of a frame."""
        end = self.infos[-1].position - 2 * HALF
        return [_peak(self.heard, at + expected) - at for at in self.played if at + expected < end]


def _peak(heard: Any, near: int) -> float:
    low = max(0, near - 300)
    at = low + int(heard[low : near + 300].argmax())
    before, here, after = heard[at - 1 : at + 2]
    return float(at + (before - after) / (2 * (before - 2 * here + after)))


def ignore(*_: object) -> None:
    """Do nothing."""


# --- another rate -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [44_100, 22_050, 96_000, 24_000, 47_999])
@pytest.mark.parametrize("frames", [64, 441, 1000, None])
def test_a_sound_comes_back_at_the_announced_frame(rate: int, frames: int | None) -> None:
    machine = Machine()
    with machine.loop(ignore, StreamConfig(1, rate, frames)) as stream:
        size = stream.config.buffer_size.frames or 0
    bumps = Bumps(size, every=rate // 4)
    with machine.loop(bumps, StreamConfig(1, rate, frames)) as stream:
        assert stream.config == stream.input_config == StreamConfig(1, rate, frames or size)
        machine.clock.advance(2.0)
        late = bumps.late(stream.latency.frames)
        assert len(late) >= 4
        assert max(abs(one - stream.latency.frames) for one in late) < 0.2, (stream.latency, late)
        assert stream.latency.total == pytest.approx(stream.latency.frames / rate, abs=0.2 / rate)
        assert stream.stats.xruns == 0
        assert abs(stream.position - bumps.infos[-1].position) < rate
    assert bumps.xruns == []
    assert [later.position - info.position for info, later in pairwise(bumps.infos)] == [size] * (len(bumps.infos) - 1)


@pytest.mark.parametrize("depth", ["low", "high"])
@pytest.mark.parametrize("sizes", [(256,), (64, 0, 1000, 3)])
def test_whatever_the_devices_cycles_are(depth: str, sizes: tuple[int, ...]) -> None:
    machine = Machine(LOOP.replace(cycle_sizes=sizes, latency=0.01))
    bumps = Bumps(441, every=10_000)
    with machine.loop(bumps, StreamConfig(2, 44_100, 441), depth=depth) as stream:
        machine.clock.advance(2.0)
        # What is heard 10 ms later, and was captured 10 ms earlier: the loop itself is a time machine.
        expected = stream.latency.frames - 882
        assert max(abs(one - expected) for one in bumps.late(expected)) < 0.2
        assert stream.stats.xruns == 0
    assert bumps.xruns == []


def test_times_are_those_of_the_sound() -> None:
    machine = Machine(LOOP.replace(latency=0.005))
    bumps = Bumps(300)
    with machine.loop(bumps, StreamConfig(1, 44_100, 300)) as stream:
        machine.clock.advance(1.0)
        latency = stream.latency.total
    for before, info in pairwise(bumps.infos):
        assert info.captured - before.captured == pytest.approx(300 / 44_100, abs=5e-9)
        assert info.heard - info.captured == pytest.approx(latency, abs=1e-7)
        assert info.callback > info.captured


def test_it_is_the_same_after_many_starts() -> None:
    machine = Machine()
    bumps = Bumps(441, every=5_000)
    with machine.loop(bumps, StreamConfig(1, 44_100, 441), depth="low") as stream:
        machine.clock.advance(0.4)
        announced = stream.latency
        for turn in range(20):
            stream.stop(0) if turn % 3 else stream.pause()
            machine.clock.advance(0.0007 * turn)
            del bumps.played[:]
            stream.start()
            machine.clock.advance(0.6)
            assert stream.latency == announced
            late = bumps.late(announced.frames)
            assert late, "nothing came back"
            assert max(abs(one - announced.frames) for one in late) < 0.2


@pytest.mark.parametrize("lost", [1, 479, 5_000, 200_000])
@pytest.mark.parametrize("rate", [44_100, 32_000, 64_000])
def test_what_is_lost_is_made_up_for(lost: int, rate: int) -> None:
    machine = Machine()
    bumps = Bumps(441, every=5_000)
    with machine.loop(bumps, StreamConfig(1, rate, 441), depth="low") as stream:
        machine.clock.advance(1.0)
        machine.device().skip(lost)
        machine.clock.advance(1.5)
        announced = stream.latency.frames
        machine.clock.advance(1.5)
    told = sum(info.input_xrun_frames for info in bumps.xruns)
    assert lost * rate / RATE <= told < lost * rate / RATE + 3_000, "and what was on its way to a block"
    assert sum(info.output_xrun_frames for info in bumps.xruns) == pytest.approx(lost * rate / RATE, abs=1)
    for info, later in pairwise(bumps.infos):
        assert later.position - info.position == 441 + later.input_xrun_frames
    gap = bumps.xruns[0].position
    after = [at for at in bumps.played if at > gap]
    bumps.played = after
    late = bumps.late(announced)
    assert len(late) > 3
    assert max(abs(one - announced) for one in late) < 0.2


# --- two rates --------------------------------------------------------------------------------------------------------

TONE_HZ = 440


def _phase(samples: Any, rate: int, seconds: float) -> float:
    """Cycles at time 0 of the tone of whose samples the first came at ``seconds``."""
    times = seconds + np.arange(len(samples)) / rate
    turned = (samples * np.exp(-2j * np.pi * TONE_HZ * times)).mean()
    return float(np.angle(turned) / (2 * np.pi))


@pytest.mark.parametrize("drift", ["report", "correct"])
@pytest.mark.parametrize(("mic_rate", "rate"), [(44_100, RATE), (96_000, RATE), (16_000, RATE), (44_100, 44_100)])
def test_an_input_of_another_rate_is_heard_when_it_is_said(mic_rate: int, rate: int, drift: str) -> None:
    """A tone, by its phase: when it was captured, when it is heard, and that the latency lies between them."""
    mic = NullDeviceSpec("mic", NullKind.TONE, sample_rates=(mic_rate, mic_rate))
    machine = Machine(mic, LOOP)
    captured_phases: list[float] = []
    heard_phases: list[float] = []

    def data(captured: Any, played: Any, info: DuplexInfo) -> None:
        played[:] = captured
        assert not info.xrun
        captured_phases.append(_phase(captured[:, 0], rate, info.captured.nanos / 1e9))

    def listen(block: Any, info: Any) -> None:
        heard_phases.append(_phase(block[:, 0], RATE, info.timestamp.device.nanos / 1e9))

    config = StreamConfig(1, rate, round(rate / TONE_HZ * 11))  # whole waves
    options: dict[str, Any] = {"input": machine.device("mic"), "drift": drift}
    with (
        machine.device().build_input_stream(StreamConfig(1, RATE, 1_200), listen),
        machine.loop(data, config, **options) as stream,
    ):
        machine.clock.advance(4.0)
        latency = stream.latency.total
        assert stream.config == config
        assert stream.drift_ppm == pytest.approx(0, abs=2)
        assert stream.stats.xruns == 0
    settled = captured_phases[50:]
    frame = TONE_HZ / RATE
    assert max(settled) - min(settled) < 0.3 * frame
    shift = (np.mean(settled) - np.mean(heard_phases[-40:]) - latency * TONE_HZ) % 1
    assert min(shift, 1 - shift) < 0.5 * frame


def test_drift_is_exact_however_short_the_blocks_are() -> None:
    """A block of 29 frames is one of 31.6 at the output's rate."""
    mic = NullDeviceSpec("mic", NullKind.TONE, sample_rates=(44_100, 44_100), clock_ppm=300)
    machine = Machine(mic, LOOP)
    with machine.loop(ignore, StreamConfig(1, RATE, 32), input=machine.device("mic")) as stream:
        machine.clock.advance(2.6)
        assert stream.drift_ppm == pytest.approx(300, abs=1)


def test_frames_are_looked_up_as_the_output_counts_them() -> None:
    mic = NullDeviceSpec("mic", NullKind.TONE, sample_rates=(44_100, 44_100))
    machine = Machine(mic, LOOP)
    with machine.loop(ignore, StreamConfig(1, RATE, 480), input=machine.device("mic")) as stream:
        for _ in range(3):
            machine.clock.advance(1.0)
            taken, now = stream.position, stream.now()
            assert stream.time_of(taken) == now + 0.01, "after the cycle that has just been taken"
            assert stream.frame_at(now) == taken - 480


def test_what_was_captured_before_time_began_was_captured_at_its_beginning() -> None:
    """A resampler's first frames are from before its input's first, and a simulated clock may begin with the stream."""
    clock = SimulatedClock()
    host = pcmio.host("null", clock=clock, devices=[NullDeviceSpec("mic", NullKind.TONE), LOOP])
    mic, loop = host.device_by_id("null:mic"), host.device_by_id("null:loop")
    infos: list[DuplexInfo] = []

    def data(_captured: Any, _played: Any, info: DuplexInfo) -> None:
        infos.append(info)

    with host.build_duplex_stream(mic, loop, StreamConfig(1, RATE, 1), data, drift="correct", depth="low"):
        clock.advance(0.06)
    times = [info.captured.nanos for info in infos]
    assert times[0] == 0
    assert times == sorted(times)


def test_a_lost_input_of_another_rate_is_made_up_for() -> None:
    mic = NullDeviceSpec("mic", NullKind.TONE, sample_rates=(44_100, 44_100))
    machine = Machine(mic, LOOP)
    infos: list[DuplexInfo] = []
    with machine.loop(lambda _c, _p, info: infos.append(info), StreamConfig(1, RATE, 480), input=machine.device("mic")):
        machine.clock.advance(1.0)
        machine.device("mic").skip(4_410)
        machine.clock.advance(1.0)
    (lost,) = [info.input_xrun_frames for info in infos if info.input_xrun_frames]
    assert 4_800 <= lost < 8_000
    assert all(later.position - info.position == 480 + later.input_xrun_frames for info, later in pairwise(infos))


# --- other channels, other formats ------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample_format", [SampleFormat.F32, SampleFormat.I16, SampleFormat.U24_PACKED])
def test_channels_are_mixed(sample_format: SampleFormat) -> None:
    """Six played on a device that has two, one captured: no latency is added, and none where only formats differ."""
    machine = Machine(LOOP.replace(channels=2))
    half = {"f32": 0.5, "i16": 1 << 14, "u24_packed": 0}[sample_format.value]
    came: list[int] = []

    def data(captured: memoryview, played: memoryview, info: DuplexInfo) -> None:
        assert captured.readonly
        assert len(captured) == 480 * sample_format.sample_bytes
        assert bytes(played) == sample_format.silence * (480 * 6)
        frames = np.frombuffer(captured, sample_format.dtype)
        silence = np.frombuffer(sample_format.silence, sample_format.dtype)
        came.extend(info.position + int(at) for at in np.flatnonzero(frames != silence))
        if info.position == 0 and half:
            np.frombuffer(played, sample_format.dtype).reshape(-1, 6)[7, 0] = half

    config = StreamConfig(6, RATE, 480, sample_format)
    device = machine.device()
    with device.build_duplex_stream_raw(config, data, input_channels=1, convert="auto") as stream:
        machine.clock.advance(1.0)
        assert stream.latency.frames == 1920
        assert (stream.config, stream.input_config) == (config, config.replace(channels=1))
        assert came == ([7 + 1920] if half else [])


def test_drift_of_integers_is_corrected() -> None:
    """They become floats on their way; what is refused otherwise."""
    machine = Machine(NullDeviceSpec("mic", NullKind.TONE, clock_ppm=300), NullDeviceSpec("speaker", NullKind.SINK))
    heard: list[Any] = []

    def data(captured: Any, played: Any, _info: DuplexInfo) -> None:
        assert captured.dtype == played.dtype == np.int16
        heard.append(captured[:, 0].copy())

    config = StreamConfig(1, RATE, 480, SampleFormat.I16)
    mic, speaker = machine.device("mic"), machine.device("speaker")
    with pytest.raises(UnsupportedOperation, match="auto"):
        speaker.build_duplex_stream(config, data, input=mic, drift="correct")
    with speaker.build_duplex_stream(config, data, input=mic, drift="correct", convert="auto") as stream:
        machine.clock.advance(10.0)
        assert stream.drift_ppm == pytest.approx(300, abs=2)
        assert stream.stats.xruns == 0
    samples = np.concatenate(heard).astype(float) / (1 << 15)
    assert np.abs(np.diff(samples, 2)).max() < 1.01 * 0.5 * (2 * np.pi * 440 / RATE) ** 2 + 4 / (1 << 15)


def test_what_the_devices_have_passes_as_it_is() -> None:
    """ "auto" costs nothing where nothing is to be done."""
    machine = Machine()
    sums = []
    for convert in ("auto", "format", "never"):
        with machine.loop(ignore, StreamConfig(2, RATE, 480), convert=convert) as stream:
            machine.clock.advance(0.5)
            sums.append((stream.latency, stream.config, stream.input_config))
    assert sums[0] == sums[1] == sums[2]


def test_chosen_channels_are_resampled() -> None:
    machine = Machine(LOOP.replace(channels=4))
    rows: list[Any] = []

    def data(captured: Any, played: Any, _info: DuplexInfo) -> None:
        played[:] = (0.25, 0.5)
        rows.append(captured[-1])

    with machine.loop(data, StreamConfig([3, 1], 44_100, 441), input_channels=[0, 1, 2, 3]) as stream:
        assert (stream.config.device_channels, stream.input_config.device_channels) == ((3, 1), (0, 1, 2, 3))
        machine.clock.advance(1.0)
    assert rows[-1] == pytest.approx([0, 0.5, 0, 0.25], abs=1e-4)


# --- its end ----------------------------------------------------------------------------------------------------------


def _recorded(machine: Machine, act: Callable[[DuplexStream], None], data: Callable[..., object]) -> Any:
    """What is heard of a stream, at 44.1 kHz on a device that has 48, from first to last."""
    blocks: list[Any] = []
    with machine.device().build_input_stream(StreamConfig(1, RATE, 480), lambda block, _: blocks.append(block.copy())):
        stream = machine.loop(data, StreamConfig(1, 44_100, 441))
        stream.start()
        act(stream)
        machine.clock.advance(0.5)
        stream.close()
    heard = np.concatenate(blocks)[:, 0]
    sounding = np.flatnonzero(np.abs(heard) > 0.01)
    return heard[sounding[0] : sounding[-1] + 1]


@pytest.mark.parametrize("blocks", [1, 40])
def test_what_was_played_is_heard_to_its_end(blocks: int) -> None:
    calls = 0

    def data(_captured: Any, played: Any, _info: DuplexInfo) -> None:
        nonlocal calls
        calls += 1
        if calls > blocks:
            raise StopStream
        played[:] = 0.5

    def wait(stream: DuplexStream) -> None:
        machine.clock.advance(2.0)
        assert (stream.state, stream.reason) == (StreamState.CLOSED, EndReason.FINISHED)

    machine = Machine()
    heard = _recorded(machine, wait, data)
    assert len(heard) == pytest.approx(blocks * 480, abs=40)
    assert calls == blocks + 1
    assert machine.events == [StreamEnded(EndReason.FINISHED)]


@pytest.mark.parametrize("act", ["stop", "pause"])
def test_a_stream_that_has_finished_is_over_however_it_is_held_before_all_was_played(act: str) -> None:
    machine = Machine()
    calls = 0

    def data(*_: object) -> None:
        nonlocal calls
        calls += 1
        raise StopStream

    stream = machine.loop(data, StreamConfig(1, 44_100, 441))
    stream.start()
    while not calls:
        machine.clock.advance(0.01)
    assert stream.state is StreamState.RUNNING
    if act == "stop":
        stream.stop(0)
    else:
        stream.pause()
        stream.start()
        machine.clock.advance(0.5)
    assert (stream.state, stream.reason, calls) == (StreamState.CLOSED, EndReason.FINISHED, 1)


@pytest.mark.parametrize("inside", [False, True])
def test_stop_plays_what_is_written(inside: bool) -> None:
    """Called from without, or by the callback itself."""
    machine = Machine()
    calls = 0
    stops: list[DuplexStream] = []

    def data(_captured: Any, played: Any, _info: DuplexInfo) -> None:
        nonlocal calls
        calls += 1
        played[:] = 0.5
        if inside and calls == 50:
            stops[0].stop()

    def stop(stream: DuplexStream) -> None:
        stops.append(stream)
        machine.clock.advance(0.5)
        stopping = threading.Thread(target=ignore if inside else stream.stop)
        stopping.start()
        while stopping.is_alive() or stream.state is not StreamState.STOPPED:
            machine.clock.advance(0.01)
        count = calls
        machine.clock.advance(0.2)
        assert calls == count

    heard = _recorded(machine, stop, data)
    assert len(heard) == pytest.approx(calls * 480, abs=40)
    assert heard[300:-300] == pytest.approx(0.5, abs=0.001), "nothing stands between"


def test_a_pause_keeps_what_was_played() -> None:
    machine = Machine()
    calls = 0

    def data(_captured: Any, played: Any, _info: DuplexInfo) -> None:
        nonlocal calls
        calls += 1
        if calls <= 40:
            played[:] = 0.5

    def pause(stream: DuplexStream) -> None:
        for _ in range(3):
            machine.clock.advance(0.2)
            stream.pause()
            machine.clock.advance(0.1)
            stream.start()
        machine.clock.advance(0.5)

    blocks = _recorded(machine, pause, data)
    assert int((blocks > 0.45).sum()) == pytest.approx(40 * 480, abs=400)


def test_the_callback_may_close_it() -> None:
    """Nothing is called any more, however many of its blocks the device's makes up."""
    machine = Machine()
    calls = 0

    def data(*_: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            stream.close()

    stream = machine.loop(data, StreamConfig(1, 8_000, 8))
    stream.start()
    machine.clock.advance(1.0)
    assert (calls, stream.state) == (3, StreamState.CLOSED)


# --- refused ----------------------------------------------------------------------------------------------------------


def test_never_is_never() -> None:
    spec = NullDeviceSpec("dac", NullKind.LOOPBACK, 2, (RATE, RATE), (SampleFormat.I16,))
    machine = Machine(spec)
    device = machine.device("dac")
    own = StreamConfig(2, RATE, 480, SampleFormat.I16)
    for lossy in (SampleFormat.F32, SampleFormat.I8):  # on their way out, and on their way in
        with pytest.raises(UnsupportedConfig, match="lose bits"):
            device.build_duplex_stream(own.replace(sample_format=lossy), ignore, convert="never")
    for other in (own.replace(sample_rate=44_100), own.replace(channels=6)):
        with pytest.raises(UnsupportedConfig):
            device.build_duplex_stream(other, ignore, convert="never")
    with pytest.raises(InvalidInput, match="forbids"):
        device.build_duplex_stream(own, ignore, convert="never", drift="correct")
    with pytest.raises(InvalidInput, match="perhaps"):
        device.build_duplex_stream(own, ignore, convert="perhaps")
    assert machine.host.buses(spec) == []

    numbers = np.random.default_rng(3).integers(-(1 << 15), 1 << 15, (480, 2)).astype("i2")
    heard: list[Any] = []

    def data(captured: Any, played: Any, info: DuplexInfo) -> None:
        heard.append(captured.copy())
        if info.position == 0:
            played[:] = numbers

    with device.build_duplex_stream(own, data, convert="never") as stream:
        machine.clock.advance(0.5)
        at = stream.latency.frames
    assert np.array_equal(np.concatenate(heard)[at : at + 480], numbers)


def test_rates_are_the_devices_unless_they_may_be_converted() -> None:
    machine = Machine(LOOP, NullDeviceSpec("slow", NullKind.TONE, sample_rates=(8_000, 8_000)))
    loop, slow = machine.device(), machine.device("slow")
    with pytest.raises(UnsupportedConfig, match="44100"):
        loop.build_duplex_stream(StreamConfig(2, 44_100), ignore)
    with pytest.raises(UnsupportedConfig, match="8000"):
        loop.build_duplex_stream(StreamConfig(2, RATE), ignore, input=slow)
    with pytest.raises(UnsupportedConfig):
        loop.build_duplex_stream(StreamConfig(2, 44_100, sample_format=SampleFormat.DSD_U8), ignore, convert="auto")
    assert machine.host.buses(loop.spec) == machine.host.buses(slow.spec) == []


@pytest.mark.parametrize("input_rate", [RATE, 44_100])
def test_what_is_missing_is_told(input_rate: int, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(LOOP, NullDeviceSpec("mic", NullKind.TONE, sample_rates=(input_rate, input_rate)))
    monkeypatch.setitem(sys.modules, "soxr", None)
    rate = 44_100 if input_rate == RATE else RATE
    with pytest.raises(UnsupportedOperation, match=r"pip install 'pcmio\[convert\]'"):
        machine.loop(ignore, StreamConfig(1, rate), input=machine.device("mic"))
    assert machine.host.buses(machine.device().spec) == []
    machine.loop(ignore, StreamConfig(6, RATE)).close()
