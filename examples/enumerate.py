"""Print every audio system of this machine, its devices, and the formats that each can do.

python examples/enumerate.py [HOST ...]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pcmio

Ranges = Sequence[pcmio.SupportedStreamConfigRange]


def main() -> None:
    for name in sys.argv[1:] or pcmio.ALL_HOSTS:
        try:
            with pcmio.host(name) as host:
                print_host(host)
        except pcmio.AudioError as error:
            print(f"{name}: {error}\n")


def print_host(host: pcmio.Host) -> None:
    print(f"{host.name}")
    default_output, default_input = host.default_output_device(), host.default_input_device()
    for device in host.devices():
        print(f"  {device.id}")
        print(f"    {device.description}")
        if device == default_output:
            print("    the default output")
        if device == default_input:
            print("    the default input")
        try:
            if device.supports_output:
                print_configs("plays", device.default_output_config(), device.supported_output_configs())
            if device.supports_input:
                print_configs("records", device.default_input_config(), device.supported_input_configs())
        except pcmio.DeviceNotAvailable as error:
            print(f"    {error}")  # unplugged a moment ago; or it stands for a default that there is not
    print()


def print_configs(verb: str, default: pcmio.SupportedStreamConfig, ranges: Ranges) -> None:
    print(f"    {verb} by default: {default}")
    # From the best default to the worst, by the rules that cpal uses too.
    for one in sorted(ranges, key=pcmio.SupportedStreamConfigRange.default_rank, reverse=True)[:6]:
        print(f"    {verb}: {one}")
    if len(ranges) > 6:
        print(f"    {verb}: and {len(ranges) - 6} more")


if __name__ == "__main__":
    main()
