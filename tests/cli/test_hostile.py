"""What nobody means well by: odd numbers, odd names, outputs that are closed or full, files that cannot be."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from rich.console import Console

from pcmio import StreamConfig
from pcmio.cli.scope import _View
from pcmio.cli.screen import Screen
from pcmio.hosts.null import NullDeviceSpec, NullHost, NullKind

from .conftest import soundfile

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Ran

NULL = ("--host", "null")
FULL = Path("/dev/full")
unix = pytest.mark.skipif(sys.platform == "win32", reason="file names are bytes on Unix only")


def shell(alone: dict[str, str], folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """A line of bash, in which $pcmio is the program."""
    env = {**alone, "pcmio": f"{sys.executable} -m pcmio"}
    return subprocess.run(
        ["bash", "-c", line], env=env, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e308", "-1", "", "abc"])
@pytest.mark.parametrize(
    "command",
    [
        ("beep", "--seconds"),
        ("beep", "--volume"),
        ("play", "a.wav", "--volume"),
        ("record", "a.wav", "--seconds"),
        ("scope", "--window"),
        ("loopback", "--seconds"),
        ("latency", "--volume"),
        ("stress", "--depth"),
    ],
    ids=" ".join,
)
def test_what_is_no_number_to_go_by_is_a_wrong_command_line(
    call: Callable[..., Ran], command: tuple[str, ...], number: str
) -> None:
    ran = call(*command, number)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"pcmio: Invalid value for '{command[-1]}'")


@pytest.mark.parametrize(
    "arguments",
    [
        ("devices", "--host", ""),
        ("beep", "--host", ""),
        ("beep", "--device", " "),
        ("loopback", "--input", ""),
        ("info", ""),
        ("play", ""),
        ("record", ""),
        ("scope", "--save", ""),
    ],
)
def test_an_empty_word_is_no_default(call: Callable[..., Ran], arguments: tuple[str, ...]) -> None:
    ran = call(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "it is empty" in ran.err


def test_a_tone_that_a_rate_cannot_hold_is_refused(call: Callable[..., Ran]) -> None:
    ran = call("beep", "--frequency", "24001", "--seconds", "0.1")
    assert ran.code == 2
    assert "24001 Hz is more than 48000 frames in a second can hold" in ran.err
    assert call("beep", "--frequency", "24000", "--seconds", "0.1").code == 0


# --- standard input and output --------------------------------------------------------------------------------------


@pytest.mark.skipif(not FULL.exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize(
    "command",
    ["--help", "completion bash", "devices --host null", "devices --host null --json", "record --host null a.wav"],
)
def test_an_output_that_is_full_is_told_in_a_line(alone: dict[str, str], tmp_path: Path, command: str) -> None:
    done = shell(alone, tmp_path, f"$pcmio {command} > {FULL}")
    assert (done.returncode, done.stderr) == (6, "pcmio: standard output: No space left on device\n")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
@pytest.mark.parametrize("command", ["hosts", "--help", "record --host null a.wav --seconds 0.1 --json"])
def test_what_is_closed_is_not_needed(alone: dict[str, str], tmp_path: Path, command: str, closed: str) -> None:
    done = shell(alone, tmp_path, f"$pcmio {command} {closed}")
    assert (done.returncode, done.stderr) == (0, "")
    if command.startswith("record"):
        assert soundfile.info(str(tmp_path / "a.wav")).frames == 4800


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("record --host null - >&-", "standard output is closed"),
        ("play --host null - <&-", "standard input is closed"),
    ],
)
def test_a_pipe_that_is_closed_is_told(alone: dict[str, str], tmp_path: Path, line: str, said: str) -> None:
    done = shell(alone, tmp_path, f"$pcmio {line}")
    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr.startswith(f"pcmio: {said}\n  → ")


# --- names ----------------------------------------------------------------------------------------------------------


@unix
def test_a_file_name_need_not_be_unicode(alone: dict[str, str], tmp_path: Path) -> None:
    done = shell(
        alone, tmp_path, "$pcmio record --host null $'\\xff.wav' --seconds 0.1 && $pcmio play --host null *.wav"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "→ ?.wav" in done.stdout
    assert "?.wav → " in done.stdout
    assert (os.fsencode(tmp_path) + b"/\xff.wav") in [os.fsencode(path) for path in tmp_path.iterdir()]


@unix
def test_a_file_name_has_no_say_over_the_terminal(call: Callable[..., Ran], sine: Callable[..., str]) -> None:
    ran = call("play", sine("\x1b[31m[red]\nx.wav"))
    assert ran.code == 0, ran.err
    assert "?[31m[red]?x.wav → " in ran.out
    ran = call("play", "no\nsuch\x1bfile.wav")
    assert (ran.code, ran.err) == (6, "pcmio: no?such?file.wav: No such file or directory\n")


@pytest.mark.parametrize("columns", ["200", "60"])
def test_neither_has_a_devices(
    call: Callable[..., Ran], null: NullHost, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    null.misfortune.plug(NullDeviceSpec("\x1b[31m[red]\u202eodd", NullKind.SINK))
    ran = call("devices", "--host", "null")
    assert ran.code == 0, ran.err
    assert "null:?[31m[red]?odd" in ran.out
    ran = call("beep", "--device", "odd", "--seconds", "0.05")
    assert ran.code == 0, ran.err
    assert "\x1b" not in ran.out


# --- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["xi", "wve"])
def test_a_file_that_holds_no_usual_samples_is_refused(call: Callable[..., Ran], tmp_path: Path, ending: str) -> None:
    ran = call("record", str(tmp_path / f"a.{ending}"), "--seconds", "0.1")
    assert ran.code == 6
    assert f"{ending} files hold no samples that pcmio writes" in ran.err


def test_a_rate_that_crashes_libvorbis_is_refused(run: Callable[..., Ran], tmp_path: Path) -> None:
    ran = run("record", "a.ogg", *NULL, "--rate", "384000", "--seconds", "0.1")
    assert (ran.code, ran.err.splitlines()[0]) == (6, "pcmio: a.ogg: an ogg file does not hold 384000 Hz")
    assert not (tmp_path / "a.ogg").exists()
    assert run("record", "a.ogg", *NULL, "--rate", "200000", "--seconds", "0.1").code == 0


def test_a_file_is_not_replaced_by_one_that_cannot_be(call: Callable[..., Ran], tmp_path: Path) -> None:
    take = tmp_path / "take.mp3"
    assert call("record", str(take), "--seconds", "0.1").code == 0
    before = take.read_bytes()
    ran = call("record", str(take), "--seconds", "0.1", "--rate", "7", "--force")
    assert ran.code == 6
    assert "take.mp3: MPEG-1/2/2.5 only supports sample rates" in ran.err
    assert take.read_bytes() == before
    assert call("record", str(take), "--seconds", "0.2", "--force").code == 0
    assert take.read_bytes() != before


def test_more_channels_than_a_file_holds_are_told(call: Callable[..., Ran], tmp_path: Path) -> None:
    ran = call("record", str(tmp_path / "a.flac"), "--channels", "32", "--seconds", "0.1")
    assert ran.code == 6
    assert "a flac file does not hold 32 channels at 48000 Hz" in ran.err
    assert not (tmp_path / "a.flac").exists()


def test_a_directory_is_not_recorded_to(call: Callable[..., Ran], tmp_path: Path) -> None:
    ran = call("record", f"{tmp_path}/a.wav/", "--seconds", "0.1", "--force")
    assert ran.code == 6
    assert "a.wav/: Is a directory" in ran.err
    assert not (tmp_path / "a.wav").exists()


@unix
@pytest.mark.parametrize(
    "command", [("record", "{}.wav", "--force"), ("scope", "--save", "{}.png"), ("record", "{}.wav")], ids=" ".join
)
def test_a_name_that_is_too_long_is_told(call: Callable[..., Ran], tmp_path: Path, command: tuple[str, ...]) -> None:
    name = str(tmp_path / ("a" * 300))
    ran = call(*(word.format(name) for word in command), "--seconds", "0.1")
    assert (ran.code, ran.out) == (6, "")
    assert "File name too long" in ran.err


@unix
def test_a_pipe_is_not_replaced_and_nobody_waits_for_its_reader(call: Callable[..., Ran], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.wav")
    ran = call("record", str(tmp_path / "a.wav"), "--force", "--seconds", "0.1")
    assert ran.code == 6
    assert "a.wav is no file, and is not replaced\n  → a pipe takes standard output" in ran.err
    assert (tmp_path / "a.wav").is_fifo()


@unix
@pytest.mark.parametrize(
    "line",
    [
        "mkfifo pipe; cat a.wav > pipe & $pcmio play --host null --json pipe",
        "$pcmio play --host null --json <(cat a.wav)",
    ],
)
def test_a_named_pipe_is_opened_once_and_played(
    alone: dict[str, str], sine: Callable[..., str], tmp_path: Path, line: str
) -> None:
    sine("a.wav")
    done = shell(alone, tmp_path, line)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["played"][0]["frames"] == 24_000


@unix
def test_what_is_no_sound_in_a_named_pipe_is_told_by_its_name(alone: dict[str, str], tmp_path: Path) -> None:
    done = shell(alone, tmp_path, "mkfifo pipe; echo certainly no sound > pipe & $pcmio play --host null pipe")
    assert done.returncode == 6
    assert done.stderr.startswith("pcmio: pipe: ")


@unix
def test_ctrl_c_ends_it_though_a_named_pipe_stands_still(alone: dict[str, str], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    command = [sys.executable, "-m", "pcmio", "play", str(tmp_path / "pipe"), *NULL, "--raw", "i16"]
    with subprocess.Popen(command, env=alone, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout is not None
        with (tmp_path / "pipe").open("wb", buffering=0) as writer:
            writer.write(bytes(4800))
            assert b"pipe" in program.stdout.readline()
            program.send_signal(signal.SIGINT)
            _, err = program.communicate(timeout=60)
    assert (program.returncode, err.strip()) == (130, b"")


def test_a_picture_that_another_program_would_have_to_draw_is_refused_at_once(
    call: Callable[..., Ran], tmp_path: Path
) -> None:
    ran = call("scope", "--seconds", "0.1", "--save", str(tmp_path / "a.pgf"))
    assert (ran.code, ran.out) == (6, "")
    assert "its ending names no picture" in ran.err


@pytest.mark.parametrize(("value", "peak"), [(np.inf, 770.64), (np.nan, None)])
def test_samples_that_are_no_numbers_are_numbers_in_json(
    call: Callable[..., Ran], tmp_path: Path, value: float, peak: float | None
) -> None:
    soundfile.write(tmp_path / "a.wav", np.full((4800, 2), value, np.float32), 48_000, "FLOAT")
    ran = call("play", str(tmp_path / "a.wav"), "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out, parse_constant=pytest.fail)["played"][0]["peak_db"] == peak


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_samples_that_are_no_numbers_are_drawn(null: NullHost, value: float) -> None:
    """As those of JACK and PipeWire may be."""
    view = _View(Screen(), null.device_by_id("null:tone"), StreamConfig(2, 48_000), 0.02)
    view._take(np.full((8192, 2), value, np.float32), None)  # type: ignore[arg-type]  # it is not looked at
    console = Console(file=io.StringIO(), width=80)
    console.print(view)
    stream = null.device_by_id("null:tone").build_input_stream(StreamConfig(2, 48_000), lambda *_: None)
    json.dumps(view.facts(stream), allow_nan=False)
    stream.close()


@pytest.mark.parametrize("rate", ["7", "50", "200", "3999"])
def test_a_rate_that_holds_no_tones_is_refused(call: Callable[..., Ran], rate: str) -> None:
    ran = call("latency", "--device", "loopback", "--count", "1", "--rate", rate)
    assert ran.code == 2
    assert f"{rate} Hz is too low to measure with: --rate 4000 or more" in ran.err


def test_the_lowest_rate_is_enough_to_measure_with(call: Callable[..., Ran]) -> None:
    assert call("latency", "--device", "loopback", "--count", "2", "--rate", "4000").code == 0


def test_a_file_that_was_cut_off_is_not_called_unknown(
    call: Callable[..., Ran], sine: Callable[..., str], tmp_path: Path
) -> None:
    whole = Path(sine("a.flac")).read_bytes()
    (tmp_path / "cut.flac").write_bytes(whole[: len(whole) // 2])
    ran = call("play", str(tmp_path / "cut.flac"))
    assert ran.code == 6
    assert "can be read" not in ran.err
    assert ran.err.endswith("  → it may be damaged, or not complete\n")


@unix
def test_a_recording_that_the_system_stops_says_why_and_is_kept(alone: dict[str, str], tmp_path: Path) -> None:
    done = shell(alone, tmp_path, "ulimit -f 100; $pcmio record --host null a.wav --seconds 5")
    assert done.returncode == 6
    assert "a.wav: the system takes no more of it (is the disk full, or the file too large?)" in done.stderr
    assert "what was written until then is kept" in done.stderr
    assert soundfile.info(str(tmp_path / "a.wav")).frames > 9600


@pytest.mark.parametrize("name", ["costs $\\foo$", "マイク"])
@pytest.mark.parametrize("command", [("scope", "--seconds", "0.1"), ("latency", "--count", "2")], ids=" ".join)
def test_a_devices_name_is_no_formula(
    call: Callable[..., Ran], null: NullHost, tmp_path: Path, command: tuple[str, ...], name: str
) -> None:
    null.misfortune.plug(NullDeviceSpec(name, NullKind.LOOPBACK))
    ran = call(*command, "--device", name, "--save", str(tmp_path / "a.svg"))
    assert (ran.code, ran.err) == (0, "")
    assert (tmp_path / "a.svg").stat().st_size > 0


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="here no directory is closed to everybody")
def test_a_picture_needs_no_home(run: Callable[..., Ran], tmp_path: Path) -> None:
    ran = run("scope", *NULL, "--seconds", "0.1", "--save", "a.svg", HOME="/proc")
    assert (ran.code, ran.err) == (0, "")
    assert (tmp_path / "a.svg").stat().st_size > 0


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_name_with_signs_that_the_output_has_not_is_no_traceback(
    run: Callable[..., Ran], sine: Callable[..., str], encoding: str
) -> None:
    sine("Звук.wav")
    ran = run("play", "Звук.wav", *NULL, PYTHONIOENCODING=encoding)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("????.wav -> Null output")


# --- Ctrl-C ---------------------------------------------------------------------------------------------------------


def test_ctrl_c_while_the_command_line_is_loaded_is_no_traceback(alone: dict[str, str]) -> None:
    program = """
import os, signal, sys
from importlib.abc import MetaPathFinder

class AtRich(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "rich":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, AtRich())
from pcmio.cli import main
sys.exit(main(["hosts"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env=alone, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@unix
def test_a_second_ctrl_c_on_the_way_out_changes_nothing(alone: dict[str, str]) -> None:
    program = """
import os, signal, sys
from pcmio.cli.interrupts import Interrupt

with Interrupt() as interrupt:
    os.kill(os.getpid(), signal.SIGINT)
assert interrupt.asked
os.kill(os.getpid(), signal.SIGINT)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env=alone, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
