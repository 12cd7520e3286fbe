# SPDX-License-Identifier: GPL-2.0-or-later
"""The reservations in a flattened device tree, read out of bytes that may be anything.

Source: Devicetree Specification v0.4, chapter 5 (the format) and 3.5 (/reserved-memory).
"""
from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Iterator

MAGIC = 0xD00DFEED
HEADER = struct.Struct(">10I")
MAX_BYTES = 2 << 20
MAX_DEPTH = 64
MAX_RESERVES = 1024
BEGIN_NODE, END_NODE, PROP, NOP = 1, 2, 3, 4


@dataclass(frozen=True)
class Reservation:
    """Memory that the tree reserves: by /memreserve/ (name is empty) or by a node of /reserved-memory."""

    name: str
    base: int
    size: int


class FdtError(ValueError):
    """The bytes are no device tree, or end too early; str() says which."""


@dataclass(frozen=True)
class Extent:
    """How long a tree is."""

    total_bytes: int        # as it claims; often much room for additions
    used_bytes: int         # up to the end of its last block


def extent(header: bytes) -> Extent:
    """How long the tree is, from its first HEADER.size bytes. Raises FdtError."""
    if len(header) < HEADER.size:
        raise FdtError("no room for a header")
    magic, total, at_struct, at_strings, _, version, _, _, strings, structs = HEADER.unpack_from(header)
    if magic != MAGIC:
        raise FdtError(f"magic is {magic:#x}, not {MAGIC:#x}")
    used = max(at_struct + structs, at_strings + strings) if version >= 17 else total
    if not HEADER.size <= used <= total <= MAX_BYTES:
        raise FdtError(f"sizes {used:#x} of {total:#x} are out of bounds")
    return Extent(total, used)


def reservations(blob: bytes) -> tuple[Reservation, ...]:
    """Every reservation with an address, /memreserve/ first. blob is the used bytes. Raises FdtError."""
    used = extent(blob).used_bytes
    if len(blob) < used:
        raise FdtError(f"{used:#x} bytes claimed, {len(blob):#x} there")
    _, _, off_struct, off_strings, off_reserve, *_ = HEADER.unpack_from(blob)
    return tuple(_memreserve(blob, off_reserve)) + tuple(_reserved_memory(blob, off_struct, off_strings))


def _memreserve(blob: bytes, offset: int) -> Iterator[Reservation]:
    """The memory reservation block: pairs of 64 bits, ended by zeros."""
    for index in range(MAX_RESERVES):
        if offset + index * 16 + 16 > len(blob):
            raise FdtError("the memory reservation block has no end")
        base, size = struct.unpack_from(">QQ", blob, offset + index * 16)
        if not base and not size:
            return
        yield Reservation("", base, size)


def _reserved_memory(blob: bytes, offset: int, strings: int) -> Iterator[Reservation]:
    """Children of /reserved-memory that have a reg property."""
    path: list[str] = []
    cells = (2, 1)
    for kind, name, value in _tokens(blob, offset, strings):
        if kind == BEGIN_NODE:
            path.append(name)
            if len(path) > MAX_DEPTH:
                raise FdtError("nodes nest too deep")
        elif kind == END_NODE:
            if not path:
                raise FdtError("a node ends that never began")
            path.pop()
        elif path == ["", "reserved-memory"] and name in ("#address-cells", "#size-cells") and len(value) == 4:
            count = int.from_bytes(value, "big")
            if not 1 <= count <= 2:
                raise FdtError(f"{name} of {count}")
            cells = (count, cells[1]) if name == "#address-cells" else (cells[0], count)
        elif path[:2] == ["", "reserved-memory"] and len(path) == 3 and name == "reg":
            yield from _reg(path[2], value, *cells)


def _reg(name: str, value: bytes, address_cells: int, size_cells: int) -> Iterator[Reservation]:
    """The (address, size) pairs of a reg property."""
    step = 4 * (address_cells + size_cells)
    for at in range(0, len(value) - step + 1, step):
        split = at + 4 * address_cells
        yield Reservation(name, int.from_bytes(value[at:split], "big"), int.from_bytes(value[split:at + step], "big"))


def _tokens(blob: bytes, offset: int, strings: int) -> Iterator[tuple[int, str, bytes]]:
    """The structure block as (token, name, property value), up to its end."""
    while True:
        if offset + 4 > len(blob):
            raise FdtError("the structure block has no end")
        token, = struct.unpack_from(">I", blob, offset)
        offset += 4
        if token == BEGIN_NODE:
            name = _string(blob, offset)
            offset += len(name) + 4 & ~3
            yield token, name, b""
        elif token == PROP:
            if offset + 8 > len(blob):
                raise FdtError("a property is cut off")
            length, name_offset = struct.unpack_from(">II", blob, offset)
            value = blob[offset + 8:offset + 8 + length]
            if len(value) != length:
                raise FdtError("a property is cut off")
            offset += 8 + (length + 3 & ~3)
            yield token, _string(blob, strings + name_offset), value
        elif token == END_NODE:
            yield token, "", b""
        elif token != NOP:
            return


def _string(blob: bytes, offset: int) -> str:
    """The string that ends with NUL at offset."""
    end = blob.find(b"\0", offset) if 0 <= offset < len(blob) else -1
    if end < 0:
        raise FdtError("a name has no end")
    return blob[offset:end].decode("latin-1")
