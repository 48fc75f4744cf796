"""The graph: ports of all programs, the links between them, and how to make and end one.

Each question is a conversation of its own (``control``), so that what is seen is what is there now.  A port is named as
pw-link names it, ``node:port``.  Nodes may share a name, as streams of one program do: the first keeps it, those after
it have their serial number at its end.  ``unique_name`` has that number always, and so means one port for as long as it
is there.
"""

from __future__ import annotations

import ctypes
import errno

from pcmio._value import Value
from pcmio.descriptions import Direction
from pcmio.errors import InvalidInput
from pcmio.hosts.pipewire import abi, errors
from pcmio.hosts.pipewire.library import libraries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from pcmio.hosts.pipewire.control import Control, Conversation, Global

_LINK_FACTORY = "link-factory"
_WHAT = "the graph"


class PipeWirePort(Value):
    """A port of the graph.

    Attributes:
        name: Its node's name, a colon, and its own.
        direction: INPUT takes samples from other ports, OUTPUT gives them: seen from the port's owner.
        is_physical: Whether it belongs to a device that plays or records.
        is_own: Whether it belongs to a stream of this host.
        connections: Full names of the ports it is linked with.
        node: Its node's name; several nodes may have the same.
        channel: Which channel it carries, as "FL"; None when it does not tell.
        is_monitor: Whether it gives what its node plays.
        unique_name: Another name, which no other port has.
    """

    name: str
    direction: Direction
    is_physical: bool
    is_own: bool
    connections: tuple[str, ...]
    node: str
    channel: str | None
    is_monitor: bool
    unique_name: str


class PipeWireLink(Value):
    """Two ports that are connected.

    Attributes:
        source: Full name of the output port.
        destination: Full name of the input port.
    """

    source: str
    destination: str


class _Graph:
    """Nodes, ports and links of one moment."""

    def __init__(self, found: Iterable[Global]) -> None:
        everything = sorted(found, key=_serial)
        self.ports = [one for one in everything if one.kind == abi.PW_TYPE_INTERFACE_Port]
        self.links = [one for one in everything if one.kind == abi.PW_TYPE_INTERFACE_Link]
        self._nodes = {one.id: one for one in everything if one.kind == abi.PW_TYPE_INTERFACE_Node}
        self._shown: dict[int, str] = {}  # names of nodes as they are shown, by id
        taken: set[str] = set()
        for node in self._nodes.values():
            name = node.properties.get("node.name") or f"node-{_serial(node)}"
            self._shown[node.id] = f"{name}-{_serial(node)}" if name in taken else name
            taken.add(name)
        self._names = {port.id: self._name(port) for port in self.ports}

    def node_of(self, port: Global) -> Global | None:
        """Whose port it is."""
        return self._nodes.get(_number(port, "node.id"))

    def _name(self, port: Global) -> str:
        owner = self._shown.get(_number(port, "node.id"), "")
        return f"{owner}:{_own_name(port)}"

    def name(self, port_id: int) -> str | None:
        """Of a port; None when it is gone."""
        return self._names.get(port_id)

    def unique_name(self, port: Global) -> str:
        """The one with its node's serial number."""
        node = self.node_of(port)
        if node is None:
            return self._names[port.id]
        return f"{node.properties.get('node.name') or 'node'}-{_serial(node)}:{_own_name(port)}"

    def find(self, name: str) -> Global:
        """The port of either name.

        Raises:
            DeviceNotAvailable: There is none.
        """
        for port in self.ports:
            if self._names[port.id] == name:
                return port
        for port in self.ports:
            if self.unique_name(port) == name:
                return port
        raise errors.no_such_port(name)

    def peers(self, port: Global) -> list[str]:
        """Names of the ports that a port is linked with."""
        mine, theirs = ("output", "input") if _is_output(port) else ("input", "output")
        ends = (
            self.name(_number(link, f"link.{theirs}.port"))
            for link in self.links
            if _number(link, f"link.{mine}.port") == port.id
        )
        return [name for name in ends if name is not None]

    def links_between(self, source: Global, destination: Global) -> list[int]:
        """Ids of the links from one port to another."""
        return [
            link.id
            for link in self.links
            if _number(link, "link.output.port") == source.id and _number(link, "link.input.port") == destination.id
        ]

    def carries_audio(self, port: Global) -> bool:
        """Whether it is for sound: not for video, notes, or changes of parameters."""
        if port.properties.get("port.control") == "true":
            return False
        node = self.node_of(port)
        told = port.properties.get("format.dsp") or ("" if node is None else node.properties.get("media.class", ""))
        return "audio" in told.lower()


def list_ports(
    control: Control,
    own: Callable[[], Collection[int]],
    *,
    pattern: str | None,
    direction: Direction | None,
    physical: bool | None,
) -> list[PipeWirePort]:
    """Those that are asked for, the oldest first; ``own`` tells which nodes are this host's."""
    graph: _Graph = control.ask(_WHAT, _look)
    nodes = own()
    found: list[PipeWirePort] = []
    for port in filter(graph.carries_audio, graph.ports):
        properties, node = port.properties, graph.node_of(port)
        if node is None:
            continue  # it went while we asked
        found.append(
            PipeWirePort(
                name=graph.name(port.id) or "",
                direction=Direction.OUTPUT if _is_output(port) else Direction.INPUT,
                is_physical=properties.get("port.physical") == "true",
                is_own=node.id in nodes,
                connections=tuple(graph.peers(port)),
                node=node.properties.get("node.name", ""),
                channel=properties.get("audio.channel") or None,
                is_monitor=properties.get("port.monitor") == "true",
                unique_name=graph.unique_name(port),
            )
        )
    with _Pattern(pattern) as matches:
        return [
            port
            for port in found
            if direction in {None, port.direction} and physical in {None, port.is_physical} and matches(port.name)
        ]


