"""Tests on sound cards of a kernel: they run in the virtual machine of ``tests/vm`` (``nox -s cards``)."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from tests.vm import controls

if TYPE_CHECKING:
    from collections.abc import Iterator

_INSIDE = "PCMIO_VM" in os.environ
if _INSIDE:
    # Not while a stream runs, whose callbacks would wait for it.
    for module in ("numpy", "pcmio.hosts.alsa"):
        import_module(module)
collect_ignore_glob = [] if _INSIDE else ["test_*.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was not run is not silently left out."""
    if not _INSIDE:
        terminalreporter.write_line("MISSING here: tests/cards, which nox -s cards runs", yellow=True)


@pytest.fixture
def usb_card() -> Iterator[str]:
    """The name of a USB card that was just plugged in; it is pulled out after the test, if it is still there."""
    name = controls.plug_in()
    yield name
    if name in controls.card_names():
        controls.pull_out()
