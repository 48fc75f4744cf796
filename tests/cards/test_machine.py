"""The machine is what it claims to be: seen by alsa-utils, without pcmio."""

from __future__ import annotations

import subprocess
import time
import wave
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pcmio.testing import until
from tests.vm import controls

from . import proc

if TYPE_CHECKING:
    from pathlib import Path

_CD = ("-f", "S16_LE", "-r", "48000", "-c", "2")


def _parameters(pcm: str) -> dict[str, str]:
    """What a PCM can do, by alsa-lib's names."""
    done = subprocess.run(
        ["aplay", "-D", pcm, "--dump-hw-params", *_CD, "-s", "4800", "-t", "raw", "/dev/zero"],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.partition(":") for line in done.stderr.splitlines()]
    return {key: value.strip() for key, colon, value in lines if colon and key.isupper()}


@pytest.mark.parametrize(
    ("card", "formats", "channels", "periods"),
    [
        ("Loopback", "S32_LE", "[1 32]", "[1 1024]"),
        ("Dummy", "U8 S16_LE", "[1 2]", "[1 1024]"),
        ("Intel", "S16_LE", "2", "[2 32]"),
    ],
)
def test_each_card_has_limits_of_its_own(card: str, formats: str, channels: str, periods: str) -> None:
    found = _parameters(f"hw:{card}")
    assert formats in found["FORMAT"]
    assert (found["CHANNELS"], found["PERIODS"]) == (channels, periods)


def test_what_is_played_into_the_loop_is_recorded_bit_for_bit(tmp_path: Path) -> None:
    frames = np.random.default_rng(1).integers(1, 1 << 15, (24_000, 2)).astype("<i2")
    played, recorded = tmp_path / "played.wav", tmp_path / "recorded.wav"
    with wave.open(str(played), "wb") as file:
        file.setparams((2, 2, 48_000, 0, "NONE", "not compressed"))
        # At the end of a drained stream aplay's last period comes through the loop damaged (Linux 6.1).
        file.writeframes(frames.tobytes() + bytes(4 * 24_000))
    recorder = subprocess.Popen(["arecord", "-q", "-D", "hw:Loopback,1,7", *_CD, "-d", "3", str(recorded)])
    subprocess.run(["aplay", "-q", "-D", "hw:Loopback,0,7", str(played)], check=True)
    assert recorder.wait() == 0
    with wave.open(str(recorded), "rb") as file:
        heard = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    sounding = heard[heard.any(axis=1)]
    assert len(sounding) == len(frames)
    assert (sounding == frames).all()


@pytest.mark.parametrize("card", ["Loopback", "Dummy", "Intel"])
def test_cards_keep_the_time(card: str) -> None:
    """Half a second each, within the 15 % that the emulated HDA runs ahead at its start."""
    began = time.monotonic()
    subprocess.run(["aplay", "-q", "-D", f"hw:{card}", *_CD, "-s", "48000", "/dev/zero"], check=True)
    assert 0.8 < time.monotonic() - began < 3


def test_a_usb_card_comes_and_goes(usb_card: str) -> None:
    found = _parameters(f"hw:{usb_card}")
    assert (found["FORMAT"], found["RATE"], found["PERIOD_SIZE"]) == ("S16_LE", "48000", "[48 48000]")
    player = subprocess.Popen(
        ["aplay", "-q", "-D", f"hw:{usb_card}", *_CD, "/dev/zero"], stderr=subprocess.PIPE, text=True
    )
    until(lambda: proc.state(usb_card) == "RUNNING", "the card playing")
    controls.pull_out()
    _, said = player.communicate(timeout=20)
    assert player.returncode != 0
    assert "No such device" in said
    assert usb_card not in controls.card_names()


def test_a_card_is_taken_from_its_driver_and_given_back() -> None:
    driver, device = controls.unbind("Dummy")
    assert "Dummy" not in controls.card_names()
    assert not _parameters("hw:Dummy")
    controls.bind(driver, device)
    until(lambda: "Dummy" in controls.card_names(), "the card being back")
    assert _parameters("hw:Dummy")
