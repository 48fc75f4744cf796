"""Standard input, output and error, which may be closed, full, without all signs, or read by who has seen enough."""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress

#: What a file that is written to says of itself.
_UNWRITABLE = (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EDQUOT)
_closed: set[int] = set()


def mend() -> None:
    """Put nothing in place of what is closed: else the next file or socket that is opened takes its number.

    And a question mark in place of what cannot be written: names have signs that not every code page has.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            _closed.add(number)
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if number in _closed and getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115
    output = sys.stdout
    if isinstance(output, io.TextIOWrapper) and not output.encoding.lower().startswith("utf"):
        output.reconfigure(errors="replace")


def was_closed(number: int) -> bool:
    """Whether nobody gives standard input (0), or takes standard output (1)."""
    return number in _closed


def is_unwritable(error: OSError) -> bool:
    """Whether it is standard output that could not be written: files and audio systems have errors of their own."""
    return error.filename is None and error.errno in _UNWRITABLE


def give_up_output() -> None:
    """Have nothing written any more, so that the interpreter does not complain when it writes what is left."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
