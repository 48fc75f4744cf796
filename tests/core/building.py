"""Compiles the core, and programs made of it."""

from __future__ import annotations

import functools
import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
CORE = ROOT / "core"
REALTIME = sorted(CORE.glob("rt/*.c"))
SOURCES = [*REALTIME, *sorted(CORE.glob("setup/*.c"))]
PROGRAMS = sorted(CORE.glob("tests/test_*.c"))

INCLUDES = tuple(f"-I{CORE / folder}" for folder in ("include", "rt", "setup", "tests"))
WARNINGS = (
    "-std=c11",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wshadow",
    "-Wvla",
    "-Wmissing-prototypes",
    "-Werror",
)


@functools.cache
def compilers() -> tuple[str, ...]:
    """``$CC`` or ``cc``, and gcc and clang where they are other ones."""
    found = {_identity(name): name for name in ("gcc", "clang") if shutil.which(name)}
    usual = os.environ.get("CC", "cc")
    found.setdefault(_identity(usual), usual)
    return tuple(found.values())


def _identity(command: str) -> str:
    """``cc`` is often another name of gcc's."""
    program, *arguments = shlex.split(command)
    return " ".join([os.path.realpath(shutil.which(program) or program), *arguments])


def run_compiler(compiler: str, *arguments: str | Path, where: Path | None = None) -> None:
    """Compile, or fail with what the compiler said."""
    command = [*shlex.split(compiler), *map(str, arguments)]
    if shutil.which(command[0]) is None:
        pytest.fail(f"there is no C compiler {command[0]!r}: install one, or name it in CC", pytrace=False)
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.fail(f"{shlex.join(command)}\n{done.stdout}{done.stderr}", pytrace=False)


@functools.cache
def scratch() -> Path:
    """Where compiled things are kept until the interpreter ends."""
    folder = tempfile.TemporaryDirectory(prefix="pcmio-core-")
    _folders.append(folder)
    return Path(folder.name)


_folders: list[tempfile.TemporaryDirectory[str]] = []  # each removes itself with this list


@functools.cache
def objects(compiler: str, *flags: str, sources: Sequence[Path] = tuple(SOURCES)) -> tuple[Path, ...]:
    """The core's objects, compiled once for each set of flags."""
    folder = Path(tempfile.mkdtemp(dir=scratch()))
    run_compiler(compiler, *WARNINGS, *INCLUDES, *flags, "-c", *sources, where=folder)
    return tuple(folder / f"{path.stem}.o" for path in sources)


@functools.cache
def shared_library(compiler: str) -> Path:
    """The core as wheels have it."""
    library = Path(tempfile.mkdtemp(dir=scratch())) / "libpcmio.so"
    flags = ("-O3", "-ffp-contract=off", "-fPIC", "-fvisibility=hidden", "-pthread", "-shared")
    run_compiler(compiler, *WARNINGS, *INCLUDES, *flags, *SOURCES, "-o", library)
    return library
