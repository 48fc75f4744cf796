"""Sound cards, whether they may be used, and who holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pcmio.cli.doctor.findings import Finding, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pcmio.cli.doctor.machine import Machine

_TOPIC = "Sound cards"
#: Who may hold a card for all others.
_SERVERS = ("pipewire", "pulseaudio", "jackd", "jackdbus")


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
        yield Finding(
            _TOPIC, State.NOTE if answering else State.HINT, "the kernel knows no sound card", facts={"cards": []}
        )
        return
    named = [f"{card} ({driver})" for card, driver in cards.values()]
    facts = {"cards": [{"id": card, "driver": driver} for card, driver in cards.values()]}
    yield Finding(_TOPIC, State.OK, f"the kernel has {', '.join(named)}", facts=facts)
    yield from _rights(machine)
    for number, (card, _driver) in cards.items():
        yield from _holders(machine, number, card)


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
    nodes = [name for name in machine.names("/dev/snd") if name.startswith(("pcm", "control"))]
    denied = [name for name in nodes if not machine.may_use(f"/dev/snd/{name}")]
    member = machine.in_group("audio")
    facts = {"nodes": len(nodes), "denied": len(denied), "in_group_audio": member}
    if not nodes:
        yield Finding(
            _TOPIC, State.PROBLEM, "the cards have no nodes in /dev/snd", advice="let the container have /dev/snd"
        )
    elif not denied:
        how = "of the group audio" if member else "not of the group audio; the session has the rights"
        yield Finding(_TOPIC, State.OK, f"this user may use them ({how})", facts=facts)
    else:
        text = f"this user may not use {len(denied)} of {len(nodes)} nodes in /dev/snd"
        if member:
            yield Finding(_TOPIC, State.PROBLEM, f"{text}, although in the group audio", ("see: ls -l /dev/snd",))
            return
        advice = "join the group audio and log in again, or play through a sound server"
        yield Finding(
            _TOPIC, State.PROBLEM, text, advice=advice, commands=("sudo usermod -aG audio $USER",), facts=facts
        )


def _holders(machine: Machine, number: int, card: str) -> Iterator[Finding]:
    """Who plays to or records from a card at this moment."""
    for pcm in machine.names(f"/proc/asound/card{number}"):
        if not (pcm.startswith("pcm") and pcm[3:-1].isdigit() and pcm[-1] in "pc"):
            continue
        for sub in machine.names(f"/proc/asound/card{number}/{pcm}"):
            place = f"/proc/asound/card{number}/{pcm}/{sub}"
            pid = _value(machine.text(f"{place}/status") or "", "owner_pid")
            if sub.startswith("sub") and pid is not None:
                yield _holder(machine, pid, f"{card}, device {pcm[3:-1]}", place, records=pcm[-1] == "c")


def _holder(machine: Machine, pid: str, what: str, place: str, *, records: bool) -> Finding:
    name = machine.text(f"/proc/{pid}/comm") or "a program that cannot be seen"
    params = machine.text(f"{place}/hw_params") or ""
    sizes = [
        f"{key.replace('_', ' ')} {value}"
        for key in ("rate", "period_size", "buffer_size")
        if (value := _value(params, key))
    ]
    facts = {"device": what, "program": name, "pid": int(pid), "records": records}
    text = f"{what}: {name} (process {pid}) {'records from' if records else 'plays to'} it"
    if name in _SERVERS:
        return Finding(_TOPIC, State.OK, f"{text}, for all programs", tuple(sizes), facts=facts)
    return Finding(
        _TOPIC,
        State.HINT,
        f"{text}: opened directly it is busy for all others",
        tuple(sizes),
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
