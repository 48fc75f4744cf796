"""What is listed, what is found by name, and what a device says that it can do."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio import (
    BackendError,
    DeviceNotAvailable,
    Direction,
    HostUnavailable,
    InvalidInput,
    PermissionDenied,
    ResourceExhausted,
    SampleFormat,
)
from pcmio.hosts.alsa import cards as cards_module
from pcmio.hosts.alsa.cards import find_cards, types_of
from pcmio.hosts.alsa.host import AlsaHost
from tests.hosts.exhausted import run_exhausted
from tests.servers.asound import configuration, shown

if TYPE_CHECKING:
    from collections.abc import Generator


def ids(host: pcmio.Host) -> list[str]:
    return [device.id.id for device in host.devices()]


def test_what_the_configuration_shows_is_listed_once(host: pcmio.Host) -> None:
    assert sorted(ids(host)) == ["default", "dump", "fixed", "hw_like", "nothing"]
    assert ids(host)[0] == "default"
    nothing = host.device_by_id("alsa:nothing")
    assert str(nothing.description) == "nothing of the tests [virtual] via virtual"
    assert nothing.description.direction is Direction.DUPLEX


def test_defaults_are_the_pcm_of_that_name(host: pcmio.Host) -> None:
    for default in (host.default_output_device(), host.default_input_device()):
        assert default is not None
        assert default.id.id == "default"


def test_without_a_default_the_first_device_is_it(tmp_path: Path) -> None:
    with configuration(tmp_path, shown("only", "type null")), pcmio.host("alsa") as host:
        default = host.default_output_device()
        assert default is not None
        assert default.id.id == "only"


def test_a_default_that_refers_to_a_card_that_is_not_there_is_none(tmp_path: Path) -> None:
    refers = 'pcm.default { @func refer name { @func concat strings [ "cards." { @func card_driver card 0 } ] } }\n'
    with configuration(tmp_path, refers), pcmio.host("alsa") as host:
        assert ids(host) == []
        assert host.default_output_device() is None
        assert host.default_input_device() is None
        with pytest.raises(HostUnavailable, match=r"no sound card.*no default PCM") as caught:
            host.check_available()
        assert [what for what, _ in caught.value.tried] == ["sound cards", "default"]
        assert "devices()" not in str(caught.value)  # which would be a list of nothing


@pytest.mark.parametrize("name", ["hidden", "plug:nothing", "null", "plug:dump", "nothing", "default"])
def test_whatever_the_configuration_defines_is_found_by_its_name(host: pcmio.Host, name: str) -> None:
    device = host.device_by_id(f"alsa:{name}")
    assert device.id.id == name
    assert device.supported_output_configs()


@pytest.mark.parametrize("name", ["nowhere", "hw:0", "hw:CARD=Gone,DEV=0", "plughw:5", "plug", "nothing:x"])
def test_what_nothing_defines_is_not_found(host: pcmio.Host, name: str) -> None:
    with pytest.raises(DeviceNotAvailable, match=name):
        host.device_by_id(f"alsa:{name}").supported_output_configs()


def test_a_pcm_whose_slave_is_missing_says_so_when_it_is_opened(host: pcmio.Host) -> None:
    device = host.device_by_id("alsa:missing")
    with pytest.raises(DeviceNotAvailable, match=r"Unknown PCM nowhere.*snd_pcm_open: -2") as caught:
        device.default_output_config()
    assert caught.value.code == -2


def test_listing_opens_nothing(tmp_path: Path) -> None:
    file = tmp_path / "opened"
    definition = shown("marked", f'type file\nslave.pcm "null"\nfile "{file}"\nformat raw')
    with configuration(tmp_path, definition, default="marked"), pcmio.host("alsa") as host:
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(20):
            assert host.devices()
            assert host.device_by_id("alsa:marked").name
            assert host.default_output_device()
        assert len(list(Path("/proc/self/fd").iterdir())) == before
        assert not file.exists(), "a PCM was opened"


def test_another_configuration_is_seen_by_the_same_host(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with configuration(tmp_path, shown("one", "type null")), pcmio.host("alsa") as host:
        assert ids(host) == ["one"]
        with configuration(tmp_path / "other", shown("two", "type null")):
            assert ids(host) == ["two"]
        assert ids(host) == ["one"]


def test_types_go_down_to_the_end_of_the_chain(host: pcmio.Host) -> None:
    assert isinstance(host, AlsaHost)
    assert host.types_of("plug:dump", Direction.OUTPUT) == ("plug", "file", "null")
    assert host.types_of("fixed", Direction.INPUT) == ("plug", "file", "null")
    assert host.types_of("nothing", Direction.OUTPUT) == ("null",)
    assert host.types_of("nowhere", Direction.OUTPUT) == ()
    assert host.types_of("both", Direction.OUTPUT) == ("asym", "file", "null")
    assert host.types_of("both", Direction.INPUT) == ("asym", "null")


def test_a_chain_that_bites_its_tail_has_an_end(tmp_path: Path) -> None:
    loop = 'pcm.one { type plug slave.pcm "two" }\npcm.two { type plug slave.pcm "one" }\n'
    with configuration(tmp_path, loop), pcmio.host("alsa") as host:
        assert isinstance(host, AlsaHost)
        assert set(types_of(host.libs, "one", Direction.OUTPUT, 1.0)) == {"plug"}


def test_ids_of_other_hosts_are_refused(host: pcmio.Host) -> None:
    with pytest.raises(InvalidInput, match="another host"):
        host.device_by_id("pulseaudio:nothing")


def test_what_a_pcm_converts_from_is_not_what_it_has(host: pcmio.Host) -> None:
    """A plug PCM takes anything; its numbers are cut to what can be meant."""
    configs = host.device_by_id("alsa:fixed").supported_output_configs()
    assert max(entry.channels for entry in configs) == 64
    assert max(entry.max_sample_rate for entry in configs) <= 768_000
    assert {entry.sample_format for entry in configs} >= {SampleFormat.F32, SampleFormat.I24_PACKED, SampleFormat.I16}


def test_the_default_config_is_the_one_that_needs_least(host: pcmio.Host) -> None:
    default = host.device_by_id("alsa:nothing").default_output_config()
    assert (default.channels, default.sample_rate, default.sample_format) == (2, 48_000, SampleFormat.F32)
    assert default.buffer_size.min_frames == 1


# --- cards, as libasound tells of them --------------------------------------------------------------------------------


class CardsOnly:
    """The functions that tell of cards, for cards that this machine does not have."""

    cards: dict[int, dict[str, Any]]

    def __init__(self, cards: dict[int, dict[str, Any]]) -> None:
        self.cards = cards
        self.closed = 0
        self._wanted = (0, 0)

    def snd_card_next(self, card: Any) -> int:
        card._obj.value = min((index for index in self.cards if index > card._obj.value), default=-1)
        return 0

    def snd_ctl_open(self, ctl: Any, name: bytes, _mode: int) -> int:
        index = int(name.decode().removeprefix("hw:"))
        if "refuses" in self.cards[index]:
            code: int = self.cards[index]["refuses"]
            return code
        ctl._obj.value = index + 100
        return 0

    def snd_ctl_close(self, _ctl: int) -> int:
        self.closed += 1
        return 0

    def snd_ctl_card_info_sizeof(self) -> int:
        return 8

    def snd_pcm_info_sizeof(self) -> int:
        return 8

    def snd_ctl_card_info(self, ctl: int, info: Any) -> int:
        info[0] = ctl - 100
        code: int = self.cards[ctl - 100].get("info", 0)
        return code

    def _text(self, info: Any, key: str) -> bytes:
        text: bytes = self.cards[info.raw[0]].get(key, b"")
        return text

    def snd_ctl_card_info_get_id(self, info: Any) -> bytes:
        return self._text(info, "id")

    def snd_ctl_card_info_get_name(self, info: Any) -> bytes:
        return self._text(info, "name")

    def snd_ctl_card_info_get_longname(self, info: Any) -> bytes:
        return self._text(info, "long")

    def snd_ctl_card_info_get_driver(self, info: Any) -> bytes:
        return self._text(info, "driver")

    def snd_ctl_card_info_get_mixername(self, info: Any) -> bytes:
        return self._text(info, "mixer")

    def snd_ctl_pcm_next_device(self, ctl: int, device: Any) -> int:
        pcms = self.cards[ctl - 100].get("pcms", {})
        device._obj.value = min((number for number in pcms if number > device._obj.value), default=-1)
        return 0

    def snd_pcm_info_set_device(self, _info: Any, device: int) -> None:
        self._wanted = (device, self._wanted[1])

    def snd_pcm_info_set_subdevice(self, _info: Any, _subdevice: int) -> None:
        pass

    def snd_pcm_info_set_stream(self, _info: Any, stream: int) -> None:
        self._wanted = (self._wanted[0], stream)

    def snd_ctl_pcm_info(self, ctl: int, info: Any) -> int:
        info[0] = ctl - 100
        return 0 if self._wanted[1] in self.cards[ctl - 100]["pcms"][self._wanted[0]] else -2

    def snd_pcm_info_get_id(self, _info: Any) -> bytes:
        return b"id"

    def snd_pcm_info_get_name(self, _info: Any) -> bytes:
        return b"PCM %d" % self._wanted[0]


class LibsWithCards:
    """In place of ``Libraries``."""

    def __init__(self, cards: dict[int, dict[str, Any]]) -> None:
        self.asound = CardsOnly(cards)

    def said(self) -> list[str]:
        return []


PLAYBACK, CAPTURE = 0, 1


@pytest.fixture
def no_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory in place of the kernel's: this machine may have cards of its own."""
    folder = tmp_path / "snd"
    folder.mkdir()
    monkeypatch.setattr(cards_module, "NODES", str(folder))
    return folder


