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
from hypothesis import given
from hypothesis import strategies as st

import pcmio
from pcmio.hosts.pipewire import library
from pcmio.hosts.pipewire.control import Control
from pcmio.hosts.pipewire.library import remote_names, socket_paths
from pcmio.hosts.pipewire.options import HostOptions
from pcmio.testing import until
from tests.hosts.exhausted import run_exhausted
from tests.hosts.nameless import run_nameless
from tests.servers.pipewire import mend_session_managers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.pipewire import PipeWireServer


def test_a_server_that_is_not_there_is_told_at_once_with_every_path() -> None:
    with pcmio.host("pipewire", timeout=20.0) as host:
        before = time.monotonic()
        with pytest.raises(pcmio.HostUnavailable, match=r"no PipeWire server answers.*start pipewire") as caught:
            host.check_available()
        assert time.monotonic() - before < 10, "somebody was waited for"
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


def test_a_servers_socket_may_be_a_link_in_another_directory(
    server: PipeWireServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pipewire-0").symlink_to(server.socket)
    (tmp_path / "elsewhere").symlink_to(server.directory, target_is_directory=True)
    for changes in (
        {"XDG_RUNTIME_DIR": str(tmp_path)},
        {"PIPEWIRE_RUNTIME_DIR": str(tmp_path), "XDG_RUNTIME_DIR": "/nowhere"},
        {"PIPEWIRE_REMOTE": f"elsewhere/{server.name}", "XDG_RUNTIME_DIR": str(tmp_path)},
        {"PIPEWIRE_REMOTE": str(tmp_path / "elsewhere" / server.name), "XDG_RUNTIME_DIR": "/nowhere"},
        {"USERPROFILE": str(tmp_path), "XDG_RUNTIME_DIR": ""},
    ):
        with monkeypatch.context() as patch:
            for name, value in changes.items():
                patch.setenv(name, value)
            with pcmio.host("pipewire") as host:
                assert host.devices(), changes


def test_a_list_of_servers_is_tried_in_turn(
    server: PipeWireServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(server.directory))
    dead = tmp_path / "dead"
    with socket.socket(socket.AF_UNIX) as nobody:
        nobody.bind(str(dead))
    for remote in (
        f'[ "pipewire-0-manager", "{server.name}" ]',
        f"[pipewire-0-manager {server.name}]",
        f"[ {dead}, /nowhere/at-all, {server.address} ]",
        f" [{server.name}",
    ):
        with pcmio.host("pipewire", remote=remote) as host:
            assert host.devices(), remote
        with monkeypatch.context() as patch:
            patch.setenv("PIPEWIRE_REMOTE", remote)
            with pcmio.host("pipewire") as host:
                device = host.device_by_id("pipewire:main")
                with device.build_output_stream_raw(pcmio.StreamConfig(2, 48_000), lambda *_: None):
                    pass


def test_a_snap_finds_the_server_one_level_up(server: PipeWireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    own = server.directory / "snap.synth"
    own.mkdir(exist_ok=True)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(own))
    monkeypatch.setenv("PIPEWIRE_REMOTE", server.name)
    with pcmio.host("pipewire") as host:
        assert host.devices()


def test_a_flatpak_finds_what_it_is_given(
    server: PipeWireServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    directory = tmp_path / str(os.getuid())
    directory.mkdir()
    (directory / "pipewire-0").symlink_to(server.socket)
    (tmp_path / ".flatpak-info").touch()
    monkeypatch.setattr(library, "_FLATPAK_INFO", str(tmp_path / ".flatpak-info"))
    monkeypatch.setattr(library, "_USERS_DIRECTORY", str(tmp_path))
    with pcmio.host("pipewire") as host:
        assert host.devices()


def test_an_abstract_socket_is_connected_to() -> None:
    name = f"pcmio-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(f"\0{name}")
        other.listen()
        mute = pcmio.host("pipewire", remote=f"@{name}", timeout=0.2)
        with mute, pytest.raises(pcmio.HostUnavailable, match="has not answered"):
            mute.check_available()
    with pcmio.host("pipewire", remote=f"@{name}") as host, pytest.raises(pcmio.HostUnavailable) as caught:
        host.check_available()
    assert [place for place, _ in caught.value.tried] == [f"@{name}"]


def test_the_option_comes_before_the_environment(server: PipeWireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPEWIRE_REMOTE", "/nowhere/at-all")
    with pcmio.host("pipewire", remote=server.address) as host:
        device = host.device_by_id("pipewire:main")
        with device.build_output_stream_raw(pcmio.StreamConfig(2, 48_000), lambda *_: None):
            pass


def test_sockets_are_looked_for_where_the_library_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert socket_paths(HostOptions()) == ["/run/user/7/pipewire-0", "/run/pipewire/pipewire-0"]
    monkeypatch.setenv("USERPROFILE", "/profile")
    monkeypatch.setenv("PIPEWIRE_RUNTIME_DIR", "/elsewhere")
    assert socket_paths(HostOptions(remote="mine"))[0] == "/elsewhere/mine"
    assert socket_paths(HostOptions(remote="@abstract")) == ["\0abstract"]
    monkeypatch.setenv("PIPEWIRE_RUNTIME_DIR", "")
    assert socket_paths(HostOptions(remote="mine"))[0] == "/run/user/7/mine"
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert socket_paths(HostOptions()) == ["/profile/pipewire-0", "/run/pipewire/pipewire-0"]
    monkeypatch.delenv("USERPROFILE")
    assert socket_paths(HostOptions()) == ["/run/pipewire/pipewire-0"]


def test_each_name_of_a_list_is_looked_for_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert socket_paths(HostOptions(remote="[ pipewire-0-manager, /own/one, @two, pipewire-0 ]")) == [
        *("/run/user/7/pipewire-0-manager", "/run/pipewire/pipewire-0-manager"),
        *("/own/one", "\0two"),
        *("/run/user/7/pipewire-0", "/run/pipewire/pipewire-0"),
    ]
    monkeypatch.setenv("PIPEWIRE_REMOTE", "[ ]")
    assert socket_paths(HostOptions())[0] == "/run/user/7/pipewire-0"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ("  ", ()),
        ("one", ("one",)),
        ("one,two", ("one,two",)),
        ("[]", ()),
        ("[one]", ("one",)),
        ('["one"]', ("one",)),
        ('[ "one" , "two three", four ]', ("one", "two three", "four")),
        ('["one""two"three"four"]', ("one", "two", "three", "four")),
        ("[one\ttwo\nthree", ("one", "two", "three")),
        ('["a\\"b\\\\"]', ('a"b\\',)),
        ('["open', ("open",)),
        ('["", one]', ("one",)),
        ('["open\\', ("open",)),
    ],
)
def test_lists_are_read_as_pipewires_configurations_are(text: str, names: tuple[str, ...]) -> None:
    assert remote_names(text) == names


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1)))
def test_names_that_are_quoted_are_read_again(names: list[str]) -> None:
    written = ", ".join('"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name in names)
    assert remote_names(f"[ {written} ]") == tuple(names)


@given(st.text(st.sampled_from('[]", \\ab')))
def test_senseless_lists_are_read_somehow(text: str) -> None:
    assert all(remote_names(text))


def test_sandboxes_have_places_of_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7/snap.synth")
    up = ["/run/user/7/snap.synth/pipewire-0", "/run/user/7/pipewire-0", "/run/pipewire/pipewire-0"]
    assert socket_paths(HostOptions()) == up
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7/snap.synth/")
    assert socket_paths(HostOptions())[1:] == up[1:]
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7/own")
    assert len(socket_paths(HostOptions())) == 2
    monkeypatch.setenv("SNAP", "/snap/synth/1")
    assert socket_paths(HostOptions())[1:] == up[1:]
    monkeypatch.delenv("SNAP")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/xdg")
    (tmp_path / "info").touch()
    monkeypatch.setattr(library, "_FLATPAK_INFO", str(tmp_path / "info"))
    usual = f"/run/user/{os.getuid()}"
    assert socket_paths(HostOptions(remote="x")) == ["/run/xdg/x", f"{usual}/x", "/run/pipewire/x"]
    monkeypatch.setenv("XDG_RUNTIME_DIR", usual)
    assert socket_paths(HostOptions(remote="x")) == [f"{usual}/x", "/run/pipewire/x"], "no place twice"


def test_every_place_that_was_tried_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = tmp_path / "snap.synth"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(own))
    too_long = "x" * 200
    with pcmio.host("pipewire", remote=f"[mine, {too_long}]") as host, pytest.raises(pcmio.HostUnavailable) as caught:
        host.devices()
    places = [str(own), str(tmp_path), "/run/pipewire"]
    assert [place for place, _ in caught.value.tried] == [
        f"{place}/{name}" for name in ("mine", too_long) for place in places
    ]
    assert all(f"\n  {place}/mine: No such file or directory\n" in str(caught.value) for place in places)


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
    with pcmio.host("pipewire", remote=own_server.address, timeout=2.0) as host:
        device = host.device_by_id("pipewire:main")
        stream = device.build_output_stream_raw(pcmio.StreamConfig(2, 48_000, 512), lambda *_: None)
        stream.start()
        own_server.process.send(signal.SIGSTOP)
        try:
            before = time.monotonic()
            with pytest.raises(pcmio.AudioError, match="2 seconds"):
                host.devices()
            with pytest.raises(pcmio.AudioError):
                device.build_output_stream_raw(pcmio.StreamConfig(2, 48_000, 512), lambda *_: None)
            stream.pause()
            assert stream.stop(0) in {True, False}
            stream.close()
            assert time.monotonic() - before < 20
        finally:
            own_server.process.send(signal.SIGCONT)


