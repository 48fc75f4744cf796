"""A host of your own: its device writes what is played to a WAV file, at the pace of sound.

python examples/custom_host.py tone.wav
"""

from __future__ import annotations

import sys
import wave
from typing import Any

import numpy as np

import pcmio
from pcmio.custom import PacedDriver, SimpleDevice, SimpleHost

RATE = 48_000
FORMAT = pcmio.StreamConfig(2, RATE, sample_format="i16")


class WavDriver(PacedDriver):
    """A stream: while it runs, ``cycle`` is called on a thread of its own, every 10 ms."""

    def opened(self) -> None:
        self._file = wave.open(sys.argv[1], "wb")  # noqa: SIM115 - closed() closes it
        self._file.setparams((self.config.channels, 2, self.config.sample_rate, 0, "NONE", ""))

    def cycle(self, frames: int) -> None:
        self._file.writeframes(self.play(frames))

    def closed(self) -> None:
        self._file.close()


def main() -> None:
    phase = np.arange(RATE // 100)[:, None] / 100  # 480 frames: a whole number of turns, so every block is the same
    tone = (0.2 * np.sin(2 * np.pi * phase)).astype(np.float32)

    def fill(frames: Any, _info: pcmio.CallbackInfo) -> None:
        frames[:] = tone

    device = SimpleDevice("file:wav", sys.argv[1], outputs=[FORMAT], driver=WavDriver)
    with SimpleHost("file", "Files", [device]):
        with device.build_output_stream(pcmio.StreamConfig(2, RATE, 480), fill) as stream:
            stream.wait(1.0)
        print(f"{stream.position} frames in {device}, {stream.stats.xruns} xruns")


if __name__ == "__main__":
    main()