@pytest.mark.usefixtures("no_nodes")
def test_each_pcm_device_of_a_card_is_one_entry() -> None:
    libs: Any = LibsWithCards(
        {
            0: {"id": b"PCH", "name": b"HDA", "pcms": {0: {PLAYBACK, CAPTURE}, 3: {PLAYBACK}, 2: {CAPTURE}}},
            1: {"refuses": -13},  # not for this user
            4: {"id": b"Gone", "info": -19},  # unplugged this moment
            5: {"id": b"Midi", "name": b"No PCM at all"},
        }
    )
    cards = find_cards(libs)
    assert [(card.index, card.id, len(card.pcms)) for card in cards] == [(0, "PCH", 3), (5, "Midi", 0)]
    found = [(pcm.device, pcm.plays, pcm.records) for pcm in cards[0].pcms]
    assert found == [(0, True, True), (2, False, True), (3, True, False)]
    assert libs.asound.closed == 3


@pytest.mark.parametrize("code", [-24, -23, -12])
@pytest.mark.usefixtures("no_nodes")
def test_a_card_that_cannot_be_asked_for_want_of_descriptors_is_not_taken_for_gone(code: int) -> None:
    libs: Any = LibsWithCards({0: {"id": b"PCH", "name": b"HDA", "pcms": {0: {PLAYBACK}}}, 1: {"refuses": code}})
    with pytest.raises(ResourceExhausted, match=os.strerror(-code)) as caught:
        find_cards(libs)
    assert (caught.value.call, caught.value.code) == ("snd_ctl_open", code)


