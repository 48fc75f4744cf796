"""``pcmio doctor``: what it finds on machines of all kinds, and that it tells nobody whose they are."""

from __future__ import annotations

import getpass
import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio.cli.doctor import look_at_choice
from pcmio.cli.doctor.buffers import Probe, judge, look_at_buffers
from pcmio.cli.doctor.cards import holders, look_at_cards
from pcmio.cli.doctor.findings import Finding, State, Veil
from pcmio.cli.doctor.machine import Machine
from pcmio.cli.doctor.scheduling import Permission, ask_permission, look_at_scheduling
from pcmio.cli.doctor.servers import look_at_servers
from pcmio.cli.listing import HostFacts
from pcmio.hosts.null import open_host

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers.pulseaudio import PulseServer

    from .conftest import Ran

ME, SOMEBODY = 1000, 1001
RUNTIME = "/run/user/1000"


class Made:
    """A machine's files, written one by one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("/proc/version", "Linux")

    def write(self, path: str, text: str) -> None:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def runs(
        self,
        pid: int,
        name: str,
        uid: int = ME,
        place: str = "user.slice/user-1000.slice/user@1000.service",
        *,
        tgid: int | None = None,
    ) -> None:
        self.write(f"/proc/{pid}/comm", f"{name}\n")
        ids = f"Tgid:\t{pid if tgid is None else tgid}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n"
        self.write(f"/proc/{pid}/status", f"Name:\t{name}\n{ids}")
        self.write(f"/proc/{pid}/cgroup", f"0::/{place}/{name}.service\n")

    def machine(
        self,
        groups: tuple[int, ...] = (),
        env: dict[str, str] | None = None,
        *,
        uid: int = ME,
        group_ids: dict[str, int] | None = None,
    ) -> Machine:
        variables = {"XDG_RUNTIME_DIR": RUNTIME, **(env or {})}
        named = {"audio": 29, "rt": 44} if group_ids is None else group_ids
        return Machine(str(self.root), variables, uid=uid, groups=groups, group_ids=named)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path / "root")


def with_text(found: list[Finding], text: str) -> Finding:
    (one,) = [finding for finding in found if text in finding.text]
    return one


# --- servers --------------------------------------------------------------------------------------------------------


def test_a_server_that_answers_is_told_with_its_session(made: Made) -> None:
    made.runs(10, "pipewire")
    made.runs(11, "wireplumber")
    made.runs(12, "pulseaudio", place="user.slice/user-1000.slice/session-3.scope")
    found = list(look_at_servers(made.machine(), answering=["pipewire", "pulseaudio"]))
    assert with_text(found, "PipeWire runs (in the user's services) and answers").state is State.OK
    assert found[1].text.startswith("PulseAudio and PipeWire both run")


def test_pipewire_without_a_session_manager_is_a_problem(made: Made) -> None:
    made.runs(10, "pipewire")
    found = next(iter(look_at_servers(made.machine(), answering=["pipewire"])))
    assert (found.state, found.commands) == (State.PROBLEM, ("systemctl --user start wireplumber",))


def test_a_server_of_another_user_is_told_as_such(made: Made) -> None:
    made.runs(10, "pipewire", SOMEBODY)
    made.runs(11, "pulseaudio", SOMEBODY)
    found = list(look_at_servers(made.machine(), answering=[]))
    assert {finding.text for finding in found} >= {
        "PipeWire runs for another user, and is not for us",
        "PulseAudio runs for another user, and is not for us",
    }


def test_a_server_that_does_not_answer_is_told_with_where_its_socket_should_be(made: Made) -> None:
    made.runs(10, "pipewire")
    made.runs(11, "wireplumber")
    made.runs(12, "pulseaudio", place="user.slice/user-1000.slice/session-3.scope")
    found = list(look_at_servers(made.machine(), answering=[]))
    assert "its socket is not where XDG_RUNTIME_DIR leads" in found[0].text
    made.write(f"{RUNTIME}/pipewire-0", "")
    found = list(look_at_servers(made.machine(), answering=[]))
    assert "its socket is there" in found[0].text


def test_a_second_server_that_does_not_answer_is_no_trouble(made: Made) -> None:
    made.runs(10, "pipewire")
    made.runs(11, "wireplumber")
    made.runs(12, "pulseaudio")
    found = list(look_at_servers(made.machine(), answering=["pulseaudio"]))
    assert [finding.state for finding in found] == [State.NOTE, State.HINT]
    assert not found[0].commands


def test_pipewires_pulseaudio_is_known_as_such(made: Made) -> None:
    for pid, name in enumerate(("pipewire", "wireplumber", "pipewire-pulse"), 10):
        made.runs(pid, name)
    found = list(look_at_servers(made.machine(), answering=["pipewire", "pulseaudio"]))
    assert found[1].text == "PulseAudio is PipeWire's (in the user's services) and answers"
    assert found[1].facts["pipewire_pulse"] is True


def test_what_does_not_answer_is_started_anew_as_what_it_is(made: Made) -> None:
    for pid, name in enumerate(("pipewire", "wireplumber", "pipewire-pulse"), 10):
        made.runs(pid, name)
    found = list(look_at_servers(made.machine(), answering=[]))
    assert found[1].commands == ("systemctl --user restart pipewire-pulse",)


@pytest.mark.parametrize(
    ("name", "text"), [("SUDO_UID", "under sudo"), ("SSH_CONNECTION", "over ssh"), ("PULSE_SERVER", "PULSE_SERVER")]
)
def test_the_environment_may_be_why_no_server_is_seen(made: Made, name: str, text: str) -> None:
    made.runs(1, "init", 0)
    assert with_text(list(look_at_servers(made.machine(env={name: "1"}), answering=[])), text)


def test_where_the_session_is_is_told_if_there_is_one(made: Made) -> None:
    made.runs(1, "init", 0)
    machine = made.machine(env={"XDG_RUNTIME_DIR": ""})
    found = with_text(list(look_at_servers(machine, answering=["alsa"])), "XDG_RUNTIME_DIR is not set")
    assert (found.state, found.commands) == (State.NOTE, ())
    made.write(f"{RUNTIME}/bus", "")
    found = with_text(list(look_at_servers(machine, answering=["alsa"])), "XDG_RUNTIME_DIR is not set")
    assert (found.state, found.commands) == (State.HINT, ("export XDG_RUNTIME_DIR=/run/user/$(id -u)",))


def test_no_server_is_no_trouble_where_cards_are_used_directly(made: Made) -> None:
    made.runs(1, "init", 0)
    assert {one.state for one in look_at_servers(made.machine(), answering=["alsa"])} == {State.NOTE}
    assert {one.state for one in look_at_servers(made.machine(), answering=[])} == {State.HINT}
    made.runs(10, "pipewire", SOMEBODY)
    assert with_text(list(look_at_servers(made.machine(), answering=["alsa"])), "another user").state is State.HINT


def test_a_jack_server_is_told_only_where_one_runs(made: Made) -> None:
    made.runs(1, "init", 0)
    assert not [one for one in look_at_servers(made.machine(), answering=[]) if "JACK" in one.text]
    made.runs(10, "jackd")
    assert with_text(list(look_at_servers(made.machine(), answering=["jack"])), "JACK runs").state is State.OK
    assert with_text(list(look_at_servers(made.machine(), answering=[])), "JACK runs and does not").state is State.HINT


# --- cards ----------------------------------------------------------------------------------------------------------

CARDS = """ 0 [PCH            ]: HDA-Intel - HDA Intel PCH
                      HDA Intel PCH at 0xf7d10000 irq 30
 1 [USB            ]: USB-Audio - Scarlett 2i2 USB
                      Focusrite Scarlett 2i2 USB at usb-0000:00:14.0-1, high speed
