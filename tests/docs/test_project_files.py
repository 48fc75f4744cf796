"""What the hosting site reads: forms and workflows that are well formed, and name what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FORMS = sorted((ROOT / ".github").rglob("*.yml"))

pytestmark = pytest.mark.skipif(not FORMS, reason="an sdist does not ship .github")


def test_workflows_run_sessions_and_files_that_there_are() -> None:
    found = re.findall(r"^@nox\.session(.*)\ndef (\w+)", (ROOT / "noxfile.py").read_text("utf-8"), re.MULTILINE)
    sessions = {name for _, name in found}
    text = "\n".join(path.read_text("utf-8") for path in (ROOT / ".github" / "workflows").glob("*.yml"))
    (matrix,) = re.findall(r"session: \[(.*)\]", text)
    named = {*matrix.split(", "), *re.findall(r"(?:tools/test|nox) -s (\w+)", text)}
    assert named <= sessions
    # Whatever CI runs by default runs there too.
    assert {name for tags, name in found if tags} <= named
    # And tools/test, which runs them tag by tag.
    (default,) = re.findall(r"nox.options.tags = \[(.*)\]", (ROOT / "noxfile.py").read_text("utf-8"))
    tags = set(re.findall(r'"(\w+)"', default))
    assert {tag for text, _ in found for tag in re.findall(r'"(\w+)"', text)} == tags
    assert set(re.findall(r"--tags (\w+)", (ROOT / "tools" / "test").read_text("utf-8"))) == tags
    for example in re.findall(r"examples/\w+\.py", text):
        assert (ROOT / example).exists()


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_pages_and_programs_that_a_form_names_exist(path: Path) -> None:
    for name in re.findall(r"(?<![\w/])(?:docs|examples|tools)/[\w./-]*\w", path.read_text("utf-8")):
        assert (ROOT / name).exists(), f"{path.name} names {name}"
