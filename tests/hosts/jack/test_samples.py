"""Every sample arrives once, in order, unchanged; nothing is heard that nobody played."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pcmio import SampleFormat, StreamConfig
from pcmio.testing import Noise, until
from pcmio.testing.signals import Recorder, assert_nothing_lost

from .signs import CLIENT, Ramp, assert_is_ramp, heard, until_heard, until_moved, until_recorded, wires

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio import Stream
    from pcmio.hosts.jack import JackHost
    from tests.servers.jackd import JackServer

RATE = 48_000
#: Kept ready, so that a busy machine cannot cost a sample.
DEEP = 0.5
TAIL = RATE // 10

pytestmark = pytest.mark.usefixtures("standstills")


@pytest.mark.parametrize("channels", [1, 2, 3, 8, 32])
def test_a_ramp_passes_from_stream_to_stream(host: JackHost, channels: int) -> None:
    graph, config, recorder = host.device_by_id("jack:graph"), StreamConfig(channels, RATE, 200), Recorder()
    output = graph.build_output_stream(config, Ramp(), name="ramp", depth=DEEP)
    input_ = graph.build_input_stream(config, recorder, connect=wires(host, "ramp", channels), depth=DEEP)
    with input_, output:
        until_heard(recorder, RATE // 2)
        assert_nothing_lost(output.stats.xrun_frames + input_.stats.xrun_frames)
    got = heard(recorder)
    assert_is_ramp(got)


@pytest.mark.parametrize(
    "sample_format",
    [SampleFormat.I16, SampleFormat.I24, SampleFormat.I24_PACKED, SampleFormat.I32, SampleFormat.U8, SampleFormat.F64],
    ids=str,
)
def test_whole_numbers_pass_through_jacks_floats(host: JackHost, sample_format: SampleFormat) -> None:
    graph, config, recorder = host.device_by_id("jack:graph"), StreamConfig(2, RATE, 333, sample_format), Recorder()
    noise = Noise(sample_format, 2, RATE // 4)
    if sample_format is SampleFormat.I32:
        noise.frames &= ~0xFF  # a 32-bit float holds 24 bits
    output = graph.build_output_stream(config, noise.player(), name="noise", depth=DEEP)
    with graph.build_input_stream(config, recorder, connect=wires(host, "noise", 2), depth=DEEP):
        until(lambda: recorder.frames > 0, "the recording")
        output.start()
        assert output.wait(20)
        until_recorded(recorder, TAIL)
    noise.assert_within(recorder.recorded())


@pytest.mark.parametrize("block", [1, 17, 128, 129, 1000, 8192])
def test_the_users_block_may_be_of_any_size(host: JackHost, block: int) -> None:
    graph, recorder, sizes = host.device_by_id("jack:graph"), Recorder(), set[int]()

    def record(frames: Any, info: Any) -> None:
        sizes.add(len(frames))
        recorder(frames, info)

    config = StreamConfig(1, RATE, block)
    output = graph.build_output_stream(config, Ramp(), name="ramp", depth=DEEP)
    with graph.build_input_stream(config, record, connect=wires(host, "ramp", 1), depth=DEEP), output:
        until_heard(recorder, max(RATE // 8, 2 * block))
    got = heard(recorder)
    assert_is_ramp(got)
    assert sizes == {block}


def test_two_hosts_hear_each_other(server: JackServer, open_host: Callable[..., JackHost]) -> None:
    one, other = open_host(server, client_name="one"), open_host(server, client_name="other")
    config, recorder = StreamConfig(2, RATE), Recorder()
    output = one.device_by_id("jack:graph").build_output_stream(config, Ramp(), name="ramp", depth=DEEP)
    input_ = other.device_by_id("jack:graph").build_input_stream(
        config, recorder, connect=["one:ramp_1", "one:ramp_2"], depth=DEEP
    )
    with input_, output:
        until_heard(recorder, RATE // 4)
    got = heard(recorder)
    assert_is_ramp(got)


def test_streams_of_a_host_share_one_client(host: JackHost, server: JackServer) -> None:
    graph, config, recorders = host.device_by_id("jack:graph"), StreamConfig(1, RATE), [Recorder() for _ in range(8)]
    streams: list[Stream] = []
    for index, recorder in enumerate(recorders):
        streams.append(graph.build_output_stream(config, Ramp(), name=f"r{index}", depth=DEEP))
        streams.append(graph.build_input_stream(config, recorder, connect=wires(host, f"r{index}", 1), depth=DEEP))
    assert {name.partition(":")[0] for name in server.ports()} == {"system", CLIENT}
    for stream in reversed(streams):  # inputs before their outputs
        stream.start()
    for recorder in recorders:
        until_heard(recorder, RATE // 8)
    for stream in streams:
        stream.close()
    for recorder in recorders:
        got = heard(recorder)
        assert_is_ramp(got)


@pytest.mark.parametrize("end", ["pause", "stop", "close"])
def test_what_ends_is_silent_and_repeats_nothing(host: JackHost, end: str) -> None:
    """A port that nobody writes to goes on with its last buffer until the server forgets it."""
    graph, config, recorder = host.device_by_id("jack:graph"), StreamConfig(1, RATE, 64), Recorder()
    output = graph.build_output_stream(config, Ramp(), name="ramp", depth=DEEP)
    with graph.build_input_stream(config, recorder, connect=wires(host, "ramp", 1), depth=DEEP):
        output.start()
        until_heard(recorder, 2000)
        output.stop(0) if end == "stop" else getattr(output, end)()
        until(lambda: not recorder.recorded()[-TAIL:].any(), "silence")
        output.close()
    assert_is_ramp(heard(recorder))


def test_a_new_stream_does_not_begin_with_an_old_ones_sound(host: JackHost) -> None:
    graph, config, recorder = host.device_by_id("jack:graph"), StreamConfig(1, RATE, 64), Recorder()

    def loud(block: Any, _info: object) -> None:
        block[:] = 0.75

    with graph.build_input_stream(config, recorder, port_names=["ear"], depth=DEEP) as ear:
        for _ in range(10):
            with graph.build_output_stream(config, loud, connect=[f"{CLIENT}:ear"]) as stream:
                until_moved(stream)
            begin = recorder.frames
            with graph.build_output_stream(config, loud, connect=[f"{CLIENT}:ear"]):
                pass  # closed at once: what is heard is a part of its first block, or nothing
            stopped = graph.build_output_stream(config, loud, connect=[f"{CLIENT}:ear"])
            at = ear.position  # what the recorder has yet to be given was captured before
            until(lambda: recorder.frames >= at + 1000, "what sounds since")  # noqa: B023
            assert not recorder.recorded()[at + 512 :].any(), f"a stream that never ran sounds (from {begin})"
            stopped.close()
