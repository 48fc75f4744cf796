"""The commands on a real PulseAudio server: what is played to a sink is recorded from its monitor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from .conftest import frequency, soundfile
from .loop import demo, there_and_back, until_announced

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers.pulseaudio import PulseServer

    from .conftest import Ran


@pytest.mark.parametrize(
    ("sink", "rate", "subtype", "sample_format"),
    [("speakers", 48_000, "FLOAT", "f32"), ("speakers", 48_000, "PCM_24", "f32"), ("cd", 44_100, "PCM_16", "i16")],
)
@pytest.mark.usefixtures("standstills")
def test_what_is_played_is_what_is_recorded_sample_by_sample(
    run: Callable[..., Ran],
    alone: dict[str, str],
    on_pulse: dict[str, str],
    tmp_path: Path,
    sink: str,
    rate: int,
    subtype: str,
    sample_format: str,
) -> None:
    there_and_back(
        run,
        alone | on_pulse,
        tmp_path,
        output=f"pulseaudio:{sink}",
        source=f"pulseaudio:{sink}.monitor",
        rate=rate,
        subtype=subtype,
        sample_format=sample_format,
    )


def test_the_server_resamples_what_the_sink_does_not_run_at(
    run: Callable[..., Ran], on_pulse: dict[str, str], sine: Callable[..., str]
) -> None:
    ran = run("play", sine("a.wav", rate=22_050), "--device", "speakers", **on_pulse)
    assert ran.code == 0
    assert "2 ch, 22050 Hz\n" in ran.out


def test_the_demo_hears_on_the_monitor_what_it_plays(run: Callable[..., Ran], on_pulse: dict[str, str]) -> None:
    ran = demo(run, "--device", "pulseaudio:speakers", **on_pulse)
    assert ran.code == 0, ran.out
    assert "96000 of 96000 frames came back, to the bit" in ran.out
    assert "pulseaudio:speakers.monitor" in ran.out


def test_the_demo_notices_a_muted_output(run: Callable[..., Ran], pulse: PulseServer, on_pulse: dict[str, str]) -> None:
    pulse.pactl("set-sink-mute", "cd", "1")
    try:
        ran = run("demo", "--device", "pulseaudio:cd", **on_pulse)
    finally:
        pulse.pactl("set-sink-mute", "cd", "0")
    assert ran.code == 1
    assert "is the output muted?" in ran.out


def test_a_recording_outlives_its_server(
    alone: dict[str, str], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from tests.servers.pulseaudio import NullSink, PulseServer

    server = PulseServer(tmp_path_factory.mktemp("pulse"), (NullSink("speakers"),))
    server.start()
    env = {**alone, "PULSE_COOKIE": server.env["PULSE_COOKIE"], "PULSE_SERVER": server.address}
    command = [sys.executable, "-m", "pcmio", "record", "a.wav"]
    with subprocess.Popen(
        command, env=env, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        until_announced(program)
        time.sleep(1.0)
        server.kill()
        out, err = program.communicate(timeout=60)
    assert (program.returncode, "recorded 0:0" in out) == (3, True), err
    assert soundfile.info(os.fspath(tmp_path / "a.wav")).frames > 4800


def test_a_beep_reaches_the_sink(
    run: Callable[..., Ran], alone: dict[str, str], on_pulse: dict[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "pcmio", "record", "a.wav", "--device", "speakers.monitor"]
    with subprocess.Popen(command, env=alone | on_pulse, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as program:
        until_announced(program)
        time.sleep(0.5)
        assert run("beep", "--device", "speakers", "--frequency", "700", **on_pulse).code == 0
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=60)
    sound, rate = soundfile.read(tmp_path / "a.wav")
    loud = np.flatnonzero(np.abs(sound[:, 0]) > 0.1)
    assert frequency(sound[loud[0] : loud[-1], 0], rate) == pytest.approx(700, abs=1)
