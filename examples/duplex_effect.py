"""Add an echo to what comes in: from the default input to the default output, in one callback.

python examples/duplex_effect.py [--host jack] [--echo 0.3] [--seconds 10]    Beware of loudspeakers near a microphone.
"""

from __future__ import annotations

import argparse

import numpy as np
import numpy.typing as npt

import pcmio

Frames = npt.NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description="Add an echo to what comes in.")
    parser.add_argument("--host")
    parser.add_argument("--echo", type=float, default=0.3, help="seconds between a sound and its echo")
    parser.add_argument("--seconds", type=float, default=10.0)
    wanted = parser.parse_args()

    with pcmio.host(wanted.host) as host:
        source, output = host.default_input_device(), host.default_output_device()
        if source is None or output is None:
            raise SystemExit(f"{host.name} has no input or no output device")
        rate = output.default_output_config().sample_rate
        config = pcmio.StreamConfig(2, rate, "low")
        memory = np.zeros((round(wanted.echo * rate), 2), np.float32)  # a ring: what was played so long ago

        def effect(captured: Frames, played: Frames, info: pcmio.DuplexInfo) -> None:
            places = np.arange(info.position, info.position + len(played)) % len(memory)
            played[:] = captured + 0.5 * memory[places]
            memory[places] = played

        def tell(event: pcmio.StreamEvent) -> None:
            if not isinstance(event, pcmio.StreamEnded):
                print(event)

        with host.build_duplex_stream(source, output, config, effect, tell, depth="low") as stream:
            print(f"{source.name} -> {output.name}: {stream.config}")
            stream.wait(wanted.seconds)
            latency = stream.latency
        print(f"{latency.total * 1000:.1f} ms from input to output, {stream.stats.xruns} xruns")


if __name__ == "__main__":
    main()
