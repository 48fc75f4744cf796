"""How native functions are declared and bound."""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from pcmio import _native
from pcmio._native import (
    Address,
    Bool,
    Double,
    Float,
    Int,
    Int64,
    Library,
    Ref,
    SignedSize,
    Size,
    Str,
    UInt,
    UInt64,
    native,
    quick,
)
from pcmio.errors import HostUnavailable
from tests.unit import header

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SOURCE = """
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(_WIN32)
#define API __declspec(dllexport)
#else
#define API
#endif
API int32_t add(int32_t a, int32_t b) { return a + b; }
API uint32_t largest(void) { return UINT32_MAX; }
API int64_t far_below(void) { return INT64_MIN; }
API uint64_t far_above(void) { return UINT64_MAX; }
API size_t length(const char *text) { return text == NULL ? SIZE_MAX : strlen(text); }
API ptrdiff_t backwards(void) { return -1; }
API double half(double x) { return x / 2; }
API float third(float x) { return x / 3; }
API bool positive(int32_t x) { return x > 0; }
API const char *greeting(void) { return "hello"; }
API void *same(void *p) { return p; }
API void store(int32_t *place, int32_t value) { *place = value; }
API int32_t call(int32_t (*function)(int32_t)) { return function(20); }
API int32_t pick(int32_t first, ...) { return first; }
"""


class Sample(Library):
    """A library with one function of each type."""

    advice = "compile it"

    @quick
    def add(self, a: Int, b: Int, /) -> Int: ...  # type: ignore[empty-body]
    @native
    def largest(self, /) -> UInt: ...  # type: ignore[empty-body]
    @quick
    def far_below(self, /) -> Int64: ...  # type: ignore[empty-body]
    @quick
    def far_above(self, /) -> UInt64: ...  # type: ignore[empty-body]
    @quick
    def length(self, text: Str, /) -> Size: ...  # type: ignore[empty-body]
    @quick
    def backwards(self, /) -> SignedSize: ...  # type: ignore[empty-body]
    @quick
    def half(self, x: Double, /) -> Double: ...  # type: ignore[empty-body]
    @quick
    def third(self, x: Float, /) -> Float: ...  # type: ignore[empty-body]
    @quick
    def positive(self, x: Int, /) -> Bool: ...  # type: ignore[empty-body]
    @quick
    def greeting(self, /) -> Str: ...
    @quick
    def same(self, p: Address, /) -> Address: ...
    @native
    def store(self, place: Ref, value: Int, /) -> None: ...
    @native
    def call(self, function: Ref, /) -> Int: ...  # type: ignore[empty-body]
    @quick
    def missing(self, /) -> None: ...


class SampleAgain(Library):
    """The same library, where one function is declared otherwise."""

    @quick
    def add(self, a: UInt, b: UInt, /) -> UInt: ...  # type: ignore[empty-body]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("sample")
    source, library = folder / "sample.c", folder / "sample.library"
    source.write_text(SOURCE, encoding="utf-8")
    header.compile_c("-std=c11", "-O1", "-fPIC", "-shared", str(source), "-o", str(library))
    return str(library)


@pytest.fixture
def lib(path: str) -> Sample:
    return Sample(path)


def test_every_type_passes_both_ways(lib: Sample) -> None:
    assert lib.add(-3, 2) == -1
    assert lib.largest() == 2**32 - 1
    assert lib.far_below() == -(2**63)
    assert lib.far_above() == 2**64 - 1
    assert lib.length(b"four") == 4
    assert lib.length(None) == 2 ** (8 * ctypes.sizeof(ctypes.c_size_t)) - 1
    assert lib.backwards() == -1
    assert lib.half(3.0) == 1.5
    assert lib.third(1.5) == 0.5
    assert (lib.positive(5), lib.positive(-5)) == (True, False)
    assert lib.greeting() == b"hello"


def test_addresses_are_numbers_and_null_is_none(lib: Sample) -> None:
    assert lib.same(None) is None
    assert lib.same(0x7FFF_FFFF_F000 if sys.maxsize > 2**32 else 0x7FFF_F000) is not None


