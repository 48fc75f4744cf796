"""How shells ask for completions and get them: click's ways, mended for ids with colons, commas and blanks."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from click.shell_completion import BashComplete, FishComplete, ZshComplete, split_arg_string

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from click.shell_completion import CompletionItem

    # Its type parameter is new in click 8.2, and tells nothing here.
    Item: TypeAlias = "CompletionItem[Any]"

# bash has split the words at colons and equals signs, and puts what it gets in place of the last piece.  So it is the
# line that is looked at, and whoever answers is told where bash splits.
_BASH = """\
%(complete_func)s() {
    local type value
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            file) compopt -o default ;;
            dir) compopt -o dirnames ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(COMP_WORDS="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS=$COMP_WORDBREAKS \\
        %(complete_var)s=bash_complete "$1")
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""
_SAFE = frozenset("_.,:=@%+/-")


class Bash(BashComplete):
    """Replies as readline puts them into the line."""

    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is begun, and that one."""
        line = os.environ["COMP_WORDS"]
        begin, _, _ = _last_word(line)
        return split_arg_string(line[:begin])[1:], _plain(line[begin:])

    def format_completion(self, item: Item) -> str:
        """One reply, as the script wants it."""
        return f"{item.type},{item.value if item.type != 'plain' else self._reply(item.value)}"

    def complete(self) -> str:
        """All replies, line by line."""
        lines = super().complete().splitlines()
        return "\n".join(line for line in lines if line != "plain,")

    @staticmethod
    def _reply(value: str) -> str:
        """What takes the place of the piece of the word that readline sees; nothing where the rest would not fit."""
        line = os.environ["COMP_WORDS"]
        begin, piece, quoted = _last_word(line, os.environ.get("COMP_WORDBREAKS", ""))
        value = _with_option(line[begin:], value)
        kept = _plain(line[begin:piece])
        if not value.casefold().startswith(kept.casefold()):
            return ""
        rest = value[len(kept) :]
        return rest if quoted or all(sign.isalnum() or sign in _SAFE for sign in rest) else shlex.quote(rest)


def _with_option(word: str, value: str) -> str:
    """A value as it follows ``--option=``, which click has taken off; else as it is."""
    option, equals, _ = word.partition("=")
    return f"{option}={value}" if equals and option.startswith("--") else value


def _plain(word: str) -> str:
    """A word without its quotes, which need not be closed."""
    return "".join(split_arg_string(word))


def _last_word(line: str, breaks: str = "") -> tuple[int, int, bool]:
    """Where the last word begins, where what readline sees of it does, and whether that is within quotes."""
    begin = piece = 0
    quote = ""
    escaped = False
    for at, sign in enumerate(line):
        if escaped:
            escaped = False
        elif sign == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote, piece = sign, at + 1
        elif sign.isspace():
            begin = piece = at + 1
        elif sign in breaks:
            piece = at + 1
    return begin, piece if quote or piece > begin else begin, bool(quote)


class Zsh(ZshComplete):
    """With one line for each part of an answer, and colons that do not end a value."""

    def format_completion(self, item: Item) -> str:
        """One reply, as the script wants it."""
        told = " ".join((item.help or "").split()) or "_"
        value = _with_option(self.get_completion_args()[1], item.value) if item.type == "plain" else item.value
        if told != "_":
            value = value.replace("\\", "\\\\").replace(":", "\\:")
        return f"{item.type}\n{value}\n{told}"


class Fish(FishComplete):
    """Values may have commas."""

    source_template = FishComplete.source_template.replace('string split "," ', 'string split --max 1 "," ')

    def format_completion(self, item: Item) -> str:
        """One reply, as the script wants it."""
        told = " ".join((item.help or "").split())
        value = _with_option(self.get_completion_args()[1], item.value) if item.type == "plain" else item.value
        return f"{item.type},{value}" + (f"\t{told}" if told else "")
