"""A configuration of alsa-lib in a directory of its own, in place of the machine's and the user's.

alsa-lib looks at ``ALSA_CONFIG_PATH`` whenever it is asked for a PCM, and reads its configuration anew when another
file is named there.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

#: What alsa.conf defines and tests need: hardware, conversion, nothing.
_BASE = """
pcm.hw {
    @args [ CARD DEV SUBDEV ]
    @args.CARD { type string default "0" }
    @args.DEV { type integer default 0 }
    @args.SUBDEV { type integer default -1 }
    type hw
    card $CARD
    device $DEV
    subdevice $SUBDEV
}
ctl.hw {
    @args [ CARD ]
    @args.CARD { type string default "0" }
    type hw
    card $CARD
}
pcm.plughw {
    @args [ CARD DEV SUBDEV ]
    @args.CARD { type string default "0" }
    @args.DEV { type integer default 0 }
    @args.SUBDEV { type integer default -1 }
    type plug
    slave.pcm { type hw card $CARD device $DEV subdevice $SUBDEV }
}
pcm.plug {
    @args [ SLAVE ]
    @args.SLAVE { type string }
    type plug
    slave.pcm $SLAVE
}
pcm.null { type null }
"""
#: Where Debian's packages, or this package's tools/install_test_servers.sh, put plugins.
PLUGIN_FOLDERS = (
    *(Path("/usr/lib").glob("*/alsa-lib")),
    Path("/usr/lib64/alsa-lib"),
    *(Path("/usr/local/lib/pcmio-test-servers").glob("usr/lib/*/alsa-lib")),
)


def plugin(name: str) -> Path:
    """The library of a plugin ("pcm_pipewire").

    Raises:
        FileNotFoundError: It is not installed.
    """
    file = f"libasound_module_{name}.so"
    for folder in PLUGIN_FOLDERS:
        if (folder / file).exists():
            return folder / file
    raise FileNotFoundError(
        f"{file} is in none of {', '.join(map(str, PLUGIN_FOLDERS))}; see tools/install_test_servers.sh"
    )


def shown(name: str, definition: str) -> str:
    """The definition of a PCM that is listed."""
    return f'pcm.{name} {{\n{definition}\nhint {{ show on description "{name} of the tests" }}\n}}\n'


@contextmanager
def environment(**values: str) -> Generator[None]:
    """Variables that libraries of this process, and processes that it starts, see for a while."""
    before: Mapping[str, str | None] = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def punctual() -> Generator[None]:
    """Threads that are made meanwhile have a little real-time priority, where this user may give it.

    A plugin's own threads, and those that serve it, are ordinary ones.  On a busy machine they are late by a tenth of a
    second, and the tests would measure that.
    """
    before, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    try:
        yield
    finally:
        os.sched_setscheduler(0, before, parameters)


def written(directory: Path, *definitions: str, default: str | None = None) -> Path:
    """The file of a configuration with these PCMs and no others; "default" is another name of one."""
    path = directory / "asound.conf"
    path.write_text("\n".join((_BASE, *definitions, "" if default is None else f'pcm.default "{default}"\n')))
    return path


@contextmanager
def configuration(directory: Path, *definitions: str, default: str | None = None, **values: str) -> Generator[Path]:
    """alsa-lib of this process has that configuration."""
    path = written(directory, *definitions, default=default)
    with environment(ALSA_CONFIG_PATH=str(path), **values):
        yield path
