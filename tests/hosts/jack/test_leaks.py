"""What is opened and closed leaves nothing behind."""

from __future__ import annotations

import gc
import os
import sys
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pcmio
from pcmio import StreamConfig

from .signs import CLIENT, descriptors_and_threads, nothing, until_no_more_than

if sys.platform != "linux":
    raise pytest.skip.Exception("jackd is started on Linux only", allow_module_level=True)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio.hosts.jack import JackHost
    from tests.servers.jackd import JackServer

CONFIG = StreamConfig(2, 48_000, 64)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def assert_leaves_nothing(cycle: Callable[[], None], times: int) -> None:
    for _ in range(20):
        cycle()
    gc.collect()
    before, memory = descriptors_and_threads(), resident_bytes()
    for _ in range(times):
        cycle()
    gc.collect()
    until_no_more_than(before)
    assert resident_bytes() - memory < 4 << 20


def test_four_streams_at_once_of_one_host_again_and_again(host: JackHost, server: JackServer) -> None:
    device = host.device_by_id("jack:system")
    builders = [device.build_output_stream_raw, device.build_input_stream_raw] * 2

    def four_at_once() -> None:
        streams = [build(CONFIG, nothing) for build in builders]
        streams[0].start()
        streams[1].start()
        for stream in streams:
            stream.close()

    assert_leaves_nothing(four_at_once, 50)
    assert not [name for name in server.ports() if name.startswith(f"{CLIENT}:")]


def test_fifty_hosts(server: JackServer) -> None:
    def one() -> None:
        with pcmio.host("jack", server_name=server.name, client_name=CLIENT) as host:
            host.devices()[0].build_output_stream_raw(CONFIG, nothing).close()

    assert_leaves_nothing(one, 50)


def test_streams_that_could_not_be_opened(host: JackHost) -> None:
    def refused() -> None:
        try:
            host.device_by_id("jack:graph").build_output_stream_raw(CONFIG, nothing, connect=["no:port"])
        except pcmio.DeviceNotAvailable:
            return
        raise AssertionError

    assert_leaves_nothing(refused, 100)


def test_a_host_that_nobody_holds_leaves_its_server(server: JackServer) -> None:
    host = pcmio.host("jack", server_name=server.name, client_name="forgotten")
    host.devices()[0].build_output_stream_raw(CONFIG, nothing).close()
    gone = weakref.ref(host)
    before = descriptors_and_threads()
    del host
    gc.collect()
    assert gone() is None
    assert descriptors_and_threads() < before
