"""Sinks, sources and monitors, as the server describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import pcmio
from pcmio import DeviceType, Direction, InterfaceType, SampleFormat
from pcmio.hosts.pulseaudio.control import DeviceFacts
from pcmio.hosts.pulseaudio.devices import DEFAULTS, describe, group
from pcmio.hosts.pulseaudio.formats import POSITION_NAMES, channel_at
from pcmio.testing import until
from tests.servers.pulseaudio import NullSink

if TYPE_CHECKING:
    from tests.servers.pulseaudio import PulseServer


def test_every_sink_and_its_monitor_is_listed_by_the_servers_name(host: pcmio.Host, server: PulseServer) -> None:
    listed = {
        line.split("\t")[1]
        for kind in ("sinks", "sources")
        for line in server.pactl("list", "short", kind).splitlines()
    }
    assert {device.id.id for device in host.devices()} == {*listed, *DEFAULTS}
    assert {str(device.id) for device in host.output_devices()} >= {"pulseaudio:main", "pulseaudio:many"}
    assert {str(device.id) for device in host.input_devices()} >= {"pulseaudio:main.monitor"}


@pytest.mark.parametrize("name", ["caf\udce9", "\ud800"])
def test_an_id_that_is_no_text_is_nobodys(host: pcmio.Host, name: str) -> None:
    with pytest.raises(pcmio.DeviceNotAvailable):
        host.device_by_id(f"pulseaudio:{name}")


def test_a_description_says_what_the_properties_say(host: pcmio.Host) -> None:
    description = host.device_by_id("pulseaudio:described").description
    assert description.name == "Speakers of Mine"
    assert description.direction is Direction.OUTPUT
    assert description.device_type is DeviceType.HEADPHONES
    assert description.interface_type is InterfaceType.USB
    assert description.manufacturer == "ACME"
    assert description.driver == "module-null-sink.c"
    assert description.address == "pci-0000:00:14.0-usb-0:1:1.0"
    assert "device.product.name: Boomer" in description.extended
    assert "channels: front-left,front-right" in description.extended


def test_channels_are_told_by_their_places(host: pcmio.Host) -> None:
    main, many = (host.device_by_id(f"pulseaudio:{name}") for name in ("main", "many"))
    assert main.channels(Direction.OUTPUT) == (pcmio.Channel("front-left", "FL"), pcmio.Channel("front-right", "FR"))
    assert main.channels(Direction.INPUT) == ()
    assert host.device_by_id("pulseaudio:main.monitor").channels(Direction.INPUT) == main.channels(Direction.OUTPUT)
    assert host.device_by_id("pulseaudio:mono").channels(Direction.OUTPUT) == (pcmio.Channel("mono", "MONO"),)
    assert len(many.channels(Direction.OUTPUT)) == 32
    with pytest.raises(pcmio.InvalidInput, match="direction must be INPUT or OUTPUT"):
        main.channels(Direction.DUPLEX)


def test_every_place_of_the_servers_has_its_short_name() -> None:
    places = [channel_at(place) for place in range(len(POSITION_NAMES))]
    assert [one.name for one in places if one.position is None] == [f"aux{number}" for number in range(32)]
    assert {one.name: one.position for one in places}["top-front-center"] == "TFC"


def test_a_channel_that_the_sink_does_not_have_cannot_be_chosen(host: pcmio.Host) -> None:
    main = host.device_by_id("pulseaudio:main")
    with pytest.raises(pcmio.UnsupportedConfig, match="has no channel 2: its 2 channels are 0 to 1"):
        main.open_writer(pcmio.StreamConfig([2], 48_000))


def test_a_monitor_is_an_input_that_names_its_sink(host: pcmio.Host) -> None:
    monitor = host.device_by_id("pulseaudio:main.monitor")
    assert (monitor.supports_input, monitor.supports_output) == (True, False)
    assert monitor.description.device_type is DeviceType.MONITOR
    assert "monitor of: main" in monitor.description.extended


def test_a_null_sink_is_virtual(host: pcmio.Host) -> None:
    description = host.device_by_id("pulseaudio:main").description
    assert (description.device_type, description.interface_type) == (DeviceType.VIRTUAL, InterfaceType.VIRTUAL)


def facts(
    *,
    is_sink: bool = True,
    monitor_of: str | None = None,
    is_network: bool = False,
    kind: str = "sound",
    **properties: str,
) -> DeviceFacts:
    return DeviceFacts(
        name="a",
        is_sink=is_sink,
        description="A",
        sample_format=3,
        sample_rate=48_000,
        positions=(1, 2),
        monitor_of=monitor_of,
        is_network=is_network,
        driver="module-alsa-card.c",
        properties=(
            ("device.class", kind),
            *((f"device.{key.replace('__', '.')}", value) for key, value in properties.items()),
        ),
    )


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (facts(form_factor="internal"), DeviceType.SPEAKER),
        (facts(form_factor="internal", is_sink=False), DeviceType.MICROPHONE),
        (facts(form_factor="webcam", is_sink=False), DeviceType.MICROPHONE),
        (facts(form_factor="headset"), DeviceType.HEADSET),
        (facts(form_factor="handset"), DeviceType.HANDSET),
        (facts(form_factor="hifi"), DeviceType.SPEAKER),
        (facts(form_factor="computer"), DeviceType.UNKNOWN),
        (facts(form_factor="headphone", monitor_of="b", is_sink=False), DeviceType.MONITOR),
        (facts(kind="filter"), DeviceType.VIRTUAL),
        (facts(), DeviceType.UNKNOWN),
    ],
)
def test_form_factors_become_device_types(known: DeviceFacts, expected: DeviceType) -> None:
    assert describe([known]).device_type is expected


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (facts(bus="pci"), InterfaceType.PCI),
        (facts(bus="firewire"), InterfaceType.FIREWIRE),
        (facts(bus="bluetooth"), InterfaceType.BLUETOOTH),
        (facts(bus="pci", profile__name="hdmi-stereo"), InterfaceType.HDMI),
        (facts(bus="pci", profile__name="iec958-stereo"), InterfaceType.SPDIF),
        (facts(is_network=True), InterfaceType.NETWORK),
        (facts(monitor_of="b", is_sink=False, kind="monitor"), InterfaceType.VIRTUAL),
        (facts(), InterfaceType.UNKNOWN),
    ],
)
def test_buses_become_interface_types(known: DeviceFacts, expected: InterfaceType) -> None:
    assert describe([known]).interface_type is expected


def test_a_bluetooth_device_has_its_radio_address() -> None:
    assert describe([facts(bus="bluetooth", string="00:11:22:33:44:55")]).address == "00:11:22:33:44:55"


def test_a_sink_and_a_source_of_one_name_are_one_device() -> None:
    assert describe([facts(), facts(is_sink=False)]).direction is Direction.DUPLEX


def test_defaults_are_the_servers(own_host: pcmio.Host, own_server: PulseServer) -> None:
    own_server.pactl("set-default-sink", "other")
    own_server.pactl("set-default-source", "main.monitor")
    assert own_host.default_output_device() == own_host.device_by_id("pulseaudio:other")
    default_input = own_host.default_input_device()
    assert default_input is not None
    assert str(default_input.id) == "pulseaudio:main.monitor"


def test_lists_are_fresh(own_host: pcmio.Host, own_server: PulseServer) -> None:
    before = own_host.devices()
    module = own_server.add(NullSink("late"))
    assert {device.id.id for device in own_host.devices()} - {device.id.id for device in before} == {
        "late",
        "late.monitor",
    }
    own_server.remove(module)
    assert own_host.devices() == before


def test_a_server_without_devices_has_no_defaults(own_host: pcmio.Host, own_server: PulseServer) -> None:
    own_server.remove("main")
    own_server.remove("other")
    assert [device.id.id for device in own_host.devices()] == list(DEFAULTS)
    assert own_host.default_output_device() is None
    assert own_host.default_input_device() is None


def test_a_device_that_is_gone_says_so(own_host: pcmio.Host, own_server: PulseServer) -> None:
    device = own_host.device_by_id("pulseaudio:other")
    own_server.remove("other")
    for ask in (device.default_output_config, device.supported_output_configs):
        with pytest.raises(pcmio.DeviceNotAvailable, match=r"pulseaudio:other is gone.*see host\.devices"):
            ask()
    with pytest.raises(pcmio.DeviceNotAvailable):
        device.build_output_stream_raw(pcmio.StreamConfig(2, 48_000), lambda *_: None)
    with pytest.raises(pcmio.DeviceNotAvailable):
        own_host.device_by_id("pulseaudio:other")


@pytest.mark.parametrize(
    ("sink", "channels", "rate", "sample_format"),
    [
        ("main", 2, 48_000, SampleFormat.F32),
        ("s16", 2, 44_100, SampleFormat.I16),
        ("s24", 2, 48_000, SampleFormat.I24_PACKED),
        ("s24in32", 2, 48_000, SampleFormat.I24),
        ("s32", 2, 48_000, SampleFormat.I32),
        ("u8", 2, 8_000, SampleFormat.U8),
        ("many", 32, 96_000, SampleFormat.F32),
    ],
)
def test_the_default_config_is_the_sinks_own(
    host: pcmio.Host, sink: str, channels: int, rate: int, sample_format: SampleFormat
) -> None:
    device = host.device_by_id(f"pulseaudio:{sink}")
    default = device.default_output_config()
    assert (default.channels, default.sample_rate, default.sample_format) == (channels, rate, sample_format)
    first = device.supported_output_configs()[0]
    assert (first.channels, first.sample_format) == (channels, sample_format)
    assert first.contains_rate(rate)


def test_what_is_listed_as_supported_is_supported(host: pcmio.Host) -> None:
    device = host.device_by_id("pulseaudio:main")
    ranges = device.supported_output_configs()
    assert len({(one.channels, one.sample_format) for one in ranges}) == len(ranges) == 32 * 6
    for one in ranges:
        if one.channels in (1, 2, 5, 32):
            for rate in (one.min_sample_rate, 44_100, one.max_sample_rate):
                wanted = pcmio.StreamConfig(one.channels, rate, 4_096, one.sample_format)
                device.build_output_stream_raw(wanted, lambda *_: None).close()


def test_what_is_not_supported_is_refused(host: pcmio.Host) -> None:
    device = host.device_by_id("pulseaudio:main")
    most = device.supported_output_configs()[0]
    assert most.buffer_size.max_frames is not None
    for impossible in (
        pcmio.StreamConfig(33, 48_000),
        pcmio.StreamConfig(2, most.max_sample_rate + 1),
        pcmio.StreamConfig(2, 48_000, most.buffer_size.max_frames + 1),
        pcmio.StreamConfig(2, 48_000, sample_format=SampleFormat.DSD_U8),
    ):
        with pytest.raises(pcmio.UnsupportedConfig, match=";"):
            device.build_output_stream_raw(impossible, lambda *_: None)


def test_running_streams_are_seen_by_nobodys_list(host: pcmio.Host, server: PulseServer) -> None:
    device = host.device_by_id("pulseaudio:main")
    before = host.devices()
    with device.build_output_stream_raw(
        pcmio.StreamConfig(2, 48_000), lambda *_: None, stream_name="Seen", media_role="music"
    ):
        until(lambda: 'media.name = "Seen"' in server.pactl("list", "sink-inputs"), "the stream to be listed")
        assert 'media.role = "music"' in server.pactl("list", "sink-inputs")
        assert host.devices() == before


def test_the_program_is_named_as_asked(server: PulseServer) -> None:
    with pcmio.host(
        "pulseaudio", server=server.address, application_name="Organ", application_icon="audio-card"
    ) as host:
        host.check_available()
        clients = server.pactl("list", "clients")
    assert 'application.name = "Organ"' in clients
    assert 'application.icon_name = "audio-card"' in clients


def test_what_has_no_name_is_no_device_and_hides_no_other() -> None:
    """PulseAudio names everything; nodes of PipeWire need no name."""
    nameless, named = (
        DeviceFacts(name, True, "A sink", 5, 48_000, (1, 2), None, False, None, ()) for name in ("", "a")
    )
    assert group([nameless, named]) == {"a": [named]}
