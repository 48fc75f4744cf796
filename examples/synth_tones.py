"""Play four waveforms one after the other, without numpy: a raw stream gives bytes to fill.

python examples/synth_tones.py [--host jack] [--seconds 1]
"""

from __future__ import annotations

import argparse
import array
import math
from collections.abc import Callable, Iterator

import pcmio

FREQUENCY = 220.0
VOLUME = 0.15
Wave = Callable[[float], float]  # from the place within a period, 0 to 1, to a value from -1 to 1
Samples = Iterator[float]
WAVES: dict[str, Wave] = {
    "sine": lambda at: math.sin(2 * math.pi * at),
    "square": lambda at: 1.0 if at < 0.5 else -1.0,
    "saw": lambda at: 2 * at - 1,
    "triangle": lambda at: 4 * abs(at - 0.5) - 1,
}


def samples(sample_rate: int, seconds: float) -> Samples:
    for name, wave in WAVES.items():
        print(name)
        for frame in range(round(seconds * sample_rate)):
            yield VOLUME * wave(frame * FREQUENCY / sample_rate % 1)


def main() -> None:
    parser = argparse.ArgumentParser(description="Play four waveforms one after the other.")
    parser.add_argument("--host")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each")
    wanted = parser.parse_args()
    with pcmio.host(wanted.host) as host:
        device = host.default_output_device()
        if device is None:
            raise SystemExit(f"{host.name} has no output device")
        config = pcmio.StreamConfig(channels=2, sample_rate=device.default_output_config().sample_rate)
        sound = samples(config.sample_rate, wanted.seconds)

        def fill(block: memoryview, _info: pcmio.CallbackInfo) -> None:
            out = block.cast("f")  # interleaved: left, right, left, right...
            mono = array.array("f", (value for _, value in zip(range(len(out) // 2), sound, strict=False)))
            if not mono:
                raise pcmio.StopStream  # what was written before is played to its end
            for at, value in enumerate(mono):
                out[2 * at] = out[2 * at + 1] = value

        with device.build_output_stream_raw(config, fill) as stream:
            stream.wait()


if __name__ == "__main__":
    main()
