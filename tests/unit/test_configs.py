"""What a stream can be asked for, and what a device says it can do."""

from __future__ import annotations

import copy
import itertools
import pickle
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcmio import (
    COMMON_SAMPLE_RATES,
    SAMPLE_RATE_48K,
    SAMPLE_RATE_CD,
    BufferSize,
    SampleFormat,
    StreamConfig,
    SupportedBufferSize,
    SupportedStreamConfig,
    SupportedStreamConfigRange,
)
from pcmio._value import shown
from pcmio.errors import InvalidInput, UnsupportedConfig

NO_COUNT: list[object] = [
    *(0, -1, 1.0, 2.5, True, False, None, "2", b"2", [2], 2j, int, object(), float("nan"), float("inf")),
    *(Decimal(2), Fraction(2), np.float32(2), np.bool_(True), np.array([2, 3]), np.int64(0), np.datetime64(2, "s")),
    *(10**30, 10**5000),
]
no_count = pytest.mark.parametrize("wrong", NO_COUNT, ids=lambda wrong: f"{type(wrong).__name__} {shown(wrong):.20}")
UNKNOWN = SupportedBufferSize.UNKNOWN


def made(value_class: Any, *given: object, **named: object) -> Any:
    """Make a value past the type checkers."""
    return value_class(*given, **named)


def range_of(
    channels: int = 2, low: int = 8_000, high: int = 96_000, sample_format: SampleFormat = SampleFormat.F32
) -> SupportedStreamConfigRange:
    return SupportedStreamConfigRange(channels, low, high, UNKNOWN, sample_format)


# --- constants --------------------------------------------------------------------------------------------------------


def test_named_rates_are_what_they_say() -> None:
    assert (SAMPLE_RATE_CD, SAMPLE_RATE_48K) == (44_100, 48_000)
    assert {SAMPLE_RATE_CD, SAMPLE_RATE_48K} <= set(COMMON_SAMPLE_RATES)


def test_common_rates_rise_and_are_rates() -> None:
    assert all(low < high for low, high in itertools.pairwise(COMMON_SAMPLE_RATES))
    for rate in COMMON_SAMPLE_RATES:
        assert StreamConfig(1, rate).sample_rate == rate


# --- BufferSize -------------------------------------------------------------------------------------------------------


def test_a_buffer_size_is_the_hosts_choice_or_a_number() -> None:
    assert BufferSize() == BufferSize.DEFAULT == BufferSize(None)
    assert BufferSize.fixed(256) == BufferSize(256) != BufferSize.DEFAULT
    assert (str(BufferSize.DEFAULT), str(BufferSize.fixed(256))) == ("default", "256 frames")


WISHES = [
    *(BufferSize.SMALLEST, BufferSize.LOW, BufferSize.BALANCED, BufferSize.HIGH),
    *(BufferSize.nearest(256), BufferSize.latency(0.02)),
]


def test_a_buffer_size_may_be_a_wish() -> None:
    assert [str(wish) for wish in WISHES] == [
        *("smallest", "low", "balanced", "high"),
        *("nearest to 256 frames", "0.02 s"),
    ]
    assert len({BufferSize.fixed(256), BufferSize.DEFAULT, *WISHES}) == len(WISHES) + 2
    for name in ("smallest", "low", "balanced", "high"):
        assert StreamConfig(2, 48_000, name).buffer_size == BufferSize(wish=name)
    assert repr(BufferSize.nearest(256)) == "BufferSize(frames=256, wish='nearest')"


@pytest.mark.parametrize(
    ("size", "granted"),
    [
        (BufferSize.DEFAULT, {UNKNOWN: None, SupportedBufferSize(64, 1024): None}),
        (BufferSize.fixed(5000), {UNKNOWN: 5000, SupportedBufferSize(64, 1024): 5000}),
        (BufferSize.nearest(5000), {UNKNOWN: 5000, SupportedBufferSize(64, 1024): 1024}),
        (BufferSize.nearest(5), {UNKNOWN: 5, SupportedBufferSize(64, 1024): 64}),
        (BufferSize.nearest(500), {UNKNOWN: 500, SupportedBufferSize(64, 1024): 500}),
        (BufferSize.SMALLEST, {UNKNOWN: 48, SupportedBufferSize(1, 9): 9, SupportedBufferSize(64, 1024): 64}),
        (BufferSize.LOW, {UNKNOWN: 120, SupportedBufferSize(64, 1024): 120}),
        (BufferSize.BALANCED, {UNKNOWN: 480, SupportedBufferSize(64, 1024): 480}),
        (BufferSize.HIGH, {UNKNOWN: 2400, SupportedBufferSize(64, 1024): 1024}),
        (BufferSize.latency(0.02), {UNKNOWN: 960, SupportedBufferSize(64, 512): 512}),
        (BufferSize.latency(1e-9), {UNKNOWN: 1, SupportedBufferSize(64, 512): 64}),
    ],
    ids=str,
)
def test_a_wish_is_granted_within_what_is_supported(
    size: BufferSize, granted: dict[SupportedBufferSize, int | None]
) -> None:
    for supported, frames in granted.items():
        assert size.resolve(48_000, supported) == BufferSize(frames), supported


