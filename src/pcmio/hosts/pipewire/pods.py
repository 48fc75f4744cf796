"""SPA's plain old data ("pods"): how PipeWire writes formats and other parameters down.

A pod is a header (bytes of the body, type) and a body, padded to eight bytes, in the machine's byte order.  See
spa/pod/pod.h; PipeWire's own builder and parser exist only as inline functions of its headers.
"""

from __future__ import annotations

import sys
from struct import Struct, error

from pcmio._value import Value
from pcmio.errors import BackendError
from pcmio.hosts.pipewire import abi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_ORDER = "<" if sys.byteorder == "little" else ">"
_PAIR = Struct(f"{_ORDER}II")
_ALIGNMENT = 8

# Bodies of one fixed form.
_SCALARS: dict[int, Struct] = {
    abi.SPA_TYPE_Bool: Struct(f"{_ORDER}i"),
    abi.SPA_TYPE_Id: Struct(f"{_ORDER}I"),
    abi.SPA_TYPE_Int: Struct(f"{_ORDER}i"),
    abi.SPA_TYPE_Long: Struct(f"{_ORDER}q"),
    abi.SPA_TYPE_Float: Struct(f"{_ORDER}f"),
    abi.SPA_TYPE_Double: Struct(f"{_ORDER}d"),
    abi.SPA_TYPE_Rectangle: _PAIR,
    abi.SPA_TYPE_Fraction: _PAIR,
}
_PAIRS = (abi.SPA_TYPE_Rectangle, abi.SPA_TYPE_Fraction)


class Pod(Value):
    """One value.

    Attributes:
        kind: ``SPA_TYPE_*``.
        value: A number, True or False, text, bytes, or None; for rectangles and fractions a pair of numbers; for
            structs a tuple of pods.  A kind that is not known here has its body as bytes.
    """

    kind: int
    value: Any


class Array(Value):
    """Values of one kind."""

    kind: int
    values: tuple[Any, ...]


class Choice(Value):
    """Alternatives of one kind.

    Attributes:
        choice: ``SPA_CHOICE_*``.
        kind: Of each value.
        values: The default comes first; for a range follow the least and the most, for an enumeration all.
    """

    choice: int
    kind: int
    values: tuple[Any, ...]


class Object(Value):
    """Properties by key.

    Attributes:
        kind: ``SPA_TYPE_OBJECT_*``.
        id: ``SPA_PARAM_*``.
        properties: (key, flags, value) in their order.
    """

    kind: int
    id: int
    properties: tuple[tuple[int, int, AnyPod], ...]

    def get(self, key: int) -> AnyPod | None:
        """The value of a property, or None."""
        return next((value for found, _, value in self.properties if found == key), None)


if TYPE_CHECKING:
    AnyPod = Pod | Array | Choice | Object


def make_id(value: int) -> Pod:
    """A member of an enumeration."""
    return Pod(abi.SPA_TYPE_Id, value)


def make_int(value: int) -> Pod:
    """A whole number."""
    return Pod(abi.SPA_TYPE_Int, value)


def make_object(kind: int, param: int, properties: Sequence[tuple[int, AnyPod]]) -> Object:
    """An object without flags."""
    return Object(kind, param, tuple((key, 0, value) for key, value in properties))


def alternatives(pod: AnyPod | None) -> tuple[Any, ...]:
    """What an enumeration offers, each once; the value of a plain pod; nothing for None and for ranges."""
    if isinstance(pod, Choice):
        if pod.choice == abi.SPA_CHOICE_Enum:
            return tuple(dict.fromkeys(pod.values[1:]))
        return pod.values[:1] if pod.choice == abi.SPA_CHOICE_None else ()
    return (pod.value,) if isinstance(pod, Pod) else ()


def span(pod: AnyPod | None) -> tuple[Any, Any] | None:
    """The least and the most of a range; None for anything else."""
    ranges = (abi.SPA_CHOICE_Range, abi.SPA_CHOICE_Step)
    if isinstance(pod, Choice) and pod.choice in ranges and len(pod.values) >= 3:  # noqa: PLR2004 - default, least, most
        return pod.values[1], pod.values[2]
    return None


# --- writing ----------------------------------------------------------------------------------------------------------


def encode(pod: AnyPod) -> bytes:
    """The bytes of a pod.

    Raises:
        ValueError: An array or a choice of values of different sizes.
    """
    kind, body = _body(pod)
    return _PAIR.pack(len(body), kind) + _padded(body)


