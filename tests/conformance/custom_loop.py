"""A host as a user would write one, of the ready parts: a wire in memory that loops what it is played."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

import pcmio
from pcmio.custom import Pace, PacedDriver, SimpleDevice, SimpleHost

if TYPE_CHECKING:
    import numpy.typing as npt

RATE = 48_000
CYCLE = 240
_MOST = 64
_SIZES = pcmio.SupportedBufferSize(1, 1 << 16)
_CONFIGS = [
    pcmio.SupportedStreamConfigRange(count, RATE, RATE, _SIZES, pcmio.SampleFormat.F32) for count in range(1, _MOST + 1)
]


class Wire:
    """What is played in one cycle arrives in the next."""

    def __init__(self) -> None:
        self.pace = Pace(RATE, CYCLE, catch_up=10.0)  # a machine that tests may be busy for long, and lose nothing
        self.open: list[WireDriver] = []
        self._number = 0
        self._sent = self._arrived = self._silence()

    def cycle(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """What arrives now, and what is sent now."""
        past = self.pace.number - self._number
        if past:
            self._arrived = self._sent if past == 1 else self._silence()
            self._sent, self._number = self._silence(), self.pace.number
        return self._arrived, self._sent

    @staticmethod
    def _silence() -> npt.NDArray[np.float32]:
        return np.zeros((CYCLE, _MOST), np.float32)


class WireDriver(PacedDriver):
    """A stream on the wire."""

    def __init__(
        self, wire: Wire, name: str, direction: pcmio.Direction, config: pcmio.StreamConfig, *, follow: str
    ) -> None:
        super().__init__(direction, config, pace=wire.pace)
        self._wire = wire
        self.name, self.follows = name, follow == "default"

    def opened(self) -> None:
        self._wire.open.append(self)

    def cycle(self, frames: int) -> None:
        arrived, sent = self._wire.cycle()
        channels = self.config.channels
        if self.direction is pcmio.Direction.INPUT:
            self.capture(np.ascontiguousarray(arrived[:, :channels]).tobytes())
        else:
            sent[:, :channels] += np.frombuffer(self.play(frames), np.float32).reshape(frames, channels)

    def closed(self) -> None:
        self._wire.open.remove(self)

    def lost_device(self, code: int = 0) -> None:
        if not self.follows:  # else it goes where the default goes
            super().lost_device(code)


class WireHost(SimpleHost):
    """The host: a wire with ends to plug in, whose streams may follow the default."""

    def __init__(self) -> None:
        self.wire = Wire()
        super().__init__("wire", "Wire", [self.end("loop")])

    def end(self, name: str) -> SimpleDevice:
        """An end of the wire."""
        driver = partial(WireDriver, self.wire, name)
        return SimpleDevice(
            f"wire:{name}", outputs=_CONFIGS, inputs=_CONFIGS, driver=driver, options={"follow": (str, "never")}
        )

    def remove(self, device: Any) -> None:
        super().remove(device)
        self._follow()

    def set_default(self, device_id: str) -> None:
        """Choose."""
        self.choose_default(pcmio.Direction.OUTPUT, device_id)
        self._follow()

    def _follow(self) -> None:
        default = self.default_output_device()
        for driver in list(self.wire.open):
            if default is not None and driver.follows and driver.name != default.id.id:
                old, driver.name = driver.name, default.id.id
                driver.moved(f"wire:{old}", f"wire:{driver.name}")