def test_what_is_granted_is_never_more_than_a_buffer_can_be() -> None:
    assert BufferSize.latency(60).resolve(1 << 26, UNKNOWN) == BufferSize.fixed(1 << 24)


@pytest.mark.parametrize("wrong", [0, -1.0, 61, float("nan"), float("inf"), "0.01", True, [], 1j])
def test_a_latency_that_no_block_has_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match=r"^a buffer lasts more than 0 and up to 60 seconds, not ") as caught:
        BufferSize.latency(wrong)
    assert repr(wrong) in str(caught.value)


@pytest.mark.parametrize("wrong", ["tiny", "", "LOW", 7, [], b"low"])
def test_a_wish_of_another_name_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match=r"^buffer_size must be .* smallest, low, balanced, high, not ") as caught:
        BufferSize(wish=wrong)
    assert repr(wrong) in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [{"wish": "nearest"}, {"frames": 5, "wish": "low"}, {"frames": 5, "duration": 0.1}, {"wish": "low", "duration": 1}],
)
def test_two_wishes_at_once_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=r"^no buffer size has "):
        BufferSize(**wrong)


@no_count
def test_other_buffer_sizes_are_refused(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match=r"^buffer_size must be "):
        BufferSize.fixed(wrong)
    if wrong is not None:
        with pytest.raises(InvalidInput, match=r"^buffer_size must be "):
            BufferSize(wrong)
        with pytest.raises(InvalidInput, match=r"^buffer_size must be "):
            StreamConfig(2, 48_000, wrong)


# --- SupportedBufferSize ----------------------------------------------------------------------------------------------


def test_a_supported_buffer_size_is_a_range_or_unknown() -> None:
    size = SupportedBufferSize(64, 1024)
    assert [size.contains(frames) for frames in (63, 64, 1024, 1025)] == [False, True, True, False]
    assert [UNKNOWN.contains(frames) for frames in (-1, 0, 1, 10**9)] == [False, False, True, True]
    assert (str(size), str(UNKNOWN)) == ("64 to 1024 frames", "unknown")
    assert SupportedBufferSize() == UNKNOWN


@pytest.mark.parametrize("ends", [(0, 4), (5, 4), (-3, -2), (None, 4), (4, None), (1.0, 4), (True, 4), ("1", 4)])
def test_half_or_empty_ranges_of_buffer_sizes_are_refused(ends: tuple[Any, Any]) -> None:
    with pytest.raises(InvalidInput, match=r"min_frames|max_frames|are none"):
        SupportedBufferSize(*ends)


def test_asking_a_range_for_what_is_no_number_is_an_error() -> None:
    asked: Any = 64.0
    with pytest.raises(InvalidInput, match=r"frames must be a whole number, not 64\.0"):
        SupportedBufferSize(64, 1024).contains(asked)


# --- StreamConfig -----------------------------------------------------------------------------------------------------


def test_a_config_has_defaults() -> None:
    config = StreamConfig(2, 48_000)
    assert config.buffer_size is BufferSize.DEFAULT
    assert config.sample_format is SampleFormat.F32
    assert config.frame_bytes == 8
    assert str(config) == "2 ch, 48000 Hz, f32, default"
    assert repr(config) == (
        "StreamConfig(channels=2, sample_rate=48000, buffer_size=BufferSize(frames=None), "
        "sample_format=SampleFormat.F32)"
    )


