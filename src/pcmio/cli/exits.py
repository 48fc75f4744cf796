"""How a command ends: exit codes, and what is said when it fails."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import click

from pcmio.errors import (
    AudioError,
    DeviceLost,
    DeviceNotAvailable,
    HostDisconnected,
    HostUnavailable,
    InvalidInput,
    PermissionDenied,
)


class ExitCode(IntEnum):
    """What the shell gets; the numbers are promised."""

    OK = 0
    AUDIO = 1
    USAGE = 2
    NO_SERVER = 3
    NO_DEVICE = 4
    NO_PERMISSION = 5
    FILE = 6
    INTERRUPTED = 130


#: For ``--help``.
MEANINGS = {
    ExitCode.OK: "all went well",
    ExitCode.AUDIO: "any other audio error",
    ExitCode.USAGE: "the command line is wrong",
    ExitCode.NO_SERVER: "no audio system answers",
    ExitCode.NO_DEVICE: "no such device, or it was unplugged",
    ExitCode.NO_PERMISSION: "the system says no",
    ExitCode.FILE: "a file cannot be read or written",
    ExitCode.INTERRUPTED: "stopped by Ctrl-C",
}

_CODES: tuple[tuple[type[Exception], ExitCode], ...] = (
    (InvalidInput, ExitCode.USAGE),
    (HostUnavailable, ExitCode.NO_SERVER),
    (DeviceNotAvailable, ExitCode.NO_DEVICE),
    (PermissionDenied, ExitCode.NO_PERMISSION),
)

#: What to do, where the library speaks to programs of streams.
_INSTEAD: tuple[tuple[type[Exception], str], ...] = (
    (HostDisconnected, "start it again, and then this; pcmio doctor looks for what is wrong"),
    (DeviceLost, "connect it again, or name another: pcmio devices lists them"),
)

#: The same, where it speaks of what programs write.
_PHRASES = (
    ("see host.devices()", "pcmio devices lists them"),
    ("see device.supported_output_configs() and supported_input_configs()", "pcmio info tells what it has"),
    ("enumerate again and build a new stream", "look for it with pcmio devices, and start this again"),
    ("build a new stream", "start this again"),
    ("PIPEWIRE_REMOTE, XDG_RUNTIME_DIR and the option remote=", "PIPEWIRE_REMOTE and XDG_RUNTIME_DIR"),
    (" and the option server=", ""),
    (", or pass start_server=True", ""),
    ("; give a slow one more time with the option timeout=", ""),
    ("depth=", "--depth"),
)


def shown_name(name: str) -> str:
    """A name as it can be written in a line: what is no sign to be seen, or no Unicode, is a question mark."""
    return "".join(sign if sign.isprintable() else "?" for sign in name)


class FileProblem(Exception):  # noqa: N818 - not the library's
    """A file cannot be read or written.

    Attributes:
        message: What is the matter with it.
        advice: What to do about it, or None.
    """

    def __init__(self, message: str, advice: str | None = None) -> None:
        self.message = shown_name(message)
        super().__init__(self.message)
        self.advice = advice

    @classmethod
    def of(cls, path: str, error: OSError) -> FileProblem:
        """What the operating system said of ``path``."""
        return cls(f"{path}: {error.strerror or error}")


class Failure(NamedTuple):
    """What the user is told.

    Attributes:
        code: For the shell.
        message: What went wrong, in one line.
        details: What was tried, line by line.
        advice: What to do about it, or None.
    """

    code: ExitCode
    message: str
    details: tuple[str, ...] = ()
    advice: str | None = None


def failure_of(error: AudioError | FileProblem | click.UsageError) -> Failure:
    """What to tell of an error."""
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx is not None else "pcmio"
        return Failure(ExitCode.USAGE, error.format_message(), advice=f"{command} --help tells how")
    if isinstance(error, FileProblem):
        return Failure(ExitCode.FILE, error.message, advice=error.advice)
    code = next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.AUDIO)
    tried = error.tried if isinstance(error, HostUnavailable) else ()
    advice = next((said for kind, said in _INSTEAD if isinstance(error, kind)), error.advice)
    details = tuple(f"{what}: {_for_people(str(why))}" for what, why in tried)
    return Failure(code, one_line(error), details, None if advice is None else _for_people(advice))


def _for_people(text: str) -> str:
    for phrase, instead in _PHRASES:
        text = text.replace(phrase, instead)
    return text


def one_line(error: AudioError) -> str:
    """The error's message with its native call and code, without advice."""
    native = "" if error.call is None else f" [{error.call}{'' if error.code is None else f': {error.code}'}]"
    return f"{error.message}{native}"
