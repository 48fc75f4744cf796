"""Make the documentation's pictures: what a real terminal shows while the commands run on a real PulseAudio server.

And what commands and examples draw into files.

python docs/pictures/make_pictures.py [NAME ...]     all, or those named

It needs pulseaudio, tmux, and pcmio with its extras "cli", "plot" and "examples".  Where other audio servers
run, pcmio doctor tells of them.  As root they are out of sight, and the server has the priority that desktops give:

chrt --rr 1 unshare --pid --fork --mount-proc python docs/pictures/make_pictures.py
"""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from pcmio.testing import until  # noqa: E402
from tests.servers.pulseaudio import NullSink, PulseServer  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

COLUMNS, LINES = 100, 50
PATIENCE_SECONDS = 60
#: At the beginning of a chord.
LOUD = r" -1?\d\.\d dB"
#: Lines of pcmio monitor that name the headset: it comes, is the default, is that no more, and goes.
MENTIONED = 4
HUES = [(224, 108, 117), (152, 195, 121), (229, 192, 123), (97, 175, 239), (198, 120, 221), (86, 182, 194)]
THEME = TerminalTheme(
    (22, 25, 31), (220, 223, 228), [(40, 44, 52), *HUES, (220, 223, 228)], [(76, 82, 99), *HUES, (255, 255, 255)]
)


class Terminal:
    """A tmux session of its own, with one window, in which ``pcmio`` is this checkout's."""

    def __init__(self, server: PulseServer, folder: Path) -> None:
        self._socket = f"pcmio-pictures-{folder.name}"
        self.folder = folder
        path = f"{Path(sys.executable).parent}:{server.env['PATH']}"
        own = {"PULSE_SERVER": server.address, "PATH": path, "PYTHONPATH": str(ROOT / "src")}
        self.env = {**server.env, **own, "PS1": "$ ", "TERM": "screen-256color", "HISTFILE": ""}
        shell = ["env", *(f"{name}={value}" for name, value in self.env.items()), "bash", "--norc", "--noprofile"]
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), "-c", str(folder))
        self._tmux("respawn-window", "-k", "-c", str(folder), shlex.join(shell))
        self.wait(r"^\$")
        self.run("alias pcmio='python -m pcmio'")

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(["tmux", "-L", self._socket, *arguments], capture_output=True, text=True, check=True)
        return done.stdout

    def type(self, line: str) -> None:
        """Type a line and Enter."""
        self._tmux("send-keys", "-l", line)
        self._tmux("send-keys", "Enter")

    def run(self, line: str) -> None:
        """Type a line, and wait until it is done."""
        self.type(line)
        self.wait(r"^\$ *\Z")

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._tmux("send-keys", "C-c")
        self.wait(r"^\$ *\Z")

    def clear(self) -> None:
        """Begin anew, at the top."""
        self._tmux("send-keys", "C-l")
        self.wait(r"\A\$ *\Z")

    def wait(self, pattern: str) -> None:
        """Until it shows this."""
        self.shows(lambda text: re.search(pattern, text, re.MULTILINE) is not None, pattern)

    def shows(self, condition: Callable[[str], bool], what: str) -> None:
        """Until it shows what is wanted."""
        until(lambda: condition(self._tmux("capture-pane", "-p").rstrip()), f"{what} on the terminal", PATIENCE_SECONDS)

    def screen(self) -> str:
        """What it shows, with its colours."""
        return self._tmux("capture-pane", "-p", "-e").rstrip()

    def started(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A command of pcmio's that runs beside it."""
        command = [sys.executable, "-m", "pcmio", *arguments]
        return subprocess.Popen(command, env=self.env, cwd=self.folder, stdout=subprocess.DEVNULL)

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


@contextmanager
def playing(terminal: Terminal, file: str) -> Generator[None]:
    """A file that is played meanwhile, on the default output."""
    player = terminal.started("play", file)
    try:
        yield
    finally:
        player.terminate()
        player.wait()


def spectrum() -> None:
    """What examples/live_spectrum.py draws of a tone of 440 Hz."""
    picture = HERE / "spectrum.png"
    options = ["--host", "null", "--device", "null:tone", "--seconds", "1", "--save", str(picture)]
    subprocess.run([sys.executable, str(ROOT / "examples" / "live_spectrum.py"), *options], check=True)
    print(picture)


def terminal(terminal: Terminal, server: PulseServer) -> None:
    """The README's: devices, and a file that is played."""
    del server
    terminal.run("pcmio devices")
    terminal.type("pcmio play chords.flac")
    terminal.wait(r"^0:04 ")
    terminal.wait(LOUD)
    save(terminal.screen(), "terminal")
    terminal.interrupt()


def demo(terminal: Terminal, server: PulseServer) -> None:
    """All of pcmio demo."""
    del server
    terminal.run("pcmio demo")
    save(terminal.screen(), "demo")


def monitor(terminal: Terminal, server: PulseServer) -> None:
    """Levels of what is played, while a headset is plugged in, chosen, and unplugged."""
    with playing(terminal, "chords.flac"):
        terminal.type("pcmio monitor --device speakers.monitor")
        terminal.wait("dB")
        server.add(named("headset", "Headset"))
        terminal.wait("Headset")
        server.pactl("set-default-sink", "headset")
        terminal.wait("default")
        server.remove("headset")
        terminal.shows(lambda text: len(re.findall("Headset", text)) >= MENTIONED, "that the headset is gone")
        terminal.wait(LOUD)
        save(terminal.screen(), "monitor")
        terminal.interrupt()


def scope(terminal: Terminal, server: PulseServer) -> None:
    """The wave and the spectrum of a chord."""
    del server
    with playing(terminal, "chords.flac"):
        terminal.type("pcmio scope --device speakers.monitor")
        terminal.wait(LOUD)
        save(terminal.screen(), "scope")
        terminal.interrupt()


def latency(terminal: Terminal, server: PulseServer) -> None:
    """The way there and back, told and drawn."""
    del server
    terminal.run("pcmio latency --input monitor --count 40 --save latency.svg")
    save(terminal.screen(), "latency")
    shutil.copy(terminal.folder / "latency.svg", HERE / "latency-drawn.svg")


def doctor(terminal: Terminal, server: PulseServer) -> None:
    """What it says of the machine on which this runs."""
    del server
    terminal.run("pcmio doctor")
    save(terminal.screen(), "doctor")


def named(name: str, words: str, *arguments: Any) -> NullSink:
    """A sink that is listed under these words."""
    return NullSink(name, *arguments, properties={"device.description": words})


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the documentation's pictures.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="these; else all")
    wanted = parser.parse_args().names
    shots = [terminal, demo, monitor, scope, latency, doctor]
    unknown = set(wanted) - {shot.__name__ for shot in [spectrum, *shots]}
    if unknown:
        parser.error(f"there is no picture {', '.join(sorted(unknown))}")
    if not wanted or "spectrum" in wanted:
        spectrum()
    with tempfile.TemporaryDirectory(prefix="pictures") as name:
        folder = Path(name)
        sinks = [named("speakers", "Speakers"), named("headphones", "Headphones", "s16le", 44_100)]
        server = PulseServer(folder, sinks)
        chords(folder / "chords.flac")
        server.start()
        shell = Terminal(server, folder)
        try:
            for shot in shots:
                if not wanted or shot.__name__ in wanted:
                    shell.clear()
                    shot(shell, server)
        finally:
            shell.close()
            server.stop()


if __name__ == "__main__":
    main()
