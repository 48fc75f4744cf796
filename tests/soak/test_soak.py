"""The soak itself works, for some seconds, on the host that needs nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_a_short_soak_on_null_reports_and_finds_nothing(tmp_path: Path) -> None:
    page = tmp_path / "soak.md"
    command = [sys.executable, "-m", "tests.soak", "--minutes", "0.05", "--hosts", "null", "--report", str(page)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    text = page.read_text(encoding="utf-8")
    assert "| Null | native output |" in text
    assert "the server is killed, and started" in text


def test_a_host_that_there_is_not_is_refused() -> None:
    command = [sys.executable, "-m", "tests.soak", "--hosts", "tape"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "hosts are jack, pipewire, null, not 'tape'" in done.stderr
