"""Type the commands of the pages as they are written, as somebody who has nothing but a checkout, Python and a shell.

python tools/type_pages.py [--on pulseaudio] [PAGE ...]

Blocks marked ``sh`` are typed, a page's one after the other, in a copy of the repository: the tutorial's first, which
install; the other pages find what it left.  Then the Python is run of those pages that say what to install: it may need
no more.  Nothing of this environment is there.  What cannot be typed just anywhere (as root, between two machines,
without an end) is marked otherwise in the page.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FIRST = Path("docs/tutorial.md")
#: They are for those who have nothing but what these pages tell them to install.
BEGINNERS = {FIRST, Path("README.md")}
PATIENCE_SECONDS = 600
#: What a machine is told about its network, and its language.
KEPT = re.compile(r"PIP_.*|SSL_.*|(https?|no)_proxy|LANG", re.IGNORECASE)


def pages() -> list[Path]:
    """Those that have something to type, the one that installs first."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.md")]
    named = sorted(page.relative_to(ROOT) for page in found if BLOCK.search(page.read_text(encoding="utf-8")))
    return [FIRST, *(page for page in named if page != FIRST)]


def copy_repository(checkout: Path) -> None:
    """What the repository knows, with changes that are not committed; without git, or in an unpacked sdist, all."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(".*", "build", "dist"))
        return
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, checkout / name)


@contextmanager
def audio_system(name: str, folder: Path) -> Generator[dict[str, str]]:
    """The environment in which it is found."""
    if name == "null":
        yield {"PCMIO_HOST": "null"}
        return
    sys.path[:0] = [str(ROOT), str(ROOT / "src")]
    from tests.servers.pulseaudio import NullSink, PulseServer

    folder.mkdir()
    server = PulseServer(folder, [NullSink("speakers"), NullSink("headphones")])
    server.start()
    try:
        yield {"PULSE_SERVER": server.address, "PULSE_COOKIE": server.env["PULSE_COOKIE"]}
    finally:
        server.stop()


def type_page(page: Path, checkout: Path, env: dict[str, str]) -> bool:
    """Whether every command of a page did well."""
    text = (ROOT / page).read_text(encoding="utf-8")
    typed = "".join(BLOCK.findall(text))
    if page in BEGINNERS:
        program = checkout / f"{page.stem}_page.py"
        program.write_text("".join(PYTHON.findall(text)), encoding="utf-8")
        typed += f"python {program.name}\n"
    begin = "set -euo pipefail\nif [ -e .venv/bin/activate ]; then . .venv/bin/activate; fi\nset -v\n"
    started = time.monotonic()
    done = subprocess.run(
        ["bash", "--norc", "--noprofile"],  # reads them from its input, as from a keyboard
        input=begin + typed,
        cwd=checkout,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    print(f"{page}: {'typed' if done.returncode == 0 else 'FAILED'}, {time.monotonic() - started:.0f} s", flush=True)
    if done.returncode != 0:
        print(done.stdout, flush=True)
    return done.returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description="Type the commands of the pages as they are written.")
    parser.add_argument("pages", nargs="*", type=Path, help="these, after the tutorial, which installs; else all")
    parser.add_argument("--on", choices=("null", "pulseaudio"), default="null", help="the audio system that answers")
    wanted = parser.parse_args()
    chosen = [page for page in pages() if not wanted.pages or page == FIRST or page in wanted.pages]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pages")))
        checkout = folder / "pcmio"
        copy_repository(checkout)
        (folder / "home").mkdir()
        # Python's own place, not that of the environment which runs this.
        path = f"{Path(sys.base_prefix) / 'bin'}:/usr/local/bin:/usr/bin:/bin"
        kept = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
        env = {**kept, "HOME": str(folder / "home"), "PATH": path, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        # What was downloaded before is the same as what would be.
        env.setdefault("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip"))
        env |= stack.enter_context(audio_system(wanted.on, folder / "server"))
        failed = [page for page in chosen if not type_page(page, checkout, env)]
    if failed:
        raise SystemExit(f"not as written: {', '.join(map(str, failed))}")


if __name__ == "__main__":
    main()
