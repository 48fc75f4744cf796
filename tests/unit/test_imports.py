"""What importing does and does not, and rules for every module of the package."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import pcmio
from tests.unit.header import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCES = ROOT / "src"
PACKAGE = SOURCES / "pcmio"
FILES = sorted(PACKAGE.rglob("*.py"))
PROGRAMS = [path for path in FILES if path.relative_to(PACKAGE).parts[0] in ("_pytest.py", "cli", "__main__.py")]
# Programs for people import what they need; the checks for tests may, too.
LIGHT = [path for path in FILES if path not in PROGRAMS and path.relative_to(PACKAGE).parts[0] != "testing"]
EXPENSIVE = {
    *("argparse", "asyncio", "collections.abc", "dataclasses", "importlib.metadata", "inspect", "logging", "numpy"),
    *("pathlib", "re", "subprocess", "tempfile", "traceback", "typing", "typing_extensions", "unittest", "uuid"),
}
TABLES = {"hosts/pulseaudio/abi.py", "hosts/jack/abi.py"}  # declarations: tables may be long

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
every_light_file = pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.relative_to(PACKAGE).as_posix())


def fresh(code: str) -> str:
    """What a bare interpreter prints that has this package and nothing else."""
    begin = (
        f"import sys; sys.path.insert(0, {str(SOURCES)!r}); sys.dont_write_bytecode = True; before = set(sys.modules)\n"
    )
    command = [sys.executable, "-I", "-S", "-c", begin + code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCES).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


# --- import pcmio -----------------------------------------------------------------------------------------------------


def test_importing_prints_nothing_and_loads_nothing_expensive() -> None:
    loaded = fresh("import pcmio; print(*sorted(set(sys.modules) - before))").split()
    assert "pcmio" in loaded
    costs_nothing = {"collections.abc"} if sys.version_info >= (3, 13) else set[str]()  # another name of what is loaded
    assert EXPENSIVE & set(loaded) <= costs_nothing


def test_importing_opens_no_library_and_starts_nothing() -> None:
    loaded = set(fresh("import pcmio; print(*sorted(set(sys.modules) - before))").split())
    assert loaded & {"ctypes", "_ctypes", "threading", "socket", "atexit", "pcmio._core", "pcmio._native"} == set()
    assert not [name for name in loaded if name.startswith("pcmio.hosts")]


def test_asking_for_hosts_loads_no_numpy() -> None:
    code = "import pcmio; pcmio.available_hosts(); print('numpy' in sys.modules)"
    assert fresh(code) == "False\n"


def test_a_raw_stream_needs_no_numpy_and_nothing_else_expensive() -> None:
    code = """
import pcmio
with pcmio.host("null") as host:
    device = host.default_output_device()
    config = pcmio.StreamConfig(2, 48_000, 64)
    with device.build_output_stream_raw(config, lambda block, info: None, realtime="never") as stream:
        stream.wait(0.01)
print(*sorted(set(sys.modules) - before))
"""
    loaded = set(fresh(code).split())
    assert loaded & {"numpy", "typing", "dataclasses", "logging", "re", "inspect", "asyncio", "pathlib"} == set()


def test_importing_takes_well_under_thirty_milliseconds() -> None:
    # Of processor time, and the best of several: a busy machine is not the package's fault.
    code = "import time; begin = time.process_time(); import pcmio; print(time.process_time() - begin)"
    compile_first = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(SOURCES)!r})\n{code}"]
    times = [
        float(subprocess.run(compile_first, capture_output=True, text=True, check=True, timeout=60).stdout)
        for _ in range(5)
    ]
    assert min(times) < 0.030


@pytest.mark.parametrize("name", [module_name(path) for path in FILES if path not in PROGRAMS])
def test_every_module_can_be_imported_first(name: str) -> None:
    assert fresh(f"import {name}") == ""


# --- the public names -------------------------------------------------------------------------------------------------


def test_every_public_name_is_listed_and_exists() -> None:
    listed = pcmio.__all__
    assert len(set(listed)) == len(listed)
    assert [name for name in listed if not hasattr(pcmio, name)] == []
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    imported = {
        alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert imported == set(listed)


def test_the_front_has_public_names_and_nothing_else() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    kinds = {type(node).__name__ for node in tree.body[1:]}
    assert kinds == {"ImportFrom", "Assign"}


def test_the_version_is_the_projects() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    match = re.search(r'^version = "([^"]+)"$', project, re.MULTILINE)
    assert match is not None
    assert pcmio.__version__ == match[1]


def test_the_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()


# --- rules for every file ---------------------------------------------------------------------------------------------


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@every_file
def test_a_file_says_what_it_is_about(path: Path) -> None:
    assert ast.get_docstring(parsed(path))


@every_file
def test_a_file_is_short_enough_to_be_read(path: Path) -> None:
    if path.relative_to(PACKAGE).as_posix() not in TABLES:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 600


@every_file
def test_a_function_fits_on_a_screen(path: Path) -> None:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, node.name


@every_file
def test_annotations_are_never_evaluated(path: Path) -> None:
    tree = parsed(path)
    annotated = any(isinstance(node, ast.AnnAssign | ast.FunctionDef) for node in ast.walk(tree))
    futures = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    assert futures or not annotated


def imports_at_run_time(node: ast.AST) -> Iterator[str]:
    """What a file imports when it is imported itself: not for type checkers, not inside functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            kept = child.body if ast.unparse(child.test).startswith("not ") else child.orelse
            for statement in kept:
                yield from imports_at_run_time(ast.Module([statement], []))
        elif isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield child.module or ""
        else:
            yield from imports_at_run_time(child)


@every_light_file
def test_a_file_imports_nothing_expensive(path: Path) -> None:
    assert set(imports_at_run_time(parsed(path))) & EXPENSIVE == set()


@every_light_file
def test_a_file_prints_nothing(path: Path) -> None:
    called = {ast.unparse(node.func) for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)}
    assert called & {"print", "sys.stdout.write", "sys.stderr.write", "warnings.warn"} <= {"warnings.warn"}
    assert "warnings.warn" not in called or path.name in {"_stream.py", "_watch.py"}  # dropped, they say so
