"""The graph: ports of all programs, and the links between them."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio import (
    BackendError,
    DeviceNotAvailable,
    Direction,
    HostUnavailable,
    InvalidInput,
    OperationTimeout,
    PermissionDenied,
    StreamConfig,
)
from pcmio.hosts.jack import JackHost, JackPort
from pcmio.hosts.pipewire import PipeWireHost, PipeWireLink, errors
from pcmio.testing import until
from pcmio.testing.signals import assert_nothing_lost
from tests.servers.pipewire import NullNode, PipeWireServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pcmio.hosts.pipewire import PipeWirePort

STEREO = StreamConfig(2, 48_000, 512)


def silent(_block: memoryview, _info: object) -> None:
    """A callback that has nothing to say."""


def names(ports: list[PipeWirePort]) -> list[str]:
    return [port.name for port in ports]


@pytest.fixture
def graph(own_host: pcmio.Host) -> PipeWireHost:
    """The host of a server with the sinks "main" and "other"."""
    assert isinstance(own_host, PipeWireHost)
    return own_host


@pytest.fixture
def source(own_server: PipeWireServer, graph: PipeWireHost) -> str:
    """An output port of another node that is linked with nothing."""
    own_server.add(NullNode("mic", "Audio/Source/Virtual"))
    until(lambda: len(graph.ports("^mic:")) == 4, "the ports")
    return "mic:capture_FL"


def seen(server: PipeWireServer) -> set[tuple[str, str]]:
    """Links as pw-link shows them."""
    pairs: set[tuple[str, str]] = set()
    port = ""
    for line in server.run("pw-link", "--output", "--links").splitlines():
        name = line.strip()
        if name.startswith("|->"):
            pairs.add((port, name.removeprefix("|->").strip()))
        else:
            port = name
    return pairs


@pytest.fixture
def physical(own_server: PipeWireServer) -> bool:
    """Whether this server calls a null sink's ports physical; 1.6 does not."""
    properties = [entry.get("info", {}).get("props", {}) for entry in json.loads(own_server.run("pw-dump"))]
    return any(each.get("port.physical") for each in properties if each.get("port.name") == "playback_FL")


def test_ports_are_told_with_all_that_is_known(graph: PipeWireHost, *, physical: bool) -> None:
    assert set(names(graph.ports())) == {
        f"{node}:{side}_{channel}"
        for node in ("main", "other")
        for side in ("playback", "monitor")
        for channel in ("FL", "FR")
    }
    (playback,) = graph.ports("^main:playback_FR$")
    assert (playback.direction, playback.node, playback.channel) == (Direction.INPUT, "main", "FR")
    assert (playback.is_physical, playback.is_monitor, playback.is_own) == (physical, False, False)
    assert playback.connections == ()
    (monitor,) = graph.ports("^main:monitor_FL$")
    assert (monitor.direction, monitor.channel) == (Direction.OUTPUT, "FL")
    assert (monitor.is_physical, monitor.is_monitor) == (False, True)


def test_ports_can_be_looked_for(graph: PipeWireHost, source: str, *, physical: bool) -> None:
    inputs = ["main:playback_FL", "main:playback_FR", "other:playback_FL", "other:playback_FR"]
    assert names(graph.ports("play", direction=Direction.INPUT)) == inputs
    assert source in names(graph.ports(direction=Direction.OUTPUT))
    assert names(graph.ports("^(main|other):", physical=True)) == (inputs if physical else [])
    assert names(graph.ports("main:m", physical=False)) == ["main:monitor_FL", "main:monitor_FR"]
    assert names(graph.ports("nothing of that kind")) == []
    for senseless in ("(", "a\0b"):
        with pytest.raises(InvalidInput, match="regular expression"):
            graph.ports(senseless)


def test_a_streams_ports_are_its_hosts_own(graph: PipeWireHost, own_server: PipeWireServer) -> None:
    with (
        graph.device_by_id("pipewire:main").build_output_stream_raw(STEREO, silent, node_name="tone"),
        pcmio.host("pipewire", remote=own_server.address, timeout=20.0) as second,
    ):
        assert isinstance(second, PipeWireHost)
        until(lambda: all(port.connections for port in graph.ports("^tone:")) and graph.links(), "the links")
        mine = [port for port in graph.ports() if port.is_own]
        assert [(port.name, port.connections) for port in mine] == [
            ("tone:output_FL", ("main:playback_FL",)),
            ("tone:output_FR", ("main:playback_FR",)),
        ]
        assert [port for port in second.ports() if port.is_own] == []
    assert graph.ports("^tone:") == []


def test_links_are_listed(graph: PipeWireHost) -> None:
    assert graph.links() == []
    with graph.device_by_id("pipewire:main").build_output_stream_raw(STEREO, silent, node_name="tone"):
        until(lambda: len(graph.links()) == 2, "the links")
        assert set(graph.links()) == {
            PipeWireLink("tone:output_FL", "main:playback_FL"),
            PipeWireLink("tone:output_FR", "main:playback_FR"),
        }


