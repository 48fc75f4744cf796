"""What the server does to a stream, as its owner is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import pcmio
from pcmio import EndReason, StreamConfig, StreamState
from pcmio._native import Address, Ref, UInt, quick
from pcmio.hosts.pulseaudio.abi import Libpulse
from pcmio.testing import until
from pcmio.testing.signals import Counter, Events
from tests.servers.pulseaudio import NullSink

if TYPE_CHECKING:
    from tests.servers.pulseaudio import PulseServer

CONFIG = StreamConfig(2, 48_000, 512)


def index_of(server: PulseServer, kind: str, name: str) -> str:
    """The server's number of the stream with this name."""
    listed = json.loads(server.pactl("--format=json", "list", kind))
    return str(next(one["index"] for one in listed if one["properties"]["media.name"] == name))


def test_a_stream_on_the_default_device_may_be_moved(own_server: PulseServer, own_host: pcmio.Host) -> None:
    own_server.pactl("set-default-sink", "main")
    device = own_host.default_output_device()
    assert device is not None
    events = Events()
    with device.build_output_stream(CONFIG, Counter(), events, stream_name="Nomad") as stream:
        until(lambda: stream.position > 4_800, "the stream to play")
        own_server.pactl("move-sink-input", index_of(own_server, "sink-inputs", "Nomad"), "other")
        until(lambda: events.of(pcmio.Rerouted), "the move to be told")
        assert events.of(pcmio.Rerouted) == [pcmio.Rerouted("pulseaudio:main", "pulseaudio:other")]
        position = stream.position
        until(lambda: stream.position > position + 9_600, "the stream to go on")
        assert stream.state is StreamState.RUNNING


def test_it_follows_when_the_default_changes(own_server: PulseServer, own_host: pcmio.Host) -> None:
    own_server.pactl("set-default-sink", "main")
    device = own_host.default_output_device()
    assert device is not None
    events = Events()
    with device.build_output_stream(CONFIG, Counter(), events):
        own_server.pactl("set-default-sink", "other")
        until(lambda: events.of(pcmio.Rerouted), "the move to be told")
        own_server.remove("other")
        until(lambda: len(events.of(pcmio.Rerouted)) == 2, "the move back to be told")
    assert events.of(pcmio.Rerouted) == [
        pcmio.Rerouted("pulseaudio:main", "pulseaudio:other"),
        pcmio.Rerouted("pulseaudio:other", "pulseaudio:main"),
    ]


def test_a_default_that_changed_before_the_stream_was_built_is_told(
    own_server: PulseServer, own_host: pcmio.Host
) -> None:
    own_server.pactl("set-default-sink", "main")
    device = own_host.default_output_device()
    assert device is not None
    own_server.pactl("set-default-sink", "other")
    events = Events()
    with device.build_output_stream(CONFIG, Counter(), events):
        until(lambda: events.of(pcmio.Rerouted), "the other device to be told")
    assert events.of(pcmio.Rerouted) == [pcmio.Rerouted("pulseaudio:main", "pulseaudio:other")]


def test_a_recording_may_be_moved_too(own_server: PulseServer, own_host: pcmio.Host) -> None:
    device = own_host.device_by_id("pulseaudio:main.monitor")
    events = Events()
    with device.build_input_stream(CONFIG, Counter(), events, stream_name="Ear", follow="default") as stream:
        until(lambda: stream.position > 0, "the recording to begin")
        old = events.of(pcmio.Rerouted)[-1].new if events.of(pcmio.Rerouted) else "pulseaudio:main.monitor"
        target = "other.monitor" if old == "pulseaudio:main.monitor" else "main.monitor"
        events.all.clear()
        own_server.pactl("move-source-output", index_of(own_server, "source-outputs", "Ear"), target)
        until(lambda: events.of(pcmio.Rerouted), "the move to be told")
        assert events.of(pcmio.Rerouted) == [pcmio.Rerouted(old, f"pulseaudio:{target}")]


def test_a_stream_on_a_chosen_device_stays_there(own_server: PulseServer, own_host: pcmio.Host) -> None:
    device = own_host.device_by_id("pulseaudio:main")
    events = Events()
    with device.build_output_stream(CONFIG, Counter(), events, stream_name="Rock") as stream:
        with pytest.raises(AssertionError, match="Failure"):
            own_server.pactl("move-sink-input", index_of(own_server, "sink-inputs", "Rock"), "other")
        own_server.pactl("set-default-sink", "other")
        position = stream.position
        until(lambda: stream.position > position + 9_600, "the stream to go on")
    assert events.of(pcmio.Rerouted) == []


