"""The wheels of all platforms, cross-built by ``nox -s wheels``: their names, their contents, and what is in the library.

None can be loaded here but one; the headers of the others say which systems will take them.
"""

from __future__ import annotations

import os
import re
import struct
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

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
# What ships with Windows 10 and later; zig's own C library parts are linked in.
WINDOWS_LIBRARIES = re.compile(rb"(?i)(kernel32|ntdll|api-ms-win-crt-[a-z]+-l1-1-0)\.dll")
NEWEST_GLIBC = (2, 17)
LC_VERSION_MIN_MACOSX = 0x24
LC_BUILD_VERSION = 0x32
LC_CODE_SIGNATURE = 0x1D

linux = pytest.mark.parametrize("wheel", [w for w in WHEELS if "linux" in w.tags], ids=lambda w: w.tags)
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


def elf_needed(library: bytes) -> set[bytes]:
    """The libraries that an ELF library is linked to (DT_NEEDED)."""
    (sections_at,) = struct.unpack_from("<Q", library, 40)
    size, count = struct.unpack_from("<HH", library, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", library, sections_at + size * index) for index in range(count)]
    needed = set[bytes]()
    for _, kind, _, _, at, length, link, _, _, _ in sections:
        if kind == 6:  # SHT_DYNAMIC
            names_at = sections[link][4]
            for tag, value in struct.iter_unpack("<QQ", library[at : at + length]):
                if tag == 1:  # DT_NEEDED
                    needed.add(library[names_at + value :].split(b"\0", 1)[0])
    return needed


def mach_commands(library: bytes) -> dict[int, bytes]:
    """The load commands of a Mach-O library, by number."""
    (count,) = struct.unpack_from("<I", library, 16)
    at = 32
    commands = dict[int, bytes]()
    for _ in range(count):
        number, size = struct.unpack_from("<II", library, at)
        commands[number & 0x7FFFFFFF] = library[at : at + size]
        at += size
    return commands


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
def test_a_library_exports_every_function_of_the_header(wheel: Expected, dist: Path) -> None:
    header = (ROOT / "core" / "include" / "pcmio.h").read_text()
    declared = set(re.findall(r"PCMIO_API [^;(]*?\b(pcmio_\w+)\(", header))
    assert declared
    # Nothing but the table of exports still holds names: the symbol tables are stripped.
    present = set(re.findall(rb"\bpcmio_\w+(?=\0)|(?<=\0_)pcmio_\w+", library_of(wheel, dist)))
    assert {name.encode() for name in declared} <= present


@every
def test_a_library_names_no_folder_of_the_machine_that_built_it(wheel: Expected, dist: Path) -> None:
    library = library_of(wheel, dist)
    assert os.fsencode(ROOT) not in library
    assert os.fsencode(Path.home()) + b"/" not in library
    assert b"pcmio-build-" not in library


@linux
def test_a_linux_library_is_for_the_machine_of_its_tag(wheel: Expected, dist: Path) -> None:
    library = library_of(wheel, dist)
    assert library.startswith(b"\x7fELF\x02\x01")
    kind, machine = struct.unpack_from("<HH", library, 16)
    assert (kind, machine) == (3, wheel.machine)  # 3: a shared object


@glibc
def test_a_manylinux_library_needs_nothing_newer_than_its_tag_says(wheel: Expected, dist: Path) -> None:
    library = library_of(wheel, dist)
    versions = {tuple(map(int, version.split(b"."))) for version in re.findall(rb"\0GLIBC_([\d.]+)(?=\0)", library)}
    assert versions
    assert max(versions) <= NEWEST_GLIBC
    assert elf_needed(library) <= {b"libc.so.6", b"libpthread.so.0", b"libm.so.6", b"librt.so.1", b"libdl.so.2"}


@musl
def test_a_musllinux_library_uses_the_systems_musl(wheel: Expected, dist: Path) -> None:
    library = library_of(wheel, dist)
    assert elf_needed(library) == {b"libc.so"}
    assert b"GLIBC_" not in library


@macos
def test_a_macos_library_runs_on_the_system_of_its_tag(wheel: Expected, dist: Path) -> None:
    library = library_of(wheel, dist)
    magic, machine, _, kind = struct.unpack_from("<IIII", library)
    assert (magic, machine, kind) == (0xFEEDFACF, wheel.machine, 6)  # 6: a dynamic library
    commands = mach_commands(library)
    if LC_BUILD_VERSION in commands:
        _, _, platform, oldest = struct.unpack_from("<IIII", commands[LC_BUILD_VERSION])
        assert platform == 1  # macOS
    else:
        _, _, oldest = struct.unpack_from("<III", commands[LC_VERSION_MIN_MACOSX])
    assert f"macosx_{oldest >> 16}_{oldest >> 8 & 0xFF}_" in wheel.tags
    assert b"@rpath/libpcmio.dylib\0" in library


@macos
def test_a_macos_library_for_arm_is_signed(wheel: Expected, dist: Path) -> None:
    # Without even an ad-hoc signature, macOS on ARM ends the process that loads it.
    if wheel.tags.endswith("arm64"):
        assert LC_CODE_SIGNATURE in mach_commands(library_of(wheel, dist))


@windows
def test_a_windows_library_is_for_the_machine_of_its_tag(wheel: Expected, dist: Path) -> None:
    library = library_of(wheel, dist)
    assert library.startswith(b"MZ")
    (header_at,) = struct.unpack_from("<I", library, 60)
    assert library[header_at : header_at + 4] == b"PE\0\0"
    (machine,) = struct.unpack_from("<H", library, header_at + 4)
    (flags,) = struct.unpack_from("<H", library, header_at + 22)
    assert machine == wheel.machine
    assert flags & 0x2000  # a DLL


@windows
def test_a_windows_library_needs_only_what_ships_with_windows(wheel: Expected, dist: Path) -> None:
    imported = set(re.findall(rb"(?i)[\w-]+\.dll(?=\0)", library_of(wheel, dist))) - {b"pcmio.dll"}
    assert imported
    assert {name for name in imported if not WINDOWS_LIBRARIES.fullmatch(name)} == set()
