"""Noise that one ``pcmio`` plays while another records it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from pcmio import SampleFormat
from pcmio.testing import FramesLost, Noise

from .conftest import soundfile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Ran


def until_announced(program: subprocess.Popen[str]) -> None:
    """Wait for the line that tells what is recorded: the stream is built then."""
    assert program.stdout is not None
    assert "→" in program.stdout.readline()


def demo(run: Callable[..., Ran], *arguments: str, **env: str) -> Ran:
    """The demo, once more where it tells of xruns: its ring holds 0.2 s, and a busy machine may take longer."""
    for _ in range(3):
        ran = run("demo", *arguments, **env)
        if not re.search(r"came back · \d+ xrun", ran.out):
            return ran
    return run("demo", *arguments, **env)


def there_and_back(
    run: Callable[..., Ran],
    env: dict[str, str],
    folder: Path,
    *,
    output: str,
    source: str,
    rate: int,
    subtype: str,
    sample_format: str,
) -> None:
    """A second of noise is in the recorded file as it was in the played one."""
    # Half a second of silence first: a monitor may miss the beginning of a stream.
    noise = np.random.default_rng(5).uniform(-0.9, 0.9, (rate, 2))
    soundfile.write(folder / "sent.wav", np.concatenate([np.zeros((rate // 2, 2)), noise]), rate, subtype)
    sent, _ = soundfile.read(folder / "sent.wav", dtype="float32")
    take = ("record", "heard.wav", "--device", source, "--format", sample_format)
    command = [sys.executable, "-m", "pcmio", *take]
    with subprocess.Popen(
        command, env=env, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as recorder:
        until_announced(recorder)
        time.sleep(0.7)
        ran = run("play", "sent.wav", "--device", output, **env)
        time.sleep(0.7)
        recorder.send_signal(signal.SIGINT)
        out, err = recorder.communicate(timeout=60)
    assert (ran.code, recorder.returncode, err) == (0, 0, ""), ran.err
    if not ("no xruns" in out or "no frames lost" in out):  # a busy server may tell one that costs nothing
        raise FramesLost(out)
    heard, heard_rate = soundfile.read(folder / "heard.wav", dtype="float32")
    assert heard_rate == rate
    first = int(np.flatnonzero(sent.any(axis=1))[0])
    Noise.of(SampleFormat.F32, sent[first : first + rate]).assert_within(heard)
