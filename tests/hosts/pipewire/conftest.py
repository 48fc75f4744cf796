"""A real PipeWire server with WirePlumber and null nodes of many kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import pcmio
from tests.servers.pipewire import NullNode, PipeWireServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NODES = (
    NullNode("main", priority=2000),
    NullNode("mono", positions="MONO"),
    NullNode("surround", positions="FL FR FC LFE RL RR"),
    NullNode("mic", "Audio/Source/Virtual", priority=3000),
    NullNode("both", "Audio/Duplex"),
    NullNode(
        "described",
        properties={
            "node.description": "Speakers of Mine",
            "device.vendor.name": "ACME",
            "device.bus": "usb",
            "device.bus-path": "pci-0000:00:14.0-usb-0:1:1.0",
            "device.form-factor": "headphone",
        },
    ),
)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipeWireServer]:
    """For tests that leave it as they found it."""
    server = PipeWireServer(tmp_path_factory.mktemp("pipewire"), NODES, allowed_rates=(44_100, 48_000))
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def no_servers_of_the_users(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here may reach a real server."""
    for name in ("PIPEWIRE_REMOTE", "PIPEWIRE_RUNTIME_DIR", "PIPEWIRE_NODE", "PIPEWIRE_DEBUG", "PCMIO_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("nothing")))


@pytest.fixture
def host(server: PipeWireServer) -> Iterator[pcmio.Host]:
    """A host object of the session's server."""
    with pcmio.host("pipewire", remote=server.address) as host:
        yield host


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipeWireServer]:
    """A server with two sinks for one test, which may end it."""
    nodes = (NullNode("main", priority=2000), NullNode("other"))
    server = PipeWireServer(tmp_path_factory.mktemp("pipewire"), nodes)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_host(own_server: PipeWireServer) -> Iterator[pcmio.Host]:
    """A host object of the test's own server."""
    with pcmio.host("pipewire", remote=own_server.address, timeout=20.0) as host:
        yield host


@pytest.fixture
def config() -> Callable[..., pcmio.StreamConfig]:
    """A comfortable config; what is given by name is different."""
    usual = pcmio.StreamConfig(2, 48_000, 512)
    return usual.replace
