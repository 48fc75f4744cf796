"""Plays an array, or records into one, with native callbacks of the core's own: no Python is on the way."""

from __future__ import annotations

import ctypes
from ctypes import Structure, c_uint32, c_uint64, c_void_p

from pcmio._core import core
from pcmio.callbacks import NativeCallback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

#: So many of the last blocks are asked when the first frame was: their answers differ a little.
_STARTS = 256


class SamplerRecord(Structure):
    """``pcmio_sampler``."""

    _fields_: ClassVar = [
        ("samples", c_void_p),
        ("frames", c_uint64),
        ("at", c_uint64),
        ("lost", c_uint64),
        ("go", c_void_p),
        ("starts", c_void_p),
        ("start_room", c_uint32),
        ("reserved", c_uint32),
        ("start_count", c_uint64),
    ]


class Sampler:
    """Plays the frames of an array once, or fills it, and then ends its stream."""

    def __init__(self, frames: Any, after: Sampler | None = None) -> None:
        """Use a writable array of shape (frames, channels), whose samples are of the stream's format.

        Args:
            frames: Kept as long as this object, or a stream that it serves.
            after: Nothing is recorded before this one is asked for its first block, which is heard after that.
        """
        self.frames = frames
        self._after = after
        self._memory = ctypes.c_char.from_buffer(frames.view("u1"))
        self._starts = (c_uint64 * _STARTS)()
        self._record = SamplerRecord(
            ctypes.addressof(self._memory),
            len(frames),
            go=None if after is None else after.address_of("at"),
            starts=ctypes.addressof(self._starts),
            start_room=_STARTS,
        )

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

    @property
    def start_nanos(self) -> int | None:
        """When the first frame was heard or captured, on the stream's clock; None before that is known."""
        known = sorted(self._starts[: min(_STARTS, self._record.start_count)])
        return known[len(known) // 2] if known else None

    def end_at(self, frames: int) -> None:
        """Record no more than so many, which ends the stream with the block that has the last of them."""
        self._record.frames = min(frames, len(self.frames))

    def address_of(self, field: str) -> int:
        """Where a number of the record lies; for the core."""
        offset: int = getattr(SamplerRecord, field).offset
        return ctypes.addressof(self._record) + offset

    def _callback(self, name: str) -> NativeCallback:
        return NativeCallback(_Function(core().address(name), self), self._record)


class _Function:
    """An address, and what the function there works with."""

    def __init__(self, address: int, sampler: Sampler) -> None:
        self.address = address
        self.sampler = sampler
