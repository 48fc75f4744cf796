"""One run: a player on a private server, a recorder that hears it, and a watcher that tells how quiet the machine was.

A run is valid when an ordinary sleeping thread was never more than ``LATE_MS`` late while it was measured, and the
recorder heard all of it; a *round* (several players, one after the other, and the bare C client) when the C client lost
nothing too.
What is invalid is repeated, up to a limit, and told as what it is: the machine was busy.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import environment
from bench.analysis import Recording, find_gaps
from bench.known_signal import RATE
from bench.players import ALSA, FACTS, JACK, PIPEWIRE, PULSE
from bench.servers import SINK, Jackd, PipeWire, PulseAudio, Server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LATE_MS = 5.0
HOLD_MS = 16.0
FLOOR = "c"
#: A null sink without a hurried listener renders two seconds ahead; one that listens all the time keeps it in time.
_SETTLE_SECONDS = 2.5

Row = dict[str, Any]


@dataclass(frozen=True)
class Contestant:
    """A player and how it is asked to play."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """For tables."""
        told = ", ".join(f"{key} {value}" for key, value in self.options.items())
        return f"{self.name}, {told}" if told else self.name


@dataclass(frozen=True)
class Case:
    """What is played, on what, beside what."""

    measure: str
    server: str
    frames: int
    load: str = "none"
    streams: int = 1
    warm: float = 1.0
    window: float = 10.0
    task: str = "play"

    @property
    def label(self) -> str:
        """For progress lines."""
        load = "" if self.load == "none" else f", {self.load}"
        return f"{self.measure}: {self.server} at {self.frames}, {self.streams} stream(s){load}"


def contestants(server: str, chosen: Sequence[str], pcmio: Sequence[dict[str, Any]] = ({},)) -> list[Contestant]:
    """Those of the chosen players that can play on a server, pcmio once for each set of options."""
    found = []
    for name in chosen:
        if name in FACTS and server in FACTS[name].servers:
            found += [Contestant(name, dict(options)) for options in (pcmio if name == "pcmio" else ({},))]
    return found


class Helper:
    """A native program that runs until its standard input ends, and then tells one line of JSON."""

    def __init__(self, name: str, *arguments: str, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [environment.native(name), *arguments],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != "ready":
            raise RuntimeError(f"{name}: {self._process.communicate()[1]}")

    def end(self) -> Row:
        """Have it end; what it tells."""
        out, _ = self._process.communicate(timeout=20)
        told: Row = json.loads(out.strip().splitlines()[-1])
        return told


class Stage:
    """A server with what every run on it needs."""

    def __init__(self, server: Server, kind: str, *, promote: bool) -> None:
        self.server = server
        self.kind = kind
        self.promote = promote
        self.environment = server.environment | {"PYTHONPATH": str(environment.REPO)}
        self._recording = Path(tempfile.mkdtemp(prefix="pcmio-bench-rec-", dir="/dev/shm")) / "take"

    def forget(self) -> None:
        """Remove the last recording."""
        shutil.rmtree(self._recording.parent, ignore_errors=True)

    def play(self, who: Contestant, case: Case) -> Row:
        """One run."""
        recorded = case.streams == 1 and case.task == "play"
        watcher = Helper("watch", env=self.environment)
        ear = self._ear() if recorded else None
        patch = Helper("patch_jack", self._jack_name, env=self.environment) if self._needs_patch(case) else None
        try:
            told = self._run(who, case)
        finally:
            watched = watcher.end()
            heard = ear.end() if ear else {}
            if patch:
                patch.end()
        row: Row = {**asdict(case), "player": who.name, "label": who.label, "options": who.options, "why": ""}
        if "failed" in told:
            return {**row, **told, "valid": not told.get("why")}
        row.update({key: value for key, value in told.items() if key != "frames"})
        start = "opened_nanos" if case.measure == "first" else "begin_nanos"
        begin, end = told.get(start, 0), told.get("end_nanos", 1 << 63)
        row["watch_ms"] = max((late / 1e6 for at, late in watched["late"] if begin <= at <= end), default=0.0)
        row.update(_costs(told, case) if case.task == "play" else _trips(told))
        if ear:
            row.update(self._judge(told, heard))
        self._mark(row)
        return row

    @property
    def _jack_name(self) -> str:
        assert isinstance(self.server, Jackd)
        return self.server.server_name

    def _needs_patch(self, case: Case) -> bool:
        return self.kind == JACK and case.task == "loop"

    def _ear(self) -> Helper:
        if self.kind == JACK:
            return Helper("rec_jack", self._jack_name, str(self._recording), env=self.environment)
        if self.kind == PIPEWIRE:
            return Helper("rec_pipewire", SINK, str(self._recording), env=self.environment)
        return Helper("rec_pulse", f"{SINK}.monitor", str(self._recording), env=self.environment)

    def run_floor(self, case: Case) -> Row:
        """The bare C client alone."""
        first = self._jack_name if self.kind == JACK else str(case.frames)
        # One native thread keeps one processor busy, as any number of Python's do.
        busy = "0" if case.load == "none" else "1"
        numbers = [str(case.streams), str(case.warm), str(case.window), busy]
        return self._call([environment.native(f"floor_{self.kind}"), first, *numbers], case)

    def _run(self, who: Contestant, case: Case) -> Row:
        if who.name == FLOOR:
            return self.run_floor(case)
        job = {
            **{key: getattr(case, key) for key in ("server", "frames", "load", "streams", "warm", "window", "task")},
            "player": who.name,
            "options": who.options,
            "server_pid": self.server.pid,
            "hold_seconds": HOLD_MS / 1000.0,
            "promote": self.promote and who.name != "pcmio",
        }
        return self._call([str(environment.PYTHON), "-m", "bench.worker", json.dumps(job)], case)

    def _call(self, command: list[str], case: Case) -> Row:
        limit = case.warm + case.window + 30.0
        try:
            done = subprocess.run(
                command, env=self.environment, capture_output=True, text=True, timeout=limit, check=False, cwd="/"
            )
        except subprocess.TimeoutExpired:
            return {"failed": f"nothing in {limit:g} s"}
        if done.returncode != 0 or not done.stdout.strip():
            if done.returncode < 0:  # maybe somebody else's deed: it is tried again
                return {"failed": signal.Signals(-done.returncode).name, "why": "ended by a signal"}
            words = done.stderr.strip().splitlines()
            return {"failed": words[-1] if words else f"ended with {done.returncode}"}
        told: Row = json.loads(done.stdout.strip().splitlines()[-1])
        return told

    def _judge(self, told: Row, heard: Row) -> Row:
        take = Recording.load(self._recording).between(told["begin_nanos"], told["end_nanos"])
        gaps = find_gaps(take)
        sound = (heard["sound_nanos"] - told["opened_nanos"]) / 1e6 if heard["sound_nanos"] else None
        expected = (told["end_nanos"] - told["begin_nanos"]) * RATE / 1e9
        return {
            "lost_ms_per_10s": gaps.lost_per_10s,
            "gaps": asdict(gaps),
            "heard_share": len(take) / expected,
            "recorder_dropped": heard["dropped"],
            "first_sound_ms": sound,
        }

    def _mark(self, row: Row) -> None:
        why = []
        if row["watch_ms"] > LATE_MS:
            why.append(f"a sleeping thread was {row['watch_ms']:.1f} ms late")
        if row.get("recorder_dropped") or row.get("heard_share", 1.0) < 0.98:
            why.append(f"the recorder heard {row['heard_share']:.0%}")
        longest = row.get("load_detail", {}).get("longest_ms", 0.0)
        if longest > HOLD_MS + LATE_MS:
            why.append(f"a call that should hold the GIL {HOLD_MS:g} ms held it {longest:.1f} ms")
        row["why"] = "; ".join(why)
        row["valid"] = not why


def _costs(told: Row, case: Case) -> Row:
    seconds = (told["end_nanos"] - told["begin_nanos"]) / 1e9
    return {
        "cpu_percent": 100.0 * told["cpu_seconds"] / seconds,
        "us_per_callback": 1e6 * told["cpu_seconds"] / max(1, told["callbacks"]),
        "thread_us_per_callback": [
            round(1e6 * each / max(1, told["callbacks"]), 2) for each in told.get("thread_cpu_seconds", ())
        ],
        "served": told["frames"] / (seconds * RATE * case.streams),
        "block_frames": told["frames"] / max(1, told["callbacks"]),
        "switches_per_second": told.get("switches", 0) / seconds,
        "server_cpu_percent": 100.0 * told.get("server_cpu_seconds", 0.0) / seconds,
        "first_ms": (told["first_nanos"] - told["opened_nanos"]) / 1e6,
        "first_imported_ms": (told["first_nanos"] - told.get("loaded_nanos", told["opened_nanos"])) / 1e6,
        "first_built_ms": (told["first_nanos"] - told["built_nanos"]) / 1e6,
    }


def _trips(told: Row) -> Row:
    trips = told["trips"]
    if not trips:
        return {"failed": f"none of {told['sent']} impulses came"}
    found: Row = {"arrived": len(trips), "trip_ms": statistics.median(trip["ms"] for trip in trips)}
    for name in ("reported_ms", "error_ms"):
        known = [trip[name] for trip in trips if trip[name] is not None]
        if known:
            found[name] = statistics.median(known)
            found[f"{name}_worst"] = max(known, key=abs)
    return found


def _server(kind: str, frames: int) -> Server:
    if kind == JACK:
        return Jackd(frames)
    return PipeWire() if kind == PIPEWIRE else PulseAudio()


@contextlib.contextmanager
def stage(kind: str, frames: int, *, promote: bool) -> Iterator[Stage]:
    """A running server, quiet and settled."""
    with _server(kind, frames) as server:
        made = Stage(server, kind, promote=promote)
        keeper = None
        if kind in (PULSE, ALSA):
            name = str(made.server.folder / "keeper")
            keeper = Helper("rec_pulse", f"{SINK}.monitor", name, "discard", env=made.environment)
            time.sleep(_SETTLE_SECONDS)
        try:
            yield made
        finally:
            if keeper:
                keeper.end()
            made.forget()


@dataclass(frozen=True)
class Rules:
    """How often, and how patiently."""

    repeat: int = 5
    retries: int = 3
    promote: bool = True


def rounds(case: Case, who: Sequence[Contestant], rules: Rules, tell: Any, repeat: int | None = None) -> Iterator[Row]:
    """Rows of ``repeat`` rounds: in each the C client first, then the players, another one first each time."""
    with stage(case.server, case.frames, promote=rules.promote) as on:
        for number in range(repeat or rules.repeat):
            floor = _patiently(on, Contestant(FLOOR), case, rules, tell) if case.task == "play" else None
            if floor is not None:
                yield {**floor, "round": number}
            doubt = f"round: the C client: {floor['why']}" if floor is not None and not floor["valid"] else ""
            shift = number % max(1, len(who))
            for contestant in [*who[shift:], *who[:shift]]:
                row = _patiently(on, contestant, case, rules, tell)
                if doubt and row["valid"]:
                    row = {**row, "valid": False, "why": doubt}
                yield {**row, "round": number}


def _patiently(on: Stage, who: Contestant, case: Case, rules: Rules, tell: Any) -> Row:
    row: Row = {}
    for attempt in range(1 + rules.retries):
        row = on.play(who, case)
        row["attempts"] = attempt + 1
        if who.name == FLOOR and row.get("lost_ms_per_10s", 0.0) > 0.0:
            row["valid"] = False
            row["why"] = "; ".join(filter(None, (row["why"], f"it lost {row['lost_ms_per_10s']:.1f} ms per 10 s")))
        tell(row)
        if row["valid"]:
            break
    return row
