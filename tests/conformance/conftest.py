"""The hosts that the conformance suite judges, each with its real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from . import rigs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pcmio.testing import Rig


#: Of a check; streams that are clients of their own take 50 ms or more to be let in, and a check opens thousands.
_SLOW_SECONDS = 900
_SLOW = ("alsa_pulse", "alsa_pipewire", "alsa_jack")


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(
            provider,
            id=provider.__name__,
            marks=[pytest.mark.timeout(_SLOW_SECONDS)] if provider.__name__ in _SLOW else [],
        )
        for provider in rigs.PROVIDERS
    ],
)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """One host after the other; its server runs as long as its checks."""
    with request.param() as provided:
        yield provided
