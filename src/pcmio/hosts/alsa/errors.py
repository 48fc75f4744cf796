"""libasound's errors, which are the system's numbers, negative, as pcmio's."""

from __future__ import annotations

import errno
import os

from pcmio import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from pcmio.errors import AudioError

    #: Makes the error for what took too long.
    Late: TypeAlias = Callable[[], AudioError]

_LIST = "see host.devices()"
_GONE = "enumerate again and build a new stream"
_SERVER = "it is a plugin whose server does not answer: start that, or choose another device"
_GROUP = "sound devices belong to a group: add the user to group audio, or log in at the machine's own seat"
_CLOSE = "close other programs that use it, or choose a device that mixes (default, or dmix: in its name)"
_CONFIG = "see device.supported_output_configs() and supported_input_configs()"
_FILES = "mend or remove ~/.asoundrc, /etc/asound.conf, or the files that ALSA_CONFIG_PATH names"
_NUMBER_OF_NFS = 524  # ENOTSUPP, which the kernel should keep for itself

#: Number: (kind of error, what to do).
KINDS: dict[int, tuple[type[AudioError], str | None]] = {
    errno.ENOENT: (errors.DeviceNotAvailable, _LIST),
    errno.ENODEV: (errors.DeviceNotAvailable, _LIST),
    errno.ENXIO: (errors.DeviceNotAvailable, _LIST),
    errno.EIO: (errors.DeviceNotAvailable, _LIST),
    _NUMBER_OF_NFS: (errors.DeviceNotAvailable, _LIST),
    errno.ECONNREFUSED: (errors.DeviceNotAvailable, _SERVER),
    errno.EHOSTDOWN: (errors.DeviceNotAvailable, _SERVER),
    errno.ETIMEDOUT: (errors.DeviceNotAvailable, _SERVER),
    errno.EPERM: (errors.PermissionDenied, _GROUP),
    errno.EACCES: (errors.PermissionDenied, _GROUP),
    errno.EBUSY: (errors.DeviceBusy, _CLOSE),
    errno.EAGAIN: (errors.DeviceBusy, _CLOSE),
    errno.EINVAL: (errors.UnsupportedConfig, _CONFIG),
    errno.ENOSYS: (errors.UnsupportedOperation, None),
    errno.ENOTTY: (errors.UnsupportedOperation, None),
    errno.ENOMEM: (errors.ResourceExhausted, "close streams that are not needed"),
    errno.EMFILE: (errors.ResourceExhausted, "close files and streams that are not needed"),
    errno.ENFILE: (errors.ResourceExhausted, "close files and streams that are not needed"),
}
#: Calls that say with these numbers what they do not usually mean.
_OPENING = {errno.EINVAL: (errors.DeviceNotAvailable, _LIST)}


def from_code(what: str, call: str, code: int, said: Sequence[str] = ()) -> AudioError:
    """The error for a negative ``code`` that ``call`` returned: ``what`` did not work; ``said``: by libasound."""
    kind, advice = KINDS.get(-code, (errors.BackendError, None))
    if call == "snd_pcm_open":
        kind, advice = _OPENING.get(-code, (kind, advice))
    words = os.strerror(-code)
    if said:
        words += f" ({said[-1]})"
    return kind(f"{what}: {words}", call=call, code=code, advice=advice)


def check_means(what: str, call: str, code: int) -> None:
    """Return if ``code`` is anything but a want of descriptors or memory, which says nothing of what was asked.

    Raises:
        ResourceExhausted: It is that.
    """
    if KINDS.get(-code, (None,))[0] is errors.ResourceExhausted:
        raise from_code(what, call, code)


def unreadable(call: str, code: int, said: Sequence[str]) -> AudioError:
    """The error for a configuration that libasound cannot read: it says first where, then what comes of that."""
    kind, advice = KINDS.get(-code, (errors.BackendError, None))
    if kind is not errors.ResourceExhausted:
        kind, advice = errors.BackendError, _FILES
    words = "; ".join(said[:2]) or os.strerror(-code)
    return kind(f"the configuration of ALSA cannot be read: {words}", call=call, code=code, advice=advice)


def lost(what: str, code: int) -> AudioError:
    """The error of a stream whose device is gone."""
    return errors.DeviceLost(f"{what} is gone", code=code, advice=_GONE)


def denied(what: str = "") -> AudioError:
    """The error for cards that are there, and may not be opened; ``what`` was to be."""
    message = f"{what}{what and ': '}this user may not use the sound cards of this machine"
    return errors.PermissionDenied(message, code=-errno.EACCES, advice=_GROUP)


def closed() -> AudioError:
    """The error of streams whose host was closed."""
    return errors.HostDisconnected("the ALSA host was closed", advice="open the host again")


def nothing_tells() -> AudioError:
    """The error of a watch that nobody would tell anything."""
    return errors.ResourceExhausted(
        "the system has no means left to tell of sound cards that come and go",
        call="inotify_add_watch",
        advice="close watches and files, or raise fs.inotify.max_user_instances",
    )


def too_slow(what: str, call: str, seconds: float) -> AudioError:
    """The error for a call that has not returned."""
    return errors.OperationTimeout(
        f"{what}: no answer for {seconds:g} seconds", call=call, advice="the server behind this device may hang"
    )


def failed(what: str, code: int, said: Sequence[str]) -> AudioError:
    """The error of a stream whose device fails again and again."""
    words = f"{os.strerror(-code)} ({said[-1]})" if said else os.strerror(-code)
    return errors.BackendError(f"{what}: {words}", call="snd_pcm_avail", code=code, advice=_GONE)
