"""Say what is plugged in and unplugged, and play on: the tone moves with the default device.

python examples/watch.py [--host jack] [--seconds 60]
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

import pcmio


def describe(event: pcmio.HostEvent) -> str:
    match event:
        case pcmio.DeviceAdded(id, description) | pcmio.DeviceRemoved(id, description):
            sign = "+" if isinstance(event, pcmio.DeviceAdded) else "-"
            return f"{sign} {description.name} ({id})"
        case pcmio.DefaultChanged(direction, _, new):
            return f"the default {direction} is {new}"
        case pcmio.HostLost(error):
            return f"the audio system is gone: {error}"
        case _:
            return str(event)


def main() -> None:
    parser = argparse.ArgumentParser(description="Say what is plugged in and unplugged.")
    parser.add_argument("--host")
    parser.add_argument("--seconds", type=float, default=60.0)
    wanted = parser.parse_args()
    tone = (0.1 * np.sin(2 * np.pi * np.arange(480) / 120))[:, None].astype(np.float32)  # 400 Hz at 48 kHz

    def fill(frames: Any, _info: pcmio.CallbackInfo) -> None:
        frames[:] = tone

    with pcmio.host(wanted.host) as host, host.watch(lambda event: print(describe(event))):
        for found in host.devices():  # whatever comes or goes from here on is told
            print(f"  {found.name} ({found.id})")
        device = host.default_output_device()
        if device is None:
            time.sleep(wanted.seconds)
            return
        config = pcmio.StreamConfig(2, device.default_output_config().sample_rate, 480)
        with device.build_output_stream(config, fill, lambda event: print(f"the tone: {event}")) as stream:
            stream.wait(wanted.seconds)


if __name__ == "__main__":
    main()
