"""One connection to a JACK server: opened, asked, lost, closed.

libjack's functions may be called from any thread, but not while another closes the client; so each call is made under
the client's lock.  When the server is gone, only ``jack_client_close`` may still be called: each call looks first.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import sys
import threading
import weakref

from pcmio._log import logger
from pcmio.errors import InvalidInput, ResourceExhausted
from pcmio.hosts.jack import errors, library
from pcmio.hosts.jack.abi import (
    JACK_DEFAULT_AUDIO_TYPE,
    PCMIO_JACK_ACTIVATE,
    PCMIO_JACK_LINK,
    PCMIO_JACK_NO_MEMORY,
    PCMIO_JACK_REGISTER,
    PCMIO_JACK_UNANSWERED,
    JackApi,
    JackState,
)
from pcmio.hosts.jack.library import (
    OpenClient,
    close_client,
    holders,
    jack_library,
    open_client,
    take_messages,
    take_names,
)
from pcmio.hosts.jack.ports import name_of, native_name
from pcmio.hosts.jack.stream import jack_core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pcmio.errors import AudioError
    from pcmio.hosts.jack.options import HostOptions
    from pcmio.hosts.jack.stream import JackDriver

_NANOS = 1_000_000_000
_EEXIST = 17
#: The graph is in order again a period or two after it was changed.  jackd2 says so, on a busy machine late; who does
#: not (PipeWire) is not waited for.
_ORDER_PERIODS = 4
_ORDER_LEAST_NANOS = 200_000_000
_ORDER_SURE_NANOS = 2_000_000_000
_CALLBACKS = (
    ("jack_set_process_callback", "pcmio_jack_process"),
    ("jack_set_xrun_callback", "pcmio_jack_xrun"),
    ("jack_set_buffer_size_callback", "pcmio_jack_buffer_size"),
    ("jack_set_sample_rate_callback", "pcmio_jack_sample_rate"),
    ("jack_set_client_registration_callback", "pcmio_jack_registered"),
    ("jack_set_freewheel_callback", "pcmio_jack_freewheel"),
    ("jack_set_graph_order_callback", "pcmio_jack_graph_order"),
    ("jack_set_latency_callback", "pcmio_jack_latency"),
    ("jack_on_shutdown", "pcmio_jack_gone"),
    ("jack_on_info_shutdown", "pcmio_jack_shutdown"),
)

_clients: weakref.WeakSet[JackClient] = weakref.WeakSet()
_exiting = False


class JackClient:
    """A client of a JACK server, and the streams that it serves."""

    def __init__(self, options: HostOptions) -> None:
        """Open it; not yet active.

        Raises:
            HostUnavailable: No server.
            InvalidInput: A client name that is too long.
            OperationTimeout: The server hangs.
        """
        self.lock = threading.RLock()
        self.drivers: list[JackDriver] = []
        self._jack = jack = jack_library()
        self._core = core = jack_core()
        self._client: OpenClient | None = None
        self._active = False
        self._closed = False  # by us, not by the server
        self._hung = False  # the server did not answer when we wanted to leave it
        self._taken: set[str] = set()
        self._state = JackState()
        longest = jack.jack_client_name_size() - 1
        if len(options.client_name.encode()) > longest:
            raise InvalidInput(f"client_name has at most {longest} bytes here: {options.client_name!r}")
        api = JackApi(**{name: jack.address(f"jack_{name}") for name, *_ in JackApi._fields_})
        self.clock: int = api.get_time
        self.address = core.pcmio_jack_client_new(ctypes.byref(api))
        if self.address is None:
            raise ResourceExhausted("no memory for a JACK client", call="pcmio_jack_client_new")
        self._open(options)
        _clients.add(self)
        holders.add(self)

    def _open(self, options: HostOptions) -> None:
        jack = self._jack
        self._client = open_client(jack, options)
        handle = self._client.handle
        self.name = name_of(jack.jack_get_client_name(handle) or b"")
        self._refresh()
        for register, callback in _CALLBACKS:
            code = getattr(jack, register)(handle, self._core.address(callback), self.address)
            if code:
                said = take_messages()
                self.close()
                raise errors.from_call(register, code, "a callback", said)

    # --- its state ---------------------------------------------------------------------------------------------------

    def _read(self) -> JackState:
        if self.address is not None:
            self._core.pcmio_jack_client_state(self.address, ctypes.byref(self._state))
        return self._state

    @property
    def lost(self) -> bool:
        """Whether it is closed, or the server has gone."""
        return self._client is None or bool(self._read().lost)

    @property
    def dead(self) -> bool:
        """Whether the server has gone, and it is not closed yet."""
        return self._client is not None and bool(self._read().lost)

    def _refresh(self) -> None:
        """Ask for rate and period: libjack tells only active clients when they change."""
        with self.lock:
            client = self._client
            if client is not None and not self._active and not self.lost:
                jack, handle = self._jack, client.handle
                self._core.pcmio_jack_client_opened(
                    self.address, handle, jack.jack_get_sample_rate(handle), jack.jack_get_buffer_size(handle)
                )

    @property
    def rate(self) -> int:
        """The server's, in frames per second."""
        self._refresh()
        return int(self._read().rate)

    @property
    def period_frames(self) -> int:
        """The server's, in frames."""
        self._refresh()
        return int(self._read().period_frames)

    def check(self) -> None:
        """Return if libjack may be asked.

        Raises:
            HostDisconnected: The server is gone.
        """
        if self.lost:
            take_messages()
            raise self.lost_error()

    def _opened(self) -> OpenClient:
        self.check()
        if self._client is None:
            raise self.lost_error()
        return self._client

    def _live(self) -> int:
        return self._opened().handle

    def _failed(self, call: str, code: int | None, what: str) -> AudioError:
        """The error for a failed call: often the first sign of a server that has gone."""
        said = take_messages()
        return self.lost_error() if self.lost else errors.from_call(call, code, what, said)

    def log_messages(self) -> None:
        """Have what libjack had to say logged, now that a Python thread is at it."""
        take_messages()

    def lost_error(self) -> AudioError:
        """Why there is no client any more."""
        if self._closed:
            return errors.closed()
        return errors.hangs() if self._hung else errors.lost(self._read().code)

    def _ask(self, what: int, call: str, first: bytes = b"", second: bytes = b"", flags: int = 0) -> int:
        """What one of libjack's calls that ask the server has returned.

        Raises:
            OperationTimeout: The server does not answer; this client is given up.
        """
        client, result = self._opened(), ctypes.c_int64()
        address, close = self._jack.address(call), self._jack.address("jack_client_close")
        limits = (library.ANSWER_NANOS, close, client.notifier)
        code = self._core.pcmio_jack_ask_within(
            self.address, what, address, first, second, flags, *limits, ctypes.byref(result)
        )
        if code == PCMIO_JACK_UNANSWERED:
            library.tell_hung()
            self._abandon_hung()
            raise errors.unanswered(call, library.ANSWER_NANOS / _NANOS)
        if code == PCMIO_JACK_NO_MEMORY:
            raise ResourceExhausted("no memory to ask the JACK server", call="pcmio_jack_ask_within")
        return result.value

    # --- the graph ---------------------------------------------------------------------------------------------------

    def port_names(self, flags: int, pattern: str | None = None) -> list[str]:
        """Audio ports that have all of ``flags``, in the server's order."""
        with self.lock:
            handle = self._live()
            found = self._jack.jack_get_ports(
                handle, None if pattern is None else native_name(pattern), JACK_DEFAULT_AUDIO_TYPE, flags
            )
            self.check()
            return take_names(self._jack, found)

    def port(self, name: str) -> int:
        """``jack_port_t`` of a port.

        Raises:
            DeviceNotAvailable: There is none of this name.
        """
        found = self._jack.jack_port_by_name(self._live(), native_name(name))
        if found is None:
            self.check()
            take_messages()
            raise errors.no_such_port(name)
        return found

    def describe(self, name: str) -> tuple[int, bool, list[str]]:
        """Flags of a port, whether it is ours, and to which ports it is connected."""
        with self.lock:
            port, handle = self.port(name), self._live()
            connections = take_names(self._jack, self._jack.jack_port_get_all_connections(handle, port))
            return self._jack.jack_port_flags(port), bool(self._jack.jack_port_is_mine(handle, port)), connections

    def connect(self, source: str, destination: str) -> None:
        """Connect two ports; harmless when they are.

        Raises:
            DeviceNotAvailable: One is not there.
            BackendError: They do not fit together.
        """
        with self.lock:
            self.port(source)
            self.port(destination)
            self._core.pcmio_jack_changing(self.address)
            code = self._ask(PCMIO_JACK_LINK, "jack_connect", native_name(source), native_name(destination))
            if code not in (0, _EEXIST):
                raise self._failed("jack_connect", code, f"{source} to {destination}")

    def disconnect(self, source: str, destination: str) -> None:
        """Disconnect two ports; harmless when they are not connected.

        Raises:
            DeviceNotAvailable: One is not there.
            BackendError: The server does not do it.
        """
        with self.lock:
            self.port(destination)
            if destination in self.describe(source)[2]:
                self._core.pcmio_jack_changing(self.address)
                code = self._ask(PCMIO_JACK_LINK, "jack_disconnect", native_name(source), native_name(destination))
                if code != 0:
                    raise self._failed("jack_disconnect", code, f"{source} from {destination}")

    # --- its own ports; the lock is held -----------------------------------------------------------------------------

    def activate(self) -> None:
        """Have the process callback called; ports can be connected from then on."""
        if not self._active:
            self._refresh()
            self._core.pcmio_jack_changing(self.address)
            code = self._ask(PCMIO_JACK_ACTIVATE, "jack_activate")
            if code != 0:
                raise self._failed("jack_activate", code, self.name)
            self._active = True

    def take_names(self, wanted: Sequence[str], *, numbered: bool) -> list[str]:
        """Reserve names for ports.

        Raises:
            InvalidInput: One is taken, unless they may be ``numbered``, or too long.
        """
        names, turn = list(wanted), 1
        while numbered and not self._taken.isdisjoint(names):
            turn += 1
            names = [name.replace("_", f"{turn}_", 1) for name in wanted]
        for name in names:
            if name in self._taken:
                raise InvalidInput(f"this client has a port named {name!r} already", advice="choose another name")
            longest = self._jack.jack_port_name_size() - 2 - len(native_name(self.name))
            if len(name.encode()) > longest:
                raise InvalidInput(f"a port's name has at most {longest} bytes here: {name!r}")
        self._taken.update(names)
        return names

    def give_names_back(self, names: Sequence[str]) -> None:
        """The ports are gone."""
        self._taken.difference_update(names)

    def register_port(self, name: str, flags: int) -> int:
        """A new port.

        Raises:
            ResourceExhausted: The server has no more.
        """
        self._core.pcmio_jack_changing(self.address)
        port = self._ask(PCMIO_JACK_REGISTER, "jack_port_register", name.encode(), JACK_DEFAULT_AUDIO_TYPE, flags)
        if port == 0:
            raise self._failed("jack_port_register", None, name)
        return port

    def unregister_ports(self, ports: Sequence[int]) -> None:
        """Give ports back, their connections with them; a server that is gone has done so."""
        if self.lost or not ports:
            return
        least = _ORDER_SURE_NANOS if self._client is not None and self._client.notifier else _ORDER_LEAST_NANOS
        nanos = max(least, _ORDER_PERIODS * self.period_frames * _NANOS // self.rate)
        addresses = (ctypes.c_void_p * len(ports))(*ports)
        # Only active clients are told when their graph is put in order; others need no caution.
        timeout = nanos if self._active else 0
        client = self._client
        if client is None:
            return
        answer = library.ANSWER_NANOS + len(ports) * _ORDER_PERIODS * self.period_frames * _NANOS // self.rate
        close = self._jack.address("jack_client_close")
        code = self._core.pcmio_jack_unregister_within(
            self.address, addresses, len(ports), timeout, timeout + answer, close, client.notifier
        )
        if code == PCMIO_JACK_UNANSWERED:
            library.tell_hung()
            self._abandon_hung()
        elif code != 0:
            logger().info("%s", self._failed("jack_port_unregister", -1, self.name))

    def _abandon_hung(self) -> None:
        """Leave a client whose server hangs to a thread that waits for it, and so all that libjack has of it."""
        self._hung = True
        self._client = None
        library.kept_for_ever.append(self)
        self._core.pcmio_jack_lose(self.address, self._read().code)

    def measure(self, stream: int | None) -> None:
        """Ask for the latencies of a stream's ports."""
        if not self.lost:
            self._core.pcmio_jack_stream_measure(self.address, stream)

    # --- its end -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """End its streams, each told that the host is lost, and leave the server, be it dead or alive."""
        with self.lock:
            client, self._client = self._client, None
            if self.address is None:
                return
            self._closed = not self._read().lost
            self._core.pcmio_jack_lose(self.address, self._state.code)
            for driver in list(self.drivers):
                driver.leave(self)
            if client is not None and not close_client(self._jack, client, lost=not self._closed):
                self._abandon_hung()
            self._read()
            if not self._hung:
                self._core.pcmio_jack_client_free(self.address)
            self.address = None
            take_messages()

    def bury(self) -> None:
        """Close it: its server is gone, whether it knows that already or not."""
        with self.lock:
            if self._client is not None:
                self._core.pcmio_jack_lose(self.address, self._read().code)
                self.close()

    def close_if_unused(self) -> None:
        """A dead client goes with its last stream, as it holds threads and descriptors; at exit every client does."""
        if not self.drivers and (self.lost or _exiting):
            self.close()

    def abandon(self) -> None:
        """Forget it without touching it: it belongs to the process this one was forked from."""
        self.lock = threading.RLock()
        self._client = self.address = None
        self.drivers = []

    def __del__(self, leaving: Callable[[], bool] = sys.is_finalizing) -> None:
        if getattr(self, "address", None) is not None and not leaving():
            self.close()


def _close_all() -> None:
    """Leave the servers before the interpreter takes itself apart; clients with streams go with their last one."""
    global _exiting  # noqa: PLW0603 - said once
    _exiting = True
    for client in list(_clients):
        # Whoever has it may be in a question to a server that hangs.
        if client.lock.acquire(timeout=library.ANSWER_NANOS / _NANOS):
            try:
                client.close_if_unused()
            finally:
                client.lock.release()


atexit.register(_close_all)


def _forget_all() -> None:
    for client in list(_clients):
        client.abandon()
    _clients.clear()


_register_at_fork = getattr(os, "register_at_fork", None)  # Windows has no fork
if _register_at_fork is not None:
    _register_at_fork(after_in_child=_forget_all)
