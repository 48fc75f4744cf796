"""Fixtures for tests in several places; a conftest imports those it wants by name, for they need servers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from .rtkit import Authority, RealtimeKit, SystemBus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def system_bus(tmp_path: Path) -> Iterator[SystemBus]:
    """A system bus with nobody on it."""
    bus = SystemBus(tmp_path)
    bus.start()
    yield bus
    bus.stop()


@pytest.fixture
def authority(system_bus: SystemBus) -> Iterator[Authority]:
    """Says yes to all, until it is told otherwise."""
    authority = Authority(system_bus)
    yield authority
    authority.stop()


@pytest.fixture
def kit_options() -> tuple[str, ...]:
    """Of rtkit-daemon; a test's own by parametrizing."""
    return ()


@pytest.fixture
def kit(
    system_bus: SystemBus, authority: Authority, tmp_path: Path, kit_options: tuple[str, ...]
) -> Iterator[RealtimeKit]:
    """rtkit-daemon, that asks the authority."""
    assert authority.allowances
    if os.getuid() != 0:
        pytest.skip("rtkit-daemon needs root to give priorities away")
    kit = RealtimeKit(system_bus, tmp_path, *kit_options)
    kit.start()
    yield kit
    kit.stop()
