"""A server that is not there, a library that is not there, options that make no sense."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio import HostUnavailable, InvalidInput, UnsupportedOperation
from pcmio.hosts.jack import JackHost
from pcmio.hosts.jack.abi import Jack
from pcmio.hosts.jack.library import jack_library
from pcmio.testing import until
from tests.servers.jackd import JackServer

from .signs import CLIENT, descriptors_and_threads, until_no_more_than

if sys.platform != "linux":
    raise pytest.skip.Exception("jackd is started on Linux only", allow_module_level=True)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOBODY = "pcmio-nobody"


@pytest.mark.parametrize("question", ["check_available", "devices", "default_output_device", "default_input_device"])
def test_without_a_server_every_question_says_what_to_do(question: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pcmio.host("jack", server_name=NOBODY) as host, pytest.raises(HostUnavailable) as caught:
        getattr(host, question)()
    assert NOBODY in str(caught.value)
    assert "Cannot connect to server socket" in str(caught.value), "libjack's own words"
    assert caught.value.call == "jack_client_open"
    assert caught.value.code is not None
    assert caught.value.advice is not None
    assert "jackd -d" in caught.value.advice
    assert isinstance(caught.value, ConnectionError)
    assert capfd.readouterr() == ("", "")


def test_a_missing_server_is_told_without_delay() -> None:
    host = pcmio.host("jack", server_name=NOBODY)
    before = time.monotonic()
    with pytest.raises(HostUnavailable):
        host.check_available()
    assert time.monotonic() - before < 2


def test_making_a_host_contacts_nobody() -> None:
    host = pcmio.host("jack", server_name=NOBODY)
    assert (host.id, host.name, repr(host)) == ("jack", "JACK", "<pcmio host JACK>")
    host.close()
    host.close()


def test_what_libjack_says_goes_to_logging(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "pcmio"), pytest.raises(HostUnavailable):
        pcmio.host("jack", server_name=NOBODY).check_available()
    said = [record for record in caplog.records if record.getMessage().startswith("libjack: ")]
    assert said
    assert all(record.levelno < logging.WARNING for record in said), "an unconfigured program would see it on stderr"


def test_a_server_that_comes_later_is_found(tmp_path: Path) -> None:
    server = JackServer(tmp_path)
    host = pcmio.host("jack", server_name=server.name, client_name=CLIENT)
    with pytest.raises(HostUnavailable):
        host.devices()
    server.start()
    try:
        assert host.devices()
    finally:
        host.close()
        server.stop()


def test_a_server_named_by_the_environment_is_found(server: JackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", server.name)
    with pcmio.host("jack") as host:
        assert host.devices()


def test_failed_openings_leave_nothing_behind() -> None:
    def attempt() -> None:
        with pytest.raises(HostUnavailable):
            pcmio.host("jack", server_name=NOBODY).check_available()

    attempt()
    before = descriptors_and_threads()
    for _ in range(50):
        attempt()
    until_no_more_than(before)


def test_a_server_that_hangs_holds_nobody_up(
    server: JackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hanging = JackServer(tmp_path)
    hanging.start()
    monkeypatch.setattr("pcmio.hosts.jack.library.OPEN_SECONDS", 0.3)
    try:
        hanging.process.send(signal.SIGSTOP)
        with (
            pcmio.host("jack", server_name=hanging.name) as host,
            pytest.raises(pcmio.OperationTimeout, match="jack_client_open"),
        ):
            host.check_available()
    finally:
        hanging.process.send(signal.SIGCONT)
    # The call that hung comes back, closes its client, and lets the next one in.
    with pcmio.host("jack", server_name=server.name, client_name=CLIENT) as other:
        until(lambda: answers(other), "the library being free again")
    hanging.stop()


OPENING = """
import contextlib
import sys
import pcmio
with contextlib.ExitStack() as hosts:
    for _ in range(12):
        host = hosts.enter_context(pcmio.host("jack", server_name=sys.argv[1], client_name=sys.argv[2]))
        host.check_available()
    print("open", flush=True)
    sys.stdin.read()
"""


def test_programs_may_open_clients_of_one_name_at_the_same_moment(server: JackServer, tmp_path: Path) -> None:
    """They leave in turn: jackd2 1.9.21 may hang a program that closes a client as one of another program's goes."""
    other = JackServer(tmp_path)
    other.start()
    pipe = subprocess.PIPE
    programs: list[subprocess.Popen[str]] = []
    try:
        for which in (server, other, server, other):
            command = [sys.executable, "-c", OPENING, which.name, f"twin{CLIENT}"]
            programs.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True))
        for program in programs:
            assert program.stdout is not None
            assert program.stdout.readline() == "open\n", program.communicate(timeout=60)
        for program in programs:
            assert (program.communicate(timeout=60)[1], program.returncode) == ("", 0)
    finally:
        for program in programs:
            program.kill()
            program.wait()
        other.stop()


def answers(host: Any) -> bool:
    try:
        host.check_available()
    except pcmio.AudioError:
        return False
    return True


def test_a_library_that_is_not_installed_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Jack, "names", {"linux": ("libjack-not.so.0",)})
    monkeypatch.setattr("pcmio.hosts.jack.library._library", None)
    with pytest.raises(HostUnavailable, match=r"libjack-not\.so\.0") as caught:
        pcmio.host("jack")
    assert "install" in str(caught.value)


