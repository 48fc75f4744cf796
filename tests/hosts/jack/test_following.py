"""Streams whose device goes: the client that has the physical ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pcmio import DeviceLost, EndReason, InvalidInput, Rerouted, StreamConfig, StreamState
from pcmio.testing import until
from pcmio.testing.signals import Events
from tests.servers.jackd import JackLoop

from .signs import nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pcmio.hosts.jack import JackHost
    from tests.servers.jackd import JackServer

CONFIG = StreamConfig(2, 48_000, 256)


@pytest.fixture
def loop(server: JackServer, tmp_path: Path) -> Iterator[JackLoop]:
    """A device with more ports than the server's own: the default."""
    loop = JackLoop(server, tmp_path, 4)
    loop.start()
    yield loop
    loop.stop()


def test_a_stream_on_the_default_device_goes_on_with_the_next_default(
    server: JackServer, loop: JackLoop, open_host: Callable[..., JackHost]
) -> None:
    host = open_host(server)
    device = host.default_output_device()
    assert device is not None
    assert str(device.id) == "jack:loop"
    with device.build_output_stream(CONFIG, nothing, events := Events()) as stream:
        loop.stop()
        until(lambda: bool(events.all), "the stream being told")
        assert events.all == [Rerouted("jack:loop", "jack:system")]
        at = stream.position
        until(lambda: stream.position > at, "frames moving")
        assert server.ports()[f"{host.client_name}:output_1"] == ["system:playback_1"]
    assert len(events.of(Rerouted)) == 1


def test_a_stream_on_a_device_that_was_chosen_ends_with_it(
    server: JackServer, loop: JackLoop, open_host: Callable[..., JackHost]
) -> None:
    stream = open_host(server).device_by_id("jack:loop").build_input_stream(CONFIG, nothing)
    loop.stop()
    until(lambda: stream.state is StreamState.CLOSED, "the end")
    assert stream.reason is EndReason.DEVICE_LOST
    with pytest.raises(DeviceLost, match="jack:loop"):
        stream.close()


@pytest.mark.parametrize("connect", [False, ["system:playback_1", "system:playback_2"]])
def test_a_stream_whose_ports_the_user_connects_knows_nothing_of_devices(
    server: JackServer, loop: JackLoop, open_host: Callable[..., JackHost], connect: object
) -> None:
    host, events = open_host(server), Events()
    with host.watch() as watch:
        device = host.device_by_id("jack:loop")
        with device.build_output_stream(CONFIG, nothing, events, connect=connect) as stream:
            loop.stop()
            watch.get(20)  # that it went has been told to everybody
            at = stream.position
            until(lambda: stream.position > at + 4096, "frames moving")
            assert stream.state is StreamState.RUNNING
            assert events.all == []


def test_there_are_two_ways_to_follow(server: JackServer, open_host: Callable[..., JackHost]) -> None:
    device = open_host(server).device_by_id("jack:system")
    with pytest.raises(InvalidInput, match="'never' or 'default'"):
        device.build_output_stream(CONFIG, nothing, follow="always")
