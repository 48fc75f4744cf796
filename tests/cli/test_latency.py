"""``pcmio latency``: round trips are found where they are, and are as long as they are."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pcmio.cli import roundtrip
from pcmio.cli.roundtrip import Finder, tone
from pcmio.cli.spectra import spectrum_db, strongest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pcmio.hosts.null import NullHost

    from .conftest import Ran

RATE = 48_000
KEYS = [
    *("output", "input", "sample_rate", "input_sample_rate", "buffer_size", "input_buffer_size", "depth", "measured"),
    *("lost", "xruns", "interrupted", "seconds", "round_trips"),
]


def found_in(sound: Any, block_frames: int) -> list[tuple[float, float, float]]:
    """What a finder tells of a sound in blocks that are called for as they are captured."""
    finder, told = Finder(RATE), []
    for at in range(0, len(sound), block_frames):
        found = finder.add(at / RATE, at / RATE + 100, sound[at : at + block_frames])
        if found is not None:
            told.append(found)
            finder.forget()
    return told


@pytest.mark.parametrize("block_frames", [32, 480, 1000, 5000])
@pytest.mark.parametrize("gain", [1.0, 0.01, -0.5])
def test_a_tone_is_found_at_its_very_frame(block_frames: int, gain: float) -> None:
    sound = np.random.default_rng(1).normal(0, 1e-4, 20_000)
    sound[7321 : 7321 + len(tone(RATE))] += gain * tone(RATE)
    ((called, captured, likeness),) = found_in(sound, block_frames)
    assert called * RATE == pytest.approx(7321, abs=1e-3)
    assert (captured - 100) * RATE == pytest.approx(7321, abs=1e-3)
    assert likeness > 0.9


@pytest.mark.parametrize("kind", ["silence", "noise", "sine", "click"])
def test_what_is_no_tone_is_not_found(kind: str) -> None:
    at = np.arange(20_000)
    sounds = {
        "silence": np.zeros(20_000),
        "noise": np.random.default_rng(2).normal(0, 0.3, 20_000),
        "sine": np.sin(at * 0.3),
        "click": (at == 5000).astype(float),
    }
    assert found_in(sounds[kind], 480) == []


def test_the_loopback_is_measured(call: Callable[..., Ran]) -> None:
    ran = call("latency", "--host", "null", "--device", "loopback", "--count", "8", "--json")
    assert ran.code == 0, ran.err
    told = ran.json
    assert list(told) == KEYS
    assert told["measured"] + told["lost"] == 8
    assert told["measured"] > 0
    assert len(told["round_trips"]) == told["measured"]
    assert list(told["seconds"]) == ["min", "median", "mean", "p95", "max", "deviation", "untold"]
    assert told["seconds"]["min"] <= told["seconds"]["median"] <= told["seconds"]["max"]
    # Written at least a block before it is played, and handed over when its block is full.
    assert told["seconds"]["median"] >= 120 / RATE


def test_what_a_deep_ring_adds_is_measured(call: Callable[..., Ran]) -> None:
    ran = call("latency", "--host", "null", "--device", "loopback", "--count", "4", "--depth", "0.3", "--json")
    assert ran.json["seconds"]["median"] > 0.2


def test_the_systems_own_share_is_told(call: Callable[..., Ran], null: NullHost) -> None:
    from pcmio.hosts.null import NullDeviceSpec, NullKind

    null.misfortune.plug(NullDeviceSpec("far", NullKind.LOOPBACK, latency=0.05))
    told = call("latency", "--device", "null:far", "--count", "4", "--depth", "0.2", "--json").json
    # It says that each side takes 50 ms, and moves samples at once: it tells more than there is.
    assert told["seconds"]["untold"] == pytest.approx(-0.1, abs=0.002)


def test_people_get_a_distribution(run: Callable[..., Ran], tmp_path: Path) -> None:
    ran = run("latency", "--host", "null", "--device", "loopback", "--count", "6", "--save", "a.png")
    assert (ran.code, ran.err) == (0, "")
    assert "round trip " in ran.out
    assert "━" in ran.out
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_one_measurement_is_told_where_it_is(call: Callable[..., Ran]) -> None:
    ran = call("latency", "--device", "loopback", "--count", "1")
    assert ran.code == 0, ran.err
    lines = ran.out.splitlines()
    least = next(line for line in lines if line.startswith("  min ")).split()[1]
    assert [line.split()[0] for line in lines if "━" in line] == [least]


def test_nothing_that_comes_back_is_told_with_what_to_do(
    call: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roundtrip, "_PATIENCE_SECONDS", 0.2)
    ran = call("latency")
    assert ran.code == 1
    assert ran.err.startswith("pcmio: nothing that was played to null:sink came back from null:silence")
    assert "cable" in ran.err


def test_a_host_without_monitors_says_so(call: Callable[..., Ran]) -> None:
    ran = call("latency", "--host", "null", "--input", "monitor")
    assert ran.code == 1
    assert "Null has no monitor of Null output" in ran.err


@pytest.mark.parametrize(
    ("name", "said"), [("a.xyz", "names no picture"), ("nosuch/a.png", "No such file"), (".", "names no picture")]
)
def test_a_picture_that_cannot_be_is_told_before_anything_is_measured(
    call: Callable[..., Ran], name: str, said: str
) -> None:
    ran = call("latency", "--device", "loopback", "--save", name)
    assert ran.code == 6
    assert said in ran.err


def test_what_was_measured_is_told_though_it_cannot_be_drawn(
    call: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", full)
    ran = call("latency", "--device", "loopback", "--count", "2", "--json", "--save", str(tmp_path / "a.png"))
    assert (ran.code, ran.json["measured"]) == (6, 2)
    assert "a.png: No space left on device" in ran.err


def test_without_matplotlib_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, call: Callable[..., Ran], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    ran = call("latency", "--device", "loopback", "--save", str(tmp_path / "a.png"))
    assert ran.code == 1
    assert "pip install 'pcmio[plot]'" in ran.err


def test_an_output_that_is_lost_ends_it(
    call: Callable[..., Ran], null: NullHost, meanwhile: Callable[..., None]
) -> None:
    meanwhile("null:loopback", lambda: null.misfortune.unplug("null:loopback"))
    assert call("latency", "--device", "loopback", "--count", "1000").code == 4


def test_a_real_servers_monitor_is_measured(run: Callable[..., Ran], on_pulse: dict[str, str]) -> None:
    ran = run("latency", "--device", "pulseaudio:speakers", "--input", "monitor", "--count", "4", "--json", **on_pulse)
    assert ran.code == 0, ran.err
    assert ran.json["input"] == "pulseaudio:speakers.monitor"
    assert ran.json["measured"] > 0


def test_a_sines_frequency_and_level_are_known() -> None:
    at = np.arange(4800) / RATE
    sound = np.stack([0.5 * np.sin(2 * np.pi * 1234.5 * at), np.zeros(4800)], axis=1)
    found = strongest(*spectrum_db(sound, RATE))
    assert found is not None
    assert found[0] == pytest.approx(1234.5, abs=0.5)
    assert found[1] == pytest.approx(-6.02, abs=1.5)
    assert strongest(*spectrum_db(np.zeros((4800, 2)), RATE)) is None
