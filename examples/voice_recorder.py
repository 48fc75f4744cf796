"""Record whenever somebody speaks, each time to a WAV file of its own that begins a moment before the first word.

python examples/voice_recorder.py [--host jack] [--device ID] [--seconds 60]
"""

from __future__ import annotations

import argparse
import asyncio
import wave

import numpy as np
import numpy.typing as npt

import pcmio

BLOCK, BEFORE, AFTER, LOUD = 0.02, 0.3, 0.8, 0.01  # seconds: of a block, before a voice, after it; of full scale


async def save(name: str, config: pcmio.StreamConfig, blocks: list[bytes]) -> None:
    with wave.open(name, "wb") as file:
        file.setparams((config.channels, 2, config.sample_rate, 0, "NONE", ""))
        await asyncio.to_thread(file.writeframes, b"".join(blocks))  # a disk may stall: the recording goes on
        print(f"{name}: {file.getnframes() / config.sample_rate:.1f} s")


async def listen(mic: pcmio.Reader, seconds: float) -> None:
    kept, saving, loud_at, now = list[bytes](), list[asyncio.Task[None]](), -1.0, 0.0
    while (now := now + BLOCK) < seconds + BLOCK:  # the block's end
        block: npt.NDArray[np.int16] = await mic.read_async(round(BLOCK * mic.config.sample_rate))
        kept.append(block.tobytes())
        if np.sqrt(np.mean(np.square(block / 32768))) > LOUD:
            loud_at = now
        elif loud_at < 0:
            kept = kept[-round(BEFORE / BLOCK) :]
        if loud_at >= 0 and not now < min(loud_at + AFTER, seconds):
            saving.append(asyncio.create_task(save(f"voice-{len(saving) + 1}.wav", mic.config, kept)))
            kept, loud_at = [], -1.0
    await asyncio.gather(*saving)


async def main() -> None:
    parser = argparse.ArgumentParser(description="Record whenever somebody speaks.")
    for name in ("--host", "--device"):
        parser.add_argument(name)
    parser.add_argument("--seconds", type=float, default=60.0)
    wanted = parser.parse_args()
    with pcmio.host(wanted.host) as host:
        device = host.device_by_id(wanted.device) if wanted.device else host.default_input_device()
        if device is None:
            raise SystemExit(f"{host.name} has no input device")
        config = device.default_input_config().config().replace(sample_format=pcmio.SampleFormat.I16)
        async with device.open_reader(config) as mic:
            await listen(mic, wanted.seconds)
        print(f"{device.name}: {mic.stats.xrun_frames} frames lost")


if __name__ == "__main__":
    asyncio.run(main())
