"""Latencies and timestamps."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import pytest

from pcmio import StreamConfig
from pcmio.testing import until
from pcmio.testing.signals import Counter, assert_nothing_lost
from tests.servers.jackd import JackLoop

from .signs import CLIENT, nothing

if sys.platform != "linux":
    raise pytest.skip.Exception("jackd is started on Linux only", allow_module_level=True)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pcmio.hosts.jack import JackHost
    from tests.hosts.jack.conftest import NewServer

RATE, PERIOD = 48_000, 128
CONFIG = StreamConfig(2, RATE, 200)
NANOS = 1_000_000_000


def test_latency_is_that_of_the_ports_a_stream_is_connected_to(
    new_server: NewServer, open_host: Callable[..., JackHost]
) -> None:
    """The dummy driver of an asynchronous server: two periods to its playback ports, one from its capture ports."""
    host = open_host(new_server())
    device = host.device_by_id("jack:system")
    with device.build_output_stream(CONFIG, nothing) as output, device.build_input_stream(CONFIG, nothing) as input_:
        until(lambda: output.latency.device == pytest.approx(2 * PERIOD / RATE), "the latency to the playback ports")
        until(lambda: input_.latency.device == pytest.approx(PERIOD / RATE), "that from the capture ports")
        host.disconnect(f"{CLIENT}:output_1", "system:playback_1")
        host.disconnect(f"{CLIENT}:output_2", "system:playback_2")
        until(lambda: output.latency.device == 0, "nothing behind the ports")
        host.connect(f"{CLIENT}:output_1", "system:playback_1")
        until(lambda: output.latency.device == pytest.approx(2 * PERIOD / RATE), "the connection being noticed")


def test_streams_of_a_host_do_not_pass_their_latencies_to_each_other(
    new_server: NewServer, open_host: Callable[..., JackHost], tmp_path: Path
) -> None:
    """JACK's own rule would make what a program records the source of what it plays."""
    server = new_server()
    host = open_host(server)
    loop = JackLoop(server, tmp_path, 1)
    loop.start()
    device, through = host.device_by_id("jack:system"), host.device_by_id("jack:loop")
    with device.build_input_stream(CONFIG, nothing), through.build_output_stream(StreamConfig(1, RATE), nothing):
        recorder = through.build_input_stream(StreamConfig(1, RATE), nothing)
        until(lambda: recorder.latency.device == 0, "no capture latency behind the loop")
        recorder.close()
    loop.stop()


@pytest.mark.usefixtures("standstills")
@pytest.mark.parametrize("direction", ["output", "input"])
def test_times_never_go_back_and_keep_step_with_frames(host: JackHost, direction: str) -> None:
    device, counter = host.device_by_id("jack:system"), Counter()
    build = device.build_output_stream if direction == "output" else device.build_input_stream
    with build(CONFIG, counter, depth=0.5) as stream:
        until(lambda: counter.frames > 2 * RATE, "two seconds")
        assert_nothing_lost(stream.stats.xrun_frames)
    infos = counter.infos[RATE // 200 :]  # the first half second fills the ring, before the device has told its time
    device_nanos = [info.timestamp.device.nanos for info in infos]
    assert device_nanos == sorted(device_nanos)
    callback_nanos = [info.timestamp.callback.nanos for info in infos]
    assert callback_nanos == sorted(callback_nanos)
    begins = sorted(nanos - info.position * NANOS // RATE for info, nanos in zip(infos, device_nanos, strict=True))
    # The dummy driver sleeps from cycle to cycle: a busy machine makes some late, by as long as it stands still.
    few = len(begins) // 8
    assert begins[-few] - begins[few] < 0.01 * NANOS


@pytest.mark.parametrize("direction", ["output", "input"])
def test_times_are_on_the_streams_clock(host: JackHost, direction: str) -> None:
    """jackd2's is Linux's CLOCK_MONOTONIC_RAW, in microseconds."""
    device, counter = host.device_by_id("jack:system"), Counter()
    build = device.build_output_stream if direction == "output" else device.build_input_stream
    with build(CONFIG, counter) as stream:
        begin = stream.now()
        until(lambda: counter.calls > 50, "blocks")
        end = stream.now()
        raw, now = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW), stream.now().nanos
        assert raw - 1_000 <= now <= time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
    running = [info for info in counter.infos[20:] if info.timestamp.callback <= end]
    assert running
    assert all(begin <= info.timestamp.callback for info in running)
    # In the median: callbacks are late on a busy machine.
    ahead = sorted(info.timestamp.device - info.timestamp.callback for info in running)[len(running) // 2]
    assert 0 < ahead < 0.2 if direction == "output" else -0.2 < ahead < 0
