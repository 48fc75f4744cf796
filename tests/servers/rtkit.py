"""RealtimeKit on a system bus of the test's own, and who allows it: polkit's part is played by a thread of the test.

The daemon needs CAP_SYS_NICE to give priorities away, so these servers need root, as CI and containers have it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import textwrap
import threading
from importlib import import_module
from pathlib import Path
from typing import Any

from pcmio.testing import until

from .processes import Process

# It has no types.
_jeepney: Any = import_module("jeepney")
_blocking: Any = import_module("jeepney.io.blocking")

#: Debian, Arch and Fedora; the last is where it is built by hand.
_PLACES = ("/usr/libexec", "/usr/lib/rtkit", "/usr/lib", "/usr/local/libexec")
_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow send_type="method_call"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
"""
_POLKIT = "org.freedesktop.PolicyKit1"
_KIT = "org.freedesktop.RealtimeKit1"
_SOURCES = Path(__file__).parents[2] / "src"


def rtkit_daemon() -> str | None:
    """Where the daemon is; None: not installed."""
    return shutil.which("rtkit-daemon", path=os.pathsep.join(_PLACES))


class SystemBus:
    """A dbus-daemon that takes everybody in."""

    def __init__(self, directory: Path) -> None:
        self._socket = directory / "system_bus_socket"
        self._config = directory / "system.conf"
        self._config.write_text(_CONFIG.format(socket=self._socket))
        self.address = f"unix:path={self._socket}"
        self.env = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.address, "LC_ALL": "C.UTF-8"}
        command = ("dbus-daemon", f"--config-file={self._config}", "--nofork", "--nopidfile")
        self.process = Process(command, self.env, directory / "bus.log")

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:  # it is bound before anybody listens
            return client.connect_ex(str(self._socket)) == 0

    def start(self) -> None:
        """Start it; users of any id may come in."""
        self.process.start(self._answers)
        self._socket.chmod(0o777)

    def stop(self) -> None:
        """End it."""
        self.process.stop()

    def connect(self) -> Any:
        """A connection of the test's own."""
        return _blocking.open_dbus_connection(self.address)

    def has_owner(self, name: str) -> bool:
        """Whether somebody answers to a name."""
        with self.connect() as connection:
            return bool(connection.send_and_get_reply(_jeepney.message_bus.NameHasOwner(name), timeout=5).body[0])


class Authority:
    """What rtkit asks of polkit: whether somebody may."""

    def __init__(self, bus: SystemBus) -> None:
        self.allowances = 1_000  # times that it says yes, then no
        self.asked: list[str] = []  # actions
        self._connection = bus.connect()
        self._connection.send_and_get_reply(_jeepney.message_bus.RequestName(_POLKIT), timeout=5)
        self._thread = threading.Thread(target=self._answer, name="authority")
        self._stopping = False
        self._thread.start()

    def _answer(self) -> None:
        while not self._stopping:
            try:
                message = self._connection.receive(timeout=0.2)
            except TimeoutError:
                continue
            if message.header.message_type is not _jeepney.MessageType.method_call:
                continue
            action = message.body[1]
            self.asked.append(action)
            self.allowances -= 1
            answer: tuple[Any, ...] = (self.allowances >= 0, False, {})
            self._connection.send(_jeepney.new_method_return(message, "(bba{ss})", (answer,)))

    def stop(self) -> None:
        """Answer nobody any more."""
        self._stopping = True
        self._thread.join()
        self._connection.close()


class RealtimeKit:
    """rtkit-daemon."""

    def __init__(self, bus: SystemBus, directory: Path, *options: str) -> None:
        program = rtkit_daemon()
        assert program is not None, "rtkit is not installed: see tools/install_test_servers.sh"
        self._bus = bus
        # Its log is a file, and by itself it may write none: it would be ended by SIGXFSZ (0.13).  The canary would
        # take all priorities back, for minutes, on a machine as busy as those that run tests.
        command = (program, "--stderr", "--no-limit-resources", "--no-canary", *options)
        self.process = Process(command, bus.env, directory / "rtkit.log")

    def start(self) -> None:
        """Start it."""
        self.process.start(lambda: self._bus.has_owner(_KIT))

    def stop(self) -> None:
        """End it."""
        self.process.stop()
        until(lambda: not self._bus.has_owner(_KIT), "the bus to forget rtkit")


def without_privilege(code: str, env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter that may not raise its own priority, whatever this one may."""
    dropping = ("setpriv", "--bounding-set=-sys_nice") if os.getuid() == 0 else ()
    command = (
        *(*dropping, "prlimit", "--rtprio=0:0"),
        *(sys.executable, "-c", textwrap.dedent(code), *arguments),
    )
    env = {**env, "PYTHONPATH": os.pathsep.join([str(_SOURCES), *filter(None, [os.environ.get("PYTHONPATH")])])}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
