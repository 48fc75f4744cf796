"""The core's null devices.  Prototypes: core/include/pcmio.h, rt/pump_null.c."""

from __future__ import annotations

from ctypes import Structure, c_double, c_uint32, c_uint64

from pcmio._native import Address, Int, Int64, Library, Ref, UInt, UInt64, native, quick

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar


class NullConfig(Structure):
    """``pcmio_null_config``."""

    _fields_: ClassVar = [
        ("kind", c_uint32),
        ("rate", c_uint32),
        ("channels", c_uint32),
        ("format", c_uint32),
        ("period_frames", c_uint32),
        ("sizes_count", c_uint32),
        ("sizes", c_uint32 * 16),
        ("tone_cosine", c_double),
        ("tone_sine", c_double),
        ("latency_nanos", c_uint64),
        ("speed", c_double),
    ]


class NullCore(Library):
    """The core again, with what only this host calls."""

    @quick
    def pcmio_null_new(self, config: Ref, /) -> Address: ...
    @quick
    def pcmio_null_free(self, device: Address, /) -> None: ...
    @native
    def pcmio_null_attach(self, device: Address, pump: Address, channels: UInt, /) -> Int: ...
    @native
    def pcmio_null_detach(self, device: Address, pump: Address, /) -> Int: ...
    @native
    def pcmio_null_run(self, device: Address, priority: Int, denied: Ref, /) -> Int: ...
    @quick
    def pcmio_null_thread(self, device: Address, /) -> UInt64: ...
    @native
    def pcmio_null_halt(self, device: Address, /) -> None: ...
    @quick
    def pcmio_null_skip(self, device: Address, frames: UInt64, /) -> None: ...
    @quick
    def pcmio_null_stall(self, device: Address, nanos: Int64, /) -> None: ...
    @quick
    def pcmio_null_tell(self, device: Address, kind: UInt, code: Int, value: UInt64, /) -> None: ...
    @native
    def pcmio_null_cycle(self, device: Address, frames: UInt, instant_nanos: UInt64, /) -> None: ...
