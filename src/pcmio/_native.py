"""How native functions are declared: once, as a Python signature whose annotations are the C prototype.

::

    class Jack(Library):
        names = {"linux": ("libjack.so.0",)}

        @native
        def jack_client_open(self, name: Str, options: Int, status: Ref, /) -> Address: ...

A function is looked up at its first use, so that a library with two hundred declarations costs what is used of it.
``native`` gives up the GIL during the call; ``quick`` keeps it, for calls that return at once (giving it up beside a
busy thread costs up to 5 ms each time).
"""

from __future__ import annotations

import ctypes
import sys

from pcmio.errors import HostUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, ClassVar, TypeVar

    # What a declaration may say, as its callers see it; below, as ctypes passes it.
    Int = int
    UInt = int
    Int64 = int
    UInt64 = int
    Size = int
    SignedSize = int
    Float = float
    Double = float
    Bool = bool
    Str = bytes | None
    Address = int | None  # an opaque object; None is NULL
    Ref = Any  # a pointer argument: byref(...), an array, a buffer, a callback object, an address or None

    F = TypeVar("F", bound=Callable[..., Any])
else:
    Int = ctypes.c_int32
    UInt = ctypes.c_uint32
    Int64 = ctypes.c_int64
    UInt64 = ctypes.c_uint64
    Size = ctypes.c_size_t
    SignedSize = ctypes.c_ssize_t
    Float = ctypes.c_float
    Double = ctypes.c_double
    Bool = ctypes.c_bool
    Str = ctypes.c_char_p
    Address = Ref = ctypes.c_void_p

_TYPES: dict[str, Any] = {"None": None, **{name: kind for name, kind in globals().items() if name[0].isupper()}}


class _Function:
    """Stands for a declared function until its first use, when the bound one takes its place in the instance."""

    def __init__(self, declaration: Callable[..., Any], *, keeps_gil: bool) -> None:
        self.declaration = declaration
        self.keeps_gil = keeps_gil
        self.name = declaration.__name__

    def __get__(self, library: Library | None, _owner: type | None = None) -> Any:
        if library is None:
            return self
        function = library.bind(self)
        library.__dict__[self.name] = function
        return function


def native(declaration: F) -> F:
    """Declare a function that may take its time: other Python threads run meanwhile."""
    return _declared(declaration, keeps_gil=False)


def quick(declaration: F) -> F:
    """Declare a function that returns at once and calls nothing back: the GIL is kept."""
    return _declared(declaration, keeps_gil=True)


def _declared(declaration: F, *, keeps_gil: bool) -> F:
    stand_in: Any = _Function(declaration, keeps_gil=keeps_gil)
    function: F = stand_in  # to type checkers it is what was declared
    return function


class Library:
    """A native library, opened when it is made.

    Raises:
        HostUnavailable: None of its names could be opened; says which were tried and why each failed.
    """

    #: By platform (``sys.platform``): file names in the order to try, versioned ones first.
    names: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    #: What to do when it is missing.
    advice: ClassVar[str | None] = None
    #: Whether ``ctypes.get_errno()`` tells what its last function said: those that return NULL say no more.
    keeps_errno: ClassVar[bool] = False

    def __init__(self, path: str | None = None) -> None:
        tried: list[tuple[str, str]] = []
        for name in self._candidates() if path is None else (path,):
            try:
                self._releasing = ctypes.CDLL(name, use_errno=self.keeps_errno)
                self._keeping = ctypes.PyDLL(name, use_errno=self.keeps_errno)
            except OSError as error:
                tried.append((name, str(error).removeprefix(f"{name}: ")))
            else:
                self.path = name
                return
        name = tried[0][0] if tried else f"the {type(self).__name__} of {sys.platform}, which has none,"
        raise HostUnavailable(f"{name} cannot be loaded", advice=self.advice, tried=tuple(tried))

    @classmethod
    def _candidates(cls) -> tuple[str, ...]:
        platform = "linux" if sys.platform.startswith(("freebsd", "netbsd", "openbsd", "dragonfly")) else sys.platform
        return cls.names.get(platform, ())

    def bind(self, function: _Function) -> Any:
        """The ctypes function for a declaration.

        Raises:
            HostUnavailable: The library is too old (or too new) to have it.
        """
        handle: ctypes.CDLL = self._keeping if function.keeps_gil else self._releasing
        try:
            # Not handle.name: that would be shared with, and changed by, other declarations of the same function.
            bound = handle[function.name]
        except AttributeError:
            raise HostUnavailable(
                f"{self.path} has no function {function.name}",
                call=function.name,
                advice="install a newer version of it",
            ) from None
        code = function.declaration.__code__
        annotations = function.declaration.__annotations__
        parameters = code.co_varnames[1 : code.co_argcount]
        bound.argtypes = [_TYPES[annotations[name]] for name in parameters]
        bound.restype = _TYPES[annotations["return"]]
        return bound

    def has(self, name: str) -> bool:
        """Whether this version of the library has the function."""
        try:
            self._keeping[name]
        except AttributeError:
            return False
        return True

    def address(self, name: str) -> int:
        """Where the function is, for the core to call.

        Raises:
            HostUnavailable: The library does not have it.
        """
        try:
            function = self._keeping[name]
        except AttributeError:
            raise HostUnavailable(
                f"{self.path} has no function {name}", call=name, advice="install a newer version of it"
            ) from None
        return ctypes.cast(function, ctypes.c_void_p).value or 0
