"""The base of all values."""

from __future__ import annotations

import copy
import inspect
import pickle
import sys
import types
import typing
from typing import Any, ClassVar
from unittest import mock

import pytest

from pcmio._value import Value, shown
from pcmio.errors import InvalidInput


class Point(Value):
    x: int
    y: int = 0
    ORIGIN: ClassVar[Point]


Point.ORIGIN = Point(0)


class Named(Point):
    name: str = "p"


class Even(Value):
    number: int

    def _check(self) -> None:
        if self.number % 2:
            raise InvalidInput(f"{self.number} is odd")
        self._set("number", int(self.number))


class Nothing(Value):
    """Has no fields."""


def made(value_class: Any, *given: object, **named: object) -> Any:
    """Make a value past the type checkers."""
    return value_class(*given, **named)


def test_fields_are_given_in_order_or_by_name() -> None:
    assert Point(1, 2) == Point(x=1, y=2) == Point(1, y=2)
    assert (Point(1, 2).x, Point(1, 2).y) == (1, 2)


def test_what_is_not_given_has_its_default() -> None:
    assert Point(5).y == 0


@pytest.mark.parametrize(
    ("given", "named", "message"),
    [
        ((), {}, "Point needs a value for 'x'"),
        ((1, 2, 3), {}, "Point takes 2 values, got 3"),
        ((1,), {"x": 2}, "Point got two values for 'x'"),
        ((1,), {"z": 2}, "Point has no field 'z'; it has x, y"),
    ],
)
def test_wrong_arguments_say_what_is_wrong(given: tuple[int, ...], named: dict[str, int], message: str) -> None:
    with pytest.raises(TypeError) as caught:
        made(Point, *given, **named)
    assert str(caught.value) == message


def test_a_value_without_fields_takes_none() -> None:
    assert Nothing() == Nothing()
    assert repr(Nothing()) == "Nothing()"
    with pytest.raises(TypeError, match="has no field 'x'; it has none"):
        made(Nothing, x=1)


def test_a_subclass_has_the_fields_of_its_base_first() -> None:
    assert Named._fields == ("x", "y", "name")
    assert repr(Named(1, 2, "q")) == "Named(x=1, y=2, name='q')"


def test_a_field_declared_again_keeps_its_place() -> None:
    class Shifted(Named):
        x: int = 9

    assert Shifted._fields == ("x", "y", "name")
    assert Shifted() == Shifted(9, 0, "p")


def test_a_subclass_of_two_values_has_the_fields_of_both() -> None:
    class Other(Value):
        colour: str = "red"

    class Both(Point, Other):  # type: ignore[misc]  # checkers want defaults last, as in a dataclass
        pass

    assert set(Both._fields) == {"x", "y", "colour"}
    assert Both(x=1).colour == "red"


def test_class_variables_and_private_names_are_no_fields() -> None:
    class Odd(Value):
        field: int
        LIMIT: ClassVar[int] = 3
        OTHER: typing.ClassVar = 4
        _hidden: int = 5

    assert Odd._fields == ("field",)


def test_annotations_that_are_no_text_make_fields_too() -> None:
    # What a user's module without annotations from the future has, on every Python.
    namespace: dict[str, Any] = {"Value": Value, "ClassVar": ClassVar, "typing": typing}
    source = "class Evaluated(Value):\n  level: float\n  LIMIT: ClassVar[int] = 3\n  OTHER: typing.ClassVar[int] = 4\n"
    exec(compile(source, "test", "exec", dont_inherit=True), namespace)
    assert namespace["Evaluated"]._fields == ("level",)
    assert repr(namespace["Evaluated"](0.5)) == "Evaluated(level=0.5)"


