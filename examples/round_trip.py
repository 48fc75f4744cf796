"""How long is the way from a loudspeaker, or a cable, to the microphone, beyond what the devices tell of themselves?

python examples/round_trip.py [--output ID] [--input ID]
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import pcmio

RATE = 48_000
SECONDS = 0.5


def chirp() -> Any:
    """From 200 to 12 000 Hz: found again under noise, and wherever a room has its resonances."""
    times = np.arange(round(SECONDS * RATE)) / RATE
    phase = 2 * np.pi * 200 * SECONDS / np.log(60) * (60 ** (times / SECONDS) - 1)
    return (0.3 * np.sin(phase) * np.hanning(len(times))).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the way from output to input.")
    parser.add_argument("--output")
    parser.add_argument("--input")
    wanted = parser.parse_args()

    sound = chirp()
    played = np.concatenate([sound, np.zeros(RATE // 2, np.float32)])  # for an echo of up to half a second
    take = pcmio.play_record(played, RATE, channels=1, output=wanted.output, input=wanted.input)
    heard = take.wait()[:, 0]

    size = len(played) + len(heard)
    likeness = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(played, size)), size)
    frames = int(np.argmax(np.abs(likeness)))
    frames -= size if frames > size // 2 else 0
    strength = abs(likeness[frames]) / float(np.sum(sound**2))
    print(f"{frames} frames ({1000 * frames / RATE:.2f} ms) after its time, at {strength:.0%} of its level")
    if take.xruns:
        print(f"frames were lost {take.xruns} times: measure again")


if __name__ == "__main__":
    main()
