"""What the server says of itself and of its nodes, as values."""

from __future__ import annotations

from pcmio._value import Value
from pcmio.descriptions import Direction
from pcmio.hosts.pipewire import abi, pods
from pcmio.hosts.pipewire.formats import POSITIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pcmio.hosts.pipewire.pods import AnyPod

#: When neither the server nor a node tells: the defaults of pipewire.conf.
DEFAULT_RATE = 48_000
DEFAULT_QUANTUM = 1024
_STEREO = 2

SINK, SOURCE, DUPLEX = "Audio/Sink", "Audio/Source", "Audio/Duplex"
#: What a sink plays is a device of its own; ends its name, in ours and in PulseAudio's words.
MONITOR_SUFFIX = ".monitor"
#: What stands between the words of a default's notation, and what its backslashes mean.
_BETWEEN = "{}[],:= \t\r\n"
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_DIGITS = 4
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")
_SIDES = {
    SINK: (Direction.OUTPUT,),
    SOURCE: (Direction.INPUT,),
    DUPLEX: (Direction.OUTPUT, Direction.INPUT),
}
_CLASSES = {SINK: SINK, SOURCE: SOURCE, DUPLEX: DUPLEX, "Audio/Source/Virtual": SOURCE, "Audio/Sink/Virtual": SINK}


def device_class(media_class: str | None) -> str | None:
    """SINK, SOURCE, DUPLEX, or None for nodes that are no devices."""
    return _CLASSES.get(media_class or "")


class NodeFacts(Value):
    """A node that plays or records.

    Attributes:
        id: While the server runs; used anew when the node is gone.
        name: ``node.name``; others may have it too.
        kind: SINK, SOURCE or DUPLEX.
        properties: Its own, and those of the card it belongs to, by key.
        rates: (least, most) sample rates that it can run at; empty when it does not tell.
        channels: Its channel count.
        positions: Where each of its channels belongs; empty when it does not tell.
        listed: The id of the device that it is, or has a part in; set by ``tell_apart``.
        listed_monitor: The id of the device that records what it plays.
    """

    id: int
    name: str
    kind: str
    properties: tuple[tuple[str, str], ...]
    rates: tuple[tuple[int, int], ...] = ()
    channels: int = _STEREO
    positions: tuple[int, ...] = ()
    listed: str = ""
    listed_monitor: str = ""

    @property
    def serial(self) -> int:
        """Counted up for as long as the server runs (before 0.3.41 there are only ids)."""
        return _number(self.get("object.serial"), self.id)

    @property
    def unique_name(self) -> str:
        """Which no other node has; ports of the graph are called so as well."""
        return f"{self.name}-{self.serial}"

    def get(self, key: str) -> str | None:
        """One of the properties; None when it is missing or empty."""
        return dict(self.properties).get(key) or None

    @property
    def is_sink(self) -> bool:
        """Whether it plays, and so can be listened to."""
        return self.kind == SINK

    @property
    def sides(self) -> tuple[Direction, ...]:
        """Which streams it can have, but for those that listen to what it plays."""
        return _SIDES[self.kind]


def tell_apart(nodes: Sequence[NodeFacts]) -> tuple[NodeFacts, ...]:
    """Give each node the id under which it is listed: for each direction only one node has a name.

    The oldest has it as it is, any later one with its serial number at its end, as the graph's ports do.  A sink and a
    source of one name are one device.  What a sink plays is listed under what the nodes leave.
    """
    ids = {node.id: node.name for node in nodes}
    taken: set[tuple[str, Direction]] = set()
    by_age = sorted(nodes, key=lambda node: node.serial)
    # All plain names before any with a number: a node whose own name looks like one keeps it.
    later: list[NodeFacts] = []
    for node in by_age:
        claims = {(node.name, side) for side in node.sides}
        if taken.isdisjoint(claims):
            taken |= claims
        else:
            later.append(node)
    for node in later:
        ids[node.id] = _free_name(node.unique_name, node, node.sides, taken)
    monitors: dict[int, str] = {}
    for node in by_age:
        if node.is_sink:
            monitors[node.id] = _free_name(ids[node.id] + MONITOR_SUFFIX, node, (Direction.INPUT,), taken)
    return tuple(node.replace(listed=ids[node.id], listed_monitor=monitors.get(node.id, "")) for node in nodes)


def _free_name(name: str, node: NodeFacts, sides: Sequence[Direction], taken: set[tuple[str, Direction]]) -> str:
    """The name, with the node's number at its end until nobody else has it."""
    while not taken.isdisjoint({(name, side) for side in sides}):
        name += f"-{node.serial}"
    taken.update((name, side) for side in sides)
    return name


