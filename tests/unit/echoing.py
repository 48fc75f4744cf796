"""A native callback for duplex streams, compiled and called as a user's is: it measures the way out and back in."""

from __future__ import annotations

import ctypes
import functools
import tempfile
from ctypes import Structure, c_int32, c_int64, c_uint32, c_uint64
from pathlib import Path
from typing import ClassVar

from pcmio import NativeCallback
from tests.unit import header

_folders: list[tempfile.TemporaryDirectory[str]] = []  # each removes itself with this list
_MARKS, _LATES = 1023, 4096


class NativeDuplexBlock(Structure):
    """``pcmio_native_duplex_block``."""

    _fields_: ClassVar = [
        ("position", c_uint64),
        ("callback_nanos", c_uint64),
        ("captured_nanos", c_uint64),
        ("heard_nanos", c_uint64),
        ("input_xrun_frames", c_uint64),
        ("output_xrun_frames", c_uint64),
        ("frames", c_uint32),
        ("channels", c_uint32),
        ("input_channels", c_uint32),
        ("sample_rate", c_uint32),
        ("format", c_uint32),
        ("reserved", c_uint32),
    ]


class _Record(Structure):
    """``echoing`` in echoing.c."""

    _fields_: ClassVar = [
        ("block", NativeDuplexBlock),
        ("played", c_uint64 * (_MARKS + 1)),
        ("late", c_int64 * _LATES),
        ("came_back", c_uint64),
        ("lost_input", c_uint64),
        ("lost_output", c_uint64),
        ("calls", c_uint32),
        ("every", c_uint32),
        ("number", c_uint32),
        ("noisy", c_uint32),
        ("answer_at", c_uint32),
        ("answer", c_int32),
        ("inside", c_uint32),
        ("hold", c_uint32),
    ]


@functools.cache
def _path() -> str:
    folder = tempfile.TemporaryDirectory(prefix="pcmio-echoing-")
    _folders.append(folder)
    built = str(Path(folder.name, "echoing.so"))
    source = str(Path(__file__).with_name("echoing.c"))
    header.compile_c("-std=c11", "-O2", "-fPIC", "-shared", f"-I{header.HEADER.parent}", source, "-o", built)
    return built


@functools.cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(_path())


class Echoing:
    """What it was told, what came back, and what it is to answer."""

    def __init__(self, *, every: int = 3, answer_at: int = 0, answer: int = 0) -> None:
        self.record = _Record(every=every, answer_at=answer_at, answer=answer)

    @property
    def callback(self) -> NativeCallback:
        """For streams."""
        return NativeCallback(_library().echo, self.record)

    @property
    def calls(self) -> int:
        """Until now."""
        return int(self.record.calls)

    def keep_the_interpreter(self, calls: int, seconds: int = 20) -> bool:
        """Let no Python run until it was called so often; False: it was not, in that time."""
        await_calls = ctypes.PyDLL(_path()).await_calls
        await_calls.restype = ctypes.c_bool
        found: bool = await_calls(ctypes.byref(self.record), calls, seconds)
        return found

    @property
    def late(self) -> list[int]:
        """How many frames later each mark came back."""
        return list(self.record.late[: min(_LATES, self.record.came_back)])

    @property
    def block(self) -> NativeDuplexBlock:
        """The latest."""
        assert self.record.noisy == 0
        found: NativeDuplexBlock = self.record.block
        return found
