"""A native callback of a test's own, compiled and called as a user's is: by its address."""

from __future__ import annotations

import ctypes
import functools
import tempfile
from ctypes import Structure, c_int32, c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Any, ClassVar

from pcmio import NativeCallback
from pcmio.testing import until
from tests.unit import header

_folders: list[tempfile.TemporaryDirectory[str]] = []  # each removes itself with this list


class NativeBlock(Structure):
    """``pcmio_native_block``."""

    _fields_: ClassVar = [
        ("position", c_uint64),
        ("callback_nanos", c_uint64),
        ("device_nanos", c_uint64),
        ("xrun_frames", c_uint64),
        ("frames", c_uint32),
        ("channels", c_uint32),
        ("sample_rate", c_uint32),
        ("format", c_uint32),
    ]


class _Record(Structure):
    """``counting`` in counting.c."""

    _fields_: ClassVar = [
        ("block", NativeBlock),
        ("memory", c_void_p),
        ("memory_bytes", c_uint64),
        ("moved_bytes", c_uint64),
        ("lost", c_uint64),
        ("frame_bytes", c_uint32),
        ("answer_at", c_uint32),
        ("answer", c_int32),
        ("calls", c_uint32),
        ("noisy", c_uint32),
        ("inside", c_uint32),
        ("hold", c_uint32),
    ]


@functools.cache
def library_path() -> str:
    """The compiled functions."""
    folder = tempfile.TemporaryDirectory(prefix="pcmio-counting-")
    _folders.append(folder)
    built = str(Path(folder.name, "counting.so"))
    source = str(Path(__file__).with_name("counting.c"))
    header.compile_c("-std=c11", "-O2", "-fPIC", "-shared", f"-I{header.HEADER.parent}", source, "-o", built)
    return built


@functools.cache
def library() -> ctypes.CDLL:
    """The same, opened."""
    return ctypes.CDLL(library_path())


class Counting:
    """What one callback was told, and what it is to answer."""

    def __init__(self, *, frame_bytes: int = 4, answer_at: int = 0, answer: int = 0, memory: Any = None) -> None:
        self.record = _Record(frame_bytes=frame_bytes, answer_at=answer_at, answer=answer)
        self.memory = memory
        if memory is not None:
            whole = (ctypes.c_char * memory.nbytes).from_buffer(memory.view("u1"))
            self.record.memory = ctypes.addressof(whole)
            self.record.memory_bytes = memory.nbytes

    @property
    def output(self) -> NativeCallback:
        return NativeCallback(library().count_output, self.record)

    @property
    def input(self) -> NativeCallback:
        return NativeCallback(library().count_input, self.record)

    @property
    def calls(self) -> int:
        return int(self.record.calls)

    def until_called(self) -> None:
        """Wait for the first call."""
        until(lambda: self.calls > 0, "a call")

    @property
    def block(self) -> NativeBlock:
        """The latest."""
        assert self.record.noisy == 0
        found: NativeBlock = self.record.block
        return found
