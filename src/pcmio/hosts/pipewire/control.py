"""Questions: which devices there are, and what they are.

Each question is a connection of its own, on a loop that is iterated by whichever Python thread asks, so that its
callbacks may be Python.  It is closed with the answer: what is told to a connection that nobody reads piles up in the
server.  No stream hangs on it: a thread that waits for the GIL here delays nobody's sound.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import time

from pcmio._interrupts import tell_interrupt
from pcmio._own_lock import OwnLock
from pcmio.hosts.pipewire import abi, errors, facts, pods
from pcmio.hosts.pipewire.library import connect, dictionary, libraries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar

    from pcmio.hosts.pipewire.abi import PipeWireCore
    from pcmio.hosts.pipewire.facts import NodeFacts, Survey
    from pcmio.hosts.pipewire.options import HostOptions
    from pcmio.hosts.pipewire.pods import AnyPod

    AnyConversation = TypeVar("AnyConversation", bound="Conversation")

# Between two of these Ctrl-C is noticed.
_SLICE_MILLIS = 50
_HEADER_BYTES = 8
#: What a working server has against one question; that it knows no such object is an error of the core's, too.
REFUSALS = (-errno.ENOENT, -errno.EACCES, -errno.EPERM)


class Global:
    """Something in the registry."""

    def __init__(self, id_: int, kind: str, properties: dict[str, str]) -> None:
        self.id = id_
        self.kind = kind
        self.properties = properties
        self.params: list[AnyPod] = []


class Conversation:
    """One connection, from greeting to good-bye; the loop's lock is held all the time."""

    def __init__(self, control: Control, deadline: float) -> None:
        self._libraries = libraries()
        self._core_calls = self._libraries.core
        self._control = control
        self._deadline = deadline
        self._core: int | None = None
        self._error: BaseException | None = None
        self._broken = 0
        self._done: set[int] = set()
        self._proxies: list[int] = []
        self._kept: list[Any] = []  # what libpipewire may call or read until the connection is closed
        self.timeout = control.options.timeout
        self.globals: dict[int, Global] = {}
        self.refusals: list[tuple[int, str]] = []  # minus an error number, and the server's words
        self.metadata: dict[str, dict[str, str]] = {}

    @property
    def calls(self) -> PipeWireCore:
        """The core's."""
        return self._core_calls

    def greet(self, descriptor: int) -> None:
        """Take a connected socket over, and wait until the server has answered."""
        properties = self._libraries.program(self._control.options)
        self._core = self._libraries.pipewire.pw_context_connect_fd(self._control.context, descriptor, properties, 0)
        if self._core is None:
            raise errors.refused(ctypes.get_errno() or errno.EIO)
        self._listen(
            self._core,
            abi.pw_core_events(version=0, done=abi.done_t(self._on_done), error=abi.error_t(self._on_error)),
        )
        self._registry = self._keep(self._core_calls.pcmio_pipewire_registry(self._core))
        self._listen(self._registry, self._registry_events())
        self.wait(lambda: errors.no_answer(self.timeout))

    def _registry_events(self) -> abi.pw_registry_events:
        return abi.pw_registry_events(version=0, global_=abi.global_t(self._on_global))

    def hang_up(self) -> None:
        """Disconnect."""
        core, self._core = self._core, None
        proxies, self._proxies = self._proxies, []
        for proxy in reversed(proxies):  # the core would only forget them
            self._libraries.pipewire.pw_proxy_destroy(proxy)
        if core is not None:
            self._libraries.pipewire.pw_core_disconnect(core)
        # Callbacks hold on to this object, and it to them: taken apart here, they need no garbage collector.
        self._kept.clear()

    def wait(self, too_late: Callable[[], Exception]) -> None:
        """Iterate until the server has answered all that was asked."""
        self._done.clear()
        asked = self._core_calls.pcmio_pipewire_sync(self._core, 0)
        if not self.wait_for(lambda: asked in self._done):
            raise too_late()

    def wait_for(self, holds: Callable[[], bool]) -> bool:
        """Iterate until something that the server tells holds; whether it did in time."""
        while not holds():
            left = self._deadline - time.monotonic()
            if left <= 0:
                return False
            millis = max(1, min(_SLICE_MILLIS, int(left * 1000)))
            self._core_calls.pcmio_pipewire_iterate(self._control.loop, millis)
            tell_interrupt()
            if self._error is not None:
                raise self._error
            if self._broken:
                raise errors.disconnected(-self._broken) if self.globals else errors.refused(self._broken)
        return True

    def look_at(self, found: Global) -> None:
        """Have all its properties, and what formats a node offers."""
        version = abi.PW_VERSION_NODE if found.kind == abi.PW_TYPE_INTERFACE_Node else abi.PW_VERSION_DEVICE
        proxy = self._bind(found, version)
        is_node = found.kind == abi.PW_TYPE_INTERFACE_Node
        info_type = abi.pw_node_info if is_node else abi.pw_device_info

        def info(_data: int, address: int) -> None:
            self._try(lambda: found.properties.update(_dictionary(info_type.from_address(address).props)))

        def param(_data: int, _seq: int, _id: int, _index: int, _next: int, address: int) -> None:
            self._try(lambda: found.params.append(_pod(address)))

        self._listen(proxy, abi.pw_object_events(version=0, info=abi.info_t(info), param=abi.param_t(param)))
        if is_node:
            self._core_calls.pcmio_pipewire_enum_params(proxy, abi.SPA_PARAM_EnumFormat)

    def read_metadata(self, found: Global) -> None:
        """Have what a metadata object says of the server itself."""
        values = self.metadata.setdefault(found.properties.get("metadata.name", ""), {})

        def property_(_data: int, subject: int, key: bytes | None, _type: bytes | None, value: bytes | None) -> int:
            if subject == abi.PW_ID_CORE and key is not None and value is not None:
                self._try(lambda: values.__setitem__(_text(key), _text(value)))
            return 0

        proxy = self._bind(found, abi.PW_VERSION_METADATA)
        self._listen(proxy, abi.pw_metadata_events(version=0, property=abi.property_t(property_)))

    def create(self, factory: str, kind: str, version: int, properties: Mapping[str, str]) -> None:
        """Have the server make something; what it has against that is in ``refusals`` after a ``wait``."""
        table, _items = dictionary(properties)
        made = self._core_calls.pcmio_pipewire_create(
            self._core, factory.encode(), kind.encode(), version, ctypes.byref(table)
        )
        self._keep(made)

    def destroy(self, id_: int) -> None:
        """Have the server end something; likewise."""
        self._core_calls.pcmio_pipewire_destroy(self._registry, id_)

    # --- callbacks: on this thread, while it iterates ----------------------------------------------------------------

    def _try(self, act: Callable[[], object]) -> None:
        """An exception must not get into C, which would only print it."""
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - raised again where the question was asked
            self._error = error

    def _on_done(self, _data: int, _id: int, sequence: int) -> None:
        self._done.add(sequence)

    def _on_error(self, _data: int, id_: int, _sequence: int, result: int, message: bytes | None) -> None:
        if id_ == abi.PW_ID_CORE and not (self.globals and result in REFUSALS):
            self._broken = result
        else:  # where nothing was made or ended: of something that was gone before it was looked at
            self.refusals.append((result, _text(message)))

    def _on_global(
        self, _data: int, id_: int, _permissions: int, kind: bytes, _version: int, properties: int | None
    ) -> None:
        self._try(lambda: self.globals.__setitem__(id_, Global(id_, _text(kind), _dictionary(properties))))

    # --- calls -------------------------------------------------------------------------------------------------------

    def _bind(self, found: Global, version: int) -> int:
        return self._keep(self._core_calls.pcmio_pipewire_bind(self._registry, found.id, found.kind.encode(), version))

    def _keep(self, proxy: int | None) -> int:
        if proxy is None:
            raise errors.from_code("a question to the server", "pw_registry_bind", -errno.ENOMEM)
        self._proxies.append(proxy)
        return proxy

    def _listen(self, proxy: int, events: ctypes.Structure) -> None:
        hook = abi.spa_hook()
        self._kept += [hook, events]
        self._core_calls.pcmio_pipewire_listen(proxy, ctypes.byref(hook), ctypes.byref(events), None)


