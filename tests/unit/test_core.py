"""The core's declarations against its header, and the pump in Python's hands."""

from __future__ import annotations

import ctypes
import gc
import importlib
import pkgutil
import weakref
from typing import TYPE_CHECKING, Any

import pytest

import pcmio.hosts
from pcmio import SampleFormat, _core, _native, _sampler, _through, _through_native
from pcmio._core import BLOCK, Core, CorePump
from pcmio._driver import Mode, Note, Plan, Side
from pcmio.errors import HostUnavailable, ResourceExhausted
from pcmio.hosts.null.options import NullKind
from tests.unit import header

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

# --- declarations against the header ----------------------------------------------------------------------------------

INTEGERS = {
    "uint32_t": "UInt",
    "int32_t": "Int",
    "uint64_t": "UInt64",
    "int64_t": "Int64",
    "size_t": "Size",
    "ptrdiff_t": "SignedSize",
    "bool": "Bool",
    "float": "Float",
    "double": "Double",
}


def declaring_modules() -> list[ModuleType]:
    """Every module that declares functions or structs of the core."""
    hosts = [f"{found.name}.abi" for found in pkgutil.iter_modules(pcmio.hosts.__path__, "pcmio.hosts.")]
    found: list[ModuleType] = [_core, _sampler, _through, _through_native]
    for name in hosts:
        try:
            found.append(importlib.import_module(name))
        except ModuleNotFoundError as error:
            if error.name != name:  # else it is a host without declarations
                raise
    return found


def declared_functions() -> Iterator[tuple[type, str, dict[str, str]]]:
    for module in declaring_modules():
        for owner in vars(module).values():
            if isinstance(owner, type) and issubclass(owner, _native.Library) and owner.__module__ == module.__name__:
                for name, member in vars(owner).items():
                    if name.startswith("pcmio_"):
                        yield owner, name, member.declaration.__annotations__


def declared_structs() -> Iterator[tuple[str, type[ctypes.Structure]]]:
    """A struct's docstring begins with the name it has in the header."""
    for module in declaring_modules():
        for struct in vars(module).values():
            if isinstance(struct, type) and issubclass(struct, ctypes.Structure):
                name = (struct.__doc__ or "").partition("``")[2].partition("``")[0]
                if name.startswith("pcmio_"):
                    yield name, struct


FUNCTIONS = list(declared_functions())
STRUCTS = list(declared_structs())


def allowed(c_type: str, *, result: bool) -> set[str]:
    """How a C type may be declared."""
    if c_type in INTEGERS:
        return {INTEGERS[c_type]}
    if result:
        return {"None"} if c_type == "void" else {"Address"}
    return {"Str", "Ref"} if c_type == "const char*" else {"Address", "Ref"}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: f"{function[0].__name__}.{function[1]}")
def test_a_declaration_is_the_headers_prototype(function: tuple[type, str, dict[str, str]]) -> None:
    _, name, declared = function
    prototype = header.prototypes()[name]
    *parameters, result = declared.values()
    assert len(parameters) == len(prototype.parameters)
    assert result in allowed(prototype.result, result=True)
    for parameter, c_type in zip(parameters, prototype.parameters, strict=True):
        assert parameter in allowed(c_type, result=False), c_type


def test_what_waits_gives_up_the_gil_and_what_is_called_for_each_block_keeps_it() -> None:
    keeps = {name: vars(owner)[name].keeps_gil for owner, name, _ in FUNCTIONS}
    assert not keeps["pcmio_wakeup_wait"]
    assert not keeps["pcmio_pump_settle"]
    assert not keeps["pcmio_convert"]
    assert keeps["pcmio_pump_step"]
    assert keeps["pcmio_turns_begin"]
    assert keeps["pcmio_pump_take_note"]


def test_a_function_declared_twice_is_declared_alike() -> None:
    seen: dict[str, tuple[object, object]] = {}
    for owner, name, declared in FUNCTIONS:
        how = (list(declared.values()), vars(owner)[name].keeps_gil)
        assert seen.setdefault(name, how) == how, name


def test_every_declared_function_is_in_the_built_library() -> None:
    lib = _core.core()
    assert [name for _, name, _ in FUNCTIONS if not lib.has(name)] == []


