# SPDX-License-Identifier: GPL-2.0-or-later
"""Bytes that an ELF file gives to an address: what is in memory before the kernel changes it.

Source: the ELF specification (System V ABI, "Object Files"). Used for constants only, such as the banner
that tells whether the running kernel is the one whose symbols are loaded.
"""
from __future__ import annotations

import struct
from typing import Iterator, Optional

SHT_NOBITS = 8
MAX_SECTIONS = 65536
MAX_NAMES = 1 << 20


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


def _sections(file) -> Iterator[tuple[int, int, int, int, int, int]]:
    """Name, type, flags, address, offset and size of each section; the first is that of the names."""
    ident = file.read(64)
    if ident[:4] != b"\x7fELF":
        return
    order = ">" if ident[5] == 2 else "<"
    wide = ident[4] == 2
    shoff, = struct.unpack_from(order + ("Q" if wide else "I"), ident, 0x28 if wide else 0x20)
    entsize, count, names = struct.unpack_from(order + "HHH", ident, 0x3A if wide else 0x2E)
    form = order + ("IIQQQQ" if wide else "IIIIII")
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
    for name, _, _, start, _, _ in sections[1:]:
        yield names[name:].split(b"\0")[0], start


def _read(file, addr: int, size: int) -> Optional[bytes]:
    """Find the allocated section that covers addr and read from it."""
    for _, kind, _, start, offset, length in list(_sections(file))[1:]:
        if kind != SHT_NOBITS and start and start <= addr < start + length:
            file.seek(offset + addr - start)
            return file.read(min(size, start + length - addr))
    return None
