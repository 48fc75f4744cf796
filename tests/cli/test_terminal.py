"""What moves on a terminal, and what does not elsewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pcmio.cli.exits import ExitCode

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Ran


#: So that a busy machine costs no frame.
DEEP = ("--host", "null", "--depth", "1")


def on_terminal(env: dict[str, str], *arguments: str, columns: int | str = 80, code: int = 0) -> str:
    """What the program writes to a terminal of this width."""
    outer, inner = pty.openpty()
    terminal = {**env, "TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": "30"}
    with subprocess.Popen(
        [sys.executable, "-m", "pcmio", *arguments], env=terminal, stdin=inner, stdout=inner, stderr=inner
    ) as program:
        os.close(inner)
        written = b""
        try:
            while piece := os.read(outer, 65536):
                written += piece
        except OSError:  # the other side is closed: that is how a terminal ends on Linux
            pass
    os.close(outer)
    assert program.returncode == code, written
    return written.decode()


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_bar_moves_and_is_gone_in_the_end(alone: dict[str, str], sine: Callable[..., str], columns: int) -> None:
    written = on_terminal(alone, "play", sine("a.wav", seconds=1.5), *DEEP, columns=columns)
    assert "━━━" in written
    assert "no xruns" in written
    assert written.count("\x1b[2K") > 10  # lines are cleared and written anew
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")  # the cursor is back
    assert "played" in written[written.rindex("\x1b[?25h") :]


def test_a_recording_shows_its_time(alone: dict[str, str], tmp_path: Path) -> None:
    written = on_terminal(
        alone, "record", str(tmp_path / "a.wav"), "--host", "null", "--device", "tone", "--seconds", "1.2"
    )
    assert "-6.0 dB" in written
    assert "0:01" in written


def test_a_monitors_meters_move_below_what_it_tells(alone: dict[str, str]) -> None:
    written = on_terminal(alone, "monitor", "--host", "null", "--device", "tone", "--seconds", "1")
    assert "listening to Test tone" in written
    assert "━━━" in written
    assert "-6.0 dB" in written
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")  # the cursor is back


def test_what_the_doctor_says_goes_on_below_its_own_beginning(alone: dict[str, str]) -> None:
    written = on_terminal(alone, "doctor", "--host", "null", columns=60, code=ExitCode.NO_SERVER)
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in written.splitlines()]
    assert max(map(len, lines)) <= 60
    sane = lines.index("  ok    Null's default output is sane")
    told = " ".join(line.strip() for line in lines[sane + 1 : sane + 4])
    assert "480 frames per callback (10.0 ms), the system moves 480 (10.0 ms), its latency" in told
    assert all(line.startswith("        ") for line in lines[sane + 1 : sane + 3])


def test_json_is_all_there_is_when_it_is_asked_for(alone: dict[str, str], sine: Callable[..., str]) -> None:
    written = on_terminal(alone, "play", sine("a.wav", seconds=0.5), "--host", "null", "--json")
    assert json.loads(written)["played"][0]["frames"] == 24_000


def test_a_terminal_without_colours_shows_how_far_a_bar_is(alone: dict[str, str], sine: Callable[..., str]) -> None:
    env = {**alone, "NO_COLOR": "1"}
    written = on_terminal(env, "play", sine("a.wav", seconds=1), "--host", "null")
    levels = re.findall(r"L\x1b\[0m  (━+)( *)  -12\.0 dB", written)
    assert levels
    assert {(len(bar), len(rest)) for bar, rest in levels} == {(48, 12)}  # of 60 dB
    assert "\x1b[3" not in written


def test_a_dumb_terminal_gets_plain_lines(alone: dict[str, str], sine: Callable[..., str]) -> None:
    env = {**alone, "TERM": "dumb"}
    outer, inner = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "pcmio", "play", sine("a.wav"), "--host", "null"], env=env, stdout=inner, check=False
    )
    os.close(inner)
    written = os.read(outer, 65536).decode()
    os.close(outer)
    assert done.returncode == 0
    assert "\x1b" not in written
    assert "━" not in written


def test_an_output_without_these_characters_gets_others(run: Callable[..., Ran], sine: Callable[..., str]) -> None:
    ran = run("play", sine("a.wav"), "--host", "null", PYTHONIOENCODING="ascii")
    assert (ran.code, ran.err) == (0, "")
    assert "a.wav -> Null output" in ran.out


def test_nothing_moves_in_a_pipe(run: Callable[..., Ran], sine: Callable[..., str]) -> None:
    ran = run("play", sine("a.wav"), "--host", "null")
    assert "\x1b" not in ran.out
    assert len(ran.out.splitlines()) == 3


def test_nothing_moves_in_a_pipe_that_is_to_have_colours(run: Callable[..., Ran], sine: Callable[..., str]) -> None:
    ran = run("play", sine("a.wav"), "--host", "null", FORCE_COLOR="1")
    assert "\x1b[1m" in ran.out
    assert "\x1b[2K" not in ran.out  # no line is cleared
    assert len(ran.out.splitlines()) == 3


@pytest.mark.parametrize("columns", ["", "0", "-1", "wide"])
def test_a_width_that_is_none_is_not_taken_for_one(run: Callable[..., Ran], columns: str) -> None:
    usual = run("devices", "--host", "null")
    assert "null:loopback" in usual.out
    assert run("devices", "--host", "null", COLUMNS=columns) == usual


@pytest.mark.parametrize("columns", ["", "0", "wide"])
def test_neither_is_it_on_a_terminal(alone: dict[str, str], columns: str) -> None:
    written = on_terminal(alone, "devices", "--host", "null", columns=columns)
    assert "null:loopback" in written


def test_what_stress_tells_fits_a_usual_terminal(alone: dict[str, str]) -> None:
    written = on_terminal(alone, "stress", "--host", "null", "--seconds", "0.1", "--from", "4096", "--to", "4096")
    assert "late ms" in written
    assert "held" in written
    assert "…" not in written


def test_what_marks_a_default_is_told_to_who_looks(alone: dict[str, str], run: Callable[..., Ran]) -> None:
    assert "plays by default     <  is recorded by default" in on_terminal(alone, "devices", "--host", "null")
    assert "by default" not in run("devices", "--host", "null").out