def test_any_two_ports_can_be_connected_and_disconnected(
    graph: PipeWireHost, own_server: PipeWireServer, source: str
) -> None:
    pair = (source, "main:playback_FR")
    for _ in range(2):
        graph.connect(*pair)
    assert graph.links() == [PipeWireLink(*pair)], "once, and there to stay"
    assert seen(own_server) == {pair}, "as another program sees it"
    assert graph.ports(source)[0].connections == (pair[1],)
    assert graph.ports(pair[1])[0].connections == (source,)
    graph.connect(source, "other:playback_FL")
    assert graph.ports(source)[0].connections == ("main:playback_FR", "other:playback_FL")
    for _ in range(2):
        graph.disconnect(*pair)
    assert graph.ports(source)[0].connections == ("other:playback_FL",)
    graph.disconnect(source, "other:playback_FL")
    assert graph.links() == []
    assert seen(own_server) == set()


def test_connections_of_others_can_be_undone(graph: PipeWireHost, own_server: PipeWireServer, source: str) -> None:
    own_server.run("pw-link", source, "main:playback_FL")
    assert graph.links() == [PipeWireLink(source, "main:playback_FL")]
    graph.disconnect(source, "main:playback_FL")
    assert seen(own_server) == set()


@pytest.mark.parametrize("pair", [("main:monitor_FL", "no:port"), ("no:port", "main:playback_FL")])
def test_connecting_to_a_port_that_is_not_there_names_it(graph: PipeWireHost, pair: tuple[str, str]) -> None:
    for call in (graph.connect, graph.disconnect):
        with pytest.raises(DeviceNotAvailable, match="'no:port'") as caught:
            call(*pair)
        assert isinstance(caught.value, LookupError)


@pytest.mark.parametrize(
    "pair",
    [
        ("main:playback_FL", "other:monitor_FL"),
        ("main:monitor_FL", "other:monitor_FL"),
        ("main:playback_FL", "other:playback_FL"),
    ],
    ids=str,
)
def test_connecting_the_wrong_way_round_is_an_error(graph: PipeWireHost, pair: tuple[str, str]) -> None:
    with pytest.raises(BackendError, match=" to ".join(pair)) as caught:
        graph.connect(*pair)
    assert (caught.value.call, caught.value.code) == ("pw_core_create_object", -22)
    assert caught.value.advice is not None
    assert graph.links() == []


def test_what_the_server_refuses_is_told_in_its_words(graph: PipeWireHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pcmio.hosts.pipewire.graph._LINK_FACTORY", "no-such-factory")
    with pytest.raises(BackendError, match=r"\(main:monitor_FL to other:playback_FL\): .*no-such-factory") as caught:
        graph.connect("main:monitor_FL", "other:playback_FL")
    assert caught.value.code is not None
    assert caught.value.code < 0
    assert graph.links() == [], "the host goes on"


def test_a_connection_goes_with_its_ports(graph: PipeWireHost, own_server: PipeWireServer, source: str) -> None:
    graph.connect(source, "other:playback_FL")
    own_server.remove("other")
    until(lambda: graph.links() == [], "the link being gone")
    assert graph.ports(source)[0].connections == ()


def test_nodes_that_share_a_name_are_told_apart(graph: PipeWireHost) -> None:
    device = graph.device_by_id("pipewire:main")
    with (
        device.build_output_stream_raw(STEREO, silent, node_name="twin", connect=False),
        device.build_output_stream_raw(STEREO, silent, node_name="twin", connect=False),
    ):
        ports = graph.ports("^twin")
        assert len({port.name for port in ports}) == 4
        assert {port.node for port in ports} == {"twin"}
        assert names(ports)[:2] == ["twin:output_FL", "twin:output_FR"]
        assert [port.name == port.unique_name for port in ports] == [False, False, True, True]
        graph.connect(ports[2].name, "main:playback_FL")
        graph.connect(ports[0].unique_name, "other:playback_FL")
        assert [port.connections for port in graph.ports("^twin")] == [
            ("other:playback_FL",),
            (),
            ("main:playback_FL",),
            (),
        ]


def test_a_stream_can_be_left_unconnected(graph: PipeWireHost, own_server: PipeWireServer) -> None:
    events: list[object] = []
    device = graph.device_by_id("pipewire:main")
    stream = device.build_output_stream_raw(STEREO, silent, events.append, node_name="free", connect=False)
    assert len(graph.ports("^free:")) == 2, "as soon as it is built"
    graph.connect("free:output_FL", "other:playback_FL")
    with stream:
        until(lambda: stream.position > 0, "frames moving")
        own_server.remove("main")
        until(lambda: "pipewire:main" not in {str(one.id) for one in graph.devices()}, "the device being gone")
        before = stream.position
        until(lambda: stream.position > before + 4_800, "frames moving on")
        assert graph.links() == [PipeWireLink("free:output_FL", "other:playback_FL")]
    assert [event for event in events if isinstance(event, pcmio.Rerouted)] == []


@pytest.mark.parametrize("options", [{"connect": "main:playback_FL"}, {"connect": False, "follow": "default"}], ids=str)
def test_an_option_of_the_wrong_kind_is_refused(graph: PipeWireHost, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="connect"):
        graph.device_by_id("pipewire:main").build_output_stream_raw(STEREO, silent, **options)


def test_what_is_forbidden_is_told_as_such() -> None:
    for error in (
        errors.not_connected("a:b", "c:d", -1, "no permission"),
        errors.not_disconnected("a:b", "c:d", -13, "no permission"),
    ):
        assert isinstance(error, PermissionDenied)
        assert "no permission" in str(error)


@pytest.mark.parametrize("method", ["ports", "connect", "disconnect"])
def test_the_graph_is_asked_as_jacks_is(method: str) -> None:
    def parameters(host: type) -> list[tuple[str, object, object, object]]:
        found = inspect.signature(getattr(host, method)).parameters.values()
        return [(one.name, one.kind, one.default, one.annotation) for one in found]

    assert parameters(PipeWireHost) == parameters(JackHost)


def test_ports_have_all_that_jacks_have(graph: PipeWireHost) -> None:
    of_jack = JackPort("a:b", Direction.INPUT, is_physical=True, is_own=False, connections=())
    of_pipewire = graph.ports()[0]
    for name in JackPort.__annotations__:
        assert type(getattr(of_pipewire, name)) is type(getattr(of_jack, name)), name


def test_a_stream_that_gets_no_ports_says_who_makes_them(own_server: PipeWireServer) -> None:
    own_server.stop_manager()
    with pcmio.host("pipewire", remote=own_server.address, timeout=3.0) as host:
        device = host.device_by_id("pipewire:main")
        with pytest.raises(OperationTimeout, match="wireplumber"):
            device.build_output_stream_raw(STEREO, silent, connect=False)
        assert isinstance(host, PipeWireHost)
        assert host.ports("^pytest") == []


def test_without_a_server_there_is_no_graph(tmp_path: Path) -> None:
    with pcmio.host("pipewire", remote=str(tmp_path / "none")) as host:
        assert isinstance(host, PipeWireHost)
        for call in (host.ports, host.links, lambda: host.connect("a:b", "c:d"), lambda: host.disconnect("a:b", "c:d")):
            with pytest.raises(HostUnavailable):
                call()


# --- through the graph, bit for bit -----------------------------------------------------------------------------------


@pytest.fixture
def quiet_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipeWireServer]:
    """One sink, which is nobody's default way."""
    server = PipeWireServer(tmp_path_factory.mktemp("pipewire"), [NullNode("sink")], quantum=256)
    server.start()
    yield server
    server.stop()


