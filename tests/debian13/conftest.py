"""Tests of what Debian 12 does not have: they run in a Debian 13 (``nox -s debian13``)."""

from __future__ import annotations

import os

collect_ignore_glob = [] if "PCMIO_DEBIAN13" in os.environ else ["test_*.py"]