def test_short_forms_mean_the_long_ones() -> None:
    config = StreamConfig(2, 48_000, 256, "I16")
    assert config == StreamConfig(2, 48_000, BufferSize.fixed(256), SampleFormat.I16)
    assert StreamConfig(2, 48_000, None) == StreamConfig(2, 48_000)
    assert config.replace(buffer_size=64).buffer_size == BufferSize.fixed(64)


@pytest.mark.parametrize("number", [np.int64(2), np.uint8(2), np.array(2)], ids=["int64", "uint8", "array"])
def test_numpys_integers_are_welcome_and_become_pythons(number: Any) -> None:
    config = StreamConfig(number, number, number)
    assert config == StreamConfig(2, 2, 2)
    assert [type(value) for value in (config.channels, config.sample_rate, config.buffer_size.frames)] == [int] * 3


@no_count
@pytest.mark.parametrize("field", ["channels", "sample_rate"])
def test_what_no_device_could_take_is_refused_by_name(field: str, wrong: object) -> None:
    if field == "channels" and isinstance(wrong, (list, np.ndarray)):
        return  # the numbers of channels
    with pytest.raises(InvalidInput, match=rf"^{field} must be ") as caught:
        StreamConfig(2, 48_000).replace(**{field: wrong})
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("wrong", ["f16", None, 32, np.float32])
def test_what_is_no_sample_format_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match="is no sample format"):
        StreamConfig(2, 48_000, 256, wrong)


@given(
    st.builds(
        StreamConfig,
        st.integers(1, 1024),
        st.integers(1, 1 << 26),
        st.none()
        | st.integers(1, 1 << 24)
        | st.builds(BufferSize, st.none() | st.integers(1, 1 << 24))
        | st.builds(BufferSize.nearest, st.integers(1, 1 << 24))
        | st.builds(BufferSize.latency, st.floats(1e-9, 60.0))
        | st.sampled_from(["smallest", "low", "balanced", "high"]),
        st.sampled_from(SampleFormat) | st.sampled_from([str(sample_format) for sample_format in SampleFormat]),
    )
)
def test_every_config_survives_what_happens_to_values(config: StreamConfig) -> None:
    assert pickle.loads(pickle.dumps(config)) == config
    assert copy.deepcopy(config) == copy.copy(config) == config.replace() == config
    assert hash(copy.deepcopy(config)) == hash(config)
    names: dict[str, Any] = {"BufferSize": BufferSize, "SampleFormat": SampleFormat, "StreamConfig": StreamConfig}
    assert eval(repr(config), names) == config


# --- SupportedStreamConfig and its range ------------------------------------------------------------------------------


def test_a_supported_config_becomes_a_request() -> None:
    supported = SupportedStreamConfig(2, 48_000, SupportedBufferSize(64, 1024), SampleFormat.I16)
    assert supported.config() == StreamConfig(2, 48_000, BufferSize.DEFAULT, SampleFormat.I16)
    assert str(supported) == "2 ch, 48000 Hz, i16, 64 to 1024 frames"


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("channels", 0), ("sample_rate", 0.5), ("buffer_size", 256), ("buffer_size", None), ("sample_format", "s16")],
)
def test_a_host_cannot_say_nonsense_about_a_format(field: str, wrong: object) -> None:
    with pytest.raises(InvalidInput):
        SupportedStreamConfig(2, 48_000, UNKNOWN, SampleFormat.I16).replace(**{field: wrong})
    ends = {"sample_rate": "min_sample_rate"}
    with pytest.raises(InvalidInput):
        range_of().replace(**{ends.get(field, field): wrong})


def test_an_empty_range_of_rates_is_refused() -> None:
    with pytest.raises(InvalidInput, match="from 48000 down to 44100 Hz"):
        range_of(low=48_000, high=44_100)


def test_a_range_holds_its_ends() -> None:
    configs = range_of(low=8_000, high=96_000)
    assert [configs.contains_rate(rate) for rate in (7_999, 8_000, 96_000, 96_001)] == [False, True, True, False]
    assert configs.with_max_sample_rate().sample_rate == 96_000
    assert configs.try_with_sample_rate(7_999) is None
    assert configs.with_sample_rate(8_000) == SupportedStreamConfig(2, 8_000, UNKNOWN, SampleFormat.F32)
    assert str(configs) == "2 ch, 8000 to 96000 Hz, f32, unknown"
    assert str(range_of(low=48_000, high=48_000)) == "2 ch, 48000 Hz, f32, unknown"


