"""Sound over a network by PipeWire's ROC modules, as docs/howto/network.md has it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from pcmio.testing import until
from tests.network.hearing import beside, inputs, pipewire_on, playing, the_tone_arrives
from tests.servers.machines import TwoMachines

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("code", ["rs8m", "ldpc", "disable"])
def test_pipewire_by_roc(code: str, tmp_path: Path) -> None:
    with TwoMachines() as machines, ExitStack() as stack:
        near, far = machines.left, machines.right
        listener, talker = (pipewire_on(machine, tmp_path / machine.name, stack) for machine in (far, near))
        source = f'fec.code = {code} source.props = {{ media.class = "Audio/Source" node.name = "roc-in" }}'
        sink = f'remote.ip = "{far.address}" fec.code = {code} sink.props = {{ node.name = "roc-out" }}'
        for server, machine, kind, options in ((listener, far, "source", source), (talker, near, "sink", sink)):
            module = beside(server, f"roc-{kind}", options)
            machine.move(module)
            module.start(lambda: True)
            stack.callback(module.stop)
        until(lambda: "pipewire:roc-in" in inputs(listener), "a source on the machine that listens")
        until(lambda: "pipewire:roc-out.monitor" in inputs(talker), "a sink on the machine that talks")
        with playing(near, talker.env, "--host", "pipewire", "--device", "pipewire:roc-out"):
            the_tone_arrives(far, listener.env, tmp_path, "--host", "pipewire", "--device", "pipewire:roc-in")
