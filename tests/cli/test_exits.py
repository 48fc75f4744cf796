"""Each way to fail: its exit code, one line, what to do, and no traceback."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pcmio import errors
from pcmio.cli.app import group
from pcmio.cli.exits import _PHRASES, MEANINGS, ExitCode, failure_of

from .conftest import SRC

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio.hosts.null import NullHost

    from .conftest import Ran

NULL = ("--host", "null")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["devices", "--host", "nosuch"], 2, "there is no host named 'nosuch'"),
        (["nosuch"], 2, "No such command 'nosuch'"),
        (["beep", "--volume", "3"], 2, "Invalid value for '--volume'"),
        (["beep", *NULL, "--depth", "deep"], 2, "'deep' is no depth"),
        (["record", *NULL], 2, "Missing argument 'FILE'"),
        (["beep"], 3, "no audio system answers"),
        (["beep", "--host", "pulseaudio"], 3, "PulseAudio"),
        (["beep", *NULL, "--device", "nosuch"], 4, "Null has no output device that is called 'nosuch'"),
        (["beep", "--device", "null:tone"], 4, "Null has no output device that is called 'null:tone'"),
        (["play", *NULL, "nosuch.wav"], 6, "nosuch.wav: No such file or directory"),
        (["play", *NULL, "."], 6, ".: Is a directory"),
        (["record", *NULL, "take.xyz"], 6, "the ending 'xyz' names no sound file"),
        (["record", *NULL, "nosuch/take.wav"], 6, "nosuch/take.wav: No such file or directory"),
        (["record", *NULL, "take.flac", "--format", "f32"], 6, "a flac file does not hold f32"),
        (["record", *NULL, "take.mp3", "--format", "i16"], 6, "a mp3 file has no sample format"),
        (["record", *NULL, "take.opus", "--rate", "44100"], 6, "take.opus: "),
        (["beep", *NULL, "--rate", "900000"], 1, "runs at"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_failures_are_told_in_a_line_with_advice(
    run: Callable[..., Ran], arguments: list[str], code: int, said: str
) -> None:
    ran = run(*arguments)
    assert ran.code == code, ran.err
    assert said in ran.err.splitlines()[0]
    assert ran.err.startswith("pcmio: ")
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("phrase", [phrase for phrase, _ in _PHRASES])
def test_people_are_told_in_words_of_the_command_line(phrase: str) -> None:
    library = [path for path in (SRC / "pcmio").rglob("*.py") if "cli" not in path.parts]
    assert any(phrase in path.read_text(encoding="utf-8") for path in library), "the library says this no more"
    told = failure_of(errors.HostUnavailable("none", tried=(("here", phrase),), advice=f"look there, {phrase}"))
    assert phrase not in f"{told.details} {told.advice}"


def test_why_no_system_answers_is_told_system_by_system(run: Callable[..., Ran]) -> None:
    lines = run("beep").err.splitlines()
    assert any(line.startswith("  PulseAudio: ") for line in lines)
    assert lines[-1].startswith("  → start one, name one with --host")


def test_a_name_that_fits_several_devices_lists_them(run: Callable[..., Ran], on_pulse: dict[str, str]) -> None:
    ran = run("beep", "--device", "null output", **on_pulse)
    assert ran.code == 2
    assert "pulseaudio:speakers" in ran.err
    assert "pulseaudio:cd" in ran.err
    assert "monitor" not in ran.err


@pytest.mark.parametrize(
    ("error", "code", "advice"),
    [
        (errors.PermissionDenied("the system says no", advice="ask it nicely"), 5, "ask it nicely"),
        (errors.DeviceBusy("somebody plays already", advice="ask it nicely"), 1, "ask it nicely"),
        # What the library says to programs is no advice for people.
        (
            errors.DeviceLost("unplugged", advice="build a new stream"),
            4,
            "connect it again, or name another: pcmio devices lists them",
        ),
        (
            errors.HostDisconnected("gone", advice="build a new stream"),
            3,
            "start it again, and then this; pcmio doctor looks for what is wrong",
        ),
        (errors.BackendError("odd", call="snd_odd", code=-7, advice="ask it nicely"), 1, "ask it nicely"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("when", ["build", "start", "devices"])
def test_errors_of_the_system_have_their_codes(
    call: Callable[..., Ran], null: NullHost, when: str, error: errors.AudioError, code: int, advice: str
) -> None:
    null.misfortune.order(when, error)
    ran = call("beep", "--seconds", "0.1")
    assert ran.code == code
    assert ran.err.startswith(f"pcmio: {error.message}")
    assert ran.err.endswith(f"  → {advice}\n")
    assert ("[snd_odd: -7]" in ran.err) == (error.call is not None)


def test_help_tells_every_exit_code(run: Callable[..., Ran]) -> None:
    ran = run("--help")
    assert ran.code == 0
    for code, meaning in MEANINGS.items():
        assert f"{int(code):>3}  {meaning}" in ran.out


def test_the_page_about_the_command_line_tells_every_exit_code() -> None:
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    for code in ExitCode:
        assert f"| {int(code)} |" in page


def test_the_page_about_the_command_line_tells_of_every_command() -> None:
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    for name, command in group.commands.items():
        assert f"| `pcmio {name}" in page
        takes_json = any("--json" in parameter.opts for parameter in command.params)
        assert (f"`pcmio {name} --json`" in page) == takes_json


def test_no_arguments_show_the_help(run: Callable[..., Ran]) -> None:
    ran = run()
    assert ran.code == 2
    assert "Usage: pcmio" in ran.out + ran.err


def test_the_version_is_told(run: Callable[..., Ran]) -> None:
    import pcmio

    assert run("--version").out == f"pcmio, version {pcmio.__version__}\n"


@pytest.mark.parametrize("missing", ["click", "rich", "numpy", "soundfile", "soxr"])
def test_without_the_extra_it_says_how_to_get_it(alone: dict[str, str], sine: Callable[..., str], missing: str) -> None:
    import subprocess

    program = f"import sys; sys.modules[{missing!r}] = None; from pcmio.cli import main; sys.exit(main(sys.argv[1:]))"
    arguments = ["play", sine("a.wav", rate=44_100), "--host", "null", "--rate", "48000"]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], env=alone, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert f"needs {missing}" in done.stderr
    assert "pip install 'pcmio[cli]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_another_missing_module_is_not_blamed_on_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    from pcmio.cli import main

    monkeypatch.setitem(sys.modules, "pcmio.cli.app", None)
    with pytest.raises(ModuleNotFoundError, match=r"pcmio\.cli\.app"):
        main(["hosts"])


def test_a_reader_that_has_seen_enough_is_no_error(alone: dict[str, str]) -> None:
    import subprocess

    program = (
        f"import os; os.environ['PYTHONPATH'] = {str(SRC)!r}; from pcmio.cli import main; raise SystemExit(main())"
    )
    shell = f'"{sys.executable}" -c "{program}" devices --json | head -c 1'
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", shell], env=alone, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "{", "")
