"""Sound cards, whether they may be used, and who holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pcmio.cli.doctor.findings import Finding, State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from pcmio.cli.doctor.machine import Machine, Process

_TOPIC = "Sound cards"
_NODES = "/dev/snd"
#: Who may hold a card for all others.
_SERVERS = ("pipewire", "pulseaudio", "jackd", "jackdbus")
#: Of processes that are not in the namespace of this one.
_ELSEWHERE = 0


class Holder(NamedTuple):
    """A program that has opened a device of a card.

    Attributes:
        device: Card and device, as ``PCH, device 3``.
        program: Its name, or None: it cannot be seen.
        pid: Its number; 0: it runs outside this container.
        uid: Whose it is, or None where that is not told.
        records: It records; else it plays.
        sizes: Rate, period and buffer that it uses, a line each.
        places: How many programs may hold the device.
        free: How many more may.
    """

    device: str
    program: str | None
    pid: int
    uid: int | None
    records: bool
    sizes: tuple[str, ...]
    places: int
    free: int

    def __str__(self) -> str:
        if self.pid == _ELSEWHERE:
            return "a program outside this container"
        return f"{self.program or 'a program that cannot be seen'} (process {self.pid})"


def look_at_cards(machine: Machine, *, answering: bool) -> Iterator[Finding]:
    """The kernel's cards, on systems with /proc; ``answering``: some sound server does, which may have others."""
    if not machine.names("/proc"):
        return
    listed = machine.text("/proc/asound/cards")
    if listed is None:
        text = "the kernel has no sound here (no /proc/asound), as in most containers and virtual machines"
        advice = None if answering else "load the driver of the card, or let the container have /dev/snd"
        yield Finding(_TOPIC, State.NOTE if answering else State.HINT, text, advice=advice, facts={"cards": []})
        return
    cards = _cards(listed)
    if not cards:
        advice = (
            None if answering else "plug one in; if it is, see whether the kernel has its driver: lspci -k, lsusb -t"
        )
        state = State.NOTE if answering else State.HINT
        yield Finding(_TOPIC, state, "the kernel knows no sound card", advice=advice, facts={"cards": []})
        return
    named = [f"{card} ({driver})" for card, driver in cards.values()]
    facts = {"cards": [{"id": card, "driver": driver} for card, driver in cards.values()]}
    yield Finding(_TOPIC, State.OK, f"the kernel has {', '.join(named)}", facts=facts)
    yield from _rights(machine)
    for holder in holders(machine):
        yield _held(machine, holder)


def _cards(text: str) -> dict[int, tuple[str, str]]:
    """Id and driver of `` 0 [PCH            ]: HDA-Intel - HDA Intel PCH``, by the number."""
    found: dict[int, tuple[str, str]] = {}
    for line in text.splitlines():
        head, bracket, rest = line.partition("[")
        if bracket and head.strip().isdigit():
            card, _, driver = rest.partition("]")
            found[int(head)] = (card.strip(), driver.lstrip(": ").partition(" - ")[0].strip())
    return found


def _rights(machine: Machine) -> Iterator[Finding]:
    nodes = [name for name in machine.names(_NODES) if name.startswith(("pcm", "control"))]
    denied = [name for name in nodes if not machine.may_use(f"{_NODES}/{name}")]
    group = min(filter(None, (machine.group_of(f"{_NODES}/{name}") for name in denied or nodes)), default=None)
    member = None if group is None else machine.in_group(group)
    facts = {"nodes": len(nodes), "denied": len(denied), "group": group, "in_group": member}
    if not nodes:
        advice = "let the container have /dev/snd (docker run --device /dev/snd)"
        yield Finding(_TOPIC, State.PROBLEM, "the cards have no nodes in /dev/snd", advice=advice, facts=facts)
    elif not denied:
        how = (
            "root may all" if machine.uid == 0 else f"of the group {group}" if member else "the session has the rights"
        )
        yield Finding(_TOPIC, State.OK, f"this user may use them ({how})", facts=facts)
    else:
        text = f"this user may not use {len(denied)} of {len(nodes)} nodes in /dev/snd"
        yield _denied(machine, text, group, facts)


