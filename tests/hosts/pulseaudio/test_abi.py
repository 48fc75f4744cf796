"""The declarations agree with libpulse's headers and with the core's.

``facts.json`` was read from the headers of libpulse 16.1 and 17.0; where headers are installed, they are asked too.
"""

from __future__ import annotations

import ctypes
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pcmio import _native
from pcmio._native import Int, Str, quick
from pcmio.hosts.pulseaudio import abi
from pcmio.hosts.pulseaudio.formats import POSITION_NAMES
from tests.hosts.declared import annotated, declared_as_in_the_header, function_members, kind_of, struct_body

FACTS: Any = json.loads(Path(__file__).with_name("facts.json").read_text())
STRUCTS = {
    "pa_sample_spec": abi.pa_sample_spec,
    "pa_channel_map": abi.pa_channel_map,
    "pa_cvolume": abi.pa_cvolume,
    "pa_buffer_attr": abi.pa_buffer_attr,
    "pa_server_info": abi.pa_server_info,
    "pa_sink_info": abi.pa_device_info,
    "pa_source_info": abi.pa_device_info,
}
OURS: dict[str, str] = {
    "monitor_source": "monitor",
    "monitor_source_name": "monitor_name",
    "monitor_of_sink": "monitor",
    "monitor_of_sink_name": "monitor_name",
}
KINDS = {"i32": "Int", "u32": "UInt", "u64": "UInt64", "void": "None"}
DECLARED = {name: function for name, function in vars(abi.Libpulse).items() if name.startswith("pa_")}


@pytest.mark.parametrize("name", STRUCTS)
def test_structs_are_laid_out_as_in_the_headers(name: str) -> None:
    struct, facts = STRUCTS[name], FACTS["struct"][name]
    assert ctypes.sizeof(struct) == facts["size"]
    assert {field[0] for field in struct._fields_} == {OURS.get(field, field) for field in facts["fields"]}
    fields: dict[str, tuple[int, int]] = facts["fields"]
    for field, (offset, size) in fields.items():
        declared = getattr(struct, OURS.get(field, field))
        assert (declared.offset, declared.size) == (offset, size), field


def test_the_core_looks_into_structs_where_the_headers_have_it() -> None:
    source = Path(__file__).parents[3].joinpath("core", "setup", "pulse.c").read_text()
    asserted = re.findall(r"offsetof\((\w+), (\w+)\) == (\d+)", source)
    assert len(asserted) == 4
    for name, field, offset in asserted:
        assert FACTS["struct"][name]["fields"][field][0] == int(offset), (name, field)


def test_constants_have_the_headers_values() -> None:
    facts = dict(FACTS["constants"])
    assert facts.pop("PA_SINK_NETWORK") == facts.pop("PA_SOURCE_NETWORK") == abi.PA_DEVICE_NETWORK
    assert {name: value for name, value in vars(abi).items() if name.startswith("PA_") and name in facts} == facts


@pytest.mark.parametrize("name", DECLARED)
def test_functions_have_the_headers_prototypes(name: str) -> None:
    facts = FACTS["functions"][name]
    declared, result = annotated(DECLARED[name])
    assert len(declared) == len(facts["args"])
    for kind, fact in zip([*declared, result], [*facts["args"], facts["ret"]], strict=True):
        if fact == "ptr":
            assert kind in {"Address", "Ref", "Str"}
        else:
            assert kind == KINDS[fact]


def test_the_core_calls_functions_by_the_prototypes_of_the_headers() -> None:
    """The struct of addresses: same order on both sides, and each member as the header has its function."""
    members = function_members("pcmio_pulse_api")
    assert [name for _, name, _ in members] == list(abi.API_FUNCTIONS)
    for returned, name, parameters in members:
        facts = FACTS["functions"][f"pa_{name}"]
        # Parameters that are functions have commas of their own.
        flat = re.sub(r"void \(\*\w*\)\([^)]*\)", "void *f", parameters)
        kinds = [] if flat.strip() == "void" else [kind_of(one) for one in flat.split(",")]
        assert kinds == facts["args"], name
        assert kind_of(f"{returned} x") == facts["ret"], name


def test_requests_have_the_same_members_on_both_sides() -> None:
    body = struct_body("pcmio_pulse_request")
    members = re.findall(r"^\s*(const char \*|const void \*|void \*|uint32_t )(\w+);", body, re.MULTILINE)
    kinds: dict[str, Any] = {"const char *": ctypes.c_char_p, "uint32_t ": ctypes.c_uint32}
    assert [(name, kinds.get(kind, ctypes.c_void_p)) for kind, name in members] == list(abi.PulseRequest._fields_)


def test_the_core_is_declared_as_its_header_says() -> None:
    declared_as_in_the_header(abi.PulseCore, "pcmio_pulse")


def test_every_kind_of_argument_is_known() -> None:
    assert set(KINDS.values()) <= set(_native._TYPES)


@pytest.mark.skipif(
    shutil.which("cc") is None or not Path("/usr/include/pulse/pulseaudio.h").exists(),
    reason="libpulse's headers and a C compiler are not both installed",
)
def test_the_headers_of_this_machine_say_the_same(tmp_path: Path) -> None:
    lines = ["#include <pulse/pulseaudio.h>", "#include <stddef.h>"]
    for name, value in FACTS["constants"].items():
        lines.append(f"_Static_assert((long long)({name}) == {value}LL, {json.dumps(name)});")
    for name, facts in FACTS["struct"].items():
        lines.append(f'_Static_assert(sizeof({name}) == {facts["size"]}, "{name}");')
        lines.extend(
            f'_Static_assert(offsetof({name}, {field}) == {offset}, "{name}.{field}");'
            for field, (offset, _) in facts["fields"].items()
        )
    lines.extend(f"const void *const have_{name} = (const void *){name};" for name in FACTS["functions"])
    source = tmp_path / "facts.c"
    source.write_text("\n".join(lines) + "\n")
    done = subprocess.run(["cc", "-fsyntax-only", "-std=gnu11", source], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Namer(abi.Libpulse):
    """What only this test asks."""

    @quick
    def pa_channel_position_to_string(self, pos: Int, /) -> Str: ...


def test_channel_positions_have_libpulses_names() -> None:
    pulse = Namer()
    for position, name in enumerate(POSITION_NAMES):
        assert pulse.pa_channel_position_to_string(position) == name.encode()
