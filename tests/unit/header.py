"""The headers in core/include as Python can read them, and as a C compiler lays them out."""

from __future__ import annotations

import functools
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
HEADER = ROOT / "core" / "include" / "pcmio.h"
SYSTEMS_HEADER = HEADER.with_name("pcmio_systems.h")  # includes the others
CALLBACK_HEADER = HEADER.with_name("pcmio_callback.h")


class Prototype(NamedTuple):
    """A function as the header declares it."""

    result: str
    parameters: tuple[str, ...]  # their types


@functools.cache
def text() -> str:
    """The headers without comments and line continuations."""
    source = "".join(path.read_text(encoding="utf-8") for path in (CALLBACK_HEADER, HEADER, SYSTEMS_HEADER))
    return re.sub(r"//[^\n]*|/\*.*?\*/", " ", source, flags=re.DOTALL).replace("\\\n", " ")


@functools.cache
def prototypes() -> dict[str, Prototype]:
    """All exported functions."""
    found: dict[str, Prototype] = {}
    for result, name, parameters in re.findall(
        r"^PCMIO_API\s+([\w\s*]+?)(pcmio_\w+)\(([^;]*)\);", text(), re.MULTILINE
    ):
        listed = () if parameters.strip() == "void" else tuple(_type(part) for part in parameters.split(","))
        found[name] = Prototype(_type(f"{result} x"), listed)
    assert len(found) == len(re.findall(r"^PCMIO_API", text(), re.MULTILINE)), "a prototype was not understood"
    return found


def _type(declaration: str) -> str:
    """``const pcmio_note *note`` is ``const pcmio_note *``; stars stand together."""
    words = re.sub(r"\w+\s*$", "", declaration.replace("*", " * ")).split()
    return " ".join(word for word in words if word != "*") + "*" * words.count("*")


@functools.cache
def structs() -> dict[str, tuple[str, ...]]:
    """The names of all members, in order."""
    found: dict[str, tuple[str, ...]] = {}
    for body, name in re.findall(r"typedef struct \{(.*?)\}\s*(pcmio_\w+);", text(), re.DOTALL):
        members = [
            re.search(r"\(\*(\w+)\)|(\w+)(?:\[\w+\])?$", part.strip()) for part in body.split(";") if part.strip()
        ]
        found[name] = tuple(match[1] or match[2] for match in members if match)
    return found


@functools.cache
def enumerators() -> dict[str, tuple[str, ...]]:
    """The names in all enums, in order."""
    return {
        name: tuple(re.findall(r"\bPCMIO_\w+", body))
        for body, name in re.findall(r"typedef enum \{(.*?)\}\s*(pcmio_\w+);", text(), re.DOTALL)
    }


@functools.cache
def compiler() -> tuple[str, ...]:
    """Whatever compiles C here."""
    if os.environ.get("CC"):
        return tuple(shlex.split(os.environ["CC"]))
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name):
            return (name,)
    if subprocess.run([sys.executable, "-c", "import ziglang"], capture_output=True, check=False).returncode == 0:
        return (sys.executable, "-m", "ziglang", "cc")
    pytest.skip("there is no C compiler")


def compile_c(*arguments: str) -> None:
    """Run the compiler."""
    subprocess.run([*compiler(), *arguments], check=True)


@functools.cache
def numbers(expressions: tuple[str, ...]) -> dict[str, int]:
    """What each C expression is, with the header included."""
    lines = "".join(f'  printf("%lld\\n", (long long)({expression}));\n' for expression in expressions)
    program = f'#include <stdio.h>\n#include "{SYSTEMS_HEADER.name}"\nint main(void) {{\n{lines}  return 0;\n}}\n'
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder, "numbers.c"), Path(folder, "numbers.exe")
        source.write_text(program, encoding="utf-8")
        compile_c("-std=c11", "-O1", f"-I{HEADER.parent}", str(source), "-o", str(binary))
        printed = subprocess.run([binary], check=True, capture_output=True, text=True).stdout
    return dict(zip(expressions, map(int, printed.split()), strict=True))
