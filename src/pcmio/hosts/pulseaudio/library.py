"""libpulse and the core's part for it, each opened once for the process."""

from __future__ import annotations

import ctypes
import os

from pcmio._core import core
from pcmio.hosts.pulseaudio import abi, errors
from pcmio.hosts.pulseaudio.abi import API_FUNCTIONS, Libpulse, PulseApi, PulseCore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pcmio.hosts.pulseaudio.options import HostOptions


class Libraries:
    """Both, and the addresses of the functions that the core calls.

    Raises:
        HostUnavailable: libpulse is not installed, or too old.
    """

    def __init__(self) -> None:
        self._owner: int | None = None  # the process that uses libpulse
        self.pulse = Libpulse()
        self.core = PulseCore(core().path)
        self._api = PulseApi(*(self.pulse.address(f"pa_{name}") for name in API_FUNCTIONS))
        self.api = ctypes.addressof(self._api)

    def claim(self) -> None:
        """Say that libpulse will be used.

        Raises:
            HostUnavailable: The parent of this forked process has used it: then libpulse 16.1 makes no context in the
                child, whatever it does (pa_detect_fork).
        """
        if self._owner is None:
            self._owner = os.getpid()
        elif self._owner != os.getpid():
            raise errors.from_connection("", abi.PA_ERR_FORKED)

    def proplist(self, options: HostOptions) -> int | None:
        """What the server shows of this program; the caller frees it."""
        properties = {"application.name": options.name, "application.icon_name": options.application_icon}
        return self.properties(properties)

    def properties(self, values: dict[str, str | None]) -> int | None:
        """A ``pa_proplist`` of those that have a value; the caller frees it."""
        proplist = self.pulse.pa_proplist_new()
        for key, value in values.items():
            if value is not None:
                self.pulse.pa_proplist_sets(proplist, key.encode(), value.encode())
        return proplist


_libraries: Libraries | None = None


def libraries() -> Libraries:
    """Opened at the first use.

    Raises:
        HostUnavailable: libpulse is not installed, or too old.
    """
    global _libraries  # noqa: PLW0603 - one for the process, and nothing at import
    if _libraries is None:
        _libraries = Libraries()
    return _libraries
