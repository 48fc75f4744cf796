"""The programs of ``core/tests``, each under the address and the thread sanitizer, by every compiler there is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.building import INCLUDES, PROGRAMS, WARNINGS, compilers, objects, run_compiler, scratch

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs use POSIX threads")

SANITIZERS = ("address,undefined", "thread")
# Anything found ends the program, with all that helps to find it again.
OPTIONS = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}
SECONDS = 100


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
@pytest.mark.parametrize("sanitizer", SANITIZERS)
@pytest.mark.parametrize("compiler", compilers())
def test_a_program_passes_under_a_sanitizer(compiler: str, sanitizer: str, program: Path) -> None:
    flags = ("-O1", "-g", "-pthread", f"-fsanitize={sanitizer}", "-fno-sanitize-recover=all")
    binary = scratch() / f"{program.stem}-{Path(compiler).name}-{sanitizer}"
    run_compiler(compiler, *WARNINGS, *INCLUDES, *flags, program, *objects(compiler, *flags), "-lm", "-o", binary)
    try:
        done = subprocess.run(
            [binary],
            env={**os.environ, **OPTIONS},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        said = expired.stdout.decode() if isinstance(expired.stdout, bytes) else expired.stdout
        pytest.fail(f"still running after {SECONDS} s; the last line says in what:\n{said}", pytrace=False)
    if done.returncode != 0:
        pytest.fail(f"ended with {done.returncode}:\n{done.stdout}", pytrace=False)


def test_there_are_programs() -> None:
    assert {path.stem for path in PROGRAMS} >= {"test_ring", "test_notes", "test_pump_life", "test_null_thread"}
