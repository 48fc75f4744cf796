"""What is declared of libjack is what its headers say."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pcmio._native import _Function
from pcmio.hosts.jack import abi
from pcmio.hosts.jack.client import _CALLBACKS
from pcmio.hosts.jack.library import jack_library
from pcmio.hosts.jack.watch import _CALLBACKS as WATCHING
from tests.unit import header

FACTS: dict[str, Any] = json.loads(Path(__file__).with_name("abi_facts.json").read_text(encoding="utf-8"))
DECLARED: dict[str, Any] = {
    name: function for name, function in vars(abi.Jack).items() if isinstance(function, _Function)
}
#: How a C type may be declared; a result that is a pointer is an address, a parameter also what byref() makes.
KINDS = {
    "void": {"None"},
    "i32": {"Int"},
    "u32": {"UInt"},
    "u64": {"UInt64", "Size"},
    "ptr<char>": {"Str", "Address"},
}


def allowed(c_type: str) -> set[str]:
    return KINDS.get(c_type, {"Address", "Ref"})


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_a_declaration_is_the_headers_prototype(name: str) -> None:
    facts, declaration = FACTS["functions"][name], DECLARED[name].declaration
    code, annotations = declaration.__code__, declaration.__annotations__
    parameters = code.co_varnames[1 : code.co_argcount]
    assert len(parameters) == len(facts["args"])
    for parameter, (native_name, c_type) in zip(parameters, facts["args"], strict=True):
        assert annotations[parameter] in allowed(c_type), f"{native_name}: {c_type}"
    assert annotations["return"] in allowed(facts["ret"])


def test_only_the_call_with_a_server_name_takes_more_than_it_declares() -> None:
    more = {name for name, function in DECLARED.items() if function.declaration.__code__.co_flags & 0x04}
    assert more == {name for name, facts in FACTS["functions"].items() if facts.get("variadic")} == {"jack_client_open"}


def test_unsigned_long_has_the_size_it_has_in_c() -> None:
    longs = [
        (name, index)
        for name, facts in FACTS["functions"].items()
        for index, (_, c) in enumerate(facts["args"])
        if c == "u64"
    ]
    for name, index in longs:
        declaration = DECLARED[name].declaration
        assert declaration.__annotations__[declaration.__code__.co_varnames[1 + index]] == "Size"


def test_constants_are_the_headers() -> None:
    for name, value in FACTS["constants"].items():
        assert getattr(abi, name) == value, name
    assert FACTS["strings"]["JACK_DEFAULT_AUDIO_TYPE"].encode() == abi.JACK_DEFAULT_AUDIO_TYPE
    assert set(FACTS["constants"]) == {
        name for name, value in vars(abi).items() if name.startswith("Jack") and isinstance(value, int)
    }


def test_every_declared_function_is_in_the_installed_libjack() -> None:
    library = jack_library()
    assert [name for name in DECLARED if not library.has(name)] == []


C_TYPES = {"i32": "int32_t", "u32": "uint32_t", "void": "void", "ptr": "void*", "ptr<char>": "const char*"}


def test_the_cores_callbacks_have_libjacks_prototypes() -> None:
    for register, callback in (*_CALLBACKS, *WATCHING):
        wanted = next(c for _, c in FACTS["functions"][register]["args"] if c.startswith("fn:"))
        facts = FACTS["callbacks"][wanted.removeprefix("fn:")]
        prototype = header.prototypes()[callback]
        assert prototype.result == C_TYPES[facts["ret"]], callback
        assert prototype.parameters == tuple(C_TYPES[c] for _, c in facts["args"]), callback


@pytest.mark.skipif(not Path("/usr/include/jack/jack.h").exists(), reason="JACK's headers are not installed")
def test_the_facts_are_those_of_the_installed_headers(tmp_path: Path) -> None:
    source = tmp_path / "facts.c"
    asserts = [f'_Static_assert({name} == {value}, "{name}");' for name, value in FACTS["constants"].items()]
    asserts += [f"void *use_{name} = (void *)&{name};" for name in FACTS["functions"]]
    source.write_text("\n".join(["#include <jack/jack.h>", "#include <jack/thread.h>", *asserts, ""]), encoding="utf-8")
    done = subprocess.run(
        [*header.compiler(), "-std=c11", "-fsyntax-only", str(source)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
