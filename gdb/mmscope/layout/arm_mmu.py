# SPDX-License-Identifier: GPL-2.0-or-later
"""32-bit ARM page tables: short descriptors, and the long ones of LPAE.

Source: Arm Architecture Reference Manual, "Short-descriptor translation table format", TTBCR, TTBR0 and TTBR1. The
tables here are the hardware's: Linux takes two neighbouring first-level entries for one, and has no pud and no pmd.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional, Union

from .longdesc import LongDescriptors, long_levels
from .pagetable import (BLOCK, NONE, PAGE, TABLE, Entry, Format, Level, ReadPhys, Root, Step, TablePlace, bit_names,
                        find_tables, follow)

MASK = (1 << 32) - 1
PGD, PTE = Level("pgd", 20, 12), Level("pte", 12, 8)
SUPERSECTION_SHIFT, LARGE_SHIFT = 24, 16
SECTION_BITS = {2: "B", 3: "C", 16: "S", 17: "nG", 19: "NS", 4: "XN", 0: "PXN"}
LARGE_BITS = {2: "B", 3: "C", 10: "S", 11: "nG", 15: "XN"}
SMALL_BITS = {2: "B", 3: "C", 10: "S", 11: "nG", 0: "XN"}
TABLE_BITS = {2: "PXN", 3: "NS"}
LPAE_NAMES = ("pgd", "pmd", "pte")
LPAE_PHYS_BITS = 40
EAE = 1 << 31                               # TTBCR: long descriptors are in use


def decode_short(level: Level, value: int) -> Entry:
    """What a short descriptor means."""
    return _first(value) if level is PGD else _second(value)


def _first(value: int) -> Entry:
    """A first-level descriptor."""
    if value & 3 == 0:
        return Entry(NONE)
    if value & 3 == 1:
        return Entry(TABLE, value & 0xFFFFFC00, (f"Domain={value >> 5 & 0xF}",) + bit_names(value, TABLE_BITS))
    ap = (value >> 15 & 1) << 2 | value >> 10 & 3
    flags = (f"AP={ap}", f"TEX={value >> 12 & 7}") + bit_names(value, SECTION_BITS)
    if value >> 18 & 1:
        high = (value >> 20 & 0xF) << 32 | (value >> 5 & 0xF) << 36
        return Entry(BLOCK, value & 0xFF000000 | high, flags, SUPERSECTION_SHIFT)
    return Entry(BLOCK, value & 0xFFF00000, flags + (f"Domain={value >> 5 & 0xF}",))


def _second(value: int) -> Entry:
    """A second-level descriptor."""
    if value & 3 == 0:
        return Entry(NONE)
    ap = (value >> 9 & 1) << 2 | value >> 4 & 3
    if value & 3 == 1:
        return Entry(BLOCK, value & 0xFFFF0000, (f"AP={ap}", f"TEX={value >> 12 & 7}") + bit_names(value, LARGE_BITS),
                     LARGE_SHIFT)
    return Entry(PAGE, value & 0xFFFFF000, (f"AP={ap}", f"TEX={value >> 6 & 7}") + bit_names(value, SMALL_BITS))


@dataclass(frozen=True)
class ShortMmu:
    """Short descriptors. Addresses whose top boundary bits are not all 0 are TTBR1's; with 0 bits none is."""

    boundary: int = 0
    roots: tuple[Optional[Root], Optional[Root]] = (None, None)
    order: str = "little"

    def _upper(self, addr: int) -> bool:
        return addr >> 32 - self.boundary != 0 if self.boundary else False

    def levels(self, addr: int) -> tuple[Level, ...]:
        """Two, for every address."""
        return (PGD, PTE)

    def root(self, addr: int) -> Optional[Root]:
        """TTBR0's or TTBR1's table."""
        return self.roots[self._upper(addr)]

    def walk(self, read: ReadPhys, root: int, addr: int) -> tuple[Step, ...]:
        """As Arch.walk()."""
        return follow(read, root, addr & MASK, (PGD, PTE), decode_short, 4, self.order)

    def tables(self, read: ReadPhys, root: int) -> dict[int, TablePlace]:
        """As find_tables()."""
        return find_tables(read, root, (PGD, PTE), decode_short, 4, self.order)

    def format(self, addr: int) -> Format:
        """Of short descriptors. Each form is one of some CPU's: 3 of a first-level entry is a section with PXN."""
        return Format((PGD, PTE), decode_short, 4, self.order, reserves=False)


