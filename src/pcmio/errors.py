"""Every error that pcmio raises of its own accord.

::

    AudioError
    ├── InvalidInput            ValueError          a value that no device could take
    ├── UnsupportedOperation    NotImplementedError this host or device cannot do that
    ├── UnsupportedConfig       ValueError          this device cannot do that format, rate, count or size
    ├── HostUnavailable         ConnectionError     library missing, no server, server refuses
    │   └── HostDisconnected                        the server went away while it was in use
    ├── DeviceNotAvailable      LookupError         no such device, or none at all
    │   └── DeviceLost                              it was unplugged or removed while it was in use
    ├── DeviceBusy              BlockingIOError     somebody else holds it; trying again may help
    ├── PermissionDenied        PermissionError     the system says no
    ├── ResourceExhausted       MemoryError         no memory, threads, ports or server slots left
    ├── OperationTimeout        TimeoutError        the time given to a call has passed
    ├── OperationInterrupted    InterruptedError    clear() or stop() in another thread cut it short
    ├── StreamClosed            RuntimeError        the stream has ended; build another
    ├── StreamInvalidated       RuntimeError        the stream's ground changed (another rate, killed by the server)
    └── BackendError            OSError             a native error that has no better name

    StopStream, AbortStream     not errors: a callback raises them to end its stream

The names are those of cpal's ``ErrorKind`` where it has one.
"""

from __future__ import annotations


class AudioError(Exception):
    """What went wrong, which native call said so and with which code, and what to do next.

    Attributes:
        message: One sentence, without call, code and advice.
        call: The native function that failed, or None.
        code: Its result or the library's error number, or None.
        advice: What the reader can do next, or None.
    """

    def __init__(
        self, message: str = "", *, call: str | None = None, code: int | None = None, advice: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.call = call
        self.code = code
        self.advice = advice

    def __str__(self) -> str:
        native = "" if self.call is None else f" [{self.call}{'' if self.code is None else f': {self.code}'}]"
        advice = "" if self.advice is None else f"; {self.advice}"
        return f"{self.message}{native}{advice}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_restore, (type(self), self.args), self.__dict__)


def _restore(kind: type[AudioError], args: tuple[object, ...]) -> AudioError:
    """An error as it was pickled or copied: its class, which may be a user's, need not be made of the same arguments.

    Not by ``kind.__new__``, which Python refuses for those that are a MemoryError too.
    """
    ours: type[AudioError] = next(base for base in kind.__mro__ if base.__module__ == __name__)
    error = ours()
    error.__class__ = kind
    error.args = args
    return error


class InvalidInput(AudioError, ValueError):
    """A value that no device could take: zero channels, a malformed id, a wrong type."""


class UnsupportedOperation(AudioError, NotImplementedError):
    """The host or device cannot do this at all: the wrong direction, or a feature its system does not have."""


class UnsupportedConfig(AudioError, ValueError):
    """The device cannot do this channel count, rate, sample format or buffer size."""


class HostUnavailable(AudioError, ConnectionError):
    """The audio system is not there: its library is not installed, its server does not run or refuses.

    Attributes:
        tried: What was tried and why each failed, in order: ``(what, why)``.
    """

    def __init__(
        self,
        message: str = "",
        *,
        call: str | None = None,
        code: int | None = None,
        advice: str | None = None,
        tried: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message, call=call, code=code, advice=advice)
        self.tried = tried

    def __str__(self) -> str:
        tried = "".join(f"\n  {what}: {why}" for what, why in self.tried)
        return super().__str__() + (f"; tried:{tried}" if tried else "")


class HostDisconnected(HostUnavailable):
    """The server was there and went away: it was stopped, crashed, or closed the connection."""


class DeviceNotAvailable(AudioError, LookupError):
    """No such device, or no device at all in that direction."""


class DeviceLost(DeviceNotAvailable):
    """The device of a stream was unplugged or removed."""


class DeviceBusy(AudioError, BlockingIOError):
    """Another program holds the device; trying again later may help."""


class PermissionDenied(AudioError, PermissionError):
    """The system does not allow it: rights on a device, a server's access key, microphone privacy."""


class ResourceExhausted(AudioError, MemoryError):
    """No memory, threads, ports or connections left."""


class OperationTimeout(AudioError, TimeoutError):
    """The time given to a call has passed, or a server did not answer in time.

    Attributes:
        frames: Of a ``write``: how many frames were taken before; else None.
    """

    frames: int | None = None


class OperationInterrupted(AudioError, InterruptedError):
    """A write, drain or read was cut short: ``clear()`` or ``stop()`` in another thread threw its frames away.

    Attributes:
        frames: Of a ``write``: how many frames were taken before, of which some may have been heard; else None.
    """

    frames: int | None = None


class StreamClosed(AudioError, RuntimeError):
    """The stream has ended and cannot be started again; build another."""


class StreamInvalidated(AudioError, RuntimeError):
    """The ground on which the stream was built is gone (another sample rate, killed by the server); build another."""


class BackendError(AudioError, OSError):
    """A native error for which there is no better class; ``call`` and ``code`` say which."""


class StopStream(Exception):
    """Raised in a callback: what was written so far is played, then the stream ends (reason FINISHED).

    The block of the call that raises is not played.
    """


class AbortStream(Exception):
    """Raised in a callback: the stream ends at once (reason ABORTED); what was not yet played is thrown away."""
