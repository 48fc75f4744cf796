"""Streams on PCMs that need no server: pace, exactness to the last sample, formats, errors."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pcmio
from pcmio import (
    EndReason,
    HostDisconnected,
    InvalidInput,
    PermissionDenied,
    SampleFormat,
    StreamConfig,
    StreamState,
    UnsupportedConfig,
)
from pcmio.hosts.alsa.host import AlsaHost
from pcmio.testing import Noise, until
from pcmio.testing.signals import assert_no_xruns


def nothing(_block: object, _info: object) -> None:
    """A callback."""


def played(dump: Path, dtype: str, channels: int) -> Any:
    return np.frombuffer(dump.read_bytes(), dtype).reshape(-1, channels)


def test_a_pcm_without_a_clock_keeps_time(host: pcmio.Host) -> None:
    for build in (
        host.device_by_id("alsa:nothing").build_output_stream,
        host.device_by_id("alsa:nothing").build_input_stream,
    ):
        with build(StreamConfig(2, 48_000, 480), nothing) as stream:
            until(lambda stream=stream: stream.position > 9_600, "the stream being under way")  # type: ignore[misc]
            begin, begun = stream.position, time.monotonic()
            until(lambda stream=stream, begin=begin: stream.position > begin + 24_000, "half a second")  # type: ignore[misc]
            rate = (stream.position - begin) / (time.monotonic() - begun)
            assert 24_000 < rate < 96_000, "without a clock it is as fast as the processor"
            assert stream.stats.cycles < 400, "it is served without a rest"


@pytest.mark.parametrize(
    ("sample_format", "dtype"), [("f32", "f4"), ("i16", "i2"), ("u8", "u1"), ("i32", "i4"), ("i24_packed", "V3")]
)
@pytest.mark.parametrize("ends_by", ["stop", "StopStream"])
@pytest.mark.usefixtures("standstills")
def test_every_sample_is_played_to_the_last(
    host: pcmio.Host, dump: Path, sample_format: str, dtype: str, ends_by: str
) -> None:
    """ "file" keeps back as much as a device's buffer would hold: a drain that ends too early would be seen."""
    noise = Noise(SampleFormat(sample_format), 2, 24_000, seed=3)
    player = noise.player()
    config = StreamConfig(2, 48_000, 480, sample_format)
    stream = host.device_by_id("alsa:dump").build_output_stream(config, player, depth=0.4)
    with stream:
        if ends_by == "stop":
            until(lambda: player.at > 12_000, "some of it being asked for")
            assert stream.stop() is True
            noise.frames = noise.frames[: player.at]
        else:
            assert stream.wait(20)
            assert stream.reason is EndReason.FINISHED
    noise.assert_within(played(dump, dtype, 2))
    assert_no_xruns(stream.stats)


def test_a_drain_ends_in_time(host: pcmio.Host) -> None:
    with host.device_by_id("alsa:dump").build_output_stream(
        StreamConfig(2, 48_000, 480), nothing, depth=10.0
    ) as stream:
        until(lambda: stream.position > 9_600, "the stream being under way")
        begun = time.monotonic()
        assert stream.stop(0.1) is False
        assert time.monotonic() - begun < 5, "all was played"
        assert stream.state is StreamState.STOPPED


def test_a_plug_converts_what_the_core_need_not(host: pcmio.Host, dump: Path) -> None:
    """ "plug" with a "rate" and a "linear" inside: 48 000 Hz float becomes 44 100 Hz packed 24 bits."""

    def tone(block: Any, info: Any) -> None:
        at = info.position + np.arange(len(block))
        block[:] = (0.5 * np.sin(2 * np.pi * 441 * at / 48_000))[:, None]

    with host.device_by_id("alsa:fixed").build_output_stream(StreamConfig(2, 48_000, 480), tone) as stream:
        until(lambda: stream.position > 48_000, "a second being played")
        assert stream.stop() is True
    raw = played(dump, "u1", 3).astype(np.int32)
    left = ((raw[0::2, 0] << 8 | raw[0::2, 1] << 16 | raw[0::2, 2] << 24) >> 8) / (1 << 23)
    left = left[4_410 : 4_410 + 22_050]
    spectrum = np.abs(np.fft.rfft(left * np.hanning(len(left))))
    assert abs(int(np.argmax(spectrum)) * 2 - 441) <= 2
    assert 0.45 < np.abs(left).max() < 0.55


