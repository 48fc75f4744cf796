"""One process, one library, one measurement: ``python -m bench.worker JOB`` prints one line of JSON."""

from __future__ import annotations

import json
import os
import random
import resource
import statistics
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.known_signal import ImpulseSink, ImpulseSource, Source, signal
from bench.players import FACTS, Player, player

PRIORITY = 10


def main() -> None:
    job = json.loads(sys.argv[1])
    print(json.dumps(_loop(job) if job["task"] == "loop" else _play(job)), flush=True)
    os._exit(0)  # busy threads never end, and some libraries do not either


# --- playing --------------------------------------------------------------------------------------------------------


def _play(job: dict[str, Any]) -> dict[str, Any]:
    samples = signal()
    sources = [Source(samples) for _ in range(job["streams"])]
    threads_before = _threads()
    library = player(job["player"], job["server"], job["frames"], job["options"])
    loaded_nanos = time.monotonic_ns()
    library.load()
    opened_nanos = time.monotonic_ns()
    library.connect()
    built_nanos = time.monotonic_ns()
    for source in sources:
        library.open_output(source)
    promoted = _promote(_threads() - threads_before) if job["promote"] else 0
    first_nanos = _first_call(sources[0])
    load = start_load(job["load"], job["hold_seconds"])
    time.sleep(job["warm"])
    if load:
        load.begin()
    result = _window(library, sources, job)
    result.update(
        loaded_nanos=loaded_nanos, opened_nanos=opened_nanos, built_nanos=built_nanos, first_nanos=first_nanos
    )
    result.update(promoted=promoted, load_detail=load.tell() if load else {})
    if job["load"] == "none":
        library.close()
    return result


def _window(library: Player, sources: list[Source], job: dict[str, Any]) -> dict[str, Any]:
    server, threads = _thread_seconds(job["server_pid"]), _thread_seconds(os.getpid())
    before = Instant.now(sources)
    time.sleep(job["window"])
    after = Instant.now(sources)
    spent = {thread: seconds - threads.get(thread, 0.0) for thread, seconds in _thread_seconds(os.getpid()).items()}
    return {
        "begin_nanos": before.nanos,
        "end_nanos": after.nanos,
        "cpu_seconds": after.cpu_seconds - before.cpu_seconds,
        "switches": after.switches - before.switches,
        "server_cpu_seconds": sum(_thread_seconds(job["server_pid"]).values()) - sum(server.values()),
        "thread_cpu_seconds": sorted((round(seconds, 6) for seconds in spent.values() if seconds > 0.0), reverse=True),
        "callbacks": after.calls - before.calls,
        "frames": after.frames - before.frames,
        "rss_mb": _rss_mb(),
        "threads": len(_threads()),
        "library": library.detail(),
    }


@dataclass(frozen=True)
class Instant:
    """All counters at one moment: nothing in between gives the GIL up."""

    nanos: int
    cpu_seconds: float
    switches: int
    calls: int
    frames: int

    @classmethod
    def now(cls, sources: list[Source]) -> Instant:
        """The present."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        calls, frames = sum(source.calls for source in sources), sum(source.frames for source in sources)
        return cls(time.monotonic_ns(), usage.ru_utime + usage.ru_stime, usage.ru_nvcsw, calls, frames)


def _first_call(source: Source) -> int:
    end = time.monotonic() + 10
    while not source.first_nanos:
        if time.monotonic() > end:
            raise RuntimeError("no callback in 10 seconds")
        time.sleep(0.001)
    return source.first_nanos


def _threads() -> set[int]:
    return {int(path.name) for path in Path("/proc/self/task").iterdir()}


def _promote(threads: set[int]) -> int:
    """Give real-time priority to threads that their library left without; how many took it."""
    promoted = 0
    for thread in threads:
        try:
            if os.sched_getscheduler(thread) == os.SCHED_OTHER:
                os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(PRIORITY))
                promoted += 1
        except OSError:
            continue
    return promoted


def _thread_seconds(pid: int) -> dict[int, float]:
    """Time on a processor of each thread that a process has now."""
    found: dict[int, float] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found[int(task.name)] = int((task / "schedstat").read_text().split()[0]) / 1e9
        except OSError:
            continue
    return found


def _rss_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


# --- load -----------------------------------------------------------------------------------------------------------


def _spin() -> None:
    while True:
        pass


class Holder:
    """A thread that sorts again and again: a C call that keeps the GIL from its beginning to its end.

    Until the window begins it looks for the number of floats that take as long as they should beside the player.
    """

    MOST = 400_000
    EACH = 6

    def __init__(self, seconds: float) -> None:
        generator = random.Random(1)
        self._all = [generator.random() for _ in range(self.MOST)]
        self._count = 60_000
        self._seconds = seconds
        self._durations: list[float] = []
        self._begun: int | None = None
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        clock, durations = time.perf_counter, self._durations
        values = self._all[: self._count]
        while True:
            begin = clock()
            sorted(values)
            durations.append(clock() - begin)
            if self._begun is None and len(durations) % self.EACH == 0:
                typical = statistics.median(durations[-self.EACH :])
                self._count = min(self.MOST, max(1000, round(self._count * self._seconds / typical)))
                values = self._all[: self._count]

    def begin(self) -> None:
        """The window begins."""
        self._begun = len(self._durations)

    def tell(self) -> dict[str, float]:
        """How long calls took since then."""
        took = sorted(1000 * each for each in self._durations[self._begun :])
        return {"floats": self._count, "calls": len(took), "median_ms": took[len(took) // 2], "longest_ms": took[-1]}


def start_load(load: str, hold_seconds: float) -> Holder | None:
    """Start threads that want the GIL: "none", "busy1", "busy2" or "hold"."""
    if load == "hold":
        return Holder(hold_seconds)
    for _ in range({"none": 0, "busy1": 1, "busy2": 2}[load]):
        threading.Thread(target=_spin, daemon=True).start()
    return None


# --- round trip -----------------------------------------------------------------------------------------------------


def _loop(job: dict[str, Any]) -> dict[str, Any]:
    if not FACTS[job["player"]].records:
        raise RuntimeError(f"{job['player']} cannot record")
    source, sink = ImpulseSource(), ImpulseSink()
    threads_before = _threads()
    library = player(job["player"], job["server"], job["frames"], job["options"])
    library.load()
    library.connect()
    library.open_output(source)
    library.open_input(sink)
    if job["promote"]:
        _promote(_threads() - threads_before)
    time.sleep(job["warm"] + job["window"])
    sent, found = list(source.sent), list(sink.found)
    trips = [_trip(sent[number], entry) for number, *entry in found if number < len(sent)]
    result = {"sent": len(sent), "trips": trips, "library": library.detail()}
    library.close()
    return result


def _trip(sent: tuple[int, tuple[int, int] | None], entry: list[Any]) -> dict[str, float | None]:
    """Milliseconds from callback to callback, and what the library's own timestamps say of the same impulse."""
    came_nanos, place, came_told = entry
    sent_nanos, sent_told = sent
    into_block = place * 1e9 / 48_000
    reported = error = None
    if sent_told and came_told:
        reported = ((sent_told[1] - sent_told[0]) + (came_told[0] - came_told[1])) / 1e6
        error = (came_told[1] + into_block - sent_told[1]) / 1e6
    return {"ms": (came_nanos - sent_nanos) / 1e6, "place": place, "reported_ms": reported, "error_ms": error}


if __name__ == "__main__":
    main()
