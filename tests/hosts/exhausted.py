"""Programs whose file descriptors are used up."""

from __future__ import annotations

import subprocess
import sys

_USE_UP = """
import os, resource

def use_up(limit):
    taken = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    try:
        while True:
            taken.append(os.dup(1))
    except OSError:
        return taken
"""


def run_exhausted(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one that calls ``use_up(limit)``, which gives the descriptors that it may close again."""
    command = [sys.executable, "-c", _USE_UP + program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
