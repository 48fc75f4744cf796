"""``pcmio info``: all of a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pcmio
from pcmio.cli.info import grouped, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio.hosts.null import NullHost

    from .conftest import Ran

DEVICE_KEYS = [
    *("id", "host", "name", "direction", "default_input", "default_output", "type", "interface"),
    *("manufacturer", "driver", "address", "extended", "input", "output"),
]
SIDE_KEYS = ["default", "formats", "latency", "error"]
GROUP_KEYS = [
    *("sample_formats", "channels", "min_sample_rate", "max_sample_rate", "min_buffer_size", "max_buffer_size")
]


def test_the_default_devices_are_told_with_formats_and_latency(run: Callable[..., Ran]) -> None:
    ran = run("info", "--host", "null")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "Null output (null:sink) · the default output"
    assert "Silence (null:silence) · the default input" in lines
    assert "    by default 2 ch, 48000 Hz, f32" in lines
    formats = next(line for line in lines if "1 to 64" in line)
    assert "1 to 768000 Hz" in formats
    assert "1 to 8192" in formats
    assert " f32 " in formats
    assert any(line.startswith("    latency, low: ") and "120 frames per callback" in line for line in lines)


def test_the_json_of_a_device_keeps_its_keys(call: Callable[..., Ran]) -> None:
    (told,) = call("info", "null:loopback", "--json").json["devices"]
    assert list(told) == DEVICE_KEYS
    for direction in ("input", "output"):
        side = told[direction]
        assert list(side) == SIDE_KEYS
        assert side["error"] is None
        (group,) = side["formats"]
        assert list(group) == GROUP_KEYS
        assert group["channels"] == list(range(1, 65))
        assert {each["wish"] for each in side["latency"]} == {"default", "low"}
        assert all(each["error"] is None and 0 < each["total"] < 1 for each in side["latency"])


def test_a_device_is_not_opened_when_that_is_not_wanted(call: Callable[..., Ran], null: NullHost) -> None:
    null.misfortune.order("build", pcmio.DeviceBusy("nobody may open it"))
    (told,) = call("info", "sink", "--no-open", "--json").json["devices"]
    assert told["output"]["latency"] == []
    assert told["output"]["formats"]


def test_a_device_that_somebody_holds_is_told_of_all_the_same(call: Callable[..., Ran], null: NullHost) -> None:
    null.misfortune.order("build", pcmio.DeviceBusy("somebody holds it"), times=2)
    ran = call("info", "sink")
    assert ran.code == 0
    assert ran.out.count("somebody holds it") == 2
    assert "by default 2 ch" in ran.out


def test_a_device_that_tells_nothing_of_its_formats_says_so(call: Callable[..., Ran], null: NullHost) -> None:
    null.misfortune.order("configs", pcmio.DeviceBusy("somebody holds it"))
    (told,) = call("info", "sink", "--json").json["devices"]
    assert told["output"]["error"] == "somebody holds it"
    assert told["output"]["default"] is None


def test_an_unknown_device_is_no_traceback(call: Callable[..., Ran]) -> None:
    ran = call("info", "nosuch", "--host", "null")
    assert ran.code == 4
    assert ran.err.startswith("pcmio: Null has no device that is called 'nosuch'")


def test_formats_with_the_same_channels_and_rates_share_a_line() -> None:
    size = pcmio.SupportedBufferSize(64, 1024)
    made = [
        pcmio.SupportedStreamConfigRange(channels, 44_100, 48_000, size, pcmio.SampleFormat(name))
        for name in ("i16", "i24")
        for channels in (2, 1)
    ]
    made.append(pcmio.SupportedStreamConfigRange(8, 96_000, 96_000, size, pcmio.SampleFormat.I16))
    groups = grouped(made)
    assert [(group.sample_formats, group.channels) for group in groups] == [(("i16", "i24"), (1, 2)), (("i16",), (8,))]
    assert (groups[1].min_sample_rate, groups[1].max_sample_rate) == (96_000, 96_000)


def test_buffers_that_memory_limits_share_a_line() -> None:
    made = [
        pcmio.SupportedStreamConfigRange(
            channels, 1, 48_000, pcmio.SupportedBufferSize(1, 4096 // channels), pcmio.SampleFormat(name)
        )
        for name in ("i16", "u8")
        for channels in (1, 2, 3)
    ]
    assert lines_of(grouped(made)) == [("    1 to 3", "1 to 48000 Hz", "1 to 1365 at least", "i16 u8")]


def test_buffers_that_have_nothing_in_common_have_lines_of_their_own() -> None:
    sizes = {
        1: pcmio.SupportedBufferSize(64, 128),
        2: pcmio.SupportedBufferSize(256, 512),
        3: pcmio.SupportedBufferSize(),
    }
    made = [
        pcmio.SupportedStreamConfigRange(channels, 48_000, 48_000, size, pcmio.SampleFormat.I16)
        for channels, size in sizes.items()
    ]
    lines = [
        ("    1", "48000 Hz", "64 to 128", "i16"),
        ("    2", "48000 Hz", "256 to 512", "i16"),
        ("    3", "48000 Hz", "not told", "i16"),
    ]
    assert lines_of(grouped(made)) == lines


def test_a_real_servers_device_tells_its_latency(run: Callable[..., Ran], on_pulse: dict[str, str]) -> None:
    ran = run("info", "pulseaudio:cd", "--json", **on_pulse)
    assert ran.code == 0, ran.err
    (told,) = ran.json["devices"]
    assert told["output"]["default"]["sample_rate"] == 44_100
    assert all(each["error"] is None and each["total"] > 0 for each in told["output"]["latency"])
    assert told["input"] is None
