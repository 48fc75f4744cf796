"""Every public name has its place in the documentation, and says itself what it is."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

import pcmio

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


@pytest.mark.parametrize("name", pcmio.__all__)
def test_a_public_name_is_in_the_documentation(name: str) -> None:
    assert re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", TEXT), f"{name} is in none of the pages"


@pytest.mark.parametrize("name", pcmio.__all__)
def test_a_public_name_has_a_docstring(name: str) -> None:
    value = getattr(pcmio, name)
    if isinstance(value, (int, tuple)):
        return  # numbers have none of their own
    assert not isinstance(value, ModuleType)
    assert (value.__doc__ or "").strip(), f"{name} has no docstring"


@pytest.mark.parametrize("name", pcmio.__all__)
def test_a_public_name_has_its_place_in_the_reference(name: str) -> None:
    value = getattr(pcmio, name)
    if isinstance(value, type) and issubclass(value, (pcmio.AudioError, pcmio.StreamEvent, pcmio.HostEvent)):
        return  # whole families are listed there by themselves
    assert f'"{name}"' in (ROOT / "docs" / "conf.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("event", [each.__name__ for each in pcmio.StreamEvent.__subclasses__()])
def test_every_event_is_in_the_table_of_events(event: str) -> None:
    page = (ROOT / "docs" / "streams.md").read_text(encoding="utf-8")
    assert re.search(rf"`{event}\(", page)


@pytest.mark.parametrize("event", [each.__name__ for each in pcmio.HostEvent.__subclasses__()])
def test_every_event_of_a_watch_is_in_its_table(event: str) -> None:
    page = (ROOT / "docs" / "watching.md").read_text(encoding="utf-8")
    assert re.search(rf"`{event}\(", page)


def test_every_error_is_in_the_tree_of_errors_under_its_parents() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    tree = {}
    for line in page.splitlines():
        found = re.match(r"    (│   )?[├└]── (\w+)(?: +(\w+))?", line)
        if found:
            tree[found[2]] = (bool(found[1]), found[3])
    known = [each for name in pcmio.__all__ if _is_error(each := getattr(pcmio, name)) and each is not pcmio.AudioError]
    assert set(tree) == {each.__name__ for each in known}
    for error in known:
        nested, builtin = tree[error.__name__]
        assert nested == (error.__mro__[1] is not pcmio.AudioError)
        if not nested:
            assert error.__bases__ == (pcmio.AudioError, getattr(__builtins__, builtin, None) or _builtin(builtin))


def _is_error(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, pcmio.AudioError)


def _builtin(name: str | None) -> object:
    import builtins

    return getattr(builtins, str(name))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]*)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if target and "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
