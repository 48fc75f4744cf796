"""An sdist and a wheel of this checkout, built once."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.packaging.building import ROOT, build

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def tracked() -> frozenset[str]:
    """Every file that the repository knows, as its path from the root."""
    if not (ROOT / ".git").exists():
        pytest.skip("which files belong to the project is known in a git checkout only")
    listing = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, text=True, check=True)
    return frozenset(filter(None, listing.stdout.split("\0")))


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For this machine, by its own compiler."""
    return build("wheel", tmp_path_factory.mktemp("wheel"), CC=shutil.which("cc") or "cc")


@pytest.fixture
def bare_path(tmp_path: Path) -> str:
    """A PATH with a shell and no compiler."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "uname"):
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    return str(folder)