@dataclass(frozen=True)
class LpaeMmu:
    """Long descriptors. bits: what TTBR0's and TTBR1's tables translate; 0: that register is not in use."""

    bits: tuple[int, int] = (32, 0)
    roots: tuple[Optional[Root], Optional[Root]] = (None, None)
    order: str = "little"

    def _which(self, addr: int) -> Optional[int]:
        """0 or 1: whose table translates an address; None: neither's."""
        lower, upper = self.bits
        if upper and addr >> upper == MASK >> upper:
            return 1
        return 0 if lower and addr >> lower == 0 else None

    def levels(self, addr: int) -> tuple[Level, ...]:
        """Three; two where so few bits are translated that the first table is one of the second level."""
        which = self._which(addr)
        return _lpae_levels(self.bits[which]) if which is not None else ()

    def root(self, addr: int) -> Optional[Root]:
        """TTBR0's or TTBR1's table."""
        which = self._which(addr)
        return self.roots[which] if which is not None else None

    def walk(self, read: ReadPhys, root: int, addr: int) -> tuple[Step, ...]:
        """As Arch.walk()."""
        return follow(read, root, addr & MASK, self.levels(addr & MASK),
                      LongDescriptors(12, LPAE_PHYS_BITS, lpae=True).decode, 8, self.order)

    def tables(self, read: ReadPhys, root: int) -> dict[int, TablePlace]:
        """As find_tables(), from a table for all addresses."""
        return find_tables(read, root, _lpae_levels(32), LongDescriptors(12, LPAE_PHYS_BITS, lpae=True).decode, 8,
                           self.order)

    def format(self, addr: int) -> Format:
        """Of long descriptors."""
        return Format(self.levels(addr & MASK), LongDescriptors(12, LPAE_PHYS_BITS, lpae=True).decode, 8, self.order)


def _lpae_levels(bits: int) -> tuple[Level, ...]:
    """Levels for so many bits, which are 25 at least."""
    count = -(-(bits - 12) // 9)
    return long_levels(12, bits, LPAE_NAMES[-count:])


def kernel_mmu(lpae: bool, root: Optional[Root], order: str) -> Union[ShortMmu, LpaeMmu]:
    """The kernel's tables: one first table for all addresses."""
    return LpaeMmu(roots=(root, None), order=order) if lpae else ShortMmu(roots=(root, None), order=order)


def cpu_mmu(register: Callable[[str], Optional[int]]) -> Optional[Union[ShortMmu, LpaeMmu]]:
    """What the CPU uses now, by TTBCR and the table registers; None when the debugger does not have them.

    With the security extensions there are two of each: those of the secure side, where a kernel that was started
    there runs, are the ones with a table in them.
    """
    for bank in ("", "_S"):
        control = register("TTBCR" + bank)
        if control is None:
            continue
        if control & EAE:
            found = _lpae(control, register("TTBR0" + bank), register("TTBR1" + bank))
        else:
            found = _short(control, register("TTBR0_EL1" + bank), register("TTBR1_EL1" + bank))
        # A kernel that keeps itself out of user space's memory (PAN) switches TTBR0 off while it runs, with LPAE.
        if found.roots[0] is not None or control & EAE and found.roots[1] is not None:
            return found
    return None


def _short(control: int, lower: Optional[int], upper: Optional[int]) -> ShortMmu:
    """TTBCR.N shortens TTBR0's table, and gives what is above it to TTBR1."""
    boundary = control & 7
    low = Root(lower & MASK & -(1 << 14 - boundary), "TTBR0") if lower else None
    high = Root(upper & MASK & -(1 << 14), "TTBR1") if upper else None
    return ShortMmu(boundary, (low, high))


def _lpae(control: int, lower: Optional[int], upper: Optional[int]) -> LpaeMmu:
    """T0SZ and T1SZ; EPD0 and EPD1 switch a register off."""
    low_size, high_size = control & 7, control >> 16 & 7
    low_bits = 0 if control >> 7 & 1 else 32 - low_size
    high_bits = 0 if control >> 23 & 1 or not (low_size or high_size) else 32 - high_size
    roots = tuple(Root(value & (1 << LPAE_PHYS_BITS) - 1 & -(8 << _lpae_levels(bits)[0].bits), name)
                  if value and bits else None
                  for value, bits, name in ((lower, low_bits, "TTBR0"), (upper, high_bits, "TTBR1")))
    return LpaeMmu((low_bits, high_bits), roots)
