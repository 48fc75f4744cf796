"""Code in the documentation is run, on the Null host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pcmio

ROOT = Path(__file__).parents[2]
SRC = Path(pcmio.__file__).parent.parent
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
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


def test_the_example_of_the_readme_is_short() -> None:
    (block,) = BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    code = [line for line in block.splitlines() if line.strip() and not line.startswith(("import", "#"))]
    assert len(code) <= 8
