"""What properties, settings and defaults mean."""

from __future__ import annotations

import pytest

from pcmio import DeviceType, Direction, InterfaceType
from pcmio.errors import InvalidInput
from pcmio.hosts.pipewire import facts, formats, pods
from pcmio.hosts.pipewire.devices import describe
from pcmio.hosts.pipewire.facts import Clock, NodeFacts, read_clock, read_name


def node(kind: str = facts.SINK, **properties: str) -> NodeFacts:
    named = {key.replace("__", "."): value for key, value in properties.items()}
    known = {"node.name": "a", "media.class": kind, "factory.name": "api.alsa.pcm", "device.id": "7", **named}
    return facts.read_node(1, {key.replace("_", "-"): value for key, value in known.items()}, ())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"name":"alsa_output.usb"}', "alsa_output.usb"),
        ('{ "name": "a b" }', "a b"),
        ("{ name = a }", "a"),
        ("{name:a,id:2}", "a"),
        (r'{"name":"q\"\\\u00e9"}', 'q"\\é'),
        (r'{"name":"\\u00e9\t\u12"}', "\\u00e9\tu12"),
        ('{"name":":a"}', ":a"),
        ('{"name":" = a}b,c"}', " = a}b,c"),
        ('{"filename":"a","is":"name","name":"b"}', "b"),
        ('{"name":"a', "a"),
        ('{"name":""}', None),
        ('{"name"}', None),
        ("{}", None),
        ("", None),
        (None, None),
    ],
)
def test_defaults_are_read_from_their_notation(text: str | None, name: str | None) -> None:
    assert read_name(text) == name


def test_the_clock_is_read_from_the_settings() -> None:
    clock = read_clock(
        {
            "clock.rate": "44100",
            "clock.allowed-rates": "[ 44100, 48000 ]",
            "clock.quantum": "256",
            "clock.min-quantum": "64",
            "clock.max-quantum": "4096",
            "clock.force-quantum": "0",
        }
    )
    assert clock == Clock(44_100, (44_100, 48_000), 256, 64, 4_096)
    assert read_clock({}) == Clock(rates=(48_000,))


@pytest.mark.parametrize(
    ("clock", "frames", "rate", "cycle"),
    [
        (Clock(), 256, 48_000, (256, 256)),
        (Clock(), 16, 48_000, (32, 32)),
        (Clock(), 100_000, 48_000, (8_192, 8_192)),
        (Clock(force_quantum=1024), 256, 48_000, (256, 1_024)),
        (Clock(), 100_000, 96_000, (16_384, 16_384)),
        (Clock(force_quantum=1024, force_rate=96_000), 256, 48_000, (256, 512)),
    ],
)
def test_cycles_stay_within_the_servers_limits(clock: Clock, frames: int, rate: int, cycle: tuple[int, int]) -> None:
    assert clock.cycle(frames, rate) == cycle


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (node(device__form_factor="internal"), DeviceType.SPEAKER),
        (node(facts.SOURCE, device__form_factor="internal"), DeviceType.MICROPHONE),
        (node(device__form_factor="headphone"), DeviceType.HEADPHONES),
        (node(device__form_factor="hands-free"), DeviceType.HEADSET),
        (node(device__icon_name="audio-headset-bluetooth"), DeviceType.HEADSET),
        (node(device__icon_name="audio-card"), DeviceType.UNKNOWN),
        (node(factory__name="support.null-audio-sink"), DeviceType.VIRTUAL),
        (node("Audio/Source/Virtual"), DeviceType.VIRTUAL),
    ],
)
def test_form_factors_and_icons_become_device_types(known: NodeFacts, expected: DeviceType) -> None:
    assert describe(known).device_type is expected


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (node(device__bus="usb"), InterfaceType.USB),
        (node(device__api="bluez5"), InterfaceType.BLUETOOTH),
        (node(device__bus="pci", device__profile__name="hdmi-stereo"), InterfaceType.HDMI),
        (node(device__profile__name="iec958-stereo"), InterfaceType.SPDIF),
        (node(node__network="true"), InterfaceType.NETWORK),
        (node(), InterfaceType.UNKNOWN),
    ],
)
def test_buses_become_interface_types(known: NodeFacts, expected: InterfaceType) -> None:
    assert describe(known).interface_type is expected


