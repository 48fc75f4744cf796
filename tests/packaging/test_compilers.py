"""Who compiles: ``CC``, else ``cc``, else zig, which is asked for only then."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.packaging.building import ROOT, build, environment, wheel_names

if TYPE_CHECKING:
    from pathlib import Path

ZIG = ["ziglang==0.17.1"]


def requirements(kind: str = "wheel", **variables: str) -> list[str]:
    """What a build frontend is told to install beside hatchling."""
    ask = f"import json, hatchling.build as b; print(json.dumps(b.get_requires_for_build_{kind}()))"
    answer = subprocess.run(
        [sys.executable, "-c", ask], cwd=ROOT, env=environment(**variables), capture_output=True, text=True, check=True
    )
    listed: list[str] = json.loads(answer.stdout)
    return listed


def test_a_compiler_on_the_path_is_enough(tmp_path: Path) -> None:
    (tmp_path / "cc").symlink_to("/bin/false")
    (tmp_path / "cc").chmod(0o755)
    assert requirements(PATH=str(tmp_path)) == []


def test_a_compiler_named_by_cc_is_enough(bare_path: str) -> None:
    assert requirements(PATH=bare_path, CC="/opt/cross/bin/gcc --sysroot=/opt/cross") == []


def test_without_a_compiler_zig_is_asked_for(bare_path: str) -> None:
    assert requirements(PATH=bare_path) == ZIG
    assert set(ZIG) < set(requirements("editable", PATH=bare_path))


def test_an_sdist_needs_no_compiler(bare_path: str) -> None:
    assert requirements("sdist", PATH=bare_path) == []


def test_other_platforms_are_always_compiled_for_by_zig() -> None:
    assert requirements(PCMIO_TARGET="macos-arm64", CC="cc") == ZIG


def test_a_wheel_without_the_core_needs_no_compiler(bare_path: str, tmp_path: Path) -> None:
    assert requirements(PATH=bare_path, PCMIO_TARGET="any") == []
    wheel = build("wheel", tmp_path / "wheel", PATH=bare_path, PCMIO_TARGET="any")
    assert wheel.name.endswith("-py3-none-any.whl")
    assert "pcmio/libpcmio.so" not in wheel_names(wheel)


def test_an_unknown_target_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", f"--outdir={tmp_path}", str(ROOT)]
    built = subprocess.run(command, env=environment(PCMIO_TARGET="amiga"), capture_output=True, text=True, check=False)
    assert built.returncode != 0
    assert "PCMIO_TARGET='amiga' is none of: any, manylinux-x86_64" in built.stdout + built.stderr


def test_a_failing_compiler_fails_the_build(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", f"--outdir={tmp_path}", str(ROOT)]
    assert subprocess.run(command, env=environment(CC="false"), capture_output=True, check=False).returncode != 0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_common_compilers_compile_the_core(compiler: str, tmp_path: Path) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    wheel = build("wheel", tmp_path, CC=compiler)
    assert "pcmio/libpcmio.so" in wheel_names(wheel)
