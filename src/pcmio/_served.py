"""What the hosts of a desktop's sound servers (PipeWire, PulseAudio) have in common.

Each of them has one connection for all its streams, devices that are asked anew at each question, channels with places,
and tells mixers which program plays.
"""

from __future__ import annotations

import os
import sys
import threading
from abc import ABC, abstractmethod

from pcmio._device import TwoWayDevice, check_timeout
from pcmio._own_lock import OwnLock
from pcmio._value import Value, as_utf8
from pcmio.descriptions import DeviceId
from pcmio.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Generic, Protocol, TypeVar

    from pcmio.descriptions import DeviceDescription
    from pcmio.errors import AudioError

    GuestT = TypeVar("GuestT", bound="Guest")
    ConnectionT = TypeVar("ConnectionT", bound="SharedConnection[Any]")
else:
    Protocol, GuestT, ConnectionT = object, None, None

    class Generic:
        """Subscripts are for type checkers; importing typing takes longer than this module may."""

        def __class_getitem__(cls, _item: object) -> type:
            return cls


# --- options ----------------------------------------------------------------------------------------------------------


def check_text(name: str, value: object) -> None:
    """An option that takes text, or None.

    Raises:
        InvalidInput: Something else, or nothing.
    """
    if value is not None and (not isinstance(value, str) or not value or "\0" in value):
        raise InvalidInput(f"option {name} takes text, not {value!r}")


def check_words(name: str, value: str | None) -> None:
    """The same, for what people read: servers take UTF-8 alone, which a file's name, for one, need not be.

    Raises:
        InvalidInput: As ``check_text``, or bytes that are no text.
    """
    check_text(name, value)
    if value is not None and value != as_utf8(value):
        raise InvalidInput(
            f"option {name} takes text, not {value!r}", advice='see text.encode("utf-8", "replace").decode()'
        )


class ServerOptions(Value):
    """Options that hosts with a server have; each adds where its server is.

    Attributes:
        timeout: Seconds that the server may take to answer.
        application_name: For mixers; None: the name of the program.
        application_icon: Name of an icon of the desktop's theme.
    """

    timeout: float = 3.0
    application_name: str | None = None
    application_icon: str | None = None

    def _check(self) -> None:
        check_words("application_name", self.application_name)
        check_words("application_icon", self.application_icon)
        for name in self._fields:  # those of a host: where its server is
            if name not in ServerOptions._fields:
                check_text(name, getattr(self, name))
        check_timeout(self.timeout)

    @property
    def name(self) -> str:
        """What mixers show."""
        if self.application_name is not None:
            return self.application_name
        program = os.path.basename(sys.argv[0]) if sys.argv else ""  # noqa: PTH119 - pathlib is slow to import
        return as_utf8(program) if program not in {"", "-", "-c", "-m"} else "Python"


#: For ``take_options``: the options of every server.
SERVER_OPTIONS: dict[str, tuple[type, object]] = {
    "timeout": (object, ServerOptions.timeout),
    "application_name": (str, None),
    "application_icon": (str, None),
}


# --- the connection for sound -----------------------------------------------------------------------------------------


class Guest(Protocol):
    """A stream on a connection."""

    def cut(self) -> None:
        """Give up what is native, make nothing more, and have the stream end: the connection is being closed."""


