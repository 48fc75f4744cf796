"""``-``: WAV and samples alone, from standard input and to standard output."""

from __future__ import annotations

import io
import os
import signal
import struct
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

import pcmio
from pcmio.cli import main
from pcmio.cli.files import ENCODINGS
from pcmio.cli.pipes import wav_header

from .conftest import frequency, soundfile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pcmio.hosts.null import NullHost

    from .conftest import Ran

NULL = ("--host", "null")
TONE = (*NULL, "--device", "tone")


class Piped(NamedTuple):
    """What came out of a program that was fed bytes."""

    code: int
    out: bytes
    err: str


@pytest.fixture
def pipe(
    null: NullHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Piped]:
    """``pipe(b"...", "play", "-")``: the command in this process, with bytes on standard input, as a pipe holds."""
    del null

    def pipe(fed: bytes, *arguments: str) -> Piped:
        inner, outer = os.pipe()
        os.write(outer, fed)
        os.close(outer)
        with os.fdopen(inner) as stdin, (tmp_path / "out").open("w") as stdout, monkeypatch.context() as patched:
            patched.setattr(sys, "stdin", stdin)
            patched.setattr(sys, "stdout", stdout)
            code = main(arguments)
        return Piped(code, (tmp_path / "out").read_bytes(), capsys.readouterr().err)

    return pipe


def wav(sound: Any, subtype: str, container: str = "WAV", rate: int = 48_000) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sound, rate, subtype, format=container)
    return file.getvalue()


@pytest.fixture
def noise() -> Any:
    return np.random.default_rng(4).uniform(-0.5, 0.5, (4_800, 2))


# --- in -------------------------------------------------------------------------------------------------------------


def played(piped: Piped) -> dict[str, Any]:
    import json

    assert piped.code == 0, piped.err
    (one,) = json.loads(piped.out)["played"]
    return dict(one)


@pytest.mark.parametrize("container", ["WAV", "AIFF", "AU"])
def test_a_sound_on_standard_input_is_played(pipe: Callable[..., Piped], noise: Any, container: str) -> None:
    told = played(pipe(wav(noise, "PCM_16", container), "play", "-", *NULL, "--json"))
    assert (told["file"], told["frames"], told["sample_rate"]) == ("-", 4_800, 48_000)
    assert told["peak_db"] == pytest.approx(-6.02, abs=0.1)


@pytest.mark.parametrize("size", [0, 0x7FFFF000, 0xFFFFFFFF])
def test_a_header_that_does_not_know_the_length_is_played_to_the_end(
    pipe: Callable[..., Piped], noise: Any, size: int
) -> None:
    fed = bytearray(wav(noise, "PCM_16"))
    fed[40:44] = struct.pack("<I", size)
    assert played(pipe(bytes(fed), "play", "-", *NULL, "--json"))["frames"] == 4_800


@pytest.mark.parametrize(
    ("name", "kind"), [("i16", "<i2"), ("i32", "<i4"), ("f32", "<f4"), ("f64", "<f8"), ("u8", "u1"), ("i24", "i24")]
)
def test_samples_alone_are_played_as_they_are_said_to_be(
    pipe: Callable[..., Piped], noise: Any, name: str, kind: str
) -> None:
    mono = noise[:, :1]
    if kind == "i24":
        fed = (mono * (1 << 23)).astype("<i4").view("u1").reshape(-1, 4)[:, :3].tobytes()
    elif kind == "u1":
        fed = (mono * 127 + 128).astype("u1").tobytes()
    else:
        scale = 1.0 if kind[1] == "f" else float(1 << (8 * int(kind[2]) - 1))
        fed = (mono * scale).astype(kind).tobytes()
    arguments = ("play", "-", *NULL, "--raw", name, "--raw-rate", "44100", "--raw-channels", "1", "--json")
    told = played(pipe(fed, *arguments))
    assert (told["frames"], told["sample_rate"]) == (4_800, 44_100)
    assert told["peak_db"] == pytest.approx(-6.02, abs=0.1)


def test_samples_alone_may_be_in_a_file(run: Callable[..., Ran], noise: Any, tmp_path: Path) -> None:
    (tmp_path / "a.pcm").write_bytes(noise.astype("<f4").tobytes())
    ran = run("play", "a.pcm", *NULL, "--raw", "f32")
    assert (ran.code, ran.err) == (0, "")
    assert "played 0:00.1" in ran.out


