"""A polyphonic synthesizer: notes that begin and end at their very frame, each with an envelope of its own.

python examples/tiny_synth.py [--host jack] [--tempo 120]
"""

from __future__ import annotations

import argparse

import numpy as np
import numpy.typing as npt

import pcmio

Array = npt.NDArray[np.float64]
CHORDS = [(57, 60, 64), (53, 57, 60), (48, 55, 64), (55, 59, 62)]  # MIDI numbers; each for four beats
# When, in beats; which note; for how many beats: the chords, and an octave above them one of their notes each beat.
HELD = [(4 * bar, note, 3.5) for bar, chord in enumerate(CHORDS) for note in chord]
MELODY = [(4 * bar + beat, chord[beat % 3] + 12, 0.9) for bar, chord in enumerate(CHORDS) for beat in range(4)]
ATTACK, RELEASE, PARTIALS = 0.01, 0.3, np.arange(1, 5)[:, None]


def voice(times: Array, begin: float, end: float, frequency: float) -> Array:
    """What one note adds at these times: four harmonics under an envelope."""
    envelope = np.maximum(0, np.minimum(1, np.minimum((times - begin) / ATTACK, 1 + (end - times) / RELEASE)))
    waves = np.sin(2 * np.pi * frequency * PARTIALS * (times - begin)) / PARTIALS**2
    return np.asarray(0.08 * envelope * waves.sum(axis=0))


def main() -> None:
    parser = argparse.ArgumentParser(description="Play a few chords.")
    parser.add_argument("--host")
    parser.add_argument("--tempo", type=float, default=120.0, help="beats in a minute")
    wanted = parser.parse_args()
    beat = 60 / wanted.tempo
    notes = [(at * beat, (at + beats) * beat, 440.0 * 2 ** ((note - 69) / 12)) for at, note, beats in HELD + MELODY]
    last = max(end for _, end, _ in notes) + RELEASE
    with pcmio.host(wanted.host) as host:
        device = host.default_output_device()
        if device is None:
            raise SystemExit(f"{host.name} has no output device")
        rate = device.default_output_config().sample_rate

        def fill(frames: npt.NDArray[np.float32], info: pcmio.CallbackInfo) -> None:
            times = (info.position + np.arange(len(frames))) / rate
            if times[0] > last:
                raise pcmio.StopStream
            for begin, end, frequency in notes:
                if begin <= times[-1] and times[0] <= end + RELEASE:
                    frames += voice(times, begin, end, frequency)[:, None].astype(np.float32)  # it arrived silent

        with device.build_output_stream(pcmio.StreamConfig(2, rate), fill) as stream:
            print(f"{len(notes)} notes in {last:.1f} s on {device.name}")
            stream.wait()
        print(f"{stream.stats.load_mean:.0%} of the time was spent on sound, {stream.stats.xruns} xruns")


if __name__ == "__main__":
    main()
