"""Where the doctor looks: files of the system, the environment, and what the system says of this process.

Paths are those of the system; tests put a directory of their own in place of its root.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any


class Process(NamedTuple):
    """A program that runs.

    Attributes:
        pid: Its number.
        name: Of its program, at most 15 characters.
        uid: Whose it is, or None where that is not told.
        session: Where systemd has it: "the user's services", "login session 3", "the system's services", or "".
    """

    pid: int
    name: str
    uid: int | None
    session: str


class Machine:
    """This machine, or what a test makes of it.

    Attributes:
        env: The environment.
        uid: Who runs this, or None where there are no such numbers.
        groups: The groups of this process.
        group_ids: Every group's number by its name.
    """

    def __init__(
        self,
        root: str = "/",
        env: Mapping[str, str] | None = None,
        *,
        uid: int | None = None,
        groups: tuple[int, ...] | None = None,
        group_ids: Mapping[str, int] | None = None,
    ) -> None:
        self._root = Path(root)
        self.env = os.environ if env is None else env
        self.uid = own_uid() if uid is None else uid
        self.groups = _groups() if groups is None else groups
        self.group_ids = _group_ids() if group_ids is None else group_ids

    def path(self, path: str) -> Path:
        """Where a file of the system is."""
        return self._root / path.lstrip("/")

    def text(self, path: str) -> str | None:
        """What a file says, or None where it is not, or not for us."""
        try:
            return self.path(path).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return None

    def names(self, path: str) -> list[str]:
        """Names in a directory, sorted; none where it is not."""
        try:
            return sorted(entry.name for entry in self.path(path).iterdir())
        except OSError:
            return []

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        try:
            return self.path(path).exists()
        except OSError:  # in a directory that is not for us
            return False

    def may_use(self, path: str) -> bool:
        """Whether this process may read and write a file."""
        return os.access(self.path(path), os.R_OK | os.W_OK)

    def processes(self) -> Iterator[Process]:
        """All programs that can be seen."""
        for name in self.names("/proc"):
            if name.isdigit() and (comm := self.text(f"/proc/{name}/comm")) is not None:
                yield Process(int(name), comm, self._owner(name), _session(self.text(f"/proc/{name}/cgroup") or ""))

    def process(self, number: int) -> Process | None:
        """The program that a process or a thread belongs to; None: it has ended, or cannot be seen."""
        pid = self._status(str(number), "Tgid")
        comm = None if pid is None else self.text(f"/proc/{pid}/comm")
        if pid is None or comm is None:
            return None
        return Process(pid, comm, self._owner(str(pid)), _session(self.text(f"/proc/{pid}/cgroup") or ""))

    def user_of(self, path: str) -> Process | None:
        """The first program that has a file open, of those that one may look into."""
        target = str(self.path(path))
        for pid in self.names("/proc"):
            files = f"/proc/{pid}/fd"
            if pid.isdigit() and any(self._link(f"{files}/{name}") == target for name in self.names(files)):
                return self.process(int(pid))
        return None

    def _link(self, path: str) -> str | None:
        try:
            return str(self.path(path).readlink())
        except OSError:
            return None

    def _owner(self, pid: str) -> int | None:
        return self._status(pid, "Uid")

    def _status(self, pid: str, wanted: str) -> int | None:
        """The first number of a line of a process's status."""
        for line in (self.text(f"/proc/{pid}/status") or "").splitlines():
            key, _, value = line.partition(":")
            numbers = value.split()
            if key == wanted and numbers:
                return int(numbers[0])
        return None

    def group_of(self, path: str) -> str | None:
        """The group that a file belongs to; None: there is no such file, or that group has no name here."""
        try:
            number = self.path(path).stat().st_gid
        except OSError:
            return None
        return next((name for name, one in self.group_ids.items() if one == number), None)

    def in_group(self, name: str) -> bool | None:
        """Whether this process is of the group; None: there is no such group."""
        number = self.group_ids.get(name)
        return None if number is None else number in self.groups


def _session(cgroup: str) -> str:
    """What systemd calls the place of a process, from its control group, without the user's number."""
    for part in reversed(cgroup.replace("\n", "/").split("/")):
        if part.startswith("session-") and part.endswith(".scope"):
            return f"login session {part[len('session-') : -len('.scope')]}"
        if part.startswith("user@") and part.endswith(".service"):
            return "the user's services"
        if part == "system.slice":
            return "the system's services"
    return ""


def own_uid() -> int | None:
    """Who runs this, or None where users have no numbers."""
    system: Any = os
    return int(system.geteuid()) if hasattr(system, "geteuid") else None


def _groups() -> tuple[int, ...]:
    system: Any = os
    return (int(system.getegid()), *map(int, system.getgroups())) if hasattr(system, "getgroups") else ()


def _group_ids() -> dict[str, int]:
    try:
        grp: Any = import_module("grp")
    except ImportError:  # Windows
        return {}
    return {str(entry.gr_name): int(entry.gr_gid) for entry in grp.getgrall()}
