"""A test that lost frames while the machine stood still is run again; no other is."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.standstills import Standstills, watched

if TYPE_CHECKING:
    from pathlib import Path as Folder

_ROOT = Path(__file__).parents[2]
_CONFTEST = """
import time
import pytest
from tests.conftest import pytest_configure, pytest_pyfunc_call, pytest_terminal_summary
from tests.standstills import Standstills

@pytest.fixture
def standstills(tmp_path):
    return Standstills(tmp_path / "told")
"""
_TEST = """
import time
from pcmio.testing import FramesLost

runs = 0

def test_that_plays({fixture}):
    global runs
    runs += 1
    told = {fixture}._told if hasattr({fixture}, "_told") else {fixture} / "told"
    told.write_text(f"{{time.monotonic_ns()}} {late_nanos}\\n")
    if runs < {good_run}:
        raise {error}("run", runs)
"""


def run(folder: Folder, **values: object) -> str:
    (folder / "conftest.py").write_text(_CONFTEST)
    usual = {"fixture": "standstills", "late_nanos": 5_000_000, "good_run": 2, "error": "FramesLost"}
    (folder / "test_it.py").write_text(_TEST.format(**{**usual, **values}))
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(_ROOT), str(_ROOT / "src")))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=100, check=False).stdout


@pytest.mark.parametrize(("good_run", "times"), [(2, 1), (4, 3)])
def test_a_standstill_excuses_lost_frames_and_is_told(tmp_path: Folder, good_run: int, times: int) -> None:
    told = run(tmp_path, good_run=good_run)
    assert "1 passed" in told
    assert told.count("RAN AGAIN") == times
    assert "the machine stood still for 5.0 ms" in told


def test_it_is_run_four_times_at_most(tmp_path: Folder) -> None:
    told = run(tmp_path, good_run=5)
    assert "1 failed" in told
    assert "('run', 4)" in told


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"late_nanos": 2_000_000}, id="a machine that stood still for less"),
        pytest.param({"error": "AssertionError"}, id="another failure"),
        pytest.param({"fixture": "tmp_path"}, id="a test that does not ask for it"),
    ],
)
def test_nothing_else_is_run_again(tmp_path: Folder, values: dict[str, object]) -> None:
    told = run(tmp_path, **values)
    assert "1 failed" in told
    assert "('run', 1)" in told
    assert "RAN AGAIN" not in told


def test_standstills_of_before_do_not_count(tmp_path: Folder) -> None:
    told = tmp_path / "told"
    told.write_text("1000 7000000\n2000 3000000\n3000 4000000\n")
    assert Standstills(told).longest(0) == 0.007
    assert Standstills(told).longest(1000) == 0.004
    assert Standstills(told).longest(3000) == 0.0


def test_the_watch_runs_as_long_as_it_is_wanted(tmp_path: Folder) -> None:
    begun = time.monotonic_ns()
    with watched(tmp_path) as told:
        assert 0 <= told.longest(begun) < 10
    assert told.longest(time.monotonic_ns()) == 0


def test_without_a_compiler_nothing_is_told(tmp_path: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    with watched(tmp_path) as told:
        assert told.longest(0) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["standstills"]
