"""Writers and readers on a device that the test moves by hand."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from pcmio import BufferSize, SampleFormat, StreamConfig
from pcmio._reader import NativeReader
from pcmio._writer import NativeWriter
from pcmio.testing import until
from tests.unit.stream_rig import FRAMES, PATIENCE, HandDevice, HandDriver

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio.contract import EventCallback

#: Blocks in a ring: of 4 frames each.
BLOCKS = 8
RING = BLOCKS * FRAMES
_DEPTH = RING / 48_000


def _config(driver: HandDriver, sample_format: SampleFormat) -> StreamConfig:
    side = driver.plan.output or driver.plan.input
    assert side is not None
    return StreamConfig(side.channels, 48_000, BufferSize.fixed(FRAMES), sample_format)


def writer(
    driver: HandDriver,
    on_event: EventCallback | None = None,
    sample_format: SampleFormat = SampleFormat.I16,
    depth: float = _DEPTH,
) -> NativeWriter:
    config = _config(driver, sample_format)
    return NativeWriter(HandDevice(), driver, config, on_event, depth=depth, realtime="never")


def reader(driver: HandDriver, sample_format: SampleFormat = SampleFormat.I16, depth: float = _DEPTH) -> NativeReader:
    return NativeReader(HandDevice(), driver, _config(driver, sample_format), None, depth=depth, realtime="never")


def begun(stream: NativeWriter | NativeReader, driver: HandDriver) -> None:
    """Wait until its device runs, as it does by itself, in a moment."""
    until(lambda: "start" in driver.calls and stream._engine._moving, "the device's start")


def waits(stream: NativeWriter | NativeReader) -> bool:
    """Whether somebody waits in it."""
    return bool(stream._ring._needs)


async def some_task_waits(stream: NativeWriter | NativeReader) -> None:
    """Let the other tasks run until one of them waits in it."""
    while not waits(stream):  # noqa: ASYNC110 - what is looked at is no task's doing
        await asyncio.sleep(0)


class Call:
    """A call in a thread of its own."""

    def __init__(self, call: Callable[..., Any], *arguments: Any) -> None:
        self.result: Any = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(call, *arguments), daemon=True)
        self._thread.start()

    def _run(self, call: Callable[..., Any], *arguments: Any) -> None:
        try:
            self.result = call(*arguments)
        except BaseException as error:
            self.error = error

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()

    def end(self) -> Any:
        """What it returned, or raise what it raised."""
        self._thread.join(PATIENCE)
        assert self.ended, "the call hangs"
        if self.error is not None:
            raise self.error
        return self.result


def played(driver: HandDriver, call: Call) -> bytes:
    """What is played while a call lasts."""
    heard = bytearray()

    def ended() -> bool:
        if not call.ended:
            heard.extend(driver.cycle())
        return call.ended

    until(ended, "the end of the call")
    return bytes(heard)
