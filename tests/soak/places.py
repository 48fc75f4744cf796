"""Where a soak takes place: a host, its server, and how to bring misfortune upon both."""

from __future__ import annotations

import signal
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pcmio
from pcmio.testing import Rig
from tests.conformance.rigs import null as usual_null
from tests.hosts.jack.signs import CLIENT
from tests.servers.jackd import JackLoop, JackServer
from tests.servers.pipewire import NullNode, PipeWireServer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

FRAMES = 64
#: A jackd that is killed keeps locks of the data base that all servers of a user share, which are few: later ones end
#: in good order, which their clients cannot tell from a crash.
_MOST_KILLED = 20


@contextmanager
def null() -> Generator[Rig]:
    """Devices without hardware."""
    with usual_null() as rig:
        yield Rig(
            open_host=rig.open_host,
            output=rig.output,
            input=rig.input,
            loops=True,
            block_frames=FRAMES,
            lose_device=rig.lose_device,
            lose_host=rig.lose_host,
        )


@contextmanager
def jack() -> Generator[Rig]:
    """jackd at 64 frames, which waits for nobody, and a client that loops."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        server = JackServer(directory, period=FRAMES)
        loop = JackLoop(server, directory, 8)
        killed = 0

        def start() -> None:
            server.start()
            loop.start()

        def kill() -> Callable[[], None]:
            nonlocal killed
            killed += 1
            server.kill(signal.SIGKILL if killed <= _MOST_KILLED else signal.SIGTERM)
            loop.stop()
            return start

        def lose_device(_host: pcmio.Host) -> Callable[[], None]:
            loop.stop()
            return loop.start

        try:
            start()
            yield Rig(
                open_host=partial(pcmio.host, "jack", server_name=server.name, client_name=CLIENT),
                output="jack:loop",
                input="jack:loop",
                loops=True,
                block_frames=FRAMES,
                kill_server=kill,
                lose_device=lose_device,
            )
        finally:
            loop.stop()
            server.stop()


@contextmanager
def pipewire() -> Generator[Rig]:
    """A server at 64 frames, and a sink whose monitor is the way back."""
    sink = NullNode("sink", priority=2000)
    with tempfile.TemporaryDirectory() as name:
        server = PipeWireServer(Path(name), [sink, NullNode("other")], quantum=FRAMES)

        def kill() -> Callable[[], None]:
            server.kill()
            return server.start

        def lose_device(_host: pcmio.Host) -> Callable[[], None]:
            server.remove("sink")
            return lambda: server.add(sink)

        try:
            server.start()
            yield Rig(
                open_host=partial(pcmio.host, "pipewire", remote=server.address),
                output="pipewire:sink",
                input="pipewire:sink.monitor",
                loops=True,
                block_frames=FRAMES,
                kill_server=kill,
                lose_device=lose_device,
            )
        finally:
            server.stop()


PLACES = {"jack": jack, "pipewire": pipewire, "null": null}
