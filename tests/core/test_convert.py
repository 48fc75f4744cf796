"""``pcmio_convert`` and ``pcmio_silence``, sample by sample against the model."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.core import model
from tests.core.model import DSD, F32, F64, FORMATS, INTEGERS, PCM, SWAPPED, Bytes, Format
from tests.core.samples import samples

if TYPE_CHECKING:
    import ctypes

CANARY = 0xA5
PAIRS = [pytest.param(to, source, id=f"{source.name}-to-{to.name}") for source in PCM for to in PCM]
ALL = [pytest.param(form, id=form.name) for form in FORMATS]
BY_NAME = {form.name: form for form in FORMATS}


class Place:
    """Memory for samples at any address, any distance apart, with something on all sides that must not change."""

    def __init__(self, form: Format, count: int, step: int = 1, offset: int = 0) -> None:
        self.form, self.count, self.step = form, count, step
        self.memory = np.full(64 + offset + form.size * max(count * abs(step), 1) + 64, CANARY, np.uint8)
        cells = self.memory[64 + offset : -64].reshape(-1, form.size)
        self.cells: Bytes = cells[:: abs(step)][:count]
        first = 0 if step > 0 else max(count - 1, 0) * -step
        self.address = cells.ctypes.data + first * form.size

    @property
    def samples(self) -> Bytes:
        """In the order that the step goes."""
        return self.cells[::-1] if self.step < 0 else self.cells

    @samples.setter
    def samples(self, values: Bytes) -> None:
        self.samples[...] = values

    def rest_is_untouched(self) -> bool:
        """Whether all is still there that is no sample."""
        kept = self.memory.copy()
        held = self.cells.copy()
        self.cells[...] = CANARY
        rest = bool((self.memory == CANARY).all())
        self.cells[...] = held
        assert (self.memory == kept).all()
        return rest


def swapped(values: Bytes) -> Bytes:
    return values[:, ::-1]


def convert(core: ctypes.CDLL, to: Place, source: Place, swaps: tuple[bool, bool] = (False, False)) -> None:
    to_code = to.form.code | (SWAPPED if swaps[0] else 0)
    source_code = source.form.code | (SWAPPED if swaps[1] else 0)
    core.pcmio_convert(to.address, to_code, to.step, source.address, source_code, source.step, to.count)


def converted(core: ctypes.CDLL, values: Bytes, to: Format, source: Format) -> Bytes:
    """Contiguous, aligned, in this machine's byte order."""
    given, got = Place(source, len(values)), Place(to, len(values))
    given.samples = values
    convert(core, got, given)
    assert got.rest_is_untouched()
    return np.array(got.samples)


@functools.cache
def expected(to: Format, source: Format) -> Bytes:
    return model.convert(samples(source), to, source)


def check(got: Bytes, wanted: Bytes, to: Format, source: Format) -> None:
    """Bit for bit; a NaN that became another float is any NaN."""
    same = (got == wanted).all(axis=1)
    if to.kind == source.kind == "float" and to != source:
        same |= np.isnan(model.floats(np.ascontiguousarray(got))) & np.isnan(model.floats(np.ascontiguousarray(wanted)))
    wrong = np.flatnonzero(~same)
    assert not len(wrong), (
        f"{len(wrong)} samples, the first of them {wrong[0]}: "
        f"{bytes(got[wrong[0]]).hex()} instead of {bytes(wanted[wrong[0]]).hex()}"
    )


def some(length: int, values: Bytes) -> Bytes:
    """So many of them, from the beginning again where they end."""
    return np.resize(values, (length, values.shape[1]))


# --- every pair -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("to", "source"), PAIRS)
def test_every_pair_converts_every_sample_as_the_model_does(core: ctypes.CDLL, to: Format, source: Format) -> None:
    check(converted(core, samples(source), to, source), expected(to, source), to, source)


@pytest.mark.parametrize("swaps", [(False, True), (True, False), (True, True)], ids=["source", "target", "both"])
@pytest.mark.parametrize(("to", "source"), PAIRS)
def test_either_side_may_be_in_the_other_byte_order(
    core: ctypes.CDLL, to: Format, source: Format, swaps: tuple[bool, bool]
) -> None:
    given, got = Place(source, len(samples(source))), Place(to, len(samples(source)))
    given.samples = swapped(samples(source)) if swaps[1] else samples(source)
    convert(core, got, given, swaps)
    result = swapped(got.samples) if swaps[0] else got.samples
    wanted = expected(to, source)
    check(result, wanted, to, source)
    assert got.rest_is_untouched()


