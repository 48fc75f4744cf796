"""What goes wrong with PipeWire, as pcmio's errors.  It gives the system's error numbers, negative, or only words."""

from __future__ import annotations

import errno
import os

from pcmio import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pcmio.errors import AudioError

_START = "start pipewire and wireplumber, or check PIPEWIRE_REMOTE, XDG_RUNTIME_DIR and the option remote="
_AGAIN = "build the stream again; the host connects anew by itself"
_SLOW = "see whether the server is stopped or hangs; give a slow one more time with the option timeout="
_REPORT = "look into the logs of pipewire and of the session manager"

KINDS: dict[int, tuple[type[AudioError], str]] = {
    errno.EACCES: (errors.PermissionDenied, "run as the user whose server it is"),
    errno.EPERM: (errors.PermissionDenied, "run as the user whose server it is"),
    errno.EBUSY: (errors.DeviceBusy, "try again later"),
    errno.ENOMEM: (errors.ResourceExhausted, "close other streams"),
    errno.EMFILE: (errors.ResourceExhausted, "close streams and files, or raise the limit of open files (ulimit -n)"),
    errno.ENFILE: (errors.ResourceExhausted, "close files of other programs"),
    errno.ENOSPC: (errors.ResourceExhausted, "close other streams"),
    errno.EPIPE: (errors.HostDisconnected, _AGAIN),
    errno.ECONNRESET: (errors.HostDisconnected, _AGAIN),
    errno.ENODEV: (errors.DeviceNotAvailable, "see host.devices()"),
    errno.EINVAL: (errors.UnsupportedConfig, "see device.supported_output_configs()"),
}


def from_code(what: str, call: str, code: int) -> AudioError:
    """The error for what ``call`` returned, minus an error number: ``what`` did not work."""
    kind, advice = KINDS.get(abs(code), (errors.BackendError, _REPORT))
    return kind(f"{what}: {os.strerror(abs(code))}", call=call, code=code, advice=advice)


def not_there(tried: tuple[tuple[str, str], ...], code: int) -> AudioError:
    """The error for a server whose socket does not let us in."""
    if code in {errno.EACCES, errno.EPERM}:
        where = ", ".join(path for path, _ in tried)
        return errors.PermissionDenied(
            f"the PipeWire server at {where} does not let us in: {os.strerror(code)}",
            call="connect",
            code=code,
            advice=KINDS[code][1],
        )
    return errors.HostUnavailable("no PipeWire server answers", call="connect", code=code, advice=_START, tried=tried)


def no_socket(code: int) -> AudioError:
    """The error for a process that cannot connect to anything."""
    what, kind = "no socket for a PipeWire server", KINDS.get(code, (errors.HostUnavailable, ""))[0]
    if kind is errors.ResourceExhausted:
        return from_code(what, "socket", code)
    advice = "let this program use local sockets, or choose another host"
    return errors.HostUnavailable(f"{what}: {os.strerror(code)}", call="socket", code=code, advice=advice)


def refused(code: int) -> AudioError:
    """The error for a connection that the server or the library gave up before it was of use."""
    kind, advice = KINDS.get(abs(code), (errors.HostUnavailable, _START))
    if kind not in {errors.PermissionDenied, errors.ResourceExhausted}:
        kind, advice = errors.HostUnavailable, _START
    return kind(
        f"the PipeWire server gave up the connection: {os.strerror(abs(code))}",
        call="pw_context_connect_fd",
        code=code,
        advice=advice,
    )


def not_set_up(call: str, code: int) -> AudioError:
    """The error for a library that cannot be set up."""
    if KINDS.get(code, (errors.HostUnavailable, ""))[0] is errors.ResourceExhausted:
        return from_code("libpipewire cannot be set up", call, code)
    return errors.HostUnavailable(
        f"libpipewire cannot be set up: {os.strerror(code)}",
        call=call,
        code=code,
        advice="install its configuration and plugins (Debian: libpipewire-0.3-modules, pipewire-bin)",
    )


def no_answer(seconds: float) -> AudioError:
    """The error for a server that accepts a connection and then says nothing."""
    return errors.HostUnavailable(
        f"the PipeWire server has not answered for {seconds:g} seconds",
        call="pw_core_sync",
        code=-errno.ETIMEDOUT,
        advice=_SLOW,
    )


def too_slow(what: str, call: str, seconds: float) -> AudioError:
    """The error for a connected server that does not answer a question in time."""
    return errors.OperationTimeout(
        f"{what}: no answer from the server for {seconds:g} seconds", call=call, code=-errno.ETIMEDOUT, advice=_SLOW
    )


def disconnected(code: int) -> AudioError:
    """The error of streams and questions whose server went away."""
    return errors.HostDisconnected(
        f"the PipeWire server went away: {os.strerror(abs(code))}",
        call="pw_core_events.error",
        code=-code,
        advice=_AGAIN,
    )


def closed() -> AudioError:
    """The error of streams whose host was closed."""
    return errors.HostDisconnected("the host was closed", call="pw_core_disconnect", advice="close streams before it")


def gone(device: str) -> AudioError:
    """The error of a stream whose device was removed."""
    return errors.DeviceLost(
        f"{device} is gone", call="pw_registry_events.global_remove", advice="enumerate again and build a new stream"
    )


def complained(what: str, words: str) -> AudioError:
    """The error for a stream that the server, or the session manager, gave up; it says so in words."""
    return errors.BackendError(
        f"{what}: {words or 'the server removed its node'}", call="pw_stream_events.state_changed", advice=_REPORT
    )


def not_found(device: str) -> AudioError:
    """The error for a device that is not there."""
    return errors.DeviceNotAvailable(f"{device} is gone, or never was", advice="see host.devices()")


def no_default(which: str) -> AudioError:
    """The error for a default device that nothing is."""
    return errors.DeviceNotAvailable(
        f"{which} stands for no device at present", advice="connect one, or choose one: see host.devices()"
    )


def no_such_port(name: str) -> AudioError:
    """The error for a port that is not there."""
    return errors.DeviceNotAvailable(
        f"there is no port {name!r}", call="pw_registry_events.global", advice="see host.ports()"
    )


def no_ports(what: str, seconds: float) -> AudioError:
    """The error for a stream that is to be connected by hand, and that no session manager has given ports."""
    return errors.OperationTimeout(
        f"{what}: its node has got no ports for {seconds:g} seconds",
        call="pw_registry_events.global",
        advice="start a session manager (wireplumber), which makes them",
    )


def not_connected(source: str, destination: str, code: int, words: str) -> AudioError:
    """The error for ports that cannot be connected."""
    return _patching("connected", f"{source} to {destination}", "pw_core_create_object", code, words)


def not_disconnected(source: str, destination: str, code: int, words: str) -> AudioError:
    """The error for ports that stay connected."""
    return _patching("disconnected", f"{source} from {destination}", "pw_registry_destroy", code, words)


def _patching(done: str, ports: str, call: str, code: int, words: str) -> AudioError:
    kind: type[AudioError] = errors.BackendError
    advice = "an output goes to an input of the same type"
    if abs(code) in {errno.EACCES, errno.EPERM}:
        kind, advice = errors.PermissionDenied, "have the session manager give this program more rights"
    return kind(f"the ports cannot be {done} ({ports}): {words}", call=call, code=code, advice=advice)
