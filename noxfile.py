"""What CI runs, and a person before a commit: ``nox -l`` lists it, ``tools/test`` runs it on a bare machine."""

from __future__ import annotations

import os
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.reuse_venv = "yes"
# What CI runs has a tag, which says to tools/test what may run beside what.
nox.options.tags = ["machine", "busy", "quiet"]

PROJECT = nox.project.load_toml("pyproject.toml")
# mypy's and pyright's names for what `sys.platform` can be.
PLATFORMS = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}


def _install(session: nox.Session, *groups: str, extras: str = "") -> None:
    """Install dependency groups, and what the named extras of pcmio need (not pcmio itself)."""
    optional = PROJECT["project"]["optional-dependencies"]
    wanted = [requirement for extra in extras.split(",") if extra for requirement in optional[extra]]
    session.install(*nox.project.dependency_groups(PROJECT, *groups), *wanted)


def _c_files() -> list[str]:
    return sorted(str(path) for folder in ("bench", "core", "tests") for path in Path(folder).rglob("*.[ch]"))


def _check_style(session: nox.Session) -> None:
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports", env={"PYTHONPATH": "src"})
    session.run("clang-format", "--dry-run", "-Werror", *_c_files())


@nox.session(tags=["busy"])
def lint(session: nox.Session) -> None:
    """Check style, formatting, who imports whom, and C for what often goes wrong."""
    _install(session, "lint")
    _check_style(session)
    # From a wheel it has no headers of its own; the machine's clang has.
    resources = session.run("clang", "-print-resource-dir", external=True, silent=True)
    sources = [str(path) for folder in ("rt", "setup", "tests") for path in sorted(Path("core", folder).glob("*.c"))]
    includes = [f"-Icore/{folder}" for folder in ("include", "rt", "setup", "tests")]
    flags = ["-std=c11", *includes, "-resource-dir", str(resources).strip()]
    session.run("clang-tidy", "--quiet", *sources, "--", *flags, silent=True)


@nox.session(tags=["busy"])
def types(session: nox.Session) -> None:
    """Check types, once for each platform: what one's branch hides is an error on another."""
    _install(session, "types", extras="cli")
    for mypys, pyrights in PLATFORMS.items():
        # The tests speak to this system's servers and signals, and are for it alone.
        where = [] if mypys == "linux" else ["src", "examples"]
        session.run("mypy", f"--platform={mypys}", *where)
        session.run("pyright", f"--pythonplatform={pyrights}", *where)


@nox.session(tags=["busy"])
def docs(session: nox.Session) -> None:
    """Build the site, any warning an error, and type the pages' commands as somebody who has nothing yet."""
    _install(session, "docs")
    session.install("-e", ".[numpy]")
    # Anew each time: a page that was not read again tells nothing.
    session.run("sphinx-build", "--fail-on-warning", "--keep-going", "--quiet", "-E", "-c", "docs", ".", "build/site")
    session.run("python", "tools/type_pages.py", *session.posargs)


@nox.session(tags=["busy"])
def core(session: nox.Session) -> None:
    """Test the C core: alone under the sanitizers, and through ctypes."""
    _install(session, "test")
    session.install("-e", ".")
    session.run("pytest", "tests/core", *session.posargs)


@nox.session(tags=["quiet"])
def tests(session: nox.Session) -> None:
    """Test pcmio on every host that this machine has or can simulate."""
    _install(session, "test")
    session.install("-e", ".[all]")
    elsewhere = [f"--ignore=tests/{folder}" for folder in ("core", "debian13", "packaging", "vm")]
    session.run("pytest", *elsewhere, *session.posargs)


@nox.session(tags=["machine"])
def cards(session: nox.Session) -> None:
    """Test on a kernel's sound cards, in a virtual machine that is built and started for it."""
    _install(session, "test")
    session.install("-e", ".")
    session.run("pytest", "tests/vm")
    inside = ["python3", "-m", "pytest", "-p", "no:cacheprovider", "tests/cards", *session.posargs]
    session.run("python", "-m", "tests.vm", "--clock=virtual", "--", *inside)


@nox.session
def debian13(session: nox.Session) -> None:
    """Test what Debian 12 does not have, in a Debian 13 that is made for it: as root, and not by default."""
    session.install("-e", ".")
    # Debian's pytest is older than the one that pyproject.toml asks for.
    own = ["-c", "/dev/null", "--rootdir=/repository", "--import-mode=importlib", "-p", "no:cacheprovider", "-ra"]
    inside = ["python3", "-m", "pytest", *own, "--timeout=300", "tests/debian13", *session.posargs]
    session.run("python", "-m", "tests.debian13", "--", *inside)


@nox.session(tags=["busy"])
def packaging(session: nox.Session) -> None:
    """Build, unpack, install and import what users get."""
    _install(session, "build", "test", "zig")
    session.run("pytest", "tests/packaging", "--ignore=tests/packaging/test_targets.py", *session.posargs)


@nox.session(tags=["busy"])
def wheels(session: nox.Session) -> None:
    """Build the sdist and the wheels of all platforms into dist/, and check each."""
    _install(session, "build", "test", "zig")
    dist = Path("dist")
    for old in dist.glob("pcmio-*"):
        old.unlink()
    named = session.run("python", "-c", "import hatch_build; print(*hatch_build.TARGETS)", silent=True)
    session.run("python", "-m", "build", "--no-isolation", "--sdist")
    for target in [*str(named).split(), "any"]:
        session.run("python", "-m", "build", "--no-isolation", "--wheel", env={"PCMIO_TARGET": target})
    session.run("pytest", "tests/packaging/test_targets.py", env={"PCMIO_WHEELS": os.fspath(dist.resolve())})


@nox.session
def check(session: nox.Session) -> None:
    """Check in under a minute what most often goes wrong: before each commit."""
    _install(session, "lint", "types")
    session.install("-e", ".[all]")
    _check_style(session)
    session.run("mypy")
    session.run("pytest", "tests/unit", "-q", *session.posargs)
