"""Drawing with dots in a terminal: eight to a character where Braille is to be had, else one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any

_BRAILLE = 0x2800
#: Bits of a Braille character by row and column of its dots (Unicode, block Braille Patterns).
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])


class Canvas:
    """So many characters wide and high; dots count from the top left.

    Attributes:
        width: Dots in a row.
        height: Dots in a column.
    """

    def __init__(self, columns: int, rows: int, *, braille: bool) -> None:
        self._braille = braille
        self._across, self._down = (2, 4) if braille else (1, 1)
        self.width = columns * self._across
        self.height = rows * self._down
        self._dots: Any = np.zeros((self.height, self.width), bool)

    def column(self, x: int, top: int, bottom: int) -> None:
        """Draw a vertical line, both ends included."""
        last = self.height - 1
        self._dots[max(0, min(top, last)) : max(0, min(bottom, last)) + 1, x] = True

    def lines(self) -> list[str]:
        """Characters, line by line."""
        if not self._braille:
            return ["".join("*" if dot else " " for dot in row).rstrip() for row in self._dots.tolist()]
        cells: Any = self._dots.reshape(self.height // 4, 4, self.width // 2, 2)
        codes = np.einsum("rdca,da->rc", cells, _BITS) + _BRAILLE
        return ["".join(map(chr, row)) for row in codes.tolist()]


def draw_wave(canvas: Canvas, samples: Any) -> None:
    """Draw one channel, full scale from top to bottom; each column spans what is in it."""
    edges = np.linspace(0, len(samples), canvas.width + 1).astype(int)
    middle = (canvas.height - 1) / 2
    before: tuple[int, int] | None = None
    for x, (begin, end) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
        part = samples[begin : max(end, begin + 1)]
        if not len(part):
            return
        top, bottom = (round(middle - float(value) * middle) for value in (part.max(), part.min()))
        if before is not None:  # no gap to the column before
            low, high = before
            top, bottom = min(top, high), max(bottom, low)
        canvas.column(x, top, bottom)
        before = (round(middle - float(part.max()) * middle), round(middle - float(part.min()) * middle))


def draw_spectrum(canvas: Canvas, levels: Any, floor: float) -> None:
    """Draw levels in dB, one for each column, as bars from ``floor`` at the bottom to 0 at the top."""
    for x, level in enumerate(levels.tolist()):
        if level > floor:
            canvas.column(x, round((canvas.height - 1) * level / floor), canvas.height - 1)


def by_pitch(frequencies: Any, levels: Any, columns: int, low: float) -> tuple[Any, Any]:
    """Spread a spectrum over columns, each as many tones wide: their lower edges in Hz, and the loudest in each."""
    edges = np.geomspace(low, float(frequencies[-1]), columns + 1)
    begins = np.searchsorted(frequencies, edges[:-1])
    ends = np.maximum(np.searchsorted(frequencies, edges[1:]), begins + 1)
    most = len(levels) - 1
    loudest = [levels[min(begin, most) : max(end, 1)].max() for begin, end in zip(begins, ends, strict=True)]
    return edges[:-1], np.array(loudest)
