"""What the real-time half may call, and what the library shows: read from the objects themselves."""

from __future__ import annotations

import platform
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.core.building import REALTIME, compilers, objects, run_compiler, shared_library
from tests.unit.header import prototypes

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nm is not there")

# Everything else may wait, allocate or lock.  Position-independent code names a table that is no function, and Apple's
# compilers write some of memset in other ways.
ALLOWED = {"memcpy", "memset", "_GLOBAL_OFFSET_TABLE_"}
ALLOWED_BY_APPLE = {"bzero", "memset_pattern16"} if sys.platform == "darwin" else set[str]()
# Against what some distributions turn on for all that they compile (checks that end the program), and what gcc makes of
# atomics on 64-bit ARM (small functions of its own).
PLAIN = (
    "-fno-stack-protector",
    "-U_FORTIFY_SOURCE",
    "-fPIC",
    *(("-mno-outline-atomics",) if platform.machine() == "aarch64" else ()),
)


def symbols(*arguments: str | Path) -> set[str]:
    """What ``nm`` lists, without Apple's underscore."""
    listing = subprocess.run(["nm", "-P", *arguments], capture_output=True, text=True, check=True).stdout
    names = {line.split()[0] for line in listing.splitlines() if line.strip() and not line.endswith(":")}
    return {name.removeprefix("_") for name in names} if sys.platform == "darwin" else names


def imports(path: Path) -> set[str]:
    """What an object needs from elsewhere."""
    return symbols("-u", path)


@pytest.mark.parametrize("source", REALTIME, ids=lambda path: path.stem)
@pytest.mark.parametrize("optimized", ["-O0", "-O2", "-O3"])
@pytest.mark.parametrize("compiler", compilers())
def test_real_time_objects_call_nothing_that_can_wait(compiler: str, optimized: str, source: Path) -> None:
    made = objects(compiler, *PLAIN, optimized, sources=tuple(REALTIME))
    ours = set[str]().union(*(symbols("-g", "--defined-only", path) for path in made))
    asked = imports(next(path for path in made if path.stem == source.stem))
    assert asked <= ALLOWED | ALLOWED_BY_APPLE | ours


@pytest.mark.parametrize("forbidden", ["malloc", "pthread_mutex_lock", "usleep", "lrintf"])
def test_a_forbidden_call_would_be_seen(forbidden: str, tmp_path: Path) -> None:
    source = tmp_path / "probe.c"
    source.write_text(f"void {forbidden}(int); void probe(void);\nvoid probe(void) {{ {forbidden}(1); }}\n")
    run_compiler(compilers()[0], "-fno-builtin", "-c", source, "-o", tmp_path / "probe.o")
    assert imports(tmp_path / "probe.o") == {forbidden}


@pytest.mark.skipif(
    sys.platform != "linux", reason="other linkers add names of their own; their wheels are read in tests/packaging"
)
@pytest.mark.parametrize("compiler", compilers())
def test_the_library_shows_what_the_header_declares_and_nothing_else(compiler: str) -> None:
    assert symbols("-D", "--defined-only", shared_library(compiler)) == set(prototypes())
