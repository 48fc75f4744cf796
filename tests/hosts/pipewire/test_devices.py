"""Nodes and monitors, as the server and the session manager describe them."""

from __future__ import annotations

import errno
import json
from typing import TYPE_CHECKING

import pytest

import pcmio
from pcmio import DeviceType, Direction, InterfaceType, SampleFormat
from pcmio.hosts.pipewire import PipeWireHost
from pcmio.hosts.pipewire.control import Conversation, Global
from pcmio.hosts.pipewire.facts import DEFAULT_IDS
from pcmio.testing import until
from tests.hosts.pipewire.conftest import NODES
from tests.servers.pipewire import NullNode

if TYPE_CHECKING:
    from tests.servers.pipewire import PipeWireServer


def test_every_node_is_listed_by_name_and_every_sink_with_its_monitor(host: pcmio.Host) -> None:
    sinks = {node.name for node in NODES if node.media_class == "Audio/Sink"}
    monitors = {f"{sink}.monitor" for sink in sinks}
    everything, outputs, inputs = (
        {device.id.id for device in listed} - set(DEFAULT_IDS)
        for listed in (host.devices(), host.output_devices(), host.input_devices())
    )
    assert everything == {node.name for node in NODES} | monitors
    assert outputs == {*sinks, "both"}
    assert inputs == {*monitors, "mic", "both"}


def test_a_description_says_what_the_properties_say(host: pcmio.Host) -> None:
    description = host.device_by_id("pipewire:described").description
    assert description.name == "Speakers of Mine"
    assert description.direction is Direction.OUTPUT
    assert description.device_type is DeviceType.HEADPHONES
    assert description.interface_type is InterfaceType.USB
    assert description.manufacturer == "ACME"
    assert description.driver == "support.null-audio-sink"
    assert description.address == "pci-0000:00:14.0-usb-0:1:1.0"
    assert "channels: FL,FR" in description.extended


def test_channels_are_told_by_their_places(host: pcmio.Host) -> None:
    surround = host.device_by_id("pipewire:surround").channels(Direction.OUTPUT)
    assert [(one.name, one.position) for one in surround] == [
        (name, name) for name in ["FL", "FR", "FC", "LFE", "RL", "RR"]
    ]
    assert host.device_by_id("pipewire:surround.monitor").channels(Direction.INPUT) == surround
    assert host.device_by_id("pipewire:mono").channels(Direction.OUTPUT) == (pcmio.Channel("MONO", "MONO"),)


def test_a_channel_that_the_node_does_not_have_cannot_be_chosen(host: pcmio.Host) -> None:
    with pytest.raises(pcmio.UnsupportedConfig, match="has no channel 6: its 6 channels are 0 to 5"):
        host.device_by_id("pipewire:surround").open_writer(pcmio.StreamConfig([6], 48_000))


def test_a_node_that_goes_while_it_is_looked_at_is_no_lost_server(host: pcmio.Host) -> None:
    assert isinstance(host, PipeWireHost)

    def question(conversation: Conversation) -> list[tuple[int, str]]:
        conversation.look_at(Global(0x7FFFFF, "PipeWire:Interface:Node", {}))
        conversation.wait(lambda: AssertionError("no answer"))
        return conversation.refusals

    refusals = host.control.ask("a node", question)
    assert {code for code, _ in refusals} == {-errno.ENOENT}
    assert host.devices()


def test_a_monitor_is_an_input_that_names_its_sink(host: pcmio.Host) -> None:
    monitor = host.device_by_id("pipewire:main.monitor")
    assert (monitor.supports_input, monitor.supports_output) == (True, False)
    assert monitor.description.device_type is DeviceType.MONITOR
    assert "monitor of: main" in monitor.description.extended


def test_defaults_are_the_session_managers(own_host: pcmio.Host, own_server: PipeWireServer) -> None:
    assert own_host.default_output_device() == own_host.device_by_id("pipewire:main")
    own_server.set_default("audio.sink", "other")
    until(lambda: str(own_host.default_output_device()).startswith("other"), "the other default")
    own_server.add(NullNode("mic", "Audio/Source/Virtual", priority=5000))
    until(lambda: own_host.default_input_device() == own_host.device_by_id("pipewire:mic"), "the microphone")


def test_lists_are_fresh(own_host: pcmio.Host, own_server: PipeWireServer) -> None:
    before = own_host.devices()
    own_server.add(NullNode("late"))
    added = {device.id.id for device in own_host.devices()} - {device.id.id for device in before}
    assert added == {"late", "late.monitor"}
    own_server.remove("late")
    assert own_host.devices() == before


def serials(server: PipeWireServer, name: str) -> list[int]:
    """Of the nodes with this name, the oldest first."""
    nodes = json.loads(server.run("pw-dump", "Node"))
    found = (node["info"]["props"] for node in nodes)
    return sorted(int(properties["object.serial"]) for properties in found if properties.get("node.name") == name)


def test_sinks_of_one_name_are_listed_apart_and_each_can_be_played_to(
    own_host: pcmio.Host, own_server: PipeWireServer
) -> None:
    assert isinstance(own_host, PipeWireHost)
    before = own_host.devices()
    own_server.add(NullNode("main", positions="MONO"))
    first, second = (f"main-{serial}" for serial in serials(own_server, "main"))
    added = [device for device in own_host.devices() if device not in before]
    assert {device.id.id for device in added} == {second, f"{second}.monitor"}
    assert {device.id for device in before} <= {device.id for device in own_host.devices()}, "others keep their ids"
    device, monitor = (own_host.device_by_id(f"pipewire:{second}{end}") for end in ("", ".monitor"))
    assert {device, monitor} == set(added)
    assert device.default_output_config().channels == monitor.default_input_config().channels == 1
    assert f"monitor of: {second}" in monitor.description.extended
    assert own_host.device_by_id("pipewire:main").default_output_config().channels == 2
    with device.build_output_stream_raw(pcmio.StreamConfig(1, 48_000), lambda *_: None, node_name="player"):
        until(lambda: any(link.source.startswith("player:") for link in own_host.links()), "the stream's link")
        to = {link.destination.partition(":")[0] for link in own_host.links() if link.source.startswith("player:")}
        assert to == {second}
    # As the graph's ports: the name with the number always means that one, whether others have gone or not.
    assert own_host.device_by_id(f"pipewire:{first}").default_output_config().channels == 2
    assert own_host.device_by_id(f"pipewire:{first}.monitor").default_input_config().channels == 2


