"""``pcmio scope``: waves and spectra, drawn and in numbers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pcmio.cli.canvas import Canvas, by_pitch, draw_spectrum, draw_wave
from pcmio.cli.spectra import spectrum_db

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Ran

TONE = ("--host", "null", "--device", "tone")
RATE = 48_000


def test_numbers_are_those_of_the_tone(call: Callable[..., Ran]) -> None:
    ran = call("scope", *TONE, "--seconds", "0.5", "--json")
    assert ran.code == 0, ran.err
    told = ran.json
    assert list(told) == [
        *("device", "channels", "sample_rate", "frames", "peak_db", "rms_db", "strongest_hz", "strongest_db", "xruns"),
        *("xrun_frames", "interrupted"),
    ]
    assert told["strongest_hz"] == pytest.approx(440, abs=1)
    assert told["peak_db"] == [-6.02, -6.02]


def test_a_picture_is_drawn_once_in_a_pipe(run: Callable[..., Ran], tmp_path: Path) -> None:
    ran = run("scope", *TONE, "--save", "a.svg", COLUMNS="60")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "Test tone, 440 Hz (null:tone)"
    assert any(0x2800 < ord(character) < 0x2900 for character in ran.out)
    assert "L, 20 ms" in lines
    assert any(line.split()[:3] == ["50", "100", "200"] for line in lines)
    assert any(line.startswith("strongest 4") for line in lines)
    assert max(map(len, lines)) <= 60
    assert "<svg" in (tmp_path / "a.svg").read_text(encoding="utf-8")


def test_an_output_without_braille_gets_stars(run: Callable[..., Ran]) -> None:
    ran = run("scope", *TONE, "--seconds", "0.2", PYTHONIOENCODING="ascii")
    assert (ran.code, ran.err) == (0, "")
    assert "**" in ran.out


def test_silence_is_told_as_such(call: Callable[..., Ran]) -> None:
    assert "silence" in call("scope", "--device", "silence", "--seconds", "0.2").out
    told = call("scope", "--device", "silence", "--seconds", "0.2", "--json").json
    assert (told["strongest_hz"], told["peak_db"]) == (None, [None, None])


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no pseudo-terminals")
def test_it_moves_on_a_terminal(alone: dict[str, str]) -> None:
    from .test_terminal import on_terminal

    written = on_terminal(alone, "scope", *TONE, "--seconds", "0.6")
    assert written.count("\x1b[2K") > 10  # lines are cleared and written anew
    assert "strongest 4" in written


@pytest.mark.parametrize("braille", [True, False])
def test_a_wave_fills_its_canvas_from_top_to_bottom_without_gaps(braille: bool) -> None:
    canvas = Canvas(40, 6, braille=braille)
    draw_wave(canvas, np.sin(2 * np.pi * np.arange(4800) / 4800))
    dots = canvas._dots
    assert dots.any(axis=0).all()
    assert dots[0].any()
    assert dots[-1].any()
    assert dots[0].argmax() < canvas.width / 2 < dots[-1].argmax()
    assert len(canvas.lines()) == 6


def test_a_wave_of_less_samples_than_dots_is_drawn() -> None:
    canvas = Canvas(40, 2, braille=True)
    draw_wave(canvas, np.zeros(5))
    assert canvas._dots.any()


def test_a_sine_stands_at_its_pitch() -> None:
    sound = np.sin(2 * np.pi * 1000 * np.arange(8192) / RATE)[:, None]
    frequencies, levels = spectrum_db(sound, RATE)
    edges, columns = by_pitch(frequencies, levels, 100, 20.0)
    top = int(columns.argmax())
    assert edges[top] <= 1000 * 1.05
    assert edges[top + 1] >= 1000 / 1.05
    assert columns.max() == pytest.approx(0, abs=1.5)
    canvas = Canvas(100, 4, braille=False)
    draw_spectrum(canvas, columns, -90.0)
    assert canvas._dots[0].any()
    assert canvas._dots[:, top].all()
