"""One run of the machine: from the emulator's command line to the exit status of the command inside."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from . import image

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

REPOSITORY = Path(__file__).resolve().parents[2]
TIMED_OUT = 124
BROKEN = 125
_MEMORY_MIB = 1536
#: Ten in real time, up to fifty in virtual time beside other work; more means that it hangs.
_START_SECONDS = 180.0
_COMPILED = "pycache.tar"
#: Of the repository.
_NOT_NEEDED = ("__pycache__", "bench", "build", "dist")
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


class Task(NamedTuple):
    """What a machine is started for."""

    command: Sequence[str]
    cards: Sequence[str]
    clock: str
    timeout_seconds: float
    env: Mapping[str, str]


class DiedError(Exception):
    """The machine came to nothing before its command began."""


def run(task: Task) -> int:
    """Run a command in a new machine, in the repository, and return its exit status.

    Raises:
        image.MissingError: There can be no machine on this computer.
    """
    files = image.ready()
    for last in (False, True):
        try:
            return _run_once(files, task)
        except DiedError as error:
            # QEMU 7.2's emulation crashes about once in forty starts, while the kernel comes up.
            if last:
                raise image.MissingError(str(error)) from error
    raise AssertionError


def _run_once(files: image.Image, task: Task) -> int:
    with tempfile.TemporaryDirectory(prefix="pcmio-vm-") as name, ExitStack() as stack:
        job = Path(name)
        _write_job(job, task)
        words, sockets = _emulator(files, job, task), []
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
        sys.stdout.flush()
        with _emulating(words, sockets, job / "emulator.log") as emulator:
            if not _ends(emulator, job, task.timeout_seconds):
                print(f"the command ran past {task.timeout_seconds:g} s", file=sys.stderr)
                return TIMED_OUT
        return _status(job, emulator)


def _ends(emulator: subprocess.Popen[bytes], job: Path, timeout_seconds: float) -> bool:
    """Wait for the machine to start and to end; False if its command takes longer than it may."""
    started, due = False, time.monotonic() + _START_SECONDS
    while time.monotonic() < due:
        with suppress(subprocess.TimeoutExpired):
            emulator.wait(0.1)
            return True
        if not started and (job / "ready").exists():
            started, due = True, time.monotonic() + timeout_seconds
    return not started


def _status(job: Path, emulator: subprocess.Popen[bytes]) -> int:
    try:
        status, _, trouble = (job / "status").read_text().strip().partition(" ")
    except FileNotFoundError:
        status, trouble = "", f"the machine hung, or stopped before its command ended (emulator: {emulator.returncode})"
    if not trouble:
        _keep_compiled(job)
        return int(status)
    logs = "\n".join((job / name).read_text(errors="replace")[-2000:] for name in ("emulator.log", "console.log"))
    if not (job / "ready").exists():
        raise DiedError(f"{trouble}\n{logs}")
    print(f"{trouble}\n{logs}", file=sys.stderr)
    return BROKEN


def _write_job(job: Path, task: Task) -> None:
    """What guest/init reads."""
    shutil.copy(image.GUEST / "init", job)
    _write_repository(job / "repository.tar")
    with suppress(FileNotFoundError):
        shutil.copy(image.cache() / _COMPILED, job)
    modules = " ".join(["xhci-pci", *(CARDS[card].module for card in task.cards)])
    present = sum(CARDS[card].present for card in task.cards)
    (job / "settings").write_text(f"CARDS={present}\nMODULES='{modules}'\n")
    lines = [
        f"export {key}={shlex.quote(value)}"
        for key, value in {"PCMIO_VM": task.clock, "PYTHONPATH": "src", **task.env}.items()
    ]
    (job / "command").write_text("\n".join([*lines, f"exec {shlex.join(task.command)}", ""]))


def _keep_compiled(job: Path) -> None:
    """Python's compiled files, for the next machine: compiling takes it many seconds."""
    fresh = image.cache() / f"{job.name}.tar"
    with suppress(FileNotFoundError):
        shutil.copy(job / _COMPILED, fresh)
        fresh.replace(image.cache() / _COMPILED)


def _write_repository(to: Path) -> None:
    """As a snapshot: waiting for files of the computer's would let the virtual clock jump."""

    def wanted(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        name = Path(entry.name).name
        if name.startswith(".") or name in _NOT_NEEDED:
            return None
        # For every user in the machine, whoever may read it here.
        entry.uid = entry.gid = 0
        entry.mode |= 0o555 if entry.isdir() else 0o444
        return entry

    with tarfile.open(to, "w") as archive:
        for path in REPOSITORY.iterdir():
            archive.add(path, path.name, filter=wanted)


def _emulator(files: image.Image, job: Path, task: Task) -> list[str]:
    size = files.root.stat().st_size
    words = [
        *("qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-nic", "none"),
        *("-machine", "pc,vmport=off", "-cpu", "max", "-m", f"{_MEMORY_MIB},maxmem=8G"),
        *("-kernel", str(files.kernel), "-initrd", str(files.initrd), "-append", _KERNEL_WORDS),
        # As memory, not as a disk: waiting for a disk lets the virtual clock jump.
        *("-object", f"memory-backend-file,id=root,share=off,readonly=on,size={size},mem-path={_quoted(files.root)}"),
        *("-device", "virtio-pmem-pci,memdev=root", "-device", "virtio-serial-pci", "-device", "qemu-xhci,id=usb"),
        *("-virtfs", f"local,path={_quoted(job)},mount_tag=job,security_model=none"),
        *("-serial", f"file:{_quoted(job)}/console.log"),
        *("-audiodev", "none,id=nowhere", "-audiodev", "none,id=hot"),
    ]
    if task.clock == Clock.VIRTUAL:
        # Two processors never finish starting under -icount (QEMU 7.2 and 10.0).
        words += ["-smp", "1", "-accel", "tcg,thread=single,tb-size=512", "-icount", "shift=0,sleep=off"]
    else:
        words += ["-smp", str(min(2, os.cpu_count() or 1)), "-accel", "tcg,thread=multi,tb-size=512"]
    for card in task.cards:
        for device in CARDS[card].devices:
            words += ["-device", device]
    return words


def _port(name: str, its: socket.socket) -> list[str]:
    return [
        *("-chardev", f"socket,id={name}-port,fd={its.fileno()}"),
        *("-device", f"virtserialport,chardev={name}-port,name={name}"),
    ]


def _quoted(path: Path) -> str:
    """As QEMU wants a path among its options."""
    return str(path).replace(",", ",,")


@contextmanager
def _emulating(words: list[str], sockets: list[socket.socket], log: Path) -> Generator[subprocess.Popen[bytes]]:
    """The emulator as our child, which does not outlive us."""
    try:
        with log.open("wb") as output:
            emulator = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[its.fileno() for its in sockets],
                start_new_session=True,
            )
    finally:
        for its in sockets:
            its.close()
    try:
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
