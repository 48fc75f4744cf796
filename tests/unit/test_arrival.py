"""Noticing that a file has come."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from pcmio._arrival import Arrival

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 20.0


@pytest.fixture
def wanted(tmp_path: Path) -> Path:
    return tmp_path / "some" / "folder" / "socket"


@pytest.fixture
def arrival(wanted: Path) -> Iterator[Arrival]:
    arrival = Arrival([str(wanted)])
    assert arrival.tells
    yield arrival
    arrival.close()


def come(arrival: Arrival, wanted: Path) -> None:
    """Each step is told: a folder that comes brings the file closer."""
    for folder in reversed(wanted.parents):
        if not folder.exists():
            folder.mkdir()
            assert arrival.wait(PATIENCE)
    wanted.touch()
    assert arrival.wait(PATIENCE)


def test_a_file_that_comes_is_told_though_its_folders_come_first(arrival: Arrival, wanted: Path) -> None:
    come(arrival, wanted)


def test_it_is_told_again_when_all_went_and_came_anew(arrival: Arrival, wanted: Path) -> None:
    come(arrival, wanted)
    wanted.unlink()
    wanted.parent.rmdir()
    while arrival.wait(0.05):
        pass
    come(arrival, wanted)


def test_what_comes_before_the_wait_is_told_too(arrival: Arrival, wanted: Path) -> None:
    wanted.parent.mkdir(parents=True)
    wanted.touch()
    assert arrival.wait(0)


def test_a_folder_that_comes_while_its_parent_is_not_watched_yet_is_not_missed(
    wanted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would tell of it, nor of the file that comes into it."""
    arrival = Arrival([str(wanted)])
    add = arrival._calls.inotify_add_watch

    def slowly(descriptor: int, path: bytes, mask: int) -> int:
        number = add(descriptor, path, mask)
        if number < 0:
            wanted.parent.mkdir(parents=True, exist_ok=True)
        return number

    with monkeypatch.context() as patch:
        patch.setattr(arrival._calls, "inotify_add_watch", slowly)
        assert arrival._arm()
    while arrival.wait(0.02):
        pass
    wanted.touch()
    assert arrival.wait(PATIENCE)
    arrival.close()


def test_other_files_are_nothing_to_it(arrival: Arrival, wanted: Path, tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    assert not arrival.wait(0.02)
    come(arrival, wanted)
    while arrival.wait(0.02):
        pass
    wanted.with_name("other").touch()
    assert not arrival.wait(0.02)


def test_a_folder_with_a_slash_stands_for_all_that_is_in_it(tmp_path: Path) -> None:
    arrival = Arrival([f"{tmp_path}/"])
    for change in ((tmp_path / "any").touch, (tmp_path / "any").unlink):
        change()
        assert arrival.wait(PATIENCE)
        while arrival.wait(0.02):
            pass
    arrival.close()


@pytest.mark.parametrize("paths", [["/nowhere/socket"], []], ids=["told", "not told"])
def test_a_wait_is_ended_by_whoever_wakes_it(paths: list[str]) -> None:
    arrival = Arrival(paths)
    waker = threading.Timer(0.05, arrival.wake)
    waker.start()
    assert arrival.wait(PATIENCE) is False
    assert arrival.wait(PATIENCE) is False, "and so is every other"
    waker.join()
    arrival.close()
    arrival.wake()
    arrival.close()


def test_where_nothing_tells_a_wait_has_its_time() -> None:
    arrival = Arrival(["relative"])
    assert not arrival.tells
    assert arrival.wait(0.01) is False
    arrival.close()
