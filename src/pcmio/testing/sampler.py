"""Native callbacks that play an array and record into one: the core's own, so that nobody needs a compiler."""

from __future__ import annotations

import ctypes
from ctypes import Structure, c_uint64, c_void_p

from pcmio._core import core
from pcmio.callbacks import NativeCallback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar


class SamplerRecord(Structure):
    """``pcmio_sampler``."""

    _fields_: ClassVar = [("samples", c_void_p), ("frames", c_uint64), ("at", c_uint64), ("lost", c_uint64)]


class Sampler:
    """Plays the frames of an array once, or fills it, and then ends its stream."""

    def __init__(self, frames: Any) -> None:
        """Use a writable array of shape (frames, channels), whose samples are of the stream's format."""
        self.frames = frames
        self._memory = ctypes.c_char.from_buffer(frames.view("u1"))
        self._record = SamplerRecord(ctypes.addressof(self._memory), len(frames))

    @property
    def player(self) -> NativeCallback:
        """For an output stream."""
        return self._callback("pcmio_sampler_play")

    @property
    def recorder(self) -> NativeCallback:
        """For an input stream."""
        return self._callback("pcmio_sampler_record")

    @property
    def at(self) -> int:
        """Frames played or recorded until now."""
        return int(self._record.at)

    @property
    def lost(self) -> int:
        """Frames that the callback was told to be lost."""
        return int(self._record.lost)

    def _callback(self, name: str) -> NativeCallback:
        return NativeCallback(_Function(core().address(name), self), self._record)


class _Function:
    """An address, and what the function there works with."""

    def __init__(self, address: int, sampler: Sampler) -> None:
        self.address = address
        self.sampler = sampler
