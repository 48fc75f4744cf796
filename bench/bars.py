"""The bars: what pcmio has set out to reach, and whether these rows say that it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.table import Table

from bench.figures import Cell, cell, figure, ratio, select
from bench.known_signal import RATE
from bench.plan import DEPTH_FOR_HOLDS, FED_AHEAD
from bench.report import REFERENCE
from bench.runs import FLOOR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.runs import Row

Found = Cell | float | None

#: cpal 0.18 measured the same way; it needs a Rust toolchain, so it is no player here.
CPAL_TRIP_MS = {"jack": 0.04, "pulse": 4.4, "pipewire": 5.4}
PERIOD_MS = 128 * 1000 / RATE
#: Blocks that are served a little late or early at the window's ends are no loss.
ALL_SERVED = 0.995


@dataclass(frozen=True)
class Bar:
    """One line of the summary."""

    text: str
    most: float
    find: Callable[[Sequence[Row]], Found]
    unit: str = ""


def _pcmio(rows: Sequence[Row], options: dict[str, Any] | None = None, **wanted: Any) -> list[Row]:
    return select(rows, player="pcmio", options=options or {}, **wanted)


def _lost(
    server: str, frames: int, load: str, options: dict[str, Any] | None = None
) -> Callable[[Sequence[Row]], Found]:
    def find(rows: Sequence[Row]) -> Found:
        chosen = _pcmio(rows, options, measure="gaps", server=server, frames=frames, load=load)
        return cell(chosen, "lost_ms_per_10s")

    return find


def _cpu(server: str, frames: int) -> Callable[[Sequence[Row]], Found]:
    def find(rows: Sequence[Row]) -> Found:
        here = select(rows, measure="cpu", server=server, frames=frames)
        return ratio(_pcmio(here), select(here, player=REFERENCE), "cpu_percent")

    return find


def _import(server: str, *keys: str) -> Callable[[Sequence[Row]], Found]:
    def find(rows: Sequence[Row]) -> Found:
        chosen = [row for row in _pcmio(rows, measure="imports", server=server) if "import_ms" in row]
        return cell(chosen, lambda row: sum(row[key] for key in keys))

    return find


def _first(server: str) -> Callable[[Sequence[Row]], Found]:
    def find(rows: Sequence[Row]) -> Found:
        here = select(rows, measure="first", server=server)
        floor = cell(select(here, player=FLOOR), "first_ms")
        mine = cell(_pcmio(here), "first_ms")
        return None if mine is None or floor is None else mine.median - floor.median

    return find


def _trip(server: str) -> Callable[[Sequence[Row]], Found]:
    """Over cpal's and the depth chosen: the ring's blocks, full when the impulse is written."""

    def over(row: Row) -> float | None:
        if "trip_ms" not in row:
            return None
        return float(row["trip_ms"]) - CPAL_TRIP_MS[server] - 1000.0 * float(row["library"]["depth_seconds"])

    return lambda rows: cell(_pcmio(rows, measure="loop", server=server), over)


def _truth(server: str) -> Callable[[Sequence[Row]], Found]:
    def wrong(row: Row) -> float | None:
        return None if "error_ms" not in row else abs(row["error_ms"])

    return lambda rows: cell(_pcmio(rows, measure="loop", server=server), wrong)


def _many(server: str) -> list[Callable[[Sequence[Row]], Found]]:
    def here(rows: Sequence[Row]) -> list[Row]:
        return select(rows, measure="streams", server=server, streams=32)

    def times(rows: Sequence[Row]) -> Found:
        return ratio(_pcmio(here(rows)), select(here(rows), player=REFERENCE), "cpu_percent")

    def percent(rows: Sequence[Row]) -> Found:
        return cell(_pcmio(here(rows)), "cpu_percent")

    def unserved(rows: Sequence[Row]) -> Found:
        return cell(_pcmio(here(rows)), lambda row: max(0.0, ALL_SERVED - row["served"]) if "served" in row else None)

    return [percent if server == "jack" else times, unserved]


def _bars() -> list[Bar]:
    lost = "lost ms in 10 s"
    return [
        Bar(f"{lost}: jackd, 128 frames, one busy thread", 0, _lost("jack", 128, "busy1")),
        Bar(f"{lost}: jackd, 256 frames, one busy thread", 0, _lost("jack", 256, "busy1")),
        Bar(f"{lost}: PulseAudio, 128 frames, one busy thread", 0, _lost("pulse", 128, "busy1")),
        Bar(f"{lost}: PulseAudio, 256 frames, one busy thread", 0, _lost("pulse", 256, "busy1")),
        Bar(
            f"{lost}: jackd, 128, C call holds the GIL 16 ms, depth 25 ms",
            0,
            _lost("jack", 128, "hold", DEPTH_FOR_HOLDS),
        ),
        Bar(f"{lost}: PulseAudio, 128, the same", 0, _lost("pulse", 128, "hold", DEPTH_FOR_HOLDS)),
        Bar(f"{lost}: jackd, 64, fed a second ahead, one busy thread", 0, _lost("jack", 64, "busy1", FED_AHEAD)),
        Bar(f"{lost}: PulseAudio, 64, the same", 0, _lost("pulse", 64, "busy1", FED_AHEAD)),
        Bar(f"CPU / {REFERENCE}'s: jackd, 128", 0.60, _cpu("jack", 128)),
        Bar(f"CPU / {REFERENCE}'s: jackd, 256", 0.45, _cpu("jack", 256)),
        Bar(f"CPU / {REFERENCE}'s: PulseAudio, 128", 0.40, _cpu("pulse", 128)),
        Bar(f"CPU / {REFERENCE}'s: PulseAudio, 256", 0.40, _cpu("pulse", 256)),
        Bar("import", 15, _import("pulse", "import_ms"), "ms"),
        Bar("import and listing: PulseAudio", 30, _import("pulse", "import_ms", "list_ms"), "ms"),
        Bar("import and listing: jackd", 30, _import("jack", "import_ms", "list_ms"), "ms"),
        Bar("memory of import and listing: PulseAudio", 6, _import("pulse", "mb"), "MB"),
        Bar("memory of import and listing: jackd", 6, _import("jack", "mb"), "MB"),
        Bar("open to first callback, over the C client's: jackd", 10, _first("jack"), "ms"),
        Bar("open to first callback, over the C client's: PulseAudio", 10, _first("pulse"), "ms"),
        Bar("round trip at 128, over cpal's and the depth: jackd", PERIOD_MS, _trip("jack"), "ms"),
        Bar("round trip at 128, over cpal's and the depth: PulseAudio", PERIOD_MS, _trip("pulse"), "ms"),
        Bar("latency reported wrong by: jackd, 128", PERIOD_MS, _truth("jack"), "ms"),
        Bar("latency reported wrong by: PulseAudio, 128", PERIOD_MS, _truth("pulse"), "ms"),
        Bar(f"32 streams at 256, CPU / {REFERENCE}'s: PulseAudio", 0.5, _many("pulse")[0]),
        Bar("32 streams at 256, CPU %: jackd", 8, _many("jack")[0], "%"),
        Bar("32 streams, share of callbacks missing: PulseAudio", 0, _many("pulse")[1]),
        Bar("32 streams, share of callbacks missing: jackd", 0, _many("jack")[1]),
        *_bars_as_well("pipewire", "PipeWire", cpu_times=0.45, streams_times=0.5),
        Bar("round trip at 128, over cpal's and the depth: PipeWire", PERIOD_MS, _trip("pipewire"), "ms"),
        # Much of what it costs is the plugin's own, and the same for everybody.
        *_bars_as_well("alsa", "ALSA's plugin", cpu_times=0.7, streams_times=0.85),
    ]


def _bars_as_well(server: str, name: str, *, cpu_times: float, streams_times: float) -> list[Bar]:
    """What is asked of every other server too."""
    lost = "lost ms in 10 s"
    return [
        Bar(f"{lost}: {name}, 128 frames, one busy thread", 0, _lost(server, 128, "busy1")),
        Bar(f"{lost}: {name}, 256 frames, one busy thread", 0, _lost(server, 256, "busy1")),
        Bar(f"{lost}: {name}, 128 frames, two busy threads", 0, _lost(server, 128, "busy2")),
        Bar(
            f"{lost}: {name}, 128, C call holds the GIL 16 ms, depth 25 ms",
            0,
            _lost(server, 128, "hold", DEPTH_FOR_HOLDS),
        ),
        Bar(f"CPU / {REFERENCE}'s: {name}, 128", cpu_times, _cpu(server, 128)),
        Bar(f"CPU / {REFERENCE}'s: {name}, 256", cpu_times, _cpu(server, 256)),
        Bar(f"import and listing: {name}", 30, _import(server, "import_ms", "list_ms"), "ms"),
        Bar(f"memory of import and listing: {name}", 6, _import(server, "mb"), "MB"),
        Bar(f"open to first callback, over the C client's: {name}", 10, _first(server), "ms"),
        Bar(f"latency reported wrong by: {name}, 128", PERIOD_MS, _truth(server), "ms"),
        Bar(f"32 streams at 256, CPU / {REFERENCE}'s: {name}", streams_times, _many(server)[0]),
        Bar(f"32 streams, share of callbacks missing: {name}", 0, _many(server)[1]),
    ]


def summary(rows: Sequence[Row]) -> Table:
    """Each bar that these rows speak of."""
    table = Table(title="Bars", title_justify="left")
    for column in ("measure", "reach", "measured", "runs", ""):
        table.add_column(column, justify="left" if column in ("measure", "") else "right")
    for bar in _bars():
        found = bar.find(rows)
        if found is None:
            continue
        value = found.median if isinstance(found, Cell) else found
        spread = f" [{figure(found.least)}-{figure(found.most)}]" if isinstance(found, Cell) else ""
        runs = f"{found.valid}/{found.total}" if isinstance(found, Cell) else ""
        verdict = "[green]reached[/]" if value <= bar.most else "[red]missed[/]"
        if isinstance(found, Cell) and found.valid == 0:
            verdict += ", machine busy"
        table.add_row(bar.text, f"<= {figure(bar.most)} {bar.unit}", f"{figure(value)}{spread}", runs, verdict)
    return table
