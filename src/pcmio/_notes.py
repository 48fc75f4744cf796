"""What a note of the core means where the driver knows nothing more particular, and why an error ends a stream."""

from __future__ import annotations

from pcmio import _core
from pcmio.errors import (
    BackendError,
    DeviceLost,
    HostDisconnected,
    HostUnavailable,
    StreamInvalidated,
)
from pcmio.events import BufferChanged, EndReason, Rerouted, Resumed, Suspended

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio._driver import Note
    from pcmio.errors import AudioError
    from pcmio.events import StreamEvent

_MEANINGS: dict[int, Callable[[Note], StreamEvent | AudioError]] = {
    _core.NOTE_DEVICE_LOST: lambda note: DeviceLost(
        "the device is gone", code=note.code, advice="enumerate again and build a new stream"
    ),
    _core.NOTE_HOST_LOST: lambda note: HostDisconnected(
        "the server is gone", code=note.code, advice="open the host again"
    ),
    _core.NOTE_RATE_CHANGED: lambda note: StreamInvalidated(
        f"the device runs at {note.value} Hz now", advice="build a new stream"
    ),
    _core.NOTE_FAILED: lambda note: BackendError("the native stream failed", code=note.code),
    _core.NOTE_BUFFER_CHANGED: lambda note: BufferChanged(note.value),
    _core.NOTE_MOVED: lambda _: Rerouted(None, None),
    _core.NOTE_SUSPENDED: lambda _: Suspended(),
    _core.NOTE_RESUMED: lambda _: Resumed(),
}


def usual_meaning(note: Note) -> StreamEvent | AudioError | None:
    """An event to tell, an error to end with, or nothing."""
    meaning = _MEANINGS.get(note.kind)
    return None if meaning is None else meaning(note)


def reason_of(error: Exception) -> EndReason:
    """What ``StreamEnded`` says of a stream that this error ended."""
    if isinstance(error, DeviceLost):
        return EndReason.DEVICE_LOST
    return EndReason.HOST_LOST if isinstance(error, HostUnavailable) else EndReason.FAILED
