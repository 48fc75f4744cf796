"""What a watch makes of nodes in a directory that stands for /dev/snd; real cards are pulled in tests/cards."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pcmio
from pcmio import BackendError, DefaultChanged, DeviceAdded, DeviceId, DeviceRemoved, HostBack, HostLost
from pcmio._watch import Watches
from pcmio.errors import HostUnavailable
from pcmio.hosts.alsa import AlsaHost, HostOptions
from pcmio.hosts.alsa.cards import Card, CardPcm
from pcmio.hosts.alsa.devices import AlsaDevice, card_facts
from pcmio.hosts.alsa.names import hardware_name
from pcmio.hosts.alsa.watch import AlsaSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PATIENCE = 20.0
#: Longer than a look takes: what is not told until then is not told.
QUIET_SECONDS = 0.3
ONE, OTHER = DeviceId("alsa", "hw:CARD=One,DEV=0"), DeviceId("alsa", "hw:CARD=Other,DEV=0")
CAME = [(DeviceAdded, ONE), (DefaultChanged, ONE), (DefaultChanged, ONE)]
WENT = [(DeviceRemoved, ONE), (DefaultChanged, None), (DefaultChanged, None)]


def is_open(path: str | Path, _mode: int = 0) -> bool:
    """What stands for ``os.access``, which allows root everything."""
    try:
        return Path(path).stat().st_mode & 0o600 == 0o600
    except FileNotFoundError:
        return False  # it may go at any moment


class Machine:
    """Cards that are there when their control node can be opened, as to libasound."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.looks = 0
        self.error: pcmio.AudioError | None = None
        self.may_look = threading.Event()
        self.may_look.set()
        self._host = AlsaHost(HostOptions())
        self._kept = directory.with_name("kept")
        self._kept.mkdir()
        self._made = 0

    def plug(self, index: int, mode: int = 0o600) -> list[Path]:
        """Nodes in the kernel's order."""
        self.directory.mkdir(exist_ok=True)
        nodes = [
            self.directory / f"{kind}C{index}{rest}" for kind, rest in (("pcm", "D0c"), ("pcm", "D0p"), ("control", ""))
        ]
        for node in nodes:
            node.touch(mode)
            # As in devtmpfs, the next node has another number.
            self._made += 1
            (self._kept / str(self._made)).hardlink_to(node)
        return nodes

    def unplug(self, index: int) -> None:
        """In the kernel's order; the directory goes with the last card."""
        for name in (f"controlC{index}", f"pcmC{index}D0p", f"pcmC{index}D0c"):
            (self.directory / name).unlink()
        if not list(self.directory.iterdir()):
            self.directory.rmdir()

    def cards(self) -> Sequence[Card]:
        """As ``find_cards``."""
        self.looks += 1
        assert self.may_look.wait(PATIENCE)
        if self.error is not None:
            raise self.error
        pcm = CardPcm(0, "", "", plays=True, records=True)
        return [
            Card(index, name, f"Card {name}", "", "Test", "", (pcm,))
            for index, name in enumerate(("One", "Other"))
            if is_open(self.directory / f"controlC{index}")
        ]

    def devices_of(self, cards: Sequence[Card]) -> Sequence[pcmio.Device]:
        """As ``AlsaHost.devices``."""
        return [
            AlsaDevice(self._host, card_facts(card, pcm, hardware_name(card, pcm.device)))
            for card in cards
            for pcm in card.pcms
        ]

    def watch(self) -> pcmio.Watch:
        """As ``AlsaHost.watch``."""
        return Watches(self._host).ask(None, AlsaSource(self.cards, self.devices_of, str(self.directory)))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(os, "access", is_open)
    return Machine(tmp_path / "snd")


@pytest.fixture
def watching(machine: Machine) -> Iterator[pcmio.Watch]:
    with machine.watch() as opened:
        yield opened


def told(watching: pcmio.Watch, count: int) -> list[tuple[type, DeviceId | None]]:
    """So many events, and nothing more for a while."""
    found: list[tuple[type, DeviceId | None]] = []
    for _ in range(count):
        event = watching.get(PATIENCE)
        assert isinstance(event, DeviceAdded | DeviceRemoved | DefaultChanged), event
        found.append((type(event), event.new if isinstance(event, DefaultChanged) else event.id))
    is_quiet(watching)
    return found


def is_quiet(watching: pcmio.Watch) -> None:
    with pytest.raises(pcmio.OperationTimeout):
        watching.get(QUIET_SECONDS)


# --- cards ------------------------------------------------------------------------------------------------------------


def test_the_first_card_comes_with_its_directory_and_the_last_takes_it_along(
    machine: Machine, watching: pcmio.Watch
) -> None:
    for _ in range(3):
        machine.plug(0)
        assert told(watching, 3) == CAME
        machine.unplug(0)
        assert told(watching, 3) == WENT


