"""A PulseAudio server with null sinks, in a directory of its own.

It finds no hardware, no D-Bus and no configuration of the user's: a script says all that is loaded.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .processes import Process

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class NullSink:
    """A sink that plays into nothing, with a monitor ``name.monitor`` that records it."""

    name: str
    sample_format: str = "float32le"
    sample_rate: int = 48_000
    channels: int = 2
    channel_map: str | None = None
    properties: dict[str, str] = field(default_factory=dict)

    @property
    def arguments(self) -> list[str]:
        """Of module-null-sink."""
        properties = " ".join(f"{key}='{value}'" for key, value in self.properties.items())
        return [
            f"sink_name={self.name}",
            f"format={self.sample_format}",
            f"rate={self.sample_rate}",
            f"channels={self.channels}",
            # A monitor never gets what a rewound sink renders once more: the beginning of each stream would be missing.
            "norewinds=1",
            *([] if self.channel_map is None else [f"channel_map={self.channel_map}"]),
            *([f'sink_properties="{properties}"'] if properties else []),
        ]


class PulseServer:
    """The server, and pactl to bring misfortune upon it."""

    def __init__(self, directory: Path, sinks: Sequence[NullSink], *, tcp_port: int | None = None) -> None:
        self.directory = directory
        self.socket = directory / "native"
        self.tcp_port = tcp_port
        self._cookie = directory / "cookie"
        self._cookie.write_bytes(secrets.token_bytes(256))
        home = directory / "home"
        home.mkdir(exist_ok=True)
        self._script = directory / "script.pa"
        self._script.write_text("\n".join(self._lines(sinks)) + "\n")
        self.env = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("PULSE_", "DBUS_", "XDG_"))},
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home),
            "PULSE_RUNTIME_PATH": str(directory / "runtime"),
            "PULSE_COOKIE": str(self._cookie),
            "LC_ALL": "C.UTF-8",
        }
        command = (
            *("pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--system=false"),
            *("--disable-shm=no", "--log-target=stderr", "--log-level=notice", "-F", str(self._script)),
        )
        self.process = Process(command, self.env, directory / "log")

    def _lines(self, sinks: Sequence[NullSink]) -> list[str]:
        lines = ["load-module " + " ".join(["module-null-sink", *sink.arguments]) for sink in sinks]
        if self.tcp_port is not None:
            lines.append(
                "load-module module-native-protocol-tcp listen=127.0.0.1 "
                f"port={self.tcp_port} auth-cookie={self._cookie}"
            )
        # As on every desktop.  A null sink that idles instead renders two seconds ahead, and who comes waits for that.
        lines.append("load-module module-suspend-on-idle timeout=0")
        # Last: whoever can connect finds the rest in place.
        lines.append(f"load-module module-native-protocol-unix socket={self.socket} auth-cookie={self._cookie}")
        return lines

    @property
    def address(self) -> str:
        """For the option ``server=`` and for PULSE_SERVER."""
        return f"unix:{self.socket}"

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self.socket)) == 0

    def start(self) -> None:
        """Start it; again, after it was ended."""
        self.process.start(self._answers)
        # Only its sinks' threads ask for real-time priority.  The main one, which hands on every request, would be late
        # by a tenth of a second on a busy machine, and the tests would measure that.
        with suppress(PermissionError):
            os.sched_setscheduler(self.process.pid, os.SCHED_RR, os.sched_param(4))

    def stop(self) -> None:
        """End it in good order."""
        self.process.stop()

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End it with a signal."""
        self.process.kill(number)

    def pactl(self, *arguments: str) -> str:
        """Run pactl; what it printed."""
        command = ["pactl", "--server", self.address, *arguments]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def add(self, sink: NullSink) -> str:
        """Plug a sink in; the number to unplug it with."""
        return self.pactl("load-module", "module-null-sink", *sink.arguments).strip()

    def remove(self, module: str) -> None:
        """Unplug a sink, by the number that ``add`` gave or by the name of its module's sink."""
        if not module.isdigit():
            modules = self.pactl("list", "short", "modules").splitlines()
            module = next(line.split("\t")[0] for line in modules if f"sink_name={module} " in f"{line} ")
        self.pactl("unload-module", module)