"""


def test_cards_are_told_without_what_names_one_piece(made: Made) -> None:
    made.write("/proc/asound/cards", CARDS)
    made.write("/dev/snd/pcmC0D0p", "")
    group = (made.root / "dev/snd/pcmC0D0p").stat().st_gid
    found = list(look_at_cards(made.machine((group,), group_ids={"audio": group}), answering=False))
    assert found[0].text == "the kernel has PCH (HDA-Intel), USB (USB-Audio)"
    assert found[1].text == "this user may use them (of the group audio)"
    assert list(look_at_cards(made.machine(), answering=False))[1].text.endswith("(the session has the rights)")
    assert list(look_at_cards(made.machine(uid=0), answering=False))[1].text.endswith("(root may all)")


def test_a_program_that_holds_a_card_is_named(made: Made) -> None:
    made.write("/proc/asound/cards", CARDS)
    made.write("/proc/asound/card0/pcm3p/sub0/status", "state: RUNNING\nowner_pid   : 77\n")
    made.write("/proc/asound/card0/pcm3p/sub0/hw_params", "access: RW\nrate: 48000 (48000/1)\nbuffer_size: 65536\n")
    made.write("/proc/asound/card1/pcm0c/sub0/status", "state: RUNNING\nowner_pid   : 78\n")
    made.write("/proc/asound/card1/pcm0p/sub0/status", "closed\n")
    made.runs(77, "games")
    made.runs(78, "pipewire")
    found = list(look_at_cards(made.machine(), answering=False))
    held = with_text(found, "PCH, device 3: games (process 77) plays to it")
    assert held.state is State.HINT
    assert held.details == ("rate 48000", "buffer size 65536")
    assert with_text(found, "USB, device 0: pipewire (process 78) records from it").state is State.OK
    assert not any("USB, device 0: closed" in finding.text for finding in found)


def held(made: Made, owner: int | str) -> Finding:
    made.write("/proc/asound/cards", CARDS)
    made.write("/proc/asound/card0/pcm3p/sub0/status", f"state: RUNNING\nowner_pid   : {owner}\n")
    return with_text(list(look_at_cards(made.machine(), answering=False)), "PCH, device 3")


def test_a_thread_that_opened_a_card_is_told_as_its_program(made: Made) -> None:
    """The kernel tells the thread, which may have a name of its own, and no place in lists of processes."""
    made.runs(77, "pipewire")
    made.runs(79, "data-loop.0", tgid=77)
    found = held(made, 79)
    assert (found.state, found.facts["pid"]) == (State.OK, 77)
    assert found.text == "PCH, device 3: pipewire (process 77) plays to it, for all programs"


def test_a_server_of_another_user_keeps_a_card_from_us(made: Made) -> None:
    made.runs(77, "pulseaudio", SOMEBODY)
    found = held(made, 77)
    assert found.state is State.HINT
    assert found.text.endswith("pulseaudio (process 77) plays to it, for another user: for us it is busy")
    assert found.advice is not None


def test_a_card_whose_opener_has_ended_is_held_by_who_has_it_open(made: Made) -> None:
    """The first user of alsa-lib's mixer hands the card on to the others."""
    assert held(made, 77).text.startswith("PCH, device 3: a program that cannot be seen (process 77) plays")
    made.runs(80, "games")
    (made.root / "proc/80/fd").mkdir()
    (made.root / "proc/80/fd/4").symlink_to(made.root / "dev/snd/pcmC0D3p")
    assert held(made, 77).text.startswith("PCH, device 3: games (process 80) plays to it")