def list_links(control: Control) -> list[PipeWireLink]:
    """All of audio ports, the oldest first."""
    graph: _Graph = control.ask(_WHAT, _look)
    found: list[PipeWireLink] = []
    audio = {port.id for port in graph.ports if graph.carries_audio(port)}
    for link in graph.links:
        ends = _number(link, "link.output.port"), _number(link, "link.input.port")
        source, destination = map(graph.name, ends)
        if source is not None and destination is not None and audio.issuperset(ends):
            found.append(PipeWireLink(source, destination))
    return found


def await_ports(control: Control, node_id: int, direction: Direction, count: int, seconds: float) -> bool:
    """Return when a node has so many ports of one direction; whether it had in time."""

    def has_them(conversation: Conversation) -> bool:
        ports = [
            one
            for one in conversation.globals.values()
            if one.kind == abi.PW_TYPE_INTERFACE_Port
            and _number(one, "node.id") == node_id
            and _is_output(one) == direction.has_output
        ]
        return len(ports) >= count

    found: bool = control.ask(
        _WHAT, lambda conversation: conversation.wait_for(lambda: has_them(conversation)), seconds=seconds
    )
    return found


def connect(control: Control, source: str, destination: str) -> None:
    """Link two ports; harmless when they are.

    Raises:
        DeviceNotAvailable: One is not there.
        BackendError: They do not fit together.
        PermissionDenied: The server does not let us.
    """
    control.ask(_WHAT, lambda conversation: _connect(conversation, source, destination))


def disconnect(control: Control, source: str, destination: str) -> None:
    """Undo that; harmless when they are not linked.

    Raises:
        DeviceNotAvailable: One is not there.
        BackendError: The server does not do it.
        PermissionDenied: The server does not let us.
    """
    control.ask(_WHAT, lambda conversation: _disconnect(conversation, source, destination))


def _look(conversation: Conversation) -> _Graph:
    return _Graph(conversation.globals.values())


def _connect(conversation: Conversation, source: str, destination: str) -> None:
    graph = _look(conversation)
    output, input_ = graph.find(source), graph.find(destination)
    if not _is_output(output) or _is_output(input_):
        words = f"{source if not _is_output(output) else destination} is on the wrong side"
        raise errors.not_connected(source, destination, -errno.EINVAL, words)
    kinds = [port.properties.get("format.dsp") for port in (output, input_)]
    if None not in kinds and kinds[0] != kinds[1]:
        raise errors.not_connected(source, destination, -errno.EINVAL, f"{kinds[0]} does not fit {kinds[1]}")
    if graph.links_between(output, input_):
        return
    properties = {
        "link.output.node": output.properties.get("node.id", ""),
        "link.output.port": str(output.id),
        "link.input.node": input_.properties.get("node.id", ""),
        "link.input.port": str(input_.id),
        "object.linger": "true",  # it outlives this connection
    }
    conversation.create(_LINK_FACTORY, abi.PW_TYPE_INTERFACE_Link, abi.PW_VERSION_LINK, properties)
    for code, words in _answer(conversation):
        if code != -errno.EEXIST:  # else somebody else was faster
            raise errors.not_connected(source, destination, code, words)


def _disconnect(conversation: Conversation, source: str, destination: str) -> None:
    graph = _look(conversation)
    links = graph.links_between(graph.find(source), graph.find(destination))
    for link in links:
        conversation.destroy(link)
    for code, words in _answer(conversation) if links else ():
        if code != -errno.ENOENT:  # else somebody else was faster
            raise errors.not_disconnected(source, destination, code, words)


def _answer(conversation: Conversation) -> list[tuple[int, str]]:
    """What the server has against what it was told to do."""
    conversation.wait(lambda: errors.too_slow(_WHAT, "pw_core_sync", conversation.timeout))
    return conversation.refusals


def _number(found: Global, key: str) -> int:
    text = found.properties.get(key, "")
    return int(text) if text.isdigit() else abi.PW_ID_ANY


def _serial(found: Global) -> int:
    """Counted up for as long as the server runs; ids are used again (servers before 0.3.41 have nothing else)."""
    serial = found.properties.get("object.serial", "")
    return int(serial) if serial.isdigit() else found.id


def _own_name(port: Global) -> str:
    return port.properties.get("port.name") or f"port-{_serial(port)}"


def _is_output(port: Global) -> bool:
    return port.properties.get("port.direction") == "out"


class _Pattern:
    """A POSIX extended regular expression, as JACK has them; None: whatever there is."""

    def __init__(self, pattern: str | None) -> None:
        self._pattern = pattern
        self._libc = libraries().pipewire
        self._compiled = ctypes.create_string_buffer(abi.REGEX_BYTES)

    def __enter__(self) -> Callable[[str], bool]:
        if self._pattern is None:
            return lambda _: True
        if "\0" in self._pattern or self._libc.regcomp(self._compiled, self._pattern.encode(), abi.REG_EXTENDED):
            raise InvalidInput(f"{self._pattern!r} is no regular expression (POSIX extended)")
        return lambda text: self._libc.regexec(self._compiled, text.encode(), 0, None, 0) == 0

    def __exit__(self, *_: object) -> None:
        if self._pattern is not None:
            self._libc.regfree(self._compiled)
