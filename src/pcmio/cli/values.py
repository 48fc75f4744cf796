"""What may follow an option."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click
from click.types import StringParamType

if TYPE_CHECKING:
    from typing import Any

#: More seconds are longer than a century: a slip of the finger.
_MOST = 4e9


class Number(click.FloatRange):
    """A number in a range, and really one: click lets ``nan`` through, and ``inf`` where there is no upper end."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number.

        Raises:
            click.BadParameter: It is none, or out of range.
        """
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number) or abs(number) > _MOST:
            self.fail(f"{value!r} is not a number to go by", param, ctx)
        return number


class _Word(StringParamType):
    """Text that is not empty: who gives nothing has a variable that is not set, and does not mean the default."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text as it is.

        Raises:
            click.BadParameter: It is empty.
        """
        text = str(value)
        if not text.strip():
            self.fail("it is empty; leave it out, or say which", param, ctx)
        return text


WORD = _Word()
#: How long something lasts.
SECONDS = Number(min=0, min_open=True)