def test_a_session_manager_that_crashed_is_started_again(own_server: PipeWireServer) -> None:
    assert not mend_session_managers()
    own_server.crash_manager()
    assert mend_session_managers()
    assert "default.audio.sink" in own_server.metadata()
    assert not mend_session_managers()
    with pcmio.host("pipewire", remote=own_server.address, timeout=20.0) as host:
        device = host.default_output_device()
        assert device is not None
        with device.build_output_stream_raw(pcmio.StreamConfig(2, 48_000, 512), lambda *_: None) as stream:
            stream.start()
            until(lambda: stream.position > 0, "the stream being linked and played")


_tried: list[str] = []


def test_what_fails_while_a_session_manager_crashes_is_tried_once_more(own_server: PipeWireServer) -> None:
    _tried.append(own_server.address)
    if len(_tried) == 1:
        own_server.crash_manager()
        pytest.fail("as a stream that is never linked")
    assert _tried == [own_server.address] * 2


def test_a_forked_child_asks_whatever_a_thread_of_its_parent_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    control = Control(HostOptions(remote="/nowhere", timeout=0.2))
    control._lock.acquire()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(pcmio.HostUnavailable):
        control.check()
    control.close()


_WITHOUT_DESCRIPTORS = """
import sys
import pcmio, pcmio.hosts.pipewire.audio
from pcmio.hosts.pipewire.library import libraries
libraries()
remote, kinds = sys.argv[1] or None, set()
host = pcmio.host("pipewire", remote=remote)
taken = use_up(96)
for _ in range(40):
    for ask in (pcmio.host("pipewire", remote=remote).check_available, host.audio):
        try:
            ask()
        except pcmio.AudioError as error:
            kinds.add(type(error).__name__)
    os.close(taken.pop())
print(*sorted(kinds))
"""


@pytest.mark.parametrize("exists", [False, True])
def test_a_program_without_descriptors_is_told_so(request: pytest.FixtureRequest, exists: bool) -> None:
    remote = request.getfixturevalue("server").address if exists else "/nowhere"
    done = run_exhausted(_WITHOUT_DESCRIPTORS, remote)
    expected = "ResourceExhausted\n" if exists else "HostUnavailable ResourceExhausted\n"
    assert (done.returncode, done.stdout) == (0, expected), done.stderr


def test_a_program_whose_name_is_no_text_has_sound(server: PipeWireServer, tmp_path: Path) -> None:
    assert run_nameless(tmp_path, "pipewire", "remote", server.address) == (0, b"")
