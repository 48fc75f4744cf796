"""What a writer is given, whatever it is: where its samples lie, in which format, in how many channels."""

from __future__ import annotations

import ctypes

from pcmio._value import shown
from pcmio.errors import InvalidInput
from pcmio.formats import SampleFormat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pcmio.configs import StreamConfig

#: What ``memoryview.format`` calls numbers whose size is in ``itemsize``.
_SIGNED, _UNSIGNED, _FLOATS = "bhilqn", "BHILQN", "fd"
_PLANE = 2  # dimensions: frames and channels
_PACKED_BYTES = 3


class Samples:
    """Samples in one piece of memory.

    Attributes:
        view: The memory.
        sample_format: What is in it.
        code: Of their format: ``pcmio_format``.
        channels: In each frame; 1 goes to every channel of the stream.
        frames: How many.
    """

    def __init__(self, view: memoryview, sample_format: SampleFormat, channels: int) -> None:
        self.view = view
        self.sample_format = sample_format
        self.code = sample_format.code
        self.channels = channels
        self.frame_bytes = sample_format.sample_bytes * channels
        self.frames = view.nbytes // self.frame_bytes
        self._memory: Any = view  # kept while its address is used
        if view.readonly:
            self._memory = bytes(view)
            pointer = ctypes.cast(ctypes.c_char_p(self._memory), ctypes.c_void_p)
            self._address = pointer.value or 0
        elif view.nbytes:
            self._memory = ctypes.c_char.from_buffer(view)
            self._address = ctypes.addressof(self._memory)
        else:
            self._address = 0

    def array(self, at: int, frames: int) -> Any:
        """Frames ``at`` and after it, as an array of numpy's; fewer than ``frames`` at the end."""
        import numpy as np

        part: Any = self.view.cast("B")[at * self.frame_bytes : (at + frames) * self.frame_bytes]
        samples: Any = np.frombuffer(part, self.sample_format.dtype)
        return samples.reshape(-1, self.channels)

    def address(self, at: int) -> int:
        """Of frame ``at``."""
        return self._address + at * self.frame_bytes


def is_raw(data: object) -> bool:
    """Whether these are bytes in the stream's own format, and not an array of numbers."""
    if isinstance(data, (bytes, bytearray)):
        return True
    if hasattr(data, "dtype") or hasattr(data, "__array_interface__"):
        return False
    try:
        view = memoryview(data)  # type: ignore[arg-type]
    except TypeError:
        return False
    return view.ndim == 1 and view.format in ("B", "c")


def raw_samples(data: Any, rest: bytes, config: StreamConfig) -> tuple[Samples, bytes]:
    """Whole frames of ``rest`` and ``data``, and what is left of the last one."""
    view = memoryview(data)
    if not view.c_contiguous or rest:
        view = memoryview(rest + view.tobytes())
    view = view.cast("B") if view.nbytes else memoryview(b"")
    frame_bytes = config.channels * config.sample_format.sample_bytes
    whole = view.nbytes - view.nbytes % frame_bytes
    return Samples(view[:whole], config.sample_format, config.channels), bytes(view[whole:])


def array_samples(data: Any, config: StreamConfig) -> Samples:
    """An array of shape (frames, channels), or of frames that go to every channel.

    Raises:
        InvalidInput: Another shape, or numbers that are no samples; names what was given and what is wanted.
    """
    found = _plain(data, config)
    view, shape, sample_format = found if found is not None else _by_numpy(data, config)
    channels = shape[1] if len(shape) == _PLANE else 1
    if len(shape) not in (1, _PLANE) or channels not in (1, config.channels):
        turned = len(shape) == _PLANE and shape[0] == config.channels
        raise InvalidInput(
            f"an array of shape {shape} in {sample_format} does not fit a stream of {config.channels} channels in "
            f"{config.sample_format}: it takes (frames, {config.channels}), or (frames,) for all channels alike",
            advice="turn it: array.T" if turned else None,
        )
    return Samples(view, sample_format, channels)


def _plain(data: Any, config: StreamConfig) -> tuple[memoryview, tuple[int, ...], SampleFormat] | None:
    """Numbers as they lie in memory; None: numpy has to look at them."""
    try:
        view = memoryview(data)
    except (TypeError, ValueError, BufferError):
        return None
    order, letter = (view.format or "B")[:-1], (view.format or "B")[-1:]
    if not view.c_contiguous or order not in ("", "@") or letter not in _SIGNED + _UNSIGNED + _FLOATS:
        return None
    kind = "i" if letter in _SIGNED else "u" if letter in _UNSIGNED else "f"
    return view, view.shape or (), _format_of(f"{kind}{view.itemsize * 8}", config)


def _format_of(name: str, config: StreamConfig) -> SampleFormat:
    """Numbers of the stream's own type are its own samples: 32-bit words may be of 24 bits, bytes of DSD."""
    own = config.sample_format
    if not own.is_packed and name == f"{'f' if own.is_float else 'i' if own.is_int else 'u'}{own.sample_bytes * 8}":
        return own
    if own.is_dsd:
        raise InvalidInput(f"an array of {name} does not fit a stream in {own}: one-bit samples cannot be converted")
    return SampleFormat(name)


def _by_numpy(data: Any, config: StreamConfig) -> tuple[memoryview, tuple[int, ...], SampleFormat]:
    """Strides, foreign byte order, half floats, three-byte records, lists, whatever has the array interface."""
    try:
        import numpy as np
    except ImportError:
        raise InvalidInput(
            f"{shown(data)} is not taken without numpy: bytes are, and memory of plain numbers in one piece"
        ) from None
    try:
        array: Any = np.asarray(data)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{shown(data)} is no array of samples: {error}") from None
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind == "V" and size == _PACKED_BYTES and array.dtype.names is None:
        own = config.sample_format
        return _piece(np, array, "V3"), array.shape, own if own.is_packed else SampleFormat.I24_PACKED
    if kind not in "iuf" or not array.ndim:
        raise InvalidInput(
            f"an array of dtype {array.dtype} and shape {array.shape} does not fit a stream in {config.sample_format}: "
            "samples are integers or floats"
        )
    if kind == "f":
        size = min(max(size, 4), 8)
    return _piece(np, array, f"{kind}{size}"), array.shape, _format_of(f"{kind}{size * 8}", config)


def _piece(np: Any, array: Any, dtype: str) -> memoryview:
    """Its samples in one piece, in this machine's byte order, as bytes."""
    return memoryview(np.ascontiguousarray(array, dtype).reshape(-1).view("u1"))
