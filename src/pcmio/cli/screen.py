"""What a command writes to: a terminal, with bars that move, or a pipe, with plain lines and none."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console
from rich.measure import Measurement
from rich.segment import Segment
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from rich.console import ConsoleOptions, RenderableType
    from rich.table import Table

    from pcmio.cli.exits import Failure

# Nothing is folded where nobody looks: a pipe's lines are as long as they need to be.
_PIPE_WIDTH = 10_000


class Glyphs(NamedTuple):
    """Characters that not every terminal has."""

    bar: str
    half: str
    rest: str
    arrow: str
    none: str
    dot: str


_UNICODE = Glyphs(bar="━", half="╸", rest="━", arrow="→", none="–", dot="·")  # noqa: RUF001 - a dash for no channels
_ASCII = Glyphs(bar="=", half="-", rest=" ", arrow="->", none="-", dot="|")


#: A text is not folded into less.
_LEAST_ROOM = 20


class Screen:
    """Standard output and standard error of one command.

    Attributes:
        out: For results.
        err: For what went wrong.
        live: Whether bars may move on ``out``.
        glyphs: What ``out`` can show.
    """

    def __init__(self, *, still: bool = False, aside: bool = False) -> None:
        """``still``: nothing moves.  ``aside``: standard output has something else to carry."""
        terminal = (sys.stderr if aside else sys.stdout).isatty()
        self.out = _console(terminal, stderr=aside)
        self.err = _console(sys.stderr.isatty(), stderr=True)
        # For rich a pipe is a terminal too where FORCE_COLOR is set, as builds have it: colours it may get, no bars.
        self.live = not still and terminal and self.out.is_terminal and not self.out.is_dumb_terminal
        self.glyphs = _glyphs(self.out)

    def say(self, *what: RenderableType) -> None:
        """Write a result."""
        self.out.print(*what, soft_wrap=True)

    def say_hanging(self, mark: Text, text: Text) -> None:
        """Write a result behind a mark; where a terminal ends it goes on below its own beginning."""
        for at, line in enumerate(text.split("\n", allow_blank=True)):
            room = max(_LEAST_ROOM, self.out.width - mark.cell_len) if self.out.is_terminal else sys.maxsize
            for row, part in enumerate(line.wrap(self.out, room)):
                self.say(Text.assemble(mark if at == row == 0 else " " * mark.cell_len, part))

    def say_table(self, table: Table) -> None:
        """Write a table; in a pipe without the blanks that fill its last column."""
        if self.out.is_terminal:
            self.out.print(table)
            return
        with self.out.capture() as caught:
            self.out.print(table)
        sys.stdout.write("".join(line.rstrip() + "\n" for line in caught.get().splitlines()))

    def fits(self, table: Table) -> bool:
        """Whether nothing of a table would have to be folded or cut."""
        return self.width_of(table) <= self.out.width

    def width_of(self, table: Table) -> int:
        """What a table would take if there were no end."""
        return Measurement.get(self.out, self.out.options.update(width=_PIPE_WIDTH), table).maximum

    def lines_of(self, table: Table) -> list[Text]:
        """A table line by line."""
        lines = self.out.render_lines(table, self.out.options.update(width=self.width_of(table)))
        return [Text.assemble(*((part.text, part.style or "") for part in line)) for line in lines]

    def say_json(self, value: Any) -> None:
        """Write a result for a program; text stays text in every locale."""
        sys.stdout.write(json.dumps(value, indent=2) + "\n")
        sys.stdout.flush()

    def say_json_line(self, value: Any) -> None:
        """Write one result of many, in a line of its own, at once."""
        sys.stdout.write(json.dumps(value) + "\n")
        sys.stdout.flush()

    def fail(self, failure: Failure) -> None:
        """Write what went wrong: a line, what was tried, and what to do."""
        text = Text.assemble(("pcmio: ", "bold red"), failure.message)
        for detail in failure.details:
            text.append("\n  " + detail.replace("\n", "\n  "), "dim")
        if failure.advice is not None:
            text.append(f"\n  {_glyphs(self.err).arrow} {failure.advice}", "cyan")
        self.err.print(text)


#: What a terminal obeys instead of showing it, or what cannot be written: a name has no say over a terminal.
_UNSEEN = {code: "?" for code in (*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000)) if code != ord("\n")}


class _Console(Console):
    """Writes text as text, whatever is in it."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Segments, of which only rich's own move the cursor."""
        for part in super().render(renderable, options):
            plain = part.control or part.text.isprintable() or part.text == "\n"
            yield part if plain else Segment(part.text.translate(_UNSEEN), part.style)


def _console(terminal: bool, *, stderr: bool) -> Console:  # noqa: FBT001
    columns = os.environ.get("COLUMNS", "")
    width = None  # what rich finds: a terminal's changes while we look
    if not (columns.isdecimal() and int(columns)) and (columns or not terminal):  # 0 would show nothing at all
        width = shutil.get_terminal_size().columns if terminal else _PIPE_WIDTH
    return _Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def _glyphs(console: Console) -> Glyphs:
    glyphs = _UNICODE if console.encoding.lower().startswith("utf") else _ASCII
    # Without colours the part of a bar that is not filled must look different.
    return glyphs._replace(rest=" ") if console.color_system is None or console.no_color else glyphs


def clock(seconds: float, *, tenths: bool = False) -> str:
    """Seconds as people write them: 3:41, 1:02:03, or 0:12.3."""
    whole = int(seconds * 10) / 10 if tenths else int(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(int(minutes), 60)
    last = f"{rest:04.1f}" if tenths else f"{int(rest):02d}"
    return f"{hours}:{minutes:02d}:{last}" if hours else f"{minutes}:{last}"


def counted(count: int, word: str) -> str:
    """``no xruns``, ``1 xrun``, ``2 xruns``."""
    return f"{count or 'no'} {word}{'' if count == 1 else 's'}"
