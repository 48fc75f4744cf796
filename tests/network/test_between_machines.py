"""Sound over a network, as docs/howto/network.md has it: what one machine plays is recorded on another."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from pcmio.testing import until
from tests.network.hearing import beside, inputs, pipewire_on, playing, playing_by, the_tone_arrives
from tests.servers.jackd import JackServer
from tests.servers.machines import TwoMachines, can_be_made
from tests.servers.pulseaudio import NullSink, PulseServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(not can_be_made(), reason="only root may make networks")

# To the ports that the manager made for the other machine, whatever its name is: to_slave_1, to_slave_2.
TO_THE_SLAVE = """
import numpy as np
import pcmio

with pcmio.host("jack") as host:
    ports = [port.name for port in host.ports(":to_slave_", direction=pcmio.Direction.INPUT)]
    device = host.device_by_id("jack:graph")
    rate = device.default_output_config().sample_rate

    def fill(frames, info):
        at = info.position + np.arange(len(frames))
        frames[:] = 0.2 * np.sin(2 * np.pi * 440 * at / rate)[:, None]

    with device.build_output_stream(pcmio.StreamConfig(len(ports), rate), fill, connect=ports) as stream:
        stream.wait(100)
"""


@pytest.fixture(scope="module")
def machines() -> Iterator[TwoMachines]:
    with TwoMachines() as both:
        yield both


def test_pulseaudio_over_tcp(machines: TwoMachines, tmp_path: Path) -> None:
    near, far = machines.left, machines.right
    server = PulseServer(tmp_path, [NullSink("speakers")])
    far.move(server.process)
    server.start()
    try:
        server.pactl("load-module", "module-native-protocol-tcp", "auth-ip-acl=127.0.0.1;10.77.0.0/24")
        env = {**server.env, "PULSE_SERVER": f"tcp:{far.address}", "PULSE_COOKIE": str(tmp_path / "none")}
        with playing(near, env, "--host", "pulseaudio", "--device", "pulseaudio:speakers"):
            # Recorded beside the server, through its socket, and over the network as well.
            local = {**server.env, "PULSE_SERVER": server.address}
            options = ("--host", "pulseaudio", "--device", "pulseaudio:speakers.monitor")
            the_tone_arrives(far, local, tmp_path, *options)
            the_tone_arrives(near, env, tmp_path, *options)
    finally:
        server.stop()


def test_pipewire_by_rtp(machines: TwoMachines, tmp_path: Path) -> None:
    near, far = machines.left, machines.right
    source = 'stream.props = { media.class = "Audio/Source" }'
    sink = f'destination.ip = "{far.address}" stream.props = {{ media.class = "Audio/Sink" node.name = "rtp-out" }}'
    with ExitStack() as stack:
        listener, talker = (pipewire_on(machine, tmp_path / machine.name, stack) for machine in (far, near))
        silent = inputs(listener)
        for server, machine, kind, options in ((listener, far, "source", source), (talker, near, "sink", sink)):
            module = beside(server, f"rtp-{kind}", options)
            machine.move(module)
            module.start(lambda: True)
            stack.callback(module.stop)
        # The listener has an input for each talker that it hears announced, called as that one's session.
        until(lambda: inputs(listener) - silent, "a source on the machine that listens")
        (found,) = inputs(listener) - silent
        until(lambda: "pipewire:rtp-out.monitor" in inputs(talker), "a sink on the machine that talks")
        with playing(near, talker.env, "--host", "pipewire", "--device", "pipewire:rtp-out"):
            the_tone_arrives(far, listener.env, tmp_path, "--host", "pipewire", "--device", found)


def test_jack_by_its_netmanager(machines: TwoMachines, tmp_path: Path) -> None:
    near, far = machines.left, machines.right
    master = JackServer(tmp_path, period=256)
    near.move(master.process)
    master.start()
    try:
        subprocess.run(near.on(["jack_load", "-s", master.name, "netmanager"]), env=master.env, check=True, timeout=20)
        slave = JackServer(tmp_path, driver=("net",))
        far.move(slave.process)
        slave.start()  # answers when the master has taken it
        try:
            until(lambda: len(master.ports()) > 4, "the other machine's ports")
            command = near.on([sys.executable, "-c", TO_THE_SLAVE])
            with playing_by(command, master.env):
                the_tone_arrives(far, slave.env, tmp_path, "--host", "jack", "--device", "jack:system")
        finally:
            slave.stop()
    finally:
        master.stop()
