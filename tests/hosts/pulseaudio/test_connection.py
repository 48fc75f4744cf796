"""Servers that are not there, refuse, say nothing, and go away."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio import EndReason, StreamConfig, StreamState
from pcmio.testing import until
from pcmio.testing.signals import Counter, Events
from tests.servers.pulseaudio import NullSink, PulseServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CONFIG = StreamConfig(2, 48_000, 512)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_without_a_server_the_error_says_what_to_start(tmp_path: Path) -> None:
    host = pcmio.host("pulseaudio", server=f"unix:{tmp_path}/nobody")
    for ask in (host.check_available, host.devices, host.default_output_device):
        with pytest.raises(pcmio.HostUnavailable, match=r"nobody: Connection refused.*start PulseAudio") as caught:
            ask()
        assert (caught.value.call, caught.value.code) == ("pa_context_connect", 6)
    assert "pulseaudio" not in pcmio.available_hosts()


def test_no_server_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("PULSE_RUNTIME_PATH", str(tmp_path))
    with pytest.raises(pcmio.HostUnavailable):
        pcmio.host("pulseaudio").devices()
    assert not (tmp_path / "native").exists()


def test_pulse_server_is_honoured(server: PulseServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_SERVER", server.address)
    with pcmio.host("pulseaudio") as host:
        device = host.device_by_id("pulseaudio:main")
        device.build_output_stream_raw(CONFIG, lambda *_: None).close()
        assert pcmio.default_host().id == "pulseaudio"


@pytest.mark.parametrize("wrong", [{"server": 7}, {"server": ""}, {"timeout": 0}, {"timeout": "long"}])
def test_options_are_checked(wrong: dict[str, object]) -> None:
    with pytest.raises(pcmio.InvalidInput, match=next(iter(wrong))):
        pcmio.host("pulseaudio", **wrong)


def test_unknown_options_are_refused(host: pcmio.Host) -> None:
    with pytest.raises(pcmio.UnsupportedOperation, match=r"colour.*server"):
        pcmio.host("pulseaudio", colour="blue")
    device = host.device_by_id("pulseaudio:main")
    with pytest.raises(pcmio.UnsupportedOperation, match=r"colour.*follow"):
        device.build_output_stream_raw(CONFIG, lambda *_: None, colour="blue")
    wrongs: tuple[dict[str, Any], ...] = ({"follow": "somebody"}, {"media_role": "noise"}, {"stream_name": 3})
    for wrong in wrongs:
        with pytest.raises(pcmio.InvalidInput, match=next(iter(wrong))):
            device.build_output_stream_raw(CONFIG, lambda *_: None, **wrong)


def test_a_server_over_tcp_wants_its_cookie(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    server = PulseServer(tmp_path_factory.mktemp("pulse"), [NullSink("far")], tcp_port=port)
    server.start()
    try:
        monkeypatch.setenv("PULSE_COOKIE", server.env["PULSE_COOKIE"])
        with pcmio.host("pulseaudio", server=f"tcp:127.0.0.1:{port}") as host:
            counter = Counter()
            with host.device_by_id("pulseaudio:far").build_output_stream(CONFIG, counter) as stream:
                until(lambda: stream.position > 24_000, "sound to be sent over the network")
        wrong = tmp_path_factory.mktemp("cookie") / "wrong"
        wrong.write_bytes(bytes(256))
        monkeypatch.setenv("PULSE_COOKIE", str(wrong))
        with pcmio.host("pulseaudio", server=f"tcp:127.0.0.1:{port}") as host:
            with pytest.raises(pcmio.PermissionDenied, match=f"127.0.0.1:{port}: Access denied.*cookie") as caught:
                host.devices()
            assert caught.value.code == 1
    finally:
        server.stop()


@pytest.fixture
def mute() -> Iterator[str]:
    """Somebody who accepts connections and never says anything."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        yield f"tcp:127.0.0.1:{listener.getsockname()[1]}"


def test_a_server_that_never_answers_is_given_up_in_time(mute: str) -> None:
    host = pcmio.host("pulseaudio", server=mute, timeout=0.3)
    begin = time.monotonic()
    with pytest.raises(pcmio.HostUnavailable, match=f"{mute} has not answered for 0.3 seconds .*timeout="):
        host.devices()
    assert 0.25 < time.monotonic() - begin < 2.0


def test_something_that_is_no_audio_server_is_an_error() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)

        def greet() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 20)

        greeter = threading.Thread(target=greet)
        greeter.start()
        with pytest.raises(pcmio.HostUnavailable):
            pcmio.host("pulseaudio", server=f"tcp:127.0.0.1:{listener.getsockname()[1]}", timeout=1.0).devices()
        greeter.join()


def test_ctrl_c_ends_waiting_and_the_host_stays_usable(own_server: PulseServer) -> None:
    own_server.process.send(signal.SIGSTOP)
    with pcmio.host("pulseaudio", server=own_server.address, timeout=20.0) as host:
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        begin = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            host.devices()
        assert time.monotonic() - begin < 10, "it waited as long as the server may"
        own_server.process.send(signal.SIGCONT)
        assert host.devices()


