"""Writers whose rate or channels the device does not have."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pcmio
from pcmio import SampleFormat, StreamConfig, StreamState, UnsupportedConfig, UnsupportedOperation
from pcmio.hosts.null import NullDeviceSpec, NullKind, SimulatedClock
from pcmio.testing import until
from pcmio.testing.signals import assert_nothing_lost
from tests.unit.blocks_rig import Call, waits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RATE = 48_000
WRITTEN_RATE = 22_050
MONO = StreamConfig(1, WRITTEN_RATE)
PATIENCE = 20.0
TONE_HZ = 500
LEVEL = 0.5
#: Kept ready, so that a busy machine cannot cost a sample.
DEPTH_SECONDS = 0.4


@pytest.fixture
def device() -> Iterator[Any]:
    spec = NullDeviceSpec("loop", NullKind.LOOPBACK, channels=2, sample_rates=(RATE, RATE))
    with pcmio.host("null", devices=[spec]) as host:
        yield host.device_by_id("null:loop")


def tone(frames: int, rate: int = WRITTEN_RATE) -> Any:
    return (LEVEL * np.sin(2 * np.pi * TONE_HZ * np.arange(frames) / rate)).astype(np.float32)


def heard(device: Any, config: StreamConfig, play: Callable[[Any], object], seconds: float = 1.0) -> Any:
    """What sounds, from its first frame to its last."""
    take = pcmio.record(seconds, device=device)
    until(lambda: take.position > 0, "the first recorded block")
    with device.open_writer(config, depth=DEPTH_SECONDS) as out:
        play(out)
    recorded = take.wait(PATIENCE)
    assert_nothing_lost(out.stats.xrun_frames)
    sounding = np.flatnonzero(np.abs(recorded).max(axis=1) > 1e-4)
    return recorded[sounding[0] : sounding[-1] + 1]


def assert_is_tone(samples: Any, seconds: float) -> None:
    assert len(samples) == pytest.approx(seconds * RATE, abs=0.01 * RATE)
    middle = samples[len(samples) // 4 : 3 * len(samples) // 4].astype("f8")
    times = np.arange(len(middle)) / RATE
    basis = np.stack([np.sin(2 * np.pi * TONE_HZ * times), np.cos(2 * np.pi * TONE_HZ * times)], axis=1)
    parts, *_ = np.linalg.lstsq(basis, middle, rcond=None)
    assert np.hypot(*parts) == pytest.approx(LEVEL, abs=0.005)
    assert np.abs(middle - basis @ parts).max() < 0.005, "something else than the tone was heard"


# --- what is heard ----------------------------------------------------------------------------------------------------


def test_another_rate_in_mono_is_heard_on_both_sides(device: Any) -> None:
    samples = heard(device, MONO, lambda out: out.write(tone(WRITTEN_RATE // 2)))
    assert_is_tone(samples[:, 0], 0.5)
    assert np.array_equal(samples[:, 0], samples[:, 1])


@pytest.mark.parametrize("name", ["u8", "i16", "i24", "i24_packed", "u24_packed", "i32", "u64", "f64"])
def test_any_format_of_numbers_is_converted(device: Any, name: str) -> None:
    config = MONO.replace(sample_format=SampleFormat(name))
    samples = heard(device, config, lambda out: out.write(_in_format(tone(WRITTEN_RATE // 4), config.sample_format)))
    assert np.abs(samples).max() == pytest.approx(LEVEL, abs=0.01)
    assert abs(samples[:, 0].mean()) < 0.01


def _in_format(floats: Any, sample_format: SampleFormat) -> bytes:
    if sample_format.is_float:
        return bytes(floats.astype(sample_format.dtype).tobytes())
    half = 1 << (sample_format.bits_per_sample - 1)
    numbers = [int(sample * (half - 1)) + (half if sample_format.is_uint else 0) for sample in floats.tolist()]
    return b"".join(
        number.to_bytes(sample_format.sample_bytes, sys.byteorder, signed=sample_format.is_int) for number in numbers
    )


def test_six_channels_are_mixed_to_two(device: Any) -> None:
    front = np.zeros((RATE // 4, 6), np.float32)
    front[:, 0] = tone(RATE // 4, RATE)
    samples = heard(device, StreamConfig(6, RATE), lambda out: out.write(front))
    assert np.abs(samples[:, 0]).max() > 0.1
    assert not samples[:, 1].any()


def test_pieces_of_any_size_sound_as_the_whole(device: Any) -> None:
    data = tone(8_000).tobytes()

    def in_pieces(out: pcmio.Writer) -> None:
        at = 0
        for size in (1, 2, 3, 1001, 4_097, 7, 10_000, len(data)):
            out.write(data[at : at + size])
            at += size

    whole = heard(device, MONO, lambda out: out.write(data))
    assert np.allclose(heard(device, MONO, in_pieces), whole, atol=1e-6)


def test_the_last_frame_is_heard(device: Any) -> None:
    """What a resampler holds back comes out with the drain."""
    click = np.zeros(4_000, np.float32)
    click[0] = click[-1] = 0.9

    def drained(out: pcmio.Writer) -> None:
        out.write(click)
        out.drain()

    def stopped(out: pcmio.Writer) -> None:
        out.write(click)
        assert out.stop()

    for play in (drained, stopped):
        samples = heard(device, MONO, play)
        assert np.abs(samples[-400:]).max() > 0.5
        assert len(samples) == pytest.approx(4_000 * RATE / WRITTEN_RATE, abs=400)


def test_after_a_drain_it_begins_anew(device: Any) -> None:
    def twice(out: pcmio.Writer) -> None:
        for _ in range(2):
            out.write(tone(WRITTEN_RATE // 4))
            out.drain()

    samples = heard(device, MONO, twice)
    assert np.abs(samples).max() < LEVEL + 0.1
    assert len(samples) > 0.5 * RATE


# --- frames as they were written --------------------------------------------------------------------------------------


def test_everything_is_counted_as_it_was_written(device: Any) -> None:
    with device.open_writer(MONO, depth=0.5) as out:
        assert out.config.replace(buffer_size=None) == MONO.replace(buffer_size=None)
        assert out.write_available == pytest.approx(0.5 * WRITTEN_RATE, rel=0.1)
        with pytest.raises(pcmio.OperationTimeout) as late:
            out.write(tone(4 * WRITTEN_RATE), timeout=0.05)
        taken = late.value.frames or 0
        assert 0.5 * WRITTEN_RATE < taken < WRITTEN_RATE
        assert out.write_available == 0
        out.write(tone(100))
        until(lambda: out.position > 1_000, "some to be played")
        told = out.clear()
        assert 1_000 < told.heard < taken
        assert told.heard + told.dropped == taken + 100
        assert out.clear() == pcmio.ClearResult(0, 0)
        out.write(tone(2_000))
        out.drain()
        assert out.position >= told.heard + 2_000


def test_what_a_late_write_took_is_played_in_order(device: Any) -> None:
    """And nothing twice: the caller goes on where the error says."""
    data = tone(WRITTEN_RATE)

    def hasty(out: pcmio.Writer) -> None:
        at = 0
        while at < len(data):
            try:
                out.write(data[at:], timeout=0.01)
                break
            except pcmio.OperationTimeout as error:
                at += error.frames or 0

    assert_is_tone(heard(device, MONO, hasty, 1.5)[:, 0], 1.0)


def test_a_clear_leaves_nothing_in_the_resampler(device: Any) -> None:
    def cleared(out: pcmio.Writer) -> None:
        out.write(np.full(100, 0.9, np.float32))  # stays in the resampler, and does not begin to play for a while
        out.clear()
        out.write(tone(WRITTEN_RATE // 4))

    assert np.abs(heard(device, MONO, cleared)).max() == pytest.approx(LEVEL, abs=0.01)


def test_in_an_event_loop(device: Any) -> None:
    async def play() -> None:
        async with device.open_writer(MONO, depth=0.05) as out:
            writing = asyncio.create_task(out.write_async(tone(10 * WRITTEN_RATE)))
            await asyncio.to_thread(until, lambda: out.position > 0, "some to be played")
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            out.clear()
            await out.write_async(tone(1_000))
            await out.drain_async()
            assert out.state is StreamState.STOPPED

    asyncio.run(play())


@pytest.mark.parametrize("cut", ["clear", "close"])
def test_a_stop_that_another_thread_cuts_short_returns(cut: str) -> None:
    spec = NullDeviceSpec("loop", NullKind.LOOPBACK, channels=2, sample_rates=(RATE, RATE))
    with pcmio.host("null", devices=[spec], clock=SimulatedClock()) as host:  # nothing takes from the ring
        out: Any = host.device_by_id("null:loop").open_writer(MONO)
        with pytest.raises(pcmio.OperationTimeout):
            out.write(tone(4 * WRITTEN_RATE), timeout=0.05)
        stopping = Call(out.stop)
        until(lambda: waits(out), "the stop to wait")
        getattr(out, cut)()
        assert stopping.end() is False
        out.close()


# --- refused ----------------------------------------------------------------------------------------------------------


def test_never_is_never(device: Any) -> None:
    for config in (MONO, StreamConfig(6, RATE)):
        with pytest.raises(UnsupportedConfig):
            device.open_writer(config, convert="never")
    with pytest.raises(pcmio.InvalidInput, match="convert"):
        device.open_writer(MONO, convert="perhaps")
    exact = device.open_writer(StreamConfig(2, RATE), convert="never")
    exact.close()


def test_one_bit_samples_are_not_resampled(device: Any) -> None:
    with pytest.raises(UnsupportedConfig):
        device.open_writer(MONO.replace(sample_format=SampleFormat.DSD_U8))


def test_a_missing_resampler_is_told_when_it_is_opened(device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soxr", None)
    with pytest.raises(UnsupportedOperation, match=r"pip install 'pcmio\[convert\]'"):
        device.open_writer(MONO)
    device.open_writer(StreamConfig(6, RATE)).close()


def test_wrong_shapes_are_told_as_ever(device: Any) -> None:
    with device.open_writer(MONO) as out:
        with pytest.raises(pcmio.InvalidInput, match="shape"):
            out.write(np.zeros((10, 3), np.float32))
        out.write(b"")
        assert out.position == 0