class Control:
    """Asks.  Its loop and context live as long as it, its connections as long as a question."""

    def __init__(self, options: HostOptions) -> None:
        self.options = options
        self.loop: int | None = None
        self.context: int | None = None
        self._lock = OwnLock()
        self._owner = 0

    def check(self) -> None:
        """Return if the server answers.

        Raises:
            HostUnavailable, PermissionDenied: It does not.
        """
        self.ask("the server", lambda _: None)

    def survey(self, *, seconds: float | None = None) -> Survey:
        """All devices, the defaults and the clock."""
        found: Survey = self.ask("the devices", _survey, seconds)
        return found

    def close(self) -> None:
        """Give the loop back; the next question makes another one."""
        with self._lock:
            self._drop()

    def ask(self, what: str, question: Callable[[Conversation], Any], seconds: float | None = None) -> Any:
        """Have ``question`` asked in a conversation of its own; what it answers."""
        seconds = self.options.timeout if seconds is None else seconds
        deadline = time.monotonic() + seconds
        # A server that hangs holds up one thread for its timeout, and those behind it no longer than theirs.
        if not self._lock.acquire(timeout=seconds):
            raise errors.too_slow(what, "pw_loop_iterate", seconds)
        try:
            conversation = self.begin(Conversation, deadline)
            try:
                return question(conversation)
            finally:
                conversation.hang_up()
        finally:
            self._lock.release()

    def begin(self, kind: Callable[[Control, float], AnyConversation], deadline: float) -> AnyConversation:
        """A new connection that has been greeted."""
        descriptor = connect(self.options)  # first: without a server nothing has to be loaded
        try:
            self._prepare()
            conversation = kind(self, deadline)
        except BaseException:
            os.close(descriptor)
            raise
        try:
            conversation.greet(descriptor)
        except BaseException:
            conversation.hang_up()
            raise
        return conversation

    def _prepare(self) -> None:
        if self.context is not None and self._owner == os.getpid():
            return
        self._drop()
        opened = libraries()
        self._owner = os.getpid()
        self.loop = opened.loop()
        self.context = opened.context(self.loop, realtime=False)

    def _drop(self) -> None:
        context, self.context = self.context, None
        loop, self.loop = self.loop, None
        if self._owner != os.getpid():
            return  # a forked child's copy: closing it would wait for a thread that the child does not have
        pipewire = libraries().pipewire if context is not None or loop is not None else None
        if pipewire is not None and context is not None:
            pipewire.pw_context_destroy(context)
        if pipewire is not None and loop is not None:
            pipewire.pw_loop_destroy(loop)

    def __del__(self, leaving: Callable[[], bool] = sys.is_finalizing) -> None:
        if self.context is not None and not leaving():
            self._drop()


