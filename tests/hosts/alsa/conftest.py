"""A configuration of the tests' own, and a PulseAudio server behind some of its PCMs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import pcmio
from tests.servers.asound import configuration, shown
from tests.servers.pulseaudio import NullSink, PulseServer

from .provider import pulse_pcms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session", autouse=True)
def no_servers_of_the_users(no_pulse_of_the_users: None) -> None:
    """For all tests here."""


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Where the PCM "dump" writes what it is played."""
    return tmp_path / "dump.raw"


@pytest.fixture
def host(tmp_path: Path, dump: Path) -> Iterator[pcmio.Host]:
    """PCMs that need no server: nothing, a file, and what converts on the way to it."""
    definitions = (
        shown("nothing", "type null"),
        shown("dump", f'type file\nslave.pcm "null"\nfile "{dump}"\nformat raw'),
        shown("fixed", 'type plug\nslave { pcm "dump" format S24_3LE rate 44100 channels 2 }'),
        shown("hw_like", 'type plug\nslave { pcm "dump" format S16_BE rate 48000 channels 2 }'),
        "pcm.hidden { type null }\n",
        'pcm.missing { type plug slave.pcm "nowhere" }\n',
        shown("oss", "type null"),
        'pcm.both { type asym playback.pcm "dump" capture.pcm { type null } }\n',
    )
    with configuration(tmp_path, *definitions, default="nothing"), pcmio.host("alsa") as host:
        yield host


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PulseServer]:
    """A server for one test, which may end it."""
    server = PulseServer(tmp_path, (NullSink("sink"),))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def served(server: PulseServer, tmp_path: Path) -> Iterator[pcmio.Host]:
    """PCMs on that server, with little patience."""
    with configuration(tmp_path, pulse_pcms(server, "sink"), default="sink"), pcmio.host("alsa", timeout=2.0) as host:
        yield host
