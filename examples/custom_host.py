"""A host of your own: its device writes what is played to a WAV file, at the pace of sound.

python examples/custom_host.py tone.wav
"""

from __future__ import annotations

import sys
import threading
import time
import wave
from typing import Any

import numpy as np

import pcmio
from pcmio.custom import CustomDevice, CustomDriver, Host, take_options

RATE, CYCLE = 48_000, 480
CONFIG = pcmio.SupportedStreamConfigRange(2, RATE, RATE, pcmio.SupportedBufferSize(1, 8192), pcmio.SampleFormat.I16)


class FileDriver(CustomDriver):
    """A stream: while it runs, a thread of ours takes 10 ms of sound every 10 ms."""

    def __init__(self, path: str, config: pcmio.StreamConfig) -> None:
        super().__init__(pcmio.Direction.OUTPUT, config, native_format=CONFIG.sample_format, native_frames=CYCLE)
        self._path = path
        self._running = threading.Event()

    def started(self) -> None:
        self._running.set()
        threading.Thread(target=self._move, daemon=True).start()

    def held(self) -> None:
        self._running.clear()

    def _move(self) -> None:
        with wave.open(self._path, "wb") as file:
            file.setparams((2, 2, RATE, 0, "NONE", ""))
            due = time.monotonic()
            while self._running.is_set():
                file.writeframes(self.play(CYCLE))
                due += CYCLE / RATE
                time.sleep(max(0.0, due - time.monotonic()))


class FileDevice(CustomDevice):
    """What streams are built on."""

    def __init__(self, path: str) -> None:
        self._path = path

    @property
    def id(self) -> pcmio.DeviceId:
        return pcmio.DeviceId("file", self._path)

    @property
    def description(self) -> pcmio.DeviceDescription:
        return pcmio.DeviceDescription(self._path, pcmio.Direction.OUTPUT)

    def supported_output_configs(self) -> list[pcmio.SupportedStreamConfigRange]:
        return [CONFIG]

    def supported_input_configs(self) -> list[pcmio.SupportedStreamConfigRange]:
        return []

    def default_output_config(self) -> pcmio.SupportedStreamConfig:
        return CONFIG.with_sample_rate(RATE)

    def default_input_config(self) -> pcmio.SupportedStreamConfig:
        raise pcmio.UnsupportedOperation("a file that is written has no input")

    def _driver(self, direction: pcmio.Direction, config: pcmio.StreamConfig, options: dict[str, Any]) -> FileDriver:
        take_options(options)  # there are none
        if direction is not pcmio.Direction.OUTPUT or (config.channels, config.sample_rate) != (2, RATE):
            raise pcmio.UnsupportedConfig(f"the file has 2 channels at {RATE} Hz, not {config}")
        return FileDriver(self._path, config)


class FileHost(Host):
    """Has the one device."""

    def __init__(self, path: str) -> None:
        self._device = FileDevice(path)

    @property
    def id(self) -> str:
        return "file"

    @property
    def name(self) -> str:
        return "Files"

    def check_available(self) -> None:
        pass

    def devices(self) -> list[FileDevice]:
        return [self._device]

    def default_output_device(self) -> FileDevice:
        return self._device

    def default_input_device(self) -> None:
        return None

    def close(self) -> None:
        pass


def main() -> None:
    phase = np.arange(RATE // 100)[:, None] / 100  # 480 frames: a whole number of turns, so every block is the same
    tone = (0.2 * np.sin(2 * np.pi * phase)).astype(np.float32)

    def fill(frames: Any, _info: pcmio.CallbackInfo) -> None:
        frames[:] = tone

    with FileHost(sys.argv[1]) as host:
        config = pcmio.StreamConfig(2, RATE, pcmio.BufferSize.fixed(480))
        with host.default_output_device().build_output_stream(config, fill) as stream:
            stream.wait(1.0)
        print(f"{stream.position} frames in {sys.argv[1]}, {stream.stats.xruns} xruns")


if __name__ == "__main__":
    main()