@pytest.mark.parametrize(
    ("version", "remote", "told", "advised"),
    [
        ("0.3.65", "[ a, b ]", "takes a list of servers for one name", "PIPEWIRE_REMOTE to one name"),
        ("1.4.2", "[ a, b ]", "PIPEWIRE_REMOTE leads to '[ a, b ]'", "start PipeWire"),
        ("0.3.65", "elsewhere", "PIPEWIRE_REMOTE leads to 'elsewhere'", "start PipeWire"),
        ("1.4.2", "", "no PipeWire server answers", "start PipeWire"),
    ],
)
def test_the_libjack_of_pipewire_is_told_as_such(
    monkeypatch: pytest.MonkeyPatch, version: str, remote: str, told: str, advised: str
) -> None:
    """Nobody is helped by starting jackd, whose clients this library has none of."""
    monkeypatch.setenv("PIPEWIRE_REMOTE", remote)
    library = jack_library()
    words = f"3.0.0.0 (using PipeWire {version})".encode()
    monkeypatch.setitem(vars(library), "jack_get_version_string", lambda: words)
    with pcmio.host("jack", server_name=NOBODY) as host, pytest.raises(HostUnavailable) as caught:
        host.check_available()
    assert told in str(caught.value)
    assert f"using PipeWire {version}" in str(caught.value)
    assert advised in str(caught.value.advice)
    assert "jackd" not in str(caught.value.advice)


@pytest.mark.parametrize(
    "options",
    [
        {"client_name": ""},
        {"client_name": 7},
        {"client_name": "a:b"},
        {"client_name": "a\0b"},
        {"client_name": "caf\udce9"},
        {"server_name": ""},
        {"server_name": 1},
        {"start_server": "yes"},
        {"connect": 1},
        {"connect": ["system:playback_1"]},
    ],
    ids=str,
)
def test_an_option_of_the_wrong_kind_is_named(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(options))):
        pcmio.host("jack", **options)


def test_an_unknown_option_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnsupportedOperation, match="realtime") as caught:
        pcmio.host("jack", realtime=True)
    assert "client_name, server_name, start_server, connect" in str(caught.value)


def test_a_client_name_that_is_too_long_says_how_long_it_may_be(server: JackServer) -> None:
    host = pcmio.host("jack", server_name=server.name, client_name="x" * 500)
    with pytest.raises(InvalidInput, match="at most"):
        host.check_available()


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[JackServer]:
    """A server of its own for a test that stops it (SIGSTOP)."""
    server = JackServer(tmp_path)
    server.start()
    yield server
    server.process.send(signal.SIGCONT)
    server.stop()


LEAVING = """
import os, signal, sys
import pcmio
import pcmio.hosts.jack.library
pcmio.hosts.jack.library.ANSWER_NANOS = 200_000_000
host = pcmio.host("jack", server_name=sys.argv[1], client_name=sys.argv[3])
host.check_available()
if "stream" in sys.argv:
    stream = host.device_by_id("jack:system").build_output_stream_raw(pcmio.StreamConfig(2, 48_000), lambda *_: None)
    stream.start()
if "watch" in sys.argv:
    watch = host.watch()
os.kill(int(sys.argv[2]), signal.SIGSTOP)
if "close" in sys.argv:
    host.close()
print("left")
"""


@pytest.mark.parametrize("what", ["", "close", "stream", "stream close", "watch", "watch close", "watch stream"])
def test_a_server_that_hangs_keeps_no_program_from_its_end(hanging: JackServer, what: str) -> None:
    """Neither closing a host nor leaving the interpreter waits for it: libjack would, without end."""
    command = [sys.executable, "-c", LEAVING, hanging.name, str(hanging.process.pid), CLIENT, *what.split()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "left\n"), done.stderr
    assert "the JACK server does not answer" in done.stderr


def test_a_server_that_hangs_keeps_no_call_waiting(hanging: JackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pcmio.hosts.jack.library.ANSWER_NANOS", 200_000_000)
    host = pcmio.host("jack", server_name=hanging.name, client_name=CLIENT)
    device = host.device_by_id("jack:system")
    hanging.process.send(signal.SIGSTOP)
    with pytest.raises(pcmio.OperationTimeout, match=r"has not answered for 0\.2 seconds") as caught:
        device.build_output_stream_raw(pcmio.StreamConfig(2, 48_000), lambda *_: None)
    assert caught.value.call == "jack_port_register"
    host.close()


@pytest.mark.parametrize("first", ["host", "stream"])
def test_a_server_that_goes_on_has_the_client_closed_that_left_meanwhile(
    hanging: JackServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, first: str
) -> None:
    monkeypatch.setattr("pcmio.hosts.jack.library.ANSWER_NANOS", 200_000_000)
    host = pcmio.host("jack", server_name=hanging.name, client_name=CLIENT)
    device = host.device_by_id("jack:system")
    stream = device.build_output_stream_raw(pcmio.StreamConfig(2, 48_000), lambda *_: None)
    hanging.process.send(signal.SIGSTOP)
    if first == "stream":
        stream.close()
        host.close()
    else:
        host.close()
        with pytest.raises(pcmio.HostDisconnected, match="the host was closed"):
            stream.close()
    assert caplog.text.count("the JACK server does not answer") == 1
    hanging.process.send(signal.SIGCONT)

    def name_is_free() -> bool:
        with pcmio.host("jack", server_name=hanging.name, client_name=CLIENT) as other:
            assert isinstance(other, JackHost)
            return answers(other) and other.client_name == CLIENT

    until(name_is_free, "the client being closed")
    assert not any(name.startswith(CLIENT) for name in hanging.ports())