def test_a_sink_and_a_source_of_one_name_are_one_device(own_host: pcmio.Host, own_server: PipeWireServer) -> None:
    with own_host.watch() as watch:
        told: list[pcmio.HostEvent] = []

        def until_told(kind: type[pcmio.DeviceAdded | pcmio.DeviceChanged]) -> None:
            while not any(isinstance(one, kind) and str(one.id) == "pipewire:pair" for one in told):
                event = watch.get(20)
                assert event is not None
                told.append(event)

        own_server.add(NullNode("pair", positions="MONO"))
        until_told(pcmio.DeviceAdded)
        own_server.add(NullNode("pair", "Audio/Source/Virtual", priority=5000))
        until(lambda: own_host.device_by_id("pipewire:pair").supports_input, "the source")
        device = own_host.device_by_id("pipewire:pair")
        assert device.description.direction is Direction.DUPLEX
        assert (device.default_output_config().channels, device.default_input_config().channels) == (1, 2)
        assert [one.id.id for one in own_host.devices() if one.id.id.startswith("pair")] == ["pair", "pair.monitor"]
        until(lambda: own_host.default_input_device() == device, "the source being the default")
        with device.build_input_stream_raw(pcmio.StreamConfig(2, 48_000), lambda *_: None) as stream:
            until(lambda: stream.position > 0, "frames moving")
        until_told(pcmio.DeviceChanged)
        assert not any(isinstance(one, pcmio.DeviceRemoved) for one in told), "what was there first has not gone"


def test_a_server_without_devices_has_no_defaults(own_host: pcmio.Host, own_server: PipeWireServer) -> None:
    own_server.remove("main")
    own_server.remove("other")
    assert [device.id.id for device in own_host.devices()] == list(DEFAULT_IDS)
    until(lambda: own_host.default_output_device() is None, "the default going")
    assert own_host.default_input_device() is None


def test_a_device_that_is_gone_says_so(own_host: pcmio.Host, own_server: PipeWireServer) -> None:
    device = own_host.device_by_id("pipewire:other")
    own_server.remove("other")
    for ask in (device.default_output_config, device.supported_output_configs):
        with pytest.raises(pcmio.DeviceNotAvailable, match=r"pipewire:other is gone.*see host\.devices"):
            ask()
    with pytest.raises(pcmio.DeviceNotAvailable):
        device.build_output_stream_raw(pcmio.StreamConfig(2, 48_000), lambda *_: None)


@pytest.mark.parametrize(("name", "channels"), [("main", 2), ("mono", 1), ("surround", 6)])
def test_the_default_config_is_the_nodes_own(host: pcmio.Host, name: str, channels: int) -> None:
    default = host.device_by_id(f"pipewire:{name}").default_output_config()
    assert (default.channels, default.sample_rate, default.sample_format) == (channels, 48_000, SampleFormat.F32)


def test_what_the_graph_can_do_without_conversion_comes_first(host: pcmio.Host) -> None:
    first = host.device_by_id("pipewire:surround").supported_output_configs()[:2]
    assert [(one.channels, one.min_sample_rate, one.max_sample_rate) for one in first] == [
        (6, 48_000, 48_000),
        (6, 44_100, 44_100),
    ]


@pytest.mark.parametrize("direction", ["output", "input"])
@pytest.mark.parametrize(("channels", "rate"), [(1, 1_000), (2, 44_100), (5, 768_000), (64, 48_000), (2, 11_025)])
def test_what_is_listed_as_supported_runs(host: pcmio.Host, direction: str, channels: int, rate: int) -> None:
    wanted = pcmio.StreamConfig(channels, rate, 1_024)
    if direction == "output":
        stream = host.device_by_id("pipewire:main").build_output_stream_raw(wanted, lambda *_: None)
    else:
        stream = host.device_by_id("pipewire:main.monitor").build_input_stream_raw(wanted, lambda *_: None)
    with stream:
        until(lambda: stream.position > rate // 20, "frames moving")


def test_what_is_not_supported_is_refused(host: pcmio.Host) -> None:
    device = host.device_by_id("pipewire:main")
    for impossible in (
        pcmio.StreamConfig(65, 48_000),
        pcmio.StreamConfig(2, 999),
        pcmio.StreamConfig(2, 768_001),
        pcmio.StreamConfig(2, 48_000, 65_537),
        pcmio.StreamConfig(2, 48_000, sample_format=SampleFormat.DSD_U8),
    ):
        with pytest.raises(pcmio.UnsupportedConfig, match=";"):
            device.build_output_stream_raw(impossible, lambda *_: None)


def test_a_duplex_node_plays_and_records(host: pcmio.Host) -> None:
    device = host.device_by_id("pipewire:both")
    config = pcmio.StreamConfig(2, 48_000, 256)
    with (
        device.build_output_stream_raw(config, lambda *_: None) as output,
        device.build_input_stream_raw(config, lambda *_: None) as recording,
    ):
        until(lambda: output.position > 0 and recording.position > 0, "frames in both directions")
