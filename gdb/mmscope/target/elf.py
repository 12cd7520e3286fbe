# SPDX-License-Identifier: GPL-2.0-or-later
"""Bytes that an ELF file gives to an address: what is in memory before the kernel changes it. And its symbols.

Source: the ELF specification (System V ABI, "Object Files"). Bytes are used of constants only, such as the banner
that tells whether the running kernel is the one whose symbols are loaded.
"""
from __future__ import annotations

import struct
from typing import Iterator, Optional

SHT_SYMTAB, SHT_NOBITS = 2, 8
HEADER_BYTES = 52           # of the shorter form
SHF_ALLOC = 2
SHN_UNDEF, SHN_LORESERVE = 0, 0xFF00
STT_FUNC, STT_SECTION, STT_FILE = 2, 3, 4
EM_ARM = 40
MAX_SECTIONS = 65536
MAX_NAMES = 1 << 20
MAX_SYMBOLS, MAX_SYMBOL_NAMES = 1 << 22, 256 << 20
NOT_NAMES = ("$", ".L")         # marks of the assembler


def text_start(path: str) -> Optional[int]:
    """Where the file has the kernel's first code: its section .head.text, or else .text."""
    try:
        with open(path, "rb") as file:
            sections = dict(_names(file))
    except (OSError, struct.error):
        return None
    return sections.get(b".head.text", sections.get(b".text"))


def read_static(path: str, addr: int, size: int) -> Optional[bytes]:
    """size bytes (fewer at the end of a section) that the file loads at addr; None when it has none there."""
    try:
        with open(path, "rb") as file:
            return _read(file, addr, size)
    except (OSError, struct.error):
        return None


def read_symbols(path: str) -> list[tuple[int, int, bool, str]]:
    """Address, size, whether it is code, and name of each symbol that is in a section; none where it has no table."""
    try:
        with open(path, "rb") as file:
            return list(_symbols(file))
    except (OSError, struct.error):
        return []


def read_sections(path: str) -> list[tuple[int, int]]:
    """[start, end) of each section that is loaded."""
    try:
        with open(path, "rb") as file:
            return [(start, start + size) for _, _, flags, start, _, size, _ in list(_sections(file))[1:]
                    if flags & SHF_ALLOC and size]
    except (OSError, struct.error):
        return []


def _symbols(file) -> Iterator[tuple[int, int, bool, str]]:
    """Of the first symbol table."""
    sections = list(_sections(file))[1:]
    file.seek(0)
    ident = file.read(20)
    found = next((each for each in sections if each[1] == SHT_SYMTAB), None)
    if found is None or found[6] >= len(sections):
        return
    strings = sections[found[6]]
    order, wide = ">" if ident[5] == 2 else "<", ident[4] == 2
    arm = struct.unpack_from(order + "H", ident, 18)[0] == EM_ARM
    form = struct.Struct(order + ("IBBHQQ" if wide else "IIIBBH"))
    file.seek(found[4])
    table = file.read(min(found[5], form.size * MAX_SYMBOLS))
    file.seek(strings[4])
    names = file.read(min(strings[5], MAX_SYMBOL_NAMES))
    for row in form.iter_unpack(table[:len(table) // form.size * form.size]):
        name_at, info, _, section, addr, size = row if wide else (row[0], *row[3:], *row[1:3])
        kind = info & 15
        if section == SHN_UNDEF or section >= SHN_LORESERVE or kind in (STT_SECTION, STT_FILE):
            continue
        name = names[name_at:names.find(b"\0", name_at)].decode("latin-1")
        if name and not name.startswith(NOT_NAMES):
            yield addr & ~1 if arm and kind == STT_FUNC else addr, size, kind == STT_FUNC, name


def _sections(file) -> Iterator[tuple[int, int, int, int, int, int, int]]:
    """Name, type, flags, address, offset, size and link of each section; the first is that of the names."""
    ident = file.read(64)
    if ident[:4] != b"\x7fELF" or len(ident) < HEADER_BYTES:
        return
    order = ">" if ident[5] == 2 else "<"
    wide = ident[4] == 2
    shoff, = struct.unpack_from(order + ("Q" if wide else "I"), ident, 0x28 if wide else 0x20)
    entsize, count, names = struct.unpack_from(order + "HHH", ident, 0x3A if wide else 0x2E)
    form = order + ("IIQQQQI" if wide else "IIIIIII")
    file.seek(shoff)
    table = file.read(entsize * min(count, MAX_SECTIONS))
    found = [struct.unpack_from(form, table, at)
             for at in range(0, len(table) - struct.calcsize(form) + 1, max(entsize, 1))]
    if names < len(found):
        yield found[names]
        yield from found


def _names(file) -> Iterator[tuple[bytes, int]]:
    """Name and address of each section."""
    sections = list(_sections(file))
    if not sections:
        return
    file.seek(sections[0][4])
    names = file.read(min(sections[0][5], MAX_NAMES))
    for name, _, _, start, *_ in sections[1:]:
        yield names[name:].split(b"\0")[0], start


def _read(file, addr: int, size: int) -> Optional[bytes]:
    """Find the allocated section that covers addr and read from it."""
    for _, kind, _, start, offset, length, _ in list(_sections(file))[1:]:
        if kind != SHT_NOBITS and start and start <= addr < start + length:
            file.seek(offset + addr - start)
            return file.read(min(size, start + length - addr))
    return None
