"""Servers that are not there, or elsewhere."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

import pcmio
from pcmio.hosts.pipewire.library import socket_paths
from pcmio.hosts.pipewire.options import HostOptions

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.pipewire import PipeWireServer


def test_a_server_that_is_not_there_is_told_at_once_with_every_path() -> None:
    with pcmio.host("pipewire") as host:
        before = time.monotonic()
        with pytest.raises(pcmio.HostUnavailable, match=r"no PipeWire server answers.*start pipewire") as caught:
            host.check_available()
        assert time.monotonic() - before < 0.5
    assert caught.value.tried[0][0] == f"{os.environ['XDG_RUNTIME_DIR']}/pipewire-0"
    assert caught.value.call == "connect"


def test_without_a_server_the_library_is_not_set_up() -> None:
    code = (
        "import pcmio, sys, threading\n"
        "try: pcmio.host('pipewire', remote='/nowhere/at-all').devices()\n"
        "except pcmio.HostUnavailable as error: print('told')\n"
        "from pcmio.hosts.pipewire import library\n"
        "print(library._libraries, threading.active_count())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("told\nNone 1\n", "")


def test_a_socket_that_nobody_listens_on_is_no_server(tmp_path: Path) -> None:
    path = tmp_path / "dead"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with pcmio.host("pipewire", remote=str(path)) as host, pytest.raises(pcmio.HostUnavailable, match="refused"):
        host.devices()


def test_a_server_that_says_nothing_is_given_up_in_time(tmp_path: Path) -> None:
    path = tmp_path / "mute"
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(path))
        mute.listen()
        with pcmio.host("pipewire", remote=str(path), timeout=0.3) as host:
            before = time.monotonic()
            with pytest.raises(pcmio.HostUnavailable, match=r"has not answered for 0\.3 seconds"):
                host.check_available()
            assert time.monotonic() - before < 2


def test_somebody_else_on_the_socket_is_no_server(tmp_path: Path) -> None:
    path = tmp_path / "other"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        child = os.fork()
        if child == 0:
            connection, _ = other.accept()
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10)
            connection.close()
            os._exit(0)
        try:
            with pcmio.host("pipewire", remote=str(path), timeout=2.0) as host, pytest.raises(pcmio.HostUnavailable):
                host.check_available()
        finally:
            os.waitpid(child, 0)


def test_the_environment_names_the_server(server: PipeWireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for changes in (
        {"PIPEWIRE_REMOTE": server.address},
        {"PIPEWIRE_REMOTE": server.name, "PIPEWIRE_RUNTIME_DIR": str(server.directory)},
        {"PIPEWIRE_REMOTE": server.name, "XDG_RUNTIME_DIR": str(server.directory)},
    ):
        with monkeypatch.context() as patch:
            for name, value in changes.items():
                patch.setenv(name, value)
            with pcmio.host("pipewire") as host:
                assert host.devices()


def test_the_option_comes_before_the_environment(server: PipeWireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPEWIRE_REMOTE", "/nowhere/at-all")
    with pcmio.host("pipewire", remote=server.address) as host:
        device = host.device_by_id("pipewire:main")
        with device.build_output_stream_raw(pcmio.StreamConfig(2, 48_000), lambda *_: None):
            pass


def test_sockets_are_looked_for_where_the_library_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert socket_paths(HostOptions()) == ["/run/user/7/pipewire-0", "/run/pipewire/pipewire-0"]
    monkeypatch.setenv("PIPEWIRE_RUNTIME_DIR", "/elsewhere")
    assert socket_paths(HostOptions("mine"))[0] == "/elsewhere/mine"
    assert socket_paths(HostOptions("@abstract")) == ["\0abstract"]


def test_the_default_host_is_pipewire_where_it_answers(server: PipeWireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPEWIRE_REMOTE", server.address)
    with pcmio.default_host() as host:
        assert host.id == "pipewire"
    assert pcmio.available_hosts()[0] == "pipewire"


@pytest.mark.parametrize(
    "options", [{"remote": ""}, {"timeout": 0}, {"timeout": True}, {"application_name": "a\0b"}, {"remote": 7}]
)
def test_senseless_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(pcmio.InvalidInput):
        pcmio.host("pipewire", **options)


def test_a_server_that_hangs_holds_nobody_up_for_long(own_server: PipeWireServer) -> None:
    with pcmio.host("pipewire", remote=own_server.address, timeout=0.5) as host:
        device = host.device_by_id("pipewire:main")
        stream = device.build_output_stream_raw(pcmio.StreamConfig(2, 48_000, 512), lambda *_: None)
        stream.start()
        own_server.process.send(signal.SIGSTOP)
        try:
            before = time.monotonic()
            with pytest.raises(pcmio.AudioError, match=r"0\.5 seconds"):
                host.devices()
            with pytest.raises(pcmio.AudioError):
                device.build_output_stream_raw(pcmio.StreamConfig(2, 48_000, 512), lambda *_: None)
            stream.pause()
            assert stream.stop(0) in {True, False}
            stream.close()
            assert time.monotonic() - before < 10
        finally:
            own_server.process.send(signal.SIGCONT)
