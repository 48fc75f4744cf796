"""The devices that stand for the default ones, whichever those are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import pcmio
from pcmio import DefaultChanged, DeviceAdded, DeviceChanged, DeviceId, DeviceRemoved, Direction, Rerouted
from pcmio.testing import until
from pcmio.testing.signals import Counter, Events
from tests.servers.pulseaudio import NullSink

if TYPE_CHECKING:
    from tests.servers.pulseaudio import PulseServer

CONFIG = pcmio.StreamConfig(2, 48_000, 512)
OUTPUT, INPUT = "pulseaudio:@DEFAULT_SINK@", "pulseaudio:@DEFAULT_SOURCE@"


def present(device: pcmio.Device) -> str:
    """Which device it says that it stands for."""
    (line,) = [line for line in device.description.extended if line.startswith("at present: ")]
    return line.removeprefix("at present: ")


def test_they_are_listed_first_and_say_what_they_stand_for(own_host: pcmio.Host, own_server: PulseServer) -> None:
    own_server.pactl("set-default-sink", "other")
    own_server.pactl("set-default-source", "main.monitor")
    output, input_ = own_host.devices()[:2]
    assert [(str(one.id), one.name, one.description.direction) for one in (output, input_)] == [
        (OUTPUT, "Default output", Direction.OUTPUT),
        (INPUT, "Default input", Direction.INPUT),
    ]
    assert present(output).startswith("other (")
    assert present(input_).startswith("main.monitor (")
    assert present(own_host.device_by_id(OUTPUT)) == present(output)
    default = own_host.default_output_device()
    assert default is not None
    assert str(default.id) == "pulseaudio:other"


@pytest.mark.parametrize("text", [OUTPUT, INPUT])
def test_they_are_found_by_ids_that_stay(host: pcmio.Host, text: str) -> None:
    device_id = DeviceId.parse(text)
    assert str(device_id) == text
    assert host.device_by_id(text) == host.device_by_id(device_id)
    assert host.device_by_id(text).id == device_id


def test_their_formats_are_those_of_what_they_stand_for(own_host: pcmio.Host, own_server: PulseServer) -> None:
    own_server.add(NullSink("surround", channels=6))
    output = own_host.device_by_id(OUTPUT)
    own_server.pactl("set-default-sink", "main")
    assert output.default_output_config().channels == 2
    own_server.pactl("set-default-sink", "surround")
    assert output.default_output_config().channels == 6
    assert output.supported_output_configs()[0].channels == 6


def test_they_are_there_without_any_device(own_host: pcmio.Host, own_server: PulseServer) -> None:
    own_server.remove("main")
    own_server.remove("other")
    assert [str(one.id) for one in own_host.devices()] == [OUTPUT, INPUT]
    output = own_host.device_by_id(OUTPUT)
    assert present(output) == "no device"
    for ask in (
        output.default_output_config,
        lambda: output.build_output_stream(CONFIG, Counter()),
        own_host.device_by_id(INPUT).supported_input_configs,
    ):
        with pytest.raises(pcmio.DeviceNotAvailable, match=r"stands for no device at present; connect one"):
            ask()


def test_a_stream_goes_where_the_default_goes(own_host: pcmio.Host, own_server: PulseServer) -> None:
    own_server.pactl("set-default-sink", "main")
    events = Events()
    device = own_host.device_by_id(OUTPUT)
    with device.build_output_stream(CONFIG, Counter(), events) as stream:
        own_server.pactl("set-default-sink", "other")
        until(lambda: events.of(Rerouted), "the move to be told")
        position = stream.position
        until(lambda: stream.position > position + 4_800, "the stream to go on")
    assert events.of(Rerouted) == [Rerouted("pulseaudio:main", "pulseaudio:other")]


def test_a_recording_goes_where_the_default_goes(own_host: pcmio.Host, own_server: PulseServer) -> None:
    own_server.pactl("set-default-source", "main.monitor")
    events = Events()
    with own_host.device_by_id(INPUT).build_input_stream(CONFIG, Counter(), events) as stream:
        own_server.pactl("set-default-source", "other.monitor")
        until(lambda: events.of(Rerouted), "the move to be told")
        position = stream.position
        until(lambda: stream.position > position + 4_800, "the recording to go on")
    assert events.of(Rerouted) == [Rerouted("pulseaudio:main.monitor", "pulseaudio:other.monitor")]


def test_a_stream_that_shall_not_follow_stays_on_what_was_the_default(
    own_host: pcmio.Host, own_server: PulseServer
) -> None:
    own_server.pactl("set-default-sink", "main")
    events = Events()
    with own_host.device_by_id(OUTPUT).build_output_stream(CONFIG, Counter(), events, follow="never") as stream:
        own_server.pactl("set-default-sink", "other")
        position = stream.position
        until(lambda: stream.position > position + 4_800, "the stream to go on")
        own_server.remove("main")
        with pytest.raises(pcmio.DeviceLost, match="pulseaudio:main"):
            stream.wait(20)
    assert events.of(Rerouted) == []


def test_a_watch_tells_what_they_stand_for_and_never_that_they_come_or_go(
    own_host: pcmio.Host, own_server: PulseServer
) -> None:
    own_server.pactl("set-default-sink", "main")
    own_server.pactl("set-default-source", "main.monitor")
    with own_host.watch() as watch:
        module = own_server.add(NullSink("card"))
        own_server.remove(module)
        own_server.pactl("set-default-sink", "other")
        told: list[pcmio.HostEvent | None] = []
        while not any(isinstance(event, DefaultChanged) for event in told):
            told.append(watch.get(20))
        with pytest.raises(pcmio.OperationTimeout):
            watch.get(0.2)
    named = {str(event.id) for event in told if isinstance(event, (DeviceAdded, DeviceRemoved))}
    assert named <= {"pulseaudio:card", "pulseaudio:card.monitor"}
    (changed,) = [event for event in told if isinstance(event, DeviceChanged)]
    assert str(changed.id) == OUTPUT
    assert any(line.startswith("at present: other (") for line in changed.description.extended)
