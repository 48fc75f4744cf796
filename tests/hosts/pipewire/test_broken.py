"""A watch's connection that breaks in another way than by a server that hangs up; streams': core/tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import pcmio
from pcmio.hosts.pipewire import abi, control, watch
from pcmio.hosts.pipewire.options import HostOptions

if TYPE_CHECKING:
    from tests.servers.pipewire import PipeWireServer

CONNECTION_RESET = 104


def test_a_watch_takes_any_error_of_the_connection_for_its_loss(own_server: PipeWireServer) -> None:
    asker = control.Control(HostOptions(remote=own_server.address))
    vigil = watch._Vigil(asker, 0.0)
    vigil._on_error(0, abi.PW_ID_CORE, 0, -2, b"unknown resource")  # was gone before it was bound
    vigil.check()
    vigil._on_error(0, abi.PW_ID_CORE, 0, -CONNECTION_RESET, b"connection error")
    with pytest.raises(pcmio.HostDisconnected):
        vigil.check()