def _padded(body: bytes) -> bytes:
    return body + bytes(-len(body) % _ALIGNMENT)


def _body(pod: AnyPod) -> tuple[int, bytes]:
    if isinstance(pod, Object):
        written = (_PAIR.pack(key, flags) + encode(value) for key, flags, value in pod.properties)
        return abi.SPA_TYPE_Object, _PAIR.pack(pod.kind, pod.id) + b"".join(written)
    if isinstance(pod, Array):
        return abi.SPA_TYPE_Array, _children(pod.kind, pod.values)
    if isinstance(pod, Choice):
        return abi.SPA_TYPE_Choice, _PAIR.pack(pod.choice, 0) + _children(pod.kind, pod.values)
    if pod.kind == abi.SPA_TYPE_Struct:
        return pod.kind, b"".join(encode(member) for member in pod.value)
    return pod.kind, _scalar(pod.kind, pod.value)


def _children(kind: int, values: Sequence[Any]) -> bytes:
    bodies = [_scalar(kind, value) for value in values]
    size = _SCALARS[kind].size if kind in _SCALARS else len(bodies[0]) if bodies else 0
    if any(len(body) != size for body in bodies):
        raise ValueError(f"values of {sorted({len(body) for body in bodies})} bytes do not go into one array")
    return _PAIR.pack(size, kind) + b"".join(bodies)


def _scalar(kind: int, value: Any) -> bytes:
    if kind in _SCALARS:
        return _SCALARS[kind].pack(*value) if kind in _PAIRS else _SCALARS[kind].pack(value)
    if kind == abi.SPA_TYPE_String:
        return str(value).encode() + b"\0"
    return b"" if value is None else bytes(value)


# --- reading ----------------------------------------------------------------------------------------------------------


def decode(data: bytes) -> AnyPod:
    """The pod at the beginning of ``data``.

    Raises:
        BackendError: It is none, or is cut off.
    """
    try:
        return _read(memoryview(data))[0]
    except (error, ValueError) as reason:
        raise BackendError(f"the server sent a parameter that cannot be read: {reason}") from reason
    except RecursionError:
        raise BackendError("the server sent a parameter that cannot be read: it is nested too deeply") from None


def _read(data: memoryview) -> tuple[AnyPod, int]:
    size, kind = _PAIR.unpack_from(data)
    body = data[_PAIR.size : _PAIR.size + size]
    if len(body) != size:
        raise ValueError(f"{len(body)} bytes instead of {size}")
    return _interpret(kind, body), min(len(data), _PAIR.size + size + -size % _ALIGNMENT)


def _interpret(kind: int, body: memoryview) -> AnyPod:
    if kind == abi.SPA_TYPE_Object:
        return _read_object(body)
    if kind == abi.SPA_TYPE_Array:
        return Array(*_read_children(body))
    if kind == abi.SPA_TYPE_Choice:
        choice, _ = _PAIR.unpack_from(body)
        return Choice(choice, *_read_children(body[_PAIR.size :]))
    if kind == abi.SPA_TYPE_Struct:
        members: list[AnyPod] = []
        while body:
            member, used = _read(body)
            members.append(member)
            body = body[used:]
        return Pod(kind, tuple(members))
    return Pod(kind, _read_scalar(kind, body))


def _read_object(body: memoryview) -> Object:
    kind, param = _PAIR.unpack_from(body)
    body = body[_PAIR.size :]
    properties: list[tuple[int, int, AnyPod]] = []
    while body:
        key, flags = _PAIR.unpack_from(body)
        value, used = _read(body[_PAIR.size :])
        properties.append((key, flags, value))
        body = body[_PAIR.size + used :]
    return Object(kind, param, tuple(properties))


def _read_children(body: memoryview) -> tuple[int, tuple[Any, ...]]:
    size, kind = _PAIR.unpack_from(body)
    body = body[_PAIR.size :]
    if size == 0:
        return kind, ()
    return kind, tuple(_read_scalar(kind, body[at : at + size]) for at in range(0, len(body) - size + 1, size))


def _read_scalar(kind: int, body: memoryview) -> Any:
    if kind in _SCALARS:
        values = _SCALARS[kind].unpack_from(body)
        if kind == abi.SPA_TYPE_Bool:
            return bool(values[0])
        return values if kind in _PAIRS else values[0]
    if kind == abi.SPA_TYPE_String:
        return bytes(body).partition(b"\0")[0].decode("utf-8", "replace")
    return None if kind == abi.SPA_TYPE_None else bytes(body)
