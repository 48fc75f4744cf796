"""From the microphone to a file as speech recognizers want it, 16 kHz, mono, 16 bits, long pauses left out: in stages.

python examples/speech_to_file.py speech.wav [--host jack] [--device ID] [--seconds 10]
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import wave
from collections.abc import AsyncIterator
from typing import Any

import numpy as np

import pcmio

RATE = 16_000
QUIET, PAUSE = 0.01, 0.5  # the amplitude of a pause, and how many seconds of it are kept
Blocks = AsyncIterator[Any]  # arrays of one dimension


async def recorded(mic: pcmio.Reader, seconds: float) -> Blocks:
    for _ in range(round(seconds * 10)):
        yield (await mic.read_async(mic.config.sample_rate // 10)).mean(axis=1)


async def resampled(blocks: Blocks, rate: int) -> Blocks:
    soxr: Any = importlib.import_module("soxr")  # pip install 'pcmio[convert]'
    stream = soxr.ResampleStream(rate, RATE, 1, dtype="float32")
    async for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


async def main() -> None:
    parser = argparse.ArgumentParser(description="Record speech.")
    for name in ("file", "--host", "--device"):
        parser.add_argument(name)
    parser.add_argument("--seconds", type=float, default=10.0)
    wanted = parser.parse_args()
    with pcmio.host(wanted.host) as host, wave.open(wanted.file, "wb") as file:
        device = host.device_by_id(wanted.device) if wanted.device else host.default_input_device()
        if device is None:
            raise SystemExit(f"{host.name} has no input device")
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        quiet = 0
        async with device.open_reader() as mic:
            async for block in resampled(recorded(mic, wanted.seconds), mic.config.sample_rate):
                quiet = quiet + len(block) if np.abs(block).max(initial=0) < QUIET else 0
                if quiet <= PAUSE * RATE:
                    samples = np.rint(np.minimum(np.maximum(block, -1), 1 - 1 / 32768) * 32768).astype("<i2")
                    await asyncio.to_thread(file.writeframes, samples.tobytes())  # a disk may stall
            print(f"{file.getnframes() / RATE:.1f} s of speech, {mic.stats.xrun_frames} frames lost")


if __name__ == "__main__":
    asyncio.run(main())
