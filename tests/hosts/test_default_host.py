"""Which host is the default where servers run, and what is said where none does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import pcmio
from pcmio.platform import HOSTS
from tests.servers.pipewire import NullNode, PipeWireServer
from tests.servers.pulseaudio import NullSink, PulseServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Those that answer where there are servers; ALSA's devices are the machine's.
SERVERS = ("PipeWire", "PulseAudio")


@pytest.fixture(autouse=True)
def nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server of the user's is found, nor a card of the machine's."""
    for name in ("PIPEWIRE_REMOTE", "PIPEWIRE_RUNTIME_DIR", "PULSE_SERVER", "PULSE_COOKIE", "PULSE_RUNTIME_PATH"):
        monkeypatch.delenv(name, raising=False)
    for name in ("DISPLAY", "PCMIO_HOST", "JACK_DEFAULT_SERVER"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    entries = {host_id: entry for host_id, entry in HOSTS.items() if host_id != "alsa"}
    monkeypatch.setattr("pcmio.platform.HOSTS", entries)
    monkeypatch.setattr("pcmio.platform.ALL_HOSTS", tuple(entries))


@pytest.fixture
def pulse(tmp_path: Path) -> Iterator[PulseServer]:
    """PulseAudio, not found yet."""
    directory = tmp_path / "pulse"
    directory.mkdir()
    server = PulseServer(directory, [NullSink("main")])
    server.start()
    yield server
    server.stop()


@pytest.fixture
def pipewire(tmp_path: Path) -> Iterator[PipeWireServer]:
    """PipeWire, not found yet."""
    directory = tmp_path / "pipewire"
    directory.mkdir()
    server = PipeWireServer(directory, [NullNode("main")])
    server.start()
    yield server
    server.stop()


def default_id() -> str:
    with pcmio.default_host() as host:
        host.check_available()
        return host.id


def test_where_nothing_answers_the_error_says_of_each_why() -> None:
    with pytest.raises(pcmio.HostUnavailable) as caught:
        pcmio.default_host()
    assert [name for name, _ in caught.value.tried] == list(SERVERS)
    why = dict(caught.value.tried)
    assert "pipewire-0" in why["PipeWire"]  # the socket that was looked for
    assert "start pipewire" in why["PipeWire"]
    assert "pa_context" in why["PulseAudio"]
    for name, reason in caught.value.tried:
        assert f"\n  {name}: {reason}" in str(caught.value)


def test_pulseaudio_is_the_default_where_pipewire_does_not_answer(
    pulse: PulseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_SERVER", pulse.address)
    monkeypatch.setenv("PULSE_COOKIE", pulse.env["PULSE_COOKIE"])
    assert default_id() == "pulseaudio"


def test_pipewire_is_the_default_where_both_answer_and_the_environment_overrides(
    pipewire: PipeWireServer, pulse: PulseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_SERVER", pulse.address)
    monkeypatch.setenv("PULSE_COOKIE", pulse.env["PULSE_COOKIE"])
    monkeypatch.setenv("PIPEWIRE_REMOTE", pipewire.address)
    assert default_id() == "pipewire"
    monkeypatch.setenv("PCMIO_HOST", "PulseAudio")
    assert default_id() == "pulseaudio"
    monkeypatch.setenv("PCMIO_HOST", "null")
    assert default_id() == "null"


def test_a_host_that_the_environment_names_is_not_replaced_by_one_that_answers(
    pulse: PulseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_SERVER", pulse.address)
    monkeypatch.setenv("PULSE_COOKIE", pulse.env["PULSE_COOKIE"])
    monkeypatch.setenv("PCMIO_HOST", "pipewire")
    with pcmio.default_host() as host:
        assert host.id == "pipewire"
        with pytest.raises(pcmio.HostUnavailable):
            host.devices()


@pytest.mark.parametrize("wrong", ["pulse", "alsa ", " ", "pipewire,null"])
def test_a_name_that_the_environment_has_wrong_is_told_with_the_variables(
    wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PCMIO_HOST", wrong)
    with pytest.raises(pcmio.InvalidInput, match="the environment variable PCMIO_HOST asks for; hosts here: pipewire"):
        pcmio.default_host()
