"""Programs that tests start, and end by the id of the process that they started."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

from pcmio.testing import until
from pcmio.testing.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

STOP_SECONDS = 5.0


class Process:
    """A server in the background; what it prints goes to a file."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.command = list(command)
        self.env = dict(env)
        self.log = log
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running program."""
        assert self._running is not None, f"{self.command[0]} is not running"
        return self._running.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._running is not None and self._running.poll() is None

    @property
    def crashed(self) -> bool:
        """Whether it was ended by a fault of its own."""
        return self._running is not None and self._running.poll() == -signal.SIGSEGV

    def start(self, is_ready: Callable[[], bool]) -> None:
        """Start it, and return when it can be used."""
        with self.log.open("ab") as output:
            self._running = subprocess.Popen(
                self.command, env=self.env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.log.parent
            )

        def ready_or_ended() -> bool:
            return not self.running or is_ready()

        try:
            until(ready_or_ended, f"{self.command[0]} to be ready")
            assert self.running, f"{self.command[0]} ended:\n{self.log.read_text(errors='replace')}"
        except BaseException:
            self.stop()
            raise

    def send(self, number: int) -> None:
        """Send it a signal."""
        if self.running and self._running is not None:
            self._running.send_signal(number)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End it with a signal, and return when it has ended."""
        if self._running is not None:
            self.send(number)
            self._running.wait(PATIENCE_SECONDS)

    def stop(self) -> None:
        """End it, by force if need be; harmless when it has ended."""
        if self._running is None:
            return
        self.send(signal.SIGTERM)
        self.send(signal.SIGCONT)
        try:
            self._running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._running.kill()
            self._running.wait(PATIENCE_SECONDS)