def test_the_devices_own_rate_can_be_insisted_on(host: pcmio.Host) -> None:
    device = host.device_by_id("alsa:fixed")
    device.build_output_stream(StreamConfig(2, 48_000), nothing).close()
    device.build_output_stream(StreamConfig(2, 44_100), nothing, resample=False).close()


def test_periods_are_as_asked_for(host: pcmio.Host) -> None:
    device = host.device_by_id("alsa:nothing")
    with device.build_output_stream(StreamConfig(2, 48_000, 480), nothing, period_frames=96, periods=4) as stream:
        until(lambda: stream.position > 9_600, "some being played")
        assert stream.latency.device <= 4 * 96 / 48_000 + 0.001
        assert stream.config.buffer_size.frames == 480


@pytest.mark.parametrize("options", [{"periods": "3"}, {"period_frames": -1}, {"mmap": 1}, {"resample": None}])
def test_options_of_the_wrong_kind_are_refused(host: pcmio.Host, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        host.device_by_id("alsa:nothing").build_output_stream(StreamConfig(2, 48_000), nothing, **options)


def test_a_block_has_its_limits(host: pcmio.Host) -> None:
    with pytest.raises(UnsupportedConfig, match="1048576"):
        host.device_by_id("alsa:nothing").build_output_stream(StreamConfig(2, 48_000, 1 << 21), nothing)


def test_a_plugin_cannot_be_required_to_be_real_time(host: pcmio.Host) -> None:
    device = host.device_by_id("alsa:nothing")
    with pytest.raises(PermissionDenied, match="plugin"):
        device.build_output_stream(StreamConfig(2, 48_000), nothing, realtime="require")
    for mode in ("auto", "never"):
        with device.build_output_stream(StreamConfig(2, 48_000), nothing, realtime=mode) as stream:
            until(lambda stream=stream: stream.position > 0, "frames moving")  # type: ignore[misc]
    assert isinstance(host, AlsaHost)
    assert not host.drivers


def test_a_stream_that_was_not_built_leaves_nothing_open(host: pcmio.Host) -> None:
    device = host.device_by_id("alsa:dump")
    device.default_output_config()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(10):
        with pytest.raises(InvalidInput):
            device.build_output_stream(StreamConfig(2, 48_000), nothing, depth=-1.0)
        with pytest.raises(UnsupportedConfig):
            device.build_output_stream(StreamConfig(1000, 48_000), nothing)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert isinstance(host, AlsaHost)
    assert not host.drivers


def test_a_closed_host_ends_its_streams_and_can_be_used_again(host: pcmio.Host) -> None:
    device = host.device_by_id("alsa:nothing")
    stream = device.build_output_stream(StreamConfig(2, 48_000, 480), nothing)
    stream.start()
    host.close()
    with pytest.raises(HostDisconnected, match="host was closed"):
        stream.wait(10)
    assert stream.reason is EndReason.HOST_LOST
    with device.build_output_stream(StreamConfig(2, 48_000, 480), nothing) as again:
        until(lambda: again.position > 0, "frames moving again")


def test_a_callback_may_close_its_own_stream(host: pcmio.Host) -> None:
    done = threading.Event()
    streams: list[Any] = []

    def data(_block: object, _info: object) -> None:
        streams[0].close()
        done.set()

    stream = host.device_by_id("alsa:nothing").build_input_stream(StreamConfig(2, 48_000, 480), data)
    streams.append(stream)
    stream.start()
    assert done.wait(10)
    assert stream.state is StreamState.CLOSED
