"""What was built installs into an empty environment, and works there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.building import VERSION, environment, unpacked, virtual_environment

# What a user's first line does, and that the core is there and is the one that this Python was written for.
WORKS = f"""
import importlib.metadata, sys
import pcmio
from pcmio import _core
assert pcmio.__version__ == importlib.metadata.version("pcmio") == {VERSION!r}
assert _core.core().pcmio_abi() == _core.ABI
assert "numpy" not in sys.modules
print(pcmio.__file__)
"""


def install(python: Path, *what: Path | str, **variables: str) -> None:
    subprocess.run([python, "-m", "pip", "install", "--quiet", *what], check=True, env=environment(**variables))


def where_it_works(python: Path) -> Path:
    """Import pcmio, call the core, and say where it came from; ``-I`` so that this checkout cannot stand in."""
    ran = subprocess.run(
        [python, "-I", "-W", "error", "-c", WORKS], capture_output=True, text=True, check=True, cwd=python.parent
    )
    assert ran.stderr == ""
    return Path(ran.stdout.strip())


def wheel_tags(package: Path) -> str:
    return (package.parents[1] / f"pcmio-{VERSION}.dist-info" / "WHEEL").read_text()


def test_the_wheel_installs_imports_and_leaves_without_a_trace(wheel: Path, tmp_path: Path) -> None:
    python = virtual_environment(tmp_path / "venv")
    install(python, "--no-index", "--no-deps", wheel)
    package = where_it_works(python)
    assert package.is_relative_to(tmp_path)

    subprocess.run([python, "-m", "pip", "uninstall", "--quiet", "--yes", "pcmio"], check=True)
    assert not package.parent.exists()
    assert not list(package.parents[1].glob("pcmio*"))


USES_FIXTURES = """
import numpy as np
import pcmio

def test_a_program(pcmio_host, pcmio_clock, pcmio_heard):
    playback = pcmio.play(np.full(480, 0.5), 48_000)
    pcmio_clock.advance(1.0)
    assert playback.wait(10)
    assert pcmio_heard.peak == 0.5
"""


def test_pytest_finds_the_fixtures_of_an_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    python = virtual_environment(tmp_path / "venv")
    install(python, "numpy", "pytest")
    install(python, "--no-index", "--no-deps", wheel)
    (tmp_path / "test_program.py").write_text(USES_FIXTURES, encoding="utf-8")
    options = ["-q", "-W", "error", "-p", "no:cacheprovider"]
    command: list[Path | str] = [python, "-I", "-m", "pytest", *options, "test_program.py"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "1 passed" in ran.stdout, ran.stdout + ran.stderr


@pytest.mark.timeout(600)  # fetches and unpacks zig, 100 MB
@pytest.mark.skipif(sys.platform != "linux", reason="tags are those of Linux")
def test_the_sdist_installs_where_there_is_no_compiler(sdist: Path, bare_path: str, tmp_path: Path) -> None:
    python = virtual_environment(tmp_path / "venv")
    install(python, sdist, PATH=bare_path)
    package = where_it_works(python)
    # Nothing but zig could have earned this tag.
    assert "linux_" in wheel_tags(package)
    assert "Tag: py3-none-linux_" not in wheel_tags(package)


@pytest.mark.timeout(600)
def test_the_sdist_installs_where_there_is_a_compiler(sdist: Path, tmp_path: Path) -> None:
    python = virtual_environment(tmp_path / "venv")
    install(python, sdist)
    package = where_it_works(python)
    assert "manylinux" not in wheel_tags(package)


@pytest.mark.timeout(600)
def test_an_editable_install_compiles_into_the_sources(sdist: Path, tmp_path: Path) -> None:
    source = unpacked(sdist, tmp_path / "source")
    python = virtual_environment(tmp_path / "venv")
    install(python, "--editable", source)
    package = where_it_works(python)
    assert package == source / "src" / "pcmio" / "__init__.py"
    assert [path.name for path in package.parent.glob("*pcmio*")] == ["libpcmio.so"]
