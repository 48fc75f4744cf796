"""Callbacks in machine code: the core calls them on the audio thread itself, and no Python is on the way.

What such a function is told, and what it returns, stands in core/include/pcmio_callback.h and docs/streams.md.
"""

from __future__ import annotations

import sys

from pcmio._value import shown
from pcmio.errors import AbortStream, BackendError, InvalidInput, StopStream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

#: The members of ``pcmio_native_block``, in order, each with its type as numpy writes it: for ``np.dtype(list(...))``.
NATIVE_BLOCK_FIELDS = (
    ("position", "u8"),
    ("callback_nanos", "u8"),
    ("device_nanos", "u8"),
    ("xrun_frames", "u8"),
    ("frames", "u4"),
    ("channels", "u4"),
    ("sample_rate", "u4"),
    ("format", "u4"),
)

#: The same of ``pcmio_native_duplex_block``.
NATIVE_DUPLEX_BLOCK_FIELDS = (
    ("position", "u8"),
    ("callback_nanos", "u8"),
    ("captured_nanos", "u8"),
    ("heard_nanos", "u8"),
    ("input_xrun_frames", "u8"),
    ("output_xrun_frames", "u8"),
    ("frames", "u4"),
    ("channels", "u4"),
    ("input_channels", "u4"),
    ("sample_rate", "u4"),
    ("format", "u4"),
    ("reserved", "u4"),
)

# pcmio_native_answer; 0 goes on.
FINISH = 1
ABORT = 2

_WANTED = "a C function's address, a ctypes or cffi function pointer, or an object with an address (a numba cfunc)"
_PYTHON = "give the Python function itself, which is called on the stream's own thread"
_HIGHEST = 2 * sys.maxsize + 1


class NativeCallback:
    """A C function in place of a data callback: ``int32_t f(void *user, const pcmio_native_block *, void *samples)``.

    For a duplex stream it is ``int32_t f(void *user, const pcmio_native_duplex_block *, const void *captured, void
    *played)``.

    Attributes:
        address: Where the function is.
        user: The address that it gets as its first argument.
    """

    __slots__ = ("_held", "address", "user")

    def __init__(self, function: object, user: object = 0) -> None:
        """Name a function; it, and the memory it uses, are kept as long as this object or a stream that has it.

        Args:
            function: An address, a ctypes or cffi function pointer, or an object with an ``address``, as numba's cfunc.
            user: An address, or writable memory (an array, a bytearray, a ctypes struct) whose address is meant.

        Raises:
            InvalidInput: Not a function of C's, or no memory.
        """
        self.address = _function_address(function)
        self.user, memory = _memory_address(user)
        self._held = (function, user, memory)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NativeCallback):
            return NotImplemented
        return (self.address, self.user) == (other.address, other.user)

    def __hash__(self) -> int:
        return hash((self.address, self.user))

    def __repr__(self) -> str:
        function = self._held[0]
        what = "" if isinstance(function, int) else f" of {shown(function)}"
        return f"<pcmio native callback at {self.address:#x}{what}, user {self.user:#x}>"


def raise_answer(answer: int) -> NoReturn:
    """What a native callback returned, as the exception that a Python callback would have raised.

    Raises:
        StopStream, AbortStream: It asked for that.
        BackendError: It returned nothing that has a meaning.
    """
    if answer == FINISH:
        raise StopStream
    if answer == ABORT:
        raise AbortStream
    raise BackendError(
        f"the native callback returned {answer}", code=answer, advice="return 0 to go on, 1 to finish, 2 to abort"
    )


def _function_address(function: Any) -> int:
    if isinstance(function, int):
        return _address(function, f"{shown(function)} is no function's address")
    import ctypes

    if isinstance(function, vars(ctypes)["_CFuncPtr"]):  # type checkers do not know it
        _refuse_thunk(function)
        return _address(ctypes.cast(function, ctypes.c_void_p).value or 0, f"{shown(function)} points nowhere")
    # Who has an object of cffi's has its module loaded.
    cffi: Any = sys.modules.get("_cffi_backend")
    if cffi is not None and isinstance(function, cffi._CDataBase):  # noqa: SLF001 - the same
        return _cffi_address(cffi.FFI(), function)
    address: object = getattr(function, "address", None)
    if isinstance(address, int):
        return _address(address, f"{shown(function)} has no address yet")
    raise InvalidInput(f"a native callback is {_WANTED}, not {shown(function)}")


def _address(address: int, trouble: str) -> int:
    if isinstance(address, bool) or not 0 < address <= _HIGHEST:
        raise InvalidInput(trouble, advice=f"give {_WANTED}")
    return address


def _refuse_thunk(function: Any) -> None:
    """A ctypes callback is a C function that calls Python, which would wait for the GIL on the audio thread."""
    held: dict[object, object] = function._objects or {}  # noqa: SLF001 - ctypes has no other way to tell
    if any(type(one).__name__ == "CThunkObject" for one in held.values()):
        raise InvalidInput(f"{shown(function)} calls a Python function, and none may run there", advice=_PYTHON)


def _cffi_address(ffi: Any, function: Any) -> int:
    kind = ffi.typeof(function)
    if kind.kind == "function" or (kind.kind == "pointer" and kind.item.kind == "void"):
        if " calling <" in repr(function):
            raise InvalidInput(f"{shown(function)} calls a Python function, and none may run there", advice=_PYTHON)
        return _address(int(ffi.cast("uintptr_t", function)), f"{shown(function)} points nowhere")
    raise InvalidInput(f"{shown(function)} is no function", advice=f"give {_WANTED}")


def _memory_address(user: Any) -> tuple[int, object]:
    """An address, and what keeps the memory from moving."""
    if isinstance(user, int):
        if isinstance(user, bool) or not 0 <= user <= _HIGHEST:
            raise InvalidInput(f"{shown(user)} is no address")
        return user, None
    import ctypes

    try:
        memory = ctypes.c_char.from_buffer(user)
    except (TypeError, ValueError, BufferError) as error:
        raise InvalidInput(f"user is an address, or writable memory in one piece, not {shown(user)}: {error}") from None
    return ctypes.addressof(memory), memory
