"""The devices that stand for the default ones, whichever those are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import pcmio
from pcmio import (
    DefaultChanged,
    DeviceAdded,
    DeviceChanged,
    DeviceId,
    DeviceRemoved,
    DeviceType,
    Direction,
    Rerouted,
    StreamState,
)
from pcmio.testing import until
from tests.servers.pipewire import NullNode

from .test_streams import linked_with, node_named, silent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers.pipewire import PipeWireServer

    Configs = Callable[..., pcmio.StreamConfig]

OUTPUT, INPUT = "pipewire:@DEFAULT_SINK@", "pipewire:@DEFAULT_SOURCE@"
MONITOR = f"{OUTPUT}.monitor"
MIC = NullNode("mic", "Audio/Source/Virtual", priority=5000)


def present(device: pcmio.Device) -> str:
    """Which device it says that it stands for."""
    (line,) = [line for line in device.description.extended if line.startswith("at present: ")]
    return line.removeprefix("at present: ")


def test_they_are_listed_first_and_say_what_they_stand_for(host: pcmio.Host) -> None:
    output, input_, monitor = host.devices()[:3]
    assert [str(one.id) for one in (output, input_, monitor)] == [OUTPUT, INPUT, MONITOR]
    assert [one.name for one in (output, input_, monitor)] == [
        "Default output",
        "Default input",
        "Monitor of the default output",
    ]
    assert (output.supports_output, output.supports_input) == (True, False)
    assert all((one.supports_output, one.supports_input) == (False, True) for one in (input_, monitor))
    assert monitor.description.device_type is DeviceType.MONITOR
    assert present(output) == "main (main of the tests)"
    assert present(input_) == "mic (mic of the tests)"
    assert present(monitor) == "main.monitor (Monitor of main of the tests)"


@pytest.mark.parametrize("text", [OUTPUT, INPUT, MONITOR])
def test_they_are_found_by_ids_that_stay(host: pcmio.Host, text: str) -> None:
    device_id = DeviceId.parse(text)
    assert str(device_id) == text
    assert host.device_by_id(text) == host.device_by_id(device_id)
    assert host.device_by_id(text).id == device_id


def test_the_default_is_the_device_itself_and_not_what_stands_for_it(host: pcmio.Host) -> None:
    output, input_ = host.default_output_device(), host.default_input_device()
    assert output is not None
    assert input_ is not None
    assert (str(output.id), str(input_.id)) == ("pipewire:main", "pipewire:mic")


def test_their_formats_are_those_of_what_they_stand_for(own_host: pcmio.Host, own_server: PipeWireServer) -> None:
    own_server.add(NullNode("surround", positions="FL FR FC LFE RL RR"))
    output, monitor = own_host.device_by_id(OUTPUT), own_host.device_by_id(MONITOR)
    assert output.default_output_config().channels == monitor.default_input_config().channels == 2
    own_server.set_default("audio.sink", "surround")
    until(lambda: output.default_output_config().channels == 6, "the other default's channels")
    assert output.supported_output_configs()[0].channels == 6
    assert monitor.default_input_config().channels == 6
    assert present(own_host.device_by_id(OUTPUT)) == "surround (surround of the tests)"


def test_they_are_there_without_any_device(own_host: pcmio.Host, own_server: PipeWireServer, config: Configs) -> None:
    own_server.remove("main")
    own_server.remove("other")
    until(lambda: own_host.default_output_device() is None, "the default going")
    assert [str(one.id) for one in own_host.devices()] == [OUTPUT, INPUT, MONITOR]
    output = own_host.device_by_id(OUTPUT)
    assert present(output) == "no device"
    for ask in (
        output.default_output_config,
        output.supported_output_configs,
        lambda: output.build_output_stream_raw(config(), silent),
        own_host.device_by_id(INPUT).default_input_config,
        own_host.device_by_id(MONITOR).default_input_config,
    ):
        with pytest.raises(pcmio.DeviceNotAvailable, match=r"stands for no device at present; connect one"):
            ask()
    own_server.add(NullNode("main"))
    until(lambda: own_host.default_output_device() is not None, "a default")
    with output.build_output_stream_raw(config(), silent) as stream:
        until(lambda: stream.position > 0, "frames moving")


def test_a_node_that_has_their_name_is_not_taken_for_them(own_host: pcmio.Host, own_server: PipeWireServer) -> None:
    before = own_host.devices()
    own_server.add(NullNode("@DEFAULT_SINK@", priority=5000))
    assert own_host.devices() == before
    assert own_host.device_by_id(OUTPUT).name == "Default output"


def test_a_stream_goes_where_the_default_goes(
    own_host: pcmio.Host, own_server: PipeWireServer, config: Configs
) -> None:
    events: list[object] = []
    device = own_host.device_by_id(OUTPUT)
    with device.build_output_stream_raw(config(), silent, events.append, node_name="follows") as stream:
        until(lambda: stream.position > 0, "frames moving")
        assert stream.device is device
        assert linked_with(own_server, "follows") == {"main"}
        own_server.set_default("audio.sink", "other")
        until(lambda: Rerouted("pipewire:main", "pipewire:other") in events, "the move being told")
        before = stream.position
        until(lambda: stream.position > before + 4_800, "frames moving on")
        own_server.remove("other")
        until(lambda: Rerouted("pipewire:other", "pipewire:main") in events, "the move back being told")
        assert stream.state is StreamState.RUNNING
    assert len([event for event in events if isinstance(event, Rerouted)]) == 2


def test_what_the_default_plays_is_recorded_wherever_it_goes(
    own_host: pcmio.Host, own_server: PipeWireServer, config: Configs
) -> None:
    events: list[object] = []
    own_server.add(MIC)
    device = own_host.device_by_id(MONITOR)
    with device.build_input_stream_raw(config(), silent, events.append) as stream:
        until(lambda: stream.position > 0, "frames moving")
        own_server.set_default("audio.sink", "other")
        until(lambda: Rerouted("pipewire:main.monitor", "pipewire:other.monitor") in events, "the move being told")
        before = stream.position
        until(lambda: stream.position > before + 4_800, "frames moving on")


def test_the_default_input_is_a_microphone_as_soon_as_there_is_one(
    own_host: pcmio.Host, own_server: PipeWireServer, config: Configs
) -> None:
    events: list[object] = []
    device = own_host.device_by_id(INPUT)
    assert present(device) == "main.monitor (Monitor of main of the tests)"
    with device.build_input_stream_raw(config(), silent, events.append) as stream:
        until(lambda: stream.position > 0, "frames moving")
        own_server.add(MIC)
        until(lambda: Rerouted("pipewire:main.monitor", "pipewire:mic") in events, "the move being told")
        before = stream.position
        until(lambda: stream.position > before + 4_800, "frames moving on")


@pytest.mark.parametrize("text", [OUTPUT, INPUT])
def test_a_stream_that_shall_not_follow_stays_on_what_was_the_default(
    own_host: pcmio.Host, own_server: PipeWireServer, config: Configs, text: str
) -> None:
    device = own_host.device_by_id(text)
    build = device.build_output_stream_raw if device.supports_output else device.build_input_stream_raw
    with build(config(), silent, follow="never", node_name="stays") as stream:
        until(lambda: stream.position > 0, "frames moving")
        own_server.add(MIC)
        own_server.set_default("audio.sink", "other")
        until(lambda: str(own_host.default_input_device()) == "mic of the tests", "the other default input")
        until(lambda: str(own_host.default_output_device()) == "other of the tests", "the other default output")
        before = stream.position
        until(lambda: stream.position > before + 4_800, "frames moving on")
        assert linked_with(own_server, "stays") == {"main"}
        own_server.remove("main")
        with pytest.raises(pcmio.DeviceLost, match="pipewire:main"):
            stream.wait(20)


def test_a_stream_that_is_connected_by_hand_has_the_defaults_channels(
    own_host: pcmio.Host, own_server: PipeWireServer, config: Configs
) -> None:
    device = own_host.device_by_id(OUTPUT)
    with device.build_output_stream_raw(config(), silent, connect=False, node_name="free"):
        assert node_named(own_server, "free") is not None
        assert linked_with(own_server, "free") == set()


def told_of_another_default(host: pcmio.Host, server: PipeWireServer, metadata_path: Path) -> bool:
    """Whether a watch tells it in full; False: PipeWire's own tool is not told of it either."""
    told: list[pcmio.HostEvent] = []

    def take(how_many: int) -> list[pcmio.HostEvent]:
        taken = [event for _ in range(how_many) if (event := watch.get(20)) is not None]
        told.extend(taken)
        return taken

    with host.watch() as watch, server.metadata_told(metadata_path) as metadata:
        for _ in range(3):
            server.add(NullNode("card"))
            assert [type(event) for event in take(2)] == [DeviceAdded, DeviceAdded]
            server.remove("card")
            assert [type(event) for event in take(2)] == [DeviceRemoved, DeviceRemoved]
        assert {event.id.id for event in told if isinstance(event, DeviceAdded)} == {"card", "card.monitor"}
        server.set_default("audio.sink", "other")
        try:
            output, monitor, default = take(3)
        except pcmio.OperationTimeout:
            if metadata() == "":
                return False
            raise
        assert isinstance(output, DeviceChanged)
        assert isinstance(monitor, DeviceChanged)
        assert (str(output.id), str(monitor.id)) == (OUTPUT, MONITOR)
        assert "at present: other (other of the tests)" in output.description.extended
        assert default == DefaultChanged(Direction.OUTPUT, DeviceId("pipewire", "main"), DeviceId("pipewire", "other"))
        with pytest.raises(pcmio.OperationTimeout):
            watch.get(0.2)
    return True


