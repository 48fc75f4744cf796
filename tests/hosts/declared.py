"""Reading declarations: of the core's header, and of the Python side, in the words of the hosts' ``facts.json``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

HEADER = (Path(__file__).parents[2] / "core" / "include" / "pcmio_systems.h").read_text(encoding="utf-8")
#: A C type, where it is no pointer.
_WORDS = {
    "int32_t": "i32",
    "uint32_t": "u32",
    "int64_t": "i64",
    "uint64_t": "u64",
    "size_t": "u64",
    "unsigned": "u64",
    "long": "i64",
    "void": "void",
}
#: What a declaration in Python says, where it is no pointer.
_KINDS = {"Int": "i32", "UInt": "u32", "UInt64": "u64", "Size": "u64", "SignedSize": "i64", "None": "void"}


def kind_of(parameter: str) -> str:
    """A C parameter."""
    if "*" in parameter:
        return "ptr"
    return next(word for c, word in _WORDS.items() if c in parameter.split())


def struct_body(name: str) -> str:
    """What the core's header has between the braces of a struct or an enum."""
    body = re.search(r"typedef (?:struct|enum) \{((?:(?!typedef).)*)\} " + name + ";", HEADER, re.DOTALL)
    assert body is not None
    return body[1]


def function_members(name: str) -> list[tuple[str, str, str]]:
    """The functions of a struct of addresses: result, name, parameters."""
    return re.findall(r"(\w[\w ]*?\**)\s*\(\*(\w+)\)\((.*?)\);", struct_body(name).replace("\n", " "))


def annotated(function: Any) -> tuple[list[str], str]:
    """The parameters and the result of a declaration, as they are written."""
    code, annotations = function.declaration.__code__, function.declaration.__annotations__
    return [annotations[parameter] for parameter in code.co_varnames[1 : code.co_argcount]], annotations["return"]


def kinds(function: Any) -> tuple[list[str], str]:
    """The same as kinds."""
    parameters, result = annotated(function)
    return [_KINDS.get(one, "ptr") for one in parameters], _KINDS.get(result, "ptr")


def declared_as_in_the_header(table: type, prefix: str, *, not_here: tuple[str, ...] = ()) -> None:
    """Every function of the core's with this prefix is declared in the table, with the header's prototype."""
    declared = {name: function for name, function in vars(table).items() if name.startswith(prefix)}
    found = re.findall(rf"PCMIO_API ([\w ]+?\**)({prefix}_\w+)\(([^)]*)\);", HEADER)
    found = [entry for entry in found if entry[1] not in not_here]
    assert {name for _, name, _ in found} == set(declared)
    for returned, name, parameters in found:
        ours, result = kinds(declared[name])
        assert ours == [kind_of(one) for one in parameters.split(",")], name
        assert result == kind_of(f"{returned} x"), name
