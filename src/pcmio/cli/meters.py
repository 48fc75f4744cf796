"""How loud it is, and what is shown while a stream runs."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from rich.live import Live
from rich.table import Table
from rich.text import Text

from pcmio.cli.screen import clock, counted
from pcmio.events import ClocksDrift, Rerouted, Resumed, Suspended

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from rich.console import Console, ConsoleOptions, RenderResult

    from pcmio.cli.interrupts import Interrupt
    from pcmio.cli.screen import Screen
    from pcmio.contract import Stream
    from pcmio.events import StreamEvent
    from pcmio.formats import SampleFormat

#: Seconds between two pictures.
TICK = 0.08
_FLOOR_DB = -60.0
_FALL_DB = 24.0  # in a second
_YELLOW_DB = -12.0
_RED_DB = -3.0
_MOST_BARS = 8
_MOST_AMPLITUDE = 3.4028234663852886e38


def decibels(amplitude: float) -> float:
    """0 for full scale; what is infinitely loud is as loud as a 32-bit float can be."""
    return 20 * math.log10(min(amplitude, _MOST_AMPLITUDE)) if amplitude > 0 else -math.inf


def decibels_json(amplitude: float) -> float | None:
    """The same for a program: None for silence, and always a number of JSON."""
    return round(decibels(amplitude), 2) if amplitude > 0 else None


def decibel_text(value: float) -> str:
    """``-12.3 dB``, or ``silence``."""
    return "silence" if value == -math.inf else f"{value:.1f} dB"


class Levels:
    """The loudest sample of each channel; a callback adds, the screen takes."""

    def __init__(self, channels: int, sample_format: SampleFormat) -> None:
        self.peak = 0.0
        self.channels = channels
        self._scale = 1.0 if sample_format.is_float else sample_format.maximum + 1
        self._recent = [0.0] * channels

    def add(self, frames: Any) -> None:
        """Look at a block."""
        import numpy as np

        if len(frames) == 0:
            return
        # A sample that is no number hides the others from max() and min().
        larger, smaller = cast("Any", np.fmax), cast("Any", np.fmin)
        highest, lowest = larger.reduce(frames).tolist(), smaller.reduce(frames).tolist()
        loudest = [max(high, -low) / self._scale for high, low in zip(highest, lowest, strict=True)]
        self._recent = [max(pair) for pair in zip(self._recent, loudest, strict=True)]
        self.peak = max(self.peak, *loudest)

    def take(self) -> list[float]:
        """The loudest since the last call."""
        recent, self._recent = self._recent, [0.0] * self.channels
        return recent


class Picture:
    """Time, levels and lost frames of a running stream: a bar that fills where the length is known."""

    def __init__(self, screen: Screen, levels: Levels, total_frames: int | None, keys: str) -> None:
        self.screen = screen
        self._glyphs = screen.glyphs
        self._stream: Stream | None = None
        self._levels = levels
        self._total = total_frames
        self._keys = keys
        self._shown = [_FLOOR_DB] * levels.channels
        self._at = time.monotonic()
        self.remark = ""

    def heard(self, event: StreamEvent) -> None:
        """What the stream tells, shown in the last line."""
        if isinstance(event, Suspended):
            self.remark = "the device sleeps"
        elif isinstance(event, Resumed):
            self.remark = ""
        elif isinstance(event, Rerouted):
            self.remark = "moved to another device" if event.new is None else f"moved to {event.new}"
        elif isinstance(event, ClocksDrift):
            self.remark = f"the devices' clocks are {abs(event.ppm):.0f} ppm apart"

    def show(self, stream: Stream) -> None:
        """Picture this stream from now on, for who moves the picture himself."""
        self._stream = stream

    def watch(
        self,
        stream: Stream,
        interrupt: Interrupt,
        goes_on: Callable[[], object] = bool,
        *,
        seconds: float | None = None,
    ) -> None:
        """Wait until a running stream ends or somebody asks for that, and show it where that can be shown.

        Args:
            stream: It runs.
            interrupt: Entered.
            goes_on: Called between two looks; may raise.
            seconds: How long at most; None: no end.
        """
        end = math.inf if seconds is None else time.monotonic() + seconds
        self.show(stream)
        with self._moving() as refresh:
            while not interrupt.asked and (left := end - time.monotonic()) > 0 and not stream.wait(min(TICK, left)):
                goes_on()
                refresh()

    @contextmanager
    def _moving(self) -> Generator[Callable[[], None]]:
        if not self.screen.live:
            yield lambda: None
            return
        with Live(self, console=self.screen.out, auto_refresh=False, transient=True) as live:
            yield live.refresh

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._stream is None:
            return
        width = min(options.max_width, 100)
        grid = Table.grid(padding=(0, 2, 0, 0))
        for justify in ("right", "left", "right"):
            grid.add_column(justify=justify, no_wrap=True)
        bar_width = max(10, width - 20)
        grid.add_row(*self._time_row(self._stream, bar_width))
        for index, level in enumerate(self._fallen_levels()[:_MOST_BARS]):
            text = Text(
                decibel_text(level if level > _FLOOR_DB else -math.inf), "dim" if level <= _FLOOR_DB else "default"
            )
            grid.add_row(Text(self._name(index), "dim"), self._level_bar(level, bar_width), text)
        yield grid
        yield self._last_line(self._stream)

    def _time_row(self, stream: Stream, bar_width: int) -> tuple[Text, Text, Text]:
        rate = stream.config.sample_rate
        position = stream.position
        if self._total is None:
            return Text(clock(position / rate, tenths=True), "bold"), Text(""), Text("")
        position = min(position, self._total)
        share = position / self._total if self._total else 1.0
        return (
            Text(clock(position / rate), "bold"),
            self._bar([("blue", share)], bar_width),
            Text(clock(self._total / rate)),
        )

    def _fallen_levels(self) -> list[float]:
        now = time.monotonic()
        floor_fall, self._at = _FALL_DB * (now - self._at), now
        fresh = (max(_FLOOR_DB, decibels(peak)) for peak in self._levels.take())
        self._shown = [max(new, old - floor_fall) for new, old in zip(fresh, self._shown, strict=True)]
        return self._shown

    def _name(self, index: int) -> str:
        return channel_name(index, self._levels.channels)

    def _level_bar(self, level: float, width: int) -> Text:
        parts = [("green", _YELLOW_DB), ("yellow", _RED_DB), ("red", 0.0)]
        ends = [(style, _share(min(level, end))) for style, end in parts]
        return self._bar(ends, width)

    def _bar(self, parts: list[tuple[str, float]], width: int) -> Text:
        """Colours up to shares of the width, one after the other, and the rest faint."""
        bar, done = Text(), 0
        for style, share in parts:
            halves = round(max(0.0, min(1.0, share)) * width * 2)
            until = halves // 2
            if until > done:
                bar.append(self._glyphs.bar * (until - done), style)
                done = until
        if parts and round(max(0.0, min(1.0, parts[-1][1])) * width * 2) % 2 and done < width:
            bar.append(self._glyphs.half, bar.spans[-1].style if bar.spans else parts[0][0])
            done += 1
        return bar.append(self._glyphs.rest * (width - done), "bright_black")

    def _last_line(self, stream: Stream) -> Text:
        stats, dot = stream.stats, f" {self._glyphs.dot} "
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(xrun_text(stats.xruns, stats.xrun_frames), "yellow" if stats.xruns else "dim")
        line.append(f"{dot}{stream.latency.total * 1000:.0f} ms latency{dot}{self._keys}", "dim")
        if self._levels.channels > _MOST_BARS:
            line.append(f"{dot}{self._levels.channels - _MOST_BARS} more channels", "dim")
        if self.remark:
            line.append(dot + self.remark, "yellow")
        return line


def channel_name(index: int, channels: int) -> str:
    """L and R, or numbers from 1."""
    return "LR"[index] if channels == 2 else str(index + 1)  # noqa: PLR2004 - stereo


def _share(level: float) -> float:
    return (level - _FLOOR_DB) / -_FLOOR_DB


def xrun_text(xruns: int, frames: int) -> str:
    """``no xruns``, or how many and how much was lost."""
    return counted(xruns, "xrun") + (f" ({counted(frames, 'frame')} lost)" if xruns else "")
