"""One run of the machine: from the emulator's command line to the exit status of the command inside."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from . import image

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

REPOSITORY = Path(__file__).resolve().parents[2]
TIMED_OUT = 124
_MEMORY_MIB = 1536
_KERNEL_WORDS = (
    "console=ttyS0 quiet loglevel=4 panic=-1 tsc=reliable no_timer_check mitigations=off random.trust_cpu=on "
    "preempt=full audit=0 apparmor=0 nmi_watchdog=0 nowatchdog"
)


class Card(NamedTuple):
    """What it takes to have a card: the kernel's driver, and the emulated hardware that it drives."""

    module: str
    devices: tuple[str, ...] = ()
    #: Whether it is there from the start; else it is plugged in later, by ``controls.plug_in``.
    present: bool = True


CARDS = {
    "aloop": Card("snd-aloop"),
    "dummy": Card("snd-dummy"),
    "hda": Card("snd-hda-intel", ("ich9-intel-hda", "hda-duplex,audiodev=nowhere")),
    "usb": Card("snd-usb-audio", present=False),
}


class Clock:
    """What time is in the machine."""

    #: Of the computer: what else it does costs the machine time, and may cause xruns.
    REAL = "real"
    #: Of the instructions that were run, a nanosecond each; waiting takes none. Load outside changes nothing.
    VIRTUAL = "virtual"


class Died(Exception):
    """The emulator came to nothing before the command began."""


def run(
    command: Sequence[str], cards: Sequence[str], clock: str, timeout_seconds: float, env: Mapping[str, str]
) -> int:
    """Run ``command`` in a new machine, in the repository, and return its exit status.

    Raises:
        image.Missing: There can be no machine on this computer.
    """
    files = image.ready()
    for last in (False, True):
        try:
            return _run_once(files, command, cards, clock, timeout_seconds, env)
        except Died as error:
            # QEMU 7.2's emulation crashes about once in forty starts, while the kernel comes up.
            if last:
                raise image.Missing(str(error)) from error
    raise AssertionError


def _run_once(
    files: image.Image,
    command: Sequence[str],
    cards: Sequence[str],
    clock: str,
    timeout_seconds: float,
    env: Mapping[str, str],
) -> int:
    compiled = image.cache() / "pycache"
    compiled.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pcmio-vm-") as name, ExitStack() as stack:
        job = Path(name)
        shares = [("repository", REPOSITORY, "ro"), ("pycache", compiled, "rw")]
        _write_job(job, command, cards, shares, env)
        words, sockets = _emulator(files, job, cards, clock), []
        for port in ("out", "err"):
            ours, its = socket.socketpair()
            sockets.append(its)
            words += _port(port, its)
            pump = threading.Thread(target=_pump, args=(ours, {"out": 1, "err": 2}[port]), daemon=True)
            stack.callback(pump.join)
            pump.start()
        # The emulator's monitor, joined to a port of the machine: who is inside speaks to it, see controls.py.
        monitor, its = socket.socketpair()
        sockets += [monitor, its]
        words += ["-chardev", f"socket,id=monitor,fd={monitor.fileno()}", "-mon", "chardev=monitor,mode=control"]
        words += _port("monitor", its)
        for tag, path, mode in [("job", job, "rw"), *shares]:
            words += _share(tag, path, mode)
        sys.stdout.flush()
        with _emulating(words, sockets, job / "emulator.log") as emulator:
            try:
                emulator.wait(timeout_seconds)
            except subprocess.TimeoutExpired:
                if (job / "ready").exists():
                    print(f"the command ran past {timeout_seconds:g} s", file=sys.stderr)
                    return TIMED_OUT
        return _status(job, emulator)


def _status(job: Path, emulator: subprocess.Popen[bytes]) -> int:
    try:
        status, _, trouble = (job / "status").read_text().strip().partition(" ")
    except FileNotFoundError:
        status, trouble = "", f"the machine stopped before its command ended (emulator: {emulator.returncode})"
    if not trouble:
        return int(status)
    logs = "\n".join((job / name).read_text(errors="replace")[-2000:] for name in ("emulator.log", "console.log"))
    raise Died(f"{trouble}\n{logs}")


