"""``pcmio loopback``: what is recorded is played."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pcmio

from .conftest import frequency

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio.hosts.null import NullHost

    from .conftest import Ran

KEYS = [
    *("input", "output", "channels", "sample_rate", "buffer_size", "frames", "seconds", "peak_db", "latency"),
    *("input_xruns", "output_xruns", "dropped_frames", "interrupted"),
]
TONE_TO_LOOP = ("--input", "tone", "--device", "loopback")


def test_what_comes_in_goes_out(call: Callable[..., Ran], null: NullHost) -> None:
    heard: list[Any] = []
    config = pcmio.StreamConfig(2, 48_000)
    ear = null.device_by_id("null:loopback").build_input_stream(config, lambda frames, _: heard.append(frames.copy()))
    with ear:
        ran = call("loopback", *TONE_TO_LOOP, "--seconds", "1", "--volume", "0.5", "--depth", "0.3", "--json")
    assert ran.code == 0, ran.err
    assert list(ran.json) == KEYS
    assert ran.json["frames"] > 0
    assert ran.json["peak_db"] == -6.02
    sound = np.concatenate(heard)[:, 0]
    (loud,) = np.nonzero(sound)
    part = sound[loud[0] : loud[0] + 12_000]
    assert np.abs(part).max() == pytest.approx(0.25, abs=0.01)
    assert frequency(part, 48_000) == pytest.approx(440, abs=2)


def test_another_rate_is_converted_for_the_output(call: Callable[..., Ran], null: NullHost) -> None:
    from pcmio.hosts.null import NullDeviceSpec, NullKind

    null.misfortune.plug(NullDeviceSpec("cd", NullKind.SINK, channels=2, sample_rates=(44_100, 44_100)))
    ran = call("loopback", "--input", "tone", "--device", "null:cd", "--seconds", "0.4", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["sample_rate"] == 48_000
    assert ran.json["frames"] > 0


def test_people_get_a_summary(call: Callable[..., Ran]) -> None:
    ran = call("loopback", "--host", "null", "--input", "tone", "--seconds", "0.4")
    assert (ran.code, ran.err) == (0, "")
    first, second, last = ran.out.splitlines()
    assert first == "Test tone, 440 Hz → Null output (null:sink)"
    assert "feedback" in second
    assert last.startswith("  passed on 0:00.")


def test_an_output_that_is_heard_by_the_input_is_refused(call: Callable[..., Ran]) -> None:
    ran = call("loopback", "--host", "null", "--input", "loopback", "--device", "loopback")
    assert ran.code == 2
    assert "it would howl" in ran.err


@pytest.mark.parametrize("lost", ["tone", "loopback"])
def test_a_device_that_is_lost_ends_it(
    call: Callable[..., Ran], null: NullHost, meanwhile: Callable[..., None], lost: str
) -> None:
    meanwhile(f"null:{lost}", lambda: null.misfortune.unplug(f"null:{lost}"))
    ran = call("loopback", *TONE_TO_LOOP, "--seconds", "60")
    assert ran.code == 4
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(("seconds", "code"), [([], 0), (["--seconds", "60"], 130)])
def test_ctrl_c_ends_it(alone: dict[str, str], seconds: list[str], code: int) -> None:
    command = [sys.executable, "-m", "pcmio", "loopback", "--host", "null", *TONE_TO_LOOP, *seconds]
    with subprocess.Popen(command, env=alone, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert "→" in program.stdout.readline()
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=20)
    assert (program.returncode, err) == (code, "")
    assert "passed on" in out


def test_a_real_servers_monitor_goes_to_another_output(run: Callable[..., Ran], on_pulse: dict[str, str]) -> None:
    ran = run(
        "loopback",
        "--input",
        "pulseaudio:cd.monitor",
        "--device",
        "pulseaudio:speakers",
        "--seconds",
        "1",
        "--json",
        **on_pulse,
    )
    assert ran.code == 0, ran.err
    assert ran.json["sample_rate"] == 44_100
    assert ran.json["frames"] > 0