def test_a_stopped_server_makes_questions_time_out_and_nothing_hang(own_server: PulseServer) -> None:
    with pcmio.host("pulseaudio", server=own_server.address, timeout=2.0) as host:
        device = host.device_by_id("pulseaudio:main")
        stream = device.build_output_stream(CONFIG, Counter())
        stream.start()
        own_server.process.send(signal.SIGSTOP)
        begin = time.monotonic()
        with pytest.raises(pcmio.OperationTimeout, match="no answer from the server for 2 seconds"):
            host.devices()
        with pytest.raises(pcmio.HostUnavailable, match="has not answered"):
            device.build_output_stream(CONFIG, Counter())
        assert stream.stop(0.2) is False
        stream.close()
        assert time.monotonic() - begin < 15
        own_server.process.send(signal.SIGCONT)
        until(lambda: "main" in {one.id.id for one in host.devices()}, "the server to answer again")
        device.build_output_stream(CONFIG, Counter()).close()


def close_built(stream: pcmio.Stream) -> Callable[[], None]:
    return stream.close


def close_running(stream: pcmio.Stream) -> Callable[[], None]:
    stream.start()
    return stream.close


def close_paused(stream: pcmio.Stream) -> Callable[[], None]:
    stream.start()
    stream.pause()
    return stream.close


def close_draining(stream: pcmio.Stream) -> Callable[[], None]:
    """Here stop() is given the error."""
    errors: list[BaseException] = []

    def stop() -> None:
        try:
            stream.stop()
        except pcmio.AudioError as error:
            errors.append(error)

    stream.start()
    stopper = threading.Thread(target=stop)
    stopper.start()
    until(lambda: stream.state is StreamState.DRAINING, "the stream to drain")

    def stopped() -> None:
        stopper.join(20)
        raise errors[0]

    return stopped


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "ended"])
@pytest.mark.parametrize("bring", [close_built, close_running, close_paused, close_draining])
def test_a_server_that_goes_away_ends_every_stream_once(
    own_server: PulseServer,
    own_host: pcmio.Host,
    bring: Callable[[pcmio.Stream], Callable[[], None]],
    number: int,
) -> None:
    events = Events()
    device = own_host.device_by_id("pulseaudio:main")
    # The drain must still be under way when the server ends.
    config = CONFIG.replace(buffer_size=96_000) if bring is close_draining else CONFIG
    stream = device.build_output_stream(config, Counter(), events)
    recording = own_host.device_by_id("pulseaudio:main.monitor").build_input_stream(CONFIG, Counter())
    recording.start()
    close = bring(stream)
    own_server.kill(number)
    for one, finish in ((stream, close), (recording, recording.close)):
        until(lambda: one.state is StreamState.CLOSED, "the stream to end")  # noqa: B023
        assert one.reason is EndReason.HOST_LOST
        with pytest.raises(pcmio.HostDisconnected, match="went away") as caught:
            finish()
        assert caught.value.code == 11
        one.close()
        with pytest.raises(pcmio.StreamClosed):
            one.start()
    until(lambda: events.of(pcmio.StreamEnded), "the end to be told")
    assert [event.reason for event in events.of(pcmio.StreamEnded)] == [EndReason.HOST_LOST]


def test_the_host_connects_again_when_the_server_is_back(own_server: PulseServer, own_host: pcmio.Host) -> None:
    device = own_host.device_by_id("pulseaudio:main")
    for _ in range(3):
        counter = Counter()
        stream = device.build_output_stream(CONFIG, counter)
        stream.start()
        until(lambda: stream.position > 0, "the stream to play")  # noqa: B023
        own_server.kill()
        with pytest.raises(pcmio.HostUnavailable):
            own_host.devices()
        own_server.start()
        assert device in own_host.devices()
        until(lambda: stream.state is StreamState.CLOSED, "the old stream to end")  # noqa: B023
        with pytest.raises(pcmio.HostDisconnected):
            stream.wait()


def test_closing_the_host_ends_its_streams(server: PulseServer) -> None:
    host = pcmio.host("pulseaudio", server=server.address)
    events = Events()
    stream = host.device_by_id("pulseaudio:main").build_output_stream(CONFIG, Counter(), events)
    stream.start()
    threads = threading.active_count()
    host.close()
    host.close()
    until(lambda: stream.state is StreamState.CLOSED, "the stream to end")
    assert stream.reason is EndReason.HOST_LOST
    with pytest.raises(pcmio.HostDisconnected):
        stream.close()
    until(lambda: threading.active_count() < threads, "the stream's thread to end")
    assert host.devices(), "a closed host connects anew when it is asked"
    host.close()


def test_streams_and_questions_have_one_connection_each(server: PulseServer) -> None:
    with pcmio.host("pulseaudio", server=server.address, application_name="One at a time") as host:
        assert host.devices()
        device = host.device_by_id("pulseaudio:main")
        streams = [device.build_output_stream(CONFIG, Counter()) for _ in range(8)]
        listed = server.pactl("list", "clients")
        assert listed.count('application.name = "One at a time"') == 2
        for stream in streams:
            stream.close()
