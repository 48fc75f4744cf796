"""Streams with a real core and a real thread, on a device that the test moves by hand."""

from __future__ import annotations

import ctypes
import threading
from typing import TYPE_CHECKING, Any

import pcmio
from pcmio import DeviceDescription, DeviceId, Direction, SampleFormat
from pcmio._core import core
from pcmio._driver import Driver, Plan, Side
from pcmio._stream import NativeStream
from tests.unit.test_contract import concrete

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio import NativeCallback
    from pcmio._driver import Note, Pump
    from pcmio.contract import EventCallback

FRAMES = 4
PATIENCE = 20.0


class HandDriver(Driver):
    """Native cycles happen when ``cycle`` is called."""

    def __init__(
        self, *, output: bool = True, channels: int = 2, sample_format: SampleFormat = SampleFormat.I16
    ) -> None:
        self.cell = ctypes.c_uint64(1_000_000)
        side = Side(channels, sample_format)
        self.plan = Plan(
            sample_rate=48_000,
            block_frames=FRAMES,
            native_frames=FRAMES,
            output=side if output else None,
            input=None if output else side,
            clock_cell=ctypes.addressof(self.cell),
        )
        self.calls: list[str] = []
        self.errors: dict[str, BaseException] = {}
        self.pump: Pump | None = None
        self.idled = threading.Event()

    def _called(self, call: str) -> None:
        self.calls.append(call)
        if call in self.errors:
            raise self.errors.pop(call)

    def open(self, pump: Pump) -> None:
        self.pump = pump
        self._called("open")

    def start(self) -> None:
        self._called("start")

    def pause(self) -> None:
        self._called("pause")

    def discard(self) -> None:
        self._called("discard")

    def close(self) -> None:
        self._called("close")

    def idle(self) -> None:
        self.idled.set()
        if "idle" in self.errors:
            raise self.errors.pop("idle")

    def translate(self, note: Note) -> Any:
        if "translate" in self.errors:
            raise self.errors.pop("translate")
        return super().translate(note)

    def cycle(self, frames: int = FRAMES, captured: bytes = b"") -> bytes:
        """One native cycle, as an audio thread would run it; what was played."""
        assert self.pump is not None
        side = self.plan.output or self.plan.input
        assert side is not None
        size = frames * side.channels * side.native_format.sample_bytes
        played = (ctypes.c_char * size)()
        given = (ctypes.c_char * size).from_buffer_copy(captured.ljust(size, b"\0"))
        outputs, inputs = (
            (ctypes.c_void_p * 1)(ctypes.addressof(played)),
            (ctypes.c_void_p * 1)(ctypes.addressof(given)),
        )
        now = self.cell.value = self.cell.value + frames * 1_000_000_000 // self.plan.sample_rate
        core().pcmio_pump_transfer(self.pump.address, inputs, outputs, frames, now, now)
        return played.raw

    def note(self, kind: int, code: int = 0, value: int = 0) -> None:
        assert self.pump is not None
        core().pcmio_pump_note(self.pump.address, kind, code, value)


class HandDevice(concrete(pcmio.Device)):  # type: ignore[misc]
    """What a stream is built on."""

    @property
    def id(self) -> DeviceId:
        return DeviceId("hand", "one")

    @property
    def description(self) -> DeviceDescription:
        return DeviceDescription("Hand", Direction.DUPLEX)


def build(
    driver: HandDriver,
    data: Callable[[Any, Any], object] | NativeCallback,
    on_event: EventCallback | None = None,
    *,
    sample_format: SampleFormat = SampleFormat.I16,
    depth: float | str = 0.0,
    raw: bool = True,
) -> NativeStream:
    return NativeStream(HandDevice(), driver, sample_format, data, on_event, depth=depth, raw=raw)


def ignore(*_: object) -> None:
    """Do nothing."""


class Events:
    """Collects events; a test waits for one."""

    def __init__(self) -> None:
        self.told: list[pcmio.StreamEvent] = []
        self._changed = threading.Condition()

    def __call__(self, event: pcmio.StreamEvent) -> None:
        with self._changed:
            self.told.append(event)
            self._changed.notify_all()

    def wait_for(self, kind: type[pcmio.StreamEvent]) -> pcmio.StreamEvent:
        with self._changed:
            assert self._changed.wait_for(lambda: any(isinstance(event, kind) for event in self.told), PATIENCE)
            return next(event for event in self.told if isinstance(event, kind))