def test_a_second_card_is_told_once_and_changes_no_default(machine: Machine) -> None:
    machine.plug(0)
    with machine.watch() as watching:
        machine.plug(1)
        assert told(watching, 1) == [(DeviceAdded, OTHER)]
        machine.unplug(1)
        assert told(watching, 1) == [(DeviceRemoved, OTHER)]


def test_the_next_card_is_the_default_when_the_first_goes(machine: Machine) -> None:
    machine.plug(0)
    machine.plug(1)
    with machine.watch() as watching:
        machine.unplug(0)
        assert told(watching, 3) == [(DeviceRemoved, ONE), (DefaultChanged, OTHER), (DefaultChanged, OTHER)]


def test_a_card_that_is_back_before_anybody_looked_is_told_as_another(machine: Machine) -> None:
    machine.plug(0)
    with machine.watch() as watching:
        machine.may_look.clear()
        machine.unplug(0)
        machine.plug(0)
        machine.may_look.set()
        assert told(watching, 2) == [(DeviceRemoved, ONE), (DeviceAdded, ONE)]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_card_is_told_when_the_last_of_its_nodes_has_been_given_away(
    machine: Machine, watching: pcmio.Watch, order: tuple[int, ...]
) -> None:
    nodes = machine.plug(0, mode=0)
    for place in order:
        is_quiet(watching)
        nodes[place].chmod(0o660)
    assert told(watching, 3) == CAME


def test_a_card_that_is_taken_away_from_this_user_has_gone_until_it_is_given_back(machine: Machine) -> None:
    """As when another user comes to the machine's seat."""
    control = machine.plug(0)[-1]
    with machine.watch() as watching:
        control.chmod(0)
        assert told(watching, 3) == WENT
        control.chmod(0o600)
        assert told(watching, 3) == CAME


def test_links_to_nodes_and_other_changes_are_no_news(machine: Machine) -> None:
    """udev makes them when all else is done."""
    control = machine.plug(0)[-1]
    with machine.watch() as watching:
        folder = machine.directory / "by-path"
        folder.mkdir()
        (folder / "pci").symlink_to(control)
        control.touch()
        is_quiet(watching)


def test_nothing_is_asked_while_nothing_happens(machine: Machine, watching: pcmio.Watch) -> None:
    before = machine.looks
    is_quiet(watching)
    assert machine.looks == before


def test_a_hundred_pluggings_leave_no_descriptors(machine: Machine) -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = descriptors()
    with machine.watch() as watching:
        for _ in range(100):
            machine.plug(0)
            assert [type(watching.get(PATIENCE)) for _ in CAME] == [kind for kind, _ in CAME]
            machine.unplug(0)
            assert [type(watching.get(PATIENCE)) for _ in WENT] == [kind for kind, _ in WENT]
    assert descriptors() == before


# --- trouble ----------------------------------------------------------------------------------------------------------


def test_a_listing_that_fails_is_told_and_not_tried_without_pause(machine: Machine) -> None:
    machine.plug(0)
    with machine.watch() as watching:
        machine.error = BackendError("the configuration cannot be read")
        looks = machine.looks
        machine.plug(1)
        lost = watching.get(PATIENCE)
        assert isinstance(lost, HostLost)
        assert "cannot be read" in str(lost.error)
        is_quiet(watching)
        assert machine.looks - looks < 10
        machine.error = None
        assert isinstance(watching.get(PATIENCE), HostBack)
        assert {event.id for _ in range(2) if isinstance(event := watching.get(PATIENCE), DeviceAdded)} == {ONE, OTHER}


def test_a_watch_that_is_closed_in_trouble_ends(machine: Machine) -> None:
    machine.error = BackendError("the configuration cannot be read")
    watching = machine.watch()
    assert isinstance(watching.get(PATIENCE), HostLost)
    threads = threading.active_count()
    watching.close()
    assert threading.active_count() < threads


def test_a_system_that_has_nothing_left_to_tell_with_says_so(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    class Exhausted:
        def inotify_init1(self, _flags: int) -> int:
            return -1

    monkeypatch.setattr("pcmio._arrival._Inotify", Exhausted)
    with machine.watch() as watching:
        event = watching.get(PATIENCE)
    assert isinstance(event, HostLost)
    assert isinstance(event.error, pcmio.ResourceExhausted)


def test_a_system_that_tells_of_no_files_cannot_be_watched(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise HostUnavailable("no inotify")

    monkeypatch.setattr("pcmio._arrival._Inotify", missing)
    with pytest.raises(pcmio.UnsupportedOperation):
        machine.watch()


def test_a_host_without_cards_can_be_watched(host: pcmio.Host) -> None:
    with host.watch() as watching:
        is_quiet(watching)
        host.close()
        assert watching.closed
