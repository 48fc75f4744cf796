"""A program that plays the known signal while other threads of it keep the GIL busy: ``player.py SPEC`` (JSON)."""

from __future__ import annotations

import ctypes
import json
import sys
import threading

import numpy as np

import pcmio
from bench.known_signal import CHANNELS, FRAMES, RATE, Source, signal
from pcmio._sampler import Sampler
from pcmio.testing import until

#: Of the signal, for a native callback: more than any test listens to.
_ROUNDS = 3


def hold_without_gap() -> None:
    """Pure Python, for ever: any other thread waits a whole switch interval for its turn."""
    while True:
        pass


def hold_in_c(seconds: float) -> None:
    """A C call that keeps the GIL, again and again: nothing interrupts it."""
    sleep = ctypes.PyDLL(None).usleep
    while True:
        sleep(round(seconds * 1e6))


def keep_fed(out: pcmio.Writer, samples: object) -> None:
    """Write all of it, again and again, in one piece: of Python there is nothing between two blocks."""
    try:
        while True:
            out.write(samples)
    except pcmio.StreamClosed:
        return


def main() -> None:
    """Play until standard input closes, then say what the stream counted."""
    spec = json.loads(sys.argv[1])
    source = Source(signal())

    def callback(frames: object, info: object) -> None:
        frames[:] = source.take(len(frames))  # type: ignore[index,arg-type]

    data = Sampler(np.tile(source.samples[:FRAMES], (_ROUNDS, 1))).player if spec["native"] else callback
    host = pcmio.host(spec["host"], **spec["options"])
    device = host.device_by_id(spec["output"])
    config = pcmio.StreamConfig(CHANNELS, RATE, spec["frames"])
    if spec["writes"]:
        stream: pcmio.Stream = device.open_writer(config, **spec["stream"])
    else:
        stream = device.build_output_stream(config, data, **spec["stream"])
    for _ in range(spec["busy"]):
        threading.Thread(target=hold_without_gap, daemon=True).start()
    if spec["c_seconds"]:
        threading.Thread(target=hold_in_c, args=(spec["c_seconds"],), daemon=True).start()
    try:
        if isinstance(stream, pcmio.Writer):
            threading.Thread(target=keep_fed, args=(stream, source.samples[:FRAMES]), daemon=True).start()
            until(lambda: stream.position > 0, "the first frames")
        else:
            stream.start()
        print("playing", flush=True)
        sys.stdin.read()
        stats = stream.stats
    finally:
        stream.close()
    print(
        json.dumps(
            {
                "xruns": stats.xruns,
                "xrun_frames": stats.xrun_frames,
                "blocks": stats.blocks,
                "turn_max": stats.turn_max,
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
