"""Fixtures for tests of programs that use pcmio; pytest finds them by itself where both are installed.

Every run of pytest loads this file, and so it loads nothing else before a test asks for it.
"""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from pcmio.testing import Heard, SimulatedClock, VirtualHost


@pytest.fixture
def pcmio_clock() -> SimulatedClock:
    """Time that stands still, but for ``pcmio_clock.advance(seconds)``.

    Nothing depends on the machine's load then, and a minute passes in a moment.  A test that does not ask for it has
    the machine's time.
    """
    from pcmio.testing import SimulatedClock

    return SimulatedClock()


@pytest.fixture
def pcmio_host(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualHost]:
    """A virtual sound card in place of the machine's: a ``pcmio.testing.VirtualHost``.

    For the length of the test it is what ``pcmio.default_host()``, ``pcmio.host()`` and ``pcmio.host("null")`` give,
    and so where ``pcmio.play`` and the like play.  ``pcmio_host.misfortune`` unplugs, and has calls fail.
    """
    from pcmio.hosts import null
    from pcmio.testing import VirtualHost

    clock = request.getfixturevalue("pcmio_clock") if "pcmio_clock" in request.fixturenames else None
    host = VirtualHost(clock)

    def open_host(**options: object) -> VirtualHost:
        del options  # the program gets the test's own host, whatever devices or clock it asks for
        return host

    monkeypatch.setattr(null, "open_host", open_host)
    monkeypatch.setenv("PCMIO_HOST", "null")
    with host:
        yield host


@pytest.fixture
def pcmio_heard(pcmio_host: VirtualHost) -> Iterator[Heard]:
    """What is played on ``pcmio_host``, from the beginning of the test on: a ``pcmio.testing.Heard``."""
    with pcmio_host.listen() as heard:
        yield heard