def test_a_rate_outside_says_what_is_inside() -> None:
    with pytest.raises(UnsupportedConfig, match="192000 Hz is not within 8000 to 96000 Hz"):
        range_of().with_sample_rate(192_000)


@pytest.mark.parametrize("wrong", [48_000.0, "48000", None, True])
def test_what_is_no_rate_is_an_error_not_an_answer(wrong: Any) -> None:
    for ask in (range_of().contains_rate, range_of().try_with_sample_rate, range_of().with_sample_rate):
        with pytest.raises(InvalidInput, match="sample_rate must be a whole number"):
            ask(wrong)


@pytest.mark.parametrize(
    ("low", "high", "standard", "default"),
    [(8_000, 96_000, 48_000, 48_000), (8_000, 44_100, 44_100, 44_100), (64_000, 96_000, None, 96_000)],
)
def test_standard_rates_come_first(low: int, high: int, standard: int | None, default: int) -> None:
    configs = range_of(low=low, high=high)
    found = configs.try_with_standard_sample_rate()
    assert (found and found.sample_rate) == standard
    assert configs.with_default_sample_rate().sample_rate == default
    if standard is None:
        with pytest.raises(UnsupportedConfig, match="neither 48000 nor 44100 Hz is within 64000 to 96000 Hz"):
            configs.with_standard_sample_rate()
    else:
        assert configs.with_standard_sample_rate().sample_rate == standard


def test_defaults_are_ranked_as_cpal_ranks_them() -> None:
    # From the best to the worst, each by the first rule that tells it from the next.
    ranked = [
        range_of(2, 8_000, 96_000, SampleFormat.F32),
        range_of(2, 8_000, 48_000, SampleFormat.F32),
        range_of(2, 48_000, 48_000, SampleFormat.F32),
        range_of(2, 8_000, 44_100, SampleFormat.F32),
        range_of(2, 88_200, 96_000, SampleFormat.F32),
        range_of(2, 8_000, 96_000, SampleFormat.F64),
        range_of(2, 8_000, 96_000, SampleFormat.I32),
        range_of(2, 8_000, 96_000, SampleFormat.U8),
        range_of(2, 8_000, 96_000, SampleFormat.DSD_U8),
        range_of(1, 8_000, 96_000, SampleFormat.F32),
        range_of(8, 8_000, 96_000, SampleFormat.F32),
        range_of(3, 8_000, 96_000, SampleFormat.F32),
    ]
    for better, worse in itertools.combinations(ranked, 2):
        assert better.default_rank() > worse.default_rank()
        assert better.cmp_default_heuristics(worse) == 1
        assert worse.cmp_default_heuristics(better) == -1
    assert ranked[0].cmp_default_heuristics(copy.copy(ranked[0])) == 0


def test_formats_are_ranked_as_cpal_ranks_them() -> None:
    cpals = [
        "dsdu8",
        "dsdu16",
        "dsdu32",
        "u8",
        "i8",
        "u64",
        "i64",
        "u16",
        "i16",
        "u24",
        "i24",
        "u32",
        "i32",
        "f64",
        "f32",
    ]
    by_rank = sorted(SampleFormat, key=lambda sample_format: range_of(sample_format=sample_format).default_rank())
    assert [str(sample_format) for sample_format in by_rank if not sample_format.is_packed] == cpals
    assert len({range_of(sample_format=sample_format).default_rank() for sample_format in SampleFormat}) == 17


@given(st.integers(1, 1 << 26), st.integers(1, 1 << 26), st.integers(-5, 1 << 27))
def test_a_rate_that_is_contained_can_be_had_and_no_other(one: int, other: int, rate: int) -> None:
    configs = range_of(low=min(one, other), high=max(one, other))
    found = configs.try_with_sample_rate(rate)
    assert (found is not None) == configs.contains_rate(rate) == (min(one, other) <= rate <= max(one, other))
    assert found is None or found.config().sample_rate == rate
    assert configs.contains_rate(configs.with_default_sample_rate().sample_rate)


@pytest.mark.parametrize("wrong", [None, 3, 1.5, True, "01", b"01", object()], ids=lambda wrong: type(wrong).__name__)
def test_chosen_channels_are_a_list(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match="device_channels must be a list of numbers, not "):
        made(StreamConfig, 2, 48_000, device_channels=wrong)
