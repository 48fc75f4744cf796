"""What all tests share."""

from __future__ import annotations

import gc
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.standstills import Standstills, watched

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

#: A cycle of 256 frames at 48 kHz is 5.3 ms, in which a server, a player and a recorder run one after the other: a
#: machine that takes half of it away leaves too little for them.
_LOSES_FRAMES_SECONDS = 0.0026
_MOST_RUNS = 4
_AGAIN = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_AGAIN] = []


def pytest_collection_finish() -> None:
    # Whoever looks for what is left behind collects again and again. What thousands of tests and their libraries are
    # made of stays: looking through it each time took longer than what was looked at.
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    gc.unfreeze()  # hypothesis asks the collector who refers to what


@pytest.fixture(scope="session")
def standstills(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standstills]:
    """How long the machine stood still; who names this is run again where it lost frames meanwhile."""
    with watched(tmp_path_factory.mktemp("standstills")) as told:
        yield told


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Run a test again whose failure says nothing of pcmio."""
    begun = time.monotonic_ns()
    try:
        return (yield)
    except (Exception, pytest.fail.Exception) as error:
        if not _is_excused(error, pyfuncitem, begun):
            raise
    for _ in range(_MOST_RUNS - 2):
        begun = time.monotonic_ns()
        try:
            return _run(pyfuncitem)
        except (Exception, pytest.fail.Exception) as error:
            if not _is_excused(error, pyfuncitem, begun):
                raise
    return _run(pyfuncitem)


def _run(item: pytest.Function) -> bool:
    item.obj(**{name: item.funcargs[name] for name in item._fixtureinfo.argnames})
    return True


def _is_excused(error: BaseException, item: pytest.Function, begun: int) -> bool:
    """Whether a session manager crashed, or frames were lost while the machine stood still."""
    servers = sys.modules.get("tests.servers.pipewire")
    why = ""
    if servers is not None and servers.mend_session_managers():
        why = "a session manager crashed"
    testing = sys.modules.get("pcmio.testing")  # where packages are made it is not installed
    standstills = item.funcargs.get("standstills")
    if testing is not None and isinstance(error, testing.FramesLost) and isinstance(standstills, Standstills):
        longest = standstills.longest(begun)
        if longest > _LOSES_FRAMES_SECONDS:
            why = f"the machine stood still for {longest * 1e3:.1f} ms; {error}"
    if why:
        item.config.stash[_AGAIN].append(f"{item.nodeid}: {why}")
    return bool(why)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell which tests were run again."""
    for told in config.stash[_AGAIN]:
        terminalreporter.write_line(f"RAN AGAIN {told}")
