"""Every example is run for a moment, on the Null host."""

from __future__ import annotations

import runpy
import subprocess
import sys
import wave
from contextlib import nullcontext
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio.testing import VirtualHost

from .test_code_blocks import ROOT, run

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = ROOT / "examples"
NULL = ("--host", "null")
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "beep": (*NULL, "--seconds", "0.3"),
    "custom_host": ("tone.wav",),
    "duplex_effect": (*NULL, "--seconds", "0.5"),
    "enumerate": (),
    "feedback": (*NULL, "--seconds", "0.5"),
    "live_spectrum": (*NULL, "--device", "null:tone", "--seconds", "0.3", "--save", "spectrum.png"),
    "native_synth": (*NULL, "--seconds", "0.3"),
    "record_wav": ("take.wav", *NULL, "--device", "null:tone", "--seconds", "0.5"),
    "watch": (*NULL, "--seconds", "0.2"),
    "round_trip": ("--output", "null:loopback", "--input", "null:loopback"),
    "speech_to_file": ("speech.wav", *NULL, "--device", "null:tone", "--seconds", "0.5"),
    "synth_tones": (*NULL, "--seconds", "0.1"),
    "tiny_synth": (*NULL, "--tempo", "1200"),
    "voice_agent": (*NULL, "--patience", "0.3"),
    "voice_recorder": (*NULL, "--device", "null:tone", "--seconds", "0.5"),
}
# The group "test" has it wherever it can be installed.
NEEDED = {"live_spectrum": "matplotlib", "native_synth": "numba", "speech_to_file": "soxr"}
#: What an example prints: so much of it is the same at each run.
PRINTS = {
    "custom_host": " frames in tone.wav",
    "live_spectrum": "loudest at 4",  # 440 Hz, as far as 12 Hz can be told apart
    "speech_to_file": "0.5 s of speech",
    "tiny_synth": "28 notes in 1.1 s",
    "voice_recorder": "voice-1.wav: 0.5 s",
}


@pytest.fixture(scope="module", autouse=True)
def _fonts() -> None:
    """matplotlib looks for fonts once for each user, and warns that it takes long."""
    if find_spec("matplotlib") is not None:
        subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], check=True, capture_output=True)


def test_every_example_is_known_here() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(ARGUMENTS)


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_an_example_runs(name: str, tmp_path: Path) -> None:
    if name in NEEDED and find_spec(NEEDED[name]) is None:
        pytest.skip(f"{NEEDED[name]} is not installed: the group 'test' brings it where it has a wheel")
    ran = run([str(EXAMPLES / f"{name}.py"), *ARGUMENTS[name]], tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert PRINTS.get(name, "") in ran.stdout
    assert ran.stdout
    for path in tmp_path.glob("*.wav"):
        with wave.open(str(path)) as file:
            assert file.getnframes() > 0.4 * file.getframerate()


@pytest.mark.skipif(find_spec("soxr") is None, reason="soxr is not installed")
def test_speech_that_is_too_loud_is_clipped_on_both_sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = VirtualHost()
    loopback = host.default_output_device()
    assert loopback is not None

    def fill(frames: Any, _info: pcmio.CallbackInfo) -> None:
        frames[: len(frames) // 2] = -1.0  # what is resampled goes beyond an edge

    arguments = ("speech.wav", "--device", str(loopback.id), "--seconds", "0.5")
    monkeypatch.setattr(pcmio, "host", lambda _name: nullcontext(host))
    monkeypatch.setattr(sys, "argv", ["speech_to_file.py", *arguments])
    monkeypatch.chdir(tmp_path)
    with host, loopback.build_output_stream(pcmio.StreamConfig(2, 48_000, 480), fill):
        runpy.run_path(str(EXAMPLES / "speech_to_file.py"), run_name="__main__")
    with wave.open("speech.wav") as file:
        samples = memoryview(file.readframes(file.getnframes())).cast("h")
    assert min(samples) == -32_768
    assert max(samples) < 10_000


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_an_example_says_how_it_is_called_and_fits_on_a_screen(name: str) -> None:
    text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    assert f"python examples/{name}.py" in text
    assert len(text.splitlines()) < 60
