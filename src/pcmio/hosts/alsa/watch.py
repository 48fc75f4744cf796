"""What a watch asks: the listing, anew whenever something has happened to the kernel's nodes in /dev/snd.

inotify tells of that, not udev's netlink: a card can be used when its nodes can be opened, which is what libasound
tries too, and files say so whoever makes them and gives them away (the kernel, udev, mdev, a seat that changes hands).
The kernel's netlink tells of a card before its permissions are set; udev's needs udev, and libudev to understand it.
"""

from __future__ import annotations

import os
import threading

from pcmio._arrival import Arrival
from pcmio._watch import Sighting, Source, View
from pcmio.descriptions import DeviceId, Direction
from pcmio.errors import UnsupportedOperation
from pcmio.hosts.alsa import errors
from pcmio.hosts.alsa.cards import NODES
from pcmio.hosts.alsa.devices import default_among
from pcmio.hosts.alsa.names import hardware_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pcmio.contract import Device
    from pcmio.hosts.alsa.cards import Card, CardPcm


class AlsaSource(Source):
    """For ``AlsaHost.watch``.

    Args:
        find_cards: The cards that there are.
        devices_of: The devices that these cards make, and the configuration.
        directory: Of the nodes: may come later, and go with the last card.
    """

    def __init__(
        self,
        find_cards: Callable[[], Sequence[Card]],
        devices_of: Callable[[Sequence[Card]], Sequence[Device]],
        directory: str = NODES,
    ) -> None:
        self._find_cards = find_cards
        self._devices_of = devices_of
        self._directory = directory
        probe = Arrival(self.paths())
        probe.close()
        if not probe.is_possible:
            raise UnsupportedOperation(
                "ALSA cannot be watched here: the system does not tell of new cards", advice="list its devices again"
            )
        # Reentrant: the garbage collector may close a watch that was dropped while its own thread is in here.
        self._lock = threading.RLock()
        self._closing = False
        self._arrival: Arrival | None = None

    def open(self) -> None:
        """Have the kernel tell of nodes; there need not be any."""
        arrival = Arrival(self.paths())
        with self._lock:
            self._arrival = arrival
            if self._closing:
                arrival.wake()
        try:
            self._require()
            self.look()  # a configuration that cannot be read: the answer must not be that all is well again
        except BaseException:
            self.shut()
            raise

    def _require(self) -> Arrival:
        arrival = self._arrival
        if arrival is None or self._closing:
            raise errors.closed()
        if not arrival.tells:
            raise errors.nothing_tells()
        return arrival

    def look(self) -> View:
        """The listing, without what cannot be opened yet."""
        there: list[Card] = []
        made: dict[str, str] = {}  # when nodes were made, by the device's name
        for card in self._find_cards():
            ready: list[CardPcm] = []
            for pcm in card.pcms:
                incarnation = self._incarnation(card, pcm)
                if incarnation is not None:
                    made[hardware_name(card, pcm.device)] = incarnation
                    ready.append(pcm)
            there.append(card.replace(pcms=tuple(ready)))
        devices = self._devices_of(there)
        return View(
            tuple(Sighting(one.id, one.description, made.get(one.id.id, "")) for one in devices),
            _id(default_among(devices, Direction.OUTPUT)),
            _id(default_among(devices, Direction.INPUT)),
        )

    def _incarnation(self, card: Card, pcm: CardPcm) -> str | None:
        """Another one after the card was plugged in again; None: its nodes cannot be opened yet, or any more.

        The control node is the last that the kernel makes, but the first that udev may be done with.
        """
        numbers = list[str]()
        for letter, exists in (("p", pcm.plays), ("c", pcm.records)):
            if exists:
                path = f"{self._directory}/pcmC{card.index}D{pcm.device}{letter}"
                try:
                    number = os.stat(path).st_ino  # noqa: PTH116 - pathlib is slow to import
                except OSError:
                    return None
                if not os.access(path, os.R_OK | os.W_OK):
                    return None
                numbers.append(str(number))
        return ",".join(numbers)

    def wait(self) -> None:
        """Sleep until a node comes, goes, or is given to somebody else."""
        arrival = self._require()
        arrival.wait(None)
        if not self._closing:
            self._require()

    def wake(self) -> None:
        """End the sleep."""
        with self._lock:
            self._closing = True
            if self._arrival is not None:
                self._arrival.wake()

    def shut(self) -> None:
        """Have the kernel tell no more."""
        with self._lock:
            arrival, self._arrival = self._arrival, None
        if arrival is not None:
            arrival.close()

    def paths(self) -> list[str]:
        """The nodes' directory."""
        return [f"{self._directory}/"]


def _id(device: Device | None) -> DeviceId | None:
    return None if device is None else device.id
