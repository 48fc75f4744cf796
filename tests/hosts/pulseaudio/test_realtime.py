"""The thread of a connection's main loop is ours: it is real-time when a stream wants that."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio.hosts.pulseaudio import audio
from tests.servers.jackd import realtime_is_allowed
from tests.servers.rtkit import without_privilege

if TYPE_CHECKING:
    from tests.servers.pulseaudio import PulseServer
    from tests.servers.rtkit import Authority, RealtimeKit, SystemBus

CONFIG = pcmio.StreamConfig(2, 48_000, pcmio.BufferSize.fixed(480))
#: What the core calls the loop's thread.
NAME = "pcmio-pulse"
CHILD = f"""
import os, sys
import pcmio
from pcmio.errors import PermissionDenied

def loops():
    numbers = os.listdir("/proc/self/task")
    names = {{number: open(f"/proc/self/task/{{number}}/comm").read().strip() for number in numbers}}
    return [os.sched_getparam(int(number)).sched_priority for number in numbers if names[number] == {NAME!r}]

device = pcmio.host("pulseaudio", server=sys.argv[1]).device_by_id("pulseaudio:main")
config = pcmio.StreamConfig(2, 48_000, 480)
try:
    stream = device.build_output_stream_raw(config, lambda block, info: None, realtime=sys.argv[2])
except PermissionDenied as error:
    print((loops(), str(error)))
else:
    print((loops(), None))
    stream.close()
"""


def policies(name: str) -> list[tuple[int, int]]:
    """Of this process's threads of this name."""
    named = [path for path in Path("/proc/self/task").iterdir() if (path / "comm").read_text().strip() == name]
    numbers = [int(path.name) for path in named]
    return [(os.sched_getscheduler(number), os.sched_getparam(number).sched_priority) for number in numbers]


@pytest.mark.skipif(not realtime_is_allowed(), reason="this user may not have real-time threads")
def test_a_streams_wish_makes_the_connections_thread_real_time(server: PulseServer) -> None:
    with pcmio.host("pulseaudio", server=server.address) as host:
        device = host.device_by_id("pulseaudio:main")
        with device.build_output_stream(CONFIG, lambda *_: None, realtime="never"):
            assert policies(NAME) == [(os.SCHED_OTHER, 0)]
            with device.build_output_stream(CONFIG, lambda *_: None, realtime="require"):
                assert policies(NAME) == [(os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, audio._PRIORITY)]


def run(server: PulseServer, bus: SystemBus, mode: str) -> Any:
    done = without_privilege(CHILD, bus.env, server.address, mode)
    assert done.returncode == 0, done.stderr
    return ast.literal_eval(done.stdout)


def test_rtkit_makes_the_connections_thread_real_time(
    server: PulseServer, kit: RealtimeKit, system_bus: SystemBus
) -> None:
    assert run(server, system_bus, "require") == ([audio._PRIORITY], None)
    assert run(server, system_bus, "never") == ([0], None)


def test_a_stream_that_requires_it_is_not_built_without(
    server: PulseServer, kit: RealtimeKit, authority: Authority, system_bus: SystemBus
) -> None:
    authority.allowances = 0
    priorities, text = run(server, system_bus, "require")
    assert priorities == [0]
    assert text.startswith('no real-time priority for the audio thread, which realtime="require" asks for')
