"""The sdist and the wheel hold exactly what they should: one file more or less fails here."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from tests.packaging.building import (
    DIST_INFO,
    METADATA_FILES,
    ROOT,
    VERSION,
    build,
    package_files,
    unpacked,
    wheel_headers,
    wheel_names,
)

# Every name at the root of the repository is in one of the two.
SHIPPED = {
    ".clang-format",
    ".clang-tidy",
    ".gitignore",  # hatchling adds it: what it ignores in a checkout it ignores in an unpacked sdist
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "UPGRADING.md",
    "bench",
    "core",
    "docs",
    "examples",
    "hatch_build.py",
    "noxfile.py",
    "pyproject.toml",
    "src",
    "tests",
    "tools",
}
LEFT_OUT = {".ci", ".github"}
# The kinds of file that the package itself may consist of.
PACKAGE_SUFFIXES = {".js", ".py", ".typed"}


def test_every_name_at_the_root_is_shipped_or_left_out_on_purpose(tracked: frozenset[str]) -> None:
    assert {PurePosixPath(name).parts[0] for name in tracked} <= SHIPPED | LEFT_OUT


def test_the_sdist_holds_what_the_repository_knows_and_nothing_else(sdist: Path, tracked: frozenset[str]) -> None:
    assert sdist.name == f"pcmio-{VERSION}.tar.gz"
    with tarfile.open(sdist) as archive:
        names = [member.name for member in archive.getmembers()]
    expected = {name for name in tracked if PurePosixPath(name).parts[0] in SHIPPED} | {"PKG-INFO"}
    assert sorted(names) == sorted(f"pcmio-{VERSION}/{name}" for name in expected)


@pytest.mark.skipif(sys.platform != "linux", reason="names the library and the tag as Linux does")
def test_the_wheel_holds_the_package_the_core_and_metadata(wheel: Path, tracked: frozenset[str]) -> None:
    files = package_files(tracked)
    assert {PurePosixPath(name).suffix for name in files} <= PACKAGE_SUFFIXES
    assert sorted(wheel_names(wheel)) == sorted(files | METADATA_FILES | {"pcmio/libpcmio.so"})


def test_the_wheel_is_typed_and_carries_its_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("pcmio/py.typed") == b""
        assert archive.read(f"{DIST_INFO}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
        assert archive.read(f"{DIST_INFO}/entry_points.txt").decode().split() == [
            "[console_scripts]", "pcmio", "=", "pcmio.cli:main", "[pytest11]", "pcmio", "=", "pcmio._pytest",
        ]  # fmt: skip


def test_the_metadata_promises_no_dependency_but_extras(wheel: Path) -> None:
    metadata = wheel_headers(wheel, "METADATA")
    assert metadata["Name"] == "pcmio"
    assert metadata["Version"] == VERSION
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata.get_payload() == (ROOT / "README.md").read_text(encoding="utf-8")
    assert metadata.get_all("Provides-Extra") == ["all", "cli", "convert", "examples", "numpy", "plot", "realtime"]
    assert all("extra ==" in requirement for requirement in metadata.get_all("Requires-Dist", []))


def test_the_wheel_is_for_any_python_on_this_platform(wheel: Path) -> None:
    headers = wheel_headers(wheel, "WHEEL")
    assert headers["Root-Is-Purelib"] == "false"
    (tag,) = headers.get_all("Tag", [])
    assert wheel.name == f"pcmio-{VERSION}-{tag}.whl"
    assert tag.startswith("py3-none-")
    # Built by a compiler of this machine, against this machine's C library, which may be newer than another's.
    assert "manylinux" not in tag


def test_the_record_names_every_file_with_its_hash(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        record = csv.reader(io.StringIO(archive.read(f"{DIST_INFO}/RECORD").decode()))
        hashes = {name: digest for name, digest, _ in record}
        assert hashes.keys() == set(archive.namelist())
        for name, digest in hashes.items():
            if name != f"{DIST_INFO}/RECORD":
                sum_ = base64.urlsafe_b64encode(hashlib.sha256(archive.read(name)).digest()).decode().rstrip("=")
                assert digest == f"sha256={sum_}"


def test_the_same_sources_give_the_same_bytes(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    # From another folder, at another time, with files of another age.
    source = unpacked(sdist, tmp_path / "elsewhere")
    assert build("sdist", tmp_path / "sdist", source).read_bytes() == sdist.read_bytes()
    assert build("wheel", tmp_path / "wheel", source, CC="cc").read_bytes() == wheel.read_bytes()


def test_what_an_editable_install_left_stays_out_of_the_wheel(sdist: Path, tmp_path: Path) -> None:
    source = unpacked(sdist, tmp_path / "source")
    for stray in ("libpcmio.so", "libpcmio.dylib", "pcmio.dll"):
        (source / "src" / "pcmio" / stray).write_bytes(b"of another machine")
    wheel = build("wheel", tmp_path / "wheel", source, PCMIO_TARGET="any")
    assert not [name for name in wheel_names(wheel) if name.endswith((".so", ".dylib", ".dll"))]
    with tarfile.open(build("sdist", tmp_path / "sdist", source)) as archive:
        assert not [name for name in archive.getnames() if name.endswith((".so", ".dylib", ".dll"))]


def test_no_library_is_in_the_repository(tracked: frozenset[str]) -> None:
    listing = subprocess.run(["git", "-C", ROOT, "check-ignore", "src/pcmio/libpcmio.so"], check=False)
    assert listing.returncode == 0
    assert not [name for name in tracked if name.endswith((".so", ".dylib", ".dll", ".o", ".a"))]
