"""Names, formats and sizes: what needs neither a card nor a server."""

from __future__ import annotations

import sys

import pytest

from pcmio import InvalidInput, SampleFormat, UnsupportedConfig
from pcmio.hosts.alsa import abi
from pcmio.hosts.alsa.cards import Card, CardPcm
from pcmio.hosts.alsa.devices import card_facts
from pcmio.hosts.alsa.formats import NATIVE_FORMATS, NativeFormat, rank
from pcmio.hosts.alsa.names import hardware_name, parse
from pcmio.hosts.alsa.options import HostOptions, StreamOptions
from pcmio.hosts.alsa.params import plan_buffer, plan_period
from pcmio.hosts.alsa.stream import may_be_promoted

ANALOG = CardPcm(0, "ALC256 Analog", "ALC256 Analog", plays=True, records=True)
CARDS = [
    Card(0, "PCH", "HDA Intel PCH", "HDA Intel PCH at 0xf7d10000 irq 30", "HDA-Intel", "Realtek ALC256", (ANALOG,)),
    Card(
        2, "USB", "Scarlett 2i2 USB", "Scarlett at usb-0000:00:14.0-1, high speed", "USB-Audio", "USB Mixer", (ANALOG,)
    ),
]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("hw:0", "hw:CARD=PCH,DEV=0"),
        ("hw:0,3", "hw:CARD=PCH,DEV=3"),
        ("hw:PCH", "hw:CARD=PCH,DEV=0"),
        ("hw:USB,0,1", "hw:CARD=USB,DEV=0,SUBDEV=1"),
        ("hw:CARD=2", "hw:CARD=USB,DEV=0"),
        ("hw:DEV=1,CARD=USB", "hw:CARD=USB,DEV=1"),
        ("plughw:2", "plughw:CARD=USB,DEV=0"),
        ("dmix:PCH", "dmix:CARD=PCH,DEV=0"),
        ("sysdefault:0", "sysdefault:CARD=PCH"),
        ("front:CARD=USB", "front:CARD=USB,DEV=0"),
        ("default", "default"),
        ("pulse", "pulse"),
        ("hw", "hw"),
        ("plug:dmix", "plug:dmix"),
        ("surround51:CARD=PCH,DEV=0", "surround51:CARD=PCH,DEV=0"),
        ("hw:0,1,2,3", "hw:0,1,2,3"),
        ("hw:CARD=PCH,DEV=x", "hw:CARD=PCH,DEV=x"),
        ("hw:CARD=PCH,WHAT=1", "hw:CARD=PCH,WHAT=1"),
    ],
)
def test_names_of_hardware_are_written_in_one_way(written: str, meant: str) -> None:
    assert parse(written, CARDS).text == meant
    assert parse(meant, CARDS).text == meant


def test_a_card_that_is_not_there_is_known_to_be_missing() -> None:
    assert parse("hw:1", CARDS).is_unknown
    assert parse("plughw:CARD=Gone", CARDS).is_unknown
    assert not parse("hw:0", CARDS).is_unknown


def test_a_card_tells_what_it_is() -> None:
    pci, usb = (card_facts(card, card.pcms[0], hardware_name(card, 0)).description for card in CARDS)
    assert str(pci) == "HDA Intel PCH, ALC256 Analog via pci"
    assert (usb.name, usb.address, usb.driver) == ("Scarlett 2i2 USB, ALC256 Analog", "usb-0000:00:14.0-1", "USB-Audio")
    assert usb.supports_input
    assert usb.supports_output


def natives(*wanted: SampleFormat, swapped: bool = False) -> list[NativeFormat]:
    return [one for one in NATIVE_FORMATS if one.sample_format in wanted and one.swapped is swapped]


def test_every_format_is_known_in_both_byte_orders() -> None:
    assert {one.sample_format for one in NATIVE_FORMATS} == set(SampleFormat) - {SampleFormat.I64, SampleFormat.U64}
    assert len({one.code for one in NATIVE_FORMATS}) == len(NATIVE_FORMATS) == 27
    little = next(one for one in NATIVE_FORMATS if one.code == abi.SND_PCM_FORMAT_S16_LE)
    assert little.swapped == (sys.byteorder == "big")


def test_a_device_gets_the_format_that_loses_nothing_and_wastes_least() -> None:
    best = {
        SampleFormat.F32: natives(SampleFormat.I16, SampleFormat.I32),
        SampleFormat.I16: natives(SampleFormat.I16, SampleFormat.I32),
        SampleFormat.I24: natives(SampleFormat.I24_PACKED, SampleFormat.I32),
        SampleFormat.U8: natives(SampleFormat.I16, SampleFormat.I32),
    }
    chosen = {wanted: rank(wanted, formats)[0].sample_format for wanted, formats in best.items()}
    assert chosen == {
        SampleFormat.F32: SampleFormat.I32,
        SampleFormat.I16: SampleFormat.I16,
        SampleFormat.I24: SampleFormat.I24_PACKED,
        SampleFormat.U8: SampleFormat.I16,
    }


def test_the_other_byte_order_is_taken_before_fewer_bits() -> None:
    formats = [*natives(SampleFormat.I16), *natives(SampleFormat.I24_PACKED, swapped=True)]
    assert rank(SampleFormat.F32, formats)[0].swapped
    assert not rank(SampleFormat.I16, formats)[0].swapped


def test_float_works_on_every_device_that_has_any_format() -> None:
    for one in NATIVE_FORMATS:
        if not one.sample_format.is_dsd:
            assert rank(SampleFormat.F32, [one]) == [one]


def test_dsd_becomes_nothing_else() -> None:
    with pytest.raises(UnsupportedConfig, match=r"no dsdu8.*it has i16"):
        rank(SampleFormat.DSD_U8, natives(SampleFormat.I16))
    with pytest.raises(UnsupportedConfig):
        rank(SampleFormat.F32, natives(SampleFormat.DSD_U8))


@pytest.mark.parametrize(
    ("block", "period", "card", "plugin"),
    [
        (64, 64, 960, 1920),
        (480, 480, 1440, 1920),
        (512, 512, 1536, 2048),
        (960, 960, 2880, 2880),
        (4096, 820, 2460, 2460),
        (1, 48, 960, 1920),
        (30, 60, 960, 1920),
    ],
)
def test_a_period_is_the_block_within_reason(block: int, period: int, card: int, plugin: int) -> None:
    assert plan_period(block, 48_000) == period
    assert plan_buffer(period, 48_000, plugin=False) == card
    assert plan_buffer(period, 48_000, plugin=True) == plugin


def test_only_the_kernels_devices_get_real_time_threads() -> None:
    assert [kind for kind in range(64) if may_be_promoted(kind)] == [abi.SND_PCM_TYPE_HW]


@pytest.mark.parametrize("timeout", [0, -1.0, float("inf"), float("nan"), True, "3"])
def test_a_timeout_is_seconds(timeout: object) -> None:
    with pytest.raises(InvalidInput, match="timeout"):
        HostOptions(timeout=timeout)  # type: ignore[arg-type]


def test_sizes_are_counts() -> None:
    with pytest.raises(InvalidInput, match="period_frames"):
        StreamOptions(period_frames=0)
    with pytest.raises(InvalidInput, match="periods"):
        StreamOptions(periods=1)
