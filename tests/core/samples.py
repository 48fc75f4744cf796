"""Samples that conversions get wrong: the ends of each range, ties and what is next to them, NaN, and chance."""

from __future__ import annotations

import functools

import numpy as np

from tests.core.model import F32, Bytes, Format, from_floats, from_steps, rows

WIDTHS = (8, 16, 24, 32)
RANDOM = 150


def _generator(form: Format) -> np.random.Generator:
    return np.random.default_rng(form.code)


@functools.cache
def samples(form: Format) -> Bytes:
    """A few hundred samples of a format, the same in every run."""
    if form.kind == "float":
        return _of_floats(form)
    if form.kind == "dsd":
        return _generator(form).integers(0, 256, (RANDOM, form.size), np.uint8)
    return _of_integers(form)


def _of_integers(form: Format) -> Bytes:
    half = 1 << (form.bits - 1)
    values = {-half, -half + 1, -half + 2, -2, -1, 0, 1, 2, half - 2, half - 1}
    for width in WIDTHS:
        if width < form.bits:  # what rounds to a step of the narrower format, what ties, and what is next to a tie
            step = 1 << (form.bits - width)
            most = 1 << (width - 1)
            for whole in (-most, -most + 1, -3, -2, -1, 0, 1, 2, most - 3, most - 2, most - 1):
                values |= {whole * step + step // 2 + away for away in (-step // 2, -1, 0, 1, step // 2 - 1)}
    for bit in range(form.bits - 1):  # where floats lose their last bits
        values |= {(1 << bit) - 1, (1 << bit) + 1, -(1 << bit) - 1}
    kept = sorted(value for value in values if -half <= value < half)
    chance = _generator(form).integers(0, 256, (RANDOM, form.size), np.uint8)  # of all bits, those above 24 too
    return np.concatenate([from_steps(kept, form), chance])


def _of_floats(form: Format) -> Bytes:
    kind = np.float32 if form == F32 else np.float64
    special = [0.0, 1.0, 0.5, 0.25, 2.0, 1e-3, np.pi, 3e9, 1e19, np.inf, np.finfo(kind).max]
    special += [np.finfo(kind).tiny, np.finfo(kind).smallest_subnormal, np.finfo(kind).tiny * 0.75]
    for width in (*WIDTHS, 64):
        step = 2.0 ** (1 - width)
        special += [step, 1 - step, 1 - step / 2, 1 - step * 1.5, 1 + step]
        special += [(whole + 0.5) * step for whole in (0, 1, 2, 3, 4, 100, 101, 126)]
    ends = np.array(special, kind)
    with np.errstate(all="ignore"):
        near = np.concatenate([ends, np.nextafter(ends, kind(0)), np.nextafter(ends, kind(np.inf))])
    generator = _generator(form)
    usual = generator.uniform(-1.1, 1.1, RANDOM).astype(kind)
    soft = (generator.uniform(-1.0, 1.0, RANDOM) * 2.0 ** generator.integers(-40, 0, RANDOM)).astype(kind)
    chance = generator.integers(0, 256, (RANDOM, form.size), np.uint8)  # any pattern of bits: NaNs of all sorts too
    return np.concatenate([from_floats(np.concatenate([near, -near, usual, soft])), chance, _nans(form)])


def _nans(form: Format) -> Bytes:
    """Quiet and signalling, of both signs."""
    infinity = 0x7F800000 if form == F32 else 0x7FF0 << 48
    quiet = 0x400000 if form == F32 else 1 << 51
    sign = 1 << (form.bits - 1)
    patterns = [infinity | payload for payload in (1, quiet, quiet | 1, 2 * quiet - 1)]
    return rows([*patterns, *(pattern | sign for pattern in patterns)], form.size)
