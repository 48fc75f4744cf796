"""Private audio servers, started as the tests start them, and the environment that leads every library to them."""

from __future__ import annotations

import os
import shutil
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.jackd import JackServer
from tests.servers.pipewire import NullNode, PipeWireServer
from tests.servers.processes import Process
from tests.servers.pulseaudio import NullSink, PulseServer

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

SINK = "bench"

# ALSA's way to PulseAudio, which is PortAudio's only one.  A file of its own replaces the system's configuration:
# extending that would define "pulse" twice, and then nothing of ALSA loads.
_ASOUND_CONF = """\
pcm.pulse { type pulse hint { show on description "PulseAudio" } }
pcm.default { type pulse hint { show on description "default" } }
ctl.pulse { type pulse }
ctl.default { type pulse }
"""
# What makes PipeWire a PulseAudio server.  The file that is installed asks for 1024 frames in a virtual machine.
_PIPEWIRE_PULSE_CONF = """
context.properties = {{ log.level = 2 }}
context.spa-libs = {{
    audio.convert.* = audioconvert/libspa-audioconvert
    support.* = support/libspa-support
}}
context.modules = [
    {{ name = libpipewire-module-rt args = {{ nice.level = -11 }} flags = [ ifexists nofail ] }}
    {{ name = libpipewire-module-protocol-native }}
    {{ name = libpipewire-module-client-node }}
    {{ name = libpipewire-module-adapter }}
    {{ name = libpipewire-module-metadata }}
    {{ name = libpipewire-module-protocol-pulse }}
]
pulse.properties = {{
    server.address = [ "unix:{socket}" ]
    pulse.min.req = 32/48000
    pulse.min.frag = 32/48000
    pulse.min.quantum = 32/48000
}}
"""
#: What would lead an audio client elsewhere.
_LEADING = ("PULSE_", "JACK_", "PIPEWIRE_", "ALSA_", "PCMIO_", "XDG_", "DBUS_")


class Server(ABC):
    """One server, running inside the ``with`` block."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pcmio-bench-"))
        self._asound = self.folder / "asound.conf"
        self._asound.write_text(_ASOUND_CONF)

    @property
    @abstractmethod
    def native(self) -> JackServer | PulseServer | PipeWireServer:
        """What the tests have."""

    @property
    def pid(self) -> int:
        """Of the running server."""
        return self.native.process.pid

    @property
    def environment(self) -> dict[str, str]:
        """All that clients run with."""
        common = {"HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder), "ALSA_CONFIG_PATH": str(self._asound)}
        led = {name: value for name, value in self.native.env.items() if name.startswith(_LEADING)}
        return clean_environment() | led | common | {"JACK_NO_START_SERVER": "1"}

    def __enter__(self) -> Self:
        self.native.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.native.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Jackd(Server):
    """JACK 2 with its dummy driver: a clock and two channels each way."""

    def __init__(self, period: int) -> None:
        super().__init__()
        self._native = JackServer(self.folder, period=period)
        self.server_name = self._native.name

    @property
    def native(self) -> JackServer:
        return self._native


class PulseAudio(Server):
    """PulseAudio with one null sink, exact in float32."""

    def __init__(self) -> None:
        super().__init__()
        self._native = PulseServer(self.folder, [NullSink(SINK)])

    @property
    def native(self) -> PulseServer:
        return self._native

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "PULSE_SERVER": self._native.address}


class PipeWire(Server):
    """PipeWire with one null sink, WirePlumber, and pipewire-pulse for libraries that know PulseAudio only."""

    def __init__(self) -> None:
        super().__init__()
        self._native = PipeWireServer(self.folder, [NullNode(SINK)])
        self._socket = self.folder / "pulse"
        config = self.folder / "pipewire-pulse.conf"
        config.write_text(_PIPEWIRE_PULSE_CONF.format(socket=self._socket))
        self._pulse = Process(("pipewire-pulse", "-c", str(config)), self._native.env, self.folder / "pulse-log")

    @property
    def native(self) -> PipeWireServer:
        return self._native

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "PULSE_SERVER": f"unix:{self._socket}"}

    def __enter__(self) -> Self:
        super().__enter__()
        self._pulse.start(self._socket.exists)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pulse.stop()
        super().__exit__(kind, error, at)


def clean_environment() -> dict[str, str]:
    """This process's environment without what would lead an audio client elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEADING)}
    # Workers may keep what they have compiled: imports are measured as a user has them.
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept
