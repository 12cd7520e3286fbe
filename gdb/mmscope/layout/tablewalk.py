# SPDX-License-Identifier: GPL-2.0-or-later
"""All that page tables map, and all tables that there are: where a walk for one address is too little.

Each table is read once and looked at as numbers: most of its entries are empty, or all alike. A table that leads to
one above it ends like any other, as there are only as many levels as the format has, and tables are counted.
"""
from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass
from typing import Iterator

from ..errors import FaultError
from .pagetable import NONE, RESERVED, TABLE, Entry, Format, Level, ReadPhys

MOST_TABLES = 1 << 17           # a linear map of 256 GiB, page by page
KIND_BITS = 12                  # the lowest ones of an entry: with its level they say what kind it is
CODES = {4: "I", 8: "Q"}


@dataclass(frozen=True)
class Leaf:
    """Addresses [addr, addr + size) are mapped to physical ones from phys on."""

    addr: int
    size: int
    phys: int
    level: str


@dataclass(frozen=True)
class Table:
    """One table, and the entry that leads to it."""

    level: str                  # of its entries
    phys: int
    addr: int                   # the first address that it is for
    entry_phys: int             # 0: the first table
    readable: bool
    reserved: tuple[int, ...]   # physical addresses of entries of a form that there is not


def leaves(read: ReadPhys, root: int, form: Format, start: int, end: int) -> Iterator[Leaf]:
    """What is mapped in [start, end), by address, as the tables from root on have it; end may be behind the last one.

    A table that cannot be read maps nothing. start and end have the same top bits, as one first table is for them.
    """
    if form.levels and start < end:
        yield from _leaves(read, root, form, 0, start, end)


def _leaves(read: ReadPhys, table: int, form: Format, depth: int, start: int, end: int) -> Iterator[Leaf]:
    """The same below one table of a level."""
    level = form.levels[depth]
    step, size = 1 << level.shift, form.entry_bytes
    base = start >> level.shift + level.bits << level.shift + level.bits
    first, last = start - base >> level.shift, min(end - 1 - base >> level.shift, (1 << level.bits) - 1)
    try:
        values = _numbers(read(table + first * size, (last - first + 1) * size), form)
    except FaultError:
        return
    for index, value in enumerate(values, first):
        if not value:
            continue
        entry, addr = form.decode(level, value), base + index * step
        if entry.kind == NONE or entry.phys is None:
            continue
        if entry.kind == TABLE:
            if depth + 1 < len(form.levels):
                yield from _leaves(read, entry.phys, form, depth + 1, max(addr, start), min(addr + step, end))
            continue
        into = addr & (1 << (entry.shift or level.shift)) - 1
        yield Leaf(addr, step, entry.phys + into, level.name)


def tables(read: ReadPhys, root: int, form: Format, top: int) -> Iterator[Table]:
    """Every table from the first one on, level by level. top: what to add to addresses, as the first table is for them.

    No more than MOST_TABLES.
    """
    here: list[tuple[int, int, int]] = [(root, top, 0)]         # table, first address, where the entry is
    seen, left = {root}, MOST_TABLES
    for depth, level in enumerate(form.levels):
        below: list[tuple[int, int, int]] = []
        last = depth + 1 == len(form.levels)
        kinds: dict[int, Entry] = {}
        for table, addr, entry_phys in here:
            left -= 1
            if left < 0:
                return
            try:
                values = _numbers(read(table, form.entry_bytes << level.bits), form)
            except FaultError:
                yield Table(level.name, table, addr, entry_phys, False, ())
                continue
            forms = {value & (1 << KIND_BITS) - 1 for value in set(values)}
            for value in forms:
                if value not in kinds:
                    kinds[value] = form.decode(level, value)
            bad = {value for value in forms if RESERVED in kinds[value].flags}
            reserved = tuple(table + at * form.entry_bytes for at, value in enumerate(values)
                             if value & (1 << KIND_BITS) - 1 in bad) if bad else ()
            yield Table(level.name, table, addr, entry_phys, True, reserved)
            if not last and any(kinds[value].kind == TABLE for value in forms):
                _add_below(below, seen, form, level, (table, addr), values)
        here = below


def _add_below(below: list[tuple[int, int, int]], seen: set[int], form: Format, level: Level, place: tuple[int, int],
               values: array[int]) -> None:
    """The tables that one leads to, each once."""
    table, addr = place
    for at, value in enumerate(values):
        entry = form.decode(level, value) if value else None
        if entry is not None and entry.kind == TABLE and entry.phys is not None and entry.phys not in seen:
            seen.add(entry.phys)
            below.append((entry.phys, addr + (at << level.shift), table + at * form.entry_bytes))


def _numbers(data: bytes, form: Format) -> array[int]:
    """The entries."""
    values = array(CODES[form.entry_bytes], data)
    if form.order != sys.byteorder:
        values.byteswap()
    return values
