"""Play what is recorded, a moment later: from the default input to the default output.

python examples/feedback.py [--host jack] [--delay 0.15] [--seconds 5]        Beware of loudspeakers near a microphone.
"""

from __future__ import annotations

import argparse
import collections

import numpy as np
import numpy.typing as npt

import pcmio

Frames = npt.NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description="Play what is recorded, a moment later.")
    parser.add_argument("--host")
    parser.add_argument("--delay", type=float, default=0.15, help="seconds between the two")
    parser.add_argument("--seconds", type=float, default=5.0)
    wanted = parser.parse_args()

    with pcmio.host(wanted.host) as host:
        source, output = host.default_input_device(), host.default_output_device()
        if source is None or output is None:
            raise SystemExit(f"{host.name} has no input or no output device")
        rate = output.default_output_config().sample_rate
        config = pcmio.StreamConfig(2, rate, 256)

        # Two devices have two clocks: the queue between them takes up the difference, and starts as long as the delay.
        blocks: collections.deque[Frames] = collections.deque()
        for _ in range(max(1, round(wanted.delay * rate / 256))):
            blocks.append(np.zeros((256, 2), np.float32))
        longest = 4 * len(blocks)
        missed = 0

        def record(frames: Frames, _info: pcmio.CallbackInfo) -> None:
            if len(blocks) < longest:
                blocks.append(np.array(frames))

        def play(frames: Frames, _info: pcmio.CallbackInfo) -> None:
            nonlocal missed
            if blocks:
                frames[:] = blocks.popleft()
            else:
                missed += 1  # the block is silent already

        with source.build_input_stream(config, record), output.build_output_stream(config, play) as stream:
            print(f"{source.name} -> {output.name}: {stream.config}, {wanted.delay} s later")
            stream.wait(wanted.seconds)
        print(f"{stream.stats.xruns} xruns, {missed} blocks were not there in time")


if __name__ == "__main__":
    main()
