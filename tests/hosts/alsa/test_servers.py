"""Plugins whose server goes away, or hangs: nothing waits for ever, and the end is told once."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

import pcmio
from pcmio import DeviceLost, DeviceNotAvailable, EndReason, OperationTimeout, StreamConfig, StreamEnded, StreamState
from pcmio.testing import until

if TYPE_CHECKING:
    from tests.servers.pulseaudio import PulseServer

CONFIG = StreamConfig(2, 48_000, 512)


def nothing(_block: object, _info: object) -> None:
    """A callback."""


def test_a_server_that_is_killed_ends_its_streams_once(served: pcmio.Host, server: PulseServer) -> None:
    """Not with a recording: libpulse 16.1 itself hangs then, now and then."""
    events = list[object]()
    stream = served.device_by_id("alsa:sink").build_output_stream(CONFIG, nothing, events.append)
    stream.start()
    until(lambda: stream.position > 4_800, "the stream being under way")
    server.kill()
    with pytest.raises(DeviceLost, match="alsa:sink is gone"):
        stream.wait(10)
    until(lambda: bool(events), "the end being told")
    assert stream.reason is EndReason.DEVICE_LOST
    assert [event for event in events if isinstance(event, StreamEnded)] == events
    assert len(events) == 1
    stream.close()


def test_a_stream_that_stands_still_finds_out_when_it_is_started(served: pcmio.Host, server: PulseServer) -> None:
    stream = served.device_by_id("alsa:sink").build_output_stream(CONFIG, nothing)
    server.kill()
    stream.start()  # a device that is ready may be started: what it is worth shows then
    with pytest.raises(DeviceLost):
        stream.wait(10)
    stream.close()
    server.start()
    with served.device_by_id("alsa:sink").build_output_stream(CONFIG, nothing) as again:
        until(lambda: again.position > 0, "frames moving")


def test_a_server_that_is_not_there_says_so(served: pcmio.Host, server: PulseServer) -> None:
    server.kill()
    device = served.device_by_id("alsa:sink")
    with pytest.raises(DeviceNotAvailable, match=r"Connection refused.*start that") as caught:
        device.default_output_config()
    assert caught.value.call == "snd_pcm_open"
    with pytest.raises(pcmio.HostUnavailable):
        served.check_available()


def test_a_server_that_hangs_holds_up_nobody_for_long(
    served: pcmio.Host, server: PulseServer, caplog: pytest.LogCaptureFixture
) -> None:
    device = served.device_by_id("alsa:sink")
    stream = device.build_output_stream(CONFIG, nothing)
    stream.start()
    until(lambda: stream.position > 4_800, "the stream being under way")
    server.process.send(signal.SIGSTOP)
    try:
        begun = time.monotonic()
        with pytest.raises(OperationTimeout, match="2 seconds"):
            stream.stop(0.2)
        assert time.monotonic() - begun < 5
        with pytest.raises(OperationTimeout, match="snd_pcm_open"):
            device.build_output_stream(CONFIG, nothing)
        begun = time.monotonic()
        stream.close()  # does not raise for a dead server
        assert time.monotonic() - begun < 5
        assert "its memory is kept" in caplog.text
        assert stream.state is StreamState.CLOSED
    finally:
        server.process.send(signal.SIGCONT)


def test_a_plugin_keeps_time_by_its_server(served: pcmio.Host) -> None:
    with served.device_by_id("alsa:sink").build_output_stream(CONFIG, nothing) as stream:
        until(lambda: stream.position > 9_600, "the stream being under way")
        begin, begun = stream.position, time.monotonic()
        until(lambda: stream.position > begin + 24_000, "half a second")
        assert 24_000 < (stream.position - begin) / (time.monotonic() - begun) < 96_000
        until(lambda: 0.01 < stream.latency.device < 1.0, "what is queued being told")
