"""The hosts that the conformance suite judges, each with its real server."""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING

import pytest

from . import rigs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pcmio.testing import Rig


#: Of mallopt, in malloc.h.
_M_ARENA_MAX = -8

if sys.platform == "linux":
    # Each of glibc's arenas, up to eight for a processor, grows for itself; which one a thread gets is chance.  Of that
    # noise the checks that look for lost memory know nothing.
    getattr(ctypes.CDLL(None), "mallopt", lambda *_: 0)(_M_ARENA_MAX, 1)


@pytest.fixture(scope="package", params=rigs.PROVIDERS, ids=[provider.__name__ for provider in rigs.PROVIDERS])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """One host after the other; its server, and its environment, are there as long as its checks."""
    with request.param() as provided:
        yield provided
