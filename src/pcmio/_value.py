"""The base of everything that is only a value: configs, ids, descriptions, timestamps, events.

A light stand-in for frozen dataclasses with the same meaning for type checkers: importing ``dataclasses`` (with ``inspect``
behind it) and making twenty classes with it takes longer than the whole of ``import pcmio`` may.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**_options: object) -> Any:
        """Do nothing at run time."""
        return lambda cls: cls


@dataclass_transform(frozen_default=True)
class Value:
    """Frozen, comparable, hashable, printable; made from its annotated fields, in order or by name."""

    _fields: ClassVar[tuple[str, ...]] = ()
    __match_args__: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        own = [name for name in _annotated(cls) if not name.startswith("_")]
        cls._fields = (*cls._fields, *(name for name in own if name not in cls._fields))
        cls.__match_args__ = cls._fields

    if not TYPE_CHECKING:

        def __init__(self, *given: object, **named: object) -> None:
            fields = self._fields
            if len(given) > len(fields):
                raise TypeError(f"{type(self).__name__} takes {len(fields)} values, got {len(given)}")
            values = dict(zip(fields, given, strict=False))
            for name, value in named.items():
                if name not in fields:
                    raise TypeError(f"{type(self).__name__} has no field {name!r}; it has {', '.join(fields)}")
                if name in values:
                    raise TypeError(f"{type(self).__name__} got two values for {name!r}")
                values[name] = value
            for name in fields:
                if name not in values:
                    if not hasattr(type(self), name):
                        raise TypeError(f"{type(self).__name__} needs a value for {name!r}")
                    values[name] = getattr(type(self), name)
            self.__dict__.update(values)
            self._check()

        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError(f"{type(self).__name__} is a value and cannot be changed; use replace({name}=...)")

        def __delattr__(self, name: str) -> None:
            raise AttributeError(f"{type(self).__name__} is a value and cannot be changed")

    def _check(self) -> None:
        """Raise InvalidInput for values that can never be right; may normalise with ``_set``."""

    def _set(self, name: str, value: object) -> None:
        """Replace a field while the value is still being made."""
        self.__dict__[name] = value

    def _astuple(self) -> tuple[object, ...]:
        return tuple(self.__dict__[name] for name in self._fields)

    def replace(self, **changes: Any) -> Self:
        """The same value but for the fields given by name."""
        return type(self)(**{**{name: self.__dict__[name] for name in self._fields}, **changes})

    def __replace__(self, **changes: Any) -> Self:
        """Serve ``copy.replace`` (Python 3.13)."""
        return self.replace(**changes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value) and type(self) is type(other) and self._astuple() == other._astuple()

    def __hash__(self) -> int:
        return hash((type(self), self._astuple()))

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={self.__dict__[name]!r}" for name in self._fields)
        return f"{type(self).__name__}({inside})"


def _annotated(cls: type) -> list[str]:
    """Names annotated in the class's own body, without evaluating what they are annotated with."""
    found = cls.__dict__.get("__annotations__")
    if found is None:  # Python 3.14 makes them on demand; as this package's are text, nothing is evaluated then either
        found = getattr(cls, "__annotations__", {})
    return [name for name, kind in found.items() if not str(kind).startswith("ClassVar")]