class Listed(Value):
    """What a device is made of.

    Attributes:
        id: Of the device.
        output: The node that its outputs play to; None: it has none.
        input: The node that its inputs record from; a sink where they record what that plays.
    """

    id: str
    output: NodeFacts | None = None
    input: NodeFacts | None = None

    @property
    def node(self) -> NodeFacts | None:
        """The one whose words describe it."""
        return self.output or self.input

    def joined_by(self, node: NodeFacts) -> Listed:
        """The same, with the sides of one more node."""
        sides = node.sides
        output = node if Direction.OUTPUT in sides else self.output
        return self.replace(output=output, input=node if Direction.INPUT in sides else self.input)

    def on(self, direction: Direction) -> NodeFacts | None:
        """The node for streams of a direction."""
        return self.output if direction is Direction.OUTPUT else self.input


class Clock(Value):
    """The settings of the server's clock.

    Attributes:
        rate: Frames per second when nobody wants another rate.
        rates: Those that it may switch to.
        quantum: Frames per cycle when nobody wants others.
        min_quantum: The fewest.
        max_quantum: The most.
        force_rate: The rate that it has to run at, or 0.
        force_quantum: The frames per cycle that it has to run at, or 0.
    """

    rate: int = DEFAULT_RATE
    rates: tuple[int, ...] = ()
    quantum: int = DEFAULT_QUANTUM
    min_quantum: int = 32
    max_quantum: int = 8_192
    force_rate: int = 0
    force_quantum: int = 0

    @property
    def now(self) -> int:
        """The rate that it most likely runs at."""
        return self.force_rate or self.rate

    def cycle(self, frames: int, sample_rate: int) -> tuple[int, int]:
        """For a stream that wants ``frames`` frames of its own at a time: those to ask for, and the most that come."""
        most = self.max_quantum * sample_rate // self.now
        least = self.min_quantum * sample_rate // self.now
        asked = max(least, min(frames, most), 1)
        forced = -(-self.force_quantum * sample_rate // self.now)
        return asked, forced or asked


class Survey(Value):
    """All that was asked in one go."""

    nodes: tuple[NodeFacts, ...]
    default_sink: str | None
    default_source: str | None
    clock: Clock

    def node(self, name: str | None, kinds: Sequence[str]) -> NodeFacts | None:
        """The oldest node with this name that is of one of these kinds."""
        found = [node for node in self.nodes if node.name == name and node.kind in kinds]
        return min(found, key=lambda node: node.serial, default=None)

    @property
    def devices(self) -> dict[str, Listed]:
        """What all nodes make, by ids."""
        found: dict[str, Listed] = {}
        for node in self.nodes:
            known = found.get(node.listed) or Listed(node.listed)
            found[node.listed] = known.joined_by(node)
            if node.is_sink:
                known = found.get(node.listed_monitor) or Listed(node.listed_monitor)
                found[node.listed_monitor] = known.replace(input=node)
        return found

    def device(self, id_: str) -> Listed | None:
        """The one with this id, or with that which has a serial number always."""
        found = self.devices.get(id_)
        for node in self.nodes if found is None else ():
            if node.unique_name == id_:
                return Listed(id_).joined_by(node)
            if node.is_sink and node.unique_name + MONITOR_SUFFIX == id_:
                return Listed(id_, input=node)
        return found

    @property
    def default_output(self) -> NodeFacts | None:
        """The node that ``default_sink`` names."""
        return self.node(self.default_sink, (SINK, DUPLEX))

    @property
    def default_input(self) -> NodeFacts | None:
        """The node that ``default_source`` names.

        Where there is no source it may be a sink: a session manager then has recorded what that plays.
        """
        name = self.default_source or ""
        return self.node(name, (SOURCE, DUPLEX)) or self.node(name.removesuffix(MONITOR_SUFFIX), (SINK,))


class Default(Value):
    """What stands for a default device, whichever that is.

    Attributes:
        id: Of the device that it is in ours: a name that session managers keep for this, and that a node has in vain.
        name: For people.
        direction: Which streams it can have.
        is_monitor: It records what the default output plays.
    """

    id: str
    name: str
    direction: Direction
    is_monitor: bool = False

    def node(self, survey: Survey) -> NodeFacts | None:
        """The node that it stands for now."""
        if self is DEFAULT_INPUT:
            return survey.default_input
        node = survey.default_output
        # What a duplex node plays cannot be recorded.
        return None if self.is_monitor and node is not None and not node.is_sink else node


DEFAULT_OUTPUT = Default("@DEFAULT_SINK@", "Default output", Direction.OUTPUT)
DEFAULT_INPUT = Default("@DEFAULT_SOURCE@", "Default input", Direction.INPUT)
DEFAULT_MONITOR = Default(
    DEFAULT_OUTPUT.id + MONITOR_SUFFIX, "Monitor of the default output", Direction.INPUT, is_monitor=True
)
DEFAULTS = (DEFAULT_OUTPUT, DEFAULT_INPUT, DEFAULT_MONITOR)
DEFAULT_IDS = tuple(one.id for one in DEFAULTS)


def read_node(node_id: int, properties: Mapping[str, str], formats: Sequence[AnyPod]) -> NodeFacts:
    """A node, from its properties and its EnumFormat parameters."""
    kind = device_class(properties.get("media.class"))
    positions = _positions(properties.get("audio.position", ""))
    channels = _number(properties.get("audio.channels"), len(positions))
    rates: list[tuple[int, int]] = []
    for offered in formats:
        if isinstance(offered, pods.Object) and _is_raw(offered):
            rates += _rates(offered.get(abi.SPA_FORMAT_AUDIO_rate))
            channels = channels or _channels(offered.get(abi.SPA_FORMAT_AUDIO_channels))
            told = offered.get(abi.SPA_FORMAT_AUDIO_position)
            if not positions and isinstance(told, pods.Array):
                positions = tuple(told.values)
    channels = min(channels or _STEREO, abi.SPA_AUDIO_MAX_CHANNELS)
    return NodeFacts(
        id=node_id,
        name=properties["node.name"],
        kind=kind or SINK,
        properties=tuple(properties.items()),
        rates=tuple(dict.fromkeys(rates)),
        channels=channels,
        positions=positions if len(positions) == channels else (),
    )


def _is_raw(offered: pods.Object) -> bool:
    raw = pods.make_id(abi.SPA_MEDIA_SUBTYPE_raw)
    return offered.kind == abi.SPA_TYPE_OBJECT_Format and offered.get(abi.SPA_FORMAT_mediaSubtype) == raw


def _rates(offered: AnyPod | None) -> list[tuple[int, int]]:
    least_and_most = pods.span(offered)
    if least_and_most is not None:
        return [(max(1, least_and_most[0]), max(1, least_and_most[1]))]
    return [(rate, rate) for rate in pods.alternatives(offered) if isinstance(rate, int) and rate > 0]


def _channels(offered: AnyPod | None) -> int:
    least_and_most = pods.span(offered)
    counts = [least_and_most[1]] if least_and_most is not None else pods.alternatives(offered)
    return max((count for count in counts if isinstance(count, int)), default=0)


def _positions(text: str) -> tuple[int, ...]:
    names = text.strip(" []").replace(",", " ").replace('"', "").split()
    return tuple(POSITIONS.get(name.upper(), 0) for name in names)


def read_clock(settings: Mapping[str, str]) -> Clock:
    """The metadata object "settings"."""
    usual = Clock()
    rate = _number(settings.get("clock.rate"), usual.rate) or usual.rate
    allowed = settings.get("clock.allowed-rates", "").strip(" []").replace(",", " ").split()
    rates = tuple(int(text) for text in allowed if text.isdigit())
    return Clock(
        rate=rate,
        rates=rates or (rate,),
        quantum=_number(settings.get("clock.quantum"), usual.quantum) or usual.quantum,
        min_quantum=_number(settings.get("clock.min-quantum"), usual.min_quantum),
        max_quantum=_number(settings.get("clock.max-quantum"), usual.max_quantum) or usual.max_quantum,
        force_rate=_number(settings.get("clock.force-rate"), 0),
        force_quantum=_number(settings.get("clock.force-quantum"), 0),
    )


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text is not None and text.isdigit() else otherwise


def read_name(text: str | None) -> str | None:
    """The name in ``{"name":"..."}``, the value of a default; json would bring all of ``re`` along.

    As in PipeWire's own files, quotes may be left out: ``{ name = ... }``.
    """
    words = _words(text or "")
    return next((value or None for key, value in zip(words[::2], words[1::2], strict=False) if key == "name"), None)


def _words(text: str) -> list[str]:
    """Keys and values in turn."""
    found: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == '"':
            word, at = _quoted(text, at + 1)
            found.append(word)
        elif text[at] in _BETWEEN:
            at += 1
        else:
            end = next((i for i in range(at, len(text)) if text[i] in f'{_BETWEEN}"'), len(text))
            found.append(text[at:end])
            at = end
    return found


def _quoted(text: str, at: int) -> tuple[str, int]:
    """What stands before the closing quote, and where it goes on."""
    word = ""
    while at < len(text) and text[at] != '"':
        letter, at = _escaped(text, at + 1) if text[at] == "\\" else (text[at], at + 1)
        word += letter
    return word, at + 1


def _escaped(text: str, at: int) -> tuple[str, int]:
    """What stands behind a backslash, and where it goes on."""
    letter, digits = text[at : at + 1], text[at + 1 : at + 1 + _DIGITS]
    if letter == "u" and len(digits) == _DIGITS and _HEXADECIMAL.issuperset(digits):
        return chr(int(digits, 16)), at + 1 + _DIGITS
    return _ESCAPES.get(letter, letter), at + 1
