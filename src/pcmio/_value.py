"""The base of everything that is only a value: configs, ids, descriptions, timestamps, events.

A light stand-in for frozen dataclasses with the same meaning for type checkers: importing ``dataclasses`` (with
``inspect`` behind it) and making twenty classes with it takes longer than the whole of ``import pcmio`` may.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, TypeVar
    from weakref import WeakSet, ref

    from typing_extensions import Self, dataclass_transform

    T = TypeVar("T")
else:

    def dataclass_transform(**_options: object) -> Any:
        """Do nothing at run time."""
        return lambda cls: cls


_MOST_SHOWN = 100  # characters


def shown(value: object) -> str:
    """``repr(value)`` for an error message: never long, and it never fails."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - the message it stands in is needed whatever the value does
        return f"a {type(value).__name__} that cannot be shown"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


class _Signature:
    """What ``help()`` and editors show of a value's class; made when they ask."""

    def __get__(self, _value: object, cls: type) -> Any:
        from inspect import Parameter, Signature

        fields: tuple[str, ...] = vars(cls)["_fields"]
        kind = Parameter.POSITIONAL_OR_KEYWORD
        return Signature([Parameter(name, kind, default=getattr(cls, name, Parameter.empty)) for name in fields])


@dataclass_transform(frozen_default=True)
class Value:
    """Frozen, comparable, hashable, printable; made from its annotated fields, in order or by name."""

    _fields: ClassVar[tuple[str, ...]] = ()

    if not TYPE_CHECKING:
        __match_args__ = ()
        __signature__ = _Signature()

        def __init_subclass__(cls, **options: object) -> None:
            super().__init_subclass__(**options)
            inherited = [name for base in reversed(cls.__mro__[1:]) for name in getattr(base, "_fields", ())]
            own = [name for name in _annotated(cls) if not name.startswith("_")]
            cls._fields = cls.__match_args__ = tuple(dict.fromkeys([*inherited, *own]))

        def __init__(self, *given: object, **named: object) -> None:
            fields, values = self._fields, self.__dict__
            if len(given) > len(fields):
                raise TypeError(f"{type(self).__name__} takes {len(fields)} values, got {len(given)}")
            values.update(zip(fields, given, strict=False))
            for name, value in named.items():
                if name not in fields:
                    there = ", ".join(fields) or "none"
                    raise TypeError(f"{type(self).__name__} has no field {name!r}; it has {there}")
                if name in values:
                    raise TypeError(f"{type(self).__name__} got two values for {name!r}")
                values[name] = value
            for name in fields[len(given) :]:
                if name not in values:
                    if not hasattr(type(self), name):
                        raise TypeError(f"{type(self).__name__} needs a value for {name!r}")
                    values[name] = getattr(type(self), name)
            self._check()

        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError(f"{type(self).__name__} is a value and cannot be changed; use replace({name}=...)")

        def __delattr__(self, name: str) -> None:
            raise AttributeError(f"{type(self).__name__} is a value and cannot be changed: {name} stays")

    def _check(self) -> None:
        """Raise InvalidInput for values that can never be right; may normalise with ``_set``."""

    def _set(self, name: str, value: object) -> None:
        """Replace a field while the value is still being made."""
        self.__dict__[name] = value

    def _given(self, name: str) -> Any:
        """A field as it was given, for ``_check``: of any type, whatever its annotation promises."""
        return self.__dict__[name]

    def _astuple(self) -> tuple[object, ...]:
        return tuple([self.__dict__[name] for name in self._fields])

    def replace(self, **changes: Any) -> Self:
        """The same value but for the fields given by name."""
        return type(self)(**{**{name: self.__dict__[name] for name in self._fields}, **changes})

    def __replace__(self, **changes: Any) -> Self:
        """Serve ``copy.replace`` (Python 3.13)."""
        return self.replace(**changes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Value) or type(self) is not type(other):
            return NotImplemented
        return self._astuple() == other._astuple()

    def __hash__(self) -> int:
        return hash((type(self), self._astuple()))

    def __repr__(self) -> str:
        inside = ", ".join([f"{name}={self.__dict__[name]!r}" for name in self._fields])
        return f"{type(self).__name__}({inside})"


def _annotated(cls: type) -> list[str]:
    """Names annotated in the class's own body, without evaluating what they are annotated with."""
    body = vars(cls)
    found: dict[str, object] = body.get("__annotations__", {})
    if sys.version_info >= (3, 14) and "__annotate_func__" in body:
        # This package's annotations are text and stand ready; those of who subclasses its values are made on demand.
        from annotationlib import Format, get_annotations

        found = get_annotations(cls, format=Format.STRING)
    return [name for name, kind in found.items() if not _is_class_variable(kind)]


def _is_class_variable(kind: object) -> bool:
    """Whether an annotation (an object or its text, ``typing.ClassVar[int]``) says that a name is not a field."""
    return str(kind).partition("[")[0].rpartition(".")[2] == "ClassVar"


def as_utf8(text: str) -> str:
    """The same text, but for what stands for bytes that are none (``os.fsdecode``): UTF-8 has no word for that."""
    return text.encode("utf-8", "replace").decode()


def encoded(text: str) -> bytes:
    """A name for a native library: what is no text becomes the name of nothing, and no error of its own."""
    return text.encode("utf-8", "surrogatepass")


def listed(those: WeakSet[T]) -> list[T]:
    """All that there are at one moment; no lock is taken, which somebody could hold who is waited for."""
    # Of the plain set inside: going through the weak one runs Python code, while another thread may add to it.
    references: set[ref[T]] = getattr(those, "data")  # noqa: B009 - typeshed does not know it
    return [one for reference in list(references) if (one := reference()) is not None]
