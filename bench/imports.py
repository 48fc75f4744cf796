"""Import and listing, each in a process of its own, measured inside it (see probe.py)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import environment
from bench.runs import FLOOR, LATE_MS, Case, Contestant, Helper, Row, Rules, Stage, stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FRAMES = 128


def measure(server: str, who: Sequence[Contestant], rules: Rules, tell: Any) -> Iterator[Row]:
    """Twice as many rounds as asked for: a run takes a moment."""
    with stage(server, FRAMES, promote=False) as on:
        for contestant in who:
            _probe(contestant.name, server, on.environment)  # compiled and in the system's cache from here on
        for number in range(2 * rules.repeat):
            row = _connection(on)
            tell(row)
            yield {**row, "round": number}
            shift = number % max(1, len(who))
            for contestant in [*who[shift:], *who[:shift]]:
                row = _patiently(contestant, server, on.environment, rules)
                tell(row)
                yield {**row, "round": number}


def _connection(on: Stage) -> Row:
    """What connecting costs a C client, which has nothing to import and lists nothing."""
    told = on.run_floor(Case("imports", on.kind, FRAMES, warm=0.0, window=0.05))
    connected = (told["built_nanos"] - told["opened_nanos"]) / 1e6
    row: Row = {"measure": "imports", "server": on.kind, "player": FLOOR, "label": FLOOR, "options": {}}
    return {**row, "import_ms": 0.0, "list_ms": connected, "mb": 0.0, "devices": 0, "valid": True, "why": ""}


def _patiently(who: Contestant, server: str, env: dict[str, str], rules: Rules) -> Row:
    row: Row = {}
    for attempt in range(1 + rules.retries):
        watcher = Helper("watch", env=env)
        told = _probe(who.name, server, env)
        worst = max((late / 1e6 for _, late in watcher.end()["late"]), default=0.0)
        why = f"a sleeping thread was {worst:.1f} ms late" if worst > LATE_MS else ""
        row = {"measure": "imports", "server": server, "player": who.name, "label": who.label, "options": {}, **told}
        row.update(watch_ms=worst, why=why, valid=not why, attempts=attempt + 1)
        if not why:
            break
    return row


def _probe(name: str, server: str, env: dict[str, str]) -> Row:
    # Not in the checkout's folder, and without the checkout's path: the installed package is what is imported.
    apart = {key: value for key, value in env.items() if key != "PYTHONPATH"}
    script = Path(__file__).with_name("probe.py")
    command = [str(environment.PYTHON), str(script), name, server]
    done = subprocess.run(command, env=apart, capture_output=True, text=True, timeout=60, check=False, cwd="/")
    if done.returncode != 0:
        words = done.stderr.strip().splitlines()
        return {"failed": words[-1] if words else f"ended with {done.returncode}"}
    told: Row = json.loads(done.stdout.strip().splitlines()[-1])
    return told
