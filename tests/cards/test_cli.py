"""The command line on a kernel's cards: what the doctor says of them, and samples through the loop."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]

from pcmio.cli import main
from pcmio.testing import until
from tests.vm import controls

from . import proc
from .loopback import INPUT, OUTPUT

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

_CD = ("-f", "S16_LE", "-r", "48000", "-c", "2")
#: One that mixes, and keeps more than a third of a second.
_DEEP = """
pcm.!default { type asym playback.pcm { type plug slave.pcm deep } capture.pcm { type plug slave.pcm "hw:Dummy" } }
pcm.deep { type dmix ipc_key 5678 slave { pcm "hw:Loopback,0,0" rate 48000 period_size %d buffer_size %d } }
"""


class Ran(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def findings(self) -> list[dict[str, Any]]:
        """What a doctor found."""
        found: list[dict[str, Any]] = json.loads(self.out)["findings"]
        return found


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """``call("doctor")``: the command in this process, for each start of Python takes seconds here."""

    def call(*arguments: str) -> Ran:
        code = main(arguments)
        caught = capsys.readouterr()
        return Ran(code, caught.out, caught.err)

    return call


def _command(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "pcmio", *arguments], stdout=subprocess.PIPE, text=True, **options
    )


@contextmanager
def _held(pcm: str, card: str) -> Generator[subprocess.Popen[bytes]]:
    """A card that aplay plays to."""
    with subprocess.Popen(["aplay", "-q", "-D", pcm, *_CD, "/dev/zero"], stderr=subprocess.DEVNULL) as player:
        try:
            until(lambda: proc.state(card) == "RUNNING", "aplay playing")
            yield player
        finally:
            player.kill()


# --- doctor -----------------------------------------------------------------------------------------------------------


def test_the_doctor_tells_cards_and_who_holds_one(call: Callable[..., Ran]) -> None:
    with _held("hw:Loopback,0,0", "Loopback") as player, _held("hw:Intel", "Intel") as other:
        ran = call("doctor", "--host", "alsa")
    assert (ran.code, ran.err) == (1, "")
    assert "the kernel has Loopback (Loopback), Dummy (Dummy), Intel (HDA-Intel)" in ran.out
    # The loop has places for eight.
    assert f"Loopback, device 0: aplay (process {player.pid}) plays to it; 7 of its 8 places are free" in ran.out
    assert f"hint  Intel, device 0: aplay (process {other.pid}) plays to it: opened directly it is busy" in ran.out
    # The default mixes on the loop's first place.
    assert "BAD   ALSA's default output is busy: " in ran.out
    assert f"Loopback, device 0 is held by aplay (process {player.pid}); Intel, " in ran.out.replace("\n        ", " ")


def test_the_doctor_tells_programs_of_cards_that_are_free(call: Callable[..., Ran]) -> None:
    ran = call("doctor", "--json", "--no-open")
    assert (ran.code, ran.err) == (0, "")
    assert {one["topic"] for one in ran.findings} == {
        *("Audio systems", "Sound servers", "Sound cards", "Real-time priority")
    }
    assert [one["text"] for one in ran.findings if one["topic"] == "Sound cards"] == [
        "the kernel has Loopback (Loopback), Dummy (Dummy), Intel (HDA-Intel)",
        "this user may use them (root may all)",
    ]


def test_the_doctor_tells_a_user_outside_the_group_which_one_to_join() -> None:
    with _command("doctor", user=65_534, group=65_534, extra_groups=[], env={**os.environ, "COLUMNS": "200"}) as child:
        out, _ = child.communicate()
    assert child.returncode == 3
    assert "BAD   ALSA is not available: this user may not use the sound cards of this machine" in out
    assert "BAD   this user may not use 11 of 11 nodes in /dev/snd" in out
    assert "join the group audio and log in again" in out
    assert "  sudo usermod -aG audio $USER" in out.partition("Next, type:")[2]


def test_a_deep_default_is_named_with_the_setting_that_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it does mend it."""
    monkeypatch.setenv("HOME", str(tmp_path))

    def output(period_frames: int, buffer_frames: int) -> dict[str, Any]:
        (tmp_path / ".asoundrc").write_text(_DEEP % (period_frames, buffer_frames))
        # In a process of its own: alsa-lib reads its configuration once.
        with _command("doctor", "--json") as child:
            out, _ = child.communicate()
        found = [one for one in json.loads(out)["findings"] if one["facts"].get("direction") == "output"]
        return dict(found[0])

    deep = output(16_384, 65_536)
    assert deep["state"] == "hint"
    assert deep["facts"]["device_seconds"] > 0.3
    assert all(word in deep["advice"] for word in ("~/.asoundrc", "dmix", "period_size", "480 and 1920"))
    mended = output(480, 1920)
    assert (mended["state"], mended["advice"]) == ("ok", None)


