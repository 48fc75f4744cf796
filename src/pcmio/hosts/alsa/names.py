"""Names of PCMs.  ``hw:0,0``, ``hw:PCH``, ``hw:CARD=PCH`` all mean ``hw:CARD=PCH,DEV=0``: numbers change, ids do not.

Other names are the configuration's own, and are taken as they are.
"""

from __future__ import annotations

from pcmio._value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pcmio.hosts.alsa.cards import Card

# The arguments of alsa-lib's own definitions (alsa.conf and pcm/*.conf), in the order in which they may be written.
_ARGUMENTS = {
    "hw": ("CARD", "DEV", "SUBDEV"),
    "plughw": ("CARD", "DEV", "SUBDEV"),
    "dmix": ("CARD", "DEV", "SUBDEV"),
    "dsnoop": ("CARD", "DEV", "SUBDEV"),
    "front": ("CARD", "DEV"),
    "sysdefault": ("CARD",),
}


class PcmName(Value):
    """A name taken apart.

    Attributes:
        text: The whole name, with the card's id for its number.
        card: The card's id, if it names one of ours.
        device: The number of the card's device.
        is_unknown: It names a card that is not there.
    """

    text: str
    card: str | None = None
    device: int = 0
    is_unknown: bool = False


def hardware_name(card: Card, device: int) -> str:
    """Of the device itself."""
    return f"hw:CARD={card.id},DEV={device}"


def parse(name: str, cards: Sequence[Card]) -> PcmName:
    """The name as it is written in ids."""
    kind, colon, given = name.partition(":")
    order = _ARGUMENTS.get(kind)
    if not colon or order is None:
        return PcmName(name)
    arguments = _arguments(order, given)
    if arguments is None or "CARD" not in arguments:
        return PcmName(name)
    wanted = arguments["CARD"]
    card = next((card for card in cards if wanted in (card.id, str(card.index))), None)
    if card is None:
        return PcmName(name, is_unknown=True)
    arguments["CARD"] = card.id
    device = arguments.setdefault("DEV", "0") if "DEV" in order else "0"
    if not device.isdigit():
        return PcmName(name)
    written = ",".join(f"{key}={arguments[key]}" for key in order if key in arguments)
    return PcmName(f"{kind}:{written}", card.id, int(device))


def place_of(name: str) -> tuple[str, int] | None:
    """Of a card's own device, by its name as ``parse`` writes it: the card's id, and the device's number there."""
    kind, _, given = name.partition(":")
    arguments = _arguments(_ARGUMENTS["hw"], given) if kind in ("hw", "plughw") else None
    if arguments is None or not arguments.get("DEV", "").isdigit():
        return None
    return arguments["CARD"], int(arguments["DEV"])


def _arguments(order: Sequence[str], given: str) -> dict[str, str] | None:
    """By name; None for what is not written as alsa-lib would read it."""
    found: dict[str, str] = {}
    for place, part in enumerate(given.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            if place >= len(order):
                return None
            key, value = order[place], part
        if key not in order or not value:
            return None
        found[key] = value
    return found
