"""JACK for the conformance suite: jackd on its dummy driver, and a client that loops."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pcmio
from pcmio import SampleFormat
from pcmio.testing import Rig
from tests.servers.jackd import JackLoop, JackServer

from .signs import CLIENT

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

CHANNELS = 64
#: What goes through 32-bit floats unchanged.
EXACT = (
    *(SampleFormat.F32, SampleFormat.F64, SampleFormat.I16, SampleFormat.U16, SampleFormat.I24, SampleFormat.U24),
    *(SampleFormat.I24_PACKED, SampleFormat.U24_PACKED, SampleFormat.I8, SampleFormat.U8),
)


@contextmanager
def jack() -> Generator[Rig]:
    """A server that waits for late clients, so that a busy machine cannot cost a sample."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        server = JackServer(directory, period=256, waits=True)
        loop = JackLoop(server, directory, CHANNELS)
        card = JackLoop(server, directory, 4, "card")

        def start() -> None:
            server.start()
            loop.start()

        def kill() -> Callable[[], None]:
            server.kill()
            loop.stop()
            return start

        def plug(_host: pcmio.Host) -> tuple[str, Callable[[], None]]:
            card.start()
            return "jack:card", card.stop

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
                exact_formats=EXACT,
                channel_counts=(1, 2, 3, 6, 32, 64),
                busy_streams=32,
                kill_server=kill,
                # One that is killed keeps locks of the data base that all servers of a user share, which are few.
                restarts=25,
                lose_device=lose_device,
                watches=True,
                plug=plug,
            )
        finally:
            card.stop()
            loop.stop()
            server.stop()
