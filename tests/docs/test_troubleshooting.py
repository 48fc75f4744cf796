"""Whoever looks for an error by its name or by its text finds it, and what is quoted there is what pcmio says."""

from __future__ import annotations

import ast
import errno
import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pcmio

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"
SOURCE = Path(pcmio.__file__).parent
GAP = "\0"


def sections() -> dict[str, str]:
    """What the page says of each error."""
    text = PAGE.read_text(encoding="utf-8").partition("\n## By what an error says\n")[2].partition("\n## ")[0]
    parts = re.split(r"^### (\w+)$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def texts_in(tree: ast.AST) -> Iterator[str]:
    """Each text of a program, with a gap where something is put in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@cache
def told() -> str:
    """All that pcmio and the system may say."""
    programs = [path.read_text(encoding="utf-8") for path in sorted(SOURCE.rglob("*.py"))]
    said = [text for program in programs for text in texts_in(ast.parse(program))]
    return "\n".join([*said, *map(os.strerror, errno.errorcode)])


def quotes() -> list[str]:
    """What stands between quotation marks; those in code, as ``realtime="require"``, are none."""
    texts = [re.sub(r"`[^`]*`", "", " ".join(text.split())) for text in sections().values()]
    return [quote for text in texts for quote in re.findall(r'"([^"]+)"', text)]


def test_every_error_has_its_place() -> None:
    public = [getattr(pcmio, name) for name in pcmio.__all__]
    errors = {each.__name__ for each in public if isinstance(each, type) and issubclass(each, pcmio.AudioError)}
    assert set(sections()) == errors - {"AudioError"} | {"ResourceWarning"}


@pytest.mark.parametrize("quote", quotes())
def test_what_is_quoted_is_what_is_said(quote: str) -> None:
    gap = f"[^\n{GAP}]*{GAP}[^\n{GAP}]*"
    wanted = gap.join(re.escape(part.strip()) for part in re.split(r"\.\.\.", quote))
    assert re.search(wanted, told()), f"no error says {quote!r}"
