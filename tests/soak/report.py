"""A soak's report, as a page of the documentation."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import pcmio
from tests.soak.course import MISFORTUNES
from tests.soak.places import FRAMES
from tests.soak.voices import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

RATE = 48_000
_TITLES = {"jack": "JACK", "pipewire": "PipeWire", "null": "Null"}
_HEAD = """# A soak

    python -m tests.soak --minutes 30 --report docs/design/soak.md

On each host at once, in a process of its own, six streams of {frames} frames at 48 kHz are kept going: an output and an
input with callbacks in Python, the same with native callbacks, a writer and a reader. One misfortune after the other
comes over them, chosen at random, with calm of 0.2 to 1 second in between. After each, every stream that it ended must
have ended with the right reason, told once and raised once, and all six must move again. At the end all is closed, and
no descriptor and no thread may be left. This page is what the command wrote when it was last run.

"""
_LOST = """\
What was lost in calm is the machine's: another program was on the processor, or another host's misfortune took
its time. Writers and readers are fed and emptied by ordinary threads, which such a machine puts aside for longer
than the 50 ms that these rings hold.
"""


def page(results: Mapping[str, Any], machine: Mapping[str, str], note: str = "") -> str:
    """All of it."""
    machine = {**machine, **({"Note": note} if note else {})}
    parts = [_HEAD.format(frames=FRAMES), _facts(machine), _streams(results), _misfortunes(results), _leaks(results)]
    failures = [f"## {_TITLES[name]} failed\n\n{_quoted(one)}\n" for name in results for one in _failed(results[name])]
    return "\n".join([*parts, *failures])


def machine() -> dict[str, str]:
    """What the figures are of."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    return {
        "Date": time.strftime("%Y-%m-%d"),
        "Machine": f"{os.cpu_count()} processors ({models[0] if models else platform.machine()})",
        "System": f"{_pretty_name()}, kernel {platform.release()}",
        "Servers": f"jackd {_version('jackd')}, PipeWire {_version('pipewire')}",
        "Python": f"{platform.python_version()}, numpy {np.__version__}, pcmio {pcmio.__version__}",
        "Load at the end": f"{load} (1, 5 and 15 minutes)",
    }


def _pretty_name() -> str:
    return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())


def _version(server: str) -> str:
    if shutil.which(server) is None:
        return "is not installed"
    done = subprocess.run((server, "--version"), capture_output=True, text=True, timeout=20, check=False)
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return found[0] if found else "of an unknown version"


def _facts(machine: Mapping[str, str]) -> str:
    return _table(["", ""], [[name, value] for name, value in machine.items()])


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _streams(results: Mapping[str, Any]) -> str:
    rows = [
        [_TITLES[name], kind, str(one["built"][kind]), f"{one['moved'][kind] / RATE:.0f}", *map(str, one["lost"][kind])]
        for name, one in results.items()
        for kind in KINDS
    ]
    lasted = ", ".join(f"{_TITLES[name]} {one['seconds'] / 60:.1f} minutes" for name, one in results.items())
    return f"## Streams\n\n{lasted}.\n\n{_LOST}\n" + _table(
        ["host", "stream", "built", "seconds of sound in calm", "xruns", "frames lost"], rows
    )


def _misfortunes(results: Mapping[str, Any]) -> str:
    rows: list[list[str]] = []
    for kind, what in MISFORTUNES.items():
        row = [what]
        for one in results.values():
            times, longest = one["misfortunes"].get(kind, (0, 0.0))
            row.append(f"{times} ({longest:.2f})" if times else "0")
        rows.append(row)
    total = sum(times for one in results.values() for times, _ in one["misfortunes"].values())
    return (
        f"## Misfortunes\n\n{total} in all: how often, and in brackets the longest time in seconds until all six\n"
        "streams had moved 20 blocks again.\n\n" + _table(["what", *(_TITLES[name] for name in results)], rows)
    )


def _leaks(results: Mapping[str, Any]) -> str:
    rows = [
        [
            _TITLES[name],
            *(f"{one['before'][index]} → {one['after'][index]}" for index in (0, 1)),
            f"{one['before'][2] / 2**20:.1f} → {one['after'][2] / 2**20:.1f}",
            str(len(_failed(one))),
        ]
        for name, one in results.items()
    ]
    return (
        "## What is left\n\nBefore, when each misfortune had come three times and all was closed, and after. "
        "With one arena\nfor malloc: where each thread has its own, glibc keeps some tens of MB in parts.\n\n"
        + _table(["host", "descriptors", "threads", "resident MB", "failures"], rows)
    )


def _failed(one: Mapping[str, Any]) -> list[str]:
    failures: list[str] = one["failures"]
    return failures


def _quoted(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
