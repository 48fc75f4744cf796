"""Real-time priority for the threads that are ours: directly where the system allows it, else through rtkit.

rtkit is asked over D-Bus with jeepney, the extra ``pcmio[realtime]``.  Of the libraries that speak D-Bus, dbus-fast is
the liveliest, but compiled and without a call that simply waits: it wants an event loop.  dasbus, and pydbus, which has
had no release since 2016, stand on GLib and PyGObject.  jeepney is pure Python, needs nothing else, has blocking calls
with timeouts, and is kept up (keyring and SecretStorage stand on it).

rtkit has conditions.  Its answer to a thread whose process may compute for long in real time is no: RLIMIT_RTTIME's
hard limit, not only the soft one, must be at most its property RTTimeUSecMax (rtkit 0.13 reads /proc/PID/limits).  The
limit is the process's, and a hard one that is lowered stays so.  The soft limit is set to half of it, so that the
core's guard has its turn before the kernel ends the program.
"""

from __future__ import annotations

import errno
import os
import threading
import time

from pcmio._core import core
from pcmio._log import logger
from pcmio._value import Value, shown
from pcmio.errors import InvalidInput, PermissionDenied
from pcmio.events import REALTIME_ADVICE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

AUTO, REQUIRE, NEVER = "auto", "require", "never"
_MODES = (AUTO, REQUIRE, NEVER)
#: For connecting, and for each answer; rtkit may have to be started by the bus first.
BUS_SECONDS = 0.5
#: Between two requests for one thread; rtkit hears 25 from a user in 20 seconds.
AGAIN_SECONDS = 10.0
_NAME = "org.freedesktop.RealtimeKit1"
_PATH = "/org/freedesktop/RealtimeKit1"


class Refusal(Value):
    """What was answered to a thread that asked for real-time priority.

    Attributes:
        code: The system's error number; 0: granted, or never asked.
        reason: In words, rtkit's answer too.
    """

    code: int = 0
    reason: str = ""

    def error(self, thread: str) -> PermissionDenied:
        """For a stream that requires it."""
        return PermissionDenied(
            f'no real-time priority for the {thread} thread, which realtime="require" asks for ({self.reason})',
            code=self.code,
            advice=REALTIME_ADVICE,
        )


NOTHING_REFUSED = Refusal()


def check_mode(wanted: object) -> str:
    """The stream option ``realtime``.

    Raises:
        InvalidInput: Not "auto", "require" or "never".
    """
    if not isinstance(wanted, str) or wanted not in _MODES:
        raise InvalidInput(f'realtime must be "auto", "require" or "never", not {shown(wanted)}')
    return wanted


def ask_rtkit(number: int, priority: int, code: int) -> Refusal:
    """Ask for what the system has refused with ``code`` to the thread of this number; the guard is set when granted."""
    from importlib import import_module

    why = os.strerror(code)
    try:
        resource: Any = import_module("resource")
    except ImportError:  # Windows
        return Refusal(code, why)
    if not hasattr(resource, "RLIMIT_RTTIME"):  # another system than Linux
        return Refusal(code, why)
    answer = _ask(resource, number, priority)
    return Refusal(code, f"{why}; rtkit: {answer}") if answer else NOTHING_REFUSED


def _ask(resource: Any, number: int, priority: int) -> str:
    """What rtkit answers, in words; empty when it is yes."""
    from importlib import import_module

    try:
        jeepney: Any = import_module("jeepney")
        blocking: Any = import_module("jeepney.io.blocking")
    except ImportError:
        return "not asked, as jeepney is not installed (pip install 'pcmio[realtime]')"
    address = jeepney.DBusAddress(_PATH, bus_name=_NAME, interface=_NAME)
    try:
        with blocking.open_dbus_connection("SYSTEM", auth_timeout=BUS_SECONDS) as bus:
            kit = _Kit(jeepney, bus, address)
            most = kit.property("MaxRealtimePriority")
            _shorten(resource, kit.property("RTTimeUSecMax"))
            core().pcmio_guard_add(number)
            try:
                kit.call(jeepney.new_method_call(address, "MakeThreadRealtime", "tu", (number, min(priority, most))))
            except BaseException:
                core().pcmio_guard_remove(number)
                raise
    except Exception as error:  # noqa: BLE001 - whatever a bus, its authentication or its messages come to: no priority
        logger().debug("rtkit gives thread %d no real-time priority", number, exc_info=True)
        name, words = getattr(error, "name", None), getattr(error, "data", ())  # of jeepney.DBusErrorResponse
        return ": ".join(map(str, (name, *words))) if name else str(error) or type(error).__name__
    return ""


