"""What a conversion should give, in exact arithmetic: slow, and made of nothing that the core is made of.

Samples are rows of bytes in this machine's byte order.  Integers, and floats on their way to integers, are fractions of
full scale, so that Python's own rounding of a fraction (to nearest, ties to even) is the rule.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.floating[Any]]

SWAPPED = 0x100


class Format(NamedTuple):
    """A sample format of ``pcmio_format``."""

    name: str
    code: int
    size: int  # bytes
    bits: int
    kind: str  # int, uint, float, dsd


def _formats() -> tuple[Format, ...]:
    facts = """
        i8 1 8 int, i16 2 16 int, i24 4 24 int, i32 4 32 int, i64 8 64 int,
        u8 1 8 uint, u16 2 16 uint, u24 4 24 uint, u32 4 32 uint, u64 8 64 uint,
        f32 4 32 float, f64 8 64 float, i24_packed 3 24 int, u24_packed 3 24 uint,
        dsd_u8 1 8 dsd, dsd_u16 2 16 dsd, dsd_u32 4 32 dsd
    """
    rows = (fact.split() for fact in facts.split(","))
    return tuple(Format(name, code, int(size), int(bits), kind) for code, (name, size, bits, kind) in enumerate(rows))


FORMATS = _formats()
PCM = tuple(one for one in FORMATS if one.kind != "dsd")
INTEGERS = tuple(one for one in PCM if one.kind != "float")
DSD = tuple(one for one in FORMATS if one.kind == "dsd")
F32, F64 = FORMATS[10], FORMATS[11]
_FLOATS = {32: np.float32, 64: np.float64}


def rows(words: list[int], size: int) -> Bytes:
    """Each word's lowest bytes."""
    data = bytearray().join((word & ((1 << 8 * size) - 1)).to_bytes(size, sys.byteorder) for word in words)
    return np.frombuffer(data, np.uint8).reshape(-1, size)


def words(samples: Bytes) -> list[int]:
    """Unsigned."""
    return [int.from_bytes(bytes(row), sys.byteorder) for row in samples]


def floats(samples: Bytes) -> Floats:
    """Rows of bytes as what they are."""
    return samples.reshape(-1).view(_FLOATS[samples.shape[1] * 8])


def from_floats(values: Floats) -> Bytes:
    """The reverse."""
    return np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1)


def steps(samples: Bytes, form: Format) -> list[int]:
    """Integers as signed distances from silence; what a word has above the sample's bits does not count."""
    half = 1 << (form.bits - 1)
    low = [word & (2 * half - 1) for word in words(samples)]
    if form.kind == "uint":
        return [word - half for word in low]
    return [word - 2 * half if word >= half else word for word in low]


def from_steps(values: list[int], form: Format) -> Bytes:
    """The reverse; signed words are sign-extended, unsigned ones are positive."""
    offset = 1 << (form.bits - 1) if form.kind == "uint" else 0
    return rows([value + offset for value in values], form.size)


def quantize(value: Fraction | float, bits: int) -> int:
    """The nearest of the steps that ``bits`` bits have."""
    half = 1 << (bits - 1)
    if isinstance(value, float):
        if value != value:  # noqa: PLR0124 - NaN
            return 0
        if value in {float("inf"), float("-inf")}:
            return half - 1 if value > 0 else -half
        value = Fraction(value)
    return min(max(round(value * half), -half), half - 1)


def nearest_f32(value: Fraction) -> np.float32:
    """Correctly rounded, without a double in between that could round first."""
    guess = np.float32(float(value))
    around = [np.nextafter(guess, np.float32(-2)), guess, np.nextafter(guess, np.float32(2))]
    return min(around, key=lambda one: (abs(Fraction(float(one)) - value), int(one.view(np.uint32)) & 1))


def convert(samples: Bytes, to: Format, source: Format) -> Bytes:
    """The samples in another format."""
    if to == source:
        return samples
    if source.kind == "float":
        values = floats(samples)
        if to.kind == "float":
            with np.errstate(all="ignore"):
                return from_floats(values.astype(_FLOATS[to.bits]))
        return from_steps([quantize(float(value), to.bits) for value in values], to)
    exact = [Fraction(step, 1 << (source.bits - 1)) for step in steps(samples, source)]
    if to == F32:
        return from_floats(np.array([nearest_f32(value) for value in exact], np.float32))
    if to == F64:
        return from_floats(np.array([float(value) for value in exact], np.float64))
    return from_steps([quantize(value, to.bits) for value in exact], to)


def silence(form: Format) -> Bytes:
    """One silent sample."""
    if form.kind == "dsd":
        return np.full((1, form.size), 0x69, np.uint8)
    return from_steps([0], form) if form.kind != "float" else np.zeros((1, form.size), np.uint8)
