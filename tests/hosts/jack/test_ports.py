"""Ports: their names, what they are connected to, and the whole graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio import BackendError, DeviceNotAvailable, Direction, InvalidInput, ResourceExhausted, StreamConfig
from pcmio.testing import until

from .signs import CLIENT, nothing

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio.hosts.jack import JackHost, JackPort
    from tests.hosts.jack.conftest import NewServer
    from tests.servers.jackd import JackServer

STEREO = StreamConfig(2, 48_000)


def own(host: JackHost) -> dict[str, tuple[str, ...]]:
    """This host's ports and their connections."""
    return {port.name: port.connections for port in host.ports() if port.is_own}


def test_an_output_is_connected_to_its_device_channel_by_channel(host: JackHost, server: JackServer) -> None:
    with host.device_by_id("jack:system").build_output_stream(STEREO, nothing):
        wanted = {f"{CLIENT}:output_1": ["system:playback_1"], f"{CLIENT}:output_2": ["system:playback_2"]}
        seen = server.ports()
        assert {name: seen[name] for name in wanted} == wanted, "as another client sees it"
    assert not [name for name in server.ports() if name.startswith(f"{CLIENT}:")], "ports go with their stream"


def test_an_input_is_connected_to_its_device_channel_by_channel(host: JackHost) -> None:
    with host.device_by_id("jack:system").build_input_stream(StreamConfig(3, 48_000), nothing):
        assert own(host) == {
            f"{CLIENT}:input_1": ("system:capture_1",),
            f"{CLIENT}:input_2": ("system:capture_2",),
            f"{CLIENT}:input_3": (),
        }


def test_a_stream_is_connected_before_it_starts_and_stays_so_when_it_stops(host: JackHost) -> None:
    stream = host.device_by_id("jack:system").build_output_stream(STEREO, nothing)
    before = own(host)
    assert all(before.values())
    stream.start()
    stream.stop(0)
    assert own(host) == before
    stream.close()
    assert own(host) == {}


def test_streams_on_the_graph_are_connected_to_nothing(host: JackHost) -> None:
    with host.device_by_id("jack:graph").build_output_stream(STEREO, nothing):
        assert own(host) == {f"{CLIENT}:output_1": (), f"{CLIENT}:output_2": ()}


def test_connecting_can_be_left_to_the_user(server: JackServer, open_host: Callable[..., JackHost]) -> None:
    host = open_host(server)
    with host.device_by_id("jack:system").build_output_stream(STEREO, nothing, connect=False):
        assert own(host) == {f"{CLIENT}:output_1": (), f"{CLIENT}:output_2": ()}
    reluctant = open_host(server, connect=False, client_name="reluctant")
    device = reluctant.device_by_id("jack:system")
    with (
        device.build_output_stream(STEREO, nothing),
        device.build_output_stream(STEREO, nothing, name="b", connect=True),
    ):
        assert [bool(connections) for connections in own(reluctant).values()] == [False, False, True, True]


def test_a_stream_can_be_connected_to_ports_by_name(host: JackHost) -> None:
    graph = host.device_by_id("jack:graph")
    crossed = ["system:playback_2", "system:playback_1"]
    with graph.build_output_stream(STEREO, nothing, connect=crossed):
        assert list(own(host).values()) == [("system:playback_2",), ("system:playback_1",)]
    with graph.build_output_stream(StreamConfig(1, 48_000), nothing, connect=[crossed]):
        assert {frozenset(found) for found in own(host).values()} == {frozenset(crossed)}, "one channel to both"
    with graph.build_output_stream(STEREO, nothing, connect=[None, "system:playback_1"]):
        assert list(own(host).values()) == [(), ("system:playback_1",)]
    with graph.build_output_stream(StreamConfig(1, 48_000), nothing, connect=crossed):
        assert list(own(host).values()) == [("system:playback_2",)], "ports without a channel are left alone"


def test_a_port_that_is_not_there_is_named_and_nothing_is_left_behind(host: JackHost) -> None:
    with pytest.raises(DeviceNotAvailable, match="'system:nowhere'"):
        host.device_by_id("jack:graph").build_output_stream(
            STEREO, nothing, connect=["system:playback_1", "system:nowhere"]
        )
    assert own(host) == {}


def test_a_connection_that_cannot_be_says_so(host: JackHost) -> None:
    with pytest.raises(BackendError, match="system:capture_1") as caught:
        host.device_by_id("jack:graph").build_output_stream(STEREO, nothing, connect=["system:capture_1"])
    assert caught.value.call == "jack_connect"
    assert own(host) == {}


def test_ports_are_named_as_asked(host: JackHost) -> None:
    device = host.device_by_id("jack:graph")
    with (
        device.build_output_stream(STEREO, nothing, name="synth"),
        device.build_input_stream(STEREO, nothing, port_names=["left", "right ✓"]),
    ):
        assert set(own(host)) == {f"{CLIENT}:synth_1", f"{CLIENT}:synth_2", f"{CLIENT}:left", f"{CLIENT}:right ✓"}


