"""What a watch asks: a connection that stays, and tells that something has changed; then all is asked anew.

Its loop is iterated by the watch's thread, asleep until the server has something to say.
"""

from __future__ import annotations

import ctypes
import time

from pcmio._arrival import Waker
from pcmio._watch import Sighting, Source, View
from pcmio.descriptions import DeviceId
from pcmio.errors import ResourceExhausted
from pcmio.hosts.pipewire import abi, errors, facts
from pcmio.hosts.pipewire.control import REFUSALS, Control, Conversation
from pcmio.hosts.pipewire.devices import describe_default, describe_listed, device_name
from pcmio.hosts.pipewire.facts import DEFAULTS
from pcmio.hosts.pipewire.library import socket_paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pcmio.hosts.pipewire.facts import Survey
    from pcmio.hosts.pipewire.options import HostOptions


class _Vigil(Conversation):
    """A connection that stays: it is told of nodes that are devices, and of the defaults."""

    def __init__(self, control: Control, deadline: float) -> None:
        super().__init__(control, deadline)
        self.changed = False
        self._bound: dict[int, int] = {}  # proxies by what they stand for
        self._listeners: dict[int, tuple[Any, Any]] = {}  # what libpipewire may call until a proxy is destroyed
        self._gone: list[int] = []  # proxies of what is no more: destroyed when no callback is under way

    def _registry_events(self) -> abi.pw_registry_events:
        return abi.pw_registry_events(
            version=0, global_=abi.global_t(self._on_global), global_remove=abi.global_remove_t(self._on_global_remove)
        )

    def check(self) -> None:
        """Raise if the server is gone."""
        while self._gone:
            proxy = self._gone.pop()
            self._libraries.pipewire.pw_proxy_destroy(proxy)
            self._proxies.remove(proxy)
            self._listeners.pop(proxy, None)
        if self._error is not None:
            raise self._error
        if self._broken:
            raise errors.disconnected(-self._broken)

    def hang_up(self) -> None:
        """Disconnect."""
        super().hang_up()
        self._listeners.clear()
        self._bound.clear()

    # --- callbacks: on this thread, while it iterates ----------------------------------------------------------------

    def _on_error(self, data: int, id_: int, sequence: int, result: int, message: bytes | None) -> None:
        if id_ == abi.PW_ID_CORE and result not in REFUSALS:  # else of something that was gone before it was bound
            super()._on_error(data, id_, sequence, result, message)

    def _on_global(
        self, data: int, id_: int, permissions: int, kind: bytes, version: int, properties: int | None
    ) -> None:
        super()._on_global(data, id_, permissions, kind, version, properties)
        self._try(lambda: self._attend(id_))

    def _attend(self, id_: int) -> None:
        found = self.globals[id_]
        if found.kind == abi.PW_TYPE_INTERFACE_Node and facts.device_class(found.properties.get("media.class")):
            self._follow(
                self._bind(found, abi.PW_VERSION_NODE),
                id_,
                abi.pw_object_events(version=0, info=abi.info_t(self._on_info)),
            )
        elif found.kind == abi.PW_TYPE_INTERFACE_Metadata and found.properties.get("metadata.name") == "default":
            self._follow(
                self._bind(found, abi.PW_VERSION_METADATA),
                id_,
                abi.pw_metadata_events(version=0, property=abi.property_t(self._on_property)),
            )
        else:
            del self.globals[id_]  # programs, streams and their links come and go, and are nobody's business here

    def _follow(self, proxy: int, id_: int, events: ctypes.Structure) -> None:
        self.changed = True
        hook = abi.spa_hook()
        self._bound[id_], self._listeners[proxy] = proxy, (hook, events)
        self._core_calls.pcmio_pipewire_listen(proxy, ctypes.byref(hook), ctypes.byref(events), None)

    def _on_global_remove(self, _data: int, id_: int) -> None:
        self._try(lambda: self._forget(id_))

    def _forget(self, id_: int) -> None:
        proxy = self._bound.pop(id_, None)
        if proxy is not None:
            del self.globals[id_]
            self._gone.append(proxy)
            self.changed = True

    def _on_info(self, _data: int, address: int) -> None:
        self._try(lambda: self._see(abi.pw_node_info.from_address(address).change_mask))

    def _see(self, mask: int) -> None:
        self.changed = self.changed or bool(mask & abi.PW_NODE_CHANGE_MASK_PROPS)

    def _on_property(
        self, _data: int, _subject: int, _key: bytes | None, _type: bytes | None, _value: bytes | None
    ) -> int:
        self.changed = True
        return 0


class PipeWireSource(Source):
    """For ``PipeWireHost.watch``."""

    def __init__(self, host_id: str, options: HostOptions) -> None:
        self._host_id = host_id
        self._control = Control(options)
        self._vigil: _Vigil | None = None
        self._closing = False
        try:
            self._waker = Waker()
        except OSError as error:
            raise ResourceExhausted(f"no descriptors to watch devices with: {error}") from error

    def open(self) -> None:
        """Connect and listen."""
        if self._closing:
            raise errors.closed()
        self._vigil = self._control.begin(_Vigil, time.monotonic() + self._control.options.timeout)

    def look(self) -> View:
        """All nodes that are devices, and the defaults."""
        vigil = self._live()
        vigil.changed = False
        return _view(self._host_id, self._control.survey())

    def _live(self) -> _Vigil:
        if self._vigil is None:
            raise errors.closed()
        return self._vigil

    def wait(self) -> None:
        """Sleep until the server tells of a change."""
        vigil, loop = self._live(), self._control.loop
        calls = vigil.calls
        descriptor = calls.pcmio_pipewire_descriptor(loop)
        vigil.check()
        while not vigil.changed and self._waker.sleep(descriptor):
            calls.pcmio_pipewire_iterate(loop, 0)
            vigil.check()

    def wake(self) -> None:
        """End the sleep."""
        self._closing = True
        self._waker.wake()

    def shut(self) -> None:
        """Disconnect."""
        vigil, self._vigil = self._vigil, None
        if vigil is not None:
            vigil.hang_up()
        self._control.close()

    def paths(self) -> list[str]:
        """The server's socket; one without a name in the file system tells nothing."""
        paths = socket_paths(self._control.options)
        return paths if all(path.startswith("/") for path in paths) else []


def _view(host_id: str, survey: Survey) -> View:
    devices: dict[DeviceId, Sighting] = {}
    for which in DEFAULTS:  # always there, and described in other words when they stand for others
        id_ = DeviceId(host_id, which.id)
        devices[id_] = Sighting(id_, describe_default(which, survey))
    for listed in survey.devices.values():
        id_ = DeviceId(host_id, listed.id)
        incarnation = 0 if listed.node is None else listed.node.serial
        devices[id_] = Sighting(id_, describe_listed(listed), incarnation)
    output, input_ = survey.default_output, survey.default_input
    return View(
        tuple(devices.values()),
        None if output is None else DeviceId(host_id, output.listed),
        None if input_ is None else DeviceId(host_id, device_name(input_, monitor=input_.is_sink)),
    )
