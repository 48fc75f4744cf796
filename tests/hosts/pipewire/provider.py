"""PipeWire for the conformance suite: a server with null sinks, whose monitors are the way back."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pcmio
from pcmio.hosts.pipewire.library import libraries
from pcmio.testing import Rig
from tests.hosts.jack.provider import EXACT
from tests.servers.pipewire import NullNode, PipeWireServer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

MANY = 32
#: libpipewire before 1.4 loses memfds of messages that come in pieces (mended in 0.3.71, 0.3.72 and 1.3.81): on a busy
#: machine one or two in a hundred restarts of the server.
_KEEPS_DESCRIPTORS = (1, 4)
_LOST_DESCRIPTORS = 8


@contextmanager
def pipewire() -> Generator[Rig]:
    """A sink for each channel count; what a sink plays is recorded from its monitor."""
    nodes = [
        NullNode("sink", priority=2000),
        NullNode("mono", positions="MONO"),
        NullNode("surround", positions="FL FR FC LFE RL RR"),
        NullNode("many", positions=" ".join(f"AUX{index}" for index in range(MANY))),
        NullNode("mic", "Audio/Source/Virtual"),
    ]
    with tempfile.TemporaryDirectory() as name:
        server = PipeWireServer(Path(name), nodes)

        def kill() -> Callable[[], None]:
            server.kill()
            return server.start

        def lose_device(_host: pcmio.Host) -> Callable[[], None]:
            server.remove("sink")
            return lambda: server.add(nodes[0])

        def plug(_host: pcmio.Host) -> tuple[str, Callable[[], None]]:
            server.add(NullNode("card"))
            return "pipewire:card", partial(server.remove, "card")

        def set_default(_host: pcmio.Host, device_id: str) -> None:
            server.set_default("audio.sink", device_id.removeprefix("pipewire:"))

        try:
            server.start()
            yield Rig(
                open_host=partial(pcmio.host, "pipewire", remote=server.address),
                output="pipewire:sink",
                input="pipewire:sink.monitor",
                loops=True,
                exact_formats=EXACT,
                channel_counts=(1, 2, 6, MANY),
                pairs={
                    1: ("pipewire:mono", "pipewire:mono.monitor"),
                    6: ("pipewire:surround", "pipewire:surround.monitor"),
                    MANY: ("pipewire:many", "pipewire:many.monitor"),
                },
                busy_streams=24,
                lose_device=lose_device,
                kill_server=kill,
                watches=True,
                plug=plug,
                set_default=set_default,
                lost_descriptors=0 if libraries().version >= _KEEPS_DESCRIPTORS else _LOST_DESCRIPTORS,
            )
        finally:
            server.stop()
