"""Which hosts a platform has, in order of preference, and how one is opened."""

from __future__ import annotations

import os
import sys

from pcmio._interrupts import uninterrupted
from pcmio._value import Value, shown
from pcmio.errors import AudioError, HostUnavailable, InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pcmio.contract import Host

_UNIX = ("linux", "freebsd", "netbsd", "openbsd", "dragonfly")
_DESKTOP = (*_UNIX, "darwin", "win32")


class HostEntry(Value):
    """A row of ``HOSTS``.

    Attributes:
        name: As its makers write it.
        platforms: Beginnings of ``sys.platform``; empty: everywhere.
        module: Has ``open_host(**options)``.
        advice: What to install or start when it is missing.
        chosen: Whether ``default_host`` may choose it; the others are opened by name only.
    """

    name: str
    platforms: tuple[str, ...]
    module: str
    advice: str
    chosen: bool = True


HOSTS: dict[str, HostEntry] = {
    "pipewire": HostEntry("PipeWire", _UNIX, "pcmio.hosts.pipewire", "install and start pipewire and wireplumber"),
    "pulseaudio": HostEntry(
        "PulseAudio", _UNIX, "pcmio.hosts.pulseaudio", "install and start pulseaudio (or pipewire-pulse)"
    ),
    "alsa": HostEntry(
        "ALSA", _UNIX, "pcmio.hosts.alsa", "plug in a sound card, or configure a plugin as pcm.default in ~/.asoundrc"
    ),
    "jack": HostEntry("JACK", _DESKTOP, "pcmio.hosts.jack", "install jackd2 and start jackd", chosen=False),
    "null": HostEntry("Null", (), "pcmio.hosts.null", "nothing: it is always there", chosen=False),
}


def _exists_here(entry: HostEntry) -> bool:
    return not entry.platforms or sys.platform.startswith(entry.platforms)


#: Ids of the hosts this platform can have, best first; whether one is there now is told by ``available_hosts``.
ALL_HOSTS: tuple[str, ...] = tuple(host_id for host_id, entry in HOSTS.items() if _exists_here(entry))


@uninterrupted
def host(name: str | None = None, **options: Any) -> Host:
    """The host with this id; None is ``default_host()``.

    Nothing is contacted yet: a server that is not there is noticed, and told, at the first question.

    Args:
        name: An id of ``ALL_HOSTS``, in any case.
        options: What only this host can be asked for; see its page.

    Raises:
        InvalidInput: No host has this name, or this platform cannot have it.
        UnsupportedOperation: An option that the host does not have.
        HostUnavailable: Its library is not installed.
    """
    return default_host(**options) if name is None else _open(name, options, "")


@uninterrupted
def available_hosts() -> list[str]:
    """Ids of the hosts that answer now, best first.  Asks each; never fails."""
    found: list[str] = []
    for host_id in ALL_HOSTS:
        try:
            with host(host_id) as opened:
                opened.check_available()
        except AudioError:
            continue
        found.append(host_id)
    return found


@uninterrupted
def default_host(**options: Any) -> Host:
    """The first host that answers: PipeWire, then PulseAudio, then ALSA, on Linux and BSD.

    The environment variable ``PCMIO_HOST`` names another.  JACK is chosen by name only, Null never unasked.

    Raises:
        HostUnavailable: None answers; ``tried`` says why each does not.
        InvalidInput: ``PCMIO_HOST`` names none.
    """
    wanted = os.environ.get("PCMIO_HOST")
    if wanted:
        return _open(wanted, options, ", which the environment variable PCMIO_HOST asks for")
    tried: list[tuple[str, str]] = []
    for host_id in ALL_HOSTS:
        if not HOSTS[host_id].chosen:
            continue
        opened: Host | None = None
        try:
            opened = host(host_id, **options)
            opened.check_available()
        except AudioError as error:
            tried.append((HOSTS[host_id].name, str(error)))
            if opened is not None:
                opened.close()
        except BaseException:
            if opened is not None:
                opened.close()
            raise
        else:
            return opened
    raise HostUnavailable(
        "no audio system answers",
        tried=tuple(tried),
        advice='start one, name one (pcmio.host("jack")), or use pcmio.host("null") where there is no sound',
    )


def _open(name: str, options: dict[str, Any], who_asks: str) -> Host:
    if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInput(f"a host's name is text, not {shown(name)}")
    entry = HOSTS.get(name.strip().lower())
    there_are = f"hosts here: {', '.join(ALL_HOSTS)}"
    if entry is None:
        raise InvalidInput(f"there is no host named {shown(name)}{who_asks}", advice=there_are)
    if not _exists_here(entry):
        raise InvalidInput(f"{entry.name} does not exist on {sys.platform}{who_asks}", advice=there_are)
    from importlib import import_module

    opened: Host = import_module(entry.module).open_host(**options)
    return opened
