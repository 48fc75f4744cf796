"""Completion, as shells ask for it."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Ran


def completed(call: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, words: str) -> list[str]:
    """What bash gets for the last word of a line."""
    monkeypatch.setenv("_PCMIO_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    return [line.partition(",")[2] for line in call().out.splitlines() if line]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("pcmio re", ["record"]),
        ("pcmio beep --host nu", ["null"]),
        ("pcmio beep --freq", ["--frequency"]),
        ("pcmio completion z", ["zsh"]),
        ("pcmio beep --host null --device lo", ["loopback"]),
        ("pcmio latency --host null --input s", ["silence"]),
        ("pcmio info --host null t", ["tone"]),
        ("pcmio beep --host nosuch --device t", []),
        ("pcmio devices --host pulse", ["pulseaudio"]),
    ],
)
def test_words_are_completed(
    call: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, words: str, found: list[str]
) -> None:
    assert completed(call, monkeypatch, words) == found


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shells_script_is_written_and_reads_well(call: Callable[..., Ran], shell: str) -> None:
    ran = call("completion", shell)
    assert ran.code == 0, ran.err
    assert "_PCMIO_COMPLETE" in ran.out
    if shutil.which(shell):
        done = subprocess.run([shell, "-n"], input=ran.out, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_another_shell_is_told(call: Callable[..., Ran]) -> None:
    assert call("completion", "tcsh").code == 2
