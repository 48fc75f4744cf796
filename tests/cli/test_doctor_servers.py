"""``pcmio doctor`` beside real servers: rtkit, PulseAudio and PipeWire, each as its user may find it."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.pipewire import NullNode, PipeWireServer, PulseBridge
from tests.servers.rtkit import without_privilege

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.servers.pulseaudio import PulseServer
    from tests.servers.rtkit import Authority, RealtimeKit, SystemBus

    from .conftest import Ran

DOCTOR = """
import sys
from pcmio.cli import main
sys.exit(main(["doctor", "--json", "--no-open"]))
"""


# --- rtkit ----------------------------------------------------------------------------------------------------------


def priority_on(bus: SystemBus, alone: dict[str, str]) -> dict[str, Any]:
    """What is found of a user who may not raise his own priority."""
    done = without_privilege(DOCTOR, {**alone, "DBUS_SYSTEM_BUS_ADDRESS": bus.address})
    assert done.returncode in (0, 3), done.stderr
    found = [one for one in json.loads(done.stdout)["findings"] if one["topic"] == "Real-time priority"]
    assert found[0]["facts"]["direct"] is False
    return dict(found[0])


def test_rtkit_that_gives_it_is_enough(system_bus: SystemBus, kit: RealtimeKit, alone: dict[str, str]) -> None:
    del kit
    found = priority_on(system_bus, alone)
    assert (found["state"], found["text"]) == ("ok", "threads of this user get it from rtkit")
    assert found["details"][1] == "rtkit answers"
    assert found["facts"]["rtkit_grants"] is True


def test_rtkit_that_answers_and_refuses_is_told_with_its_words(
    system_bus: SystemBus, authority: Authority, kit: RealtimeKit, alone: dict[str, str]
) -> None:
    """Whoever asks only whether it is there takes this for a yes."""
    del kit
    authority.allowances = 0
    found = priority_on(system_bus, alone)
    assert found["state"] == "hint"
    assert "Operation not permitted; rtkit: org.freedesktop.DBus.Error.AccessDenied" in found["text"]
    assert found["details"][1] == "rtkit refuses"
    assert (found["facts"]["rtkit"], found["facts"]["rtkit_grants"]) == (True, False)
    # Whether a group of this machine has the right to it is the machine's affair.
    assert found["commands"][0].startswith("sudo usermod -aG ") or "limits.d/audio.conf" in found["commands"][0]


def test_a_bus_without_rtkit_is_told(system_bus: SystemBus, alone: dict[str, str]) -> None:
    found = priority_on(system_bus, alone)
    assert found["state"] == "hint"
    assert found["details"][1] == "rtkit does not answer"
    assert "rtkit" in found["advice"]
    assert (found["facts"]["rtkit"], found["facts"]["rtkit_grants"]) == (False, None)


# --- deep buffers ---------------------------------------------------------------------------------------------------


def buffers(ran: Ran) -> dict[str, dict[str, Any]]:
    """What is found of the default devices' buffers, by direction."""
    assert ran.err == ""
    return {one["facts"]["direction"]: one for one in ran.json["findings"] if one["topic"] == "Buffers"}


def test_a_variable_that_makes_pulseaudio_late_is_named(
    run: Callable[..., Ran], pulse: PulseServer, on_pulse: dict[str, str]
) -> None:
    del pulse
    sane = buffers(run("doctor", "--host", "pulseaudio", "--json", **on_pulse))
    assert {found["state"] for found in sane.values()} == {"ok"}
    deep = buffers(run("doctor", "--host", "pulseaudio", "--json", PULSE_LATENCY_MSEC="600", **on_pulse))["output"]
    assert deep["state"] == "hint"
    assert deep["facts"]["device_seconds"] > 0.3
    assert "PULSE_LATENCY_MSEC" in deep["advice"]
    assert deep["commands"] == ["unset PULSE_LATENCY_MSEC"]


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[PipeWireServer]:
    """A PipeWire server as any."""
    if not (shutil.which("pipewire") and shutil.which("wireplumber")):
        pytest.skip("pipewire and wireplumber are not installed")
    server = PipeWireServer(tmp_path, [NullNode("speakers", priority=2000)])
    server.start()
    yield server
    server.stop()


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[PipeWireServer]:
    """A PipeWire server that moves a sixth of a second at a time, where nobody asks for less."""
    if not (shutil.which("pipewire") and shutil.which("wireplumber")):
        pytest.skip("pipewire and wireplumber are not installed")
    server = PipeWireServer(tmp_path, [NullNode("speakers", priority=2000)], quantum=8192)
    server.start()
    yield server
    server.stop()


def test_a_quantum_that_makes_pipewire_late_is_named_and_what_is_to_be_typed_mends_it(
    run: Callable[..., Ran], deep: PipeWireServer
) -> None:
    def look() -> dict[str, dict[str, Any]]:
        return buffers(run("doctor", "--host", "pipewire", "--json", PIPEWIRE_REMOTE=deep.address))

    found = look()
    assert set(found) == {"output", "input"}
    for each in found.values():
        assert (each["state"], each["facts"]["cycle_frames"]) == ("hint", 8192)
        assert "default.clock.quantum in ~/.config/pipewire/pipewire.conf.d" in each["advice"]
    (command,) = found["output"]["commands"]
    subprocess.run(command.split(), env=deep.env, check=True, stdout=subprocess.DEVNULL)
    for each in look().values():
        assert (each["state"], each["facts"]["cycle_frames"]) == ("ok", 512)


@pytest.mark.parametrize(("deep", "state"), [("8192/48000", "hint"), ("256/48000", "ok")])
def test_where_pipewire_speaks_for_pulseaudio_its_files_and_commands_are_named(
    run: Callable[..., Ran], plain: PipeWireServer, deep: str, state: str
) -> None:
    """Nobody there reads those of PulseAudio, nor is there a pulseaudio to be started anew; what is named does help."""
    names = ("pulse.min.req", "pulse.min.frag", "pulse.min.quantum")
    bridge = PulseBridge(plain, dict.fromkeys(names, deep))
    bridge.start()
    try:
        where = {key: bridge.env[key] for key in ("HOME", "XDG_RUNTIME_DIR", "PULSE_SERVER")}
        found = buffers(run("doctor", "--host", "pulseaudio", "--json", **where))["output"]
    finally:
        bridge.stop()
    assert found["state"] == state
    if state == "hint":
        assert found["commands"] == ["systemctl --user restart pipewire-pulse"]
        assert "daemon.conf" not in found["advice"]
        for named in ("pipewire-pulse.conf.d", *names):
            assert named in found["advice"]
