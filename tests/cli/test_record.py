"""``pcmio record``: what is in the file."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import wave
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pcmio
from pcmio.cli import files
from pcmio.testing import until

from .conftest import frequency, soundfile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pcmio.hosts.null import NullHost

    from .conftest import Ran

TONE = ("--device", "tone")


@pytest.mark.parametrize(
    ("name", "arguments", "kind"),
    [
        ("a.wav", [], ("WAV", "FLOAT")),
        ("a.wav", ["--format", "i16"], ("WAV", "PCM_16")),
        ("a.wav", ["--format", "i24"], ("WAV", "PCM_24")),
        ("a.wav", ["--format", "i32"], ("WAV", "PCM_32")),
        ("a.wav", ["--format", "f64"], ("WAV", "DOUBLE")),
        ("a.flac", [], ("FLAC", "PCM_24")),
        ("a.flac", ["--format", "i16"], ("FLAC", "PCM_16")),
        ("a.ogg", [], ("OGG", "VORBIS")),
        ("a.opus", [], ("OGG", "OPUS")),
        ("a.mp3", [], ("MP3", "MPEG_LAYER_III")),
        ("a.aiff", ["--format", "i16"], ("AIFF", "PCM_16")),
    ],
)
def test_the_tone_is_in_the_file(
    call: Callable[..., Ran], tmp_path: Path, name: str, arguments: list[str], kind: tuple[str, str]
) -> None:
    path = tmp_path / name
    ran = call("record", str(path), *TONE, "--seconds", "0.5", *arguments)
    assert ran.code == 0, ran.err
    about = soundfile.info(path)
    assert (about.format, about.subtype, about.samplerate, about.channels) == (*kind, 48_000, 2)
    sound, rate = soundfile.read(path)
    if kind[0] != "MP3":  # which pads both ends
        assert len(sound) == 24_000
    assert frequency(sound[2000:, 0], rate) == pytest.approx(440, abs=0.5)
    assert np.abs(sound).max() == pytest.approx(0.5, abs=0.03)


def test_channels_and_rate_are_those_asked_for(call: Callable[..., Ran], tmp_path: Path) -> None:
    ran = call(
        "record", str(tmp_path / "a.wav"), *TONE, "--seconds", "0.2", "--channels", "1", "--rate", "16000", "--json"
    )
    assert ran.json == ran.json | {
        "channels": 1,
        "sample_rate": 16_000,
        "frames": 3200,
        "seconds": 0.2,
        "peak_db": -6.02,
    }
    sound, rate = soundfile.read(tmp_path / "a.wav", always_2d=True)
    assert (sound.shape, rate) == ((3200, 1), 16_000)


def test_the_json_keeps_its_keys(call: Callable[..., Ran], tmp_path: Path) -> None:
    ran = call("record", str(tmp_path / "a.flac"), *TONE, "--seconds", "0.1", "--json")
    assert list(ran.json) == [
        *("file", "container", "encoding", "device", "channels", "sample_rate", "sample_format", "buffer_size"),
        *("frames", "seconds", "peak_db", "xruns", "xrun_frames", "interrupted"),
    ]


@pytest.mark.parametrize(
    ("encoding", "dtype"), [("i16", "int16"), ("i24", "int32"), ("i32", "int32"), ("f32", "float32")]
)
def test_every_sample_is_kept_as_it_is(
    call: Callable[..., Ran], null: NullHost, meanwhile: Callable[..., None], tmp_path: Path, encoding: str, dtype: str
) -> None:
    """Noise is played to the loopback, in the file's own format, while it is recorded."""
    kept = files.ENCODINGS[encoding]
    width = {"i16": 16, "i24": 24, "i32": 32}.get(encoding)
    random = np.random.default_rng(3)
    noise: Any = (
        random.uniform(-1, 1, (9600, 2)).astype("f4")
        if width is None
        else random.integers(-(1 << (width - 1)), 1 << (width - 1), (9600, 2)).astype(kept.stream_format.dtype)
    )
    at = 0

    def fill(frames: Any, _info: pcmio.CallbackInfo) -> None:
        nonlocal at
        if at >= len(noise):
            raise pcmio.StopStream
        frames[:] = noise[at : at + len(frames)]
        at += len(frames)

    config = pcmio.StreamConfig(2, 48_000, pcmio.BufferSize.fixed(480), kept.stream_format)
    stream = null.device_by_id("null:loopback").build_output_stream(config, fill, depth=0.5)
    meanwhile("null:loopback", stream.start, streams=2)
    call("record", str(tmp_path / "a.wav"), "--device", "loopback", "--seconds", "2", "--format", encoding)
    stream.close()
    sound, _ = soundfile.read(tmp_path / "a.wav", dtype=dtype)
    (loud,) = np.nonzero(sound.any(axis=1))
    expected = noise << 8 if encoding == "i24" else noise
    np.testing.assert_array_equal(sound[loud[0] : loud[0] + len(noise)], expected)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGINT)])
