"""What tests of several hosts share: nothing of the user's, and the service that gives real-time priority."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.servers.rtkit import Authority, RealtimeKit, SystemBus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def no_pulse_of_the_users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing may reach a real PulseAudio server or a real home."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PULSE_SERVER", "PULSE_COOKIE", "PULSE_RUNTIME_PATH", "PCMIO_HOST", "DISPLAY"):
            patch.delenv(name, raising=False)
        for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
            patch.setenv(name, str(home))
        yield


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
