"""Measures what is heard of sound over a network that loses packets, by RTP and by ROC.

    python -m tests.debian13 -- python3 -m tests.network.loss

Root, nftables, and PipeWire with libroc are needed.  On the machine that listens the kernel throws away a share of the
packets, by chance and each for itself.  A circle is played, its sine on one channel and its cosine on the other: at
each frame its radius says whether there is sound, and its angle which frame of what was played that is.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import pcmio
from pcmio.testing import until
from tests.network.hearing import beside, inputs, playing_by
from tests.servers.machines import TwoMachines
from tests.servers.pipewire import NullNode, PipeWireServer

if TYPE_CHECKING:
    from tests.servers.machines import Machine
    from tests.servers.processes import Process

ROOT = Path(__file__).parents[2]
#: Turns of the circle in a second: one is longer than any gap that is to be told from none.
HERTZ = 4
RATE = 48_000
RADIUS = 0.2
#: What else the machine does is not to be measured.
AT_ONCE = ("chrt", "--fifo", "10")
WAYS = ("rtp", "disable", "rs8m", "ldpc")


def play(address: str, device_id: str) -> None:
    """Play the circle, for ever."""
    host = pcmio.host("pipewire", remote=address)
    config = pcmio.StreamConfig(2, RATE, pcmio.BufferSize.fixed(960))

    def fill(frames: Any, info: pcmio.CallbackInfo) -> None:
        angle = 2 * np.pi * HERTZ * (info.position + np.arange(len(frames))) / RATE
        frames[:] = RADIUS * np.stack((np.cos(angle), np.sin(angle)), axis=1)

    with host.device_by_id(device_id).build_output_stream(config, fill, depth=1.0) as stream:
        stream.wait()


def listen(address: str, device_id: str, seconds: float, kept: str) -> None:
    """Record, from the moment on that the circle is heard."""
    host = pcmio.host("pipewire", remote=address)
    config = pcmio.StreamConfig(2, RATE, pcmio.BufferSize.fixed(960))
    with host.device_by_id(device_id).open_reader(config, depth=1.0) as reader:
        for block in reader:
            if np.hypot(*block.T).min() > RADIUS / 2:
                break
        reader.read(2 * RATE)  # clocks find to each other
        before = reader.stats.xruns
        sound = reader.read(round(seconds * RATE))
        if reader.stats.xruns > before:
            print("the listener itself lost frames: this does not count", file=sys.stderr)
    np.save(kept, sound)


def lost(sound: Any) -> tuple[int, int, int]:
    """Frames without sound, frames that were left out or came twice, and how many gaps there are."""
    turning = sound[:, 0] + 1j * sound[:, 1]
    there = np.flatnonzero(np.abs(turning) > RADIUS / 2)
    silent = len(sound) - len(there)
    step = 2 * np.pi * HERTZ / RATE
    apart = np.diff(there)
    turned = np.angle(turning[there[1:]] / turning[there[:-1]] * np.exp(-1j * step * apart)) / step
    # A resampler that follows a clock moves by far less from one frame to the next.
    jumps = np.abs(turned) > 12
    return silent, round(float(np.abs(turned[jumps]).sum())), int(np.count_nonzero(jumps | (apart > 1)))


def lose(machine: Machine, percent: float) -> None:
    """Have a machine throw away this share of what it is sent."""
    rules = f"""
    table inet lossy {{}}
    delete table inet lossy
    table inet lossy {{
        chain heard {{
            type filter hook prerouting priority 0
            meta iifname "cable" meta l4proto udp numgen random mod 10000 < {round(percent * 100)} counter drop
        }}
    }}
    """
    subprocess.run(machine.on(["nft", "-f", "-"]), input=rules, text=True, check=True)


def modules(way: str, far: Machine) -> tuple[tuple[str, str], tuple[str, str], str]:
    """The listener's module and the talker's with their options, and the sink."""
    if way == "rtp":
        source = 'source.ip = "0.0.0.0" source.port = 5004 stream.props = { media.class = "Audio/Source" }'
        sink = f'destination.ip = "{far.address}" destination.port = 5004'
        sink += ' stream.props = { media.class = "Audio/Sink" node.name = "rtp-out" }'
        return ("rtp-source", source), ("rtp-sink", sink), "rtp-out"
    source = f'fec.code = {way} source.props = {{ media.class = "Audio/Source" node.name = "roc-in" }}'
    sink = f'remote.ip = "{far.address}" fec.code = {way} sink.props = {{ node.name = "roc-out" }}'
    return ("roc-source", source), ("roc-sink", sink), "roc-out"


def measure(way: str, percents: list[float], seconds: float, folder: Path) -> None:
    """Tell what is lost of this way at each share."""
    with TwoMachines() as machines, ExitStack() as stack:
        near, far = machines.left, machines.right
        listener, talker = (_server_on(machine, folder / machine.name, stack) for machine in (far, near))
        silent = inputs(listener)
        *both, sink = modules(way, far)
        for server, machine, (name, options) in zip((listener, talker), (far, near), both, strict=True):
            module = beside(server, name, options)
            _start(module, machine, stack)
        until(lambda: inputs(listener) - silent, "a source on the machine that listens")
        (found,) = inputs(listener) - silent
        until(lambda: f"pipewire:{sink}.monitor" in inputs(talker), "a sink on the machine that talks")
        with playing_by(_here(near, "play", talker.address, f"pipewire:{sink}"), talker.env):
            for percent in percents:
                lose(far, percent)
                heard = _heard(far, listener, found, seconds, folder / "heard.npy")
                _tell(f"{way}, {_thrown_away(far)} packets ({percent:g} %) thrown away", heard)


def _server_on(machine: Machine, folder: Path, stack: ExitStack) -> PipeWireServer:
    folder.mkdir()
    server = PipeWireServer(folder, [NullNode("speakers")], quantum=1024)
    server.process.command = machine.on([*AT_ONCE, *server.process.command])
    server.start()
    stack.callback(server.stop)
    return server


def _start(module: Process, machine: Machine, stack: ExitStack) -> None:
    module.command = machine.on([*AT_ONCE, *module.command])
    module.start(lambda: True)
    stack.callback(module.stop)


def _here(machine: Machine, *arguments: str) -> list[str]:
    return machine.on([*AT_ONCE, sys.executable, "-m", "tests.network.loss", *arguments])


def _heard(machine: Machine, server: PipeWireServer, found: str, seconds: float, kept: Path) -> Any:
    command = _here(machine, "listen", server.address, found, str(seconds), str(kept))
    env = {**server.env, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    subprocess.run(command, env=env, cwd=ROOT, check=True, timeout=60 + 3 * seconds)
    return np.load(kept)


def _thrown_away(machine: Machine) -> str:
    rules = machine.on(["nft", "list", "table", "inet", "lossy"])
    told = subprocess.run(rules, check=True, capture_output=True, text=True).stdout
    return told.partition("counter packets ")[2].split()[0]


def _tell(what: str, sound: Any) -> None:
    silent, left_out, gaps = lost(sound)
    share = 100 * silent / len(sound)
    print(
        f"{what}: of {len(sound)} frames {silent} silent ({share:.2f} %), {left_out} left out or twice, in {gaps} gaps",
        flush=True,
    )


def main() -> None:
    """Measure; or be the machine that plays or listens."""
    if sys.argv[1:2] == ["play"]:
        return play(*sys.argv[2:])
    if sys.argv[1:2] == ["listen"]:
        address, device_id, seconds, kept = sys.argv[2:]
        return listen(address, device_id, float(seconds), kept)
    parser = argparse.ArgumentParser(description="Measure what is heard over a network that loses packets.")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--percent", type=float, nargs="*", default=[0, 1, 5, 10, 20])
    parser.add_argument("--way", choices=WAYS, nargs="*", default=WAYS)
    wanted = parser.parse_args()
    for way in wanted.way:
        with tempfile.TemporaryDirectory() as folder:
            measure(way, wanted.percent, wanted.seconds, Path(folder))
    return None


if __name__ == "__main__":
    main()
