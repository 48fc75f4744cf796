"""What a null host can be asked for."""

from __future__ import annotations

from typing import Any

import pytest

import pcmio
from pcmio import Direction, InvalidInput, SampleFormat, UnsupportedOperation
from pcmio.hosts.null import NullDeviceSpec, NullKind, SimulatedClock

SPEC = NullDeviceSpec("x", NullKind.SINK)


def test_a_spec_has_defaults_that_take_everything() -> None:
    assert (SPEC.channels, SPEC.sample_rates, SPEC.latency, SPEC.cycle_sizes) == (64, (1, 768_000), 0.0, ())
    assert SPEC.sample_formats == tuple(SampleFormat)


def test_what_is_given_as_lists_or_names_becomes_values() -> None:
    formats: Any = ["i16", SampleFormat.F32]
    sizes: Any = [64, 0, 32]
    rates: Any = [8_000, 48_000]
    spec = SPEC.replace(sample_formats=formats, cycle_sizes=sizes, sample_rates=rates)
    assert spec.sample_formats == (SampleFormat.I16, SampleFormat.F32)
    assert (spec.cycle_sizes, spec.sample_rates) == ((64, 0, 32), (8_000, 48_000))
    assert hash(spec)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        *(("id", wrong) for wrong in ("", None, 5)),
        *(("kind", wrong) for wrong in ("sink", None, 0)),
        *(("channels", wrong) for wrong in (0, 65, 2.0, True, None)),
        *(
            ("sample_rates", wrong)
            for wrong in (48_000, (48_000,), (96_000, 8_000), (0, 5), (1, 2, 3), "ab", (1.0, 2.0))
        ),
        *(("sample_formats", wrong) for wrong in ((), "f32", ("f16",), None, 5)),
        *(("latency", wrong) for wrong in (-0.1, float("nan"), float("inf"), "soon", None)),
        *(("clock_ppm", wrong) for wrong in (100_001, -100_001, float("nan"), "fast", None, True)),
        *(("cycle_sizes", wrong) for wrong in ((0,), (0, 0), (8193,), (-1,), (1,) * 17, 64, (2.5,), "12")),
    ],
)
def test_nonsense_in_a_spec_is_refused(field: str, wrong: object) -> None:
    with pytest.raises(InvalidInput):
        SPEC.replace(**{field: wrong})


@pytest.mark.parametrize("wrong", [5, "sink", ["sink"], [SPEC, None], {"sink": SPEC}])
def test_devices_are_specs(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match="devices must be "):
        pcmio.host("null", devices=wrong)


def test_devices_have_their_own_ids() -> None:
    with pytest.raises(InvalidInput, match="two null devices share an id: x, x"):
        pcmio.host("null", devices=(SPEC, SPEC.replace(kind=NullKind.TONE)))


def test_a_host_may_have_no_device_at_all() -> None:
    with pcmio.host("null", devices=()) as host:
        assert list(host.devices()) == []
        assert host.default_output_device() is None
        assert host.default_input_device() is None


@pytest.mark.parametrize("wrong", [5, 0.0, SimulatedClock])
def test_a_clock_is_a_simulated_clock(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match="clock takes a SimulatedClock, not "):
        pcmio.host("null", clock=wrong)


def test_other_options_are_refused_by_name() -> None:
    with pytest.raises(
        UnsupportedOperation, match="the null host has no option 'client_name'; its options are: clock, "
    ):
        pcmio.host("null", client_name="x")


def test_kinds_have_directions() -> None:
    assert {str(kind.value): kind.direction for kind in NullKind} == {
        "sink": Direction.OUTPUT,
        "silence": Direction.INPUT,
        "tone": Direction.INPUT,
        "loopback": Direction.DUPLEX,
    }


@pytest.mark.parametrize("wrong", [None, 5, "sink", b"null:sink"])
def test_what_is_no_device_id_is_refused(wrong: Any) -> None:
    with pcmio.host("null") as host, pytest.raises(InvalidInput):
        host.device_by_id(wrong)
