"""The server changes, fails, dies and comes back under running streams."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from pcmio import EndReason, HostDisconnected, HostUnavailable, StreamConfig, StreamState
from pcmio.events import BufferChanged, RealtimeDenied, Resumed, StreamEnded, Suspended
from pcmio.testing import until
from pcmio.testing.signals import Counter, Events, Recorder, assert_nothing_lost
from tests.servers.jackd import realtime_is_allowed

from .signs import Ramp, assert_is_ramp, heard, nothing, until_lost, until_moved, until_told, wires

if sys.platform != "linux":
    raise pytest.skip.Exception("jackd is started on Linux only", allow_module_level=True)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio.hosts.jack import JackHost
    from tests.hosts.jack.conftest import NewServer

RATE = 48_000
STEREO = StreamConfig(2, RATE, 256)


# --- the server's period ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("standstills")
def test_the_period_may_change_under_a_running_stream(
    new_server: NewServer, open_host: Callable[..., JackHost]
) -> None:
    server = new_server(waits=True)
    host = open_host(server)
    graph, recorder, sizes, events = host.device_by_id("jack:graph"), Recorder(), set[int](), Events()

    def record(frames: Any, info: Any) -> None:
        sizes.add(len(frames))
        recorder(frames, info)

    config = StreamConfig(1, RATE, 300)
    output = graph.build_output_stream(config, Ramp(), events, name="ramp", depth=0.5)
    input_ = graph.build_input_stream(config, record, connect=wires(host, "ramp", 1), depth=0.5)
    with input_, output:
        for count, period in enumerate((256, 64, 1024, 128), 1):
            server.set_period(period)
            until_told(events, BufferChanged, count)
            until_moved(output, RATE // 4)
            until(lambda: output.latency.device == 0, "the latency of a cable between two ports")
        assert_nothing_lost(output.stats.xrun_frames + input_.stats.xrun_frames)
        assert output.state is StreamState.RUNNING
    assert [event.frames for event in events.of(BufferChanged)] == [256, 64, 1024, 128]
    assert sizes == {300}
    got = heard(recorder)
    assert_is_ramp(got)


def test_a_stream_built_after_a_change_has_the_new_period(
    new_server: NewServer, open_host: Callable[..., JackHost]
) -> None:
    server = new_server()
    host = open_host(server)
    with host.device_by_id("jack:graph").build_output_stream(StreamConfig(1, RATE), nothing) as stream:
        assert stream.config.buffer_size.frames == 128
        server.set_period(512)
        with host.device_by_id("jack:graph").build_output_stream(StreamConfig(1, RATE), nothing) as later:
            assert later.config.buffer_size.frames == 512


@pytest.mark.usefixtures("standstills")
def test_streams_stand_still_while_the_server_freewheels(
    new_server: NewServer, open_host: Callable[..., JackHost]
) -> None:
    server = new_server()
    host, events, counter = open_host(server), Events(), Counter()
    with host.device_by_id("jack:system").build_output_stream(STEREO, counter, events, depth=0.5) as stream:
        until(lambda: stream.position > 0, "frames moving")
        server.freewheel(on=True)
        until(lambda: events.of(Suspended), "the suspension being told")
        position, lost = stream.position, stream.stats.xrun_frames
        cycles = host.client().period_frames
        server.freewheel(on=False)
        until(lambda: events.of(Resumed), "the end of it being told")
        assert stream.position - position < RATE, "no more than what passed since"
        until(lambda: stream.position > position + 4 * cycles, "frames moving on")
        assert_nothing_lost(stream.stats.xrun_frames + lost)
    assert [event for event in events.all if not isinstance(event, StreamEnded)] == [Suspended(), Resumed()]


def test_a_thread_without_real_time_priority_is_told_once_for_each_stream(
    new_server: NewServer, open_host: Callable[..., JackHost]
) -> None:
    host = open_host(new_server(realtime=False))
    told: list[Events] = [Events(), Events()]
    streams = [host.device_by_id("jack:system").build_output_stream(STEREO, nothing, events) for events in told]
    for stream, events in zip(streams, told, strict=True):
        until_told(events, RealtimeDenied)
        stream.start()
        until_moved(stream, 10_000)
        stream.close()
        assert [event for event in events.of(RealtimeDenied) if event.thread == "audio"] == [RealtimeDenied("audio", 1)]


@pytest.mark.skipif(not realtime_is_allowed(), reason="this user may not have real-time threads")
def test_a_real_time_thread_is_not_reported(new_server: NewServer, open_host: Callable[..., JackHost]) -> None:
    events = Events()
    host = open_host(new_server(realtime=True))
    with host.device_by_id("jack:system").build_output_stream(STEREO, nothing, events) as stream:
        until(lambda: stream.position > 5_000, "frames moving")
    assert not [event for event in events.of(RealtimeDenied) if event.thread == "audio"]


# --- xruns ------------------------------------------------------------------------------------------------------------


def test_an_xrun_of_the_server_is_counted_and_ends_nothing(
    new_server: NewServer, open_host: Callable[..., JackHost]
) -> None:
    """The dummy driver reports one when it was held up; it does not say how many frames a device would have lost."""
    server = new_server()
    host, counter = open_host(server), Counter()
    device = host.device_by_id("jack:system")
    with device.build_output_stream(STEREO, counter) as stream, device.build_input_stream(STEREO, Counter()) as other:
        until(lambda: stream.position > 0 and other.position > 0, "frames moving")
        before = (stream.stats.xruns, other.stats.xruns)
        for turn in range(1, 3):
            server.process.send(signal.SIGSTOP)
            halted_for(0.2)
            server.process.send(signal.SIGCONT)
            until_lost(stream, before[0] + turn)
            until_lost(other, before[1] + turn)
        assert stream.state is other.state is StreamState.RUNNING


def halted_for(seconds: float) -> None:
    """Let time itself pass: the server is stopped meanwhile, and nothing can tell."""
    import threading

    threading.Event().wait(seconds)


CHILD = """
import sys
import pcmio
from pcmio.testing import until
from pcmio.testing.signals import Counter
host = pcmio.host("jack", server_name=sys.argv[1])
device, config = host.device_by_id("jack:system"), pcmio.StreamConfig(2, 48_000, 128)
played, taken = Counter(), Counter()
output = device.build_output_stream(config, played, depth=0.5)
with output, device.build_input_stream(config, taken) as input_:
    until(lambda: taken.calls > 100, "frames moving")
    print("ready", flush=True)
    sys.stdin.readline()
    calls = taken.calls
    until(lambda: taken.calls > calls + 100, "frames moving on")
    until(lambda: sum(info.xrun_frames for info in taken.infos) == input_.stats.xrun_frames, "the losses being told")
    told = [info.xrun_frames for info in taken.infos]
    at = next((index for index, lost in enumerate(told) if lost), 0)
    jump = taken.infos[at].timestamp.device - taken.infos[at - 1].timestamp.device
    print(output.stats.xruns, output.stats.xrun_frames, input_.stats.xruns, input_.stats.xrun_frames, sum(told), jump)
