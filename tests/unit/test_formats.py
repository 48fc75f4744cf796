"""Sample formats: facts, text, dtypes, and agreement with the core's header."""

from __future__ import annotations

import copy
import pickle
import sys
from typing import Any

import numpy as np
import pytest

from pcmio import SampleFormat
from pcmio.errors import InvalidInput

every_format = pytest.mark.parametrize("sample_format", SampleFormat, ids=str)

# bytes of a sample, significant bits, kind, lowest, highest
FACTS: dict[str, tuple[int, int, str, float, float]] = {
    "i8": (1, 8, "int", -(2**7), 2**7 - 1),
    "i16": (2, 16, "int", -(2**15), 2**15 - 1),
    "i24": (4, 24, "int", -(2**23), 2**23 - 1),
    "i32": (4, 32, "int", -(2**31), 2**31 - 1),
    "i64": (8, 64, "int", -(2**63), 2**63 - 1),
    "u8": (1, 8, "uint", 0, 2**8 - 1),
    "u16": (2, 16, "uint", 0, 2**16 - 1),
    "u24": (4, 24, "uint", 0, 2**24 - 1),
    "u32": (4, 32, "uint", 0, 2**32 - 1),
    "u64": (8, 64, "uint", 0, 2**64 - 1),
    "f32": (4, 32, "float", -1.0, 1.0),
    "f64": (8, 64, "float", -1.0, 1.0),
    "i24_packed": (3, 24, "int", -(2**23), 2**23 - 1),
    "u24_packed": (3, 24, "uint", 0, 2**24 - 1),
    "dsdu8": (1, 1, "dsd", 0, 2**8 - 1),
    "dsdu16": (2, 1, "dsd", 0, 2**16 - 1),
    "dsdu32": (4, 1, "dsd", 0, 2**32 - 1),
}


def test_there_are_exactly_these_formats() -> None:
    assert [str(sample_format) for sample_format in SampleFormat] == list(FACTS)


@every_format
def test_the_facts_of_each_format(sample_format: SampleFormat) -> None:
    size, bits, kind, low, high = FACTS[str(sample_format)]
    assert sample_format.sample_bytes == size
    assert sample_format.bits_per_sample == bits
    flags = {
        "int": sample_format.is_int,
        "uint": sample_format.is_uint,
        "float": sample_format.is_float,
        "dsd": sample_format.is_dsd,
    }
    assert [name for name, flag in flags.items() if flag] == [kind]
    assert sample_format.is_packed == (size == 3)
    assert (sample_format.minimum, sample_format.maximum) == (low, high)


@every_format
def test_silence_is_one_sample_in_the_middle(sample_format: SampleFormat) -> None:
    silence = sample_format.silence
    assert len(silence) == sample_format.sample_bytes
    if sample_format.is_dsd:
        assert set(silence) == {0x69}
    elif sample_format.is_uint:
        middle = int.from_bytes(silence, sys.byteorder)
        assert middle == (int(sample_format.maximum) + 1) // 2
    else:
        assert silence == bytes(len(silence))


@every_format
def test_text_goes_back_and_forth_in_any_case(sample_format: SampleFormat) -> None:
    assert SampleFormat(str(sample_format)) is sample_format
    assert SampleFormat(str(sample_format).upper()) is sample_format
    assert f"{sample_format}" == sample_format.value
    assert repr(sample_format) == f"SampleFormat.{sample_format.name}"
    assert SampleFormat(sample_format) is sample_format


def test_numpys_text_is_text() -> None:
    name: Any = np.str_("f32")
    assert SampleFormat(name) is SampleFormat.F32


@pytest.mark.parametrize(
    "wrong", ["", "f16", "f32 ", "S16_LE", None, 4, 4.0, True, [], {}, b"f32", np.float32, "x" * 999]
)
def test_what_is_no_format_says_which_there_are(wrong: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        SampleFormat(wrong)
    assert "is no sample format; choose one of i8, i16, i24" in str(caught.value)
    assert len(str(caught.value)) < 400


@every_format
def test_a_format_is_one_object_for_ever(sample_format: SampleFormat) -> None:
    for back in (pickle.loads(pickle.dumps(sample_format)), copy.copy(sample_format), copy.deepcopy(sample_format)):
        assert back is sample_format


@every_format
def test_its_dtype_is_as_large_and_native(sample_format: SampleFormat) -> None:
    dtype = sample_format.dtype
    assert dtype.itemsize == sample_format.sample_bytes
    assert dtype.isnative
    if not sample_format.is_packed:
        kinds = {"int": "i", "uint": "u", "float": "f", "dsd": "u"}
        assert dtype.kind == kinds[FACTS[str(sample_format)][2]]


@pytest.mark.parametrize("name", ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64"])
def test_whole_formats_are_found_by_their_dtype(name: str) -> None:
    sample_format = SampleFormat(name)
    assert SampleFormat.from_dtype(sample_format.dtype) is sample_format
    assert SampleFormat.from_dtype(sample_format.dtype.newbyteorder()) is sample_format
    assert SampleFormat.from_dtype(sample_format.dtype.name) is sample_format


def test_pythons_and_numpys_types_are_dtypes() -> None:
    assert SampleFormat.from_dtype(float) is SampleFormat.F64
    assert SampleFormat.from_dtype(np.float32) is SampleFormat.F32
    assert SampleFormat.from_dtype(np.intc) is SampleFormat.I32


@pytest.mark.parametrize(
    "wrong",
    [None, complex, bool, str, object, "f2", "V3", "S5", "nonsense", 7, [("l", "f4")], "datetime64[s]", object()],
)
def test_other_dtypes_are_refused(wrong: object) -> None:
    with pytest.raises(InvalidInput, match="no sample format holds numbers of type"):
        SampleFormat.from_dtype(wrong)
