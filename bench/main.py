"""The command line."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rich.console import Console

from bench import bars, environment, report
from bench.plan import MEASURES, Plan
from bench.players import ALL_SERVERS, FACTS
from bench.runs import FLOOR, Row, Rules

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Tables need room: where there is no terminal, they get it.
console = Console(width=None if sys.stdout.isatty() else 170)


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    if options.report:
        rows = [json.loads(line) for path in options.report for line in path.read_text().splitlines()]
        _show([row for row in rows if row["measure"] != "machine"])
        return 0
    if not options.installed:
        console.print(f"installing pcmio from {options.source}")
        environment.install_pcmio(options.source)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with options.out.open("a", encoding="utf-8") as out:
        rows = _measure(options, out)
    _show(rows)
    console.print(f"rows: {options.out}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench/run", description="pcmio beside its peers, measured.")

    def listed(known: Sequence[str]) -> dict[str, object]:
        def parse(text: str) -> list[str]:
            chosen = text.split(",")
            unknown = [name for name in chosen if name not in known]
            if unknown:
                raise argparse.ArgumentTypeError(f"no {', '.join(unknown)}; there are {', '.join(known)}")
            return chosen

        return {"type": parse, "default": list(known), "metavar": "A,B"}

    parser.add_argument("--only", help=f"measures: {', '.join(MEASURES)}", **listed(MEASURES))  # type: ignore[arg-type]
    parser.add_argument("--players", help=f"of {', '.join(FACTS)}", **listed(tuple(FACTS)))  # type: ignore[arg-type]
    parser.add_argument("--servers", help=f"of {', '.join(ALL_SERVERS)}", **listed(ALL_SERVERS))  # type: ignore[arg-type]
    parser.add_argument(
        "--frames", type=lambda text: [int(each) for each in text.split(",")], default=[], metavar="N,M"
    )
    parser.add_argument("--repeat", type=int, help="rounds of each case (5; quick: 2)")
    parser.add_argument("--retries", type=int, default=3, help="how often an invalid run is repeated (3)")
    parser.add_argument("--window", type=float, help="seconds measured in each run (10; quick: 4)")
    parser.add_argument("--quick", action="store_true", help="fewer cases, shorter and fewer runs: a few minutes")
    parser.add_argument("--no-promote", action="store_true", help="leave peers' threads without real-time priority")
    parser.add_argument("--source", type=Path, default=environment.REPO, help="the checkout of pcmio to install")
    parser.add_argument(
        "--installed", action="store_true", help="measure the pcmio that is in the bench's venv already"
    )
    stamp = time.strftime("%Y%m%d-%H%M%S")
    parser.add_argument("--out", type=Path, default=environment.HOME / "results" / f"{stamp}.jsonl", help="JSON lines")
    parser.add_argument("--report", type=Path, nargs="+", help="measure nothing: tables of these files")
    return parser


def _measure(options: argparse.Namespace, out: TextIO) -> list[Row]:
    players = [name for name in options.players if _there(name)]
    described = _machine(options, players)
    out.write(json.dumps(described) + "\n")
    console.print(report.machine(described))
    rules = Rules(options.repeat or (2 if options.quick else 5), options.retries, not options.no_promote)
    plan = Plan(
        only=options.only,
        players=players,
        servers=options.servers,
        frames=options.frames,
        rules=rules,
        window=options.window or (4.0 if options.quick else 10.0),
        quick=options.quick,
        tell=_tell,
    )
    rows: list[Row] = []
    try:
        for row in plan.rows():
            rows.append(row)
            out.write(json.dumps(row) + "\n")
            out.flush()
    except KeyboardInterrupt:
        console.print("interrupted; what there is:")
    return rows


def _there(name: str) -> bool:
    wanted = FACTS[name].requirement or "pcmio"
    if environment.installed(wanted) is not None:
        return True
    console.print(f"[yellow]{name} is not installed, and so not measured[/]")
    return False


def _machine(options: argparse.Namespace, players: Sequence[str]) -> Row:
    return {
        "measure": "machine",
        "when": time.strftime("%Y-%m-%d %H:%M:%S"),
        "pcmio": _commit(options.source),
        "players": {name: environment.installed(FACTS[name].requirement or "pcmio") for name in players},
        "numpy": environment.installed("numpy"),
        "python": sys.version.split()[0],
        "kernel": f"{platform.release()} {platform.version()}",
        "processors": os.cpu_count(),
        "load": os.getloadavg()[0],
        "servers": {name: _first_line(name, "--version") for name in ("jackd", "pulseaudio", "pipewire")},
        "realtime": _realtime(),
    }


def _commit(source: Path) -> str:
    asked = ["git", "-C", str(source), "describe", "--always", "--dirty"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def _first_line(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    words = [word for word in done.stdout.split() if word.count(".") >= 1 and word[0].isdigit()]
    return words[0] if words else "unknown"


def _realtime() -> bool:
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    except OSError:
        return False
    return True


def _tell(row: Row) -> None:
    figures = [
        row["measure"],
        row["server"],
        row.get("frames"),
        row.get("load"),
        f"{row.get('streams', 1)} streams",
        row["label"],
    ]
    if "failed" in row:
        said = f"failed: {row['failed']}"
    elif row["measure"] == "imports":
        said = f"{row['import_ms']:.1f} + {row['list_ms']:.1f} ms, {row['mb']:.1f} MB"
    elif "trip_ms" in row:
        said = f"{row['trip_ms']:.2f} ms"
    else:
        said = f"CPU {row['cpu_percent']:.2f} %, served {row['served']:.1%}, first {row['first_ms']:.1f} ms"
        if "lost_ms_per_10s" in row:
            said += f", lost {row['lost_ms_per_10s']:.1f} ms/10 s"
    verdict = "valid" if row["valid"] else f"machine busy: {row['why']}"
    console.print(" ".join(str(each) for each in figures if each is not None), "|", said, "|", verdict, highlight=False)


def _show(rows: list[Row]) -> None:
    for table in report.tables(rows):
        console.print(table)
        console.print()
    for row in rows:
        if "failed" in row and row["player"] == FLOOR:
            console.print(f"[red]the C client failed: {row['failed']}[/]")
    console.print(bars.summary(rows))
    for name, facts in FACTS.items():
        if facts.note:
            console.print(f"{name}: {facts.note}", style="dim")