def test_a_program_outside_the_container_has_no_number(made: Made) -> None:
    assert held(made, 0).text.startswith("PCH, device 3: a program outside this container plays to it")


def test_a_device_with_places_left_is_not_busy(made: Made) -> None:
    made.write("/proc/asound/card0/pcm3p/sub1/status", "closed\n")
    made.runs(77, "games")
    found = held(made, 77)
    assert (found.state, found.advice) == (State.NOTE, None)
    assert found.text == "PCH, device 3: games (process 77) plays to it; 1 of its 2 places are free"


def test_a_user_without_the_rights_is_told_which_group_to_join(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    made.write("/proc/asound/cards", CARDS)
    made.write("/dev/snd/pcmC0D0p", "")
    monkeypatch.setattr(Machine, "may_use", lambda _machine, _path: False)
    monkeypatch.setattr(Machine, "group_of", lambda _machine, _path: "audio")
    found = with_text(list(look_at_cards(made.machine(), answering=False)), "may not use 1 of 1 nodes")
    assert (found.state, found.commands) == (State.PROBLEM, ("sudo usermod -aG audio $USER",))
    member = with_text(list(look_at_cards(made.machine(groups=(29,)), answering=False)), "although in the group audio")
    assert not member.commands
    # In a container the group's number is that of the system around it, and has no name, or no use.
    for group in (None, "root"):
        monkeypatch.setattr(Machine, "group_of", lambda _machine, _path, group=group: group)
        found = with_text(list(look_at_cards(made.machine(), answering=False)), "may not use 1 of 1 nodes")
        assert not found.commands
        assert "--group-add" in str(found.advice)


def test_the_group_of_a_node_is_that_of_its_file(made: Made) -> None:
    made.write("/dev/snd/pcmC0D0p", "")
    number = (made.root / "dev/snd/pcmC0D0p").stat().st_gid
    machine = made.machine(group_ids={"radio": number})
    assert machine.group_of("/dev/snd/pcmC0D0p") == "radio"
    assert made.machine(group_ids={}).group_of("/dev/snd/pcmC0D0p") is None
    assert machine.group_of("/dev/snd/none") is None


@pytest.mark.parametrize("cards", [None, "--- no soundcards ---"])
def test_no_cards_are_no_trouble_where_a_server_answers(made: Made, cards: str | None) -> None:
    if cards is not None:
        made.write("/proc/asound/cards", cards)
    assert [one.state for one in look_at_cards(made.machine(), answering=True)] == [State.NOTE]
    assert [one.state for one in look_at_cards(made.machine(), answering=False)] == [State.HINT]


# --- real-time priority ---------------------------------------------------------------------------------------------

REFUSED = Permission(
    direct=False,
    reason="Operation not permitted",
    rtprio=0,
    memlock_bytes=65536,
    rtkit=False,
    rtkit_grants=None,
    rtkit_reason="",
    jeepney=True,
)


def test_permission_that_is_there_is_enough(made: Made) -> None:
    (direct,) = look_at_scheduling(made.machine(), REFUSED._replace(direct=True, rtprio=-1))
    assert (direct.state, direct.text) == (State.OK, "threads of this user may have it, directly")
    assert direct.details == (
        "limits: rtprio unlimited, memlock 64 KiB",
        "rtkit does not answer",
        "this user is not of the group audio",
    )
    (kit,) = look_at_scheduling(made.machine(), REFUSED._replace(rtkit=True, rtkit_grants=True))
    assert (kit.state, kit.text) == (State.OK, "threads of this user get it from rtkit")


def test_a_group_that_has_the_right_is_named(made: Made) -> None:
    made.write("/etc/security/limits.d/rt.conf", "# @audio - rtprio 1\n@rt  -  rtprio  99\n")
    (found,) = look_at_scheduling(made.machine(), REFUSED)
    assert found.state is State.HINT
    assert found.commands == ("sudo usermod -aG rt $USER",)
    (found,) = look_at_scheduling(made.machine(groups=(44,)), REFUSED)
    assert "limits.d/audio.conf" in found.commands[0]


def test_rtkit_without_what_asks_it_is_told(made: Made) -> None:
    made.write("/usr/share/dbus-1/system-services/org.freedesktop.RealtimeKit1.service", "")
    (found,) = look_at_scheduling(made.machine(), REFUSED._replace(rtkit=None, jeepney=False))
    assert found.commands == ("pip install 'pcmio[realtime]'",)
    (found,) = look_at_scheduling(made.machine(), REFUSED)
    assert found.commands == ("sudo systemctl start rtkit-daemon",)


def test_a_kernel_without_time_for_it_is_a_problem(made: Made) -> None:
    made.write("/proc/sys/kernel/sched_rt_runtime_us", "0\n")
    made.write("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n")
    found = list(look_at_scheduling(made.machine(), REFUSED))
    assert with_text(found, "no time at all").state is State.PROBLEM
    assert with_text(found, "powersave").state is State.NOTE


def test_a_system_without_a_flag_of_linux_is_asked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.SCHED_RESET_ON_FORK", raising=False)
    assert ask_permission().direct in (True, False, None)


def test_asking_leaves_this_thread_as_it_is() -> None:
    import os

    before = os.sched_getscheduler(0)
    assert ask_permission().direct in (True, False)
    assert os.sched_getscheduler(0) == before


# --- buffers --------------------------------------------------------------------------------------------------------

SANE = Probe(
    host="alsa",
    direction=pcmio.Direction.OUTPUT,
    sample_rate=48_000,
    block_frames=480,
    cycle_frames=480,
    device_seconds=0.02,
    ring_seconds=0.05,
    ahead_seconds=0.02,
    started=True,
    xruns=0,
)


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("alsa", ("~/.asoundrc", "dmix", "period_size", "buffer_size")),
        ("pipewire", ("default.clock.quantum", 'buffer_size="low"')),
        ("pulseaudio", ("default-fragment-size-msec", 'buffer_size="low"')),
        ("jack", ("shorter period", 'buffer_size="low"')),
        ("custom", ('buffer_size="low"',)),
    ],
)
def test_a_deep_buffer_is_named_with_the_setting_that_mends_it(host: str, named: tuple[str, ...]) -> None:
    found = judge("It", SANE._replace(host=host, device_seconds=0.7, ahead_seconds=0.65))
    assert found.state is State.HINT
    assert "keeps 700 ms by default: sound runs ahead" in found.text
    assert found.advice is not None
    assert all(setting in found.advice for setting in named)


