# SPDX-License-Identifier: GPL-2.0-or-later
"""x86-64 page tables: four or five levels, pages of 4 KiB, 2 MiB and 1 GiB.

Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3, "Paging". With page-table isolation a
process has two first tables, the kernel's and behind it a copy for user space, in which hardly anything of the kernel
is; CR3 says which one is in use.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional

from .pagetable import (BLOCK, NONE, PAGE, RESERVED, TABLE, Entry, Format, Level, ReadPhys, Root, Step, TablePlace,
                        bit_names, find_tables, follow)

FOUR = (Level("pgd", 39, 9), Level("pud", 30, 9), Level("pmd", 21, 9), Level("pte", 12, 9))
FIVE = (Level("pgd", 48, 9), Level("p4d", 39, 9)) + FOUR[1:]
ADDRESS = (1 << 52) - (1 << 12)
BITS = {1: "RW", 2: "US", 3: "PWT", 4: "PCD", 5: "A"}
LEAF_BITS = {**BITS, 6: "D", 8: "G"}
PAT_OF_PAGE, PAT_OF_BLOCK = {7: "PAT"}, {12: "PAT"}
NX = {63: "NX"}
PRESENT, PAGE_SIZE = 1, 1 << 7
LARGEST_SHIFT = 30                          # of a block
CR4_PAE, CR4_LA57 = 1 << 5, 1 << 12
EFER_LMA = 1 << 10
USER_COPY = 1 << 12                         # of CR3: the table for user space (PTI_USER_PGTABLE_BIT)


@dataclass(frozen=True)
class X86Mmu:
    """One format and the CPU's table. encryption: the bit of an entry that says that memory is encrypted, or 0."""

    five_levels: bool = False
    table: Optional[Root] = None
    encryption: int = 0

    def levels(self, addr: int) -> tuple[Level, ...]:
        """Four or five; none for an address that is not canonical."""
        levels = FIVE if self.five_levels else FOUR
        top = addr >> levels[0].shift + 8
        return levels if top == 0 or top == (1 << 64) - 1 >> levels[0].shift + 8 else ()

    def root(self, addr: int) -> Optional[Root]:
        """CR3's table."""
        return self.table

    def walk(self, read: ReadPhys, root: int, addr: int) -> tuple[Step, ...]:
        """As Arch.walk()."""
        return follow(read, root, addr, self.levels(addr), self._decode)

    def tables(self, read: ReadPhys, root: int) -> dict[int, TablePlace]:
        """As find_tables()."""
        levels = FIVE if self.five_levels else FOUR
        return find_tables(read, root, levels, self._decode, extend=levels[0].shift + levels[0].bits - 1)

    def format(self, addr: int) -> Format:
        """Four or five levels."""
        return Format(self.levels(addr), self._decode)

    def _decode(self, level: Level, value: int) -> Entry:
        """What an entry of a level means."""
        if not value & PRESENT:
            return Entry(NONE)
        phys = value & ADDRESS & ~self.encryption
        crypt = ("C",) if value & self.encryption else ()
        if level.shift == 12:
            return Entry(PAGE, phys, bit_names(value, {**LEAF_BITS, **PAT_OF_PAGE, **NX}) + crypt)
        if not value & PAGE_SIZE:
            return Entry(TABLE, phys, bit_names(value, {**BITS, **NX}) + crypt)
        if level.shift > LARGEST_SHIFT:
            return Entry(NONE, None, (RESERVED,))
        return Entry(BLOCK, phys >> level.shift << level.shift,
                     bit_names(value, {**LEAF_BITS, **PAT_OF_BLOCK, **NX}) + crypt)


def cpu_mmu(register: Callable[[str], Optional[int]]) -> Optional[X86Mmu]:
    """What the CPU uses now, by CR3 and CR4; None without them, and before 64-bit mode."""
    cr3, cr4, efer = register("cr3"), register("cr4"), register("efer")
    if cr3 is None or cr4 is None or efer is not None and not efer & EFER_LMA:
        return None
    return X86Mmu(bool(cr4 & CR4_LA57), Root(cr3 & ADDRESS, "CR3"))


def kernel_copy(root: Root) -> Optional[Root]:
    """The kernel's table beside the one for user space; None when this is not one of those."""
    return Root(root.phys & ~USER_COPY, f"{root.source}, kernel's half") if root.phys & USER_COPY else None
