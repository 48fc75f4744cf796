"""Play a tone for a while.

python examples/beep.py [--host jack] [--device ID] [--frequency 440] [--seconds 2]
"""

from __future__ import annotations

import argparse
import math

import numpy as np
import numpy.typing as npt

import pcmio


class Beep:
    """A sine whose phase goes on from block to block."""

    def __init__(self, frequency: float, sample_rate: int) -> None:
        self.phase = 0.0
        self.step = 2 * math.pi * frequency / sample_rate

    def fill(self, frames: npt.NDArray[np.float32], _info: pcmio.CallbackInfo) -> None:
        phases = self.phase + self.step * np.arange(len(frames))
        frames[:] = 0.2 * np.sin(phases)[:, None]  # the same in each channel
        self.phase = (self.phase + self.step * len(frames)) % (2 * math.pi)


def main() -> None:
    parser = argparse.ArgumentParser(description="Play a tone for a while.")
    parser.add_argument("--host", help="audio system; its ids are in pcmio.ALL_HOSTS")
    parser.add_argument("--device", help="id of the output device")
    parser.add_argument("--frequency", type=float, default=440.0)
    parser.add_argument("--seconds", type=float, default=2.0)
    wanted = parser.parse_args()

    with pcmio.host(wanted.host) as host:
        device = host.device_by_id(wanted.device) if wanted.device else host.default_output_device()
        if device is None:
            raise SystemExit(f"{host.name} has no output device")
        # Samples are float whatever the device takes: the core converts.
        config = device.default_output_config().config().replace(sample_format=pcmio.SampleFormat.F32)
        beep = Beep(wanted.frequency, config.sample_rate)
        with device.build_output_stream(config, beep.fill) as stream:
            print(f"{wanted.frequency:g} Hz on {device.name}: {stream.config}")
            stream.wait(wanted.seconds)
            latency = stream.latency.total * 1000
            print(f"played {stream.position} frames, {latency:.0f} ms behind, {stream.stats.xruns} xruns")


if __name__ == "__main__":
    main()
