# SPDX-License-Identifier: GPL-2.0-or-later
"""Bytes that an ELF file gives to an address: what is in memory before the kernel changes it.

Source: the ELF specification (System V ABI, "Object Files"). Used for constants only, such as the banner
that tells whether the running kernel is the one whose symbols are loaded.
"""
from __future__ import annotations

import struct
from typing import Optional

SHT_NOBITS = 8
MAX_SECTIONS = 65536


def read_static(path: str, addr: int, size: int) -> Optional[bytes]:
    """size bytes (fewer at the end of a section) that the file loads at addr; None when it has none there."""
    try:
        with open(path, "rb") as file:
            return _read(file, addr, size)
    except (OSError, struct.error):
        return None


def _read(file, addr: int, size: int) -> Optional[bytes]:
    """Find the allocated section that covers addr and read from it."""
    ident = file.read(64)
    if ident[:4] != b"\x7fELF":
        return None
    order = ">" if ident[5] == 2 else "<"
    wide = ident[4] == 2
    shoff, = struct.unpack_from(order + ("Q" if wide else "I"), ident, 0x28 if wide else 0x20)
    entsize, count = struct.unpack_from(order + "HH", ident, 0x3A if wide else 0x2E)
    form = order + ("IIQQQQ" if wide else "IIIIII")
    file.seek(shoff)
    table = file.read(entsize * min(count, MAX_SECTIONS))
    for at in range(0, len(table) - struct.calcsize(form) + 1, max(entsize, 1)):
        _, kind, _, start, offset, length = struct.unpack_from(form, table, at)
        if kind != SHT_NOBITS and start and start <= addr < start + length:
            file.seek(offset + addr - start)
            return file.read(min(size, start + length - addr))
    return None
