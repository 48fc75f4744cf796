"""A JACK server on its dummy driver, with a name of its own; and a client that loops what it is played.

Neither hardware, D-Bus nor a configuration of the user's is looked for.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path

from .processes import Process

LOOP_SOURCE = Path(__file__).with_name("jack_loop.c")
KILL = 9
#: Where jackd2 has its sockets, and who has a server; compiled in.
_SOCKETS = Path("/dev/shm")
_REGISTRY = _SOCKETS / "jack-shm-registry"
#: In jackd2's shm.h 1.9.21: a header of six words, then eight times a process and a name.
_PLACES, _PLACES_AT, _PLACE = 8, 24, struct.Struct("=i260s")


def realtime_is_allowed() -> bool:
    """Whether this user may have real-time threads."""
    if sys.platform != "linux":
        return False
    before, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        return False
    os.sched_setscheduler(0, before, parameters)
    return True


def _is_running(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


def _left_behind() -> list[str]:
    """Servers that were killed, and whose tests are gone too: they keep their places.

    jackd2 1.9.21 gives the place of a dead server to one of the same name only, and has eight for a whole machine.
    """
    registry = _REGISTRY.read_bytes() if _REGISTRY.exists() else b""
    found: list[str] = []
    for number in range(_PLACES if len(registry) >= _PLACES_AT + _PLACES * _PLACE.size else 0):
        server, prefix = _PLACE.unpack_from(registry, _PLACES_AT + number * _PLACE.size)
        name = prefix.split(b"\0")[0].decode().rstrip(":").rpartition(":")[2]
        project, _, rest = name.partition("-")
        test = rest.partition("-")[0]
        if project == "pcmio" and test.isdecimal() and not _is_running(server) and not _is_running(int(test)):
            found.append(name)
    return found


def _with_its_parent() -> tuple[str, ...]:
    """A server left over by a test that crashed would take one of the eight places that jackd2 has on a machine."""
    return ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()


class JackServer:
    """jackd, and what can be done to it."""

    def __init__(
        self,
        directory: Path,
        *,
        rate: int = 48_000,
        period: int = 128,
        playback: int = 2,
        capture: int = 2,
        waits: bool = False,
        realtime: bool | None = None,
        name: str | None = None,
        driver: tuple[str, ...] | None = None,
    ) -> None:
        """Describe it.

        Args:
            directory: Temporary, for its log.
            rate: Frames per second.
            period: Frames.
            playback: Physical ports that play.
            capture: Physical ports that record.
            waits: A late client makes the whole server late (jackd -S), instead of missing a cycle.
            realtime: None: as this user may.
            name: None: one that no other has.
            driver: Name and options of another driver than "dummy", for which what is said of ports and time is moot.
        """
        self.name = name or f"pcmio-{os.getpid()}-{secrets.token_hex(3)}"
        self.realtime = realtime_is_allowed() if realtime is None else realtime
        self.env = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("JACK_", "DBUS_"))},
            "HOME": str(directory),
            "JACK_NO_AUDIO_RESERVATION": "1",
            "JACK_DEFAULT_SERVER": self.name,
            "LC_ALL": "C.UTF-8",
        }
        command = (
            *_with_its_parent(),
            *("jackd", "-n", self.name, "-R" if self.realtime else "-r", *(["-S"] if waits else [])),
            "-d",
            *(driver or ("dummy", "-r", str(rate), "-p", str(period), "-P", str(playback), "-C", str(capture))),
        )
        self.process = Process(command, self.env, directory / f"{self.name}.log")

    def _answers(self) -> bool:
        if sys.platform != "linux":
            raise NotImplementedError("where a server has its socket is known of Linux only")
        path = _SOCKETS / f"jack_{self.name}_{os.getuid()}_0"
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(path)) == 0

    def start(self) -> None:
        """Start it; again, after it was ended."""
        for name in _left_behind():
            heir = JackServer(self.process.log.parent, name=name)
            with contextlib.suppress(AssertionError):  # another program's test was quicker
                heir.process.start(heir._answers)
            heir.stop()
        self.process.start(self._answers)

    def stop(self) -> None:
        """End it in good order."""
        self.process.stop()

    def kill(self, number: int = KILL) -> None:
        """End it with a signal."""
        self.process.kill(number)

    def ports(self) -> dict[str, list[str]]:
        """Every port and what it is connected to, as jack_lsp sees them: another client than the one under test."""
        found: dict[str, list[str]] = {}
        for line in self._run("jack_lsp", "-c").splitlines():
            if line.startswith(" "):
                found[next(reversed(found))].append(line.strip())
            else:
                found[line.strip()] = []
        return found

    def set_period(self, frames: int) -> None:
        """Have it move ``frames`` frames at a time from now on."""
        self._run("jack_bufsize", str(frames))

    def freewheel(self, *, on: bool) -> None:
        """Have it run as fast as it can, or keep time again."""
        self._run("jack_freewheel", "y" if on else "n")

    def _run(self, *command: str) -> str:
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=20, check=False)
        # jack_bufsize's result says nothing in jackd2's tools 1.9.21: it returns 1 for success.
        assert done.returncode in {0, 1}, f"{command}: {done.stderr}"
        return done.stdout


class JackLoop:
    """A client with physical ports: what is played to ``loop:playback_n`` is recorded from ``loop:capture_n``."""

    def __init__(self, server: JackServer, directory: Path, channels: int, name: str = "loop") -> None:
        self.name = name
        program = directory / "jack_loop"
        if not program.exists():
            build = [os.environ.get("CC", "cc"), "-std=c11", "-O2", str(LOOP_SOURCE), "-o", str(program), "-ldl"]
            subprocess.run(build, check=True, timeout=60)
        self._server = server
        self.process = Process((str(program), server.name, str(channels), name), server.env, directory / f"{name}.log")

    def start(self) -> None:
        """Start it; again, after its server was ended."""
        self.process.start(self._is_there)

    def _is_there(self) -> bool:
        return "ready" in self.process.log.read_text(errors="replace")

    def stop(self) -> None:
        """End it."""
        self.process.stop()
        self.process.log.unlink(missing_ok=True)
