"""libasound and the core's part for it, each opened once for the process; and calls that may hang, bounded in time."""

from __future__ import annotations

import ctypes
import os
import threading

from pcmio._core import core
from pcmio._interrupts import interruptibly
from pcmio._log import logger
from pcmio._messages import take_messages
from pcmio.hosts.alsa import errors
from pcmio.hosts.alsa.abi import API_FUNCTIONS, AlsaApi, AlsaCore, Asound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class _Turn:
    """A lock that is waited for no longer than is bearable."""

    def __init__(self, asound: Asound, lock: threading.Lock, too_late: errors.Late, seconds: float) -> None:
        self._asound = asound
        self._lock = lock
        self._too_late = too_late
        self._seconds = seconds

    def __enter__(self) -> Asound:
        if not self._lock.acquire(timeout=self._seconds):
            raise self._too_late()
        return self._asound

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class Libraries:
    """Both, and the addresses of the functions that the core calls.

    Raises:
        HostUnavailable: libasound is not installed, or too old.
    """

    def __init__(self) -> None:
        self.asound = Asound()
        self.core = AlsaCore(core().path)
        self._api = AlsaApi(*(self.asound.address(f"snd_pcm_{name}") for name in API_FUNCTIONS))
        self.api = ctypes.addressof(self._api)
        # Plugins and the configuration are not all safe to be loaded by two threads at a time.
        self._opening = threading.Lock()
        self._jack: ctypes.CDLL | None = None
        # The hook is variadic, which only C can be.
        self.asound.snd_lib_error_set_handler(core().address("pcmio_alsa_error"))

    def opening(self, what: str, call: str, seconds: float) -> _Turn:
        """Be the only one who opens a PCM, or reads the configuration: ``with libs.opening(...) as asound:``.

        Raises:
            OperationTimeout: Another thread does, and hangs in it.
        """
        return _Turn(self.asound, self._opening, lambda: errors.too_slow(what, call, seconds), seconds)

    def said(self) -> list[str]:
        """What libasound has complained of since the last time; logged already."""
        return take_messages("libasound")

    def silence_jack(self) -> None:
        """Before a PCM is opened that is a JACK client: libjack prints its remarks, if nobody tells it not to."""
        if self._jack is None:
            try:
                self._jack = ctypes.CDLL("libjack.so.0")
            except OSError as error:  # then the plugin cannot be opened either, and says so
                logger().debug("libjack cannot be opened: %s", error)
                return
            for hook in ("error", "info"):
                address = core().address(f"pcmio_message_{hook}")
                self._jack[f"jack_set_{hook}_function"](ctypes.c_void_p(address))

    def forget_openings(self) -> None:
        """Have a new lock: the thread that holds the old one hangs, or was left behind by a fork."""
        self._opening = threading.Lock()


class Bounded(threading.Thread):
    """A call that may hang in a plugin whose server does, on a thread that may be left behind in it."""

    def __init__(self, work: Callable[[], Any], undo: Callable[[Any], object]) -> None:
        super().__init__(name="pcmio alsa opening", daemon=True)
        self._work = work
        self._undo = undo
        self._lock = threading.Lock()
        self._unwanted = False
        self._result: list[Any] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            result = self._work()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the caller
            self._error = error
            return
        with self._lock:
            if not self._unwanted:
                self._result.append(result)
                return
        self._undo(result)

    def result(self, what: str, call: str, seconds: float) -> Any:
        """What ``work`` returned or raised.

        Raises:
            OperationTimeout: It has not returned; what it may yet return is undone then.
        """
        self.start()
        try:
            interruptibly(lambda: self.join(seconds))
        except BaseException:  # Ctrl-C
            self._give_up()
            raise
        if self.is_alive():
            self._give_up()
            raise errors.too_slow(what, call, seconds)
        if self._error is not None:
            raise self._error
        return self._result[0]

    def _give_up(self) -> None:
        with self._lock:
            self._unwanted = True
            late, self._result = self._result, []
        for result in late:
            self._undo(result)


_libraries: Libraries | None = None


def libraries() -> Libraries:
    """Opened at the first use.

    Raises:
        HostUnavailable: libasound is not installed, or too old.
    """
    global _libraries  # noqa: PLW0603 - one for the process, and nothing at import
    if _libraries is None:
        _libraries = Libraries()
    return _libraries


def _forget_openings() -> None:
    if _libraries is not None:
        _libraries.forget_openings()


_register_at_fork: Callable[..., None] | None = getattr(os, "register_at_fork", None)  # Windows has no fork
if _register_at_fork is not None:
    _register_at_fork(after_in_child=_forget_openings)
