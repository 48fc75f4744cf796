"""How these tests build, install and look into what users get."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email.message import Message

ROOT = Path(__file__).parents[2]
VERSION = "0.1.0"
DIST_INFO = f"pcmio-{VERSION}.dist-info"
# All that a wheel holds beside the files of src/pcmio and the core's library.
METADATA_FILES = frozenset(
    f"{DIST_INFO}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
)


def environment(**changes: str) -> dict[str, str]:
    """This process's environment, without what would choose a compiler, and with ``changes``."""
    return {name: value for name, value in os.environ.items() if name not in {"CC", "PCMIO_TARGET"}} | changes


def build(kind: str, folder: Path, source: Path = ROOT, **variables: str) -> Path:
    """Build an sdist or a wheel into ``folder``, with the hatchling that is installed here."""
    command = [sys.executable, "-m", "build", "--no-isolation", f"--{kind}", f"--outdir={folder}", str(source)]
    subprocess.run(command, check=True, env=environment(**variables))
    (built,) = folder.iterdir()
    return built


def unpacked(sdist: Path, folder: Path) -> Path:
    """Unpack and return the folder of the sources."""
    with tarfile.open(sdist) as archive:
        # Python 3.13 warns when no filter is named; the first releases of 3.10 and 3.11 know of none.
        archive.extraction_filter = getattr(tarfile, "fully_trusted_filter", None)
        archive.extractall(folder)
    (source,) = folder.iterdir()
    return source


def virtual_environment(folder: Path) -> Path:
    """Make one, and return its python."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder / "bin" / "python"


def wheel_names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def wheel_headers(wheel: Path, name: str) -> Message:
    """Read ``METADATA`` or ``WHEEL``."""
    with zipfile.ZipFile(wheel) as archive:
        return HeaderParser().parsestr(archive.read(f"{DIST_INFO}/{name}").decode())


def package_files(tracked: frozenset[str]) -> frozenset[str]:
    """What of the repository belongs into every wheel, by the name that it has there."""
    return frozenset(name.removeprefix("src/") for name in tracked if name.startswith("src/pcmio/"))
