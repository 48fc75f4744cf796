"""Two machines on a network: two of Linux's network namespaces, with a cable between them.

Everything else is shared, the file system with its sockets too.  So a test can speak to both servers from where it is,
and only what the servers say to each other, and programs started by ``on``, goes over the cable.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from typing_extensions import Self

    from .processes import Process


def can_be_made() -> bool:
    """Whether this user may make networks: root, outside of a container that forbids it."""
    tools = shutil.which("ip") and shutil.which("unshare")
    return (
        bool(tools) and subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode == 0
    )


class Machine:
    """One end of the cable."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address

    def on(self, command: Sequence[str]) -> list[str]:
        """How a program is run here."""
        return ["ip", "netns", "exec", self.name, *command]

    def move(self, process: Process) -> None:
        """Have a server that is not started yet run here."""
        process.command = self.on(process.command)


class TwoMachines:
    """A context manager that makes them, and takes them away."""

    def __init__(self) -> None:
        name = f"pcmio-{os.getpid()}-{secrets.token_hex(2)}"
        self.left = Machine(f"{name}-l", "10.77.0.1")
        self.right = Machine(f"{name}-r", "10.77.0.2")

    def __enter__(self) -> Self:
        try:
            for machine in (self.left, self.right):
                _ip("netns", "add", machine.name)
            _ip(
                *("link", "add", "cable", "netns", self.left.name, "type", "veth"),
                *("peer", "name", "cable", "netns", self.right.name),
            )
            for machine in (self.left, self.right):
                _ip("-n", machine.name, "address", "add", f"{machine.address}/24", "dev", "cable")
                for link in ("lo", "cable"):
                    _ip("-n", machine.name, "link", "set", link, "up")
                # Announcements go to groups, and no address says which way that is.
                _ip("-n", machine.name, "route", "add", "224.0.0.0/4", "dev", "cable")
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._remove()

    def _remove(self) -> None:
        for machine in (self.left, self.right):
            subprocess.run(["ip", "netns", "delete", machine.name], capture_output=True, check=False)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"
