"""What is played on one machine, and looked for in what is recorded on another."""

from __future__ import annotations

import subprocess
import sys
import wave
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import pcmio
from pcmio.testing import until
from tests.servers.pipewire import NullNode, PipeWireServer
from tests.servers.processes import Process

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from tests.servers.machines import Machine

ROOT = Path(__file__).parents[2]
SRC = str(Path(pcmio.__file__).parent.parent)
TONE_HERTZ = 440.0


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


def beside(server: PipeWireServer, module: str, options: str) -> Process:
    """A process that has the module, beside the server: what a file in pipewire.conf.d has the server do itself."""
    config = server.directory / f"{module}.conf"
    names = ("protocol-native", "client-node", "adapter")
    modules = "\n".join(f"{{ name = libpipewire-module-{name} }}" for name in names)
    config.write_text(
        f"""
context.properties = {{ log.level = 3 }}
context.spa-libs = {{ audio.convert.* = audioconvert/libspa-audioconvert support.* = support/libspa-support }}
context.modules = [
{modules}
{{ name = libpipewire-module-{module} args = {{ {options} }} }}
]
"""
    )
    return Process(("pipewire", "-c", str(config)), server.env, server.directory / f"{module}.log")