def _lost(stream: pcmio.Stream) -> int:
    """Frames; where nobody knows how many, as many as there were xruns."""
    return max(stream.stats.xrun_frames, stream.stats.xruns)


def play_through(host: PipeWireHost) -> tuple[list[float], int]:
    """Play a ramp to a null sink, and record it with a stream on no device that is connected to the sink's monitor.

    What was heard from the first sound on, and how many frames were lost.
    """
    sent = 0
    heard: list[float] = []

    def play(block: memoryview, _info: object) -> None:
        nonlocal sent
        samples = block.cast("B").cast("f")
        for frame in range(len(samples) // 2):
            sent += 1
            samples[2 * frame], samples[2 * frame + 1] = sent / 2**24, -sent / 2**24

    def record(block: memoryview, _info: object) -> None:
        samples = block.cast("B").cast("f").tolist()
        if heard or any(samples):
            heard.extend(samples)

    sink, monitor = host.device_by_id("pipewire:sink"), host.device_by_id("pipewire:sink.monitor")
    config = StreamConfig(2, 48_000, 256)
    options: dict[str, Any] = {"connect": False, "depth": 1.0}
    with (
        monitor.build_input_stream_raw(config, record, node_name="ear", **options) as ear,
        sink.build_output_stream_raw(config, play, node_name="mouth", **options) as mouth,
    ):
        for channel in ("FL", "FR"):
            host.connect(f"sink:monitor_{channel}", f"ear:input_{channel}")
        for channel in ("FL", "FR"):
            host.connect(f"mouth:output_{channel}", f"sink:playback_{channel}")
        assert len(host.links()) == 4
        until(lambda: len(heard) > 2 * 48_000, "a second of sound")
        return heard[:], _lost(ear) + _lost(mouth)  # before one of them ends, and silence follows


@pytest.mark.usefixtures("standstills")
def test_what_is_connected_by_hand_arrives_bit_for_bit(quiet_server: PipeWireServer) -> None:
    with pcmio.host("pipewire", remote=quiet_server.address, timeout=20.0) as host:
        assert isinstance(host, PipeWireHost)
        heard, lost = play_through(host)
        for _ in range(4):
            if lost:  # this machine had other things to do, and a part was not even played
                heard, lost = play_through(host)
        assert_nothing_lost(lost)
    left, right = heard[::2], heard[1::2]
    begin = max(left.index(next(filter(None, left))), right.index(next(filter(None, right))))
    first = round(left[begin] * 2**24)
    ramp = [number / 2**24 for number in range(first, first + len(left) - begin)]
    assert len(ramp) > 40_000
    assert left[begin:] == ramp
    assert right[begin:] == [-value for value in ramp]
