"""``pcmio monitor``: levels, and devices that come and go."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio.cli.monitor import _Monitor, event_facts
from pcmio.cli.screen import Screen
from pcmio.hosts.null import NullDeviceSpec, NullKind
from pcmio.testing import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio.hosts.null import NullHost
    from tests.servers.pulseaudio import PulseServer

    from .conftest import Ran

TONE = ("--device", "tone")


def lines_of(ran: Ran) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ran.out.splitlines()]


def of_kind(lines: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["event"] == name]


def test_levels_are_told_channel_by_channel(call: Callable[..., Ran]) -> None:
    ran = call("monitor", "--host", "null", *TONE, "--seconds", "1.2", "--interval", "0.3")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].endswith("  listening to Test tone, 440 Hz (null:tone)")
    assert any("L -6.0 dB  R -6.0 dB" in line for line in lines[1:])


def test_the_json_is_an_object_in_each_line(call: Callable[..., Ran]) -> None:
    ran = call("monitor", *TONE, "--seconds", "1.2", "--interval", "0.3", "--json")
    lines = lines_of(ran)
    assert list(lines[0]) == ["event", "seconds", "id", "name", "channels", "sample_rate"]
    levels = of_kind(lines, "levels")
    assert list(levels[0]) == ["event", "seconds", "peak_db", "xruns", "xrun_frames"]
    assert [-6.02, -6.02] in [each["peak_db"] for each in levels]


def test_who_was_stopped_for_long_does_not_make_up_for_lines(
    call: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = iter([100.0])
    passed = 0.0
    look = _Monitor._look

    def stop_and_look(self: _Monitor) -> None:
        nonlocal passed
        passed += next(stopped, 0.0)
        look(self)

    monkeypatch.setattr(_Monitor, "_look", stop_and_look)
    monkeypatch.setattr("pcmio.cli.monitor.time", SimpleNamespace(monotonic=lambda: time.monotonic() + passed))
    ran = call("monitor", *TONE, "--seconds", "101", "--interval", "1", "--json")
    assert ran.code == 0, ran.err
    assert 1 <= len(of_kind(lines_of(ran), "levels")) <= 2


def ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def listened_to(null: NullHost, name: str) -> Callable[[], bool]:
    return lambda: any(bus.drivers for bus in null.buses(null.spec(name)))


def test_a_device_that_is_pulled_is_told_and_waited_for(
    call: Callable[..., Ran], null: NullHost, meanwhile: Callable[..., None]
) -> None:
    def pull_and_plug() -> None:
        null.misfortune.unplug("null:tone")
        until(lambda: not listened_to(null, "null:tone")(), "its stream to be closed")
        null.misfortune.plug("null:tone")
        until(listened_to(null, "null:tone"), "another stream")
        ctrl_c()

    meanwhile("null:tone", pull_and_plug)
    ran = call("monitor", *TONE, "--interval", "0.3", "--json")
    assert ran.code == 0
    lines = lines_of(ran)
    names = [line["event"] for line in lines if line["event"] != "levels"]
    assert names[0] == "listening"
    assert names.count("listening") == 2
    assert {"lost", "device_removed", "device_added"} <= set(names)
    assert of_kind(lines, "device_added")[0]["id"] == "null:tone"


def test_a_device_that_is_back_and_cannot_be_opened_yet_is_tried_again(
    call: Callable[..., Ran], null: NullHost, meanwhile: Callable[..., None]
) -> None:
    def pull_and_plug() -> None:
        null.misfortune.unplug("null:tone")
        until(lambda: not listened_to(null, "null:tone")(), "its stream to be closed")
        null.misfortune.order("build", pcmio.PermissionDenied("its rights are not set yet"), times=2)
        null.misfortune.plug("null:tone")
        until(listened_to(null, "null:tone"), "another stream")
        ctrl_c()

    meanwhile("null:tone", pull_and_plug)
    ran = call("monitor", *TONE, "--json")
    assert ran.code == 0, ran.err
    lines = lines_of(ran)
    assert [one["error"] for one in of_kind(lines, "waiting")] == ["its rights are not set yet"]
    assert len(of_kind(lines, "listening")) == 2


def test_of_several_that_fit_the_name_later_none_is_taken(
    call: Callable[..., Ran],
    null: NullHost,
    meanwhile: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    tell = Screen.say_json_line

    def tell_and_keep(self: Screen, value: Any) -> None:
        tell(self, value)
        told.append(value["event"])

    def swap() -> None:
        null.misfortune.plug(NullDeviceSpec("tone-a", NullKind.TONE))
        null.misfortune.plug(NullDeviceSpec("tone-b", NullKind.TONE))
        null.misfortune.unplug("null:tone")
        until(lambda: "waiting" in told, "another to be looked for")
        null.misfortune.unplug("null:tone-a")
        until(listened_to(null, "null:tone-b"), "the one that is left")
        ctrl_c()

    monkeypatch.setattr(Screen, "say_json_line", tell_and_keep)
    meanwhile("null:tone", swap)
    ran = call("monitor", *TONE, "--json")
    assert ran.code == 0, ran.err
    lines = lines_of(ran)
    assert {one["error"] for one in of_kind(lines, "waiting")} == {"several inputs could be 'tone'"}
    assert [one["id"] for one in of_kind(lines, "listening")] == ["null:tone", "null:tone-b"]


def test_without_a_name_the_default_is_followed(
    call: Callable[..., Ran], null: NullHost, meanwhile: Callable[..., None]
) -> None:
    def choose() -> None:
        null.misfortune.set_default(pcmio.Direction.INPUT, "null:tone")
        until(listened_to(null, "null:tone"), "the new default to be listened to")
        ctrl_c()

    meanwhile("null:silence", choose)
    lines = lines_of(call("monitor", "--json"))
    assert [line["id"] for line in of_kind(lines, "listening")] == ["null:silence", "null:tone"]
    assert of_kind(lines, "default_changed")[0]["new"] == "null:tone"


def test_a_host_that_dies_and_comes_back_is_listened_to_again(
    call: Callable[..., Ran], null: NullHost, meanwhile: Callable[..., None]
) -> None:
    def die_and_return() -> None:
        null.misfortune.lose()
        until(lambda: not listened_to(null, "null:tone")(), "its stream to be closed")
        null.misfortune.restore()
        until(listened_to(null, "null:tone"), "another stream")
        ctrl_c()

    meanwhile("null:tone", die_and_return)
    names = [line["event"] for line in lines_of(call("monitor", *TONE, "--json"))]
    assert {"host_lost", "host_back"} <= set(names)
    assert names.count("listening") == 2


def test_a_name_that_nothing_has_is_an_error(call: Callable[..., Ran]) -> None:
    ran = call("monitor", "--host", "null", "--device", "nosuch")
    assert (ran.code, ran.out) == (4, "")
    assert "no input device that is called 'nosuch'" in ran.err


def test_no_input_at_all_is_waited_for(call: Callable[..., Ran], null: NullHost) -> None:
    for name in ("tone", "silence", "loopback"):
        null.misfortune.unplug(f"null:{name}")
    lines = lines_of(call("monitor", "--seconds", "0.3", "--json"))
    assert [line["event"] for line in lines] == ["waiting"]


@pytest.mark.parametrize(("seconds", "code"), [([], 0), (["--seconds", "60"], 130)])
def test_ctrl_c_ends_it(alone: dict[str, str], seconds: list[str], code: int) -> None:
    command = [sys.executable, "-m", "pcmio", "monitor", "--host", "null", *TONE, "--interval", "0.1", *seconds]
    with subprocess.Popen(command, env=alone, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert "listening" in program.stdout.readline()
        assert "dB" in program.stdout.readline()
        program.send_signal(signal.SIGINT)
        _, err = program.communicate(timeout=60)
    assert (program.returncode, err) == (code, "")


@pytest.mark.parametrize(
    "event",
    [
        pcmio.DeviceChanged(pcmio.DeviceId("null", "a"), pcmio.DeviceDescription("A")),
        pcmio.DefaultChanged(pcmio.Direction.OUTPUT, None, None),
        pcmio.HostLost(pcmio.HostDisconnected("gone")),
        pcmio.EventsDropped(3),
        pcmio.HostBack(),
    ],
    ids=lambda event: type(event).__name__,
)
def test_every_event_has_a_name_and_a_line(event: pcmio.HostEvent) -> None:
    name, facts, text = event_facts(event)
    assert name.replace("_", "") == type(event).__name__.lower()
    assert json.dumps(facts)
    assert text


def test_a_real_servers_devices_are_watched(
    alone: dict[str, str], pulse: PulseServer, on_pulse: dict[str, str]
) -> None:
    command = [sys.executable, "-m", "pcmio", "monitor", "--device", "pulseaudio:cd.monitor", "--json"]
    with subprocess.Popen(command, env=alone | on_pulse, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert json.loads(program.stdout.readline())["event"] == "listening"
        module = pulse.pactl("load-module", "module-null-sink", "sink_name=new").strip()
        try:
            for line in program.stdout:
                told = json.loads(line)
                if told["event"] == "device_added" and told["id"] == "pulseaudio:new":
                    break
        finally:
            pulse.pactl("unload-module", module)
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=60)
    assert program.returncode == 0


def test_a_reader_that_has_seen_enough_is_no_error(alone: dict[str, str]) -> None:
    command = [sys.executable, "-m", "pcmio", "monitor", "--host", "null", *TONE, "--interval", "0.1"]
    with subprocess.Popen(command, env=alone, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert b"listening" in program.stdout.readline()
        program.stdout.close()
        program.stdout = None
        _, err = program.communicate(timeout=60)
    assert (program.returncode, err) == (0, b"")
