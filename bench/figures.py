"""Medians, spreads and ratios of rows."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bench.runs import Row


@dataclass(frozen=True)
class Cell:
    """One figure: its median, its spread, and how many runs stand behind it."""

    median: float
    least: float
    most: float
    valid: int
    total: int

    def __str__(self) -> str:
        return f"{figure(self.median)} [{figure(self.least)}-{figure(self.most)}]{self.mark}"

    @property
    def mark(self) -> str:
        """What has to be said about it: how many of the runs were valid, if not all."""
        return "" if self.valid == self.total else f" ({self.valid}/{self.total} valid)"


def figure(value: float) -> str:
    """Three digits, as a person would write them."""
    if value == 0:
        return "0"
    size = abs(value)
    return f"{value:.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def select(rows: Iterable[Row], **wanted: Any) -> list[Row]:
    """Rows with these values."""
    return [row for row in rows if all(row.get(key) == value for key, value in wanted.items())]


def cell(rows: Sequence[Row], value: Callable[[Row], float | None] | str) -> Cell | None:
    """The figure of these runs: of the valid ones, or of all where none is."""
    told = [(row, _value(row, value)) for row in rows]
    known = [(row, number) for row, number in told if number is not None]
    if not known:
        return None
    valid = [number for row, number in known if row["valid"]]
    chosen = valid or [number for _, number in known]
    return Cell(statistics.median(chosen), min(chosen), max(chosen), len(valid), len(known))


def ratio(rows: Sequence[Row], reference: Sequence[Row], value: str) -> Cell | None:
    """Of each run to the reference's of the same round; the figure of that."""
    below = {row["round"]: row for row in reference if row.get(value) is not None}
    pairs: list[Row] = []
    for row in rows:
        other = below.get(row["round"])
        if row.get(value) is None or other is None or not other[value]:
            continue
        pairs.append({"valid": row["valid"] and other["valid"], "ratio": row[value] / other[value]})
    return cell(pairs, "ratio")


def _value(row: Row, value: Callable[[Row], float | None] | str) -> float | None:
    found = row.get(value) if isinstance(value, str) else value(row)
    return None if found is None else float(found)
