"""What the machine starts from: a Debian kernel, its initramfs, and the image of a small root, all kept in a cache.

Python in it is Debian's; pytest, and what the command line needs, are the ones that the project asks for.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

SUITE = "bookworm"
PACKAGES = ("python3", "libasound2", "alsa-utils", "kmod", "udev", "busybox-static")
PYTHON = "3.11"  # that suite's
#: For the tests, and those of the extra ``cli``.
WHEELS = ("pytest>=8.3", "pytest-timeout>=2.3", "click>=8.1", "numpy>=1.24", "rich>=13", "soundfile>=0.12", "soxr>=0.5")
#: The programs that are run here, and the Debian packages that bring them.
PROGRAMS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "setpriv": "util-linux",
}
GUEST = Path(__file__).with_name("guest")
#: Nobody reads these in the machine.
_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*", "/usr/share/sounds/*")
_MAKE_IMAGE = (
    'mount --bind "$1" "$1" && truncate --size=1G "$1".img && '
    'mke2fs -q -t ext4 -O ^has_journal,^metadata_csum,^64bit -m 0 -d "$1" "$1".img && mv "$1".img "$1"/root.img'
)
# Programs for administrators are not on every user's path.
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


class MissingError(Exception):
    """This computer cannot have the machine; the text says why."""


class Image(NamedTuple):
    """Three files for the emulator."""

    kernel: Path
    initrd: Path
    root: Path


def cache() -> Path:
    """``PCMIO_VM_CACHE``, or a place that outlives a reboot; some 350 MB an image, may be deleted at any time."""
    named = os.environ.get("PCMIO_VM_CACHE")
    return Path(named) if named else Path("/var/tmp/pcmio-vm")


def ready() -> Image:
    """The image that belongs to these files, built if need be.

    Raises:
        MissingError: It cannot be built, or not be started, on this computer.
    """
    if os.uname().machine != "x86_64":
        raise MissingError(f"the machine is x86-64, this computer is {os.uname().machine}")
    _install()
    recipe = hashlib.sha256("\n".join((SUITE, *PACKAGES, *WHEELS)).encode())
    for name in ("prepare.py", "boot-init"):
        recipe.update((GUEST / name).read_bytes())
    folder = cache() / recipe.hexdigest()[:16]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with Path(f"{folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run may be building it
        if not folder.exists():
            _build(folder)
    return Image(folder / "kernel", folder / "initrd", folder / "root.img")


def _install() -> None:
    """Install the Debian packages of programs that are not there."""
    packages = [package for program, package in PROGRAMS.items() if shutil.which(program, path=_PATH) is None]
    if not packages:
        return
    if shutil.which("apt-get") is None:
        raise MissingError(f"no apt-get here; install by other means: {', '.join(packages)}")
    as_root = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    _run([*apt, "update"])
    _run([*apt, "install", "--yes", "--no-install-recommends", *packages])


def _build(folder: Path) -> None:
    print(f"building the machine's image in {folder} (once; one to two minutes)", file=sys.stderr, flush=True)
    # mmdebstrap's hooks run as the root that it makes for itself: a work directory that this user alone may enter
    # would be closed to it.
    with tempfile.TemporaryDirectory(prefix="pcmio-vm-", dir="/var/tmp") as name:
        work = Path(name)
        work.chmod(0o755)
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        _run([*pip, "--target", f"{work}/wheels", "--python-version", PYTHON, "--only-binary=:all:", *WHEELS])
        (work / "out").mkdir()
        hooks = (
            f"copy-in {work}/wheels/. /usr/local/lib/python{PYTHON}/dist-packages",
            f"upload {GUEST}/boot-init /boot-init",
            f"upload {GUEST}/prepare.py /prepare.py",
            'chroot "$1" python3 /prepare.py',
            f"download /kernel {work}/out/kernel",
            f"download /initrd {work}/out/initrd",
            'rm -rf "$1"/kernel "$1"/initrd "$1"/prepare.py "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/*',
            # Mounted once more, the root is without /proc and what else is mounted in it; in a namespace of its own.
            f"unshare --mount sh -c '{_MAKE_IMAGE}' sh \"$1\"",
            f"download /root.img {work}/out/root.img",
        )
        _run([
            *("mmdebstrap", "--quiet", "--variant=minbase", "--format=null", f"--include={','.join(PACKAGES)}"),
            # A mirror may be a snapshot that is older than its lists are valid.
            *("--aptopt=Acquire::Check-Valid-Until false", "--aptopt=Acquire::Retries 3"),
            *("--dpkgopt=force-unsafe-io", *(f"--dpkgopt=path-exclude={left_out}" for left_out in _LEFT_OUT)),
            *(f"--customize-hook={hook}" for hook in hooks),
            *(SUITE, "/dev/null", *_mirror()),
        ])  # fmt: skip
        shutil.rmtree(f"{folder}.new", ignore_errors=True)
        _run(["cp", "--recursive", "--sparse=always", f"{work}/out", f"{folder}.new"])
        Path(f"{folder}.new").rename(folder)


def _mirror() -> list[str]:
    """The one that this computer's own apt uses, if it runs Debian; else mmdebstrap knows one."""
    wanted = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", f"Codename: {SUITE}"]
    try:
        told = subprocess.run(wanted, capture_output=True, text=True, check=False).stdout.split()
    except FileNotFoundError:
        return []
    return told[:1]


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(
            command,
            env={**os.environ, "PATH": _PATH, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError as error:
        raise MissingError(f"{command[0]} is not there") from error
    if done.returncode:
        end = "\n".join(done.stdout.splitlines()[-20:])
        raise MissingError(f"{command[0]} failed ({done.returncode}):\n{end}")
