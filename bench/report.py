"""Tables of rows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from rich.table import Table

from bench.figures import Cell, cell, figure, ratio, select
from bench.players import FACTS
from bench.runs import FLOOR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.runs import Row

REFERENCE = "sounddevice"
LOADS = {
    "none": "no load",
    "busy1": "1 busy thread",
    "busy2": "2 busy threads",
    "hold": "C call holds the GIL",
}
SERVERS = {
    "jack": "jackd (dummy driver)",
    "pulse": "PulseAudio (null sink)",
    "pipewire": "PipeWire (null sink)",
    "alsa": "ALSA's plugin for PulseAudio (null sink)",
}


def tables(rows: Sequence[Row]) -> Iterator[Table]:
    """All tables that these rows can fill."""
    makers: dict[str, Callable[[list[Row], str], Table]] = {
        "imports": _imports,
        "first": _first,
        "cpu": _cpu,
        "gaps": _gaps,
        "loop": _loop,
        "streams": _streams,
    }
    for measure, make in makers.items():
        for server in SERVERS:
            chosen = select(rows, measure=measure, server=server)
            if chosen:
                yield make(chosen, server)
                if measure == "cpu":
                    yield _blocks(chosen, server)


def labels(rows: Sequence[Row]) -> list[str]:
    """The C client first, then players in the order of ``FACTS``."""
    order = [FLOOR, *FACTS]
    found = {row["label"]: row["player"] for row in rows}
    return sorted(found, key=lambda label: (order.index(found[label]), label))


def _table(title: str, *columns: str, caption: str = "") -> Table:
    table = Table(title=title, caption=caption or None, title_justify="left", caption_justify="left")
    table.add_column("player", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _or_failed(rows: Sequence[Row], text: Callable[[Sequence[Row]], str]) -> str:
    failed = [row["failed"] for row in rows if "failed" in row]
    if not rows:
        return "-"
    if len(failed) == len(rows):
        return f"failed: {failed[0][:40]}"
    return text(rows)


def _cell_of(key: str, rows: Sequence[Row]) -> str:
    return _said(cell(rows, key))


def _said(found: Cell | None, unit: str = "") -> str:
    return "-" if found is None else f"{found}{unit}"


def _imports(rows: list[Row], server: str) -> Table:
    table = _table(
        f"Import and listing beside {SERVERS[server]}",
        *("import ms", "list ms", "both ms", f"x {REFERENCE}", "MB added", "numpy loaded", "devices"),
        caption="The C client only connects: nobody lists a server's devices sooner.",
    )
    for row in rows:
        if "import_ms" in row:
            row["both_ms"] = row["import_ms"] + max(0.0, row["list_ms"])
    for label in labels(rows):
        mine = select(rows, label=label)
        last = mine[-1]
        times = _said(ratio(mine, select(rows, player=REFERENCE), "both_ms"))
        figures = [_said(cell(mine, key)) for key in ("import_ms", "list_ms", "both_ms")]
        numpy = {True: "yes", False: "no", None: "-"}[last.get("numpy")]
        ending = [_said(cell(mine, "mb")), numpy, str(last.get("devices"))]
        table.add_row(label, *figures, times, *ending)
    return table


def _first(rows: list[Row], server: str) -> Table:
    table = _table(
        f"Milliseconds to the first callback and sound at 256 frames, {SERVERS[server]}",
        *("import to callback", "connection to callback", "stream opened to callback", "connection to sound"),
        caption="sounddevice and SoundCard connect when they are imported; in the first column each has done it.",
    )
    for label in labels(rows):
        mine = select(rows, label=label)
        keys = ("first_imported_ms", "first_ms", "first_built_ms", "first_sound_ms")
        table.add_row(label, *(_or_failed(mine, partial(_cell_of, key)) for key in keys))
    return table


def _cpu(rows: list[Row], server: str) -> Table:
    periods = sorted({row["frames"] for row in rows})
    table = _table(
        f"CPU, % of one processor while playing, {SERVERS[server]}",
        *(f"{period} frames" for period in periods),
        caption=f"In brackets the ratio to {REFERENCE} and to the C client in the same round.",
    )
    for label in labels(rows):
        cells = []
        for period in periods:
            here = select(rows, frames=period)
            mine = select(here, label=label)
            cells.append(_or_failed(mine, partial(_cpu_cell, here)))
        table.add_row(label, *cells)
    return table


def _cpu_cell(here: Sequence[Row], mine: Sequence[Row]) -> str:
    found = cell(mine, "cpu_percent")
    if found is None:
        return "-"
    peer = ratio(mine, select(here, player=REFERENCE), "cpu_percent")
    floor = ratio(mine, select(here, player=FLOOR), "cpu_percent")
    times = ", ".join(f"{one.median:.2f}x" if one else "-" for one in (peer, floor))
    return f"{figure(found.median)} ({times}){found.mark}"


def _blocks(rows: list[Row], server: str) -> Table:
    periods = sorted({row["frames"] for row in rows})
    table = _table(
        f"Microseconds of CPU per callback; wake-ups per second; lost ms per 10 s; no load, {SERVERS[server]}",
        *(f"{period} frames" for period in periods),
    )
    for label in labels(rows):
        cells = []
        for period in periods:
            mine = select(rows, frames=period, label=label)
            cells.append(_or_failed(mine, _block_cell))
        table.add_row(label, *cells)
    return table


def _block_cell(mine: Sequence[Row]) -> str:
    cost, wakes, lost = (cell(mine, key) for key in ("us_per_callback", "switches_per_second", "lost_ms_per_10s"))
    if cost is None:
        return "-"
    return f"{figure(cost.median)}; {figure(wakes.median) if wakes else '-'}; {_said(lost)}"


def _gaps(rows: list[Row], server: str) -> Table:
    cases = sorted(
        {(row["frames"], row["load"]) for row in rows}, key=lambda case: (case[0], list(LOADS).index(case[1]))
    )
    table = _table(
        f"Lost ms per 10 s, {SERVERS[server]}",
        *(f"{frames} frames, {LOADS[load]}" for frames, load in cases),
        caption="The C client has a busy thread of its own beside it, so that the machine is as busy.",
    )
    for label in labels(rows):
        cells = []
        for frames, load in cases:
            mine = select(rows, frames=frames, load=load, label=label)
            cells.append(_or_failed(mine, partial(_cell_of, "lost_ms_per_10s")))
        table.add_row(label, *cells)
    return table


def _loop(rows: list[Row], server: str) -> Table:
    table = _table(
        f"Round trip at 128 frames, output callback to input callback, {SERVERS[server]}",
        *("ms", "ms by its own timestamps", "timestamps wrong by ms", "impulses that came"),
    )
    for label in labels(rows):
        mine = select(rows, label=label)
        came = f"{sum(row.get('arrived', 0) for row in mine)}/{sum(row.get('sent', 0) for row in mine)}"
        keys = ("trip_ms", "reported_ms", "error_ms")
        cells = [_or_failed(mine, partial(_cell_of, key)) for key in keys]
        table.add_row(label, *cells, came)
    return table


def _streams(rows: list[Row], server: str) -> Table:
    counts = sorted({row["streams"] for row in rows})
    table = _table(
        f"CPU % of N streams at 256 frames (share of callbacks served), {SERVERS[server]}",
        *(str(count) for count in counts),
    )
    for label in labels(rows):
        cells = []
        for count in counts:
            mine = select(rows, streams=count, label=label)
            cells.append(_or_failed(mine, _streams_cell))
        table.add_row(label, *cells)
    return table


def _streams_cell(mine: Sequence[Row]) -> str:
    cost, served = cell(mine, "cpu_percent"), cell(mine, "served")
    if cost is None or served is None:
        return "-"
    return f"{figure(cost.median)} ({served.median:.1%}){cost.mark}"


def machine(row: dict[str, Any]) -> Table:
    """Where and with what it was measured."""
    table = Table(show_header=False, box=None)
    for key, value in row.items():
        if key != "measure":
            table.add_row(
                key, ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
            )
    return table
