"""What tests of several hosts share: nothing of the user's, and the service that gives real-time priority."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers.fixtures import authority, kit, kit_options, system_bus

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["authority", "kit", "kit_options", "system_bus"]


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
