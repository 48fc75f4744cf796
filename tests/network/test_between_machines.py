"""Sound over a network, as docs/howto/network.md has it: what one machine plays is recorded on another."""

from __future__ import annotations

import subprocess
import sys
import wave
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import pcmio
from pcmio.testing import until
from tests.servers.jackd import JackServer
from tests.servers.machines import TwoMachines, can_be_made
from tests.servers.pipewire import NullNode, PipeWireServer
from tests.servers.processes import Process
from tests.servers.pulseaudio import NullSink, PulseServer

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from tests.servers.machines import Machine

pytestmark = pytest.mark.skipif(not can_be_made(), reason="only root may make networks")

ROOT = Path(__file__).parents[2]
SRC = str(Path(pcmio.__file__).parent.parent)
TONE_HERTZ = 440.0
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


def example(name: str, machine: Machine, *arguments: str) -> list[str]:
    return machine.on([sys.executable, str(ROOT / "examples" / f"{name}.py"), *arguments])


def playing(machine: Machine, env: Mapping[str, str], *arguments: str) -> AbstractContextManager[None]:
    """A tone that is played on a machine until the block is left."""
    return playing_by(example("beep", machine, *arguments, "--frequency", str(TONE_HERTZ), "--seconds", "100"), env)


@contextmanager
def playing_by(command: list[str], env: Mapping[str, str]) -> Generator[None]:
    # Its end is that of its process, which is no failure.
    with subprocess.Popen(command, env={**env, "PYTHONPATH": SRC}, stdout=subprocess.DEVNULL) as player:
        try:
            yield
            assert player.poll() is None
        finally:
            player.terminate()


def heard(machine: Machine, env: Mapping[str, str], folder: Path, *arguments: str) -> tuple[float, float]:
    """What is recorded on a machine: the loudest frequency, and the peak."""
    command = example("record_wav", machine, str(folder / "take.wav"), *arguments, "--seconds", "0.5")
    done = subprocess.run(
        command, env={**env, "PYTHONPATH": SRC}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    with wave.open(str(folder / "take.wav")) as file:
        rate, channels = file.getframerate(), file.getnchannels()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, channels)[:, 0] / 32768
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * rate / len(samples), float(np.abs(samples).max())


def the_tone_arrives(machine: Machine, env: Mapping[str, str], folder: Path, *arguments: str) -> None:
    takes: list[tuple[float, float]] = []

    def arrives() -> bool:
        takes.append(heard(machine, env, folder, *arguments))
        frequency, peak = takes[-1]
        return abs(frequency - TONE_HERTZ) < 4 and 0.15 < peak < 0.25

    try:
        until(arrives, "the tone", 60)
    except AssertionError as error:
        raise AssertionError(f"{error}; heard as (Hz, peak): {takes}") from None


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
            module = rtp_module(server, kind, options)
            machine.move(module)
            module.start(lambda: True)
            stack.callback(module.stop)
        # The listener has an input for each talker that it hears announced, called as that one's session.
        until(lambda: inputs(listener) - silent, "a source on the machine that listens")
        (found,) = inputs(listener) - silent
        until(lambda: "pipewire:rtp-out.monitor" in inputs(talker), "a sink on the machine that talks")
        with playing(near, talker.env, "--host", "pipewire", "--device", "pipewire:rtp-out"):
            the_tone_arrives(far, listener.env, tmp_path, "--host", "pipewire", "--device", found)


def pipewire_on(machine: Machine, folder: Path, stack: ExitStack) -> PipeWireServer:
    folder.mkdir()
    server = PipeWireServer(folder, [NullNode("speakers")])
    machine.move(server.process)
    server.start()
    stack.callback(server.stop)
    return server


def inputs(server: PipeWireServer) -> set[str]:
    with pcmio.host("pipewire", remote=server.address) as host:
        return {str(device.id) for device in host.input_devices()}


def rtp_module(server: PipeWireServer, kind: str, options: str) -> Process:
    """A process that has the module, beside the server: what a file in pipewire.conf.d has the server do itself."""
    config = server.directory / f"rtp-{kind}.conf"
    names = ("protocol-native", "client-node", "adapter")
    modules = "\n".join(f"{{ name = libpipewire-module-{name} }}" for name in names)
    config.write_text(
        f"""
context.properties = {{ log.level = 3 }}
context.spa-libs = {{ audio.convert.* = audioconvert/libspa-audioconvert support.* = support/libspa-support }}
context.modules = [
{modules}
{{ name = libpipewire-module-rtp-{kind} args = {{ {options} }} }}
]
"""
    )
    return Process(("pipewire", "-c", str(config)), server.env, server.directory / f"rtp-{kind}.log")


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
