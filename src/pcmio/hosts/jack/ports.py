"""Physical ports by their owners: what is taken for a device."""

from __future__ import annotations

from pcmio._value import Value, encoded
from pcmio.hosts.jack.abi import JackPortIsInput, JackPortIsOutput, JackPortIsPhysical

TYPE_CHECKING = False
if not TYPE_CHECKING:
    Protocol = object
else:
    from typing import Protocol
if TYPE_CHECKING:
    from collections.abc import Sequence

#: The device whose streams are connected to nothing; no client is called so, as their names hold no colon.
GRAPH = "graph"


class Asked(Protocol):
    """Who can be asked for ports."""

    def port_names(self, flags: int, pattern: str | None = None) -> list[str]:
        """Audio ports that have all of ``flags``, in the server's order."""
        ...


class PortGroup(Value):
    """The physical ports of one client.

    Attributes:
        name: The client's.
        playback: Ports that play what they are given: inputs of the graph.
        capture: Ports that give what they record: outputs of the graph.
    """

    name: str
    playback: tuple[str, ...] = ()
    capture: tuple[str, ...] = ()


#: Streams that the user connects.
NO_PORTS = PortGroup(GRAPH)


def name_of(told: bytes) -> str:
    """A name as Python has those of files: bytes that are no UTF-8 have stand-ins, and come out as they were."""
    return told.decode("utf-8", "surrogateescape")


def native_name(name: str) -> bytes:
    """What libjack knows it by; what is no text otherwise becomes the name of nothing, and no error of its own."""
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return encoded(name)


def find_groups(client: Asked) -> list[PortGroup]:
    """Who has physical ports, in the server's order, and the graph itself.

    By their flags, not their names: they are called "system" on jackd, but as the sound cards are on PipeWire.
    """
    playback = client.port_names(JackPortIsPhysical | JackPortIsInput)
    capture = client.port_names(JackPortIsPhysical | JackPortIsOutput)
    owners = dict.fromkeys(_owner(port) for port in (*playback, *capture))
    groups = [
        PortGroup(
            owner,
            tuple(port for port in playback if _owner(port) == owner),
            tuple(port for port in capture if _owner(port) == owner),
        )
        for owner in owners
        if owner != GRAPH
    ]
    return [*groups, NO_PORTS]


def largest(groups: Sequence[PortGroup], *, output: bool) -> PortGroup:
    """The one with the most ports, or the graph when nobody has any: what is taken for the default."""
    best = max(groups, key=lambda group: len(group.playback if output else group.capture))
    return best if (best.playback if output else best.capture) else NO_PORTS


def _owner(port: str) -> str:
    return port.partition(":")[0]
