"""Readers and callbacks whose rate, channels or format the device does not have; and what ``convert="never"`` means."""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pcmio
from pcmio import InvalidInput, SampleFormat, StopStream, StreamConfig, UnsupportedConfig, UnsupportedOperation
from pcmio._core import core
from pcmio.hosts.null import NullDeviceSpec, NullKind, SimulatedClock
from pcmio.testing import Noise, until
from tests.unit.blocks_rig import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RATE = 48_000
OTHER_RATE = 22_050
PATIENCE = 20.0
TONE_HZ = 500
LEVEL = 0.5
PCM = [one for one in SampleFormat if not one.is_dsd]


@pytest.fixture
def device() -> Iterator[Any]:
    spec = NullDeviceSpec("loop", NullKind.LOOPBACK, channels=2, sample_rates=(RATE, RATE))
    with pcmio.host("null", devices=[spec]) as host:
        yield host.device_by_id("null:loop")


def narrow(sample_format: SampleFormat) -> pcmio.Host:
    spec = NullDeviceSpec(
        "loop", NullKind.LOOPBACK, channels=2, sample_rates=(RATE, RATE), sample_formats=(sample_format,)
    )
    return pcmio.host("null", devices=[spec])


def tone(frames: int, rate: int) -> Any:
    return (LEVEL * np.sin(2 * np.pi * TONE_HZ * np.arange(frames) / rate)).astype(np.float32)


def sounding(samples: Any) -> Any:
    found = np.flatnonzero(np.abs(samples).max(axis=1) > 1e-3)
    return samples[found[0] : found[-1] + 1]