"""


def test_cycles_that_this_program_missed_are_counted_to_the_frame(new_server: NewServer) -> None:
    """The program is stopped; the server goes on without it."""
    server = new_server()
    command = [sys.executable, "-c", textwrap.dedent(CHILD), server.name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            assert child.stdout.readline() == "ready\n"
            child.send_signal(signal.SIGSTOP)
            halted_for(0.2)
            child.send_signal(signal.SIGCONT)
            out, _ = child.communicate("go\n", timeout=60)
        finally:
            child.kill()
    played, played_frames, taken, taken_frames, told, jump = (float(word) for word in out.split())
    assert played >= 1
    assert taken >= 1
    assert taken_frames % 128 == played_frames % 128 == 0, "whole cycles"
    assert 0.15 * RATE < taken_frames < 5 * RATE
    assert told == taken_frames, "told with the block after the gap"
    if taken == 1:  # else another cycle was lost elsewhere, on a busy machine
        # Each of the two cycles may have been late by as long as the machine stood still.
        assert jump == pytest.approx((taken_frames + 128) / RATE, abs=0.06), "the times of the blocks show the same gap"


# --- the server's end -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_a_server_that_ends_ends_every_stream_once_and_may_come_back(
    new_server: NewServer, open_host: Callable[..., JackHost], capfd: pytest.CaptureFixture[str], number: int
) -> None:
    server = new_server()
    host = open_host(server)
    for _ in range(3):
        device, told = host.device_by_id("jack:system"), [Events() for _ in range(4)]
        builders = [device.build_output_stream, device.build_input_stream] * 2
        streams = [build(STEREO, Counter(), events) for build, events in zip(builders, told, strict=True)]
        for stream in streams[:2]:
            stream.start()
        until_moved(streams[0])
        until_moved(streams[1])
        server.kill(number)
        for stream, events in zip(streams, told, strict=True):
            with pytest.raises(HostDisconnected, match="server is gone"):
                stream.wait(20)
            until_told(events, StreamEnded)
            stream.close()
            assert stream.reason is EndReason.HOST_LOST
            assert len(events.of(StreamEnded)) == 1
        for question in (host.check_available, host.devices, host.ports, device.supported_output_configs):
            with pytest.raises(HostUnavailable):
                question()
        with pytest.raises(HostUnavailable):
            device.build_output_stream(STEREO, nothing)
        server.start()
        with host.device_by_id("jack:system").build_output_stream(STEREO, nothing) as stream:
            until_moved(stream, 1000)
    assert capfd.readouterr() == ("", "")


def test_a_host_without_streams_notices_the_servers_end_too(
    new_server: NewServer, open_host: Callable[..., JackHost]
) -> None:
    server = new_server()
    host = open_host(server)
    assert host.devices()
    server.kill()
    until(lambda: not answers(host), "the host noticing")
    server.start()
    assert host.devices()


def answers(host: JackHost) -> bool:
    try:
        host.check_available()
    except HostUnavailable:
        return False
    return True


def test_closing_while_the_server_dies_neither_hangs_nor_fails(
    new_server: NewServer, open_host: Callable[..., JackHost]
) -> None:
    """Whatever stage the death has reached when libjack is told to give a port back."""
    server = new_server()
    host = open_host(server)
    for turn in range(8):
        device = host.device_by_id("jack:system")
        streams = [device.build_output_stream(STEREO, nothing) for _ in range(4)]
        for stream in streams:
            stream.start()
        server.process.send(signal.SIGKILL)
        if turn % 2:
            server.kill()
        for stream in streams:
            try:
                stream.close()
            except HostDisconnected:
                continue
        assert all(stream.state is StreamState.CLOSED for stream in streams)
        server.kill()
        server.start()


def test_a_closed_host_tells_its_streams_that_it_was_closed(host: JackHost) -> None:
    stream = host.device_by_id("jack:system").build_output_stream(STEREO, nothing)
    stream.start()
    host.close()
    with pytest.raises(HostDisconnected, match="the host was closed"):
        stream.wait(20)
    assert stream.reason is EndReason.HOST_LOST
    assert host.devices(), "asked again, it opens another client"
