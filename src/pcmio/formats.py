"""Sample formats."""

from __future__ import annotations

import sys
from enum import Enum

from pcmio._value import shown
from pcmio.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import numpy as np

# name: (bytes of a sample, significant bits, kind, numpy's dtype).  The order is that of ``pcmio_format`` in
# core/include/pcmio.h.
_FACTS: dict[str, tuple[int, int, str, str]] = {
    "i8": (1, 8, "int", "i1"),
    "i16": (2, 16, "int", "i2"),
    "i24": (4, 24, "int", "i4"),
    "i32": (4, 32, "int", "i4"),
    "i64": (8, 64, "int", "i8"),
    "u8": (1, 8, "uint", "u1"),
    "u16": (2, 16, "uint", "u2"),
    "u24": (4, 24, "uint", "u4"),
    "u32": (4, 32, "uint", "u4"),
    "u64": (8, 64, "uint", "u8"),
    "f32": (4, 32, "float", "f4"),
    "f64": (8, 64, "float", "f8"),
    "i24_packed": (3, 24, "int", "V3"),
    "u24_packed": (3, 24, "uint", "V3"),
    "dsdu8": (1, 1, "dsd", "u1"),
    "dsdu16": (2, 1, "dsd", "u2"),
    "dsdu32": (4, 1, "dsd", "u4"),
}
_CODES = {name: code for code, name in enumerate(_FACTS)}


class SampleFormat(Enum):
    """How one sample is written; always in the machine's byte order on this side of the border.

    I24 and U24 are 24 bits right-aligned in a 32-bit word (I24 sign-extended); the packed ones take three bytes.
    Floats are nominally within -1 to +1.  DSD formats are words of one-bit samples; their "sample rate" counts words.
    ``str(format)`` and ``SampleFormat("f32")`` convert to and from text, in any case.
    """

    I8 = "i8"
    I16 = "i16"
    I24 = "i24"
    I32 = "i32"
    I64 = "i64"
    U8 = "u8"
    U16 = "u16"
    U24 = "u24"
    U32 = "u32"
    U64 = "u64"
    F32 = "f32"
    F64 = "f64"
    I24_PACKED = "i24_packed"
    U24_PACKED = "u24_packed"
    DSD_U8 = "dsdu8"
    DSD_U16 = "dsdu16"
    DSD_U32 = "dsdu32"

    def __str__(self) -> str:
        return self.value

    def __repr__(self) -> str:
        return f"SampleFormat.{self.name}"

    @classmethod
    def _missing_(cls, value: object) -> SampleFormat:
        if isinstance(value, str) and value.lower() in _FACTS:
            return cls(value.lower())
        raise InvalidInput(f"{shown(value)} is no sample format", advice=f"choose one of {', '.join(_FACTS)}")

    @property
    def sample_bytes(self) -> int:
        """Bytes that one sample takes in memory."""
        return _FACTS[self.value][0]

    @property
    def bits_per_sample(self) -> int:
        """Significant bits: 24 for all 24-bit formats, 1 for DSD."""
        return _FACTS[self.value][1]

    @property
    def is_int(self) -> bool:
        """Whether samples are signed integers."""
        return _FACTS[self.value][2] == "int"

    @property
    def is_uint(self) -> bool:
        """Whether samples are unsigned integers, silence in the middle."""
        return _FACTS[self.value][2] == "uint"

    @property
    def is_float(self) -> bool:
        """Whether samples are floating-point numbers."""
        return _FACTS[self.value][2] == "float"

    @property
    def is_dsd(self) -> bool:
        """Whether samples are words of one-bit samples."""
        return _FACTS[self.value][2] == "dsd"

    @property
    def is_packed(self) -> bool:
        """Whether a sample takes three bytes."""
        return self in (SampleFormat.I24_PACKED, SampleFormat.U24_PACKED)

    def holds(self, other: SampleFormat) -> bool:
        """Whether every sample of ``other`` can be converted to this format and back again unchanged."""
        if self is other:
            return True
        if self.is_dsd or other.is_dsd:
            return False
        if other.is_float:
            return self.is_float and self.sample_bytes >= other.sample_bytes
        if self.is_float:
            return other.bits_per_sample <= (_F32_BITS if self is SampleFormat.F32 else _F64_BITS)
        return self.bits_per_sample >= other.bits_per_sample

    @property
    def silence(self) -> bytes:
        """One silent sample."""
        if self.is_dsd:
            return b"\x69" * self.sample_bytes
        if self.is_uint:
            return (1 << (self.bits_per_sample - 1)).to_bytes(self.sample_bytes, sys.byteorder)
        return bytes(self.sample_bytes)

    @property
    def minimum(self) -> float:
        """The most negative sample value: -1.0 for floats, 0 for unsigned formats and DSD."""
        if self.is_float:
            return -1.0
        return -(1 << (self.bits_per_sample - 1)) if self.is_int else 0

    @property
    def maximum(self) -> float:
        """The largest sample value: 1.0 for floats (larger ones are clipped when they become integers)."""
        if self.is_float:
            return 1.0
        if self.is_dsd:
            return (1 << (8 * self.sample_bytes)) - 1
        return (1 << (self.bits_per_sample - (1 if self.is_int else 0))) - 1

    @property
    def dtype(self) -> np.dtype[Any]:
        """The numpy type of one sample; packed formats are three-byte records (``V3``).  Imports numpy."""
        import numpy as np

        return np.dtype(_FACTS[self.value][3])

    @property
    def code(self) -> int:
        """The number the core knows the format by: ``pcmio_format`` in core/include/pcmio.h."""
        return _CODES[self.value]

    @classmethod
    def from_dtype(cls, dtype: object) -> SampleFormat:
        """The format whose samples a numpy array of ``dtype`` holds, once they are in the machine's byte order.

        Whole 32-bit integers are I32 and U32, bytes are I8 and U8: the formats with 24 bits, or with one-bit samples,
        are not told by their dtype.  Imports numpy.

        Raises:
            InvalidInput: There is no such format (complex numbers, text, ...).
        """
        import numpy as np

        try:
            kind = "" if dtype is None else np.dtype(dtype).newbyteorder("=").str[1:]  # type: ignore[call-overload]
        except TypeError:
            kind = ""
        for name in ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64"):
            if _FACTS[name][3] == kind:
                return cls(name)
        raise InvalidInput(f"no sample format holds numbers of type {shown(dtype)}")


_F32_BITS, _F64_BITS = 24, 53  # of the integers that they hold, all of them


def float_like(sample_format: SampleFormat) -> SampleFormat:
    """Floats that hold these samples."""
    wide = not SampleFormat.F32.holds(sample_format)
    return SampleFormat.F64 if wide else SampleFormat.F32
