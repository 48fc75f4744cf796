"""What libjack's failures are called here.  Its codes are few: status bits from opening a client, -1 or NULL else."""

from __future__ import annotations

from pcmio.errors import (
    AudioError,
    BackendError,
    DeviceLost,
    DeviceNotAvailable,
    HostDisconnected,
    HostUnavailable,
    InvalidInput,
    OperationTimeout,
    ResourceExhausted,
)
from pcmio.hosts.jack.abi import (
    JackBackendError,
    JackClientZombie,
    JackInitFailure,
    JackInvalidOption,
    JackLoadFailure,
    JackNoSuchClient,
    JackServerError,
    JackServerFailed,
    JackShmFailure,
    JackVersionError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

START = 'start one, for example "jackd -d alsa", or pass start_server=True'

_PIPEWIRE_SIGN = "(using PipeWire "  # in the version of its libjack, before PipeWire's own

# The first bit that is set decides: the more telling ones stand first.
_STATUS: tuple[tuple[int, type[AudioError], str, str], ...] = (
    (
        JackVersionError,
        HostUnavailable,
        "libjack and the JACK server are of different versions",
        "install both from the same source and start the server again",
    ),
    (
        JackShmFailure,
        HostUnavailable,
        "the JACK server's shared memory cannot be reached",
        "run this program as the user who runs the server",
    ),
    (JackServerFailed, HostUnavailable, "no JACK server answers", START),
    (JackServerError, HostUnavailable, "the JACK server broke off", "see its log"),
    (JackInvalidOption, InvalidInput, "libjack takes no such options or names", "choose another client_name"),
    (JackNoSuchClient, BackendError, "libjack knows no such client", "see the server's log"),
    (JackLoadFailure, BackendError, "the client cannot be loaded", "see the server's log"),
    (JackInitFailure, BackendError, "the client cannot be set up", "see the server's log"),
    (JackBackendError, BackendError, "the server's driver failed", "see the server's log"),
    (JackClientZombie, HostDisconnected, "the server has put this client aside", "open the host again"),
)

_CALLS: dict[str, tuple[type[AudioError], str, str | None]] = {
    "jack_activate": (BackendError, "the client cannot be activated", "see the server's log"),
    "jack_connect": (BackendError, "the ports cannot be connected", "an output goes to an input of the same type"),
    "jack_disconnect": (BackendError, "the ports cannot be disconnected", "they may not be connected"),
    "jack_port_register": (ResourceExhausted, "no port can be made", "raise the server's --port-max"),
}


def _with_words(message: str, said: Sequence[str]) -> str:
    """Add what libjack said, which tells more than its codes: the first words, as the others come of the clean-up."""
    return f"{message}: {said[0]}" if said else message


def may_pass(status: int) -> bool:
    """Whether a failure to open a client may be over at the next attempt: the server is there, and refused."""
    return bool(status & JackServerError) and not status & (JackServerFailed | JackVersionError | JackShmFailure)


def _no_pipewire(version: str, remote: str) -> tuple[str, str]:
    """Of PipeWire's libjack, to which names of JACK servers mean nothing: what does not answer, and what to do."""
    whose = f"this libjack is PipeWire's ({version.strip('()')})"
    if remote.startswith("[") and _PIPEWIRE_SIGN + "0." in version:
        return (
            f"no PipeWire server is called {remote!r}: {whose}, which takes a list of servers for one name",
            "set PIPEWIRE_REMOTE to one name or path, or install PipeWire 1.0 or newer",
        )
    led = f"; PIPEWIRE_REMOTE leads to {remote!r}" if remote else ""
    return f"no PipeWire server answers: {whose}{led}", "start PipeWire, or use the libjack of the server that runs"


def from_status(status: int, server: str, said: Sequence[str], *, version: str = "", remote: str = "") -> AudioError:
    """The error for a client that could not be opened.

    Args:
        status: ``jack_status_t``.
        server: Its name.
        said: By libjack.
        version: What libjack says that it is.
        remote: Where it finds a PipeWire server, if that is the kind it wants.
    """
    if status & JackServerFailed and _PIPEWIRE_SIGN in version:
        message, advice = _no_pipewire(version[version.index("(") :], remote)
        return HostUnavailable(_with_words(message, said), call="jack_client_open", code=status, advice=advice)
    for bit, kind, message, advice in _STATUS:
        if status & bit:
            return kind(
                f"{_with_words(message, said)} (server {server!r})", call="jack_client_open", code=status, advice=advice
            )
    return HostUnavailable(
        f"{_with_words('JACK does not let us in', said)} (server {server!r})",
        call="jack_client_open",
        code=status,
        advice="see the server's log",
    )


def from_call(call: str, code: int | None, what: str, said: Sequence[str]) -> AudioError:
    """The error for a call on an open client that failed with ``code`` (None: it returned NULL)."""
    kind, message, advice = _CALLS.get(call, (BackendError, "libjack failed", None))
    return kind(_with_words(f"{message} ({what})", said), call=call, code=code, advice=advice)


def lost(code: int) -> HostDisconnected:
    """The error for a client whose server is gone."""
    return HostDisconnected("the JACK server is gone", call="jack_on_info_shutdown", code=code, advice="start it again")


def hangs() -> HostDisconnected:
    """The error for a client whose server did not answer when it was left."""
    return HostDisconnected("the JACK server does not answer", call="jack_client_close", advice="start it again")


def unanswered(call: str, seconds: float) -> OperationTimeout:
    """The server hangs in a call."""
    return OperationTimeout(
        f"the JACK server has not answered for {seconds:g} seconds",
        call=call,
        advice="it may hang: see its log, and start it again",
    )


def closed() -> HostDisconnected:
    """The error for a client that its own host has closed."""
    return HostDisconnected("the host was closed", call="jack_client_close", advice="close streams before their host")


def gone(device: str) -> DeviceLost:
    """The error for a stream whose device has gone."""
    return DeviceLost(
        f"jack:{device} is gone",
        call="jack_set_client_registration_callback",
        advice="enumerate again and build a new stream",
    )


def no_such_port(name: str) -> DeviceNotAvailable:
    """The error for a port that is not there."""
    return DeviceNotAvailable(f"there is no port {name!r}", call="jack_port_by_name", advice="see host.ports()")
