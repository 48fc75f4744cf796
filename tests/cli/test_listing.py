"""``pcmio hosts`` and ``pcmio devices``, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pcmio

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Ran

HOST_KEYS = ["id", "name", "available", "default", "error"]
ERROR_KEYS = ["type", "message", "call", "code", "advice", "tried"]
DEVICE_KEYS = [
    *("id", "host", "name", "direction", "default_input", "default_output", "type", "interface"),
    *("manufacturer", "driver", "address", "extended", "input", "output"),
]
SIDE_KEYS = [
    *("channels", "sample_rate", "sample_format", "max_channels", "min_sample_rate", "max_sample_rate"),
    *("sample_formats", "min_buffer_size", "max_buffer_size"),
]


def test_hosts_are_told_with_why_each_does_not_answer(run: Callable[..., Ran]) -> None:
    ran = run("hosts")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == list(pcmio.ALL_HOSTS)
    assert "not available" in ran.out
    assert lines[-1].startswith("null ")
    assert "available" in lines[-1]


def test_the_json_of_hosts_keeps_its_keys(run: Callable[..., Ran]) -> None:
    hosts = run("hosts", "--json").json["hosts"]
    assert [host["id"] for host in hosts] == list(pcmio.ALL_HOSTS)
    assert all(list(host) == HOST_KEYS for host in hosts)
    missing = [host for host in hosts if not host["available"]]
    assert missing
    assert all(list(host["error"]) == ERROR_KEYS for host in missing)
    assert all(host["error"]["type"] == "HostUnavailable" for host in missing)
    assert hosts[-1] == {"id": "null", "name": "Null", "available": True, "default": False, "error": None}


def test_the_host_that_pcmio_host_names_is_the_default(run: Callable[..., Ran]) -> None:
    hosts = run("hosts", "--json", PCMIO_HOST="null").json["hosts"]
    assert [host["id"] for host in hosts if host["default"]] == ["null"]


def test_devices_of_every_host_that_answers_are_listed_and_the_others_told(run: Callable[..., Ran]) -> None:
    ran = run("devices")
    assert ran.code == 0
    for device in ("null:sink", "null:silence", "null:tone", "null:loopback"):
        assert device in ran.out
    assert "PulseAudio is not available" in ran.err


def test_a_device_takes_one_line_in_a_pipe_and_none_is_padded_or_coloured(run: Callable[..., Ran]) -> None:
    lines = run("devices", "--host", "null").out.splitlines()
    assert [line.split()[0] for line in lines] == ["Null", "Name", ">", "<", "Test", "Loopback"]
    assert all(line == line.rstrip() for line in lines)
    assert "\x1b" not in "".join(lines)


def test_a_narrow_output_gives_each_id_a_line_of_its_own(run: Callable[..., Ran]) -> None:
    lines = run("devices", "--host", "null", COLUMNS="60").out.splitlines()
    assert "     null:loopback" in lines
    assert max(map(len, lines)) <= 60


def test_the_json_of_devices_keeps_its_keys(run: Callable[..., Ran]) -> None:
    told = run("devices", "--host", "null", "--json").json
    assert list(told) == ["devices", "unavailable"]
    assert told["unavailable"] == []
    devices = {device["id"]: device for device in told["devices"]}
    assert all(list(device) == DEVICE_KEYS for device in devices.values())
    loopback = devices["null:loopback"]
    assert list(loopback["input"]) == list(loopback["output"]) == SIDE_KEYS
    assert (loopback["direction"], loopback["input"]["channels"], loopback["output"]["sample_rate"]) == (
        "duplex",
        2,
        48_000,
    )
    assert devices["null:sink"]["input"] is None
    assert devices["null:sink"]["default_output"]
    assert not devices["null:sink"]["default_input"]


def test_hosts_that_do_not_answer_are_in_the_json_of_all_devices(run: Callable[..., Ran]) -> None:
    told = run("devices", "--json").json
    assert {host["id"] for host in told["unavailable"]} == set(pcmio.ALL_HOSTS) - {"null"}
    assert {device["host"] for device in told["devices"]} == {"null"}


def test_a_real_server_is_the_default_and_its_sinks_are_listed(
    run: Callable[..., Ran], on_pulse: dict[str, str]
) -> None:
    hosts = run("hosts", "--json", **on_pulse).json["hosts"]
    assert [host["id"] for host in hosts if host["default"]] == ["pulseaudio"]
    assert run("devices", **on_pulse).err == ""
    devices = {device["id"]: device for device in run("devices", "--json", **on_pulse).json["devices"]}
    assert devices["pulseaudio:cd"]["output"]["sample_rate"] == 44_100
    assert devices["pulseaudio:surround"]["output"]["channels"] == 6
    assert devices["pulseaudio:cd.monitor"]["type"] == "monitor"
