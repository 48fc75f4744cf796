"""Code in the documentation is run, on the Null host."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

import pcmio

ROOT = Path(__file__).parents[2]
SRC = Path(pcmio.__file__).parent.parent
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Columns that fit into docs/site/static/pcmio.css's width of a page.
WIDEST = 100
PAGES = [
    page
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if BLOCK.search(page.read_text("utf-8"))
]


def run(program: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PCMIO_HOST": "null", "PYTHONPATH": str(SRC)}
    command = [sys.executable, "-W", "error", *program]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_blocks_of_a_page_run_one_after_the_other(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    # Blank lines before each block, so that a traceback names the page's own line.
    program, line = "", 1
    for block in BLOCK.finditer(text):
        begin = text[: block.start(1)].count("\n") + 1
        program += "\n" * (begin - line) + block[1]
        line = begin + block[1].count("\n")
    script = tmp_path / f"{page.stem}_page.py"  # not asyncio.py, which would be imported
    script.write_text(program, encoding="utf-8")
    ran = run([str(script)], tmp_path)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr


def test_the_examples_of_the_readme_are_short() -> None:
    first, second = BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len([line for line in first.splitlines() if line.strip()]) <= 5
    code = [line for line in second.splitlines() if line.strip() and not line.startswith(("import", "#"))]
    assert len(code) <= 8


def test_code_in_pages_is_no_wider_than_the_site() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "examples" / "README.md"]
    for page in pages:
        fenced = indented = False
        lines = page.read_text(encoding="utf-8").splitlines()
        for number, (before, line) in enumerate(pairwise(["", *lines]), 1):
            fenced ^= line.startswith("```")
            # Else a list's item goes on.
            indented = line.startswith("    ") and (indented or not before)
            if fenced or indented:
                assert len(line) <= WIDEST, f"{page.name}, line {number}, is cut on the site"


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "coming-from").glob("*.md")), ids=lambda page: page.stem)
def test_what_others_do_is_python_and_stands_beside_ours(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```py\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        ast.parse(block)
    # Under each heading that has any: theirs, and then ours.
    for part in re.split(r"^## ", text, flags=re.MULTILINE):
        languages = re.findall(r"^```(\w+)$", part, re.MULTILINE)
        assert languages in ([], ["py", "python"], ["rust", "python"]), part