def test_a_server_of_pulseaudios_protocol_is_told_apart_by_what_it_calls_itself() -> None:
    deep = SANE._replace(host="pulseaudio", device_seconds=0.7)
    own, bridge = (judge("PulseAudio", deep, server=name) for name in ("pulseaudio", "PulseAudio (on PipeWire 1.4.2)"))
    assert own.commands == ("pulseaudio --kill; pulseaudio --start",)
    assert bridge.commands == ("systemctl --user restart pipewire-pulse",)
    assert bridge.advice is not None
    assert "pulse.default.tlength" in bridge.advice


def test_sane_buffers_are_told_as_such() -> None:
    assert judge("It", SANE).state is State.OK
    assert "10.0 ms" in judge("It", SANE).details[0]


def test_very_small_buffers_and_devices_that_do_not_move_are_hints() -> None:
    small = judge("PipeWire", SANE._replace(host="pipewire", cycle_frames=32))
    assert (small.state, small.commands) == (State.HINT, ("pw-metadata -n settings 0 clock.force-quantum 0",))
    assert "did not move" in judge("It", SANE._replace(started=False)).text


def test_devices_that_cannot_be_opened_are_problems() -> None:
    with open_host() as null:
        null.misfortune.order("build", pcmio.DeviceBusy("somebody holds it", advice="ask him"))
        output, source = look_at_buffers(null)
    assert (output.state, output.advice) == (State.PROBLEM, "ask him")
    assert "Null's default output cannot be used: somebody holds it" in output.text
    assert source.state is State.OK