def assert_is_tone(samples: Any, rate: int, seconds: float) -> None:
    assert len(samples) == pytest.approx(seconds * rate, abs=0.01 * rate)
    middle = samples[len(samples) // 4 : 3 * len(samples) // 4].astype("f8")
    times = np.arange(len(middle)) / rate
    basis = np.stack([np.sin(2 * np.pi * TONE_HZ * times), np.cos(2 * np.pi * TONE_HZ * times)], axis=1)
    parts, *_ = np.linalg.lstsq(basis, middle, rcond=None)
    assert np.hypot(*parts) == pytest.approx(LEVEL, abs=0.005)
    assert np.abs(middle - basis @ parts).max() < 0.005, "something else than the tone was heard"


def converted(samples: Any, given: SampleFormat, wanted: SampleFormat) -> Any:
    made = np.empty(samples.shape, wanted.dtype)
    core().pcmio_convert(made.ctypes.data, wanted.code, 1, samples.ctypes.data, given.code, 1, samples.size)
    return made


# --- never ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", PCM, ids=str)
def test_a_format_holds_another_if_all_comes_back(kept: SampleFormat) -> None:
    for given in PCM:
        samples = Noise(given, 1, 4096).frames
        if given is SampleFormat.F32:
            samples = np.random.default_rng(1).random((4096, 1)).astype("f4") * np.float32(1e-15)  # all of their bits
        elif given is SampleFormat.F64:
            samples = np.random.default_rng(1).random((4096, 1)) * 1e-15
        back = converted(converted(samples, given, kept), kept, given)
        assert (back.tobytes() == samples.tobytes()) is kept.holds(given), f"{given} in {kept}"


def test_one_bit_samples_are_held_by_their_own_format_alone() -> None:
    dsd = SampleFormat.DSD_U8
    assert dsd.holds(dsd)
    assert not any(one.holds(dsd) or dsd.holds(one) for one in SampleFormat if one is not dsd)


def ramp(sample_format: SampleFormat) -> Any:
    """Every value of 16 bits, or of 8, from the lowest to the highest."""
    bits = min(16, sample_format.bits_per_sample)
    numbers = np.arange(-(1 << (bits - 1)), 1 << (bits - 1))
    if sample_format.is_float:
        return (numbers / (1 << (bits - 1))).astype(sample_format.dtype).reshape(-1, 1)
    return (numbers + (1 << (bits - 1) if sample_format.is_uint else 0)).astype(sample_format.dtype).reshape(-1, 1)


@pytest.mark.parametrize(
    ("played", "own", "recorded"), [("i16", "i16", "i16"), ("u8", "i16", "i32"), ("i16", "i24", "f32")]
)
def test_a_ramp_passes_unchanged_or_not_at_all(played: str, own: str, recorded: str) -> None:
    here, there, back = SampleFormat(played), SampleFormat(own), SampleFormat(recorded)
    samples = ramp(here)
    with narrow(there) as host:
        device = host.device_by_id("null:loop")
        out = device.open_writer(StreamConfig(1, RATE, sample_format=here), convert="never", depth=2.0)
        with device.open_reader(StreamConfig(1, RATE, sample_format=back), convert="never", depth=4.0) as mic, out:
            mic.read(1)
            out.write(samples)
            out.drain()
            heard = mic.read(mic.read_available)
    wanted = converted(samples, here, back)
    silence = np.frombuffer(back.silence, back.dtype)[0]
    at = np.flatnonzero(heard[:, 0] != silence)
    middle = int(np.flatnonzero(wanted[:, 0] == silence)[0])  # the ramp's own zero
    assert at.size == len(wanted) - 1
    assert np.array_equal(heard[at[0] : at[0] + len(wanted)], wanted)
    assert at[0] + middle not in at


@pytest.mark.parametrize(
    ("own", "asked", "outputs", "inputs"),
    [
        ("i16", "f32", False, True),
        ("i16", "i8", True, False),
        ("i24", "f32", False, True),
        ("i32", "f32", False, False),
        ("i32", "f64", False, True),
        ("f32", "i16", True, False),
        ("f32", "i32", False, False),
        ("f32", "f64", False, True),
    ],
)
def test_a_format_that_loses_bits_is_refused(own: str, asked: str, *, outputs: bool, inputs: bool) -> None:
    config = StreamConfig(1, RATE, sample_format=asked)
    with narrow(SampleFormat(own)) as host:
        device = host.device_by_id("null:loop")
        builders: list[tuple[bool, Callable[..., pcmio.Stream]]] = [
            (outputs, lambda convert: device.open_writer(config, convert=convert)),
            (inputs, lambda convert: device.open_reader(config, convert=convert)),
            (outputs, lambda convert: device.build_output_stream(config, print, convert=convert)),
            (inputs, lambda convert: device.build_input_stream_raw(config, print, convert=convert)),
        ]
        for allowed, build in builders:
            build("format").close()
            if allowed:
                build("never").close()
                continue
            with pytest.raises(UnsupportedConfig, match=r"samples of \w+ lose bits as \w+; .*convert='format'"):
                build("never")


def test_an_exact_writer_takes_no_array_that_would_lose_bits(device: Any) -> None:
    with device.open_writer(StreamConfig(1, RATE), convert="never") as out:
        out.write(np.zeros(4, np.int16))
        with pytest.raises(InvalidInput, match="an array of f64 loses bits as f32"):
            out.write(np.zeros(4))
        out.clear()
    with device.open_writer(StreamConfig(1, RATE), convert="format") as out:
        out.write(np.zeros(4))
        out.clear()


@pytest.mark.parametrize("config", [StreamConfig(1, OTHER_RATE), StreamConfig(6, RATE)], ids=str)
def test_rates_and_channels_are_refused_unless_it_is_auto(device: Any, config: StreamConfig) -> None:
    for convert in ("never", "format"):
        for opens in (device.open_writer, device.open_reader):
            with pytest.raises(UnsupportedConfig):
                opens(config, convert=convert)
        for build in (device.build_output_stream, device.build_input_stream):
            with pytest.raises(UnsupportedConfig):
                build(config, print, convert=convert)
    for build in (device.build_output_stream, device.build_input_stream):
        with pytest.raises(UnsupportedConfig):
            build(config, print)
        with pytest.raises(InvalidInput, match="convert is 'auto', 'format' or 'never', not 'perhaps'"):
            build(config, print, convert="perhaps")


def test_an_array_of_too_many_bits_is_refused_by_play() -> None:
    with narrow(SampleFormat.I16) as host:
        device = host.device_by_id("null:loop")
        with pytest.raises(UnsupportedConfig, match="lose bits"):
            pcmio.play(np.zeros(100, np.float32), RATE, device=device, convert="never")
        assert pcmio.play(np.zeros(100, np.int16), RATE, device=device, convert="never").wait(PATIENCE)


# --- readers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["f32", "f64", "i16", "u8", "i24_packed"])
def test_a_reader_gives_what_was_asked_for(device: Any, name: str) -> None:
    wanted = SampleFormat(name)
    config = StreamConfig(1, OTHER_RATE, sample_format=wanted)
    with device.open_reader(config, depth=4.0) as mic, device.open_writer(StreamConfig(2, RATE), depth=1.0) as out:
        assert mic.config.replace(buffer_size=None) == config
        assert len(next(mic)) == mic.config.buffer_size.frames
        out.write(tone(RATE // 2, RATE))
        out.drain()
        raw = mic.read_bytes(mic.read_available + OTHER_RATE // 20)  # and what the resampler holds back
    samples = np.frombuffer(raw, wanted.dtype).reshape(-1, 1)
    floats = converted(samples, wanted, SampleFormat.F64)
    if wanted is not SampleFormat.U8:
        assert_is_tone(sounding(floats)[:, 0], OTHER_RATE, 0.5)
    assert np.abs(floats).max() == pytest.approx(LEVEL, abs=0.01)


def test_a_reader_waits_for_exactly_what_it_is_asked_for(device: Any) -> None:
    with device.open_reader(StreamConfig(3, OTHER_RATE), depth=2.0) as mic:
        for frames in (1, 0, 7, 1000, 3, 4000):
            assert mic.read(frames, timeout=PATIENCE).shape == (frames, 3)
        out = np.empty((50, 3), np.float32)
        assert mic.read(50, out) is out
        with pytest.raises(pcmio.OperationTimeout):
            mic.read(10 * OTHER_RATE, timeout=0.05)
        kept = mic.read_available
        assert kept >= 0.02 * OTHER_RATE
        assert mic.position == pytest.approx(5061 + kept, abs=0.5 * OTHER_RATE)
        assert mic.stats.xrun_frames == 0


@pytest.mark.parametrize(("depth", "step"), [(1.0, 0.0031), (1.0, 0.2), (0.0, 0.001)], ids=str)
@pytest.mark.parametrize("rate", [OTHER_RATE, 44_100, 96_000])
def test_what_is_available_is_read_without_waiting_and_no_frame_more(rate: int, depth: float, step: float) -> None:
    """Also where the ring is shorter than what a resampler holds back."""
    clock = SimulatedClock()
    spec = NullDeviceSpec("tone", NullKind.TONE, channels=2, sample_rates=(RATE, RATE))
    with pcmio.host("null", devices=[spec], clock=clock) as host:
        config = StreamConfig(1, rate, 48)
        with host.device_by_id("null:tone").open_reader(config, depth=depth) as mic:
            taken = 0
            for _ in range(40):
                clock.advance(step)
                there = mic.read_available
                assert len(mic.read(there, timeout=0)) == there == there + mic.read_available
                with pytest.raises(pcmio.OperationTimeout):
                    mic.read(1, timeout=0)
                taken += there
            assert mic.stats.xrun_frames == 0
            assert 0 <= mic.position - taken <= 0.04 * rate + 1, "what the resampler holds back"


def test_what_is_available_stays_when_it_is_asked_for() -> None:
    clock = SimulatedClock()
    spec = NullDeviceSpec("tone", NullKind.TONE, channels=2, sample_rates=(RATE, RATE))
    with pcmio.host("null", devices=[spec], clock=clock) as host:
        device = host.device_by_id("null:tone")
        config = StreamConfig(1, OTHER_RATE)
        with device.open_reader(config, depth=1.0) as asked, device.open_reader(config, depth=1.0) as unasked:
            there = 0
            for _ in range(30):
                clock.advance(0.01)
                there = asked.read_available
                assert asked.latency.ring == pytest.approx(unasked.latency.ring, abs=0.05)
            assert np.array_equal(asked.read(there), unasked.read(there))
            for _ in range(300):
                clock.advance(0.01)
                assert asked.read_available <= 1.1 * OTHER_RATE
            assert asked.stats.xrun_frames > 0


def test_a_read_that_waits_gets_all_however_often_others_ask(device: Any) -> None:
    with device.open_reader(StreamConfig(1, OTHER_RATE), depth=0.02) as mic:
        reading = Call(mic.read, OTHER_RATE // 5)
        while not reading.ended:
            assert mic.read_available <= 0.06 * OTHER_RATE
        assert len(reading.end()) == OTHER_RATE // 5


def test_nobody_reads_and_frames_are_lost(device: Any) -> None:
    with device.open_reader(StreamConfig(1, OTHER_RATE), depth=0.1) as mic:
        until(lambda: mic.stats.xruns > 0, "an overrun")
        assert mic.read_available <= 0.2 * OTHER_RATE


def test_a_reader_that_is_started_again_begins_anew(device: Any) -> None:
    playback = pcmio.play(tone(10 * RATE, RATE), RATE, device=device)
    with device.open_reader(StreamConfig(1, OTHER_RATE)) as mic:
        until(lambda: bool(mic.read(500).any()), "the tone")
        mic.stop()
        playback.stop()
        mic.start()
        assert not mic.read(2000).any()


def test_a_reader_is_awaited_and_its_blocks_are_iterated(device: Any) -> None:
    import asyncio

    async def read() -> list[int]:
        lengths: list[int] = []
        async with device.open_reader(StreamConfig(1, OTHER_RATE, 441)) as mic:
            lengths.append(len(await mic.read_async(100)))
            async for block in mic:
                lengths.append(len(block))
                if len(lengths) == 4:
                    return lengths
        return lengths

    assert asyncio.run(read()) == [100, 441, 441, 441]


def test_a_missing_resampler_is_told_when_it_is_opened(device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soxr", None)
    for opens, more in ((device.open_reader, ()), (device.build_output_stream, (print,))):
        with pytest.raises(UnsupportedOperation, match=r"pip install 'pcmio\[convert\]'"):
            opens(StreamConfig(1, OTHER_RATE), *more, convert="auto")
    device.open_reader(StreamConfig(6, RATE)).close()


# --- callbacks --------------------------------------------------------------------------------------------------------


class Player:
    """Plays once, in blocks that are checked."""

    def __init__(self, samples: Any, frames: int) -> None:
        self.samples, self.frames, self.at = samples, frames, 0
        self.infos: list[pcmio.CallbackInfo] = []

    def __call__(self, block: Any, info: pcmio.CallbackInfo) -> None:
        assert block.shape == (self.frames, 1)
        assert not block.any()
        self.infos.append(info)
        piece = self.samples[self.at : self.at + self.frames]
        if not len(piece):
            raise StopStream
        block[: len(piece), 0] = piece
        self.at += len(piece)


@pytest.mark.parametrize("dtype", ["f8", "f4", "i2"])
@pytest.mark.parametrize("channels", [1, 2])
def test_arrays_of_any_kind_are_converted_by_a_writer_of_another_rate(device: Any, channels: int, dtype: str) -> None:
    sound = tone(OTHER_RATE // 2, OTHER_RATE)  # mono goes to every channel
    written = (sound * 32768).astype(dtype) if dtype == "i2" else sound.astype(dtype)
    take = pcmio.record(1.5, device=device)
    until(lambda: take.position > 0, "the first recorded block")
    with device.open_writer(StreamConfig(channels, OTHER_RATE), depth=1.0) as writer:
        writer.write(written)
    heard = sounding(take.wait(PATIENCE))
    assert_is_tone(heard[:, 0], RATE, 0.5)
    assert np.array_equal(heard[:, 0], heard[:, 1])


def test_a_callback_plays_at_its_own_rate_to_the_last_frame(device: Any) -> None:
    sound = tone(OTHER_RATE // 2, OTHER_RATE)
    player = Player(sound, 300)
    take = pcmio.record(1.5, device=device)
    until(lambda: take.position > 0, "the first recorded block")
    with device.build_output_stream(StreamConfig(1, OTHER_RATE, 300), player, convert="auto", depth=0.4) as stream:
        assert stream.config == StreamConfig(1, OTHER_RATE, 300)
        assert stream.wait(PATIENCE)
    assert (stream.reason, stream.stats.xrun_frames) == (pcmio.EndReason.FINISHED, 0)
    assert [info.position for info in player.infos] == list(range(0, 300 * len(player.infos), 300))
    heard = sounding(take.wait(PATIENCE))
    assert_is_tone(heard[:, 0], RATE, 0.5)
    assert np.array_equal(heard[:, 0], heard[:, 1])


def test_a_callback_hears_at_its_own_rate_and_knows_when(device: Any) -> None:
    blocks: list[Any] = []
    infos: list[pcmio.CallbackInfo] = []

    def take(block: Any, info: pcmio.CallbackInfo) -> None:
        assert block.shape == (100, 1)
        assert not block.flags.writeable
        blocks.append(block.copy())
        infos.append(info)

    with device.build_input_stream(StreamConfig(1, OTHER_RATE, 100), take, convert="auto", depth=1.0):
        until(lambda: bool(blocks), "the first block")
        assert pcmio.play(tone(RATE // 2, RATE), RATE, device=device).wait(PATIENCE)
        end = len(blocks) + 60
        until(lambda: len(blocks) > end, "the tail")
    assert_is_tone(sounding(np.concatenate(blocks))[:, 0], OTHER_RATE, 0.5)
    assert sum(info.xrun_frames for info in infos) == 0
    first = infos[0]
    for info in infos:
        passed = info.timestamp.device - first.timestamp.device
        assert passed == pytest.approx((info.position - first.position) / OTHER_RATE, abs=1e-3)


@pytest.mark.parametrize("name", ["i16", "u24_packed"])
def test_raw_blocks_are_bytes_of_the_format_asked_for(device: Any, name: str) -> None:
    sample_format = SampleFormat(name)
    size = 64 * sample_format.sample_bytes
    seen: list[tuple[int, bool]] = []

    def data(block: memoryview, _info: Any) -> None:
        assert block.readonly or bytes(block) == sample_format.silence * 64
        seen.append((block.nbytes, block.readonly))

    config = StreamConfig(1, OTHER_RATE, 64, sample_format)
    for build, readonly in ((device.build_output_stream_raw, False), (device.build_input_stream_raw, True)):
        seen.clear()
        with build(config, data, convert="auto"):
            until(lambda: len(seen) > 3, "some blocks")
        assert set(seen) == {(size, readonly)}


@pytest.mark.parametrize(("rate", "told"), [(RATE // 2, 500), (RATE * 4 // 3, 1333)])
def test_what_was_lost_is_told_once_in_frames_of_the_callbacks(rate: int, told: int) -> None:
    spec = NullDeviceSpec("loop", NullKind.LOOPBACK, channels=2, sample_rates=(RATE, RATE))
    with pcmio.host("null", devices=[spec]) as host:
        device: Any = host.device_by_id("null:loop")
        infos: list[pcmio.CallbackInfo] = []
        config = StreamConfig(1, rate, 100)
        with device.build_input_stream(config, lambda _block, info: infos.append(info), convert="auto", depth=2.0):
            until(lambda: len(infos) > 2, "some blocks")
            device.skip(1000)
            until(lambda: any(info.xrun for info in infos), "the loss being told")
            calls = len(infos)
            until(lambda: len(infos) > calls + 5, "blocks after it")
        assert [info.xrun_frames for info in infos if info.xrun] == [told]


def test_stopped_at_once_and_started_again_nothing_old_is_heard(device: Any) -> None:
    level = [0.5]

    def data(block: Any, _info: Any) -> None:
        block[:] = level[0]

    with device.build_output_stream(StreamConfig(1, OTHER_RATE, 2000), data, convert="auto") as stream:
        until(lambda: stream.position > 4000, "some to be played")
        stream.stop(0)
        level[0] = 0.0
        take = pcmio.record(0.5, device=device)
        until(lambda: take.position > 0, "the first recorded block")
        stream.start()
        assert not take.wait(PATIENCE).any()


@pytest.mark.parametrize("inside", [False, True])
def test_stop_plays_the_last_frame_that_was_written(device: Any, *, inside: bool) -> None:
    """Also what the resampler holds back, and what of it has found no room yet."""
    sound = tone(10 * OTHER_RATE, OTHER_RATE)
    at = [0]

    def data(block: Any, _info: Any) -> None:
        block[:, 0] = sound[at[0] : at[0] + len(block)]
        at[0] += len(block)
        if inside and at[0] == 6000:
            stream.stop()

    take = pcmio.record(2.0, device=device)
    until(lambda: take.position > 0, "the first recorded block")
    stream = device.build_output_stream(StreamConfig(1, OTHER_RATE, 1500), data, convert="auto", depth=0.4)
    with stream:
        if inside:
            assert stream.wait(PATIENCE)
        else:
            until(lambda: stream.position > 3000, "some to be played")
            assert stream.stop() is True
        assert stream.stop() is True  # again, there is nothing left
    heard = sounding(take.wait(PATIENCE))
    assert len(heard) == pytest.approx(at[0] * RATE / OTHER_RATE, abs=200)
    assert_is_tone(heard[:, 0], RATE, at[0] / OTHER_RATE)


def test_a_stop_that_is_paused_and_started_goes_on_calling(device: Any) -> None:
    calls = [0]

    def data(block: Any, _info: Any) -> None:
        calls[0] += 1
        block[:] = 0.25

    with device.build_output_stream(StreamConfig(1, OTHER_RATE, 512), data, convert="auto") as stream:
        until(lambda: calls[0] > 10, "some blocks")
        assert stream.stop() is True
        stream.start()
        stream.pause()
        stream.start()
        mark = calls[0]
        until(lambda: calls[0] > mark + 10, "more blocks")
        assert stream.state is pcmio.StreamState.RUNNING


CALLS: dict[str, Callable[[Any], object]] = {
    "close": lambda stream: stream.close(),
    "stop": lambda stream: stream.stop(),
    "stop at once": lambda stream: stream.stop(0),
    "pause": lambda stream: stream.pause(),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("output", [False, True], ids=["input", "output"])
def test_after_a_callback_ended_its_stream_it_is_not_called_for_the_rest_of_the_block(output: bool, name: str) -> None:
    clock = SimulatedClock()
    spec = NullDeviceSpec("loop", NullKind.LOOPBACK, channels=2, sample_rates=(RATE, RATE))
    streams: list[Any] = []
    calls: list[object] = []

    def data(_block: Any, _info: Any) -> None:
        calls.append(streams[0].state)
        if len(calls) == 2:
            CALLS[name](streams[0])

    with pcmio.host("null", devices=[spec], clock=clock) as host:
        device = host.device_by_id("null:loop")
        build = device.build_output_stream if output else device.build_input_stream
        # Many of its blocks make one of the ring's.
        streams.append(build(StreamConfig(1, OTHER_RATE, 32), data, convert="auto"))
        streams[0].start()
        clock.advance(0.5)
        if output and name == "pause":  # whose block is kept, and has to be full
            assert streams[0].state is pcmio.StreamState.PAUSED
        else:
            assert len(calls) == 2
            mark = len(calls)
            if name != "close":
                streams[0].start()
                clock.advance(0.5)
                assert len(calls) > mark
        streams[0].close()


def test_an_ended_stream_frees_its_converted_callback(device: Any) -> None:
    class Callback:
        def __call__(self, *_: object) -> None:
            """Do nothing."""

    data = Callback()
    gone = weakref.ref(data)
    stream = device.build_output_stream(StreamConfig(1, OTHER_RATE), data, convert="auto")
    del data
    stream.close()
    assert gone() is None


def test_what_a_callback_raises_is_its_owners(device: Any) -> None:
    def data(_block: Any, _info: Any) -> None:
        raise ZeroDivisionError

    stream = device.build_output_stream(StreamConfig(1, OTHER_RATE), data, convert="auto")
    with pytest.raises(ZeroDivisionError), stream:
        stream.wait(PATIENCE)
    assert stream.reason is pcmio.EndReason.CALLBACK_RAISED


def test_a_native_callback_gets_what_the_device_has(device: Any) -> None:
    callback = pcmio.NativeCallback(core().address("pcmio_sampler_play"), bytearray(128))
    with pytest.raises(UnsupportedConfig):
        device.build_output_stream(StreamConfig(1, OTHER_RATE), callback, convert="auto")
    device.build_output_stream(StreamConfig(1, RATE), callback, convert="auto").close()


# --- chosen channels --------------------------------------------------------------------------------------------------


def test_arrays_go_to_chosen_channels_and_come_from_them() -> None:
    spec = NullDeviceSpec("card", NullKind.LOOPBACK, channels=6, positions=("FL", "FR", "FC", "LFE", "RL", "RR"))
    with pcmio.host("null", devices=[spec]) as host:
        device = host.device_by_id("null:card")
        assert device.channels(pcmio.Direction.OUTPUT)[3] == pcmio.Channel("LFE", "LFE")
        take = pcmio.record(1.5, channels=[1, 4, 4, 2], rate=RATE, device=device)
        until(lambda: take.position > 0, "the first recorded block")
        sound = np.full((4800, 2), (0.25, 0.5), np.float32)
        assert pcmio.play(sound, RATE, channels=[4, 2], device=device).wait(PATIENCE)
        heard = sounding(take.wait(PATIENCE))
        assert len(heard) == 4800
        assert (heard == np.array([0, 0.25, 0.25, 0.5], np.float32)).all()
        assert pcmio.play(np.ones(10, np.float32), RATE, channels=[5], device=device).wait(PATIENCE)
        with pytest.raises(InvalidInput, match="an array of 2 channels does not go to 1"):
            pcmio.play(sound, RATE, channels=[5], device=device)
        with pytest.raises(UnsupportedConfig, match="card has no channel 6: its 6 channels are 0 to 5"):
            pcmio.play(sound, RATE, channels=[5, 6], device=device)


def test_a_choice_is_resampled_too() -> None:
    spec = NullDeviceSpec("card", NullKind.LOOPBACK, channels=6, sample_rates=(RATE, RATE))
    with pcmio.host("null", devices=[spec]) as host:
        device = host.device_by_id("null:card")
        config = StreamConfig([5, 0], OTHER_RATE)
        with device.open_reader(StreamConfig(6, RATE), depth=4.0) as mic, device.open_writer(config) as out:
            assert out.config.device_channels == (5, 0)
            mic.read(1)
            out.write(np.stack([tone(5000, OTHER_RATE), np.zeros(5000, np.float32)], axis=1))
            out.drain()
            heard = mic.read(mic.read_available)
        assert [bool(heard[:, channel].any()) for channel in range(6)] == [*[False] * 5, True]


def test_a_reader_that_was_stopped_has_nothing_left(device: Any) -> None:
    with device.open_reader(StreamConfig(1, OTHER_RATE)) as mic:
        mic.read(1001)
        mic.stop()
        assert mic.read_available == 0