def test_addresses_are_radio_addresses_or_bus_paths() -> None:
    assert describe(node(api__bluez5__address="00:11:22:33:44:55")).address == "00:11:22:33:44:55"
    assert describe(node(device__bus_path="pci-0000:00:14.0")).address == "pci-0000:00:14.0"
    assert describe(node(api__alsa__path="hw:0")).address == "hw:0"


def test_directions_are_those_of_the_class() -> None:
    assert [describe(node(kind)).direction for kind in (facts.SINK, facts.SOURCE, facts.DUPLEX)] == [
        Direction.OUTPUT,
        Direction.INPUT,
        Direction.DUPLEX,
    ]
    assert facts.device_class("Stream/Output/Audio") is None
    assert facts.device_class(None) is None


def test_positions_are_named_as_pipewire_names_them() -> None:
    assert formats.parse_positions("FL,FR, lfe") == (3, 4, 6)
    assert formats.parse_positions("[ AUX0 AUX63 ]") == (0x1000, 0x103F)
    assert formats.positions_text((3, 4, 0x1000, 99)) == "FL,FR,AUX0,position99"
    with pytest.raises(InvalidInput, match=r"TOP.*write for example"):
        formats.parse_positions("TOP")


def test_formats_tell_rates_channels_and_positions() -> None:
    offered = pods.make_object(
        0x40003,
        3,
        [
            (1, pods.make_id(1)),
            (2, pods.make_id(1)),
            (0x10003, pods.Choice(3, 4, (48_000, 44_100, 48_000))),
            (0x10004, pods.make_int(4)),
            (0x10005, pods.Array(3, (3, 4, 12, 13))),
        ],
    )
    encoded = pods.make_object(0x40003, 3, [(1, pods.make_id(1)), (2, pods.make_id(2))])
    known = facts.read_node(1, {"node.name": "a", "media.class": facts.SINK}, (encoded, offered))
    assert known.rates == ((44_100, 44_100), (48_000, 48_000))
    assert (known.channels, known.positions) == (4, (3, 4, 12, 13))


def placed(*given: tuple[int, str, str]) -> list[tuple[str, str]]:
    """Under which ids nodes are listed, and what they play: of serial numbers, names and kinds."""
    nodes = [
        facts.read_node(serial, {"node.name": name, "media.class": kind, "object.serial": str(serial)}, ())
        for serial, name, kind in given
    ]
    return [(one.listed, one.listed_monitor) for one in facts.tell_apart(nodes)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([(7, "a", facts.SINK), (8, "b", facts.SOURCE)], [("a", "a.monitor"), ("b", "")]),
        ([(8, "a", facts.SINK), (7, "a", facts.SINK)], [("a-8", "a-8.monitor"), ("a", "a.monitor")]),
        ([(7, "a", facts.SINK), (8, "a", facts.SOURCE)], [("a", "a.monitor"), ("a", "")]),
        ([(7, "a", facts.DUPLEX), (8, "a", facts.SOURCE)], [("a", ""), ("a-8", "")]),
        ([(7, "a", facts.SINK), (8, "a", facts.DUPLEX)], [("a", "a.monitor"), ("a-8", "")]),
        # Names of nodes come first, as they are; then those with numbers; what sinks play takes what is left.
        (
            [(7, "a", facts.SINK), (8, "a", facts.SINK), (9, "a-8", facts.SINK)],
            [("a", "a.monitor"), ("a-8-8", "a-8-8.monitor"), ("a-8", "a-8.monitor")],
        ),
        ([(7, "a", facts.SINK), (8, "a.monitor", facts.SOURCE)], [("a", "a.monitor-7"), ("a.monitor", "")]),
    ],
)
def test_nodes_of_one_name_are_told_apart_and_other_names_stay(
    given: list[tuple[int, str, str]], expected: list[tuple[str, str]]
) -> None:
    assert placed(*given) == expected
