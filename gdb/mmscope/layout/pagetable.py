# SPDX-License-Identifier: GPL-2.0-or-later
"""A walk through page tables: what the architectures' walks have in common.

An entry decides where the next table is, and a walk has as many steps as there are levels, so a table that leads to
itself ends like any other. Nothing here knows what memory there is: a table that cannot be read ends the walk.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional, Protocol

from ..errors import FaultError

ReadPhys = Callable[[int, int], bytes]          # (physical address, bytes); raises FaultError

TABLE, PAGE, BLOCK, NONE = "table", "page", "block", "none"
MAX_TABLES = 128                                # read to find all tables
RESERVED = "reserved"                           # a flag of an entry whose bits the architecture keeps for later


@dataclass(frozen=True)
class Step:
    """One level of a walk through the page tables: an entry, and what it leads to."""

    level: str                  # as Linux names it: pgd, p4d, pud, pmd, pte
    index: int                  # of the entry in its table
    entry_phys: int             # where the entry is
    entry: int                  # its value
    kind: str                   # TABLE; BLOCK: maps more than a page; PAGE; NONE: nothing is mapped
    phys: Optional[int]         # first byte of what it leads to; None with NONE
    size: int                   # bytes of address space that the entry is for
    flags: tuple[str, ...]      # attributes by the architecture's names


@dataclass(frozen=True)
class Root:
    """A first table, and which register or variable says so."""

    phys: int
    source: str


@dataclass(frozen=True)
class Level:
    """One level of a format: its entries are for 1 << shift bytes each, and a table has 1 << bits of them."""

    name: str
    shift: int
    bits: int


@dataclass(frozen=True)
class Entry:
    """What an entry means."""

    kind: str
    phys: Optional[int] = None
    flags: tuple[str, ...] = ()
    shift: Optional[int] = None         # log2 of the bytes that it is for, where they are more than its level's


@dataclass(frozen=True)
class Format:
    """How the tables below one first table are laid out."""

    levels: tuple[Level, ...]           # the first table's first
    decode: Callable[[Level, int], Entry]
    entry_bytes: int = 8
    order: str = "little"
    reserves: bool = True               # whether entries have forms that are kept for later


@dataclass(frozen=True)
class Tables:
    """A kernel's own tables, as they may be."""

    mmu: Mmu
    root: int                   # physical address of the first one
    offset: int                 # how far the kernel is from where its symbols are
    user_end: int               # addresses below are not the kernel's


class Mmu(Protocol):
    """A format of page tables, and the tables that a CPU uses where its registers are known."""

    def levels(self, addr: int) -> tuple[Level, ...]:
        """The levels that translate an address, the first table's first; empty for one that is never translated."""

    def root(self, addr: int) -> Optional[Root]:
        """The table that the CPU starts from; None when the registers do not tell, or the address has none."""

    def walk(self, read: ReadPhys, root: int, addr: int) -> tuple[Step, ...]:
        """As Arch.walk()."""

    def tables(self, read: ReadPhys, root: int) -> dict[int, TablePlace]:
        """Each table below a first one that has the kernel's addresses, as find_tables()."""

    def format(self, addr: int) -> Format:
        """How the tables that translate an address are laid out; without levels for one that is never translated."""


def follow(read: ReadPhys, root: int, addr: int, levels: tuple[Level, ...], decode: Callable[[Level, int], Entry],
           entry_bytes: int = 8, order: str = "little") -> tuple[Step, ...]:
    """Walk from a first table down. Raises FaultError when the first table cannot be read, or no level is for addr."""
    if not levels:
        raise FaultError(addr)
    steps: list[Step] = []
    table = root
    for level in levels:
        index = addr >> level.shift & (1 << level.bits) - 1
        at = table + index * entry_bytes
        try:
            value = int.from_bytes(read(at, entry_bytes), order)
        except FaultError:
            if not steps:
                raise
            break
        entry = decode(level, value)
        steps.append(Step(level.name, index, at, value, entry.kind, entry.phys, 1 << (entry.shift or level.shift),
                          entry.flags))
        if entry.kind != TABLE or entry.phys is None:
            break
        table = entry.phys
    return tuple(steps)


@dataclass(frozen=True)
class TablePlace:
    """Which addresses a table is for."""

    level: str                  # of the entries in it
    start: int                  # the first address
    size: int                   # bytes


def find_tables(read: ReadPhys, root: int, levels: tuple[Level, ...], decode: Callable[[Level, int], Entry],
                entry_bytes: int = 8, order: str = "little", extend: int = 0) -> dict[int, TablePlace]:
    """Each table below a first one, by its physical address; one that is there twice counts where it is first.

    Only MAX_TABLES are read, none of the last level: enough for tables that map some 100 GiB. One that cannot be read
    leads nowhere. extend: addresses have this bit in all bits above it, too.
    """
    found: dict[int, TablePlace] = {}
    here, left = {root: 0}, MAX_TABLES
    for level, next_level in zip(levels, levels[1:]):
        below: dict[int, int] = {}
        for table, start in list(here.items())[:left]:
            try:
                data = read(table, entry_bytes << level.bits)
            except FaultError:
                continue
            for at in range(0, len(data), entry_bytes):
                entry = decode(level, int.from_bytes(data[at:at + entry_bytes], order))
                if entry.kind == TABLE and entry.phys is not None and entry.phys not in found:
                    below.setdefault(entry.phys, start + (at // entry_bytes << level.shift))
        left = max(left - len(here), 0)
        here = below
        for table, start in below.items():
            found[table] = TablePlace(next_level.name, _extended(start, extend), 1 << level.shift)
    return found


def _extended(addr: int, bit: int) -> int:
    """A 64-bit address whose bits above one are all as that; with bit 0 as it is."""
    return addr | (1 << 64) - (1 << bit) if bit and addr >> bit & 1 else addr


def mapped(steps: tuple[Step, ...], addr: int) -> Optional[int]:
    """Physical address that a walk has led an address to; None when it is not mapped."""
    last = steps[-1] if steps else None
    if last is None or last.phys is None or last.kind not in (PAGE, BLOCK):
        return None
    return last.phys + addr % last.size


def bit_names(value: int, names: dict[int, str]) -> tuple[str, ...]:
    """Names of the bits that are set."""
    return tuple(name for bit, name in names.items() if value >> bit & 1)


def signed(value: int) -> int:
    """A distance between 64-bit addresses, which may be a negative one."""
    return (value + (1 << 63) & (1 << 64) - 1) - (1 << 63)


def number_in(text: Optional[str]) -> Optional[int]:
    """A number as a kernel's notes have it, with 0x or decimal; None when it is none."""
    try:
        return int(text, 0) if text is not None and len(text) <= 24 else None
    except ValueError:
        return None
