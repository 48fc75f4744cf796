"""Record to a WAV file with nothing but the standard library; Ctrl-C ends it.

python examples/record_wav.py take.wav [--host jack] [--device ID] [--seconds 5]
"""

from __future__ import annotations

import argparse
import queue
import wave

import pcmio


def main() -> None:
    parser = argparse.ArgumentParser(description="Record to a WAV file.")
    parser.add_argument("file")
    parser.add_argument("--host")
    parser.add_argument("--device")
    parser.add_argument("--seconds", type=float, default=5.0)
    wanted = parser.parse_args()

    with pcmio.host(wanted.host) as host:
        device = host.device_by_id(wanted.device) if wanted.device else host.default_input_device()
        if device is None:
            raise SystemExit(f"{host.name} has no input device")
        native = device.default_input_config()
        config = pcmio.StreamConfig(native.channels, native.sample_rate, sample_format=pcmio.SampleFormat.I16)
        blocks: queue.SimpleQueue[bytes] = queue.SimpleQueue()

        def take(block: memoryview, _info: pcmio.CallbackInfo) -> None:
            blocks.put(bytes(block))  # the block's memory is used again: keep a copy, and let others wait for the disk

        with wave.open(wanted.file, "wb") as file:
            file.setnchannels(config.channels)
            file.setsampwidth(config.sample_format.sample_bytes)
            file.setframerate(config.sample_rate)
            with device.build_input_stream_raw(config, take) as stream:
                print(f"{device.name}: {stream.config}")
                try:
                    while stream.position < wanted.seconds * config.sample_rate and not stream.wait(0.1):
                        write(file, blocks)
                except KeyboardInterrupt:
                    print("that is it")
            write(file, blocks)
            print(f"{file.getnframes() / config.sample_rate:.1f} s, {stream.stats.xrun_frames} frames lost")


def write(file: wave.Wave_write, blocks: queue.SimpleQueue[bytes]) -> None:
    while not blocks.empty():
        file.writeframes(blocks.get())


if __name__ == "__main__":
    main()
