"""The hosts that the conformance suite judges, each with its real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from . import rigs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pcmio.testing import Rig


@pytest.fixture(scope="package", params=rigs.PROVIDERS, ids=[provider.__name__ for provider in rigs.PROVIDERS])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """One host after the other; its server, and its environment, are there as long as its checks."""
    with request.param() as provided:
        yield provided
