"""Samples on their way through the kernel: which format the card is given, and that every bit of it arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import pcmio
from pcmio import EndReason, SampleFormat
from pcmio.testing import Noise
from pcmio.testing.data import Loop
from pcmio.testing.waiting import PATIENCE_SECONDS

from . import proc
from .loopback import CARD

if TYPE_CHECKING:
    from collections.abc import Mapping

NATIVE = {
    SampleFormat.I16: "S16_LE",
    SampleFormat.I24: "S24_LE",
    SampleFormat.I24_PACKED: "S24_3LE",
    SampleFormat.I32: "S32_LE",
    SampleFormat.F32: "FLOAT_LE",
}
#: What the card lacks goes through the smallest of its formats that loses nothing.
CONVERTED = {
    SampleFormat.I8: "S16_LE",
    SampleFormat.U8: "S16_LE",
    SampleFormat.U16: "S16_LE",
    SampleFormat.U24: "S24_3LE",
    SampleFormat.U24_PACKED: "S24_3LE",
    SampleFormat.U32: "S32_LE",
}


def _pass_through(
    sample_format: SampleFormat, channels: int = 2, rate: int = 48_000, **options: object
) -> Mapping[str, str]:
    """Play noise, record it, compare each bit; what the kernel was asked for meanwhile."""
    rig = CARD.replace(sample_rate=rate, options={"output": options, "input": options})
    noise = Noise(sample_format, channels, rate // 8)
    with rig.open_host() as host, Loop(rig, host, noise.player(), channels, sample_format) as loop:
        loop.output.start()
        agreed = proc.parameters("Loopback")
        assert agreed["format"] == proc.parameters("Loopback", "pcm1c")["format"]
        assert loop.output.wait(PATIENCE_SECONDS), "the noise was not played to its end"
        assert loop.output.reason is EndReason.FINISHED
        recorded = loop.record_tail()
        assert (loop.output.stats.xruns, loop.input.stats.xruns) == (0, 0)
    noise.assert_within(recorded)
    assert proc.state("Loopback") == "CLOSED"
    return agreed


@pytest.mark.parametrize(("sample_format", "native"), [*NATIVE.items(), *CONVERTED.items()], ids=str)
def test_every_format_passes_the_kernel_bit_for_bit(sample_format: SampleFormat, native: str) -> None:
    agreed = _pass_through(sample_format)
    assert (agreed["format"], agreed["channels"]) == (native, "2")
    assert agreed["access"] == "MMAP_INTERLEAVED"


@pytest.mark.parametrize("rate", [8_000, 44_100, 96_000, 192_000])
def test_every_rate_passes_bit_for_bit(rate: int) -> None:
    assert _pass_through(SampleFormat.I16, rate=rate)["rate"].startswith(f"{rate} ")


@pytest.mark.parametrize("channels", [1, 3, 32])
def test_every_channel_count_passes_bit_for_bit(channels: int) -> None:
    assert _pass_through(SampleFormat.I24_PACKED, channels)["channels"] == str(channels)


@pytest.mark.parametrize("sample_format", NATIVE, ids=str)
def test_copied_samples_are_the_same_as_mapped_ones(sample_format: SampleFormat) -> None:
    assert _pass_through(sample_format, mmap=False)["access"] == "RW_INTERLEAVED"


def test_a_format_that_loses_bits_is_rounded() -> None:
    """The dummy card has 8 and 16 bits: floats are played in 16, and its input is silence."""
    with pcmio.host("alsa") as host:
        device = host.device_by_id("alsa:hw:CARD=Dummy,DEV=0")
        formats = {entry.sample_format for entry in device.supported_output_configs()}
        assert formats == {SampleFormat.U8, SampleFormat.I16}
        heard: list[bool] = []
        config = pcmio.StreamConfig(2, 48_000, 1024, SampleFormat.F32)
        with device.build_input_stream(config, lambda block, info: heard.append(bool(np.any(block)))):
            assert proc.parameters("Dummy", "pcm0c")["format"] == "S16_LE"
