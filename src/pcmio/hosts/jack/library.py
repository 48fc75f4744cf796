"""libjack: opened once, silenced, and asked for clients."""

from __future__ import annotations

import ctypes
import os
import threading
import time
import weakref
from functools import partial

from pcmio._interrupts import interruptibly
from pcmio._log import logger
from pcmio._messages import take_messages as messages_of
from pcmio._value import Value
from pcmio.hosts.jack import errors
from pcmio.hosts.jack.abi import PCMIO_JACK_UNANSWERED, Jack, JackNoStartServer, JackNullOption, JackServerName
from pcmio.hosts.jack.ports import name_of
from pcmio.hosts.jack.stream import jack_core

TYPE_CHECKING = False
if not TYPE_CHECKING:
    Protocol = object
else:
    from typing import Protocol
if TYPE_CHECKING:
    from pcmio.hosts.jack.options import HostOptions

#: A server that was stopped in a debugger, or hangs, would hold ``jack_client_open`` for ever.
OPEN_SECONDS = 10.0
#: The same of what ends a client, which needs no longer than a few periods.
ANSWER_NANOS = 5_000_000_000
OPEN_ATTEMPTS = 4
_ATTEMPT_SECONDS = 0.005
_SPREAD = 7  # programs that met once should not meet again


class Holder(Protocol):
    """Who has a client of libjack's."""

    @property
    def dead(self) -> bool:
        """Whether its server is known to be gone, and it is not closed yet."""
        ...

    def bury(self) -> None:
        """Take the server for gone, and close the client."""


_library: Jack | None = None
#: Everybody in this process.
holders: weakref.WeakSet[Holder] = weakref.WeakSet()
#: What libjack may call or use yet, because its server hangs: never freed.
kept_for_ever: list[object] = []
_died = False  # a client was closed because its server was gone, and none was opened since
_opening = threading.Lock()  # libjack opens one client at a time


def jack_library() -> Jack:
    """libjack; from its first use on it prints nothing.

    Raises:
        HostUnavailable: It is not installed.
    """
    global _library  # noqa: PLW0603 - one for the process, and nothing at import
    if _library is None:
        jack, core = Jack(), jack_core()
        jack.jack_set_error_function(core.address("pcmio_message_error"))
        jack.jack_set_info_function(core.address("pcmio_message_info"))
        core.pcmio_jack_note_threads(jack.address("jack_set_thread_creator"))
        _library = jack
    return _library


def take_messages() -> list[str]:
    """What libjack has said since the last time: all of it goes to logging, its errors are returned."""
    return messages_of("libjack")


def take_names(jack: Jack, array: int | None) -> list[str]:
    """Copy and free a NULL-terminated array of names."""
    names: list[str] = []
    if array is not None:
        pointers = ctypes.cast(array, ctypes.POINTER(ctypes.c_char_p))
        while (name := pointers[len(names)]) is not None:
            names.append(name_of(name))
        jack.jack_free(array)
    return names


class OpenClient(Value):
    """What ``jack_client_open`` has opened.

    Attributes:
        handle: ``jack_client_t``.
        notifier: The number of its thread for notifications; 0: it is not known.
    """

    handle: int
    notifier: int


class _Opening(threading.Thread):
    """``jack_client_open`` on a thread that may hang in it without anybody waiting."""

    def __init__(self, jack: Jack, options: HostOptions) -> None:
        super().__init__(name="pcmio jack_client_open", daemon=True)
        self.client: OpenClient | None = None
        self.status = 0
        self._jack = jack
        self._options = options
        self._lock = threading.Lock()
        self._unwanted = False

    def run(self) -> None:
        flags = JackNullOption if self._options.start_server else JackNoStartServer
        server: tuple[bytes, ...] = ()
        if self._options.server_name is not None:
            flags |= JackServerName
            server = (self._options.server_name.encode(),)
        status = ctypes.c_int(0)
        with _opening:
            handle = self._jack.jack_client_open(
                self._options.client_name.encode(), flags, ctypes.byref(status), *server
            )
        client = None if handle is None else OpenClient(handle, jack_core().pcmio_jack_created_thread())
        with self._lock:
            self.status = status.value
            if not self._unwanted:
                self.client = client
                return
        if client is not None:
            close_client(self._jack, client)

    def result(self) -> OpenClient | None:
        """The client, or None with ``status`` set.

        Raises:
            OperationTimeout: The server does not answer.
        """
        self.start()
        try:
            interruptibly(lambda: self.join(OPEN_SECONDS))
        except BaseException:  # Ctrl-C
            self._give_up()
            raise
        if not self.is_alive():
            return self.client
        self._give_up()
        raise errors.unanswered("jack_client_open", OPEN_SECONDS)

    def _give_up(self) -> None:
        """Nobody wants the client any more, whether it is there already or comes later."""
        with self._lock:
            self._unwanted = True
            client, self.client = self.client, None
        if client is not None:
            close_client(self._jack, client)


def close_client(jack: Jack, client: OpenClient, *, lost: bool = False) -> bool:
    """Close a client whose server lives, or is gone.

    False: the server hangs.  What libjack has of the client must stay then, whenever it may be closed in the end.
    """
    global _died  # noqa: PLW0603 - of the one libjack
    close = jack.address("jack_client_close")
    code = jack_core().pcmio_jack_close_within(close, client.handle, client.notifier, lost, ANSWER_NANOS)
    _died = _died or lost
    if code == PCMIO_JACK_UNANSWERED:
        tell_hung()
    return code != PCMIO_JACK_UNANSWERED


def tell_hung() -> None:
    """A server does not answer, and nobody else will hear of it."""
    logger().warning("the JACK server does not answer: a client of it is left to the end of this program")


def _bury_the_dead() -> None:
    """Before a client is opened: when a server has died, close all that are left.

    Otherwise libjack would (jackd2 1.9.21, JackLibGlobals::Init): it has one server for the whole process, and when
    that is gone, opening a client deletes all others, without a word to those who have them.
    """
    global _died  # noqa: PLW0603 - of the one libjack
    everyone = list(holders)
    if _died or any(holder.dead for holder in everyone):
        for holder in everyone:
            holder.bury()
        _died = False


def open_client(jack: Jack, options: HostOptions) -> OpenClient:
    """A new client.

    jackd2 1.9.21 makes a client's socket by the client's name alone: of two programs that open clients of one name on
    different servers at the same moment, one takes the other's socket away, and is then refused.
    """
    _bury_the_dead()
    status = 0
    for attempt in range(OPEN_ATTEMPTS):
        take_messages()
        opening = _Opening(jack, options)
        client = opening.result()
        if client is not None:
            return client
        status = opening.status
        if not errors.may_pass(status):
            break
        interruptibly(partial(time.sleep, _ATTEMPT_SECONDS * (attempt + os.getpid() % _SPREAD)))
    server = options.server_name or os.environ.get("JACK_DEFAULT_SERVER", "default")
    version = name_of(jack.jack_get_version_string() or b"") if jack.has("jack_get_version_string") else ""
    remote = os.environ.get("PIPEWIRE_REMOTE", "")
    raise errors.from_status(status, server, take_messages(), version=version, remote=remote)


def _forget_openings() -> None:
    global _opening  # noqa: PLW0603 - a thread that held it does not exist in the child
    _opening = threading.Lock()


_register_at_fork = getattr(os, "register_at_fork", None)  # Windows has no fork
if _register_at_fork is not None:
    _register_at_fork(after_in_child=_forget_openings)
