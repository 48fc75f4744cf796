"""Cards that can do little: what is told of them, what they are asked for, and that it works."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio import SampleFormat
from pcmio.testing import until

from . import proc

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def host() -> Iterator[pcmio.Host]:
    with pcmio.host("alsa") as host:
        yield host


def _device(host: pcmio.Host, card: str) -> pcmio.Device:
    return host.device_by_id(f"alsa:hw:CARD={card},DEV=0")


def _abilities(device: pcmio.Device) -> tuple[set[SampleFormat], set[int], int, int]:
    entries = device.supported_output_configs()
    return (
        {entry.sample_format for entry in entries},
        {entry.channels for entry in entries},
        min(entry.min_sample_rate for entry in entries),
        max(entry.max_sample_rate for entry in entries),
    )


def test_what_each_card_can_do_is_told(host: pcmio.Host) -> None:
    assert _abilities(_device(host, "Dummy")) == ({SampleFormat.U8, SampleFormat.I16}, {1, 2}, 5_500, 48_000)
    assert _abilities(_device(host, "Intel")) == ({SampleFormat.I16}, {2}, 16_000, 96_000)
    formats, channels, low, high = _abilities(_device(host, "Loopback"))
    assert {SampleFormat.I16, SampleFormat.I24, SampleFormat.I32, SampleFormat.F32, SampleFormat.I24_PACKED} <= formats
    assert (channels, low, high) == (set(range(1, 33)), 8_000, 192_000)


def test_channels_have_the_places_that_the_driver_tells(host: pcmio.Host, usb_card: str) -> None:
    def places(device: pcmio.Device, direction: pcmio.Direction) -> list[str | None]:
        return [channel.position for channel in device.channels(direction)]

    for direction in (pcmio.Direction.OUTPUT, pcmio.Direction.INPUT):
        assert places(_device(host, "Intel"), direction) == ["FL", "FR"]
        assert places(_device(host, "Loopback"), direction) == []  # snd-aloop tells nothing
    assert places(_device(host, usb_card), pcmio.Direction.OUTPUT) == ["FL", "FR"]
    assert places(host.device_by_id("alsa:plughw:CARD=Intel"), pcmio.Direction.OUTPUT) == ["FL", "FR"]
    assert places(host.device_by_id("alsa:default"), pcmio.Direction.OUTPUT) == []


def test_a_usb_card_has_an_output_only(host: pcmio.Host, usb_card: str) -> None:
    device = _device(host, usb_card)
    assert _abilities(device) == ({SampleFormat.I16}, {2}, 48_000, 48_000)
    assert (device.supports_input, device.supports_output) == (False, True)
    assert device.description.interface_type is pcmio.InterfaceType.USB
    with pytest.raises(pcmio.UnsupportedConfig, match="44100"):
        device.build_output_stream(pcmio.StreamConfig(2, 44_100, 480), lambda block, info: None)


@pytest.mark.parametrize(
    ("card", "period", "periods"),
    [
        # 4096 frames of two channels and 16 bits fit the dummy card's buffer of 64 KiB four times.
        ("Dummy", 64, 8),
        ("Dummy", 480, 3),
        ("Dummy", 4096, 4),
        ("Intel", 32, 32),
        ("Intel", 480, 2),
        ("usb", 48, 32),
        ("usb", 480, 2),
        ("usb", 24_000, 4),
    ],
)
def test_periods_are_granted_as_asked(
    host: pcmio.Host, request: pytest.FixtureRequest, card: str, period: int, periods: int
) -> None:
    name = request.getfixturevalue("usb_card") if card == "usb" else card
    agreed, frames = _play(host, name, block=480, period_frames=period, periods=periods)
    assert (agreed["period_size"], agreed["buffer_size"]) == (str(period), str(period * periods))
    assert frames == {480}


@pytest.mark.parametrize(
    ("card", "period", "granted"),
    [
        ("Dummy", 1, range(16, 65)),
        ("Intel", 7, range(32, 129)),
        ("usb", 1, range(48, 97)),
        ("usb", 90_000, range(24_000, 48_001)),
    ],
)
def test_impossible_periods_become_the_nearest(
    host: pcmio.Host, request: pytest.FixtureRequest, card: str, period: int, granted: range
) -> None:
    name = request.getfixturevalue("usb_card") if card == "usb" else card
    agreed, frames = _play(host, name, block=480, period_frames=period)
    assert int(agreed["period_size"]) in granted
    assert frames == {480}


@pytest.mark.parametrize("card", ["Dummy", "Intel", "usb"])
@pytest.mark.parametrize("block", [64, 441, 1024, 10_000])
def test_callbacks_get_their_buffer_whatever_the_card_moves(
    host: pcmio.Host, request: pytest.FixtureRequest, card: str, block: int
) -> None:
    name = request.getfixturevalue("usb_card") if card == "usb" else card
    agreed, frames = _play(host, name, block=block)
    assert frames == {block}
    assert int(agreed["buffer_size"]) >= 2 * int(agreed["period_size"])


@pytest.mark.skipif(os.environ["PCMIO_VM"] != "virtual", reason="in real time whatever else runs may cost a period")
@pytest.mark.parametrize(("block", "periods"), [(64, 4), (128, 2), (480, 2)])
def test_the_exact_card_never_waits_for_its_samples(host: pcmio.Host, block: int, periods: int) -> None:
    """Some hundred periods, each of one block, with as few of them in the card's buffer as will do."""
    config = pcmio.StreamConfig(2, 48_000, block, SampleFormat.I16)
    device = _device(host, "Dummy")
    with device.build_output_stream_raw(
        config, lambda samples, info: None, period_frames=block, periods=periods
    ) as stream:
        until(lambda: stream.position > 300 * block, "the card playing")
        stats = stream.stats
    assert (stats.xruns, stats.xrun_frames) == (0, 0)


def _play(host: pcmio.Host, card: str, *, block: int, **options: Any) -> tuple[dict[str, str], set[int]]:
    """Play silence for a while; what the kernel was asked for, and how many frames the callback got."""
    frames: set[int] = set()

    def data(samples: memoryview, info: pcmio.CallbackInfo) -> None:
        del info
        frames.add(len(samples) // 4)

    config = pcmio.StreamConfig(2, 48_000, block, SampleFormat.I16)
    with _device(host, card).build_output_stream_raw(config, data, **options) as stream:
        agreed = proc.parameters(card)
        # More than the card holds: it has been through all of its buffer.
        until(lambda: stream.position > 2 * int(agreed["buffer_size"]) + block, "the card playing")
    return agreed, frames
