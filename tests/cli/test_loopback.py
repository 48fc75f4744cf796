"""``pcmio loopback``: what is recorded is played."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pcmio
from pcmio.cli.loopback import common_rate
from pcmio.hosts.null import NullDeviceSpec, NullKind
from tests.servers.pulseaudio import NullSink

from .conftest import frequency

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio.hosts.null import NullHost
    from tests.servers.pulseaudio import PulseServer

    from .conftest import Ran

KEYS = [
    *("input", "output", "channels", "output_channels", "sample_rate", "buffer_size", "frames", "seconds", "peak_db"),
    *("latency", "drift_ppm", "input_xruns", "output_xruns", "dropped_frames", "interrupted"),
]
TONE_TO_LOOP = ("--input", "tone", "--device", "loopback")


def test_what_comes_in_goes_out(call: Callable[..., Ran], null: NullHost) -> None:
    heard: list[Any] = []
    config = pcmio.StreamConfig(2, 48_000)
    loop = null.device_by_id("null:loopback")
    with loop.build_input_stream(config, lambda frames, _: heard.append(frames.copy()), depth=2.0):
        ran = call("loopback", *TONE_TO_LOOP, "--seconds", "1", "--volume", "0.5", "--depth", "0.3", "--json")
    assert ran.code == 0, ran.err
    assert list(ran.json) == KEYS
    assert ran.json["frames"] == 48_000
    assert ran.json["peak_db"] == -6.02
    sound = np.concatenate(heard)[:, 0]
    (loud,) = np.nonzero(sound)
    part = sound[loud[0] : loud[0] + 12_000]
    assert np.abs(part).max() == pytest.approx(0.25, abs=0.01)
    assert frequency(part, 48_000) == pytest.approx(440, abs=2)


def test_less_depth_is_less_latency(call: Callable[..., Ran]) -> None:
    low, deep = (
        call("loopback", *TONE_TO_LOOP, "--seconds", "0.2", "--depth", depth, "--json").json["latency"]
        for depth in ("low", "0.3")
    )
    assert 0 < low < 0.05 < deep


def test_clocks_that_run_apart_are_reported_or_corrected(call: Callable[..., Ran]) -> None:
    plain, corrected = (
        call("loopback", *TONE_TO_LOOP, "--seconds", "0.2", "--drift", drift, "--json").json["latency"]
        for drift in ("report", "correct")
    )
    assert corrected > plain + 0.005
    usual = call("loopback", *TONE_TO_LOOP, "--seconds", "0.2", "--json").json["latency"]
    assert usual == pytest.approx(corrected, abs=0.0001)


def test_both_run_at_a_rate_that_both_have(call: Callable[..., Ran], null: NullHost) -> None:
    null.misfortune.plug(NullDeviceSpec("cd", NullKind.SINK, channels=2, sample_rates=(44_100, 44_100)))
    ran = call("loopback", "--input", "tone", "--device", "null:cd", "--seconds", "0.4", "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["sample_rate"], ran.json["frames"]) == (44_100, 17_640)


def test_what_is_recorded_is_resampled_where_the_two_have_no_rate_in_common(
    call: Callable[..., Ran], null: NullHost
) -> None:
    null.misfortune.plug(NullDeviceSpec("cd", NullKind.LOOPBACK, channels=2, sample_rates=(44_100, 44_100)))
    null.misfortune.plug(NullDeviceSpec("dat", NullKind.TONE, channels=2, sample_rates=(48_000, 48_000)))
    heard: list[Any] = []
    config = pcmio.StreamConfig(2, 44_100)
    cd = null.device_by_id("null:cd")
    with cd.build_input_stream(config, lambda frames, _: heard.append(frames.copy()), depth=2.0):
        ran = call("loopback", "--input", "dat", "--device", "null:cd", "--seconds", "1", "--depth", "0.2", "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["sample_rate"], ran.json["frames"]) == (44_100, 44_100)
    sound = np.concatenate(heard)[:, 0]
    sounding = sound[np.abs(sound) > 0.01]
    assert sounding.max() == pytest.approx(0.5, abs=0.02)
    loudest = np.argmax(np.abs(np.fft.rfft(sound[np.flatnonzero(sound)[0] :][: 44_100 // 2]))) * 2
    assert loudest == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    ("inputs", "outputs", "rate"),
    [
        ([(44_100, 44_100), (48_000, 48_000)], [(8_000, 192_000)], 48_000),
        ([(48_000, 48_000)], [(8_000, 44_100), (48_000, 48_000)], 48_000),
        ([(8_000, 96_000)], [(8_000, 44_100)], 44_100),
        ([(32_000, 64_000)], [(40_000, 40_000), (56_000, 56_000)], 56_000),
        ([(48_000, 48_000)], [(44_100, 44_100)], None),
        ([], [(44_100, 44_100)], None),
    ],
)
def test_the_nearest_common_rate_is_found(
    inputs: list[tuple[int, int]], outputs: list[tuple[int, int]], rate: int | None
) -> None:
    assert common_rate(48_000, inputs, outputs) == rate


@pytest.mark.parametrize(("recorded", "played"), [(1, 2), (2, 1)])
def test_channels_are_mixed_to_what_the_output_has(
    call: Callable[..., Ran], null: NullHost, recorded: int, played: int
) -> None:
    null.misfortune.plug(NullDeviceSpec("ends", NullKind.LOOPBACK, channels=played))
    null.misfortune.plug(NullDeviceSpec("voices", NullKind.TONE, channels=recorded))
    heard: list[Any] = []
    config = pcmio.StreamConfig(played, 48_000)
    with null.device_by_id("null:ends").build_input_stream(config, lambda frames, _: heard.append(frames.copy())):
        ran = call("loopback", "--input", "voices", "--device", "ends", "--seconds", "0.5", "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["channels"], ran.json["output_channels"]) == (recorded, played)
    assert np.abs(np.concatenate(heard)).max(axis=0) == pytest.approx([0.5] * played, abs=0.01)


def test_people_get_a_summary(call: Callable[..., Ran]) -> None:
    ran = call("loopback", "--host", "null", "--input", "tone", "--seconds", "0.4")
    assert (ran.code, ran.err) == (0, "")
    first, second, last = ran.out.splitlines()
    assert first == "Test tone, 440 Hz → Null output (null:sink)"
    assert "feedback" in second
    assert last.startswith("  passed on 0:00.4 · ")
    assert "ms latency" in last


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
        out, err = program.communicate(timeout=60)
    assert (program.returncode, err) == (code, "")
    assert "passed on" in out


def test_a_real_servers_monitor_goes_to_another_output(run: Callable[..., Ran], on_pulse: dict[str, str]) -> None:
    way = ("--input", "pulseaudio:cd.monitor", "--device", "pulseaudio:speakers")
    ran = run("loopback", *way, "--seconds", "1", "--json", **on_pulse)
    assert ran.code == 0, ran.err
    assert (ran.json["sample_rate"], ran.json["frames"]) == (44_100, 44_100)


@pytest.mark.parametrize("sinks", [("one", "one2"), ("one2", "one")])
def test_only_the_outputs_own_monitor_howls(
    run: Callable[..., Ran], pulse: PulseServer, on_pulse: dict[str, str], sinks: tuple[str, str]
) -> None:
    modules = [pulse.add(NullSink(name)) for name in sinks]
    try:
        other = run("loopback", "--input", "one2.monitor", "--device", "pulseaudio:one", "--seconds", "0.1", **on_pulse)
        own = run("loopback", "--input", "one.monitor", "--device", "pulseaudio:one", "--seconds", "0.1", **on_pulse)
    finally:
        for module in modules:
            pulse.remove(module)
    assert (other.code, own.code) == (0, 2), other.err
