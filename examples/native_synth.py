"""Play a sliding tone that numba compiles: it runs on the audio thread, however busy Python is.

python examples/native_synth.py [--host jack] [--frames 64] [--seconds 2]
"""

from __future__ import annotations

import argparse
import importlib
import math
import time
from typing import Any

import numpy as np

import pcmio

try:
    numba: Any = importlib.import_module("numba")  # it has no types
except ImportError:
    raise SystemExit("this example needs numba: pip install 'pcmio[examples]'") from None

types, BLOCK = numba.types, numba.from_dtype(np.dtype(list(pcmio.NATIVE_BLOCK_FIELDS)))
SIGNATURE = types.int32(types.voidptr, types.CPointer(BLOCK), types.voidptr)


def fill(user: Any, blocks: Any, samples: Any) -> int:
    block = numba.carray(blocks, 1)[0]
    out = numba.carray(samples, (block.frames, block.channels), np.float32)
    tone = numba.carray(user, 2, np.float64)  # frequency and phase
    for frame in range(block.frames):
        tone[1] = (tone[1] + tone[0] / block.sample_rate) % 1.0
        out[frame, :] = 0.2 * math.sin(2 * math.pi * tone[1])
    return 0  # goes on; 1 finishes, 2 aborts


def main() -> None:
    parser = argparse.ArgumentParser(description="Play a sliding tone that is computed on the audio thread.")
    parser.add_argument("--host")
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=2.0)
    wanted = parser.parse_args()
    tone = np.array([220.0, 0.0])
    callback = pcmio.NativeCallback(numba.cfunc(SIGNATURE, nopython=True)(fill), tone)
    with pcmio.host(wanted.host) as host:
        device = host.default_output_device()
        if device is None:
            raise SystemExit(f"{host.name} has no output device")
        default = device.default_output_config()
        config = pcmio.StreamConfig(default.channels, default.sample_rate, wanted.frames)
        with device.build_output_stream(config, callback) as stream:
            end = time.monotonic() + wanted.seconds
            while (left := end - time.monotonic()) > 0:  # never rests, and costs no frame
                tone[0] = 220.0 * 2**left
            print(f"{stream.stats.blocks} blocks of {wanted.frames} frames, {stream.stats.xruns} xruns")


if __name__ == "__main__":
    main()
