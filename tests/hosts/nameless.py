"""A program whose file's name is no UTF-8, which servers are told all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PROGRAM = """
import sys, pcmio
with pcmio.host(sys.argv[1], **{sys.argv[2]: sys.argv[3]}) as host:
    device = host.device_by_id(f"{sys.argv[1]}:main")
    device.build_output_stream_raw(pcmio.StreamConfig(2, 48_000, 480), lambda block, info: None).close()
"""


def run_nameless(folder: Path, host: str, option: str, address: str) -> tuple[int, bytes]:
    """Have it build a stream on a host's device "main"; its exit code, and what it said of errors."""
    program = os.fsencode(folder) + b"/caf\xe9.py"
    with open(program, "w") as file:  # noqa: PTH123 - bytes
        file.write(_PROGRAM)
    given = [os.fsencode(text) for text in (host, option, address)]
    done = subprocess.run([os.fsencode(sys.executable), program, *given], capture_output=True, timeout=60, check=False)
    return done.returncode, done.stderr