@pytest.mark.skipif(sys.version_info < (3, 14), reason="earlier Pythons evaluate annotations at once")
def test_annotations_that_cannot_be_evaluated_make_fields_too() -> None:
    namespace: dict[str, Any] = {"Value": Value}
    source = "class Late(Value):\n  level: OnlyForCheckers\n  LIMIT: ClassVar[int] = 3\n"
    exec(compile(source, "test", "exec", dont_inherit=True), namespace)
    assert namespace["Late"]._fields == ("level",)


def test_a_value_cannot_be_changed() -> None:
    point: Any = Point(1)
    with pytest.raises(AttributeError, match=r"Point is a value and cannot be changed; use replace\(x=...\)"):
        point.x = 2
    with pytest.raises(AttributeError, match="cannot be changed: x stays"):
        del point.x
    assert point == Point(1)


def test_replace_makes_another_value() -> None:
    point = Point(1, 2)
    assert point.replace(y=3) == Point(1, 3)
    assert point == Point(1, 2)
    assert point.replace() == point
    with pytest.raises(TypeError, match="has no field 'z'"):
        point.replace(z=1)


def test_replace_keeps_the_class_and_checks_again() -> None:
    assert type(Named(1).replace(x=2)) is Named
    with pytest.raises(InvalidInput, match="3 is odd"):
        Even(2).replace(number=3)


@pytest.mark.skipif(sys.version_info < (3, 13), reason="copy.replace came with Python 3.13")
def test_copy_replace_is_served() -> None:
    replace: Any = vars(copy)["replace"]
    assert replace(Point(1, 2), x=5) == Point(5, 2)


def test_values_are_equal_when_class_and_fields_are() -> None:
    same = Point(1, 2)
    assert Point(1, 2) == same
    assert hash(Point(1, 2)) == hash(same)
    assert Point(1, 2) != Point(2, 1)
    assert Point(1, 2) != Named(1, 2)
    assert Point(1, 2) != (1, 2)
    assert Point(1, 2) is not None
    assert Nothing() != Point(0)


def test_equality_asks_what_it_does_not_know() -> None:
    assert Point(1) == mock.ANY
    assert Point(1).__eq__(3) is NotImplemented


def test_values_are_found_in_sets_and_dicts() -> None:
    assert {Point(1): "one"}[Point(1, 0)] == "one"
    assert len({Point(1), Point(1, 0), Named(1)}) == 2


def test_a_value_with_an_unhashable_field_is_unhashable_but_comparable() -> None:
    assert made(Point, []) == made(Point, [])
    with pytest.raises(TypeError, match="unhashable"):
        hash(made(Point, []))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_values_survive_pickling(protocol: int) -> None:
    for value in (Point(1, 2), Named(3), Nothing()):
        back = pickle.loads(pickle.dumps(value, protocol))
        assert back == value
        assert type(back) is type(value)


def test_values_survive_copying() -> None:
    value = Point(1, made(Point, [7]))
    assert copy.copy(value) == value
    deep: Any = copy.deepcopy(value)
    assert deep == value
    assert deep.y.x is not made(value.y.__class__, value.y).x.x


def test_values_match_patterns_by_place_and_by_name() -> None:
    match Named(1, 2, "q"):
        case Named(1, 2, name=name):
            assert name == "q"
        case _:
            pytest.fail("no match")


def test_a_check_sees_what_was_given_and_may_normalise_it() -> None:
    even = made(Even, 4.0)
    assert repr(even) == "Even(number=4)"


def test_help_shows_the_fields() -> None:
    assert str(inspect.signature(Named)) == "(x, y=0, name='p')"
    assert str(inspect.signature(Nothing)) == "()"


def test_an_error_message_shows_any_value_in_short() -> None:
    class Rude:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    assert shown("x") == "'x'"
    assert shown(Rude()) == "a Rude that cannot be shown"
    assert shown(10**5000).startswith(("1000", "a int"))
    assert len(shown("x" * 5000)) < 120


def test_values_stay_light() -> None:
    module = sys.modules[Value.__module__]
    assert isinstance(module, types.ModuleType)
    assert "dataclasses" not in vars(module)