def test_a_watch_tells_what_they_stand_for_and_never_that_they_come_or_go(
    own_host: pcmio.Host, own_server: PipeWireServer, tmp_path: Path
) -> None:
    """Of 569 new servers three told nobody, not even pw-metadata -m (PipeWire 0.3.65, WirePlumber 0.4.13)."""
    for number in range(4):
        if told_of_another_default(own_host, own_server, tmp_path / str(number)):
            return
        own_server.stop()
        own_server.start()
    pytest.fail("four servers told nobody")


def test_without_any_device_a_stream_waits_for_one(
    own_host: pcmio.Host, own_server: PipeWireServer, config: Configs
) -> None:
    events: list[object] = []
    own_server.remove("other")
    with own_host.device_by_id(OUTPUT).build_output_stream_raw(config(), silent, events.append) as stream:
        until(lambda: stream.position > 0, "frames moving")
        own_server.remove("main")
        until(lambda: own_host.default_output_device() is None, "the default going")
        assert stream.state is StreamState.RUNNING
        before = stream.position
        own_server.add(NullNode("late"))
        until(lambda: Rerouted("pipewire:main", "pipewire:late") in events, "the move being told")
        until(lambda: stream.position > before + 4_800, "frames moving on")
    assert len([event for event in events if isinstance(event, Rerouted)]) == 1, events