def test_a_card_that_is_pulled_while_the_doctor_looks_does_not_break_him(
    usb_card: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".asoundrc").write_text(f'pcm.!default {{ type plug slave.pcm "hw:{usb_card}" }}')
    with _command("doctor") as child:
        until(lambda: proc.state(usb_card) == "RUNNING", "the doctor playing to it", 60)
        controls.pull_out()
        out, _ = child.communicate()
    assert child.returncode == 1
    assert f"{usb_card} (USB-Audio)" in out
    assert "BAD   ALSA's default output is not there, or went away a moment ago" in out
    assert "  pcmio devices" in out.partition("Next, type:")[2]


# --- samples ----------------------------------------------------------------------------------------------------------


def test_a_file_that_is_played_into_the_loop_is_recorded_sample_by_sample(
    call: Callable[..., Ran], tmp_path: Path
) -> None:
    frames = np.random.default_rng(1).integers(1, 1 << 15, (24_000, 2)).astype("<i2")
    source, copy = tmp_path / "source.flac", tmp_path / "copy.wav"
    soundfile.write(source, frames, 48_000)
    with _command("record", str(copy), "--device", INPUT, "--format", "i16", "--seconds", "2", "--json") as recorder:
        until(lambda: proc.state("Loopback", "pcm1c") == "RUNNING", "the recorder running", 60)
        played = call("play", str(source), "--device", OUTPUT, "--json")
        told = json.loads(recorder.communicate()[0])
    assert (recorder.returncode, told["xruns"], told["frames"]) == (0, 0, 96_000)
    assert played.code == 0
    assert (json.loads(played.out)["played"][0]["frames"], json.loads(played.out)["played"][0]["xruns"]) == (24_000, 0)
    heard = soundfile.read(copy, dtype="int16")[0]
    sounding = heard[heard.any(axis=1)]
    assert len(sounding) == len(frames)
    assert (sounding == frames).all()


@pytest.mark.parametrize("block_frames", [120, 1024])
def test_the_way_through_the_loop_is_as_long_as_its_buffers(call: Callable[..., Ran], block_frames: int) -> None:
    ran = call(
        *("latency", "--device", OUTPUT, "--input", INPUT, "--count", "5", "--json"),
        *("--buffer-size", str(block_frames)),
    )
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert (told["measured"], told["lost"], told["buffer_size"]) == (5, 0, block_frames)
    # At least what is filled before it is played, at most a few buffers each way, and the card's tick.
    least, most = told["seconds"]["min"], told["seconds"]["max"]
    assert block_frames / 48_000 < least <= most < 8 * block_frames / 48_000 + 0.05
    # What no timestamp accounts for is less than a frame: the card's clock is the system's.
    assert abs(told["seconds"]["untold"]) < 1 / 48_000


def test_sound_is_passed_on_from_one_card_to_another(call: Callable[..., Ran]) -> None:
    ran = call("loopback", "--input", INPUT, "--device", "alsa:hw:CARD=Dummy,DEV=0", "--seconds", "0.5", "--json")
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert (told["input"], told["output"]) == (INPUT, "alsa:hw:CARD=Dummy,DEV=0")
    assert 20_000 < told["frames"] < 30_000


def test_the_mixers_part_of_the_latency_is_told(call: Callable[..., Ran]) -> None:
    """While its buffer is filled, at the start, it tells of none."""
    told = json.loads(call("info", "alsa:default", "--json").out)["devices"][0]
    delays = told["output"]["latency"]
    assert [delay["error"] for delay in delays] == [None, None]
    assert all(0.01 < delay["device"] < 0.1 for delay in delays), delays


# --- who comes and goes -----------------------------------------------------------------------------------------------


def test_a_usb_card_is_listed_told_and_told_off(call: Callable[..., Ran]) -> None:
    with _command("monitor", "--device", "alsa:hw:CARD=Dummy,DEV=0", "--seconds", "30", "--json") as monitor:
        assert monitor.stdout is not None
        events = (json.loads(line) for line in monitor.stdout)
        assert next(events)["event"] == "listening"
        device_id = f"alsa:hw:CARD={controls.plug_in()},DEV=0"
        added = next(event for event in events if event["event"] != "levels")
        assert (added["event"], added["id"], added["direction"]) == ("device_added", device_id, "output")
        listed = json.loads(call("devices", "--host", "alsa", "--json").out)["devices"]
        assert device_id in {device["id"] for device in listed}
        told = json.loads(call("info", device_id, "--json").out)["devices"][0]
        assert (told["interface"], told["input"]) == ("usb", None)
        assert all(0.001 < delay["device"] < 0.1 for delay in told["output"]["latency"])
        controls.pull_out()
        removed = next(event for event in events if event["event"] != "levels")
        assert (removed["event"], removed["id"]) == ("device_removed", device_id)
        monitor.terminate()