@pytest.mark.parametrize(("to", "source"), PAIRS)
def test_every_combination_of_steps_leaves_the_gaps_alone(core: ctypes.CDLL, to: Format, source: Format) -> None:
    wanted = some(259, expected(to, source))
    for to_step in (1, 2, 3, 7, -1, -2):
        for source_step in (1, 2, 3, 7, -1, -2):
            given, got = Place(source, len(wanted), source_step), Place(to, len(wanted), to_step)
            given.samples = some(259, samples(source))
            convert(core, got, given)
            check(got.samples, wanted, to, source)
            assert got.rest_is_untouched(), (to_step, source_step)


@pytest.mark.parametrize(("to", "source"), PAIRS)
def test_any_length_at_any_address(core: ctypes.CDLL, to: Format, source: Format) -> None:
    for index, length in enumerate((0, 1, 2, 3, 5, 8, 15, 16, 17, 31, 33, 64, 127, 128, 129, 255, 256, 257)):
        given = Place(source, length, offset=index % 8 * source.size % 8 + index % 5)
        got = Place(to, length, offset=(index * 3 + 1) % 8 * to.size % 8 + index % 7)
        given.samples = some(length, samples(source))
        convert(core, got, given)
        check(got.samples, some(length, expected(to, source)), to, source)
        assert got.rest_is_untouched(), length


@pytest.mark.parametrize("source", PCM, ids=lambda form: form.name)
def test_one_sample_may_be_spread_over_many(core: ctypes.CDLL, source: Format) -> None:
    given, got = Place(source, 1), Place(F64, 100)
    given.samples = samples(source)[:1]
    given.step = 0
    convert(core, got, given)
    assert (got.samples == expected(F64, source)[0]).all()


# --- the rules, in numbers --------------------------------------------------------------------------------------------


def integers(core: ctypes.CDLL, values: list[float], to: str, source: str = "f64") -> list[int]:
    """What floats become."""
    kind = np.float32 if source == "f32" else np.float64
    given = model.from_floats(np.array(values, kind))
    return model.steps(converted(core, given, BY_NAME[to], BY_NAME[source]), BY_NAME[to])


@pytest.mark.parametrize("source", ["f32", "f64"])
@pytest.mark.parametrize("to", INTEGERS, ids=lambda form: form.name)
def test_full_scale_clips_to_the_ends(core: ctypes.CDLL, to: Format, source: str) -> None:
    half = 1 << (to.bits - 1)
    loud = [1.0, -1.0, 1.5, -1.5, 1e30, -1e30, float("inf"), float("-inf"), float("nan"), 0.0, -0.0]
    assert integers(core, loud, to.name, source) == [half - 1, -half] * 4 + [0, 0, 0]


@pytest.mark.parametrize("source", ["f32", "f64"])
@pytest.mark.parametrize("to", ["i8", "i16", "u16"])
def test_ties_go_to_the_even_step(core: ctypes.CDLL, to: str, source: str) -> None:
    half = 1 << (BY_NAME[to].bits - 1)
    values = [ties / half for ties in (0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.4999, -0.5001, half - 1.5, half - 0.5)]
    assert integers(core, values, to, source) == [0, 2, 2, 0, -2, -2, 0, -1, half - 2, half - 1]


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [("i16", "f32"), ("i24", "f32"), ("i24_packed", "f32"), ("u16", "f32"), ("i32", "f64"), ("u32", "f64")],
)
def test_a_float_that_is_wide_enough_keeps_an_integer_exactly(core: ctypes.CDLL, narrow: str, wide: str) -> None:
    form, middle = BY_NAME[narrow], BY_NAME[wide]
    half = 1 << (form.bits - 1)
    spread = range(-half, half, max(1, 2 * half // 200_000))
    values = model.from_steps([*spread, half - 1], form)
    assert (converted(core, converted(core, values, middle, form), form, middle) == values).all()


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        pytest.param(narrow, wide, id=f"{narrow.name}-in-{wide.name}")
        for narrow in INTEGERS
        for wide in INTEGERS
        if wide.bits >= narrow.bits
    ],
)
def test_a_wider_integer_keeps_a_narrower_one_exactly(core: ctypes.CDLL, narrow: Format, wide: Format) -> None:
    values = model.from_steps(model.steps(samples(narrow), narrow), narrow)
    assert (converted(core, converted(core, values, wide, narrow), narrow, wide) == values).all()


def test_floats_among_themselves_are_not_clipped(core: ctypes.CDLL) -> None:
    loud = np.array([1.5, -70000.0, 1e300, -1e300, np.inf], np.float64)
    result = model.floats(converted(core, model.from_floats(loud), F32, F64))
    assert result.tolist() == [1.5, -70000.0, np.inf, -np.inf, np.inf]
    assert model.floats(converted(core, model.from_floats(result), F64, F32)).tolist() == result.tolist()


