"""The machine, seen from outside."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from . import image, machine
from .__main__ import MISSING

if TYPE_CHECKING:
    from pathlib import Path

#: A start takes some ten seconds; the first one ever builds an image.
_PATIENCE_SECONDS = 900


def _run(*words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.vm", *words],
        cwd=machine.REPOSITORY,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=_PATIENCE_SECONDS,
        check=False,
    )


@pytest.mark.timeout(_PATIENCE_SECONDS)
def test_output_and_status_of_the_command_are_passed_on() -> None:
    script = "echo out; echo err >&2; echo $WORD; cat /proc/asound/cards; touch new || exit 7"
    done = _run("--cards=aloop,hda", "--env=WORD=a word", "--", "sh", "-c", script)
    assert done.returncode == 7, done.stderr
    out, word, *cards = done.stdout.splitlines()
    assert (out, word) == ("out", "a word")
    assert "Loopback" in cards[0]
    assert "HDA-Intel" in cards[2]
    assert "err" in done.stderr.splitlines()
    assert "Read-only file system" in done.stderr


@pytest.mark.timeout(_PATIENCE_SECONDS)
def test_what_takes_too_long_is_ended() -> None:
    done = _run("--cards=", "--timeout=1", "--", "sh", "-c", "echo begun; while :; do :; done")
    assert (done.returncode, done.stdout) == (machine.TIMED_OUT, "begun\n"), done.stderr


def test_a_computer_that_cannot_have_the_machine_says_that_it_is_missing(tmp_path: Path) -> None:
    """Here: one without the programs, and without the means to install them."""
    done = _run("--", "true", env={"PATH": str(tmp_path)})
    assert done.returncode == MISSING
    assert done.stderr.startswith("MISSING: no machine with sound cards, nothing was tested.\n")
    assert "mmdebstrap" in done.stderr


def test_the_command_line_has_what_it_needs_in_the_machine() -> None:
    lines = (machine.REPOSITORY / "pyproject.toml").read_text().splitlines()
    (needed,) = [line.removeprefix("cli = ") for line in lines if line.startswith("cli = ")]
    assert set(ast.literal_eval(needed)) <= set(image.WHEELS)


def test_an_unknown_card_is_refused() -> None:
    done = _run("--cards=gravis", "--", "true")
    assert done.returncode == 2
    assert "aloop" in done.stderr
