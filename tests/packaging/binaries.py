"""Reads what libraries of other systems export and need: just enough of 64-bit ELF, Mach-O and PE."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

SHT_DYNAMIC = 6
SHT_DYNSYM = 11
DT_NEEDED = 1
LC_LOAD_DYLIB = 0xC
LC_ID_DYLIB = 0xD
LC_CODE_SIGNATURE = 0x1D
LC_VERSION_MIN_MACOSX = 0x24
LC_BUILD_VERSION = 0x32
LC_DYLD_INFO_ONLY = 0x80000022


class Library(NamedTuple):
    """What a loader would learn."""

    machine: int  # in the numbers of its own format
    needs: frozenset[str]
    exports: frozenset[str]


def text_at(data: bytes, at: int) -> str:
    return data[at : data.index(b"\0", at)].decode()


def read(data: bytes) -> Library:
    if data.startswith(b"\x7fELF\x02\x01"):
        return _elf(data)
    if data.startswith(b"\xcf\xfa\xed\xfe"):
        return _mach(data)
    assert data.startswith(b"MZ"), "neither ELF, Mach-O nor PE"
    return _pe(data)


def _elf(data: bytes) -> Library:
    kind, machine = struct.unpack_from("<HH", data, 16)
    assert kind == 3, "not a shared object"
    (sections_at,) = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    sections = [struct.unpack_from("<IIQQQQI", data, sections_at + size * index) for index in range(count)]
    needs = set[str]()
    exports = set[str]()
    for _, section_kind, _, _, at, length, link in sections:
        names_at = sections[link][4]
        if section_kind == SHT_DYNAMIC:
            entries = struct.iter_unpack("<QQ", data[at : at + length])
            needs |= {text_at(data, names_at + value) for tag, value in entries if tag == DT_NEEDED}
        elif section_kind == SHT_DYNSYM:
            symbols = struct.iter_unpack("<IBBHQQ", data[at : at + length])
            exports |= {text_at(data, names_at + name) for name, _, _, home, _, _ in symbols if home}
    return Library(machine, frozenset(needs), frozenset(exports))


def mach_commands(data: bytes) -> list[tuple[int, bytes]]:
    """The load commands: number and bytes."""
    (count,) = struct.unpack_from("<I", data, 16)
    at = 32
    commands = list[tuple[int, bytes]]()
    for _ in range(count):
        number, size = struct.unpack_from("<II", data, at)
        commands.append((number, data[at : at + size]))
        at += size
    return commands


def mach_oldest_system(data: bytes) -> tuple[int, int]:
    """The oldest macOS that takes the library."""
    for number, command in mach_commands(data):
        if number == LC_BUILD_VERSION:
            _, _, platform, oldest = struct.unpack_from("<IIII", command)
            assert platform == 1, "not for macOS"
            return oldest >> 16, oldest >> 8 & 0xFF
        if number == LC_VERSION_MIN_MACOSX:
            _, _, oldest = struct.unpack_from("<III", command)
            return oldest >> 16, oldest >> 8 & 0xFF
    raise AssertionError("says nothing of a system")


def _mach(data: bytes) -> Library:
    _, machine, _, kind = struct.unpack_from("<IIII", data)
    assert kind == 6, "not a dynamic library"
    needs = set[str]()
    exports = set[str]()
    for number, command in mach_commands(data):
        if number == LC_LOAD_DYLIB:
            needs.add(text_at(command, struct.unpack_from("<I", command, 8)[0]))
        elif number == LC_DYLD_INFO_ONLY:
            at, size = struct.unpack_from("<II", command, 40)
            exports |= {name.removeprefix("_") for name in _trie_names(data[at : at + size], 0, "")}
    return Library(machine, frozenset(needs), frozenset(exports))


def _trie_names(trie: bytes, node: int, prefix: str) -> Iterator[str]:
    """The exported names below a node of dyld's tree, where each edge carries a piece of the name."""
    value_size, at = _uleb128(trie, node)
    if value_size:
        yield prefix
    at += value_size
    edges = trie[at]
    at += 1
    for _ in range(edges):
        piece = text_at(trie, at)
        child, at = _uleb128(trie, at + len(piece) + 1)
        yield from _trie_names(trie, child, prefix + piece)


def _uleb128(data: bytes, at: int) -> tuple[int, int]:
    """A number in as many bytes as it needs, and where the next thing begins."""
    number = shift = 0
    while True:
        number |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return number, at


def _pe(data: bytes) -> Library:
    (header_at,) = struct.unpack_from("<I", data, 60)
    assert data[header_at : header_at + 4] == b"PE\0\0"
    machine, count = struct.unpack_from("<HH", data, header_at + 4)
    optional_size, flags = struct.unpack_from("<HH", data, header_at + 20)
    assert flags & 0x2000, "not a DLL"
    optional_at = header_at + 24
    sections = [struct.unpack_from("<8sIIII", data, optional_at + optional_size + 40 * index) for index in range(count)]

    def place(address: int) -> int:
        """Where in the file that is which will be loaded to ``address``."""
        for _, _, loaded_at, length, at in sections:
            if loaded_at <= address < loaded_at + length:
                return int(at + address - loaded_at)
        raise AssertionError(f"no section holds {address:#x}")

    export_address, _, import_address, import_length = struct.unpack_from("<IIII", data, optional_at + 112)
    needs = set[str]()
    for at in range(place(import_address), place(import_address) + import_length, 20):
        (name,) = struct.unpack_from("<I", data, at + 12)
        if name == 0:
            break
        needs.add(text_at(data, place(name)).lower())
    exports_at = place(export_address)
    (names,) = struct.unpack_from("<I", data, exports_at + 24)
    (names_address,) = struct.unpack_from("<I", data, exports_at + 32)
    table = struct.unpack_from(f"<{names}I", data, place(names_address))
    return Library(machine, frozenset(needs), frozenset(text_at(data, place(name)) for name in table))
