"""Runs inside the new root directory: gives it the kernel's modules, and makes what the emulator starts.

Leaves ``/kernel`` and ``/initrd``; both are taken out of the root before it becomes an image.
"""

from __future__ import annotations

import lzma
import shutil
import subprocess
from pathlib import Path

# What a machine for sound needs; what these depend on comes along.
KEPT = (
    "sound/core",
    "sound/drivers",
    "sound/hda",
    "sound/pci/hda",
    "sound/usb",
    "drivers/usb/core",
    "drivers/usb/host",
)
# In the initramfs: enough to find the root.  The order is worked out from their dependencies.
FIRST = (
    "virtio_pci",
    "virtio_pmem",
    "nd_pmem",
    "virtio_console",
    "9pnet_virtio",
    "9p",
    "overlay",
    "crc32c_generic",
    "ext4",
)
PROGRAMS = ("sh", "mount", "insmod", "mkdir", "switch_root", "poweroff", "sleep")


def main() -> None:
    """Do it all."""
    unpacked = Path("/unpacked")
    kernel = _fetch_kernel(unpacked)
    modules = Path(kernel.parent.parent, "lib/modules", kernel.name.removeprefix("vmlinuz-"))
    needs = _dependencies(unpacked, modules)
    by_name = {Path(path).stem.replace("-", "_"): path for path in needs}
    first = _in_order([by_name[name] for name in FIRST], needs)
    kept = [path for path in needs if path.startswith(tuple(f"kernel/{folder}/" for folder in KEPT))]
    home = Path("/lib/modules", modules.name)
    for path in _in_order([*kept, *first], needs):
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(modules / path, home / path)
    for name in ("modules.builtin", "modules.order"):
        shutil.copy(modules / name, home)
    subprocess.run(["depmod", modules.name], check=True)
    Path("/kernel").write_bytes(_unpacked_kernel(kernel.read_bytes()))
    _make_initrd(home, first)
    shutil.rmtree(unpacked)


def _fetch_kernel(to: Path) -> Path:
    to.mkdir()
    # The package of that name has no files; it depends on the one that has the newest kernel.
    told = subprocess.run(["apt-cache", "depends", "linux-image-amd64"], capture_output=True, text=True, check=True)
    package = next(word for word in told.stdout.split() if word.startswith("linux-image-") and word[12].isdigit())
    subprocess.run(["apt-get", "-qq", "download", package], cwd=to, check=True)
    subprocess.run(["dpkg-deb", "-x", *map(str, to.glob("*.deb")), str(to)], check=True)
    (kernel,) = to.glob("boot/vmlinuz-*")
    return kernel


def _dependencies(root: Path, modules: Path) -> dict[str, list[str]]:
    """Each module's file, and the files of all that it needs."""
    subprocess.run(["depmod", "-b", str(root), modules.name], check=True)
    lines = (modules / "modules.dep").read_text().splitlines()
    return {path: needed.split() for path, _, needed in (line.partition(":") for line in lines)}


def _in_order(wanted: list[str], needs: dict[str, list[str]]) -> list[str]:
    """Those wanted and what they need, each after what it needs (modules.dep lists the deepest last)."""
    return list(dict.fromkeys(path for name in wanted for path in (*reversed(needs[name]), name)))


def _unpacked_kernel(image: bytes) -> bytes:
    """The kernel without its own unpacker, which takes seconds under emulation; the emulator starts it through PVH."""
    at = image.index(b"\xfd7zXZ\0")
    return lzma.LZMADecompressor().decompress(image[at:])


def _make_initrd(modules: Path, first: list[str]) -> None:
    tree = Path("/initrd-tree")
    for folder in ("bin", "dev", "proc", "sys", "low", "rw", "root", "modules"):
        (tree / folder).mkdir(parents=True)
    shutil.copy("/bin/busybox", tree / "bin")
    for program in PROGRAMS:
        (tree / "bin" / program).symlink_to("busybox")
    for index, path in enumerate(first):
        shutil.copy(modules / path, tree / "modules" / f"{index:02}-{Path(path).name}")
    shutil.move("/boot-init", tree / "init")
    (tree / "init").chmod(0o755)
    with Path("/initrd").open("wb") as out:
        names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
        cpio = ["busybox", "cpio", "-o", "-H", "newc"]
        subprocess.run(cpio, cwd=tree, input=names.encode(), stdout=out, stderr=subprocess.DEVNULL, check=True)
    shutil.rmtree(tree)


if __name__ == "__main__":
    main()
