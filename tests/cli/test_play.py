"""``pcmio play`` and ``pcmio beep``: what the device gets."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pcmio

from .conftest import frequency, soundfile

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pcmio.hosts.null import NullHost

    from .conftest import Ran

LOOPBACK = ("--device", "loopback")
#: So that a busy machine cannot cost a sample.
DEEP = ("--depth", "1")


@contextmanager
def listening(null: NullHost, channels: int = 2, rate: int = 48_000) -> Generator[Callable[[], Any]]:
    """Record the loopback; the function gives what came, from the first to the last sample that is not silent."""
    device = null.device_by_id("null:loopback")
    heard: list[Any] = []

    def sound() -> Any:
        everything = np.concatenate(heard)
        (loud,) = np.nonzero(everything.any(axis=1))
        return everything[loud[0] : loud[-1] + 1] if len(loud) else everything[:0]

    config = pcmio.StreamConfig(channels, rate, pcmio.BufferSize.fixed(240))
    with device.build_input_stream(config, lambda frames, _info: heard.append(frames.copy()), depth=2.0) as stream:
        yield sound
        end = stream.position + rate // 20
        while stream.position < end:
            time.sleep(0.005)


@pytest.fixture
def noise(tmp_path: Path) -> Callable[..., tuple[str, Any]]:
    """A file of noise with sound in its first and last frame, and its samples."""

    def noise(name: str, subtype: str, *, channels: int = 2, rate: int = 48_000) -> tuple[str, Any]:
        samples = np.random.default_rng(7).integers(-(1 << 31), 1 << 31, (12_345, channels), np.int32)
        soundfile.write(tmp_path / name, samples, rate, subtype)
        return str(tmp_path / name), soundfile.read(tmp_path / name, dtype="float64", always_2d=True)[0]

    return noise


@pytest.mark.parametrize(
    ("name", "subtype"),
    [("a.wav", "PCM_16"), ("a.wav", "PCM_24"), ("a.flac", "PCM_24"), ("a.wav", "FLOAT"), ("a.aiff", "PCM_16")],
)
def test_every_sample_of_a_file_is_played_as_it_is(
    call: Callable[..., Ran], null: NullHost, noise: Callable[..., tuple[str, Any]], name: str, subtype: str
) -> None:
    path, samples = noise(name, subtype)
    with listening(null) as sound:
        ran = call("play", path, *LOOPBACK, *DEEP)
    assert ran.code == 0, ran.err
    np.testing.assert_array_equal(sound(), samples.astype(np.float32))


@pytest.mark.parametrize("rate", [8_000, 44_100, 96_000])
def test_a_rate_that_the_device_takes_is_the_devices(
    call: Callable[..., Ran], null: NullHost, noise: Callable[..., tuple[str, Any]], rate: int
) -> None:
    path, samples = noise("a.wav", "PCM_16", rate=rate)
    with listening(null, rate=rate) as sound:
        ran = call("play", path, *LOOPBACK, *DEEP)
    assert f"2 ch, {rate} Hz\n" in ran.out
    np.testing.assert_array_equal(sound(), samples)


def test_a_rate_that_is_asked_for_is_resampled_to(
    call: Callable[..., Ran], null: NullHost, sine: Callable[..., str]
) -> None:
    with listening(null) as sound:
        ran = call("play", sine("a.wav", rate=44_100), *LOOPBACK, *DEEP, "--rate", "48000")
    assert "resampled 44100 → 48000 Hz" in ran.out
    heard = sound()
    assert abs(len(heard) - 24_000) < 500
    assert frequency(heard[:, 0], 48_000) == pytest.approx(440, abs=0.5)
    assert np.abs(heard).max() == pytest.approx(0.25, abs=0.02)


def test_a_rate_that_the_device_does_not_take_is_resampled_to_its_own(
    call: Callable[..., Ran], sine: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pcmio.cli import targets
    from pcmio.hosts.null import NullDeviceSpec, NullKind, open_host

    only = NullDeviceSpec("card", NullKind.SINK, channels=2, sample_rates=(48_000, 48_000))
    monkeypatch.setattr(targets, "host", lambda _name: open_host(devices=[only]))
    ran = call("play", sine("a.wav", rate=22_050, channels=4), "--host", "null", "--json")
    (played,) = ran.json["played"]
    assert (played["sample_rate"], played["channels"], played["frames"]) == (48_000, 2, 24_000)


def test_mono_is_heard_on_both_sides(
    call: Callable[..., Ran], null: NullHost, noise: Callable[..., tuple[str, Any]]
) -> None:
    path, samples = noise("a.wav", "PCM_16", channels=1)
    with listening(null) as sound:
        ran = call("play", path, *LOOPBACK, *DEEP)
    assert "mono on both sides" in ran.out
    np.testing.assert_array_equal(sound(), np.repeat(samples, 2, axis=1))


def test_more_channels_go_to_a_device_that_has_them(
    call: Callable[..., Ran], null: NullHost, noise: Callable[..., tuple[str, Any]]
) -> None:
    path, samples = noise("a.wav", "PCM_16", channels=6)
    with listening(null, channels=6) as sound:
        call("play", path, *LOOPBACK, *DEEP)
    np.testing.assert_array_equal(sound(), samples)


def test_the_volume_is_a_factor(call: Callable[..., Ran], null: NullHost, sine: Callable[..., str]) -> None:
    with listening(null) as sound:
        call("play", sine("a.wav"), *LOOPBACK, "--volume", "0.5")
    assert np.abs(sound()).max() == pytest.approx(0.125, abs=1e-4)


def test_files_are_played_one_after_the_other_and_told_in_json(
    call: Callable[..., Ran], sine: Callable[..., str]
) -> None:
    ran = call("play", sine("a.wav"), sine("b.flac", rate=44_100), "--json")
    first, second = ran.json["played"]
    assert list(first) == [
        *("file", "device", "channels", "sample_rate", "sample_format", "buffer_size", "frames", "seconds", "peak_db"),
        *("xruns", "xrun_frames", "interrupted"),
    ]
    assert (first["frames"], second["frames"]) == (24_000, 22_050)
    assert first["peak_db"] == pytest.approx(-12.04, abs=0.05)
    assert not first["interrupted"]


def test_a_flac_file_that_does_not_know_its_length_is_played_to_its_end(
    call: Callable[..., Ran], sine: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(sine("a.flac"))
    written = bytearray(path.read_bytes())  # STREAMINFO follows 8 bytes; 36 bits from byte 13 on are its frames
    written[21] &= 0xF0
    written[22:26] = bytes(4)
    path.write_bytes(written)
    ran = call("play", str(path), "--json")
    assert ran.code == 0, ran.err
    assert ran.json["played"][0]["frames"] == 24_000
    with path.open() as file:
        monkeypatch.setattr("sys.stdin", file)
        ran = call("play", "-", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["played"][0]["frames"] == 24_000


@pytest.mark.parametrize("ending", ["mp3", "wav", "aiff", "au", "w64", "rf64", "flac"])
def test_of_a_file_that_is_cut_off_all_that_is_there_is_played_and_then_it_is_told(
    call: Callable[..., Ran], sine: Callable[..., str], ending: str
) -> None:
    path = Path(sine(f"a.{ending}"))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    there = frames_in(path)
    assert there < 24_000 - 4608
    ran = call("play", str(path), sine("b.wav", seconds=0.1), "--json")
    assert [played["frames"] for played in ran.json["played"]] == [there, 4800]
    assert ran.code == 6
    what = "it cannot be read to its end: " if ending == "flac" else "it ends after 0:00."
    assert ran.err.startswith(f"pcmio: {path}: {what}")
    assert ran.err.endswith("  → it may be damaged, or not complete\n")


def frames_in(path: Path) -> int:
    """As far as it can be read."""
    frames = 0
    with soundfile.SoundFile(path) as file, suppress(soundfile.LibsndfileError):
        file.seekable = lambda: False
        while piece := len(file.read(64)):
            frames += piece
    return frames


@pytest.mark.parametrize("tag", [b"", b"ID3\3\0\0\0\0\0\x10" + b"Info" + bytes(12)])
def test_an_mp3_is_cut_off_only_if_it_counts_its_frames(
    call: Callable[..., Ran], sine: Callable[..., str], tag: bytes
) -> None:
    path = Path(sine("a.mp3"))
    cut = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(tag + cut)
    assert call("play", str(path)).code == 6
    path.write_bytes(tag + cut.replace(b"Xing", bytes(4)).replace(b"Info", bytes(4)))
    assert call("play", str(path)).code == 0


def test_a_file_without_frames_is_played_at_once(call: Callable[..., Ran], sine: Callable[..., str]) -> None:
    (played,) = call("play", sine("a.wav", seconds=0), "--json").json["played"]
    assert (played["frames"], played["peak_db"]) == (0, None)


def test_a_beep_is_a_sine_of_the_frequency_length_and_volume_asked_for(
    call: Callable[..., Ran], null: NullHost
) -> None:
    with listening(null) as sound:
        ran = call("beep", *LOOPBACK, "--frequency", "1000", "--seconds", "0.4", "--volume", "0.5", *DEEP)
    heard = sound()
    assert ran.out.startswith("1000 Hz on Loopback (null:loopback)")
    assert abs(len(heard) - 19_200) <= 2
    assert frequency(heard[:, 0], 48_000) == pytest.approx(1000, abs=0.5)
    assert np.abs(heard).max() == pytest.approx(0.5, abs=0.001)
    assert np.abs(heard[:2]).max() < 0.01  # no click


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_at_once(alone: dict[str, str], sine: Callable[..., str], number: int) -> None:
    path = sine("a.wav", seconds=60)
    command = [sys.executable, "-m", "pcmio", "play", path, "--host", "null"]
    with subprocess.Popen(command, env=alone, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        program.stdout.readline()
        time.sleep(0.5)
        begin = time.monotonic()
        program.send_signal(number)
        out, err = program.communicate(timeout=60)
    assert time.monotonic() - begin < 20, "it is a minute long"
    assert (program.returncode, err) == (130, "")
    assert "stopped at 0:0" in out


def test_a_stolen_device_is_told(
    call: Callable[..., Ran], null: NullHost, meanwhile: Callable[..., None], sine: Callable[..., str]
) -> None:
    meanwhile("null:sink", null.device_by_id("null:sink").lose)
    ran = call("play", sine("a.wav", seconds=30), "--device", "null:sink")
    assert ran.code == 4
    assert "the device is gone" in ran.err
