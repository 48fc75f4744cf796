"""Servers for the tests of this host."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio.hosts.jack import JackHost
from tests.servers.jackd import JackServer

from .signs import CLIENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    NewServer = Callable[..., JackServer]


def need_jackd() -> None:
    """Skip where there is no server to test on."""
    if shutil.which("jackd") is None:
        pytest.skip("jackd is not installed")


@pytest.fixture(autouse=True)
def _jack(request: pytest.FixtureRequest) -> None:
    """All but the core's callbacks need libjack, if not a server."""
    if "FakeJack" not in vars(request.module):
        need_jackd()


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[NewServer]:
    """Starts servers of the test's own; they end with it."""
    servers: list[JackServer] = []

    def start(**options: Any) -> JackServer:
        servers.append(JackServer(tmp_path, **options))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JackServer]:
    """A server for all tests that leave it as it was: it waits for late clients, so that no frame is lost."""
    need_jackd()
    server = JackServer(tmp_path_factory.mktemp("jackd"), waits=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def open_host() -> Iterator[Callable[..., JackHost]]:
    """Opens hosts that are closed with the test."""
    hosts: list[JackHost] = []

    def start(server: JackServer, **options: object) -> JackHost:
        host = pcmio.host("jack", server_name=server.name, **{"client_name": CLIENT, **options})
        assert isinstance(host, JackHost)
        hosts.append(host)
        return host

    yield start
    for host in hosts:
        host.close()


@pytest.fixture
def host(server: JackServer, open_host: Callable[..., JackHost]) -> JackHost:
    """A host on the server of all tests."""
    return open_host(server)
