"""Make the pictures of the README: what a real terminal shows while the commands run on a real PulseAudio server.

And that of the examples: what one of them draws.

python docs/pictures/make_pictures.py        needs pulseaudio, tmux, and pcmio with its extras "cli" and "examples"
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.servers.pulseaudio import NullSink, PulseServer  # noqa: E402

COLUMNS, LINES = 100, 40
HUES = [(224, 108, 117), (152, 195, 121), (229, 192, 123), (97, 175, 239), (198, 120, 221), (86, 182, 194)]
THEME = TerminalTheme(
    (22, 25, 31), (220, 223, 228), [(40, 44, 52), *HUES, (220, 223, 228)], [(76, 82, 99), *HUES, (255, 255, 255)]
)


class Terminal:
    """A tmux session of its own, with one window."""

    def __init__(self, env: dict[str, str], folder: Path) -> None:
        self._socket = f"pcmio-pictures-{folder.name}"
        shell = ["env", *(f"{name}={value}" for name, value in env.items()), "bash", "--norc", "--noprofile"]
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), "-c", str(folder))
        self._tmux("respawn-window", "-k", "-c", str(folder), shlex.join(shell))
        time.sleep(1)

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(["tmux", "-L", self._socket, *arguments], capture_output=True, text=True, check=True)
        return done.stdout

    def type(self, line: str) -> None:
        """Type a line and Enter."""
        self._tmux("send-keys", "-l", line)
        self._tmux("send-keys", "Enter")

    def screen(self) -> str:
        """What it shows, with its colours."""
        return self._tmux("capture-pane", "-p", "-e").rstrip()

    def close(self) -> None:
        """End it."""
        self._tmux("kill-server")


def save(screen: str, name: str) -> None:
    """Write what a terminal shows as an SVG file, with the fonts of whoever looks at it."""
    text = Text.from_ansi(screen)
    with Path("/dev/null").open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True, color_system="256")
        console.print(text)
        svg = console.export_svg(title="pcmio", theme=THEME, unique_id=f"pcmio-{name}")
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code", "DejaVu Sans Mono, Menlo")
    (HERE / f"{name}.svg").write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", encoding="utf-8")
    print(HERE / f"{name}.svg")


def chords(path: Path) -> None:
    """A file to play: four chords of plucked strings, more to the left or to the right."""
    import importlib

    soundfile: Any = importlib.import_module("soundfile")
    rate = 44_100
    at = np.arange(2 * rate) / rate
    parts: list[Any] = []
    for number, root in enumerate((220.0, 174.61, 261.63, 196.0) * 3):
        notes = [np.sin(2 * np.pi * root * ratio * at) * np.exp(-at * (1 + ratio)) for ratio in (1, 1.25, 1.5, 2)]
        left = 0.3 + 0.4 * (number % 2)
        parts.append(np.outer(sum(notes) / 4, [left, 1 - left]) * 1.3)
    soundfile.write(path, np.concatenate(parts), rate)


def spectrum() -> None:
    """What examples/live_spectrum.py draws of a tone of 440 Hz."""
    picture = HERE / "spectrum.png"
    options = ["--host", "null", "--device", "null:tone", "--seconds", "1", "--save", str(picture)]
    subprocess.run([sys.executable, str(ROOT / "examples" / "live_spectrum.py"), *options], check=True)
    print(picture)


def main() -> None:
    spectrum()
    with tempfile.TemporaryDirectory(prefix="pictures") as name:
        folder = Path(name)
        server = PulseServer(folder, [NullSink("speakers"), NullSink("headphones", "s16le", 44_100)])
        chords(folder / "chords.flac")
        server.start()
        path = f"{Path(sys.executable).parent}:{server.env['PATH']}"
        env = {**server.env, "PULSE_SERVER": server.address, "PS1": "$ ", "PATH": path, "PYTHONPATH": str(ROOT / "src")}
        terminal = Terminal({**env, "TERM": "screen-256color"}, folder)
        try:
            terminal.type("alias pcmio='python -m pcmio'; clear")
            time.sleep(0.5)
            terminal.type("pcmio devices")
            time.sleep(2)
            terminal.type("pcmio play chords.flac")
            time.sleep(5.1)
            save(terminal.screen(), "terminal")
            terminal.type("")
            time.sleep(22)
            terminal.type("clear; pcmio demo")
            time.sleep(10)
            save(terminal.screen(), "demo")
        finally:
            terminal.close()
            server.stop()


if __name__ == "__main__":
    main()