class SharedConnection(ABC, Generic[GuestT]):
    """One connection, from its making to the end; a host makes another when this one is lost.

    Its loop has a thread of its own, on which only the core's callbacks run.  Python speaks to it through the core,
    which takes the loop's lock for microseconds.
    """

    def __init__(self) -> None:
        self._native: int | None = None
        self._owner = os.getpid()
        self._lock = OwnLock()
        self._guests: set[GuestT] = set()
        self._retired = False

    @abstractmethod
    def _is_ready(self) -> bool:
        """Whether the server still answers; asked while there is a native connection."""

    @abstractmethod
    def _closed(self) -> AudioError:
        """What a stream is told that comes too late."""

    @abstractmethod
    def _free_native(self, native: int) -> None:
        """Disconnect, and give back everything."""

    @property
    def usable(self) -> bool:
        """Whether new streams can be made on it."""
        with self._lock:
            return self._native is not None and not self.inherited and self._is_ready()

    @property
    def inherited(self) -> bool:
        """Whether this is a forked child's copy, whose loop has no thread."""
        return self._owner != os.getpid()

    def join(self, guest: GuestT) -> int | None:
        """Let a stream in; the address that the core knows the connection by, valid until the stream leaves.

        Raises:
            HostDisconnected: The connection is closed.
        """
        with self._lock:
            if self._native is None:
                raise self._closed()
            self._guests.add(guest)
            return self._native

    def leave(self, guest: GuestT) -> None:
        """A stream has given up what was native."""
        with self._lock:
            if guest not in self._guests:
                return
            self._guests.discard(guest)
            if self._retired and not self._guests:
                self._free()
            else:
                self._left()

    def _left(self) -> None:
        """A stream has gone, and the connection stays; called under the lock."""

    def retire(self) -> None:
        """It is lost, and replaced: it goes with its last stream."""
        with self._lock:
            self._retired = True
            if not self._guests:
                self._free()

    def close(self) -> None:
        """Disconnect; its streams end."""
        with self._lock:
            guests, self._guests = self._guests, set()
            for guest in guests:
                guest.cut()
            self._free()

    def _free(self) -> None:
        native, self._native = self._native, None
        # A loop without its thread may be locked for ever, and would be waited for without end.
        if native is not None and not self.inherited:
            self._free_native(native)

    def __del__(self, leaving: Callable[[], bool] = sys.is_finalizing) -> None:
        if not leaving():
            self._free()


class ConnectionKeeper(Generic[ConnectionT]):
    """Has the connection that a host's streams share, from the first of them on."""

    def __init__(self, connect: Callable[[], ConnectionT]) -> None:
        self._connect = connect
        self._make()

    def _make(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._now: ConnectionT | None = None

    def _locked(self) -> threading.Lock:
        if self._process != os.getpid():  # a fork's child has not the connection's thread, and maybe a held lock
            self._make()
        return self._lock

    @property
    def now(self) -> ConnectionT | None:
        """That which there is, usable or not."""
        with self._locked():
            return self._now

    def get(self) -> ConnectionT:
        """A new one when there is none that works.

        Raises:
            HostUnavailable, PermissionDenied: No server, or it lets nobody in.
        """
        with self._locked():
            if self._now is not None and not self._now.usable:
                self._now.retire()
                self._now = None
            if self._now is None:
                self._now = self._connect()
            return self._now

    def close(self) -> None:
        """Disconnect."""
        with self._locked():
            last, self._now = self._now, None
        if last is not None:
            last.close()


# --- devices and their channels ---------------------------------------------------------------------------------------


class ServedDevice(TwoWayDevice):
    """What the server says about it is asked at each question."""

    def __init__(self, host_id: str, name: str, description: DeviceDescription, *, follows: bool) -> None:
        super().__init__(DeviceId(host_id, name), description)
        self._follows = follows  # it was asked for as the default, and so may its streams go where the default goes


def choose_places(standard: Sequence[int], device: Sequence[int], named: Sequence[int] | None) -> tuple[int, ...]:
    """Where each channel of a stream belongs, by the server's numbers for places.

    In the standard order, so that a frame means the same on every device; but straight through, channel by channel, on
    a device with as many channels in other places, since its mixing them would help nobody.

    Args:
        standard: The places of as many channels as the stream has, when nobody says.
        device: Those of the device.
        named: What the option ``channel_map`` says; None: nothing.

    Raises:
        InvalidInput: It names more places, or fewer, than the stream has channels.
    """
    if named is not None:
        if len(named) != len(standard):
            raise InvalidInput(
                f"channel_map names {len(named)} channels, and the stream has {len(standard)}",
                advice="name one for each",
            )
        return tuple(named)
    straight = len(device) == len(standard) and sorted(device) != sorted(standard)
    return tuple(device if straight else standard)