def test_who_holds_what_is_busy_is_named(made: Made) -> None:
    made.runs(77, "games")
    held(made, 77)
    with open_host() as null:
        null.misfortune.order("build", pcmio.DeviceBusy("taken", advice="ask him"))
        output, _ = look_at_buffers(null, holders(made.machine()))
    assert (output.state, output.text) == (State.PROBLEM, "Null's default output is busy: taken")
    assert output.advice == "PCH, device 3 is held by games (process 77): end what keeps it, or let it use a mixer"


@pytest.mark.parametrize("error", [pcmio.DeviceNotAvailable("none"), pcmio.DeviceLost("none")])
def test_a_device_that_goes_meanwhile_is_told_as_such(error: pcmio.AudioError) -> None:
    with open_host() as null:
        null.misfortune.order("build", error)
        output, _ = look_at_buffers(null)
    assert output.text == "Null's default output is not there, or went away a moment ago: none"
    assert output.commands == ("pcmio devices",)


def test_a_default_that_is_for_one_direction_has_no_other() -> None:
    with open_host() as null:
        null.misfortune.order("build", pcmio.UnsupportedOperation("it has no output"))
        output, _ = look_at_buffers(null)
    assert (output.state, output.text) == (State.HINT, "Null has no default output")


# --- nothing private ------------------------------------------------------------------------------------------------