@pytest.mark.parametrize("running", [True, False])
def test_a_stream_on_a_chosen_device_ends_with_it(own_server: PulseServer, own_host: pcmio.Host, running: bool) -> None:
    module = own_server.add(NullSink("brief"))
    events = Events()
    stream = own_host.device_by_id("pulseaudio:brief").build_output_stream(CONFIG, Counter(), events)
    recording = own_host.device_by_id("pulseaudio:brief.monitor").build_input_stream(CONFIG, Counter())
    if running:
        stream.start()
        recording.start()
    own_server.remove(module)
    for one in (stream, recording):
        until(lambda: one.state is StreamState.CLOSED, "the stream to end")  # noqa: B023
        assert one.reason is EndReason.DEVICE_LOST
        with pytest.raises(pcmio.DeviceLost, match=r"pulseaudio:brief.* is gone"):
            one.close()
    until(lambda: events.of(pcmio.StreamEnded), "the end to be told")
    assert [event.reason for event in events.of(pcmio.StreamEnded)] == [EndReason.DEVICE_LOST]


class Killer(Libpulse):
    """What a mixer can do."""

    @quick
    def pa_context_kill_sink_input(self, c: Address, idx: UInt, cb: Ref, userdata: Address, /) -> Address: ...


def test_a_stream_that_the_server_kills_is_invalid(own_server: PulseServer, own_host: pcmio.Host) -> None:
    control = own_host.control  # type: ignore[attr-defined]
    stream = own_host.device_by_id("pulseaudio:main").build_output_stream(CONFIG, Counter(), stream_name="Victim")
    stream.start()
    index = int(index_of(own_server, "sink-inputs", "Victim"))
    control.check()
    control._pulse.pa_operation_unref(Killer().pa_context_kill_sink_input(control._context, index, None, None))
    control.check()
    until(lambda: stream.state is StreamState.CLOSED, "the stream to end")
    assert stream.reason is EndReason.FAILED
    with pytest.raises(pcmio.StreamInvalidated, match=r"Entity killed .*build another stream") as caught:
        stream.close()
    assert caught.value.code == 12


def test_a_device_that_sleeps_is_told_and_so_is_its_waking(own_server: PulseServer, own_host: pcmio.Host) -> None:
    events = Events()
    with own_host.device_by_id("pulseaudio:main").build_output_stream(CONFIG, Counter(), events) as stream:
        until(lambda: stream.position > 4_800, "the stream to play")
        own_server.pactl("suspend-sink", "main", "1")
        until(lambda: events.of(pcmio.Suspended), "the sleep to be told")
        assert stream.state is StreamState.RUNNING
        own_server.pactl("suspend-sink", "main", "0")
        until(lambda: events.of(pcmio.Resumed), "the waking to be told")
        position = stream.position
        until(lambda: stream.position > position + 9_600, "the stream to go on")
    simple = [event for event in events.all if isinstance(event, (pcmio.Suspended, pcmio.Resumed))]
    assert simple == [pcmio.Suspended(), pcmio.Resumed()]


def test_starting_on_a_device_that_stays_asleep_is_told(own_server: PulseServer, own_host: pcmio.Host) -> None:
    own_server.pactl("suspend-sink", "main", "1")
    events = Events()
    with own_host.device_by_id("pulseaudio:main").build_output_stream(CONFIG, Counter(), events) as stream:
        until(lambda: events.of(pcmio.Suspended), "the sleep to be told")
        own_server.pactl("suspend-sink", "main", "0")
        until(lambda: stream.position > 9_600, "the stream to go on")
    assert len(events.of(pcmio.Suspended)) == len(events.of(pcmio.Resumed)) == 1


def test_the_usual_sleep_of_unused_devices_is_nobodys_business(own_host: pcmio.Host) -> None:
    """The server puts its sinks to sleep at once when nobody plays."""
    events = Events()
    with own_host.device_by_id("pulseaudio:main").build_output_stream(CONFIG, Counter(), events) as stream:
        for _ in range(3):
            until(lambda: stream.position > 0, "the stream to play")
            stream.pause()
            stream.start()
        stream.stop()
    until(lambda: events.of(pcmio.StreamEnded), "the end to be told")
    assert [type(event) for event in events.all if not isinstance(event, pcmio.RealtimeDenied)] == [pcmio.StreamEnded]
