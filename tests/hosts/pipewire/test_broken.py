"""A watch's connection that breaks in another way than by a server that hangs up; streams': core/tests."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio.hosts.pipewire import abi, control, watch
from pcmio.hosts.pipewire.options import HostOptions
from pcmio.hosts.pipewire.stream import PipeWireDriver

if TYPE_CHECKING:
    from tests.servers.pipewire import PipeWireServer

CONNECTION_RESET = 104


def test_what_has_got_the_number_of_a_card_that_went_is_not_taken_for_it() -> None:
    """The words for a device would read what is said of a link as addresses."""
    properties = {"node.name": "a", "media.class": "Audio/Sink", "device.id": "2"}
    node = control.Global(1, abi.PW_TYPE_INTERFACE_Node, properties)
    seen: list[control.Global] = []
    talk: Any = SimpleNamespace(
        globals={1: node, 2: control.Global(2, abi.PW_TYPE_INTERFACE_Link, {})},
        look_at=seen.append,
        wait=lambda _: None,
        metadata={},
    )
    assert [one.name for one in control._survey(talk).nodes] == ["a"]
    assert seen == [node]
    talk.globals[2] = control.Global(2, abi.PW_TYPE_INTERFACE_Device, {"device.api": "alsa"})
    control._survey(talk)
    assert seen[-1] is talk.globals[2]


def test_a_watch_takes_any_error_of_the_connection_for_its_loss(own_server: PipeWireServer) -> None:
    asker = control.Control(HostOptions(remote=own_server.address))
    vigil = watch._Vigil(asker, 0.0)
    vigil._on_error(0, abi.PW_ID_CORE, 0, -2, b"unknown resource")  # was gone before it was bound
    vigil.check()
    vigil._on_error(0, abi.PW_ID_CORE, 0, -CONNECTION_RESET, b"connection error")
    with pytest.raises(pcmio.HostDisconnected):
        vigil.check()


class Native:
    """The core and a connection; what is asked of a stream that was freed is told."""

    inherited, usable = False, True

    def __init__(self) -> None:
        self.libraries = SimpleNamespace(loses_descriptors=True)
        self.freed = False
        self.too_late: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def answer(*_: object) -> int:
            if self.freed and name.startswith("pcmio_pipewire_stream"):
                self.too_late.append(name)
            self.freed = self.freed or name == "pcmio_pipewire_stream_free"
            return abi.PW_STREAM_STATE_PAUSED if name.endswith("state") else 0

        return answer


def test_a_host_may_be_closed_while_an_old_library_is_waited_for() -> None:
    native: Any = Native()
    closing: Any = PipeWireDriver.__new__(PipeWireDriver)
    closing._lock, closing._native, closing._cut, closing._pump = threading.Lock(), 17, False, None
    closing._core = closing._connection = native
    closing._wakeup = SimpleNamespace(wait_slice=closing.cut)  # as another thread, meanwhile
    closing.close()
    assert native.freed
    assert native.too_late == []
