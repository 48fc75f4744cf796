"""How long the machine stood still: its processors went to nobody, not even to threads of the highest priority.

A virtual machine does when the one that it runs on has other things to do.  Servers with cycles of 5 ms lose some then,
whoever's frames were in them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

_SOURCE = Path(__file__).with_suffix(".c")


class Standstills:
    """What ``standstills.c`` has told up to now."""

    def __init__(self, told: Path) -> None:
        self._told = told

    def longest(self, since_nanos: int) -> float:
        """Seconds of the longest that ended after an instant of ``time.monotonic_ns``; 0: none of a millisecond."""
        lines = (line.split() for line in self._told.read_text().splitlines())
        return max((int(late) / 1e9 for until, late in lines if int(until) > since_nanos), default=0.0)


@contextmanager
def watched(folder: Path) -> Generator[Standstills]:
    """Watched meanwhile, where there is a compiler and real-time priority is allowed; elsewhere none are told."""
    told = folder / "standstills"
    told.touch()
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        yield Standstills(told)
        return
    program = folder / "watch"
    subprocess.run([compiler, "-std=gnu11", "-O2", "-o", str(program), str(_SOURCE), "-lpthread"], check=True)
    with (
        told.open("ab") as output,
        subprocess.Popen([program], stdin=subprocess.PIPE, stdout=output, stderr=subprocess.DEVNULL) as running,
    ):
        try:
            yield Standstills(told)
        finally:
            running.communicate()