def test_a_million_floats_become_integers_as_numpy_rounds_them(core: ctypes.CDLL) -> None:
    generator = np.random.default_rng(1)
    values = generator.uniform(-1.05, 1.05, 1_000_003).astype(np.float32)
    for name, view in (("i16", np.int16), ("i24", np.int32), ("i32", np.int32)):
        half = 2.0 ** (BY_NAME[name].bits - 1)
        wanted = np.clip(np.rint(values.astype(np.float64) * half), -half, half - 1).astype(view)
        got = converted(core, model.from_floats(values), BY_NAME[name], F32).reshape(-1).view(view)
        assert np.array_equal(got, wanted), name


def test_a_million_integers_become_floats_as_numpy_divides_them(core: ctypes.CDLL) -> None:
    generator = np.random.default_rng(2)
    for name, kind in (("i16", np.int16), ("i32", np.int32)):
        ends = np.iinfo(kind)
        values = generator.integers(ends.min, ends.max, 1_000_003, kind, endpoint=True)
        rows = values.view(np.uint8).reshape(len(values), -1)
        got = model.floats(converted(core, rows, F32, BY_NAME[name]))
        wanted = values.astype(np.float32) / np.float32(2.0 ** (BY_NAME[name].bits - 1))
        assert np.array_equal(got, wanted), name


# --- DSD, silence, and what there is not ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", DSD, ids=lambda form: form.name)
def test_dsd_is_copied_and_turned_round(core: ctypes.CDLL, form: Format) -> None:
    for swaps in [(False, False), (False, True), (True, False), (True, True)]:
        given, got = Place(form, 131, 2), Place(form, 131, 3)
        given.samples = some(131, samples(form))
        convert(core, got, given, swaps)
        turned = swaps[0] != swaps[1]
        assert (got.samples == (swapped(some(131, samples(form))) if turned else some(131, samples(form)))).all()
        assert got.rest_is_untouched()


def test_only_dsd_and_the_rest_do_not_convert(core: ctypes.CDLL) -> None:
    for to in FORMATS:
        for source in FORMATS:
            wanted = to == source or (to in PCM and source in PCM)
            for swaps in [(0, 0), (0, SWAPPED), (SWAPPED, 0), (SWAPPED, SWAPPED)]:
                assert core.pcmio_can_convert(to.code | swaps[0], source.code | swaps[1]) == wanted


@pytest.mark.parametrize("unknown", [len(FORMATS), len(FORMATS) | SWAPPED, 0x200, 0x80000000, 0xFFFFFFFF])
def test_a_format_that_there_is_not_is_left_alone(core: ctypes.CDLL, unknown: int) -> None:
    place, other = Place(F64, 4), Place(F64, 4)
    assert core.pcmio_format_bytes(unknown) == 0
    assert not core.pcmio_can_convert(unknown, F32.code)
    assert not core.pcmio_can_convert(F32.code, unknown)
    core.pcmio_convert(place.address, unknown, 1, other.address, F64.code, 1, 4)
    core.pcmio_convert(place.address, F64.code, 1, other.address, unknown, 1, 4)
    core.pcmio_convert(place.address, F64.code, 1, other.address, DSD[0].code, 1, 4)
    core.pcmio_silence(place.address, unknown, 1, 4)
    assert (place.memory == CANARY).all()


@pytest.mark.parametrize("form", ALL)
def test_each_format_has_its_size(core: ctypes.CDLL, form: Format) -> None:
    assert core.pcmio_format_bytes(form.code) == form.size
    assert core.pcmio_format_bytes(form.code | SWAPPED) == form.size


@pytest.mark.parametrize("form", ALL)
def test_silence_is_the_middle_in_any_order_at_any_step(core: ctypes.CDLL, form: Format) -> None:
    for swaps in (0, SWAPPED):
        for step in (1, 2, 5, -1):
            for length in (0, 1, 7, 130):
                place = Place(form, length, step, offset=length % 3)
                core.pcmio_silence(place.address, form.code | swaps, step, length)
                wanted = model.silence(form)
                assert (place.samples == (swapped(wanted) if swaps else wanted)).all()
                assert place.rest_is_untouched()


@pytest.mark.parametrize("to", PCM, ids=lambda form: form.name)
@pytest.mark.parametrize("source", PCM, ids=lambda form: form.name)
def test_silence_stays_silence(core: ctypes.CDLL, to: Format, source: Format) -> None:
    assert (converted(core, model.silence(source), to, source) == model.silence(to)).all()
