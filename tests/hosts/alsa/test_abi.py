"""The declarations agree with alsa-lib's headers and with the core's.

``facts.json`` was read from the headers of alsa-lib 1.2.8 and 1.2.16; where headers are installed, they are asked too.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from ctypes import c_int32, c_uint32
from pathlib import Path
from typing import Any

import pytest

from pcmio.hosts.alsa import abi
from tests.hosts.declared import declared_as_in_the_header, function_members, kind_of, kinds, struct_body

FACTS: Any = json.loads(Path(__file__).with_name("facts.json").read_text())
CORE = Path(__file__).parents[3] / "core"
LOOP = (CORE / "rt" / "pump_alsa.h").read_text()
DECLARED = {name: function for name, function in vars(abi.Asound).items() if name.startswith("snd_")}


def test_constants_have_the_headers_values() -> None:
    known = {name: value for name, value in vars(abi).items() if name.startswith("SND_")}
    facts = {name: value for name, value in FACTS["constants"].items() if "_STATE_" not in name}
    assert known == facts


def test_the_core_knows_the_states_by_their_numbers() -> None:
    states = {name: value for name, value in FACTS["constants"].items() if "_STATE_" in name}
    found = {
        f"SND_PCM_STATE_{name}": int(value) for name, value in re.findall(r"#define PCMIO_ALSA_(\w+) (\d+)\n", LOOP)
    }
    assert found == states


@pytest.mark.parametrize("name", DECLARED)
def test_functions_have_the_headers_prototypes(name: str) -> None:
    facts = FACTS["functions"][name]
    assert kinds(DECLARED[name]) == (facts["args"], facts["ret"])


def test_the_core_calls_functions_by_the_prototypes_of_the_headers() -> None:
    members = function_members("pcmio_alsa_api")
    assert [name for _, name, _ in members] == list(abi.API_FUNCTIONS)
    for returned, name, parameters in members:
        facts = FACTS["functions"][f"snd_pcm_{name}"]
        # snd_pcm_state_t is an enumeration, which compilers make unsigned; its values are small.
        expected = "i32" if name == "state" else facts["ret"]
        assert [kind_of(one) for one in parameters.split(",")] == facts["args"], name
        assert kind_of(f"{returned} x") == expected, name


def test_configs_have_the_same_members_on_both_sides() -> None:
    members = re.findall(r"^\s*(u?int32_t) (\w+);", struct_body("pcmio_alsa_config"), re.MULTILINE)
    kinds = {"int32_t": c_int32, "uint32_t": c_uint32}
    assert [(name, kinds[kind]) for kind, name in members] == list(abi.AlsaConfig._fields_)


def test_the_core_is_declared_as_its_header_says() -> None:
    # The one that is not is for libasound, which alone can call it.
    declared_as_in_the_header(abi.AlsaCore, "pcmio_alsa", not_here=("pcmio_alsa_error",))


def test_orders_have_the_cores_numbers() -> None:
    names = re.findall(r"PCMIO_ALSA_(\w+)", struct_body("pcmio_alsa_order_kind"))
    assert {f"ORDER_{name}": number for number, name in enumerate(names, 1)} == {
        name: value for name, value in vars(abi).items() if name.startswith("ORDER_")
    }


@pytest.mark.skipif(
    shutil.which("cc") is None or not Path("/usr/include/alsa/asoundlib.h").exists(),
    reason="alsa-lib's headers and a C compiler are not both installed",
)
def test_the_headers_of_this_machine_say_the_same(tmp_path: Path) -> None:
    lines = ["#include <alsa/asoundlib.h>", f'#include "{CORE / "rt" / "pump_alsa.h"}"', "#include <stddef.h>"]
    for name, value in FACTS["constants"].items():
        lines.append(f"_Static_assert((long long)({name}) == {value}LL, {json.dumps(name)});")
    lines.append('_Static_assert(sizeof(snd_pcm_channel_area_t) == sizeof(pcmio_alsa_area), "areas");')
    lines.extend(
        f'_Static_assert(offsetof(snd_pcm_channel_area_t, {field}) == offsetof(pcmio_alsa_area, {field}), "{field}");'
        for field in ("addr", "first", "step")
    )
    lines.extend(f"const void *const have_{name} = (const void *){name};" for name in FACTS["functions"])
    source = tmp_path / "facts.c"
    source.write_text("\n".join(lines) + "\n")
    command = ["cc", "-fsyntax-only", "-std=gnu11", f"-I{CORE / 'include'}", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