@pytest.mark.parametrize("ending", ["wav", "flac", "ogg"])
def test_ctrl_c_ends_the_recording_and_keeps_it_whole(
    alone: dict[str, str], tmp_path: Path, ending: str, number: int
) -> None:
    path = tmp_path / f"a.{ending}"
    command = [sys.executable, "-m", "pcmio", "record", str(path), "--host", "null", *TONE]
    with subprocess.Popen(command, env=alone, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        program.stdout.readline()
        time.sleep(1.0)
        program.send_signal(number)
        program.send_signal(number)  # who is impatient loses nothing
        out, err = program.communicate(timeout=60)
    assert (program.returncode, err) == (0, "")
    assert "recorded 0:0" in out
    sound, rate = soundfile.read(path)
    assert 0.3 < len(sound) / rate < 20
    assert frequency(sound[:, 0], rate) == pytest.approx(440, abs=0.5)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="nobody is killed here")
@pytest.mark.parametrize("ending", ["wav", "aiff", "au", "caf", "mat4", "rf64", "w64"])
def test_of_a_recording_that_is_killed_the_header_tells_what_is_there(
    alone: dict[str, str], tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"a.{ending}"
    command = [sys.executable, "-m", "pcmio", "record", str(path), "--host", "null", *TONE, "--format", "i16"]
    with subprocess.Popen(command, env=alone, stdout=subprocess.DEVNULL) as program:
        until(lambda: path.exists() and path.stat().st_size > 100_000, "half a second")
        there = path.stat().st_size
        program.kill()
    sound, _ = soundfile.read(path)
    assert len(sound) * 4 > there - 20_000  # a block whose header was not written yet, and the header itself
    assert frequency(sound[:, 0], 48_000) == pytest.approx(440, abs=1)


def test_a_wav_that_was_killed_tells_programs_that_believe_its_header(alone: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    command = [sys.executable, "-m", "pcmio", "record", str(path), "--host", "null", *TONE, "--format", "i16"]
    with subprocess.Popen(command, env=alone, stdout=subprocess.DEVNULL) as program:
        until(lambda: path.exists() and path.stat().st_size > 100_000, "half a second")
        program.kill()
    with wave.open(str(path)) as file:
        assert file.getnframes() > 20_000


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="a closed terminal is no signal here")
def test_a_closed_terminal_does_not_end_what_nohup_has_started(alone: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    record = [sys.executable, "-m", "pcmio", "record", str(path), "--host", "null", *TONE, "--seconds", "1"]
    with subprocess.Popen(["nohup", *record], env=alone, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        program.stdout.readline()
        program.send_signal(signal.SIGHUP)
        program.communicate(timeout=60)
    assert program.returncode == 0
    assert soundfile.info(path).frames == 48_000


def test_ctrl_c_before_the_time_asked_for_is_told_to_the_shell(alone: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pcmio", "record", str(tmp_path / "a.wav"), "--host", "null", "--seconds", "60"]
    with subprocess.Popen(command, env=alone, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        program.stdout.readline()
        time.sleep(0.4)
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=60)
    assert program.returncode == 130
    assert soundfile.info(tmp_path / "a.wav").frames > 0


def test_a_file_is_replaced_only_when_that_is_asked_for(call: Callable[..., Ran], tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_text("precious")
    ran = call("record", str(path), *TONE, "--seconds", "0.1")
    assert ran.code == 6
    assert "exists already" in ran.err
    assert path.read_text() == "precious"
    assert call("record", str(path), *TONE, "--seconds", "0.1", "--force").code == 0
    assert soundfile.info(path).frames == 4800


def test_what_was_recorded_before_the_device_was_lost_is_kept(
    call: Callable[..., Ran], null: NullHost, meanwhile: Callable[..., None], tmp_path: Path
) -> None:
    meanwhile("null:tone", null.device_by_id("null:tone").lose)
    ran = call("record", str(tmp_path / "a.wav"), *TONE)
    assert ran.code == 4
    assert "recorded 0:0" in ran.out
    sound, rate = soundfile.read(tmp_path / "a.wav")
    assert len(sound) > 4800
    assert frequency(sound[:, 0], rate) == pytest.approx(440, abs=1)


def test_lost_input_becomes_silence_so_that_the_file_stays_true_to_time(
    call: Callable[..., Ran], null: NullHost, meanwhile: Callable[..., None], tmp_path: Path
) -> None:
    device = null.device_by_id("null:tone")
    meanwhile("null:tone", lambda: device.skip(4800))
    ran = call("record", str(tmp_path / "a.wav"), *TONE, "--seconds", "2", "--json")
    assert ran.json["xrun_frames"] == 4800
    assert ran.json["xruns"] == 1
    sound, _ = soundfile.read(tmp_path / "a.wav")
    assert len(sound) == 96_000
    silent = np.flatnonzero(~sound[:, 0].astype(bool))
    assert 4800 <= len(silent) < 5000
    assert "xrun" not in ran.err


def test_a_slow_disk_loses_nothing(call: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = soundfile.SoundFile.write
    stalls = iter([0.8])

    def slow(file: Any, block: Any) -> None:
        time.sleep(next(stalls, 0))
        write(file, block)

    monkeypatch.setattr(soundfile.SoundFile, "write", slow)
    ran = call("record", str(tmp_path / "a.wav"), *TONE, "--seconds", "1", "--json")
    assert (ran.json["frames"], ran.json["xruns"]) == (48_000, 0)
    sound, _ = soundfile.read(tmp_path / "a.wav")
    at = np.arange(48_000)
    turn = 2 * np.pi * 440 / 48_000
    fit = np.stack([np.sin(turn * at), np.cos(turn * at)], axis=1)
    weights, *_ = np.linalg.lstsq(fit, sound[:, 0], rcond=None)
    assert np.abs(sound[:, 0] - fit @ weights).max() < 1e-3  # one sine, without a jump


def test_a_full_disk_is_told_and_what_was_written_is_kept(
    call: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write = soundfile.SoundFile.write
    blocks = iter(range(50))

    def failing(file: Any, block: Any) -> None:
        if next(blocks, None) is None:
            raise OSError(28, "No space left on device")
        write(file, block)

    monkeypatch.setattr(soundfile.SoundFile, "write", failing)
    ran = call("record", str(tmp_path / "a.wav"), *TONE, "--buffer-size", "480")
    assert ran.code == 6
    assert "No space left on device" in ran.err
    assert soundfile.info(tmp_path / "a.wav").frames == 50 * 480


def test_a_disk_that_has_gone_is_told(
    call: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def failing(_file: Any, _block: Any) -> None:
        raise soundfile.LibsndfileError(2)

    def gone(_path: Any) -> Any:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(soundfile.SoundFile, "write", failing)
    monkeypatch.setattr("shutil.disk_usage", gone)
    ran = call("record", str(tmp_path / "a.wav"), *TONE, "--seconds", "1")
    assert ran.code == 6
    assert "the system takes no more of it (No such file or directory)" in ran.err


@pytest.mark.parametrize("ending", ["wav", "aiff"])
def test_a_recording_ends_where_its_file_can_have_no_more_and_says_so(
    call: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ending: str
) -> None:
    from pcmio.cli import files

    monkeypatch.setattr(files, "_MOST_BYTES", 9_600 * 8)
    ran = call("record", str(tmp_path / f"a.{ending}"), *TONE, "--buffer-size", "480")
    assert ran.code == 6
    assert f"a.{ending}: a {ending} file ends at 4 GB\n  → what was written until then is kept" in ran.err
    assert soundfile.info(tmp_path / f"a.{ending}").frames == 9_600


def test_a_recording_that_is_too_long_for_its_file_does_not_begin(call: Callable[..., Ran], tmp_path: Path) -> None:
    long = ("--seconds", "11200")  # two channels of 32-bit floats at 48 kHz
    ran = call("record", str(tmp_path / "a.wav"), *TONE, *long)
    assert (ran.code, ran.out) == (6, "")
    assert ran.err.endswith("a.wav: a wav file ends at 4 GB\n  → record longer ones to .w64 or .rf64\n")
    assert not (tmp_path / "a.wav").exists()


def test_a_device_that_goes_before_it_began_leaves_no_empty_file(
    call: Callable[..., Ran], null: NullHost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from pcmio.cli import files

    open_to_write = files._open_to_write

    def lose_and_open(path: str, plan: Any, config: Any) -> Any:
        null.misfortune.unplug("null:tone")
        return open_to_write(path, plan, config)

    monkeypatch.setattr(files, "_open_to_write", lose_and_open)
    ran = call("record", str(tmp_path / "a.wav"), *TONE, "--seconds", "1")
    assert ran.code == 4, ran.err
    assert "recorded" not in ran.out
    assert not (tmp_path / "a.wav").exists()