def test_further_streams_without_a_name_are_numbered(host: JackHost) -> None:
    device = host.device_by_id("jack:graph")
    with device.build_output_stream(STEREO, nothing), device.build_input_stream(STEREO, nothing):
        second = device.build_output_stream(STEREO, nothing)
        with device.build_output_stream(StreamConfig(1, 48_000), nothing):
            names = {name.partition(":")[2] for name in own(host)}
            assert names == {*("output_1", "output_2", "input_1", "input_2"), *("output2_1", "output2_2", "output3_1")}
        second.close()
        with device.build_output_stream(STEREO, nothing):
            assert f"{CLIENT}:output2_1" in own(host), "names that are free again are used again"


def test_a_name_that_is_taken_is_refused(host: JackHost) -> None:
    device = host.device_by_id("jack:graph")
    with device.build_output_stream(STEREO, nothing, name="synth"):
        with pytest.raises(InvalidInput, match="synth_1"):
            device.build_output_stream(STEREO, nothing, name="synth")
        with pytest.raises(InvalidInput, match="synth_2"):
            device.build_input_stream(STEREO, nothing, port_names=["mine", "synth_2"])
        assert len(own(host)) == 2
    device.build_output_stream(STEREO, nothing, name="synth").close()


@pytest.mark.parametrize(
    "options",
    [
        {"name": ""},
        {"name": 5},
        {"name": "x" * 1000},
        {"port_names": "lr"},
        {"port_names": ["left"]},
        {"port_names": ["left", "left"]},
        {"port_names": ["left", ""]},
        {"port_names": ["a", "b"], "name": "synth"},
        {"connect": "system:playback_1"},
        {"connect": [7]},
        {"connect": None},
        {"connect": ["system:playback_1", ["a", 7]]},
    ],
    ids=str,
)
def test_an_option_of_the_wrong_kind_is_refused(host: JackHost, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        host.device_by_id("jack:graph").build_output_stream(STEREO, nothing, **options)
    assert own(host) == {}


def test_a_client_name_that_is_taken_is_changed_by_the_server(
    server: JackServer, open_host: Callable[..., JackHost]
) -> None:
    first, second = open_host(server, client_name="twin"), open_host(server, client_name="twin")
    assert first.client_name == "twin"
    assert second.client_name.startswith("twin-")
    with second.device_by_id("jack:graph").build_output_stream(STEREO, nothing):
        assert set(own(second)) == {f"{second.client_name}:output_1", f"{second.client_name}:output_2"}
        assert own(first) == {}


# --- the graph --------------------------------------------------------------------------------------------------------


def test_ports_can_be_looked_for(host: JackHost) -> None:
    def names(ports: list[JackPort]) -> list[str]:
        return [port.name for port in ports]

    with host.device_by_id("jack:graph").build_output_stream(STEREO, nothing):
        assert names(host.ports("^system:play")) == ["system:playback_1", "system:playback_2"]
        assert names(host.ports(direction=Direction.INPUT)) == ["system:playback_1", "system:playback_2"]
        assert names(host.ports(direction=Direction.OUTPUT, physical=False)) == [
            f"{CLIENT}:output_1",
            f"{CLIENT}:output_2",
        ]
        assert names(host.ports(physical=True, direction=Direction.OUTPUT)) == ["system:capture_1", "system:capture_2"]
        assert names(host.ports("nothing of that kind")) == []
        assert all(port.is_physical != port.is_own for port in host.ports())


def test_any_two_ports_can_be_connected_and_disconnected(host: JackHost) -> None:
    for _ in range(2):
        host.connect("system:capture_1", "system:playback_2")
    assert host.ports("capture_1")[0].connections == ("system:playback_2",)
    for _ in range(2):
        host.disconnect("system:capture_1", "system:playback_2")
    assert host.ports("capture_1")[0].connections == ()


@pytest.mark.parametrize("pair", [("system:capture_1", "no:port"), ("no:port", "system:playback_1")])
def test_connecting_to_a_port_that_is_not_there_names_it(host: JackHost, pair: tuple[str, str]) -> None:
    for call in (host.connect, host.disconnect):
        with pytest.raises(DeviceNotAvailable, match="'no:port'") as caught:
            call(*pair)
        assert isinstance(caught.value, LookupError)


def test_connecting_the_wrong_way_round_is_an_error_with_libjacks_words(
    host: JackHost, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BackendError, match="system:playback_1 to system:capture_1") as caught:
        host.connect("system:playback_1", "system:capture_1")
    assert (caught.value.call, caught.value.code) == ("jack_connect", -1)
    assert caught.value.advice is not None
    assert capfd.readouterr() == ("", "")


def test_a_server_without_ports_left_is_told(new_server: NewServer, open_host: Callable[..., JackHost]) -> None:
    host = open_host(new_server())
    device, streams = host.device_by_id("jack:graph"), list[pcmio.Stream]()

    def build_many() -> None:
        for index in range(100):
            streams.append(device.build_output_stream(StreamConfig(64, 48_000), nothing, name=f"s{index}"))

    with pytest.raises(ResourceExhausted) as caught:
        build_many()
    assert caught.value.call == "jack_port_register"
    assert len(own(host)) == 64 * len(streams), "the stream that failed left no ports"
    for stream in streams:
        stream.close()
    until(lambda: own(host) == {}, "the ports being gone")
