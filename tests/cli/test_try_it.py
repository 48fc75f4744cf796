"""``tools/try-it`` where it cannot work says what is missing; that it works is shown by running it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "try-it"


def run(tmp_path: Path, python: str) -> subprocess.CompletedProcess[str]:
    """The script as an ordinary user's, with a Python that behaves as told."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("python", python), ("id", "echo 1000")):
        program = folder / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PYTHON": "python"}
    return subprocess.run([SCRIPT], env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("python", "said"),
    [
        ("exit 1", "sudo apt-get install python3 python3-venv"),
        ('case "$*" in *version_info*) exit 1;; --version) echo Python 3.9.2;; esac', "Python 3.9.2 is too old"),
    ],
    ids=["no venv", "too old"],
)
def test_what_is_missing_is_told(tmp_path: Path, python: str, said: str) -> None:
    ran = run(tmp_path, python)
    assert ran.returncode == 1
    assert said in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
