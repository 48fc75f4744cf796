"""Runs the soak: on each host at once, each in a process of its own.

    python -m tests.soak [--minutes 30] [--hosts jack,pipewire,null] [--seed N] [--report PAGE.md] [--note TEXT]

The exit status is 1 if anything failed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.soak import report
from tests.soak.course import Course
from tests.soak.places import PLACES

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Parse, run, report."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30.0, help="default: %(default)s")
    parser.add_argument("--hosts", default=",".join(PLACES), help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="of what happens when; default: %(default)s")
    parser.add_argument("--report", type=Path, metavar="PAGE.md", help="where to write it; default: standard output")
    parser.add_argument("--note", default="", metavar="TEXT", help="what else there is to say, for the report")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)  # one host, in this process, as JSON
    given = parser.parse_args()
    hosts = [host for host in given.hosts.split(",") if host]
    if not hosts or set(hosts) - set(PLACES):
        parser.error(f"hosts are {', '.join(PLACES)}, not {given.hosts!r}")
    if given.alone:
        with PLACES[hosts[0]]() as rig:
            print(json.dumps(Course(rig, given.seed).run(given.minutes * 60)))
        return 0
    results = _all(hosts, given.minutes, given.seed)
    page = report.page(results, report.machine(), given.note)
    if given.report is None:
        print(page)
    else:
        given.report.write_text(page, encoding="utf-8")
    failures = [failure for one in results.values() for failure in one["failures"]]
    print(*failures, sep="\n", file=sys.stderr, end="")
    return 1 if failures else 0


def _all(hosts: list[str], minutes: float, seed: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.soak", "--alone", "--minutes", str(minutes), "--seed", str(seed), "--hosts"]
    # One arena, so that memory which is not given back is no leftover of glibc's.
    env = {**os.environ, "MALLOC_ARENA_MAX": "1"}
    running = {
        host: subprocess.Popen([*command, host], stdout=subprocess.PIPE, text=True, cwd=ROOT, env=env) for host in hosts
    }
    results: dict[str, Any] = {}
    try:
        for host, process in running.items():
            said, _ = process.communicate()
            if process.returncode != 0:
                raise SystemExit(f"{host}: the soak broke, with status {process.returncode}")
            results[host] = json.loads(said)
    finally:
        for process in running.values():
            process.terminate()
            process.wait()
    return results


if __name__ == "__main__":
    sys.exit(main())
