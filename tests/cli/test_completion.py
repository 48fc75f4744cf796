"""Completion, as shells ask for it, and as it looks to who types."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pcmio.hosts.null import NullDeviceSpec, NullHost, NullKind, open_host

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Ran

BREAKS = " \t\n\"'><=;|&(:"


def completed(call: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, words: str) -> list[str]:
    """What bash gets for the last word of a line."""
    monkeypatch.setenv("_PCMIO_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_WORDBREAKS", BREAKS)
    return [line.partition(",")[2] for line in call().out.splitlines() if line]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("pcmio re", ["record"]),
        ("pcmio beep --host nu", ["null"]),
        ("pcmio beep --freq", ["--frequency"]),
        ("pcmio beep --depth ", ["low", "balanced", "high"]),
        ("pcmio completion z", ["zsh"]),
        ("pcmio beep --host null --device lo", ["loopback"]),
        ("pcmio beep --host null --device ", ["null:sink", "null:silence", "null:tone", "null:loopback"]),
        ("pcmio beep --device NULL:LO", ["loopback"]),
        ("pcmio beep --device nul", ["null:sink", "null:silence", "null:tone", "null:loopback"]),
        ("pcmio latency --host null --input s", ["silence"]),
        ("pcmio latency --input null:s", ["silence"]),
        ("pcmio info --host null t", ["tone"]),
        ("pcmio info --host null 440", ["null:tone"]),
        ("pcmio info null:440", ["tone"]),
        ("pcmio info --host null n", ["null:sink", "null:silence", "null:tone", "null:loopback"]),
        ("pcmio info --host null o", []),  # several have it somewhere
        ("pcmio info --host null nothing", []),
        ("pcmio beep --host nosuch --device t", []),
        ("pcmio devices --host pulse", ["pulseaudio"]),
    ],
)
def test_words_are_completed(
    call: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, words: str, found: list[str]
) -> None:
    for name in ("PULSE_SERVER", "PIPEWIRE_REMOTE"):
        monkeypatch.setenv(name, "unix:/nowhere")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    assert completed(call, monkeypatch, words) == found


ODD = [NullDeviceSpec(name, NullKind.SINK) for name in ("hw:CARD=PCH,DEV=0", "My Synth", 'a"quote')]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("null:hw:CARD=P", ["PCH,DEV=0"]),  # bash sees what follows the last sign at which it breaks words
        ("null:hw:CARD=PCH,DEV=", ["0"]),
        ("--device=null:hw", ["hw:CARD=PCH,DEV=0"]),
        ('"null:hw:C', ["null:hw:CARD=PCH,DEV=0"]),  # it does not break words in quotes
        ("null:My", ["'My Synth'"]),
        ("null:My\\ S", ["'My Synth'"]),
        ("'null:My S", ["null:My Synth"]),
        ('null:a\\"', ["'a\"quote'"]),
        ("syn", ["'null:My Synth'"]),
    ],
)
def test_bash_gets_what_it_puts_in_place_of_the_last_piece(
    call: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, typed: str, found: list[str]
) -> None:
    from pcmio.cli import completion

    def odd(_name: str | None) -> NullHost:
        return open_host(devices=ODD)

    monkeypatch.setattr(completion, "host", odd)
    option = "" if typed.startswith("--device") else "--device "
    assert completed(call, monkeypatch, f"pcmio beep {option}{typed}") == found


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shells_script_is_written(call: Callable[..., Ran], shell: str) -> None:
    ran = call("completion", shell)
    assert ran.code == 0, ran.err
    assert "_PCMIO_COMPLETE" in ran.out


def test_another_shell_is_told(call: Callable[..., Ran]) -> None:
    assert call("completion", "tcsh").code == 2


#: What is typed before Tab, and the words that the program gets.
TYPED = {
    "rec": ["record"],
    "beep --host null --device lo": ["beep", "--host", "null", "--device", "loopback"],
    "beep --device null:lo": ["beep", "--device", "null:loopback"],
    "beep --device=null:lo": ["beep", "--device=null:loopback"],
    "beep --device 'null:lo": ["beep", "--device", "null:loopback"],
    "beep --device null:hw:CARD=PCH,DEV=3": ["beep", "--device", "null:hw:CARD=PCH,DEV=3"],
    "beep --device null:h": ["beep", "--device", "null:hw:CARD=PCH,DEV="],
    "beep --device null:My": ["beep", "--device", "null:My Synth"],
    "info test": ["info", "null:tone"],
    "play my": ["play", "my take.wav"],
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pty")
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_what_is_typed(tmp_path: Path, alone: dict[str, str], shell: str) -> None:
    from .shells import SHELLS, machine, typed

    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    lines = [f"pcmio {line}" for line in TYPED]
    found = typed(SHELLS[shell], lines, tmp_path, machine(tmp_path, alone))
    assert found == [["pcmio", *words] for words in TYPED.values()]


def test_who_completes_sees_no_error(tmp_path: Path, alone: dict[str, str]) -> None:
    asking = {"_PCMIO_COMPLETE": "bash_complete", "COMP_WORDS": "pcmio beep --device ", "COMP_WORDBREAKS": BREAKS}
    done = subprocess.run(
        [sys.executable, "-m", "pcmio"], env=alone | asking, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")
