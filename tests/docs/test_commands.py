"""Every ``pcmio`` command that a page has, in code or in the text, is one that there is, with options that it has."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from pcmio.cli.app import group

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), ROOT / "examples" / "README.md"]
#: As one is typed: after a variable of the environment, a pipe or $(; up to a pipe, an arrow or a comment.
TYPED = re.compile(r"(?:^|[|(;&] *|[A-Z_]+=\S+ +)((?:\.\S+/|python -m )?pcmio (?:[^|;&)#>]|<[a-z]+>)*)")


def written() -> list[tuple[str, str]]:
    """Each command, with the page that has it."""
    found: dict[tuple[str, str], None] = {}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"^```(?:sh|text)\n(.*?)^```$|((?:^    [^\n]*\n)+)", text, re.MULTILINE | re.DOTALL)
        lines = [line.strip() for fenced, indented in blocks for line in (fenced or indented).splitlines()]
        for line in [*lines, *spans_of(text)]:
            for command in TYPED.findall(line):
                found[page.relative_to(ROOT).as_posix(), command.strip()] = None
    return list(found)


def spans_of(text: str) -> list[str]:
    """Code within the text of a page."""
    plain = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", plain)]


def words_of(command: str) -> list[str]:
    """What follows pcmio's own name; placeholders in brackets stand for an argument."""
    words = shlex.split(re.sub(r"[][<>]|\.\.\.", "", command))
    return words[words.index("pcmio") + 1 :]


def takes(words: list[str]) -> None:
    """Look whether click can take these words apart; files need not be there.

    Raises:
        click.UsageError: It cannot.
    """
    context = click.Context(group, info_name="pcmio")
    _, rest, _ = group.make_parser(context).parse_args(list(words))
    command = group.get_command(context, rest[0])
    if command is None:
        raise click.UsageError(f"there is no command {rest[0]}")
    inner = click.Context(command, parent=context, info_name=rest[0])
    _, left, _ = command.make_parser(inner).parse_args(rest[1:])
    if left:
        raise click.UsageError(f"there is no argument for {left}")


@pytest.mark.parametrize(("page", "command"), written())
def test_a_command_is_there_with_its_options(page: str, command: str) -> None:
    if command != "pcmio host:device":  # a thread's name
        takes([word.replace("COMMAND", "devices") for word in words_of(command)])


@pytest.mark.parametrize("mistake", ["pcmio pley song.flac", "pcmio play --volumee 1 song.flac", "pcmio hosts 3"])
def test_a_mistake_would_be_seen(mistake: str) -> None:
    with pytest.raises(click.UsageError):
        takes(words_of(mistake))
    assert len(written()) > 50  # none of which it is


def test_options_told_of_on_the_commands_page_are_there() -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    known = {name for command in group.commands.values() for option in command.params for name in option.opts}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", " ".join(spans_of(text))))
    assert named - known <= {"--help"}