def test_ctrl_c_ends_the_wait_for_the_first_byte(call: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[object] = []

    def look(*wanted: object) -> tuple[list[int], list[int], list[int]]:
        looks.append(wanted)
        if len(looks) == 3:
            raise KeyboardInterrupt
        return [], [], []

    inner, outer = os.pipe()
    with os.fdopen(inner) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr("pcmio.cli.pipes.select.select", look)
        assert call("play", "-").code == 130
    os.close(outer)
    assert len(looks) == 3


def test_what_is_no_sound_is_told(pipe: Callable[..., Piped]) -> None:
    piped = pipe(b"certainly no sound" * 10, "play", "-", *NULL)
    assert piped.code == 6
    assert piped.err.startswith("pcmio: standard input: ")
    assert "--raw" in piped.err


def test_an_empty_pipe_is_told(pipe: Callable[..., Piped]) -> None:
    assert pipe(b"", "play", "-", *NULL).code == 6


def test_ctrl_c_ends_it_though_the_pipe_stands_still(alone: dict[str, str]) -> None:
    inner, outer = os.pipe()
    command = [sys.executable, "-m", "pcmio", "play", "-", *NULL, "--raw", "i16"]
    os.write(outer, bytes(4800))
    with subprocess.Popen(command, env=alone, stdin=inner, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        os.close(inner)
        assert program.stdout is not None
        assert b"standard input" in program.stdout.readline()
        program.send_signal(signal.SIGINT)
        _, err = program.communicate(timeout=60)
    os.close(outer)
    assert (program.returncode, err.strip()) == (130, b"")


# --- out ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", list(ENCODINGS))
def test_a_recording_on_standard_output_is_a_wav(pipe: Callable[..., Piped], encoding: str) -> None:
    piped = pipe(b"", "record", "-", *TONE, "--seconds", "0.3", "--format", encoding)
    assert piped.code == 0, piped.err
    assert "→ standard output" in piped.err
    sound, rate = soundfile.read(io.BytesIO(piped.out))
    assert soundfile.info(io.BytesIO(piped.out)).subtype == ENCODINGS[encoding].subtype
    assert (sound.shape, rate) == ((14_400, 2), 48_000)
    assert frequency(sound[2000:, 0], rate) == pytest.approx(440, abs=1)
    assert np.abs(sound).max() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(("encoding", "width"), [("i16", 2), ("i24", 3), ("f32", 4)])
def test_samples_alone_are_all_that_is_written(pipe: Callable[..., Piped], encoding: str, width: int) -> None:
    arguments = ("record", "-", *TONE, "--seconds", "0.2", "--raw", "--format", encoding, "--channels", "1")
    piped = pipe(b"", *arguments)
    assert len(piped.out) == 9_600 * width
    assert "raw" in piped.err


def test_one_pcmio_plays_what_another_records(alone: dict[str, str]) -> None:
    pcmio_command = f'"{sys.executable}" -m pcmio'
    shell = f"{pcmio_command} record - {' '.join(TONE)} --seconds 1 | {pcmio_command} play - {' '.join(NULL)} --json"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", shell], env=alone, capture_output=True, timeout=60, check=False
    )
    told = played(Piped(done.returncode, done.stdout, done.stderr.decode()))
    assert (told["frames"], told["peak_db"]) == (48_000, -6.02)


def test_a_reader_that_has_enough_ends_the_recording(alone: dict[str, str]) -> None:
    command = [sys.executable, "-m", "pcmio", "record", "-", *TONE]
    with subprocess.Popen(command, env=alone, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stdout.read(1000).startswith(b"RIFF")
        program.stdout.close()
        program.stdout = None
        _, err = program.communicate(timeout=60)
    assert program.returncode == 0
    assert b"Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("record", "-", "--json"), "cannot both have standard output"),
        (("record", "a.wav", "--raw"), "--raw is for standard output"),
    ],
)
def test_what_cannot_be_is_told(run: Callable[..., Ran], arguments: tuple[str, ...], said: str) -> None:
    ran = run(*arguments, *TONE)
    assert ran.code == 2
    assert said in ran.err


def test_a_terminal_gets_no_samples(alone: dict[str, str]) -> None:
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    outer, inner = pty.openpty()
    command = [sys.executable, "-m", "pcmio", "record", "-", *TONE, "--seconds", "0.1"]
    done = subprocess.run(command, env=alone, stdin=inner, stdout=inner, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, b"is a terminal" in done.stderr) == (2, True)
    command = [sys.executable, "-m", "pcmio", "play", "-", *NULL]
    done = subprocess.run(command, env=alone, stdin=inner, stdout=inner, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, b"is a terminal" in done.stderr) == (6, True)
    os.close(inner)
    os.close(outer)


def test_a_header_is_one_that_others_read() -> None:
    header = wav_header(ENCODINGS["i24"], pcmio.StreamConfig(6, 96_000))
    about = soundfile.info(io.BytesIO(header + bytes(6 * 3 * 10)))
    assert (about.channels, about.samplerate, about.subtype) == (6, 96_000, "PCM_24")
