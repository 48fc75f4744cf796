"""The commands on a real JACK server, which has one rate and neither resamples nor mixes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pcmio
from pcmio.hosts.jack import JackHost
from pcmio.testing import FramesLost, Noise, until
from tests.servers.jackd import JackServer

from .conftest import soundfile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .conftest import Ran

if shutil.which("jackd") is None:
    pytest.skip("jackd is not installed", allow_module_level=True)

RATE = 48_000


@pytest.fixture(scope="module")
def jack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JackServer]:
    server = JackServer(tmp_path_factory.mktemp("jackd"), period=256, waits=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def on_jack(jack: JackServer) -> dict[str, str]:
    return {"JACK_DEFAULT_SERVER": jack.name}


def test_it_is_listed_but_not_the_default(run: Callable[..., Ran], on_jack: dict[str, str]) -> None:
    hosts = {host["id"]: host for host in run("hosts", "--json", **on_jack).json["hosts"]}
    assert hosts["jack"]["available"]
    assert not hosts["jack"]["default"]
    listed = run("devices", "--host", "jack", "--json", **on_jack).json["devices"]
    assert [device["id"] for device in listed] == ["jack:system", "jack:graph"]
    assert run("beep", "--seconds", "0.1", **on_jack).code == 3
    assert run("beep", "--seconds", "0.1", PCMIO_HOST="jack", **on_jack).code == 0


def test_a_file_of_another_rate_is_resampled_to_the_servers(
    run: Callable[..., Ran], on_jack: dict[str, str], sine: Callable[..., str]
) -> None:
    ran = run("play", sine("a.wav", rate=44_100), "--host", "jack", **on_jack)
    assert ran.code == 0, ran.err
    assert f"resampled 44100 → {RATE} Hz" in ran.out


def test_more_channels_than_ports_are_mixed(
    run: Callable[..., Ran], on_jack: dict[str, str], sine: Callable[..., str]
) -> None:
    ran = run("play", sine("a.wav", channels=6), "--device", "jack:system", **on_jack)
    assert ran.code == 0, ran.err
    assert "6 channels mixed to 2" in ran.out


def test_another_rate_cannot_be_recorded_and_the_servers_is_told(
    run: Callable[..., Ran], on_jack: dict[str, str]
) -> None:
    ran = run("record", "a.wav", "--host", "jack", "--rate", "44100", "--seconds", "0.1", **on_jack)
    assert ran.code == 1
    assert f"{RATE}" in ran.err


def test_silence_is_recorded_for_as_long_as_asked(
    run: Callable[..., Ran], on_jack: dict[str, str], tmp_path: Path
) -> None:
    ran = run("record", "a.wav", "--host", "jack", "--seconds", "0.5", "--json", **on_jack)
    assert (ran.json["frames"], ran.json["peak_db"], ran.json["encoding"]) == (24_000, None, "FLOAT")
    assert soundfile.info(tmp_path / "a.wav").frames == 24_000


def test_a_card_may_play_what_it_records(run: Callable[..., Ran], on_jack: dict[str, str]) -> None:
    ran = run("loopback", "--host", "jack", "--seconds", "0.5", "--json", **on_jack)
    assert ran.code == 0, ran.err
    assert (ran.json["input"], ran.json["output"], ran.json["frames"]) == ("jack:system", "jack:system", RATE // 2)
    # JACK's own cycle: another block would have to wait for the next one.
    assert ran.json["buffer_size"] == 256
    assert ran.json["latency"] < 0.04


@pytest.mark.usefixtures("standstills")
def test_every_sample_reaches_the_ports(
    alone: dict[str, str], jack: JackServer, on_jack: dict[str, str], tmp_path: Path
) -> None:
    """Another client listens to the ports of ``pcmio play``; the file begins with silence, so that it is in time."""
    noise = np.random.default_rng(11).uniform(-1, 1, (RATE, 2)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", np.concatenate([np.zeros((3 * RATE, 2)), noise]), RATE, "FLOAT")
    heard: list[Any] = []
    config = pcmio.StreamConfig(2, RATE, pcmio.BufferSize.fixed(256))
    with pcmio.host("jack", server_name=jack.name, client_name="ear", connect=False) as host:
        assert isinstance(host, JackHost)
        graph = host.device_by_id("jack:graph")
        with graph.build_input_stream(config, lambda frames, _info: heard.append(frames.copy()), depth=2.0):
            command = [sys.executable, "-m", "pcmio", "play", str(tmp_path / "a.wav"), "--host", "jack"]
            with subprocess.Popen(command, env=alone | on_jack, stdout=subprocess.PIPE, text=True) as program:
                until(lambda: len(host.ports("^pcmio:")) == 2, "the player's ports")
                for channel in ("1", "2"):
                    host.connect(f"pcmio:output_{channel}", f"ear:input_{channel}")
                out, _ = program.communicate(timeout=60)
    assert program.returncode == 0
    if not ("no xruns" in out or "no frames lost" in out):  # jackd tells one whenever it was late itself
        raise FramesLost(out)
    Noise.of(pcmio.SampleFormat.F32, noise).assert_within(np.concatenate(heard))