def test_whose_machine_it_is_is_taken_out() -> None:
    veil = Veil([("/home/jo", "~"), ("/run/user/1000", "$XDG_RUNTIME_DIR")], [("jo", "USER"), ("Lab-7", "MACHINE")])
    text = "/home/jo/.config: Jo's headphones 00:1A:2b:3C:4D:5E on lab-7, /run/user/1000/pulse; joint"
    assert veil.text(text) == "~/.config: USER's headphones ADDRESS on MACHINE, $XDG_RUNTIME_DIR/pulse; joint"
    assert veil.text("/org/bluez/hci0/dev_00_1A_2B_3C_4D_5E_x") == "/org/bluez/hci0/dev_ADDRESS_x"
    assert veil.text("alsa_output.usb-Maker_Thing_2_Y8AB12CD-00.x") == "alsa_output.usb-Maker_Thing_2_SERIAL-00.x"
    assert veil.text("usb-BEHRINGER_UMC404HD_192k-00, usb-C-Media_Audio_Device-00") == (
        "usb-BEHRINGER_UMC404HD_192k-00, usb-C-Media_Audio_Device-00"
    )
    assert veil.anything({"jo": ["jo", {"a": ("bluez_00_1A_2B_3C_4D_5E", 1, None)}]})["jo"][0] == "USER"


def test_names_that_everybody_has_stay() -> None:
    assert Veil([("/", "~")], [("root", "USER"), ("localhost", "MACHINE"), ("", "X")]).text("/ root localhost") == (
        "/ root localhost"
    )


def test_a_machine_with_a_common_name_does_not_spoil_what_is_said() -> None:
    """There are such, as virtual ones that are named by what they are for."""
    veil = Veil([], [("cards", "MACHINE"), ("Audio", "USER")])
    text = "join the group audio: the sound cards of this machine"
    assert veil.text(text) == text


@pytest.mark.parametrize(
    ("server", "told"),
    [
        ("tcp:studio.example.org:4713", "tcp:SERVER:4713"),
        ("{0123456789abcdef0123456789abcdef}unix:/run/pulse", "{ID}unix:/run/pulse"),
        ("tcp6:[2001:db8::1]:4713 studio-pc:4713", "tcp6:SERVER:4713 SERVER:4713"),
        ("tcp:127.0.0.1:4713 tcp6:[::1] tcp:localhost", "tcp:127.0.0.1:4713 tcp6:[::1] tcp:localhost"),
        ("[2001:db8::1]:4713 [fe80::7%eth0] [::1]", "[SERVER]:4713 [SERVER] [::1]"),
    ],
)
def test_another_machine_is_taken_out_too(monkeypatch: pytest.MonkeyPatch, server: str, told: str) -> None:
    monkeypatch.setenv("PULSE_SERVER", server)
    assert Veil.of_this_process().text(f"cannot connect to {server}: refused") == f"cannot connect to {told}: refused"


def test_a_user_without_an_entry_and_a_home_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("pathlib.Path.home", none)
    assert Veil.of_this_process().text("/somewhere: 1.0") == "/somewhere: 1.0"