def _denied(machine: Machine, text: str, group: str | None, facts: dict[str, Any]) -> Finding:
    details = ("see: ls -l /dev/snd",)
    if group is not None and machine.in_group(group):
        return Finding(_TOPIC, State.PROBLEM, f"{text}, although in the group {group}", details, facts=facts)
    if group is None or group == "root":
        # As in a container, whose groups have other numbers than those of the system around it.
        advice = (
            "they belong to no group of this system that one can join: have udev, or who runs the container, give them"
        )
        advice += " to a group of this user (docker run --group-add NUMBER, as in: ls -ln /dev/snd)"
        return Finding(_TOPIC, State.PROBLEM, text, details, advice, facts=facts)
    advice = f"join the group {group} and log in again, or play through a sound server"
    return Finding(_TOPIC, State.PROBLEM, text, (), advice, (f"sudo usermod -aG {group} $USER",), facts)


# --- who holds them -------------------------------------------------------------------------------------------------


def holders(machine: Machine) -> list[Holder]:
    """Who plays to or records from cards at this moment."""
    found: list[Holder] = []
    for number, (card, _driver) in _cards(machine.text("/proc/asound/cards") or "").items():
        for pcm in machine.names(f"/proc/asound/card{number}"):
            if pcm.startswith("pcm") and pcm[3:-1].isdigit() and pcm[-1] in "pc":
                found += _holders_of(machine, f"/proc/asound/card{number}/{pcm}", f"{card}, device {pcm[3:-1]}")
    return found


def _holders_of(machine: Machine, place: str, device: str) -> list[Holder]:
    """Of one device, which may have places for several programs."""
    subs = [name for name in machine.names(place) if name.startswith("sub")]
    owners = [(sub, _value(machine.text(f"{place}/{sub}/status") or "", "owner_pid")) for sub in subs]
    free = sum(owner is None for _, owner in owners)
    found: list[Holder] = []
    for sub, owner in owners:
        if owner is None or not owner.isdigit():
            continue
        # The kernel tells the thread that opened it, which has a name of its own.
        process = machine.process(int(owner)) or _heir(machine, place)
        params = machine.text(f"{place}/{sub}/hw_params") or ""
        sizes = [
            f"{key.replace('_', ' ')} {value}"
            for key in ("rate", "period_size", "buffer_size")
            if (value := _value(params, key))
        ]
        found.append(
            Holder(
                device=device,
                program=None if process is None else process.name,
                pid=int(owner) if process is None else process.pid,
                uid=None if process is None else process.uid,
                records=place[-1] == "c",
                sizes=tuple(sizes),
                places=len(subs),
                free=free,
            )
        )
    return found


def _heir(machine: Machine, place: str) -> Process | None:
    """Who has a device open that another program, which has ended, has opened: alsa-lib's mixer is handed on so."""
    card, pcm = place.split("/")[-2:]
    return machine.user_of(f"{_NODES}/pcmC{card.removeprefix('card')}D{pcm[3:]}")


def _held(machine: Machine, holder: Holder) -> Finding:
    facts = {"device": holder.device, "program": holder.program, "pid": holder.pid, "records": holder.records}
    text = f"{holder.device}: {holder} {'records from' if holder.records else 'plays to'} it"
    ours = holder.uid is None or machine.uid in (None, holder.uid)
    if holder.program in _SERVERS and ours:
        return Finding(_TOPIC, State.OK, f"{text}, for all programs", holder.sizes, facts=facts)
    if holder.free:
        text += f"; {holder.free} of its {holder.places} places are free"
        return Finding(_TOPIC, State.NOTE, text, holder.sizes, facts=facts)
    if holder.program in _SERVERS:
        text += ", for another user: for us it is busy"
        advice = "log that user out, or end that server; sound is for one user at a time"
        return Finding(_TOPIC, State.HINT, text, holder.sizes, advice, facts=facts)
    return Finding(
        _TOPIC,
        State.HINT,
        f"{text}: opened directly it is busy for all others",
        holder.sizes,
        advice="end that program, or play through a sound server, or through dmix (alsa:default) where there is none",
        facts=facts,
    )


def _value(text: str, key: str) -> str | None:
    """The first word behind ``key:`` in lines of such."""
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon and name.strip() == key and value.split():
            return value.split()[0]
    return None
