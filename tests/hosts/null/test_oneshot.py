"""Arrays that are played and recorded in one call, where devices take little."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
import time
import weakref
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pcmio
from pcmio import InvalidInput, SampleFormat, UnsupportedConfig, UnsupportedOperation, _job, _runner
from pcmio.hosts.null import NullDeviceSpec, NullHost, NullKind
from pcmio.testing import Noise, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RATE = 48_000
PATIENCE = 20.0
TONE_HZ = 1000


def loop() -> tuple[NullHost, Any]:
    """A host, and its device that plays and records."""
    spec = NullDeviceSpec("loop", NullKind.LOOPBACK, channels=2, sample_rates=(RATE, RATE))
    host = pcmio.host("null", devices=[spec])
    assert isinstance(host, NullHost)
    return host, host.device_by_id("null:loop")


@pytest.fixture
def device() -> Iterator[Any]:
    host, device = loop()
    with host:
        yield device


def noise(sample_format: SampleFormat = SampleFormat.F32, channels: int = 2, frames: int = 9600) -> Any:
    return Noise(sample_format, channels, frames, seed=5).frames


def tone(rate: int, seconds: float, dtype: str = "f4") -> Any:
    return (0.5 * np.sin(2 * np.pi * TONE_HZ * np.arange(round(seconds * rate)) / rate)).astype(dtype)


def level(samples: Any) -> float:
    """The amplitude of the tone in the middle of what was recorded, the rest of which must be little."""
    count = len(samples) // 3
    piece = np.asarray(samples[count : 2 * count], "f8")
    spectrum = np.abs(np.fft.rfft(piece * np.hanning(count))) * 4 / count
    peak = int(spectrum.argmax())
    assert abs(peak * RATE / count - TONE_HZ) < 2 * RATE / count
    spectrum[max(0, peak - 20) : peak + 20] = 0
    assert spectrum.max() < 0.001, "something else than the tone was heard"
    return float(np.sqrt(2 * np.mean(piece**2)))


# --- what is heard ----------------------------------------------------------------------------------------------------


def test_frames_come_back_at_their_place(device: Any) -> None:
    data = noise()
    for _ in range(3):
        assert np.array_equal(pcmio.play_record(data, RATE, output=device, input=device).wait(PATIENCE), data)


@pytest.mark.parametrize("sample_format", [SampleFormat.I16, SampleFormat.U8, SampleFormat.I32, SampleFormat.F64])
def test_arrays_of_the_devices_own_format_pass_unchanged(device: Any, sample_format: SampleFormat) -> None:
    data = noise(sample_format)
    take = pcmio.record(1.0, sample_format=sample_format, device=device)
    until(lambda: take.position > 0, "the first recorded block")
    pcmio.play(data, RATE, device=device)
    Noise(sample_format, 2, len(data), seed=5).assert_within(take.wait(PATIENCE))


def test_mono_is_heard_on_both_sides(device: Any) -> None:
    data = noise(channels=1)
    heard = pcmio.play_record(data[:, 0], RATE, output=device, input=device).wait(PATIENCE)
    assert np.array_equal(heard, data.repeat(2, axis=1))


def test_six_channels_are_mixed_to_two_and_two_to_one(device: Any) -> None:
    data = np.zeros((9600, 6), np.float32)
    data[:, 2] = 0.5  # the centre
    heard = pcmio.play_record(data, RATE, channels=1, output=device, input=device).wait(PATIENCE)
    assert heard.shape == (9600, 1)
    assert 0.1 < heard[4800, 0] < 0.5


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_another_rate_is_resampled_both_ways(device: Any, dtype: str) -> None:
    take = pcmio.play_record(tone(22_050, 1.0, dtype), 22_050, channels=1, output=device, input=device)
    heard = take.wait(PATIENCE)
    assert heard.shape == (22_050, 1)
    assert take.sample_rate == 22_050
    whole = pcmio.record(0.5, device=device)
    assert whole.sample_rate == RATE
    whole.stop()
    again = np.interp(np.arange(RATE) * 22_050 / RATE, np.arange(22_050), heard[:, 0])
    assert abs(np.sqrt(2 * np.mean(again[RATE // 3 : 2 * RATE // 3] ** 2)) - 0.5) < 0.01


def test_integers_of_another_rate_become_floats(device: Any) -> None:
    data = (tone(24_000, 1.0) * 32_767).astype(np.int16)
    take = pcmio.record(1.0, channels=1, device=device)
    until(lambda: take.position > 0, "the first recorded block")
    pcmio.play(data, 24_000, device=device)
    assert level(take.wait(PATIENCE)[:, 0]) == pytest.approx(0.5, abs=0.01)


def test_positions_are_of_the_array_not_of_the_device(device: Any) -> None:
    playback = pcmio.play(tone(8_000, 0.5), 8_000, device=device)
    assert playback.wait(PATIENCE)
    assert playback.position == 4_000
    assert "4000 of 4000 frames, done" in repr(playback)


def test_the_array_may_change_while_it_plays(device: Any) -> None:
    data = noise()
    kept = data.copy()
    take = pcmio.play_record(data, RATE, output=device, input=device)
    data[:] = 0
    assert np.array_equal(take.wait(PATIENCE), kept)


def test_lists_and_strides_and_foreign_byte_order_are_taken(device: Any) -> None:
    assert pcmio.play([0.1, 0.2, 0.3], RATE, device=device).wait(PATIENCE)
    data = noise(frames=4800)
    heard = pcmio.play_record(data.astype(">f4")[::2], RATE, output=device, input=device).wait(PATIENCE)
    assert np.array_equal(heard, data[::2])


def test_several_at_once_are_mixed(device: Any) -> None:
    take = pcmio.record(0.8, device=device)
    until(lambda: take.position > 0, "the first recorded block")
    both = [pcmio.play(np.full((24_000, 2), share, np.float32), RATE, device=device) for share in (0.25, 0.5)]
    for playback in both:
        assert playback.wait(PATIENCE)
    assert take.wait(PATIENCE).max() == 0.75


# --- refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        partial(pcmio.play, noise(), 44_100),
        partial(pcmio.play, noise(channels=3), RATE),
        partial(pcmio.record, 1.0, rate=44_100),
        partial(pcmio.record, 1.0, channels=3),
    ],
)
def test_what_would_have_to_be_converted_is_refused_on_demand(device: Any, call: Callable[..., object]) -> None:
    with pytest.raises(UnsupportedConfig):
        call(device=device, convert="never")


def test_integers_are_not_recorded_at_a_rate_that_the_device_lacks(device: Any) -> None:
    with pytest.raises(UnsupportedConfig):
        pcmio.record(1.0, rate=44_100, sample_format=SampleFormat.I16, device=device)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (partial(pcmio.play, [], RATE), "shape"),
        (partial(pcmio.play, np.zeros((2, 2, 2)), RATE), "shape"),
        (partial(pcmio.play, "sound", RATE), "dtype"),
        (partial(pcmio.play, [[1], [1, 2]], RATE), "array"),
        (partial(pcmio.play, np.zeros(4, complex), RATE), "complex"),
        (partial(pcmio.play, noise(), 0), "sample_rate"),
        (partial(pcmio.play, noise(), None), "sample_rate"),  # type: ignore[arg-type]
        (partial(pcmio.play, noise(), RATE, convert="sometimes"), "convert"),
        (partial(pcmio.record), "length"),
        (partial(pcmio.record, 1.0, frames=3), "length"),
        (partial(pcmio.record, "long"), "seconds"),  # type: ignore[arg-type]
        (partial(pcmio.record, float("nan")), "seconds"),
        (partial(pcmio.record, -1.0), "one frame"),
        (partial(pcmio.record, frames=1.5), "one frame"),  # type: ignore[arg-type]
        (partial(pcmio.record, frames=True), "one frame"),
        (partial(pcmio.record, 1.0, channels=0), "channels"),
    ],
)
def test_wrong_values_are_told(device: Any, call: Callable[..., object], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        call(device=device)


def test_channels_may_be_numpys(device: Any) -> None:
    channels: Any = np.array([1, 0])
    take = pcmio.record(1.0, channels=channels, device=device)
    until(lambda: take.position > 0, "the first recorded block")
    assert pcmio.play(np.full((480, 2), (0.25, 0.5)), RATE, channels=channels, device=device).wait(PATIENCE)
    heard = take.wait(PATIENCE)
    assert heard.max(axis=0).tolist() == [0.25, 0.5]


def test_a_number_of_frames_may_be_numpys(device: Any) -> None:
    frames: Any = np.int64(480)
    assert pcmio.record(frames=frames, device=device).wait(PATIENCE).shape == (480, 2)


@pytest.mark.parametrize("seconds", [1e14, 1e300])
def test_what_no_memory_holds_is_told(device: Any, seconds: float) -> None:
    with pytest.raises(pcmio.ResourceExhausted, match="no memory for a recording"):
        pcmio.record(seconds, device=device)
    until(lambda: not streams(), "the streams' threads to end")


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_few_frames_are_played_at_any_rate(device: Any, frames: int) -> None:
    playback = pcmio.play(np.full(frames, 0.5, np.float32), 8 * RATE, device=device)
    assert playback.wait(PATIENCE)
    assert playback.position == frames


def test_a_device_is_named_by_itself_or_by_its_id() -> None:
    assert pcmio.play(noise(), RATE, device="null:sink").wait(PATIENCE)
    assert pcmio.play(noise(), RATE, device=pcmio.DeviceId("null", "sink")).wait(PATIENCE)
    with pytest.raises(InvalidInput, match="device id"):
        pcmio.play(noise(), RATE, device=3)  # type: ignore[arg-type]
    with pytest.raises(pcmio.DeviceNotAvailable):
        pcmio.play(noise(), RATE, device="null:none")


def test_without_a_device_the_default_host_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PCMIO_HOST", "null")
    assert pcmio.play(noise(), RATE).wait(PATIENCE)
    assert len(pcmio.record(0.1).wait(PATIENCE)) == 4800
    assert len(pcmio.play_record(noise(), RATE).wait(PATIENCE)) == 9600


def test_two_hosts_have_no_clock_in_common(device: Any) -> None:
    with pcmio.host("null") as host:
        elsewhere: Any = host.device_by_id("null:silence")

        class Stranger(type(elsewhere)):  # type: ignore[misc]
            id = pcmio.DeviceId("other", "silence")

        elsewhere.__class__ = Stranger
        with pytest.raises(UnsupportedOperation, match="two hosts"):
            pcmio.play_record(noise(), RATE, output=device, input=elsewhere)


def test_a_missing_resampler_is_told_before_anything_sounds(device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soxr", None)
    with pytest.raises(UnsupportedOperation, match=r"pip install 'pcmio\[convert\]'"):
        pcmio.play(noise(), 44_100, device=device)
    assert pcmio.play(noise(), RATE, device=device).wait(PATIENCE)


# --- lives ------------------------------------------------------------------------------------------------------------


def streams() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "pcmio null:loop"]


def test_it_goes_on_when_nobody_keeps_it_and_leaves_nothing(device: Any) -> None:
    take = pcmio.record(0.6, device=device)
    until(lambda: take.position > 0, "the first recorded block")
    data = noise()
    pcmio.play(data, RATE, device=device)
    gc.collect()
    Noise(SampleFormat.F32, 2, len(data), seed=5).assert_within(take.wait(PATIENCE))
    until(lambda: not streams(), "the streams' threads to end")


def test_when_the_second_stream_cannot_be_had_the_first_is_given_back(device: Any) -> None:
    with pytest.raises(UnsupportedOperation, match="no option"):
        pcmio.play_record(noise(), RATE, output=device, input=device, output_options={"colour": "red"})
    until(lambda: not streams(), "the streams' threads to end")


def test_a_lost_device_is_told_to_whoever_waits(caplog: pytest.LogCaptureFixture) -> None:
    host, device = loop()
    with host, caplog.at_level(logging.ERROR, "pcmio"):
        _lose_a_recording(device)
        gc.collect()
        assert not caplog.records


def _lose_a_recording(device: Any) -> None:
    take = pcmio.record(20.0, device=device)
    until(lambda: take.position > 0, "the first recorded block")
    device.lose(19)
    for _ in range(2):
        with pytest.raises(pcmio.DeviceLost):
            take.wait(PATIENCE)
    assert 0 < len(take.samples) < 20 * RATE


def test_a_lost_device_is_logged_when_nobody_waits(caplog: pytest.LogCaptureFixture) -> None:
    host, device = loop()
    with host, caplog.at_level(logging.ERROR, "pcmio"):
        take = pcmio.record(20.0, device=device)
        until(lambda: take.position > 0, "the first recorded block")
        pcmio.play(noise(frames=20 * RATE), RATE, device=device)
        take.stop()
        device.lose(19)
        until(lambda: gc.collect() >= 0 and "nobody asked" in caplog.text, "the error to be logged")


def test_the_recording_ends_when_the_playing_does_not_go_on(device: Any) -> None:
    take = pcmio.play_record(noise(frames=20 * RATE), RATE, output=device, input=device)
    until(lambda: take.position > 0, "the first recorded block")
    device.lose(19)
    with pytest.raises(pcmio.DeviceLost):
        take.wait(PATIENCE)
    device.plug_in()


@pytest.mark.parametrize("how", ["stop", "lose"])
def test_of_two_streams_neither_waits_for_the_other_to_end(
    device: Any, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_runner, "FINISH_SECONDS", PATIENCE)
    take = pcmio.play_record(noise(frames=20 * RATE), RATE, output=device, input=device)
    until(lambda: take.position > 0, "the first recorded block")
    began = time.monotonic()
    if how == "stop":
        take.stop()
    else:
        device.lose(19)
        with pytest.raises(pcmio.DeviceLost):
            take.wait(PATIENCE)
    assert time.monotonic() - began < PATIENCE / 2
    assert take.done
    until(lambda: not streams(), "the streams' threads to end")


def test_what_had_ended_before_it_was_started_is_not_kept(device: Any) -> None:
    gone = [weakref.ref(_started_too_late(device))]
    gc.collect()
    assert gone[0]() is None


def _started_too_late(device: Any) -> _job.Job:
    ended = threading.Event()
    job = _job.Job(ExitStack(), lambda *_: ended.set())
    stream = job.add(partial(device.build_output_stream_raw, pcmio.StreamConfig(2, RATE), lambda *_: None))
    stream.close()
    assert ended.wait(PATIENCE)
    until(lambda: job.over, "the end to be told")
    with pytest.raises(pcmio.StreamClosed):
        job.start()
    assert job not in _job._going
    return job


def test_a_task_that_is_cancelled_leaves_it_playing(device: Any) -> None:
    async def give_up() -> pcmio.Playback:
        playback = pcmio.play(noise(frames=2 * RATE), RATE, device=device)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(_joined(playback), 0.05)
        assert not playback.done
        await playback
        return playback

    playback = asyncio.run(give_up())
    assert playback.done
    assert playback.position == 2 * RATE


async def _joined(playback: pcmio.Playback) -> None:
    await playback


def test_stopped_from_another_thread_it_frees_whoever_waits(device: Any) -> None:
    playback = pcmio.play(noise(frames=20 * RATE), RATE, device=device)
    stopper = threading.Timer(0.1, playback.stop)
    stopper.start()
    assert playback.wait(PATIENCE)
    assert playback.position < 20 * RATE
    assert playback.xruns == 0
    stopper.join()


def test_without_numpy_all_three_say_what_to_do(device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    calls: tuple[Callable[[], object], ...] = (
        partial(pcmio.play, [0.0], RATE, device=device),
        partial(pcmio.record, 0.1, device=device),
        partial(pcmio.play_record, [0.0], RATE, output=device, input=device),
    )
    for call in calls:
        with pytest.raises(UnsupportedOperation, match="numpy is not installed; pip install numpy"):
            call()
