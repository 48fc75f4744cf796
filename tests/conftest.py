"""What all tests share."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator


def pytest_collection_finish() -> None:
    # Whoever looks for what is left behind collects again and again. What thousands of tests and their libraries are
    # made of stays: looking through it each time took longer than what was looked at.
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    gc.unfreeze()  # hypothesis asks the collector who refers to what


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Run a test once more that failed while a session manager crashed: that says nothing of pcmio."""
    try:
        return (yield)
    except (Exception, pytest.fail.Exception):
        servers = sys.modules.get("tests.servers.pipewire")
        if servers is None or not servers.mend_session_managers():
            raise
    pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames})
    return True
