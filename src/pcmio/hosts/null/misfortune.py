"""What can be ordered of a null host: which call fails next and how, what is plugged in, who is the default."""

from __future__ import annotations

import threading

from pcmio.descriptions import DeviceId
from pcmio.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pcmio.descriptions import Direction
    from pcmio.hosts.null.host import NullHost
    from pcmio.hosts.null.options import NullDeviceSpec

#: Calls that can be made to fail.
CALLS = ("devices", "configs", "build", "open", "start", "pause", "discard", "drain", "close")


class Misfortune:
    """``host.misfortune.order("start", DeviceBusy("..."))``: the next such call raises it."""

    def __init__(self, host: NullHost) -> None:
        self._host = host
        self._lock = threading.Lock()
        self._ordered: dict[str, list[Exception]] = {}

    def order(self, call: str, error: Exception, *, times: int = 1) -> None:
        """Have the next ``times`` calls fail.

        Args:
            call: One of ``CALLS``: enumerating, asking for configs, negotiating a stream, and the calls of its driver.
            error: What they raise.
            times: How many of them.

        Raises:
            InvalidInput: No such call.
        """
        if call not in CALLS:
            raise InvalidInput(f"{call!r} cannot be made to fail", advice=f"choose one of {', '.join(CALLS)}")
        with self._lock:
            self._ordered.setdefault(call, []).extend([error] * times)

    def plug(self, device: NullDeviceSpec | DeviceId | str) -> None:
        """Plug in a new device, or one that was unplugged.

        Raises:
            InvalidInput: There is none of this id, or another one.
        """
        self._host.plug_in(self._host.spec(device) if isinstance(device, (str, DeviceId)) else device)

    def unplug(self, device_id: DeviceId | str, code: int = 0) -> None:
        """Unplug a device: it is listed no more; its streams end with ``DeviceLost``, or follow the default.

        Raises:
            InvalidInput: There is none of this id.
        """
        self._host.lose(self._host.spec(device_id), code)

    def set_default(self, direction: Direction, device_id: DeviceId | str) -> None:
        """Make a device the default one for OUTPUT or INPUT; streams that follow the default move there.

        Raises:
            InvalidInput: There is none of this id, or it does not have this direction.
        """
        self._host.choose(direction, self._host.spec(device_id))

    def lose(self, code: int = 0) -> None:
        """Lose the whole host, as if its server had died: streams end, every question raises ``HostDisconnected``."""
        self._host.disconnect(code)

    def restore(self) -> None:
        """Have it back."""
        self._host.reconnect()

    def strike(self, call: str) -> None:
        """Raise what was ordered for this call, if anything was."""
        with self._lock:
            waiting = self._ordered.get(call)
            error = waiting.pop(0) if waiting else None
        if error is not None:
            raise error
