"""Compiles the core into the wheel and tags the wheel for the platform that the core was compiled for.

Without instructions the core is compiled for this machine: by ``$CC`` or ``cc``, and where there is no C compiler by
zig, which is then a build requirement like any other. ``PCMIO_TARGET`` names another platform, or ``any`` for a wheel
without the core (Python in a browser); zig compiles for all of them.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import platform_tags


class Target(NamedTuple):
    """What the core can be compiled for: by whom, for which wheel tag, and how the library is then called."""

    compiler: tuple[str, ...]
    platform: str
    library: str


def _zig(triple: str, platform: str, library: str) -> Target:
    # -s: the symbol tables are half of the file, and hold paths of the machine that built it.
    return Target((sys.executable, "-m", "ziglang", "cc", "-target", triple, "-s"), platform, library)


# The oldest systems that CPython 3.10 itself supports.
TARGETS = {
    "manylinux-x86_64": _zig("x86_64-linux-gnu.2.17", "manylinux_2_17_x86_64.manylinux2014_x86_64", "libpcmio.so"),
    "manylinux-aarch64": _zig("aarch64-linux-gnu.2.17", "manylinux_2_17_aarch64.manylinux2014_aarch64", "libpcmio.so"),
    "musllinux-x86_64": _zig("x86_64-linux-musl", "musllinux_1_2_x86_64", "libpcmio.so"),
    "musllinux-aarch64": _zig("aarch64-linux-musl", "musllinux_1_2_aarch64", "libpcmio.so"),
    "macos-x86_64": _zig("x86_64-macos.10.13", "macosx_10_13_x86_64", "libpcmio.dylib"),
    "macos-arm64": _zig("aarch64-macos.11.0", "macosx_11_0_arm64", "libpcmio.dylib"),
    "windows-x86_64": _zig("x86_64-windows-gnu", "win_amd64", "pcmio.dll"),
    "windows-arm64": _zig("aarch64-windows-gnu", "win_arm64", "pcmio.dll"),
}

FLAGS = (
    "-std=c11",
    "-O3",
    "-ffp-contract=off",  # fused multiply-adds round differently: one sample would differ from machine to machine
    "-fPIC",
    "-fvisibility=hidden",
    "-pthread",
    "-shared",
)
LINK = {
    # ELF linkers take a library with undefined functions, and the user's dlopen then does not.
    ".so": ("-Wl,-z,defs",),
    # Otherwise the library is named for the folder that it was compiled in.
    ".dylib": ("-Wl,-install_name,@rpath/libpcmio.dylib",),
}


class CustomBuildHook(BuildHookInterface[BuilderConfig]):
    """The name that hatchling looks for."""

    def dependencies(self) -> list[str]:
        """Ask for zig only where it will be run."""
        target = _target()
        if target is None or "ziglang" not in target.compiler:
            return []
        project: dict[str, Any] = self.metadata.config  # pyright: ignore[reportUnknownMemberType] - hatchling's is untyped
        return list(project["dependency-groups"]["zig"])

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and say where the library goes and what the wheel is called."""
        target = _target()
        if target is None:
            build_data["tag"] = "py3-none-any"
            return
        build_data["tag"] = f"py3-none-{target.platform}"
        build_data["pure_python"] = False
        self._scratch = TemporaryDirectory(prefix="pcmio-build-")
        library = self._compile(target, Path(self._scratch.name))
        if version == "editable":
            _replace(Path(self.root, "src", "pcmio", target.library), library)
        else:
            build_data["force_include"][str(library)] = f"pcmio/{target.library}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Leave nothing behind."""
        del version, build_data, artifact_path
        if hasattr(self, "_scratch"):
            self._scratch.cleanup()

    def _compile(self, target: Target, folder: Path) -> Path:
        library = folder / target.library
        root = Path(self.root)
        sources = sorted(path for half in ("rt", "setup") for path in root.glob(f"core/{half}/*.c"))
        command = [
            *target.compiler,
            *FLAGS,
            *LINK.get(library.suffix, ()),
            "-Icore/include",
            "-Icore/rt",
            *(path.relative_to(root).as_posix() for path in sources),
            "-o",
            str(library),
        ]
        self.app.display_info(shlex.join(command))
        # Relative paths from the root, so that no compiler can put the place of the checkout into the library.
        subprocess.run(command, cwd=root, check=True)
        return library


def _replace(installed: Path, library: Path) -> None:
    # Never written in place: a process that has the old library mapped would crash.
    fresh = installed.with_suffix(f".new{installed.suffix}")
    shutil.copy(library, fresh)
    fresh.replace(installed)


def _target() -> Target | None:
    """What this build is for; None for no machine in particular."""
    wanted = os.environ.get("PCMIO_TARGET")
    if wanted == "any":
        return None
    if wanted:
        if wanted not in TARGETS:
            message = f"PCMIO_TARGET={wanted!r} is none of: any, {', '.join(TARGETS)}"
            raise ValueError(message)
        return TARGETS[wanted]
    here = list(platform_tags())
    compiler = os.environ.get("CC") or shutil.which("cc")
    if compiler:
        # A compiler of this machine uses this machine's C library: only "linux", not "manylinux", is then true.
        platform = next(tag for tag in here if not tag.startswith(("manylinux", "musllinux")))
        return Target(tuple(shlex.split(compiler, posix=os.name == "posix")), platform, _library_name())
    for target in TARGETS.values():
        if not set(target.platform.split(".")).isdisjoint(here):
            return target
    message = f"no C compiler: set CC (zig, the replacement, is set up for {', '.join(TARGETS)} only)"
    raise RuntimeError(message)


def _library_name() -> str:
    return {"win32": "pcmio.dll", "darwin": "libpcmio.dylib"}.get(sys.platform, "libpcmio.so")