@pytest.mark.parametrize(("name", "struct"), STRUCTS, ids=[name for name, _ in STRUCTS])
def test_a_struct_lies_in_memory_as_the_header_says(name: str, struct: type[ctypes.Structure]) -> None:
    fields = [field[0] for field in struct._fields_]
    assert tuple(fields) == header.structs()[name]
    size = f"sizeof({name})"
    places = {field: (f"offsetof({name}, {field})", f"sizeof((({name} *)0)->{field})") for field in fields}
    found = header.numbers((size, *(expression for pair in places.values() for expression in pair)))
    assert ctypes.sizeof(struct) == found[size]
    for field, (offset, length) in places.items():
        described = getattr(struct, field)
        assert (described.offset, described.size) == (found[offset], found[length]), field


def test_every_struct_of_the_pump_is_declared() -> None:
    assert {"pcmio_pump_config", "pcmio_note", "pcmio_stats", "pcmio_null_config"} <= {name for name, _ in STRUCTS}


def test_a_block_is_read_as_the_header_says() -> None:
    fields = header.structs()["pcmio_block"]
    assert fields == (
        *("callback_nanos", "output_nanos", "input_nanos", "position", "output_xrun_frames", "input_xrun_frames"),
        *("output_slot", "input_slot"),
    )
    found = header.numbers(("sizeof(pcmio_block)", *(f"offsetof(pcmio_block, {field})" for field in fields)))
    size, *offsets = found.values()
    assert BLOCK.size == size
    packed = BLOCK.pack(*range(1, 9))
    assert [int.from_bytes(packed[at : at + 4], "little") for at in offsets] == list(range(1, 9))


def test_numbers_are_the_headers() -> None:
    found = header.numbers(("PCMIO_ABI", "PCMIO_SWAPPED", "PCMIO_IDLE", "PCMIO_RUNNING", "PCMIO_DRAINING"))
    assert found["PCMIO_ABI"] == _core.ABI
    assert found["PCMIO_SWAPPED"] == _core.SWAPPED
    assert (found["PCMIO_IDLE"], found["PCMIO_RUNNING"], found["PCMIO_DRAINING"]) == (
        Mode.IDLE,
        Mode.RUNNING,
        Mode.DRAINING,
    )


def test_kinds_of_notes_are_the_headers() -> None:
    names = header.enumerators()["pcmio_note_kind"]
    found = header.numbers(names)
    assert {name.removeprefix("PCMIO_"): found[name] for name in names} == {
        name: value for name, value in vars(_core).items() if name.startswith("NOTE_")
    }


def test_codes_of_formats_are_the_headers() -> None:
    names = [name for name in header.enumerators()["pcmio_format"] if name != "PCMIO_FORMATS"]
    found = header.numbers((*names, "PCMIO_FORMATS"))
    codes = {f"PCMIO_{sample_format.name}": sample_format.code for sample_format in SampleFormat}
    assert codes == {name: found[name] for name in names}
    assert found["PCMIO_FORMATS"] == len(SampleFormat)


def test_kinds_of_null_devices_are_the_headers() -> None:
    found = header.numbers(header.enumerators()["pcmio_null_kind"])
    assert {f"PCMIO_NULL_{kind.name}": kind.code for kind in NullKind} == found


# --- opening the core -------------------------------------------------------------------------------------------------


def test_the_core_is_opened_once() -> None:
    assert _core.core() is _core.core()


def test_a_core_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_core, "_core", None)
    monkeypatch.setattr(_core, "ABI", _core.ABI + 1)
    with pytest.raises(HostUnavailable, match="is of another version of pcmio") as caught:
        _core.core()
    assert (caught.value.call, caught.value.code) == ("pcmio_abi", _core.ABI - 1)
    assert "install pcmio anew" in str(caught.value)
    assert vars(_core)["_core"] is None


def test_a_missing_core_says_where_it_was_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_core, "_core", None)
    monkeypatch.setattr(_core, "_library_path", lambda: "/nowhere/libpcmio.so")
    with pytest.raises(HostUnavailable) as caught:
        _core.core()
    assert [what for what, _ in caught.value.tried] == ["/nowhere/libpcmio.so"]


# --- the core's small calls -------------------------------------------------------------------------------------------


