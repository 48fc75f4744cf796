"""Shells on a terminal of their own, in which something is typed."""

from __future__ import annotations

import os
import pty
import re
import select
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SECONDS = 30.0

#: A ``pcmio`` whose machine has the devices of a test.
PROGRAM = f"""#!{sys.executable}
import sys
from pcmio.cli import completion, main
from pcmio.hosts.null import NullDeviceSpec, NullKind, open_host
from pcmio.hosts.null.options import USUAL_DEVICES

more = [NullDeviceSpec(name, NullKind.SINK) for name in ("hw:CARD=PCH,DEV=0", "hw:CARD=PCH,DEV=3", "My Synth")]
completion.host = lambda _name: open_host(devices=[*USUAL_DEVICES, *more])
sys.exit(main())
"""


class Shell(NamedTuple):
    """How to start one, and what it is told first; ``show`` writes its arguments."""

    command: tuple[str, ...]
    beginning: str


SHELLS = {
    "bash": Shell(
        ("bash", "--norc", "--noprofile", "-i"),
        "show() { printf '[[%s]]' \"$@\"; echo '<e''nd>'; }; eval \"$(pcmio completion bash)\"",
    ),
    "zsh": Shell(
        ("zsh", "-f", "-i"),
        "show() { printf '[[%s]]' \"$@\"; echo '<e''nd>' }; autoload -U compinit; compinit -u; "
        'eval "$(pcmio completion zsh)"',
    ),
    "fish": Shell(
        ("fish", "--no-config", "-i"),
        "function show; printf '[[%s]]' $argv; echo '<e''nd>'; end; pcmio completion fish | source",
    ),
}


def machine(folder: Path, env: dict[str, str]) -> dict[str, str]:
    """Have ``pcmio`` in a folder, and a file to play; the environment in which it is found."""
    programs = folder / "programs"
    programs.mkdir()
    (programs / "pcmio").write_text(PROGRAM)
    (programs / "pcmio").chmod(0o755)
    (folder / "my take.wav").touch()
    return {**env, "PATH": f"{programs}:{os.defpath}", "TERM": "dumb", "PS1": "$ "}


def typed(shell: Shell, texts: Sequence[str], folder: Path, env: dict[str, str]) -> list[list[str]]:
    """What the shell hands to a program when a line was typed and Tab was pressed at its end; for each line."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.execvpe(shell.command[0], shell.command, env)
    try:
        os.write(terminal, f"{shell.beginning}\necho rea''dy\n".encode())
        _until(terminal, rb"ready\r?\n")
        return [_typed(terminal, text) for text in texts]
    finally:
        os.close(terminal)  # which hangs up
        with suppress(ChildProcessError):
            os.waitpid(process, 0)


def _typed(terminal: int, text: str) -> list[str]:
    # Tab, then to the line's beginning (Ctrl-A).
    os.write(terminal, f"{text}\t\x01show \n".encode())
    seen = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", _until(terminal, rb"<end>\r?\n"))
    return re.findall(r"\[\[(.*?)\]\]", seen.decode())


def _until(terminal: int, pattern: bytes) -> bytes:
    seen = b""
    end = time.monotonic() + SECONDS
    while not re.search(pattern, seen):
        assert select.select([terminal], [], [], end - time.monotonic())[0], f"no {pattern!r} in {seen!r}"
        seen += os.read(terminal, 65_536)
    return seen
