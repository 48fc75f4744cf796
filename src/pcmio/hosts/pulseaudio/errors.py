"""libpulse's error numbers as pcmio's errors."""

from __future__ import annotations

from pcmio import errors
from pcmio.hosts.pulseaudio import abi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pcmio.errors import AudioError

_START = "start PulseAudio (pulseaudio --start) or pipewire-pulse, or check PULSE_SERVER and the option server="
_COOKIE = "use the server's own cookie: run as its user, or copy its ~/.config/pulse/cookie and see PULSE_COOKIE"
_RIGHTS = "see what the server lets this program do; a Snap has to be connected: snap connect NAME:audio-record"
_AGAIN = "build the stream again; the host connects anew by itself"
_REPORT = "look into the server's log"
_SPAWN = "libpulse serves one process: start others with multiprocessing's spawn, or fork before PulseAudio is used"
_UPGRADE = "use a newer server"

#: Number: (kind of error, libpulse's own words, what to do).  The words are pa_strerror's, which would be translated.
KINDS: dict[int, tuple[type[AudioError], str, str]] = {
    abi.PA_ERR_ACCESS: (errors.PermissionDenied, "Access denied", _RIGHTS),
    abi.PA_ERR_COMMAND: (errors.UnsupportedOperation, "Unknown command", _UPGRADE),
    abi.PA_ERR_INVALID: (errors.InvalidInput, "Invalid argument", "see device.supported_output_configs()"),
    abi.PA_ERR_EXIST: (errors.BackendError, "Entity exists", _REPORT),
    abi.PA_ERR_NOENTITY: (errors.DeviceNotAvailable, "No such entity", "see host.devices()"),
    abi.PA_ERR_CONNECTIONREFUSED: (errors.HostUnavailable, "Connection refused", _START),
    abi.PA_ERR_PROTOCOL: (errors.HostUnavailable, "Protocol error", "check that a PulseAudio server listens there"),
    abi.PA_ERR_TIMEOUT: (errors.OperationTimeout, "Timeout", "see whether the server is stopped or busy"),
    abi.PA_ERR_AUTHKEY: (errors.PermissionDenied, "No authentication key", _COOKIE),
    abi.PA_ERR_INTERNAL: (errors.BackendError, "Internal error", _REPORT),
    abi.PA_ERR_CONNECTIONTERMINATED: (errors.HostDisconnected, "Connection terminated", _AGAIN),
    abi.PA_ERR_KILLED: (errors.StreamInvalidated, "Entity killed", "build another stream"),
    abi.PA_ERR_INVALIDSERVER: (errors.HostUnavailable, "Invalid server", _START),
    abi.PA_ERR_MODINITFAILED: (errors.BackendError, "Module initialization failed", _REPORT),
    abi.PA_ERR_BADSTATE: (errors.BackendError, "Bad state", "build the stream again"),
    abi.PA_ERR_NODATA: (errors.BackendError, "No data", "ask again later"),
    abi.PA_ERR_VERSION: (errors.HostUnavailable, "Incompatible protocol version", _UPGRADE),
    abi.PA_ERR_TOOLARGE: (errors.ResourceExhausted, "Too large", "close other streams: a device has room for 256"),
    abi.PA_ERR_NOTSUPPORTED: (errors.UnsupportedConfig, "Not supported", "see device.supported_output_configs()"),
    abi.PA_ERR_UNKNOWN: (errors.BackendError, "Unknown error code", _REPORT),
    abi.PA_ERR_NOEXTENSION: (errors.UnsupportedOperation, "No such extension", _UPGRADE),
    abi.PA_ERR_OBSOLETE: (errors.UnsupportedOperation, "Obsolete functionality", "use an older server"),
    abi.PA_ERR_NOTIMPLEMENTED: (errors.UnsupportedOperation, "Missing implementation", _UPGRADE),
    abi.PA_ERR_FORKED: (errors.HostUnavailable, "Client forked", _SPAWN),
    abi.PA_ERR_IO: (errors.BackendError, "Input/Output error", _REPORT),
    abi.PA_ERR_BUSY: (errors.DeviceBusy, "Device or resource busy", "try again later"),
}


def from_code(what: str, call: str, code: int) -> AudioError:
    """The error for a number that ``call`` left: ``what`` did not work."""
    kind, words, advice = KINDS.get(code, KINDS[abi.PA_ERR_UNKNOWN])
    return kind(f"{what}: {words}", call=call, code=code, advice=advice)


def from_connection(server: str, code: int) -> AudioError:
    """The error for a connection that could not be made."""
    what = f"cannot connect to the PulseAudio server{server}"
    kind, words, advice = KINDS.get(code, KINDS[abi.PA_ERR_UNKNOWN])
    if not issubclass(kind, (errors.HostUnavailable, errors.PermissionDenied)) or kind is errors.HostDisconnected:
        kind, advice = errors.HostUnavailable, _START
    if code == abi.PA_ERR_ACCESS:  # of the whole server
        advice = _COOKIE
    return kind(f"{what}: {words}", call="pa_context_connect", code=code, advice=advice)


def exhausted(call: str) -> AudioError:
    """The error for a connection that this process has nothing left to make of."""
    return errors.ResourceExhausted(
        "no descriptors, memory or threads are left for a connection to a PulseAudio server",
        call=call,
        advice="close streams and files, or raise the limit of open files (ulimit -n)",
    )


def no_answer(server: str, seconds: float) -> AudioError:
    """The error for a server that accepts a connection and then says nothing."""
    return errors.HostUnavailable(
        f"the PulseAudio server{server} has not answered for {seconds:g} seconds",
        call="pa_context_connect",
        code=abi.PA_ERR_TIMEOUT,
        advice="see whether it is stopped or hangs; give a slow one more time with the option timeout=",
    )


def too_slow(what: str, call: str, seconds: float) -> AudioError:
    """The error for a connected server that does not answer a question in time."""
    return errors.OperationTimeout(
        f"{what}: no answer from the server for {seconds:g} seconds",
        call=call,
        code=abi.PA_ERR_TIMEOUT,
        advice="see whether the server is stopped or hangs; give a slow one more time with the option timeout=",
    )


def disconnected(code: int) -> AudioError:
    """The error of streams and questions whose server went away."""
    words = KINDS.get(code, KINDS[abi.PA_ERR_CONNECTIONTERMINATED])[1]
    return errors.HostDisconnected(f"the PulseAudio server went away: {words}", code=code, advice=_AGAIN)