def test_a_card_that_libasound_passes_over_for_want_of_descriptors_is_not_taken_for_gone(
    no_nodes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (no_nodes / "controlC0").touch()
    (no_nodes / "controlC1").touch()
    libs: Any = LibsWithCards({0: {"id": b"PCH", "name": b"HDA", "pcms": {0: {PLAYBACK}}}})
    real = os.open

    def refuse(code: int) -> None:
        def refusing(path: Any, *rest: Any) -> int:
            if str(path) == str(no_nodes / "controlC1"):
                raise OSError(code, os.strerror(code))
            return real(path, *rest)

        monkeypatch.setattr(os, "open", refusing)

    refuse(24)
    with pytest.raises(ResourceExhausted, match="Too many open files"):
        find_cards(libs)
    refuse(13)  # it is for others: that is no want
    assert [card.id for card in find_cards(libs)] == ["PCH"]


def test_a_card_that_came_meanwhile_is_found(no_nodes: Path) -> None:
    (no_nodes / "controlC0").touch()
    libs: Any = LibsWithCards({})
    come = {0: {"id": b"PCH", "name": b"HDA", "pcms": {0: {PLAYBACK}}}}
    asked = libs.asound.snd_card_next

    def late(index: Any) -> int:
        answer: int = asked(index)
        libs.asound.cards = come
        return answer

    libs.asound.snd_card_next = late
    assert [card.id for card in find_cards(libs)] == ["PCH"]


_WITHOUT_DESCRIPTORS = """
import pcmio
host = pcmio.host("alsa")
taken = use_up(64)
questions = (host.devices, host.default_input_device, host.check_available, lambda: host.device_by_id("alsa:hw:0"))
for ask in questions:
    try:
        ask()
    except pcmio.ResourceExhausted as error:
        print("too many" in str(error).lower())
for one in taken:
    os.close(one)
host.devices()
"""


def test_a_program_without_descriptors_is_told_so_and_lives_on() -> None:
    done = run_exhausted(_WITHOUT_DESCRIPTORS)
    assert (done.returncode, done.stdout) == (0, "True\n" * 4), done.stderr


@pytest.fixture
def with_cards(host: pcmio.Host, monkeypatch: pytest.MonkeyPatch, no_nodes: Path) -> pcmio.Host:
    """The host, and a card that nothing can open."""
    stand_in: Any = LibsWithCards(
        {1: {"id": b"USB", "name": b"Scarlett", "driver": b"USB-Audio", "pcms": {0: {PLAYBACK, CAPTURE}, 1: {CAPTURE}}}}
    )
    assert not list(no_nodes.iterdir())
    monkeypatch.setattr("pcmio.hosts.alsa.host.find_cards", lambda _libs: find_cards(stand_in))
    return host


def test_cards_are_listed_by_their_id_and_found_by_their_number(with_cards: pcmio.Host) -> None:
    host = with_cards
    assert ids(host)[-2:] == ["hw:CARD=USB,DEV=0", "hw:CARD=USB,DEV=1"]
    device = host.device_by_id("alsa:hw:1")
    assert device.id.id == "hw:CARD=USB,DEV=0"
    assert device in host.devices()
    assert host.device_by_id("alsa:plughw:USB,1").description.direction is Direction.INPUT
    with pytest.raises(DeviceNotAvailable, match="no device 7"):
        host.device_by_id("alsa:hw:USB,7")
    host.check_available()


def test_a_configuration_that_cannot_be_read_says_where_and_what_to_mend(tmp_path: Path) -> None:
    with configuration(tmp_path, "pcm.broken {{{ = ]\n"), pcmio.host("alsa") as host:
        for ask in (host.devices, host.default_output_device, lambda: host.device_by_id("alsa:default")):
            with pytest.raises(BackendError, match=r"Unexpected char; .*corrupted.*~/\.asoundrc") as caught:
                ask()
            assert caught.value.code == -22


def test_cards_that_come_or_go_have_the_configuration_read_anew(
    with_cards: pcmio.Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    monkeypatch.setattr("pcmio.hosts.alsa.host.forget_configuration", lambda *_: read.append(1))
    with_cards.devices()
    read.clear()
    with_cards.devices()
    assert not read
    monkeypatch.setattr("pcmio.hosts.alsa.host.find_cards", lambda _libs: [])
    with_cards.devices()
    assert read == [1]


@pytest.mark.parametrize("name", ["caf\udce9", "\ud800"])
def test_an_id_that_is_no_text_is_nobodys(host: pcmio.Host, name: str) -> None:
    with pytest.raises(DeviceNotAvailable):
        host.device_by_id(f"alsa:{name}")


@contextmanager
def nodes(monkeypatch: pytest.MonkeyPatch, folder: Path, *, readable: bool) -> Generator[None]:
    folder.mkdir()
    (folder / "controlC0").touch()
    monkeypatch.setattr(cards_module, "NODES", str(folder))
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: readable if str(folder) in str(path) else real(path, mode))
    yield


def test_cards_that_are_not_for_this_user_are_a_matter_of_permission(
    host: pcmio.Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """libasound says "no such device" then, or that there are no cards."""
    with nodes(monkeypatch, tmp_path / "snd", readable=False):
        with pytest.raises(PermissionDenied, match="group audio"):
            host.device_by_id("alsa:hw:0")
        with pytest.raises(PermissionDenied):
            host.device_by_id("alsa:missing").default_output_config()
        with pytest.raises(PermissionDenied):
            host.check_available()


def test_a_list_that_is_empty_for_want_of_permission_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with configuration(tmp_path, ""), pcmio.host("alsa") as host:
        assert ids(host) == []
        with nodes(monkeypatch, tmp_path / "snd", readable=False):
            for ask in (host.devices, host.default_output_device):
                with pytest.raises(PermissionDenied, match="group audio"):
                    ask()


def test_cards_that_may_be_used_are_no_reason(
    host: pcmio.Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with nodes(monkeypatch, tmp_path / "snd", readable=True), pytest.raises(DeviceNotAvailable):
        host.device_by_id("alsa:hw:0")


# --- what libasound says ----------------------------------------------------------------------------------------------


def test_libasound_prints_nothing_and_its_words_are_logged(
    host: pcmio.Host, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "pcmio"), pytest.raises(DeviceNotAvailable):
        host.device_by_id("alsa:missing").default_output_config()
    assert capfd.readouterr() == ("", "")
    assert any("libasound: " in record.getMessage() and "nowhere" in record.getMessage() for record in caplog.records)


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from pcmio.hosts.alsa import library
    from pcmio.hosts.alsa.abi import Asound

    monkeypatch.setattr(library, "_libraries", None)
    monkeypatch.setattr(Asound, "names", {"linux": ("libasound-that-is-not-there.so.9",)})
    with pytest.raises(HostUnavailable, match=r"(?s)alsa-lib.*libasound-that-is-not-there"):
        pcmio.host("alsa")
