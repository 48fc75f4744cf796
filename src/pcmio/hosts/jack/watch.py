"""What a watch asks: a client without ports, which the server tells of others that come and go.

libjack tells active clients only, and calls nobody's process callback who has none: such a client costs no cycle.
"""

from __future__ import annotations

import os
import threading

from pcmio._core import Wakeup
from pcmio._watch import Sighting, Source, View
from pcmio.descriptions import DeviceId
from pcmio.errors import ResourceExhausted
from pcmio.hosts.jack import errors
from pcmio.hosts.jack.abi import JACK_DEFAULT_AUDIO_TYPE
from pcmio.hosts.jack.devices import describe
from pcmio.hosts.jack.library import (
    OpenClient,
    close_client,
    holders,
    jack_library,
    kept_for_ever,
    open_client,
    take_messages,
    take_names,
)
from pcmio.hosts.jack.ports import find_groups, largest, native_name
from pcmio.hosts.jack.stream import jack_core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pcmio.hosts.jack.options import HostOptions

_NAME = "-watch"
_SHARED = "/dev/shm"  # noqa: S108 - only looked at
_CALLBACKS = (
    ("jack_set_port_registration_callback", "pcmio_jack_watch_port"),
    ("jack_set_client_registration_callback", "pcmio_jack_watch_client"),
    ("jack_on_shutdown", "pcmio_jack_watch_gone"),
    ("jack_on_info_shutdown", "pcmio_jack_watch_shutdown"),
)


class JackSource(Source):
    """For ``JackHost.watch``."""

    def __init__(self, options: HostOptions) -> None:
        self._options = options
        self._jack = jack_library()
        self._core = jack_core()
        self._wakeup = Wakeup()
        self._client: OpenClient | None = None
        self._watch: int | None = None
        self._lock = threading.Lock()  # of the client, which another thread may bury
        self._closing = threading.Event()
        self._seen = 0  # changes that the last look has looked at
        self._returns: dict[int, int] = {}  # by the hash of a client's name: how often it has gone
        holders.add(self)

    def open(self) -> None:
        """Open a client, and have it told; a server is never started for this."""
        if self._closing.is_set():
            raise errors.closed()
        name = self._options.client_name
        longest = self._jack.jack_client_name_size() - 1
        if len((name + _NAME).encode()) <= longest:
            name += _NAME
        try:
            client = open_client(self._jack, self._options.replace(client_name=name, start_server=False))
            with self._lock:
                self._client = client
            self._listen(client.handle, name)
        except BaseException:
            self.shut()
            raise

    def _listen(self, handle: int, name: str) -> None:
        self._watch = watch = self._core.pcmio_jack_watch_new(self._wakeup.address)
        if watch is None:
            raise ResourceExhausted("no memory to watch a JACK server", call="pcmio_jack_watch_new")
        for register, callback in _CALLBACKS:
            code = getattr(self._jack, register)(handle, self._core.address(callback), watch)
            if code:
                raise errors.from_call(register, code, "a callback", take_messages())
        code = self._jack.jack_activate(handle)
        if code:
            raise errors.from_call("jack_activate", code, name, take_messages())

    def look(self) -> View:
        """Who has physical ports, and most of them."""
        self._seen = self._core.pcmio_jack_watch_changes(self._watch)
        while left := self._core.pcmio_jack_watch_left(self._watch):
            self._returns[left] = self._returns.get(left, 0) + 1
        groups = find_groups(self)
        return View(
            tuple(Sighting(DeviceId("jack", one.name), describe(one), self._incarnation(one.name)) for one in groups),
            *(DeviceId("jack", largest(groups, output=output).name) for output in (True, False)),
        )

    def _incarnation(self, name: str) -> int:
        return self._returns.get(self._core.pcmio_jack_name_hash(native_name(name)), 0)

    def port_names(self, flags: int, pattern: str | None = None) -> list[str]:
        """Audio ports that have all of ``flags``, in the server's order."""
        encoded = None if pattern is None else native_name(pattern)
        with self._lock:
            self._check()
            handle = None if self._client is None else self._client.handle
            found = self._jack.jack_get_ports(handle, encoded, JACK_DEFAULT_AUDIO_TYPE, flags)
            return take_names(self._jack, found)

    def _check(self) -> None:
        take_messages()
        if self._core.pcmio_jack_watch_lost(self._watch):
            raise errors.lost(self._core.pcmio_jack_watch_code(self._watch))

    def wait(self) -> None:
        """Sleep until libjack tells of a change."""
        self._check()
        while self._core.pcmio_jack_watch_changes(self._watch) == self._seen and not self._closing.is_set():
            self._wakeup.wait()
            self._check()

    def wake(self) -> None:
        """End the sleep."""
        self._closing.set()
        self._wakeup.post()

    @property
    def dead(self) -> bool:
        """Whether the server has gone, and the client is not closed yet."""
        with self._lock:
            return self._client is not None and self._is_lost()

    def _is_lost(self) -> bool:
        return self._watch is not None and bool(self._core.pcmio_jack_watch_lost(self._watch))

    def bury(self) -> None:
        """Close the client: its server is gone, whether it knows that already or not."""
        with self._lock:
            if self._client is not None and self._watch is not None:
                self._core.pcmio_jack_watch_gone(self._watch)
                self._close()

    def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None and not close_client(self._jack, client, lost=self._is_lost()):
            # Of a server that hangs: what libjack may call yet stays.
            kept_for_ever.append(self)
            self._watch = None

    def shut(self) -> None:
        """Leave the server, be it dead or alive."""
        with self._lock:
            self._close()
            watch, self._watch = self._watch, None
        if watch is not None:
            self._core.pcmio_jack_watch_free(watch)
        self._returns.clear()
        take_messages()

    def paths(self) -> list[str]:
        """Where jackd2, jackd1 and PipeWire have their sockets on Linux."""
        server = self._options.server_name or os.environ.get("JACK_DEFAULT_SERVER") or "default"
        user = getattr(os, "getuid", int)()
        runtime = os.environ.get("PIPEWIRE_RUNTIME_DIR") or os.environ.get("XDG_RUNTIME_DIR")
        remote = os.environ.get("PIPEWIRE_REMOTE") or "pipewire-0"
        pipewire = remote if remote.startswith("/") else f"{runtime or '/run/pipewire'}/{remote}"
        return [
            f"{_SHARED}/jack_{server}_{user}_0",
            f"{_SHARED}/jack_{server}_0",  # for all users (JACK_PROMISCUOUS_SERVER)
            f"{_SHARED}/jack-{user}/{server}/jack_0",
            pipewire,
        ]
