"""The wheels of all platforms, cross-built by ``nox -s wheels``: names, contents, and what the library is made of.

None can be loaded here but one; the headers of the others say which systems will take them.
"""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.packaging import binaries
from tests.packaging.building import METADATA_FILES, ROOT, VERSION, package_files, wheel_headers, wheel_names


class Expected(NamedTuple):
    tags: str
    library: str
    machine: int


# Machine numbers: the ELF header's e_machine, Mach-O's cputype, COFF's Machine.
WHEELS = [
    Expected("manylinux_2_17_x86_64.manylinux2014_x86_64", "libpcmio.so", 62),
    Expected("manylinux_2_17_aarch64.manylinux2014_aarch64", "libpcmio.so", 183),
    Expected("musllinux_1_2_x86_64", "libpcmio.so", 62),
    Expected("musllinux_1_2_aarch64", "libpcmio.so", 183),
    Expected("macosx_10_13_x86_64", "libpcmio.dylib", 0x01000007),
    Expected("macosx_11_0_arm64", "libpcmio.dylib", 0x0100000C),
    Expected("win_amd64", "pcmio.dll", 0x8664),
    Expected("win_arm64", "pcmio.dll", 0xAA64),
]
# What ships with Windows 10 and later; the rest of the C library is linked in.
WINDOWS_LIBRARIES = re.compile(r"(kernel32|ntdll|api-ms-win-crt-[a-z]+-l1-1-0)\.dll")
GLIBC = {"libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0", "librt.so.1"}
NEWEST_GLIBC = (2, 17)
# zig exports on macOS what Apple's linker keeps to itself; two libraries' never meet: each is looked up by its home.
MADE_BY_THE_LINKER = {"__dso_handle", "_mh_dylib_header"}

glibc = pytest.mark.parametrize("wheel", [w for w in WHEELS if "manylinux" in w.tags], ids=lambda w: w.tags)
musl = pytest.mark.parametrize("wheel", [w for w in WHEELS if "musllinux" in w.tags], ids=lambda w: w.tags)
macos = pytest.mark.parametrize("wheel", [w for w in WHEELS if "macosx" in w.tags], ids=lambda w: w.tags)
windows = pytest.mark.parametrize("wheel", [w for w in WHEELS if "win_" in w.tags], ids=lambda w: w.tags)
every = pytest.mark.parametrize("wheel", WHEELS, ids=lambda w: w.tags)


@pytest.fixture(scope="session")
def dist() -> Path:
    folder = os.environ.get("PCMIO_WHEELS")
    if not folder:
        pytest.skip("nox -s wheels builds them, and sets PCMIO_WHEELS")
    return Path(folder)


def path_of(wheel: Expected, dist: Path) -> Path:
    return dist / f"pcmio-{VERSION}-py3-none-{wheel.tags}.whl"


def library_of(wheel: Expected, dist: Path) -> bytes:
    with zipfile.ZipFile(path_of(wheel, dist)) as archive:
        return archive.read(f"pcmio/{wheel.library}")


def test_dist_holds_the_sdist_and_a_wheel_for_each_platform_and_nothing_else(dist: Path) -> None:
    wheels = {f"pcmio-{VERSION}-py3-none-{tags}.whl" for tags in [*(wheel.tags for wheel in WHEELS), "any"]}
    assert {path.name for path in dist.iterdir()} == wheels | {f"pcmio-{VERSION}.tar.gz"}


@every
def test_a_wheel_holds_the_package_its_library_and_metadata(
    wheel: Expected, dist: Path, tracked: frozenset[str]
) -> None:
    names = wheel_names(path_of(wheel, dist))
    assert sorted(names) == sorted(package_files(tracked) | METADATA_FILES | {f"pcmio/{wheel.library}"})


def test_the_browsers_wheel_holds_the_package_and_metadata_only(dist: Path, tracked: frozenset[str]) -> None:
    wheel = dist / f"pcmio-{VERSION}-py3-none-any.whl"
    assert sorted(wheel_names(wheel)) == sorted(package_files(tracked) | METADATA_FILES)
    assert wheel_headers(wheel, "WHEEL").get_all("Tag") == ["py3-none-any"]
    assert wheel_headers(wheel, "WHEEL")["Root-Is-Purelib"] == "true"


@every
def test_a_wheels_tags_are_those_of_its_name(wheel: Expected, dist: Path) -> None:
    headers = wheel_headers(path_of(wheel, dist), "WHEEL")
    assert set(headers.get_all("Tag", [])) == {f"py3-none-{tag}" for tag in wheel.tags.split(".")}
    assert headers["Root-Is-Purelib"] == "false"


@every
def test_a_library_is_for_the_machine_of_its_tag(wheel: Expected, dist: Path) -> None:
    assert binaries.read(library_of(wheel, dist)).machine == wheel.machine


@every
def test_a_library_exports_the_functions_of_the_header_and_no_other(wheel: Expected, dist: Path) -> None:
    headers = (ROOT / "core" / "include" / name for name in ("pcmio.h", "pcmio_systems.h"))
    header = "".join(path.read_text() for path in headers)
    declared = set(re.findall(r"PCMIO_API [^;(]*?\b(pcmio_\w+)\(", header))
    assert declared
    assert binaries.read(library_of(wheel, dist)).exports - MADE_BY_THE_LINKER == declared


@every
def test_a_library_names_no_folder_of_the_machine_that_built_it(wheel: Expected, dist: Path) -> None:
    library = library_of(wheel, dist)
    assert os.fsencode(ROOT) not in library
    assert os.fsencode(Path.home()) + b"/" not in library
    assert b"pcmio-build-" not in library


@glibc
def test_a_manylinux_library_needs_nothing_newer_than_its_tag_says(wheel: Expected, dist: Path) -> None:
    library = library_of(wheel, dist)
    versions = {tuple(map(int, version.split(b"."))) for version in re.findall(rb"\0GLIBC_([\d.]+)(?=\0)", library)}
    assert versions
    assert max(versions) <= NEWEST_GLIBC
    assert binaries.read(library).needs <= GLIBC


@musl
def test_a_musllinux_library_uses_the_systems_musl(wheel: Expected, dist: Path) -> None:
    library = library_of(wheel, dist)
    # By this name musl's loader knows itself; were it missing, a second C library would be inside.
    assert binaries.read(library).needs == {"libc.so"}
    assert b"GLIBC_" not in library


@macos
def test_a_macos_library_runs_on_the_system_of_its_tag(wheel: Expected, dist: Path) -> None:
    library = library_of(wheel, dist)
    major, minor = binaries.mach_oldest_system(library)
    assert wheel.tags.startswith(f"macosx_{major}_{minor}_")
    assert binaries.read(library).needs == {"/usr/lib/libSystem.B.dylib"}
    commands = dict(binaries.mach_commands(library))
    assert b"@rpath/libpcmio.dylib\0" in commands[binaries.LC_ID_DYLIB]
    # Without even an ad-hoc signature, macOS on ARM ends the process that loads it.
    assert binaries.LC_CODE_SIGNATURE in commands or not wheel.tags.endswith("arm64")


@windows
def test_a_windows_library_needs_only_what_ships_with_windows(wheel: Expected, dist: Path) -> None:
    needs = binaries.read(library_of(wheel, dist)).needs
    assert needs
    assert {name for name in needs if not WINDOWS_LIBRARIES.fullmatch(name)} == set()