def test_the_core_converts_between_formats_and_knows_silence() -> None:
    lib = _core.core()
    assert lib.pcmio_can_convert(SampleFormat.I16.code, SampleFormat.F32.code) is True
    assert lib.pcmio_can_convert(SampleFormat.I16.code, 999) is False
    for sample_format in SampleFormat:
        memory = (ctypes.c_char * 64)()
        lib.pcmio_silence(memory, sample_format.code, 1, 64 // sample_format.sample_bytes)
        assert memory.raw[: sample_format.sample_bytes] == sample_format.silence


def test_the_core_has_a_clock_that_runs_forward() -> None:
    lib = _core.core()
    first = lib.pcmio_clock_nanos()
    assert 0 < first <= lib.pcmio_clock_nanos()


# --- CorePump ---------------------------------------------------------------------------------------------------------


class Rig:
    """A pump on a clock that stands where it is put, and native buffers to move samples from and to."""

    def __init__(self, *, output: int = 0, channels_in: int = 0, frames: int = 4, slots: int = 3) -> None:
        self.cell = ctypes.c_uint64(1_000)
        side = SampleFormat.I16
        plan = Plan(
            sample_rate=1_000_000,
            block_frames=frames,
            native_frames=frames,
            output=Side(output, side) if output else None,
            input=Side(channels_in, side) if channels_in else None,
            clock_cell=ctypes.addressof(self.cell),
        )
        self.pump = CorePump(plan, side, slots, 1)
        self.lib = _core.core()

    def step(self, finished: int) -> tuple[int, ...] | None:
        """The next block's record."""
        if not self.pump.step(self.pump.address, finished, self.pump.block_address):
            return None
        return BLOCK.unpack(self.pump.block_record)

    def transfer(self, frames: int, samples: bytes = b"") -> bytes:
        """One native cycle; what is played."""
        played = (ctypes.c_int16 * 64)(*[99] * 64)
        captured = (ctypes.c_char * 128).from_buffer_copy(samples.ljust(128, b"\0"))
        outputs = (ctypes.c_void_p * 1)(ctypes.addressof(played))
        inputs = (ctypes.c_void_p * 1)(ctypes.addressof(captured))
        self.lib.pcmio_pump_transfer(self.pump.address, inputs, outputs, frames, 500, 700)
        return bytes(played)


def test_a_new_pump_is_idle_and_empty() -> None:
    rig = Rig(output=2)
    pump = rig.pump
    assert pump.address != 0
    assert (pump.position(), pump.filled(), pump.latency_nanos(), pump.now()) == (0, 0, 0, 1_000)
    assert pump.take_note() is None
    stats = pump.stats()
    assert (stats.blocks, stats.frames, stats.xruns, stats.cycles) == (0, 0, 0, 0)


def test_blocks_are_views_of_one_ring_writable_for_output_only() -> None:
    out = Rig(output=2, frames=4, slots=3).pump.blocks
    assert [len(block) for block in out] == [4 * 2 * 2] * 3
    assert not any(block.readonly for block in out)
    assert all(block.readonly for block in Rig(channels_in=1).pump.blocks)
    assert len({id(block.obj) for block in out}) == 1


def test_what_is_written_into_a_block_is_played() -> None:
    rig = Rig(output=1, frames=4)
    record = rig.step(0)
    assert record is not None
    callback_nanos, _, _, position, lost, _, slot, _ = record
    assert (callback_nanos, position, lost) == (1_000, 0, 0)
    assert bytes(rig.pump.blocks[slot]) == bytes(8)
    rig.pump.blocks[slot][:] = b"\1\0\2\0\3\0\4\0"
    assert rig.step(1) is not None
    assert rig.pump.filled() == 4
    rig.pump.set_mode(Mode.RUNNING)
    assert rig.transfer(4)[:8] == b"\1\0\2\0\3\0\4\0"
    assert (rig.pump.position(), rig.pump.filled()) == (4, 0)
    stats = rig.pump.stats()
    assert (stats.blocks, stats.frames, stats.xrun_frames, stats.cycle_max) == (1, 4, 0, 4)


def test_what_is_captured_comes_in_blocks() -> None:
    rig = Rig(channels_in=1, frames=4)
    rig.pump.set_mode(Mode.RUNNING)
    assert rig.step(0) is None
    rig.transfer(5, b"\1\0\2\0\3\0\4\0\5\0")
    record = rig.step(0)
    assert record is not None
    _, _, captured_nanos, position, _, lost, _, slot = record
    assert (captured_nanos, position, lost) == (500, 0, 0)
    assert bytes(rig.pump.blocks[slot]) == b"\1\0\2\0\3\0\4\0"
    assert rig.step(1) is None
    assert rig.pump.stats().frames == 5
    rig.pump.set_mode(Mode.IDLE)
    rig.pump.settle()
    rig.pump.flush_input()
    assert rig.pump.filled() == 0


def test_a_ring_is_emptied_by_reset() -> None:
    rig = Rig(output=1)
    rig.step(0)
    rig.step(1)
    assert rig.pump.filled() == 4
    rig.pump.settle()
    rig.pump.reset()
    assert rig.pump.filled() == 0


def test_notes_come_out_in_order() -> None:
    rig = Rig(output=1)
    rig.lib.pcmio_pump_note(rig.pump.address, _core.NOTE_FAILED, -5, 2**63)
    rig.lib.pcmio_pump_note(rig.pump.address, _core.NOTE_MOVED, 0, 0)
    assert rig.pump.take_note() == Note(_core.NOTE_FAILED, -5, 2**63)
    assert rig.pump.take_note() == Note(_core.NOTE_MOVED, 0, 0)
    assert rig.pump.take_note() is None


def test_waiting_ends_when_woken_or_when_time_has_passed() -> None:
    rig = Rig(output=1)
    assert rig.pump.wait(0) is False
    rig.pump.wake()
    assert rig.pump.wait(-1) is True
    assert rig.pump.wait(1_000_000) is False
    rig.lib.pcmio_pump_note(rig.pump.address, _core.NOTE_MOVED, 0, 0)
    assert rig.pump.wait(-1) is True


def test_latency_is_what_was_said_last() -> None:
    rig = Rig(output=1)
    rig.pump.set_latency(5, 7)
    assert rig.pump.latency_nanos() == 5
    rig = Rig(channels_in=1)
    rig.pump.set_latency(5, 7)
    assert rig.pump.latency_nanos() == 7


def test_a_pump_that_cannot_be_made_says_for_what() -> None:
    clockless = Plan(48_000, 4, 4, output=Side(1, SampleFormat.I16))
    with pytest.raises(ResourceExhausted, match=r"no pump for Plan\(.*, 3 blocks of i16 \[pcmio_pump_new\]"):
        CorePump(clockless, SampleFormat.I16, 3, 1)


def test_a_pump_without_what_wakes_its_thread_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ResourceExhausted("no memory to wait with")

    monkeypatch.setattr(_core, "Wakeup", fail)
    with pytest.raises(ResourceExhausted, match="to wait with"):
        CorePump(Plan(48_000, 4, 4, output=Side(1, SampleFormat.I16)), SampleFormat.I16, 3, 1)
    gc.collect()
    assert capfd.readouterr() == ("", "")


def test_a_ring_that_does_not_fit_into_memory_says_how_large_it_is() -> None:
    with pytest.raises(ResourceExhausted, match="no memory for a ring of 1125899906842624 bytes; use smaller buffers"):
        Rig(output=1, frames=1 << 24, slots=1 << 25)


def test_a_pump_goes_with_its_last_owner() -> None:
    rig = Rig(output=1)
    gone = weakref.ref(rig.pump)
    del rig
    gc.collect()
    assert gone() is None


def test_a_view_outlives_its_pump() -> None:
    view = Rig(output=1).pump.blocks[0]
    gc.collect()
    view[:] = bytes(len(view))
    assert bytes(view) == bytes(len(view))


def test_planar_swapped_and_native_formats_reach_the_pump() -> None:
    cell = ctypes.c_uint64(0)
    side = Side(2, SampleFormat.I32, planar=True, swapped=True)
    plan = Plan(48_000, 4, 4, output=side, clock_cell=ctypes.addressof(cell))
    pump = CorePump(plan, SampleFormat.I32, 2, 1)
    assert pump.step(pump.address, 0, pump.block_address)
    pump.blocks[0][:] = b"".join(frame.to_bytes(4, "little") for frame in (1, 11, 2, 12, 3, 13, 4, 14))
    pump.step(pump.address, 1, pump.block_address)
    pump.set_mode(Mode.RUNNING)
    left, right = (ctypes.c_uint8 * 16)(), (ctypes.c_uint8 * 16)()
    outputs = (ctypes.c_void_p * 2)(ctypes.addressof(left), ctypes.addressof(right))
    _core.core().pcmio_pump_transfer(pump.address, None, outputs, 4, 0, 0)
    assert bytes(left) == b"".join(frame.to_bytes(4, "big") for frame in (1, 2, 3, 4))
    assert bytes(right) == b"".join(frame.to_bytes(4, "big") for frame in (11, 12, 13, 14))


def test_the_core_is_declared_in_the_headers_order() -> None:
    order = list(header.prototypes())
    mine = [order.index(name) for name in vars(Core) if name.startswith("pcmio_")]
    assert mine == sorted(mine)


def test_native_helpers_are_quick_to_bind() -> None:
    lib: Any = _core.core()
    assert lib.pcmio_abi is lib.pcmio_abi
