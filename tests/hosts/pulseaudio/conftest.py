"""A real PulseAudio server with null sinks of many kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import pcmio
from tests.servers.pulseaudio import NullSink, PulseServer

if TYPE_CHECKING:
    from collections.abc import Iterator

SINKS = (
    NullSink("main"),
    NullSink("s16", "s16le", 44_100),
    NullSink("s24", "s24le"),
    NullSink("s24in32", "s24-32le"),
    NullSink("s32", "s32le"),
    NullSink("u8", "u8", 8_000),
    NullSink("mono", "s16le", 16_000, channels=1),
    NullSink(
        "surround",
        channels=6,
        channel_map="front-left,front-right,rear-left,rear-right,front-center,lfe",
    ),
    NullSink("many", channels=32, sample_rate=96_000),
    NullSink(
        "described",
        properties={
            "device.description": "Speakers\\ of\\ Mine",
            "device.vendor.name": "ACME",
            "device.product.name": "Boomer",
            "device.bus": "usb",
            "device.bus_path": "pci-0000:00:14.0-usb-0:1:1.0",
            "device.form_factor": "headphone",
        },
    ),
)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PulseServer]:
    """For tests that leave it as they found it."""
    server = PulseServer(tmp_path_factory.mktemp("pulse"), SINKS)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session", autouse=True)
def no_servers_of_the_users(no_pulse_of_the_users: None) -> None:
    """For all tests here."""


@pytest.fixture
def host(server: PulseServer) -> Iterator[pcmio.Host]:
    """A host object of the session's server."""
    with pcmio.host("pulseaudio", server=server.address) as host:
        yield host


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PulseServer]:
    """A server with two sinks for one test, which may end it."""
    server = PulseServer(tmp_path_factory.mktemp("pulse"), (NullSink("main"), NullSink("other")))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_host(own_server: PulseServer) -> Iterator[pcmio.Host]:
    """A host object of the test's own server."""
    with pcmio.host("pulseaudio", server=own_server.address) as host:
        yield host
