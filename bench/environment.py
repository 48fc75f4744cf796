"""What the bench needs, made on first use and kept: a venv with the peers, the natives, Debian's packages.

All of it lies in one folder outside the checkout (``PCMIO_BENCH_HOME``, else ``~/.cache/pcmio-bench``).  Only the
standard library is imported here: this runs before the venv exists.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("PCMIO_BENCH_HOME") or Path.home() / ".cache" / "pcmio-bench")
VENV = HOME / "venv"
PYTHON = VENV / "bin" / "python"
NATIVES = HOME / "natives"

# Each with the beginning of its folder's name in the venv.
_PEERS = {
    "sounddevice": "sounddevice-",
    "pyaudio": "[pP]y[aA]udio-",
    "soundcard": "[sS]ound[cC]ard-",
    "miniaudio": "miniaudio-",
    "pyaudiocast": "pyaudiocast-",
}
_NEEDED = ("numpy>=1.24", "rich>=13", "hatchling>=1.27", "packaging", "editables>=0.5")

# A file that is there when the package is.
_DEBIAN = {
    "dbus": "/usr/bin/dbus-daemon",
    "gcc": "/usr/bin/cc",
    "jackd2": "/usr/bin/jackd",
    "libasound2-dev": "/usr/include/alsa/asoundlib.h",
    "libasound2-plugins": "/usr/lib/*/alsa-lib/libasound_module_pcm_pulse.so",
    "libjack-jackd2-dev": "/usr/include/jack/jack.h",
    "libpipewire-0.3-dev": "/usr/include/pipewire-0.3/pipewire/pipewire.h",
    "libpulse-dev": "/usr/include/pulse/pulseaudio.h",
    "libportaudio2": "/usr/lib/*/libportaudio.so.2",
    "portaudio19-dev": "/usr/include/portaudio.h",
    "pipewire": "/usr/bin/pipewire",
    "pipewire-bin": "/usr/bin/pw-cli",
    "pipewire-pulse": "/usr/bin/pipewire-pulse",
    "pulseaudio": "/usr/bin/pulseaudio",
    "pulseaudio-utils": "/usr/bin/pactl",
    "wireplumber": "/usr/bin/wireplumber",
}

# PipeWire's headers are code, and not ours to find fault with.
_LIBRARIES = {
    "alsa": ["-lasound"],
    "jack": ["-ljack"],
    "pipewire": ["-isystem", "/usr/include/pipewire-0.3", "-isystem", "/usr/include/spa-0.2", "-lpipewire-0.3"],
    "pulse": ["-lpulse"],
}


def enter(arguments: list[str]) -> None:
    """Go on in the venv, and apart from other programs where that is possible: returns only there."""
    if Path(sys.prefix).resolve() == VENV.resolve():
        return
    install_packages()
    _make_venv()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [*_apart(), str(PYTHON), "-m", "bench", *arguments]
    os.execvpe(command[0], command, environment | {"PYTHONPATH": str(REPO)})


def _apart() -> list[str]:
    """What runs a command in a world of its own.

    jackd counts its servers in /dev/shm, and there are at most eight; and what is left of a bench that was killed would
    disturb the next.  So it gets a /dev/shm and process ids of its own.
    """
    alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    script = 'mount -t tmpfs tmpfs /dev/shm && exec "$@"'
    whole = [*alone, "sh", "-c", script, "sh"]
    try:
        done = subprocess.run([*whole, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return []
    return whole if done.returncode == 0 else []


def install_packages() -> None:
    """Install what is missing, where that is possible."""
    missing = [name for name, there in _DEBIAN.items() if not list(Path("/").glob(there.lstrip("/")))]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SystemExit(f"bench: missing, and not ours to install: {' '.join(missing)}")
    print(f"bench: installing {' '.join(missing)}")
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], check=True, stdout=subprocess.DEVNULL)
    wanted = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *missing]
    subprocess.run(wanted, check=True, env=quiet, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def _make_venv() -> None:
    if not PYTHON.exists():
        print(f"bench: making {VENV}")
        HOME.mkdir(parents=True, exist_ok=True)
        venv.create(VENV, with_pip=True)
        _pip("install", *_NEEDED)
    if not _has("pcmio-"):
        install_pcmio(REPO)  # the tests' servers need it
    for peer, folder in _PEERS.items():
        # One by one: a peer that cannot be installed here is missing from the tables, not the reason for having none.
        if not _has(folder):
            print(f"bench: installing {peer}")
            _pip("install", peer, check=False)


def _has(folder: str) -> bool:
    return any(VENV.glob(f"lib/python*/site-packages/{folder}*.dist-info"))


def _pip(*arguments: str, check: bool = True) -> None:
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", *arguments, "-q"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0 and check:
        raise SystemExit(f"bench: pip {' '.join(arguments)} failed:\n{done.stderr[-3000:]}")


def install_pcmio(source: Path) -> None:
    """Install a checkout as a user would have it: built, copied, compiled."""
    _pip("uninstall", "-y", "pcmio", check=False)
    _pip("install", "--no-deps", "--no-build-isolation", "--compile", str(source))


def installed(requirement: str) -> str | None:
    """The version of a package in the venv."""
    from importlib import metadata

    try:
        return metadata.version(requirement)
    except metadata.PackageNotFoundError:
        return None


def native(name: str) -> str:
    """The path of a native program, compiled if its sources have changed."""
    folder = Path(__file__).parent / "native"
    sources = [folder / f"{name}.c", *sorted(folder.glob("*.h"))]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    program = NATIVES / f"{name}-{digest}"
    if not program.exists():
        NATIVES.mkdir(parents=True, exist_ok=True)
        libraries = [flag for word, flags in _LIBRARIES.items() if name.endswith(word) for flag in flags]
        flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread"]
        partial = program.with_suffix(f".{os.getpid()}")
        subprocess.run(["cc", *flags, str(sources[0]), "-o", str(partial), *libraries], check=True)
        partial.replace(program)
    return str(program)
