"""What the doctor finds, and how it is told without telling who the user is."""

from __future__ import annotations

import os
import re
import socket
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pcmio.cli.doctor.machine import own_uid

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class State(Enum):
    """How a finding is meant."""

    OK = "ok"
    NOTE = "note"  # so it is, and that is neither good nor bad
    HINT = "hint"  # sound may be better, or a thing works otherwise than one might think
    PROBLEM = "problem"  # something does not work

    def __str__(self) -> str:
        return self.value


class Finding(NamedTuple):
    """One thing that was looked at.

    Attributes:
        topic: Heading.
        state: Whether it is well.
        text: What was found, in a line.
        details: More of it, line by line.
        advice: What to do about it, or None.
        commands: What to type for that.
        facts: The same for a program.
    """

    topic: str
    state: State
    text: str
    details: tuple[str, ...] = ()
    advice: str | None = None
    commands: tuple[str, ...] = ()
    facts: dict[str, Any] = {}  # noqa: RUF012 - never changed

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {**self._asdict(), "state": str(self.state)}


_ADDRESS = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{2}(?:[:_-][0-9A-Fa-f]{2}){5}(?![0-9A-Za-z])")
#: What udev writes behind maker and product in the name of a USB device, as ``usb-Maker_Product_12AB34CD-00``.
_SERIAL = re.compile(r"(usb-[^\s/]*_)(?=[0-9A-Za-z]*[0-9])[0-9A-Za-z]{6,}(?=-[0-9]{2}(?![0-9A-Za-z]))")
#: Another machine, as PULSE_SERVER and client.conf name it; this one, by its loop, tells nothing.
_SERVER = re.compile(r"(?<!\w)(tcp[46]?:)(?!localhost\b|127\.|\[::1\])(?:\[[^\]\s]*\]|[^\s:\[]+)")
#: The number of a machine (/etc/machine-id), before an address that is for that one alone.
_MACHINE_ID = re.compile(r"\{[0-9a-f]{32}\}")
#: Names that many have, or that are words of ours: they tell of nobody, and taken out they would spoil what is said.
_NOBODYS = {
    *(
        "root",
        "localhost",
        "user",
        "users",
        "machine",
        "host",
        "group",
        "server",
        "desktop",
        "laptop",
        "computer",
        "pc",
    ),
    *("linux", "debian", "ubuntu", "fedora", "arch", "raspberrypi", "docker", "container", "runner", "test", "kernel"),
    *(
        "audio",
        "sound",
        "music",
        "studio",
        "card",
        "cards",
        "device",
        "devices",
        "default",
        "input",
        "output",
        "playback",
    ),
    *(
        "pcmio",
        "alsa",
        "jack",
        "pipewire",
        "pulse",
        "pulseaudio",
        "null",
        "rtkit",
        "python",
        "play",
        "record",
        "stream",
    ),
}


class Veil:
    """Takes out of texts what tells whose machine it is: home, the names of user and machine, addresses, serials."""

    def __init__(self, replaced: Iterable[tuple[str, str]], words: Iterable[tuple[str, str]]) -> None:
        self._paths = sorted(((old, new) for old, new in replaced if len(old) > 1), key=lambda pair: -len(pair[0]))
        self._words = [
            (re.compile(rf"(?<!\w){re.escape(old)}(?!\w)", re.IGNORECASE), new)
            for old, new in words
            if old and old.lower() not in _NOBODYS
        ]

    @classmethod
    def of_this_process(cls) -> Veil:
        """For who runs this, on this machine."""
        paths = [(_home(), "~"), (os.environ.get("XDG_RUNTIME_DIR", ""), "$XDG_RUNTIME_DIR")]
        machine = socket.gethostname()
        names = {os.environ.get(name, "") for name in ("USER", "LOGNAME", "USERNAME", "SUDO_USER")} | {_account_name()}
        words = [(name, "USER") for name in names] + [(machine, "MACHINE"), (machine.partition(".")[0], "MACHINE")]
        words += [(name, "SERVER") for name in _bare_names(os.environ.get("PULSE_SERVER", ""))]
        return cls([*paths, (os.environ.get("HOME", ""), "~")], words)

    def text(self, text: str) -> str:
        """The same text, with nothing private in it."""
        for old, new in self._paths:
            text = text.replace(old, new)
        for pattern, new in self._words:
            text = pattern.sub(new, text)
        text = _MACHINE_ID.sub("{ID}", _SERVER.sub(r"\1SERVER", text))
        return _SERIAL.sub(r"\1SERIAL", _ADDRESS.sub("ADDRESS", text))

    def anything(self, value: Any) -> Any:
        """The same value with all of its texts veiled; the names of its fields are ours, and stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.anything(one) for key, one in value.items()}  # pyright: ignore[reportUnknownVariableType]
        if isinstance(value, (list, tuple)):
            return [self.anything(one) for one in value]  # pyright: ignore[reportUnknownVariableType]
        return value

    def finding(self, finding: Finding) -> Finding:
        """The same finding, veiled."""
        return finding._replace(
            text=self.text(finding.text),
            details=tuple(map(self.text, finding.details)),
            advice=None if finding.advice is None else self.text(finding.advice),
            facts=self.anything(finding.facts),
        )


def _bare_names(servers: str) -> list[str]:
    """Machines in a list of PulseAudio's servers that stand there by their name, or their number, alone."""
    addresses = [_MACHINE_ID.sub("", one) for one in servers.split()]
    others = ("/", "unix:", "tcp:", "tcp4:", "tcp6:", "127.", "[::1]")
    named = [one for one in addresses if not one.startswith(others)]
    return [one[1:].partition("]")[0] if one.startswith("[") else one.partition(":")[0] for one in named]


def _home() -> str:
    try:
        return str(Path.home())
    except RuntimeError:  # a user without an entry, and without HOME
        return ""


def _account_name() -> str:
    try:
        pwd: Any = import_module("pwd")
        return str(pwd.getpwuid(own_uid()).pw_name)
    except (ImportError, KeyError):  # another system; a user without an entry
        return ""
