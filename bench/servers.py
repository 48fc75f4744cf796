"""Private audio servers: started for a measurement, reachable by an environment, ended by their process ids."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

RATE = 48_000
_PATIENCE_SECONDS = 15.0

# ALSA's way to PulseAudio, which is PortAudio's only one.  A file of its own replaces the system's configuration: extending
# that would define "pulse" twice, and then nothing of ALSA loads.
_ASOUND_CONF = """\
pcm.pulse { type pulse hint { show on description "PulseAudio" } }
pcm.default { type pulse hint { show on description "default" } }
ctl.pulse { type pulse }
ctl.default { type pulse }
"""

_PULSE_SCRIPT = """\
load-module module-native-protocol-unix socket={socket} auth-anonymous=1
load-module module-null-sink sink_name=bench format=float32le rate=48000 channels=2
set-default-sink bench
set-default-source bench.monitor
"""

_PULSE_DAEMON_CONF = """\
exit-idle-time = -1
realtime-scheduling = yes
realtime-priority = 5
flat-volumes = no
resample-method = copy
default-sample-format = float32le
default-sample-rate = 48000
"""


class Server(ABC):
    """One server process with a folder of its own."""

    name: str

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pcmio-bench-"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def command(self) -> list[str]:
        """What to run."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether clients can connect."""

    @property
    def environment(self) -> dict[str, str]:
        """What clients need beside the ordinary environment."""
        alsa = self.folder / "asound.conf"
        return {
            "HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "ALSA_CONFIG_PATH": str(alsa),
            "JACK_NO_START_SERVER": "1",
            "JACK_NO_AUDIO_RESERVATION": "1",
        }

    @property
    def pid(self) -> int:
        """Of the running server."""
        assert self._process is not None, "not started"
        return self._process.pid

    def __enter__(self) -> Self:
        (self.folder / "asound.conf").write_text(_ASOUND_CONF)
        self._prepare()
        log = (self.folder / "server.log").open("wb")
        self._process = subprocess.Popen(
            self.command,
            env=clean_environment() | self.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        end = time.monotonic() + _PATIENCE_SECONDS
        while not self.answers():
            if time.monotonic() > end or self._process.poll() is not None:
                text = (self.folder / "server.log").read_text(errors="replace")[-2000:]
                self._end()
                raise RuntimeError(f"{self.name} does not answer; its last words:\n{text}")
            time.sleep(0.02)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def _prepare(self) -> None:
        """Files that the server reads."""

    def _end(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Jackd(Server):
    """JACK 2 with its dummy driver: a clock and two channels each way, no sound card."""

    def __init__(self, period: int) -> None:
        super().__init__()
        self.name = f"jackd at {period}"
        self.period = period
        self.server_name = f"bench-{os.getpid()}-{period}"

    @property
    def command(self) -> list[str]:
        # Long options differ between versions; short ones do not.
        return ["jackd", "-n", self.server_name, "-R", "-P", "70", "-d", "dummy", "-r", str(RATE), "-p", str(self.period)]

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "JACK_DEFAULT_SERVER": self.server_name}

    def answers(self) -> bool:
        asked = ["jack_lsp", "-s", self.server_name]
        environment = clean_environment() | self.environment
        return subprocess.run(asked, env=environment, capture_output=True, check=False).returncode == 0


class PulseAudio(Server):
    """PulseAudio with one null sink, exact in float32."""

    name = "PulseAudio"

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.folder / "pulse.socket"

    @property
    def command(self) -> list[str]:
        quiet = ["--daemonize=no", "--use-pid-file=no", "--disallow-module-loading=no", "--disable-shm=no"]
        return ["pulseaudio", "-n", *quiet, f"--file={self.folder / 'script.pa'}", "--log-target=stderr"]

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "PULSE_SERVER": f"unix:{self.socket}"}

    def answers(self) -> bool:
        environment = clean_environment() | self.environment
        asked = subprocess.run(["pactl", "info"], env=environment, capture_output=True, check=False)
        return asked.returncode == 0

    def _prepare(self) -> None:
        (self.folder / "script.pa").write_text(_PULSE_SCRIPT.format(socket=self.socket))
        config = self.folder / "config" / "pulse"
        config.mkdir(parents=True)
        (config / "daemon.conf").write_text(_PULSE_DAEMON_CONF)


def clean_environment() -> dict[str, str]:
    """This process's environment without what would lead an audio client elsewhere."""
    led = ("PULSE_", "JACK_", "PIPEWIRE_", "ALSA_", "PCMIO_", "XDG_RUNTIME", "DBUS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(led)}
    # Workers may keep what they have compiled: imports are measured as a user has them.
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept
