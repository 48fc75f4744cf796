"""Who has physical ports is a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import pcmio
from pcmio import DeviceNotAvailable, DeviceType, Direction, SampleFormat, StreamConfig, UnsupportedConfig
from pcmio.testing import until
from tests.servers.jackd import JackLoop

from .signs import CLIENT, nothing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pcmio.hosts.jack import JackHost
    from tests.hosts.jack.conftest import NewServer


def test_the_servers_hardware_and_the_graph_are_the_devices(host: JackHost) -> None:
    assert [str(device.id) for device in host.devices()] == ["jack:system", "jack:graph"]
    system, graph = host.devices()
    assert system.name == "system"
    assert system.description.direction is Direction.DUPLEX
    assert system.playback_ports == ("system:playback_1", "system:playback_2")
    assert system.capture_ports == ("system:capture_1", "system:capture_2")
    assert graph.description.device_type is DeviceType.VIRTUAL
    assert (graph.playback_ports, graph.capture_ports) == ((), ())


def test_channels_are_told_by_the_names_of_ports(host: JackHost) -> None:
    system, graph = host.devices()
    assert system.channels(Direction.OUTPUT) == (pcmio.Channel("playback_1"), pcmio.Channel("playback_2"))
    assert system.channels(Direction.INPUT) == (pcmio.Channel("capture_1"), pcmio.Channel("capture_2"))
    assert graph.channels(Direction.OUTPUT) == ()


def test_a_chosen_channel_is_a_port_of_its_own(host: JackHost) -> None:
    system = host.device_by_id("jack:system")
    with system.build_output_stream(StreamConfig([1], 48_000), nothing):
        ours = [port for port in host.ports() if port.is_own]
        assert [port.connections for port in ours] == [("system:playback_2",)]
    with pytest.raises(UnsupportedConfig, match="has no channel 2: its 2 channels are 0 to 1"):
        system.build_output_stream(StreamConfig([2], 48_000), nothing)


def test_the_default_devices_are_the_hardware(host: JackHost) -> None:
    assert str(host.default_output_device()) == "system"
    assert str(host.default_input_device()) == "system"


def test_a_client_whose_name_is_no_utf_8_is_a_device_as_any(
    new_server: NewServer, open_host: Callable[..., JackHost], tmp_path: Path
) -> None:
    """Names are bytes to a server: they are told as Python tells those of files, and come back as they were."""
    server, name = new_server(), "caf\udce9 \N{CHECK MARK}"
    host = open_host(server)
    card = JackLoop(server, tmp_path, 2, name)
    card.start()
    try:
        device = host.device_by_id(f"jack:{name}")
        assert device in host.devices()
        assert device.playback_ports == (f"{name}:playback_1", f"{name}:playback_2")
        assert device.name == "caf? \N{CHECK MARK}", "for people: what every terminal can write"
        assert [port.name for port in host.ports(f"^{name}:play")] == list(device.playback_ports)
        with device.build_output_stream(StreamConfig(2, 48_000), nothing):
            assert [port.connections for port in host.ports(f"^{name}:play")] == [
                (f"{CLIENT}:output_1",),
                (f"{CLIENT}:output_2",),
            ]
        host.connect("system:capture_1", f"{name}:playback_2")
        assert host.ports("capture_1")[0].connections == (f"{name}:playback_2",)
        host.disconnect("system:capture_1", f"{name}:playback_2")
        assert host.ports("capture_1")[0].connections == ()
        graph = host.device_by_id("jack:graph")
        with graph.build_input_stream(StreamConfig(1, 48_000), nothing, connect=[f"{name}:capture_2"]):
            assert [port.connections for port in host.ports() if port.is_own] == [(f"{name}:capture_2",)]
        with pytest.raises(DeviceNotAvailable, match="no port"):
            host.connect("system:capture_1", "\ud800:no text at all")
    finally:
        card.stop()


def test_every_client_with_physical_ports_is_a_device_and_the_largest_the_default(
    new_server: NewServer, open_host: Callable[..., JackHost], tmp_path: Path
) -> None:
    server = new_server(playback=4, capture=1)
    host = open_host(server)
    loop = JackLoop(server, tmp_path, 3)
    loop.start()
    try:
        assert {str(device.id) for device in host.devices()} == {"jack:system", "jack:loop", "jack:graph"}
        assert str(host.default_output_device()) == "system"
        assert str(host.default_input_device()) == "loop"
        device = host.device_by_id("jack:loop")
        assert len(device.playback_ports) == len(device.capture_ports) == 3
        assert [config.channels for config in device.supported_output_configs()] == [1, 2, 3]
    finally:
        loop.stop()
    until(lambda: "jack:loop" not in {str(found.id) for found in host.devices()}, "the loop leaving the list")
    for question in (device.supported_output_configs, device.default_input_config):
        with pytest.raises(DeviceNotAvailable, match="loop"):
            question()
    with pytest.raises(DeviceNotAvailable, match="loop"):
        device.build_output_stream(StreamConfig(2, 48_000), nothing)


def test_a_device_of_one_direction_has_no_other(new_server: NewServer, open_host: Callable[..., JackHost]) -> None:
    host = open_host(new_server(playback=1, capture=0))
    device = host.device_by_id("jack:system")
    assert (device.supports_output, device.supports_input) == (True, False)
    assert list(device.supported_input_configs()) == []
    assert device.default_output_config().channels == 1, "a mono device plays mono unless asked otherwise"
    assert [config.channels for config in device.supported_output_configs()] == [1, 2], "the second stays unconnected"
    with pytest.raises(pcmio.UnsupportedOperation, match="no input"):
        device.default_input_config()
    assert str(host.default_input_device()) == host.device_by_id("jack:graph").name


def test_without_hardware_the_graph_is_the_default(new_server: NewServer, open_host: Callable[..., JackHost]) -> None:
    host = open_host(new_server(playback=0, capture=0))
    assert [str(device.id) for device in host.devices()] == ["jack:graph"]
    assert str(host.default_output_device()) == str(host.default_input_device()) == host.devices()[0].name
    assert host.devices()[0].default_output_config().channels == 2


def test_configs_are_the_servers_rate_and_floats(new_server: NewServer, open_host: Callable[..., JackHost]) -> None:
    host = open_host(new_server(rate=44_100, period=256))
    for device in host.devices():
        for config in (*device.supported_input_configs(), *device.supported_output_configs()):
            assert (config.min_sample_rate, config.max_sample_rate) == (44_100, 44_100)
            assert config.sample_format is SampleFormat.F32
            assert config.buffer_size.contains(1)
            assert config.buffer_size.contains(8192)
        assert device.default_output_config().sample_rate == 44_100
    with host.devices()[0].build_output_stream(host.devices()[0].default_output_config(), nothing) as stream:
        assert stream.config.buffer_size.frames == 256, "the server's period, when nobody cares"


def test_another_rate_than_the_servers_is_refused_with_the_servers(host: JackHost) -> None:
    for build in (host.devices()[0].build_output_stream, host.devices()[0].build_input_stream):
        with pytest.raises(UnsupportedConfig, match="runs at 48000 Hz, not at 44100 Hz"):
            build(StreamConfig(2, 44_100), nothing)


def test_a_format_that_is_no_pcm_is_refused(host: JackHost) -> None:
    with pytest.raises(UnsupportedConfig, match="dsdu8"):
        host.devices()[0].build_output_stream(StreamConfig(2, 48_000, 256, SampleFormat.DSD_U8), nothing)


def test_more_channels_than_hardware_ports_are_allowed_up_to_a_limit(host: JackHost) -> None:
    device = host.device_by_id("jack:system")
    with device.build_output_stream(StreamConfig(64, 48_000), nothing, name="wide"):
        ports = host.ports("wide_")
        assert len(ports) == 64
        assert [bool(port.connections) for port in ports] == [True, True, *[False] * 62]
    with pytest.raises(UnsupportedConfig, match="up to 64 channels here, not 65"):
        device.build_output_stream(StreamConfig(65, 48_000), nothing)


def test_ids_hold_nothing_of_this_process(host: JackHost, server: object, open_host: Callable[..., JackHost]) -> None:
    other = open_host(server, client_name="another")
    assert [device.id for device in host.devices()] == [device.id for device in other.devices()]