def test_the_json_is_for_bug_reports(run: Callable[..., Ran], tmp_path: Path) -> None:
    ran = run("doctor", "--host", "null", "--json", USER="zaphod", PULSE_SERVER=f"unix:{tmp_path}/home/zaphod/nobody")
    assert ran.code == 3  # no audio system answers
    told: dict[str, Any] = ran.json
    assert list(told) == ["software", "hosts", "findings", "next"]
    assert all(
        list(one) == ["topic", "state", "text", "details", "advice", "commands", "facts"] for one in told["findings"]
    )
    assert told["software"]["pcmio"] == pcmio.__version__
    assert {one["topic"] for one in told["findings"]} >= {"Audio systems", "Buffers"}
    assert told["next"]
    assert "zaphod" not in ran.out
    assert str(tmp_path / "home") not in ran.out
    for private in {getpass.getuser(), socket.gethostname()} - {"root", "localhost"}:
        assert private not in json.dumps(told)


# --- the command ----------------------------------------------------------------------------------------------------


def test_it_says_why_there_is_no_sound_and_what_to_type(run: Callable[..., Ran]) -> None:
    ran = run("doctor")
    assert (ran.code, ran.err) == (3, "")
    assert "BAD   PulseAudio is not available" in ran.out
    assert "no audio system answers" in ran.out
    assert ran.out.splitlines()[-1].startswith("  ")
    assert "pcmio demo --host null" in ran.out


@pytest.mark.parametrize(
    ("value", "state", "text"),
    [
        ("nosuch", State.PROBLEM, "PCMIO_HOST is 'nosuch': there is no such audio system"),
        ("jack", State.PROBLEM, "PCMIO_HOST asks for JACK, which is not available"),
        ("Null", State.HINT, "PCMIO_HOST asks for Null, which makes no sound"),
        ("alsa", State.NOTE, "PCMIO_HOST asks for ALSA"),
    ],
)
def test_a_choice_of_the_environment_is_told(made: Made, value: str, state: State, text: str) -> None:
    there = [HostFacts(name.lower(), name, default=False, error=None) for name in ("ALSA", "Null")]
    hosts = [*there, HostFacts("jack", "JACK", default=False, error=pcmio.HostUnavailable("no server"))]
    (found,) = look_at_choice(made.machine(env={"PCMIO_HOST": value}), hosts)
    assert (found.state, found.text) == (state, text)
    assert not list(look_at_choice(made.machine(), hosts))


@pytest.mark.parametrize("more", [(), ("--no-open",)], ids=str)
def test_a_host_that_does_not_exist_is_no_traceback(run: Callable[..., Ran], more: tuple[str, ...]) -> None:
    ran = run("doctor", "--host", "nosuch", *more)
    assert ran.code == 2
    assert "there is no host named 'nosuch'" in ran.err


def test_a_host_that_is_not_there_is_a_finding(run: Callable[..., Ran]) -> None:
    ran = run("doctor", "--host", "pulseaudio")
    assert (ran.code, ran.err) == (3, "")
    assert "Buffers\n  BAD   " in ran.out


def test_no_device_is_opened_when_that_is_not_wanted(run: Callable[..., Ran]) -> None:
    assert "Buffers" not in run("doctor", "--host", "null", "--no-open").out


def test_a_real_server_is_found_and_its_buffers_are_looked_at(
    run: Callable[..., Ran], pulse: PulseServer, on_pulse: dict[str, str]
) -> None:
    del pulse
    ran = run("doctor", "--json", **on_pulse)
    assert ran.code in (0, 1), ran.err
    texts = [one["text"] for one in ran.json["findings"]]
    assert "PulseAudio answers, and is the default" in texts
    # What is said of it depends on what else runs on the machine.
    (server,) = [one for one in ran.json["findings"] if one["facts"].get("server") == "pulseaudio"]
    assert (server["facts"]["answers"], server["facts"]["runs"]) == (True, True)
    probed = [one["facts"] for one in ran.json["findings"] if one["topic"] == "Buffers"]
    assert probed
    assert all(facts["host"] == "pulseaudio" and facts["block_frames"] > 0 for facts in probed)