def _survey(conversation: Conversation) -> Survey:
    found = list(conversation.globals.values())
    by_id = conversation.globals
    nodes = [
        one
        for one in found
        if one.kind == abi.PW_TYPE_INTERFACE_Node
        and one.properties.get("node.name", "") not in {"", *facts.DEFAULT_IDS}
        and facts.device_class(one.properties.get("media.class"))
    ]
    cards = {int(number) for one in nodes if (number := one.properties.get("device.id", "")).isdigit()}
    # What had a card's number may have gone, and something else have it now, which is told in other words.
    there = [by_id[card] for card in sorted(cards) if card in by_id]
    looked_at = [*nodes, *(card for card in there if card.kind == abi.PW_TYPE_INTERFACE_Device)]
    for one in looked_at:
        conversation.look_at(one)
    for one in found:
        if one.kind == abi.PW_TYPE_INTERFACE_Metadata and one.properties.get("metadata.name") in {
            "default",
            "settings",
        }:
            conversation.read_metadata(one)
    conversation.wait(lambda: errors.too_slow("the devices", "pw_core_sync", conversation.timeout))
    defaults = conversation.metadata.get("default", {})
    return facts.Survey(
        nodes=facts.tell_apart([_node(one, by_id) for one in nodes]),
        default_sink=facts.read_name(defaults.get("default.audio.sink")),
        default_source=facts.read_name(defaults.get("default.audio.source")),
        clock=facts.read_clock(conversation.metadata.get("settings", {})),
    )


def _node(found: Global, by_id: dict[int, Global]) -> NodeFacts:
    number = found.properties.get("device.id", "")
    card = by_id.get(int(number)) if number.isdigit() else None
    of_card = {} if card is None else card.properties
    device = {key: value for key, value in of_card.items() if key.startswith(("device.", "api."))}
    return facts.read_node(found.id, {**device, **found.properties}, found.params)


def _dictionary(address: int | None) -> dict[str, str]:
    """A ``spa_dict``."""
    if address is None:
        return {}
    table = abi.spa_dict.from_address(address)
    items = (abi.spa_dict_item * table.n_items).from_address(table.items) if table.n_items else ()
    return {_text(item.key): _text(item.value) for item in items}


def _pod(address: int) -> AnyPod:
    size = ctypes.c_uint32.from_address(address).value
    return pods.decode(ctypes.string_at(address, _HEADER_BYTES + size))


def _text(value: bytes | None) -> str:
    """The server's text; PipeWire promises UTF-8."""
    return "" if value is None else value.decode("utf-8", "replace")
