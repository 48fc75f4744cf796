"""Runs a command in a Debian 13, beside this system and on its kernel.

    python -m tests.debian13 -- COMMAND [ARGUMENT...]

Root is needed, and mmdebstrap to make it: one to two minutes at the first run.  It is kept where PCMIO_DEBIAN13_CACHE
says, else in ``/var/tmp/pcmio-debian13``.  The command sees this repository, and may write to a /tmp of its own.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PACKAGES = (
    *("pipewire", "pipewire-bin", "libpipewire-0.3-modules", "libspa-0.2-modules", "wireplumber", "dbus"),
    *("iproute2", "nftables"),
    *("python3", "python3-numpy", "python3-pytest", "python3-pytest-timeout", "python3-typing-extensions"),
)
#: In a mount namespace of its own, of which nothing is left when the command has ended.
ENTER = """
set -eu
root=$1 repository=$2
shift 2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
for folder in dev sys; do mount --rbind "/$folder" "$root/$folder"; done
for folder in run tmp; do mount -t tmpfs tmpfs "$root/$folder"; done
mkdir -p "$root/repository"
mount --bind -o ro "$repository" "$root/repository"
exec chroot "$root" env -i PATH=/usr/bin:/usr/sbin:/bin HOME=/root LANG=C.UTF-8 PCMIO_DEBIAN13=yes \\
    PYTHONPATH=/repository/src:/repository PYTHONDONTWRITEBYTECODE=1 sh -c 'cd /repository && exec "$@"' sh "$@"
"""


def root() -> Path:
    """Where it is; it is made if it is not there, or has other packages."""
    where = Path(os.environ.get("PCMIO_DEBIAN13_CACHE", "/var/tmp/pcmio-debian13"))
    made, included = where / "made", f"--include={','.join(PACKAGES)}"
    if not made.exists() or made.read_text() != included:
        shutil.rmtree(where, ignore_errors=True)
        subprocess.run(["mmdebstrap", "--quiet", "--variant=apt", included, "trixie", str(where)], check=True)
        made.write_text(included)
    return where


def main() -> int:
    """Run the command, and return its status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.debian13", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", nargs="+")
    command = parser.parse_args().command
    inside = ["unshare", "--mount", "--propagation=private", "sh", "-c", ENTER, "sh", str(root()), str(REPOSITORY)]
    return subprocess.run([*inside, *command], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
