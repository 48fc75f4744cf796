"""A PipeWire server with null sinks and WirePlumber, in a directory of its own.

It finds no hardware, no session of the user's and no configuration but its own.  The session manager gets a private
D-Bus, since it would look for the user's.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pcmio.testing import until

from .processes import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path

_CONFIG = """
context.properties = {{
    core.daemon = true
    core.name = {name}
    log.level = 2
    mem.allow-mlock = false
    default.clock.rate = {rate}
    default.clock.allowed-rates = [ {allowed_rates} ]
    default.clock.quantum = {quantum}
    default.clock.min-quantum = {min_quantum}
    default.clock.max-quantum = {max_quantum}
    settings.check-quantum = true
    settings.check-rate = true
    # As in the files that are installed, where a virtual machine gets 1024 at least.
    vm.overrides = {{ default.clock.min-quantum = {min_quantum} }}
}}
context.spa-libs = {{
    audio.convert.* = audioconvert/libspa-audioconvert
    support.* = support/libspa-support
}}
context.modules = [
    {{ name = libpipewire-module-rt args = {{ nice.level = -11 rt.prio = 75 }} flags = [ ifexists nofail ] }}
    {{ name = libpipewire-module-protocol-native }}
    {{ name = libpipewire-module-profiler }}
    {{ name = libpipewire-module-metadata }}
    {{ name = libpipewire-module-spa-device-factory }}
    {{ name = libpipewire-module-spa-node-factory }}
    {{ name = libpipewire-module-client-node }}
    {{ name = libpipewire-module-client-device }}
    {{ name = libpipewire-module-access }}
    {{ name = libpipewire-module-adapter }}
    {{ name = libpipewire-module-link-factory }}
    {{ name = libpipewire-module-session-manager }}
]
context.objects = [
    {{ factory = spa-node-factory
        args = {{
            factory.name = support.node.driver
            node.name = Dummy-Driver
            node.group = pipewire.dummy
            priority.driver = 20000
        }}
    }}
{objects}
]
"""
# What would look for hardware: WirePlumber 0.4 is told in Lua, 0.5 in PipeWire's own notation.
_OLD_POLICY = """
alsa_monitor.enabled = false
v4l2_monitor.enabled = false
libcamera_monitor.enabled = false
default_access.properties["enable-flatpak-portal"] = false
stream_defaults.enabled = {restores}
device_defaults.properties["use-persistent-storage"] = false
"""
_NEW_POLICY = """
wireplumber.profiles = {{
  main = {{
    hardware.audio = disabled
    hardware.bluetooth = disabled
    hardware.video-capture = disabled
    support.portal-permissionstore = disabled
    support.reserve-device = disabled
    support.logind = disabled
    hooks.stream.state = {restores}
  }}
}}
"""
_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


@dataclass(frozen=True)
class NullNode:
    """A sink that plays into nothing, or a source or both of silence; a sink can be recorded."""

    name: str
    media_class: str = "Audio/Sink"
    positions: str = "FL FR"
    priority: int = 1000
    properties: dict[str, str] = field(default_factory=dict)

    @property
    def arguments(self) -> str:
        """Of the adapter factory."""
        properties = {
            "factory.name": "support.null-audio-sink",
            "node.name": self.name,
            "node.description": f"{self.name} of the tests",
            "media.class": self.media_class,
            "audio.position": f"[ {self.positions} ]",
            "priority.session": str(self.priority),
            "priority.driver": str(self.priority),
            "monitor.channel-volumes": "false",
            "object.linger": "true",
            **self.properties,
        }
        return "{ " + " ".join(f"{key} = {_quoted(value)}" for key, value in properties.items()) + " }"


def _quoted(value: str) -> str:
    return value if value.startswith("[") else f'"{value}"'


_BRIDGE = """
context.spa-libs = {{
    audio.convert.* = audioconvert/libspa-audioconvert
    support.* = support/libspa-support
}}
context.modules = [
    {{ name = libpipewire-module-protocol-native }}
    {{ name = libpipewire-module-client-node }}
    {{ name = libpipewire-module-adapter }}
    {{ name = libpipewire-module-metadata }}
    {{ name = libpipewire-module-protocol-pulse args = {{ server.address = [ "unix:{socket}" ] {properties} }} }}
]
"""


class PulseBridge:
    """What pipewire-pulse is: a program of its own, that gives a server's clients PulseAudio's protocol."""

    def __init__(self, server: PipeWireServer, properties: Mapping[str, str]) -> None:
        """Write it down; ``properties`` are those of ``pulse.properties``."""
        self._socket = server.directory / "pulse-bridge"
        self.address = f"unix:{self._socket}"
        config = server.directory / "pipewire-pulse.conf"
        told = " ".join(f"{key} = {value}" for key, value in properties.items())
        config.write_text(_BRIDGE.format(socket=self._socket, properties=told))
        self.env = {**server.env, "PULSE_SERVER": self.address}
        self._process = Process(("pipewire", "-c", str(config)), server.env, server.directory / "pulse-bridge.log")

    def start(self) -> None:
        """Start it."""
        self._process.start(self._answers)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self._socket)) == 0

    def stop(self) -> None:
        """End it."""
        self._process.stop()


_servers: weakref.WeakSet[PipeWireServer] = weakref.WeakSet()


def mend_session_managers() -> bool:
    """Start those again that crashed, each with its server; whether there were any.

    WirePlumber 0.4.13 (Debian 12) does once in some ten thousand streams: new ones wait for ever for their links then.
    Another one on the same server may wait for ever for nodes that the first had set up ("pending linkable(s) not
    activated in 20sec. This should never happen").
    """
    mended = [server.mend() for server in list(_servers)]
    return any(mended)


class PipeWireServer:
    """The server and its session manager, and the tools to bring misfortune upon them."""

    def __init__(
        self,
        directory: Path,
        nodes: Sequence[NullNode],
        *,
        rate: int = 48_000,
        allowed_rates: Sequence[int] = (48_000,),
        quantum: int = 512,
        min_quantum: int = 32,
        max_quantum: int = 8_192,
        restores: bool = False,
    ) -> None:
        """Write it all down; with ``restores`` the session manager remembers the volumes of streams."""
        self.directory = directory
        self.name = "pipewire-test"
        self.socket = directory / self.name
        self._bus_socket = directory / "bus"
        self._nodes = tuple(nodes)
        config = directory / "pipewire.conf"
        config.write_text(
            _CONFIG.format(
                name=self.name,
                rate=rate,
                allowed_rates=" ".join(map(str, allowed_rates)),
                quantum=quantum,
                min_quantum=min_quantum,
                max_quantum=max_quantum,
                objects="\n".join(f"    {{ factory = adapter args = {node.arguments} }}" for node in nodes),
            )
        )
        (directory / "bus.conf").write_text(_BUS.format(path=self._bus_socket))
        self.env = self._environment(restores=restores)
        self._log = directory / "log"
        self.process = Process(("pipewire", "-c", str(config)), self.env, self._log)
        self._bus = Process(
            ("dbus-daemon", "--nofork", "--nopidfile", f"--config-file={directory / 'bus.conf'}"), self.env, self._log
        )
        self._manager = Process(("wireplumber",), self.env, self._log)
        _servers.add(self)

    def _environment(self, *, restores: bool) -> dict[str, str]:
        home, config = self.directory / "home", self.directory / "config"
        for folder in ("main.lua.d", "bluetooth.lua.d", "wireplumber.conf.d"):
            (config / "wireplumber" / folder).mkdir(parents=True, exist_ok=True)
        home.mkdir(exist_ok=True)
        (config / "wireplumber" / "main.lua.d" / "51-tests.lua").write_text(
            _OLD_POLICY.format(restores=str(restores).lower())
        )
        (config / "wireplumber" / "bluetooth.lua.d" / "51-tests.lua").write_text("bluez_monitor.enabled = false\n")
        (config / "wireplumber" / "wireplumber.conf.d" / "tests.conf").write_text(
            _NEW_POLICY.format(restores="required" if restores else "disabled")
        )
        led = ("PULSE_", "PIPEWIRE_", "WIREPLUMBER_", "DBUS_", "XDG_")
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith(led)},
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(self.directory),
            "XDG_CONFIG_HOME": str(config),
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self._bus_socket}",
            "PIPEWIRE_REMOTE": self.name,
            "LC_ALL": "C.UTF-8",
        }

    @property
    def address(self) -> str:
        """For the option ``remote=`` and for PIPEWIRE_REMOTE."""
        return str(self.socket)

    def start(self) -> None:
        """Start it; again, after it was ended."""
        # A session manager whose server was killed ends by itself, and must not meet the new one.
        self._manager.stop()
        self._bus.start(self._bus_socket.exists)
        self.process.start(self._answers)
        if shutil.which("wireplumber"):
            sinks = [node for node in self._nodes if node.media_class == "Audio/Sink"]
            self._manager.start(lambda: not sinks or "default.audio.sink" in self.metadata())

    def mend(self) -> bool:
        """Start it anew if its session manager crashed; whether that had."""
        crashed = self._manager.crashed and self.process.running
        if crashed:
            self.kill()
            self.start()
        return crashed

    def stop(self) -> None:
        """End it in good order."""
        self._manager.stop()
        self.process.stop()
        self._bus.stop()
        self._bus_socket.unlink(missing_ok=True)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End it with a signal; the session manager goes with it."""
        self.process.kill(number)
        self._manager.stop()
        self._bus.stop()
        self._bus_socket.unlink(missing_ok=True)

    def stop_manager(self) -> None:
        """End the session manager alone."""
        self._manager.stop()

    def crash_manager(self) -> None:
        """End the session manager as a fault of its own would."""
        self._manager.kill(signal.SIGSEGV)

    def run(self, *command: str) -> str:
        """Run one of PipeWire's tools; what it printed."""
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def _answers(self) -> bool:
        if not self.socket.exists():
            return False
        done = subprocess.run(("pw-cli", "info", "0"), env=self.env, capture_output=True, timeout=20, check=False)
        return done.returncode == 0

    def metadata(self) -> str:
        """What the session manager has decided."""
        done = subprocess.run(
            ("pw-metadata", "-n", "default", "0"),
            env=self.env,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        return done.stdout

    @contextlib.contextmanager
    def metadata_told(self, path: Path) -> Generator[Callable[[], str], None, None]:
        """What PipeWire's own tool is told of the session manager's decisions, from now on."""
        with path.open("w") as log:
            tool = subprocess.Popen(("stdbuf", "-oL", "pw-metadata", "-m", "-n", "default"), env=self.env, stdout=log)
        try:
            until(lambda: "default.audio.sink" in path.read_text(), "the decisions until now")
            before = len(path.read_text())
            yield lambda: path.read_text()[before:]
        finally:
            tool.terminate()
            tool.wait()

    def set_default(self, key: str, name: str) -> None:
        """Choose the default sink ("audio.sink") or source ("audio.source"), as a user does."""
        self.run(
            "pw-metadata",
            "-n",
            "default",
            "0",
            f"default.configured.{key}",
            f'{{ "name": "{name}" }}',
            "Spa:String:JSON",
        )

    def set_setting(self, key: str, value: str) -> None:
        """Change a setting of the server, as "clock.force-quantum"."""
        self.run("pw-metadata", "-n", "settings", "0", key, value)

    def add(self, node: NullNode) -> None:
        """Plug a node in."""
        self.run("pw-cli", "create-node", "adapter", node.arguments)

    def remove(self, name: str) -> None:
        """Unplug a node."""
        self.run("pw-cli", "destroy", name)