class _Kit:
    """rtkit at the other end of a bus."""

    def __init__(self, jeepney: Any, bus: Any, address: Any) -> None:
        self._jeepney = jeepney
        self._bus = bus
        self._address = address

    def call(self, message: Any) -> Any:
        reply = self._bus.send_and_get_reply(message, timeout=BUS_SECONDS)
        return self._jeepney.wrappers.unwrap_msg(reply)

    def property(self, name: str) -> int:
        ((_, value),) = self.call(self._jeepney.Properties(self._address).get(name))
        return int(value)


def _shorten(resource: Any, most_micros: int) -> None:
    """Set RLIMIT_RTTIME as rtkit wants it; what is shorter already stays."""
    soft, hard = resource.getrlimit(resource.RLIMIT_RTTIME)
    unlimited = resource.RLIM_INFINITY
    new_hard = most_micros if hard == unlimited else min(hard, most_micros)
    new_soft = new_hard // 2 if soft == unlimited else min(soft, new_hard // 2)
    if (new_soft, new_hard) != (soft, hard):
        resource.setrlimit(resource.RLIMIT_RTTIME, (new_soft, new_hard))


class OwnThread:
    """The calling thread, which serves one stream; all calls are its own."""

    def __init__(self, mode: str, priority: int) -> None:
        #: What it is to ask the system for; 0: nothing.
        self.priority = 0 if mode == NEVER else priority
        #: Whether rtkit has made it real-time, and does so again if it has given that up since.
        self.borrows = False
        self._number = core().pcmio_thread_number()
        self._asked = time.monotonic()
        self._gift = False  # set by the thread that asks again

    def settle(self, code: int) -> Refusal:
        """What is refused after all, when the system has answered ``code``."""
        if not self.priority or not code:
            return NOTHING_REFUSED
        refusal = ask_rtkit(self._number, self.priority, code)
        self.borrows = not refusal.code
        return refusal

    def ask_again(self) -> None:
        """Ask rtkit for what was given up, now and then, and from another thread: this one has sound to move."""
        now = time.monotonic()
        if now - self._asked < AGAIN_SECONDS:
            return
        self._asked = now
        try:
            threading.Thread(target=self._ask_again, name="pcmio-rtkit", daemon=True).start()
        except RuntimeError as error:  # none to be had, or the program ends: the stream goes on as it is
            logger().debug("rtkit is not asked again: %s", error)

    def _ask_again(self) -> None:
        self._gift = self.borrows and not ask_rtkit(self._number, self.priority, errno.EPERM).code

    def take_gift(self) -> bool:
        """Whether it was given since it was last asked."""
        gift, self._gift = self._gift, False
        return gift

    def take_loss(self) -> Refusal:
        """Whether the guard has made it an ordinary thread since it was last asked."""
        if not core().pcmio_guard_tripped(self._number):
            return NOTHING_REFUSED
        self.ends()
        return Refusal(errno.ETIME, "it computed for longer at a time than rtkit lets real-time threads")

    def ends(self) -> None:
        """No guard any more."""
        if self.borrows:
            self.borrows = False
            core().pcmio_guard_remove(self._number)


class SharedThread:
    """A native thread of ours that moves the samples of several streams: real-time when one of them wants it."""

    def __init__(self, priority: int) -> None:
        self._priority = priority
        self._number = 0
        self._refusal: Refusal | None = None  # None: nobody has wanted it
        self._lock = threading.Lock()

    def first_priority(self, mode: str) -> int:
        """What the thread is to ask for when it begins; 0: nothing."""
        return 0 if mode == NEVER else self._priority

    def began(self, number: int, code: int, mode: str) -> None:
        """It runs, and was answered with ``code`` if the stream that made it run wants it real-time."""
        with self._lock:
            self._number = number
            self._refusal = None if mode == NEVER else self._settled(code)

    def want(self, mode: str) -> Refusal:
        """A stream starts to use it; what was refused, if the stream is to know.

        Raises:
            PermissionDenied: The stream requires what was refused.
        """
        if mode == NEVER:
            return NOTHING_REFUSED
        with self._lock:
            if not self._number:  # ended meanwhile; to the system 0 is whoever calls
                return NOTHING_REFUSED
            if self._refusal is None:
                self._refusal = self._settled(core().pcmio_thread_promote_other(self._number, self._priority))
            refusal = self._refusal
        if refusal.code and mode == REQUIRE:
            raise refusal.error("audio")
        return refusal

    def _settled(self, code: int) -> Refusal:
        return ask_rtkit(self._number, self._priority, code) if code else NOTHING_REFUSED

    def ends(self) -> None:
        """It is going to end: before its number is another thread's."""
        with self._lock:
            number, self._number, self._refusal = self._number, 0, None
            if number:
                core().pcmio_guard_remove(number)
