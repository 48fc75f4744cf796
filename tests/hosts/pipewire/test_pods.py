"""Pods against PipeWire's own bytes, and round trips."""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pcmio
from pcmio.hosts.pipewire import abi, formats, pods
from pcmio.hosts.pipewire.pods import Array, Choice, Object, Pod

# Made by libspa's builder.
VECTORS: dict[str, str] = json.loads((Path(__file__).parent / "pod_vectors.json").read_text())


@pytest.mark.parametrize("name", VECTORS)
def test_what_pipewire_wrote_is_read_and_written_alike(name: str) -> None:
    written = bytes.fromhex(VECTORS[name])
    assert pods.encode(pods.decode(written)) == written


def test_a_streams_format_is_what_pipewire_would_write() -> None:
    assert pods.encode(formats.stream_format(48_000, (3, 4))) == bytes.fromhex(VECTORS["enumformat_f32le_48000_stereo"])


def test_choices_are_read() -> None:
    offered = pods.decode(bytes.fromhex(VECTORS["enumformat_choice_format_rate"]))
    assert isinstance(offered, Object)
    assert pods.alternatives(offered.get(abi.SPA_FORMAT_AUDIO_format)) == (0x11B, 0x103)
    assert pods.span(offered.get(abi.SPA_FORMAT_AUDIO_rate)) == (8_000, 192_000)
    assert pods.alternatives(offered.get(abi.SPA_FORMAT_AUDIO_channels)) == (2,)
    assert offered.get(0x7777) is None
    assert pods.alternatives(None) == ()
    assert pods.span(None) is None


unsigned = st.integers(0, 2**32 - 1)
signed = st.integers(-(2**31), 2**31 - 1)
SCALARS: dict[int, st.SearchStrategy[Any]] = {
    abi.SPA_TYPE_Bool: st.booleans(),
    abi.SPA_TYPE_Id: unsigned,
    abi.SPA_TYPE_Int: signed,
    abi.SPA_TYPE_Long: st.integers(-(2**63), 2**63 - 1),
    abi.SPA_TYPE_Float: st.floats(width=32, allow_nan=False),
    abi.SPA_TYPE_Double: st.floats(allow_nan=False),
    abi.SPA_TYPE_Rectangle: st.tuples(unsigned, unsigned),
    abi.SPA_TYPE_Fraction: st.tuples(unsigned, unsigned),
}
OTHERS: dict[int, st.SearchStrategy[Any]] = {
    abi.SPA_TYPE_None: st.none(),
    abi.SPA_TYPE_String: st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    abi.SPA_TYPE_Bytes: st.binary(),
}


def of_kind(kind: int) -> st.SearchStrategy[Any]:
    return st.builds(Pod, st.just(kind), {**SCALARS, **OTHERS}[kind])


def many_of(kind: int) -> st.SearchStrategy[Any]:
    values = st.lists(SCALARS[kind]).map(tuple)
    arrays = st.builds(Array, st.just(kind), values)
    return arrays | st.builds(Choice, st.integers(0, 4), st.just(kind), values)


def of_one_size(kind: int) -> st.SearchStrategy[Any]:
    one = st.text("abc", min_size=3, max_size=3) if kind == abi.SPA_TYPE_String else st.binary(min_size=5, max_size=5)
    values = st.lists(one, min_size=1).map(tuple)
    return st.builds(Array, st.just(kind), values) | st.builds(Choice, st.integers(0, 4), st.just(kind), values)


leaves = (
    st.sampled_from([*SCALARS, *OTHERS]).flatmap(of_kind)
    | st.sampled_from([*SCALARS]).flatmap(many_of)
    | st.sampled_from([abi.SPA_TYPE_String, abi.SPA_TYPE_Bytes]).flatmap(of_one_size)
)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.builds(Pod, st.just(abi.SPA_TYPE_Struct), st.lists(inner).map(tuple))
        | st.builds(Object, unsigned, unsigned, st.lists(st.tuples(unsigned, unsigned, inner)).map(tuple))
    ),
    max_leaves=12,
)


@given(trees)
def test_what_is_written_is_read_again(pod: Any) -> None:
    written = pods.encode(pod)
    size = int.from_bytes(written[:4], sys.byteorder)
    assert len(written) == 8 + size + -size % 8
    assert pods.decode(written) == pod
    assert pods.decode(written + bytes(range(40))) == pod, "whatever follows"


@given(st.binary(max_size=120))
def test_what_was_read_is_written_alike_ever_after(data: bytes) -> None:
    try:
        written = pods.encode(pods.decode(data))
    except (pcmio.BackendError, ValueError):
        return  # it is none, or texts in an array were not as long as it says
    assert pods.encode(pods.decode(written)) == written


def test_values_of_different_sizes_are_not_written_as_an_array() -> None:
    with pytest.raises(ValueError, match=r"\[2, 3\] bytes"):
        pods.encode(Array(abi.SPA_TYPE_Bytes, (b"abc", b"de")))


def test_what_is_nested_without_end_is_refused() -> None:
    data = b""
    for _ in range(5_000):
        data = struct.pack("=II", len(data), abi.SPA_TYPE_Struct) + data
    with pytest.raises(pcmio.BackendError, match="nested too deeply"):
        pods.decode(data)


@given(st.binary(max_size=80))
def test_nonsense_is_refused_or_read_but_never_crashes(data: bytes) -> None:
    try:
        pods.decode(data)
    except pcmio.BackendError as error:
        assert "cannot be read" in str(error)  # noqa: PT017 - either outcome is right


@given(trees, st.integers(1, 7))
def test_what_is_cut_off_is_refused(pod: Any, missing: int) -> None:
    written = pods.encode(pod)
    size = int.from_bytes(written[:4], "little")
    if size:
        with pytest.raises(pcmio.BackendError):
            pods.decode(written[: 8 + max(0, size - missing)])