def _write_job(
    job: Path,
    command: Sequence[str],
    cards: Sequence[str],
    shares: Sequence[tuple[str, Path, str]],
    env: Mapping[str, str],
) -> None:
    """What guest/init reads."""
    shutil.copy(image.GUEST / "init", job)
    modules = " ".join(["xhci-pci", *(CARDS[card].module for card in cards)])
    present = sum(CARDS[card].present for card in cards)
    (job / "settings").write_text(f"CARDS={present}\nMODULES='{modules}'\n")
    (job / "mounts").write_text(
        "".join(f"{tag} {'ro,cache=loose' if mode == 'ro' else 'cache=mmap'} {_seen(tag)}\n" for tag, _, mode in shares)
    )
    given = {"PCMIO_VM": "1", "PYTHONPATH": "src", "PYTHONPYCACHEPREFIX": _seen("pycache"), **env}
    lines = [f"export {key}={shlex.quote(value)}" for key, value in given.items()]
    (job / "command").write_text("\n".join([*lines, f"cd {_seen('repository')}", f"exec {shlex.join(command)}", ""]))


def _seen(tag: str) -> str:
    """Where a directory is mounted in the machine: the same everywhere, so that compiled Python can be kept."""
    return f"/mnt/{tag}"


def _emulator(files: image.Image, job: Path, cards: Sequence[str], clock: str) -> list[str]:
    words = [
        *("qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-nic", "none"),
        *("-machine", "pc,vmport=off", "-cpu", "max", "-m", str(_MEMORY_MIB)),
        *("-kernel", str(files.kernel), "-initrd", str(files.initrd), "-append", _KERNEL_WORDS),
        *("-drive", f"if=none,id=root,format=raw,readonly=on,file={_quoted(files.root)}"),
        *("-device", "virtio-blk-pci,drive=root", "-device", "virtio-serial-pci", "-device", "qemu-xhci,id=usb"),
        *("-serial", f"file:{_quoted(job)}/console.log"),
        *("-audiodev", "none,id=nowhere", "-audiodev", "none,id=hot"),
    ]
    if clock == Clock.VIRTUAL:
        # Two processors never finish starting under -icount (QEMU 7.2 and 10.0).
        words += ["-smp", "1", "-accel", "tcg,thread=single,tb-size=512", "-icount", "shift=0,sleep=off"]
    else:
        words += ["-smp", str(min(2, os.cpu_count() or 1)), "-accel", "tcg,thread=multi,tb-size=512"]
    for card in cards:
        for device in CARDS[card].devices:
            words += ["-device", device]
    return words


def _port(name: str, its: socket.socket) -> list[str]:
    return [
        *("-chardev", f"socket,id={name}-port,fd={its.fileno()}"),
        *("-device", f"virtserialport,chardev={name}-port,name={name}"),
    ]


def _share(tag: str, path: Path, mode: str) -> list[str]:
    readonly = ",readonly=on" if mode == "ro" else ""
    given = f"local,path={_quoted(path)},mount_tag={tag},security_model=none,multidevs=remap{readonly}"
    return ["-virtfs", given]


def _quoted(path: Path) -> str:
    """As QEMU wants a path among its options."""
    return str(path).replace(",", ",,")


@contextmanager
def _emulating(words: list[str], sockets: list[socket.socket], log: Path) -> Generator[subprocess.Popen[bytes]]:
    """The emulator as our child, which does not outlive us."""
    with log.open("wb") as output:
        emulator = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[its.fileno() for its in sockets],
            start_new_session=True,
        )
    try:
        for its in sockets:
            its.close()
        yield emulator
    finally:
        emulator.kill()
        emulator.wait()


def _pump(ours: socket.socket, out: int) -> None:
    """Pass on what the machine prints, until the emulator ends."""
    with ours:
        while data := ours.recv(65536):
            while data:
                data = data[os.write(out, data) :]
