"""A voice, a beep for each word, that speaks until somebody speaks up, and knows what was heard of it.

python examples/voice_agent.py [--host jack] [--patience 10]
"""

from __future__ import annotations

import argparse
import asyncio

import numpy as np
import numpy.typing as npt

import pcmio

SENTENCE = ("I", "could", "go", "on", "about", "this", "for", "quite", "a", "while", "if", "nobody", "stops", "me")
LOUD = 0.1  # what counts as speaking up


def spoken(word: str, rate: int) -> npt.NDArray[np.float32]:
    times = np.arange(int(0.08 * rate) * len(word)) / rate
    return (0.1 * np.sin(2 * np.pi * 220 * times) * np.hanning(len(times))).astype(np.float32)


async def speak(voice: pcmio.Writer) -> None:
    try:
        for word in SENTENCE:
            await voice.write_async(spoken(word, voice.config.sample_rate))
        await voice.drain_async()
    except pcmio.OperationInterrupted:
        print("... all right.")


async def somebody_speaks(microphone: pcmio.Reader) -> None:
    async for block in microphone:
        if np.abs(block).max() > LOUD:
            return


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", help="audio system; its ids are in pcmio.ALL_HOSTS")
    parser.add_argument("--patience", type=float, default=10.0)
    wanted = parser.parse_args()
    with pcmio.host(wanted.host) as host:
        speaker, microphone = host.default_output_device(), host.default_input_device()
        if speaker is None or microphone is None:
            raise SystemExit(f"{host.name} has no output or no input device")
        async with microphone.open_reader() as ears, speaker.open_writer() as voice:
            speaking, listening = asyncio.ensure_future(speak(voice)), asyncio.ensure_future(somebody_speaks(ears))
            await asyncio.wait({speaking, listening}, timeout=wanted.patience, return_when=asyncio.FIRST_COMPLETED)
            told = voice.clear()  # silent within one period
            listening.cancel()
            await asyncio.gather(speaking, listening, return_exceptions=True)
            print(f"{told.heard / voice.config.sample_rate:.2f} s were heard, {told.dropped} frames dropped")


if __name__ == "__main__":
    asyncio.run(main())