def test_a_reference_may_be_a_pointer_an_array_an_address_or_a_function(lib: Sample) -> None:
    place = ctypes.c_int32()
    lib.store(ctypes.byref(place), 5)
    assert place.value == 5
    lib.store(ctypes.addressof(place), 6)
    assert place.value == 6
    array = (ctypes.c_int32 * 2)()
    lib.store(array, 7)
    assert list(array) == [7, 0]
    doubled = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_int32)(lambda x: 2 * x)
    assert lib.call(doubled) == 40


def test_a_function_is_bound_at_its_first_use_and_then_stays(lib: Sample) -> None:
    assert "add" not in vars(lib)
    bound = lib.add
    assert vars(lib)["add"] is bound
    assert lib.add is bound


def test_native_gives_up_the_gil_and_quick_keeps_it(lib: Sample) -> None:
    flags: Any = ctypes.PyDLL(None)._FuncPtr._flags_ if sys.platform != "win32" else 4
    kept: Any = lib.add
    given_up: Any = lib.largest
    assert kept._flags_ == flags
    assert given_up._flags_ != flags


def test_two_declarations_of_one_function_do_not_disturb_each_other(path: str, lib: Sample) -> None:
    other = SampleAgain(path)
    assert lib.add(-3, 2) == -1
    assert other.add(2**32 - 1, 2) == 1
    assert lib.add(-3, 2) == -1


def test_wrong_arguments_are_refused_before_the_call(lib: Sample) -> None:
    call: Any = lib
    with pytest.raises(ctypes.ArgumentError):
        call.length("text")
    with pytest.raises(TypeError):
        call.add(1)


def test_a_missing_function_says_whose_and_what_to_do(lib: Sample, path: str) -> None:
    with pytest.raises(HostUnavailable) as caught:
        lib.missing()
    assert str(caught.value) == f"{path} has no function missing [missing]; install a newer version of it"
    with pytest.raises(HostUnavailable) as caught:
        lib.address("missing")
    assert caught.value.call == "missing"


def test_a_library_knows_what_it_has_and_where(lib: Sample) -> None:
    assert lib.has("add")
    assert not lib.has("missing")
    address = lib.address("add")
    function = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_int32, ctypes.c_int32)(address)
    assert function(40, 2) == 42


def test_a_declaration_is_seen_on_the_class() -> None:
    assert isinstance(vars(Sample)["add"], _native._Function)
    seen: Any = Sample.add
    assert seen.name == "add"


def test_a_library_that_cannot_be_opened_says_which_names_were_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    class Absent(Library):
        names: ClassVar[Mapping[str, tuple[str, ...]]] = {
            "linux": ("libabsent-pcmio.so.2", "libabsent-pcmio.so.1"),
            "win32": ("absent-pcmio.dll",),
        }
        advice = "install absent"

    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(HostUnavailable) as caught:
        Absent()
    assert [name for name, _ in caught.value.tried] == ["libabsent-pcmio.so.2", "libabsent-pcmio.so.1"]
    assert all(why and name not in why for name, why in caught.value.tried)
    told = "libabsent-pcmio.so.2 cannot be loaded; install absent; tried:\n  libabsent-pcmio.so.2: "
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize("platform", ["freebsd14", "netbsd10", "openbsd7", "dragonfly6", "linux"])
def test_bsd_takes_the_names_of_linux(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    class Absent(Library):
        names: ClassVar[Mapping[str, tuple[str, ...]]] = {"linux": ("x.so",), "win32": ("x.dll",)}

    monkeypatch.setattr(sys, "platform", platform)
    assert Absent._candidates() == ("x.so",)


def test_a_platform_without_the_library_tries_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "emscripten")
    with pytest.raises(HostUnavailable) as caught:
        Sample()
    assert caught.value.tried == ()


def test_the_first_name_that_opens_is_taken(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    class Second(Sample):
        names: ClassVar[Mapping[str, tuple[str, ...]]] = {"linux": ("libabsent-pcmio.so", path, "never")}

    monkeypatch.setattr(sys, "platform", "linux")
    lib = Second()
    assert lib.path == path
    assert lib.add(1, 2) == 3
