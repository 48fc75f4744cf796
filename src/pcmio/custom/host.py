"""A host with a list of devices, which may change at any time: watches are told, streams of what has gone end."""

from __future__ import annotations

import copy

from pcmio._interrupts import to_its_end, uninterrupted
from pcmio._own_lock import OwnLock
from pcmio._value import shown
from pcmio._watch import Watches
from pcmio.contract import Host
from pcmio.custom.device import SimpleDevice
from pcmio.descriptions import DeviceDescription, DeviceId, Direction
from pcmio.errors import AudioError, DeviceNotAvailable, HostDisconnected, HostUnavailable, InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from pcmio.contract import HostEventCallback, Watch


class SimpleHost(Host):
    """A host with a list of devices.  Of each direction the first that has it is the default one, or what was chosen.

    Args:
        id: Lower case, the first part of its devices' ids.
        name: For people; empty: the id.
        devices: What it has from the beginning.

    Raises:
        InvalidInput: As ``add``; or no such id.
    """

    def __init__(self, id: str, name: str = "", devices: Iterable[SimpleDevice] = ()) -> None:  # noqa: A002
        self._id = DeviceId(id, "any").host
        self._name = name or self._id
        self._lock = OwnLock()
        self._devices: tuple[SimpleDevice, ...] = ()  # another one whenever it changes: read without the lock
        self._chosen: dict[Direction, DeviceId] = {}
        self._gone: HostUnavailable | None = None
        self._watches = Watches(self)
        for device in devices:
            self.add(device)

    @property
    def id(self) -> str:
        return self._id

    @property
    def name(self) -> str:
        return self._name

    def check_available(self) -> None:
        gone = self._gone
        if gone is not None:
            raise copy.copy(gone)

    @uninterrupted
    def devices(self) -> list[SimpleDevice]:
        self.check_available()
        return [one.described() for one in self._devices]

    @uninterrupted
    def default_output_device(self) -> SimpleDevice | None:
        return self._default(Direction.OUTPUT)

    @uninterrupted
    def default_input_device(self) -> SimpleDevice | None:
        return self._default(Direction.INPUT)

    def _default(self, direction: Direction) -> SimpleDevice | None:
        able = [one for one in self.devices() if _can(one, direction)]
        chosen = [one for one in able if one.id == self._chosen.get(direction)]
        return next(iter([*chosen, *able]), None)

    if TYPE_CHECKING:

        def device_by_id(self, device_id: DeviceId | str) -> SimpleDevice: ...

    @uninterrupted
    def watch(self, on_event: HostEventCallback | None = None) -> Watch:
        return self._watches.open(on_event)

    @to_its_end
    def close(self) -> None:
        self._watches.close()
        self._end_streams()

    # --- what comes and goes: from any thread ------------------------------------------------------------------------

    @uninterrupted
    def add(self, device: SimpleDevice) -> None:
        """Have one more device, or one again that was removed.

        Raises:
            InvalidInput: No such device, another host's, or there is one of this id.
        """
        if not isinstance(device, SimpleDevice):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidInput(f"a SimpleHost has SimpleDevice objects, not {shown(device)}")
        self.own_id(device.id)
        with self._lock:
            if device in self._devices:
                raise InvalidInput(f"there is a device {device.id} already", advice="remove it, or choose another id")
            device.belong(self)
            self._devices = (*self._devices, device)
        self._watches.changed()

    @uninterrupted
    def remove(self, device: SimpleDevice | DeviceId | str) -> None:
        """Have a device no more: its streams end with ``DeviceLost``.

        Raises:
            DeviceNotAvailable: There is none of this id.
            InvalidInput: No id, or another host's.
        """
        wanted = self._wanted(device)
        with self._lock:
            found = [one for one in self._devices if one.id == wanted]
            if not found:
                raise self.no_device(wanted)
            self._devices = tuple(one for one in self._devices if one.id != wanted)
        for driver in found[0].drivers():
            driver.lost_device()
        self._watches.changed()

    @uninterrupted
    def choose_default(self, direction: Direction, device: SimpleDevice | DeviceId | str | None) -> None:
        """Make a device the default one for INPUT or OUTPUT; None: again the first that has this direction.

        Raises:
            DeviceNotAvailable: There is none of this id.
            InvalidInput: No direction, or the device has not this one.
        """
        if direction not in (Direction.INPUT, Direction.OUTPUT):
            raise InvalidInput(f"direction must be INPUT or OUTPUT, not {shown(direction)}")
        found = None if device is None else self.device_by_id(self._wanted(device))
        if found is not None and not _can(found, direction):
            raise InvalidInput(f"{found.id} has no {direction}")
        with self._lock:
            self._chosen.pop(direction, None)
            if found is not None:
                self._chosen[direction] = found.id
        self._watches.changed()

    @uninterrupted
    def describe(self, device: SimpleDevice | DeviceId | str, description: DeviceDescription) -> None:
        """Describe a device in other words; its direction stays.

        Raises:
            DeviceNotAvailable: There is none of this id.
            InvalidInput: No description, no id, or another host's.
        """
        if not isinstance(description, DeviceDescription):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidInput(f"a device is described by a DeviceDescription, not by {shown(description)}")
        wanted = self._wanted(device)
        with self._lock:
            if not any(one.id == wanted for one in self._devices):
                raise self.no_device(wanted)
            self._devices = tuple(one.described(description) if one.id == wanted else one for one in self._devices)
        self._watches.changed()

    @uninterrupted
    def lose(self, error: HostUnavailable | None = None) -> None:
        """What serves the devices has gone: streams end with ``HostDisconnected``, questions raise ``error``.

        Raises:
            InvalidInput: That is no ``AudioError``.
        """
        if error is not None and not isinstance(error, AudioError):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidInput(f"a host is lost by an error of pcmio's kind, not by {shown(error)}")
        gone = error or HostDisconnected(f"{self._name} is gone", advice="wait for HostBack in host.watch()")
        self._gone = gone
        self._end_streams()
        self._watches.lost(copy.copy(gone))

    @uninterrupted
    def restore(self) -> None:
        """It is back, with its devices."""
        self._gone = None
        self._watches.back()

    def check_has(self, device: SimpleDevice) -> None:
        """Return if the device is there.

        Raises:
            DeviceNotAvailable: It was removed.
            HostUnavailable: What serves it has gone.
        """
        self.check_available()
        if not any(one.standing is device.standing for one in self._devices):
            raise DeviceNotAvailable(f"{device.name} is gone", advice="see host.devices()")

    def _wanted(self, device: SimpleDevice | DeviceId | str) -> DeviceId:
        return self.own_id(device.id if isinstance(device, SimpleDevice) else device)

    def _end_streams(self) -> None:
        for device in self._devices:
            for driver in device.drivers():
                driver.lost_host()


def _can(device: SimpleDevice, direction: Direction) -> bool:
    return device.supports_output if direction is Direction.OUTPUT else device.supports_input
