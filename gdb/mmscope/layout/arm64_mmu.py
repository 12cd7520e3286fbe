# SPDX-License-Identifier: GPL-2.0-or-later
"""arm64 page tables: 4, 16 and 64 KiB pages, addresses of 36 to 52 bits.

Source: Arm Architecture Reference Manual, TCR_EL1, TTBR0_EL1 and TTBR1_EL1. The lower half of the address space and
the upper one each have their table, page size and number of bits. How many levels there are follows from the last two.
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable, Optional

from ..errors import FaultError
from .longdesc import LongDescriptors, long_levels
from .pagetable import Format, Level, ReadPhys, Root, Step, TablePlace, find_tables, follow

PAGE_SHIFT_0 = {0: 12, 1: 16, 2: 14}        # TCR_EL1.TG0
PAGE_SHIFT_1 = {1: 14, 2: 12, 3: 16}        # TCR_EL1.TG1
NAMES = {1: ("pgd",), 2: ("pgd", "pte"), 3: ("pgd", "pmd", "pte"), 4: ("pgd", "pud", "pmd", "pte"),
         5: ("pgd", "p4d", "pud", "pmd", "pte")}
FEWEST_BITS, MOST_BITS = 16, 52
IPS_52 = 6
SELECT_BIT = 55                             # of an address: which half it is of, whatever its tag


@dataclass(frozen=True)
class Half:
    """One half of the address space."""

    bits: int
    page_shift: int
    wide: bool                              # 52-bit physical addresses with 4 and 16 KiB pages
    tagged: bool = False                    # the top byte of an address is not looked at
    root: Optional[Root] = None

    @property
    def levels(self) -> tuple[Level, ...]:
        """The first table's first."""
        count = -(-(self.bits - self.page_shift) // (self.page_shift - 3))
        return long_levels(self.page_shift, self.bits, NAMES[count])

    def has(self, addr: int) -> bool:
        """Whether an address of this half is within its bits, that is translated."""
        top = addr >> self.bits & (1 << (56 if self.tagged else 64) - self.bits) - 1
        return top == 0 or top == (1 << (56 if self.tagged else 64) - self.bits) - 1


@dataclass(frozen=True)
class Arm64Mmu:
    """Both halves, user's first; None where nothing is translated."""

    halves: tuple[Optional[Half], Optional[Half]]

    def _half(self, addr: int) -> Optional[Half]:
        half = self.halves[addr >> SELECT_BIT & 1]
        return half if half is not None and half.has(addr) else None

    def levels(self, addr: int) -> tuple[Level, ...]:
        """The levels that translate an address."""
        half = self._half(addr)
        return half.levels if half is not None else ()

    def root(self, addr: int) -> Optional[Root]:
        """TTBR0_EL1's or TTBR1_EL1's table."""
        half = self._half(addr)
        return half.root if half is not None else None

    def walk(self, read: ReadPhys, root: int, addr: int) -> tuple[Step, ...]:
        """As Arch.walk()."""
        half = self._half(addr)
        if half is None:
            raise FaultError(addr)
        return follow(read, root, addr, half.levels, LongDescriptors(half.page_shift, 48, half.wide).decode)

    def tables(self, read: ReadPhys, root: int) -> dict[int, TablePlace]:
        """As find_tables(), of the upper half."""
        half = self.halves[1]
        if half is None:
            return {}
        found = find_tables(read, root, half.levels, LongDescriptors(half.page_shift, 48, half.wide).decode)
        upper = (1 << 64) - (1 << half.bits)
        return {phys: replace(place, start=place.start + upper) for phys, place in found.items()}

    def format(self, addr: int) -> Format:
        """Of the half that has the address."""
        half = self._half(addr)
        return Format(half.levels if half is not None else (), LongDescriptors(
            half.page_shift if half is not None else 12, 48, half is not None and half.wide).decode)


def kernel_mmu(bits: int, page_shift: int, root: Optional[Root]) -> Arm64Mmu:
    """The tables of a kernel that uses so many bits in both halves: beyond 48 only where addresses have 52."""
    wide = bits > 48 and page_shift < 16
    return Arm64Mmu((Half(bits, page_shift, wide), Half(bits, page_shift, wide, root=root)))


def cpu_mmu(register: Callable[[str], Optional[int]]) -> Optional[Arm64Mmu]:
    """What the CPU uses now, by TCR_EL1 and the table registers; None when the debugger does not have them."""
    tcr = register("TCR_EL1")
    if tcr is None:
        return None
    wide = bool(tcr >> 59 & 1)
    ips = tcr >> 32 & 7
    lower = _half(tcr & 0x3F, PAGE_SHIFT_0.get(tcr >> 14 & 3), bool(tcr >> 7 & 1), wide, bool(tcr >> 37 & 1), ips,
                  "TTBR0_EL1", register)
    upper = _half(tcr >> 16 & 0x3F, PAGE_SHIFT_1.get(tcr >> 30 & 3), bool(tcr >> 23 & 1), wide, bool(tcr >> 38 & 1),
                  ips, "TTBR1_EL1", register)
    return Arm64Mmu((lower, upper)) if lower or upper else None


def _half(size: int, page_shift: Optional[int], disabled: bool, wide: bool, tagged: bool, ips: int, name: str,
          register: Callable[[str], Optional[int]]) -> Optional[Half]:
    """One half by its fields of TCR_EL1 and its table register; None when it is off or makes no sense."""
    bits = 64 - size
    if disabled or page_shift is None or not max(FEWEST_BITS, page_shift + 1) <= bits <= MOST_BITS:
        return None
    wide = wide and page_shift < 16
    value = register(name)
    half = Half(bits, page_shift, wide, tagged)
    if value is None:
        return half
    base = value & (1 << 48) - 2
    if wide or page_shift == 16 and ips == IPS_52:
        base = base & -64 | (value >> 2 & 0xF) << 48
    return Half(bits, page_shift, wide, tagged, Root(base & -(8 << half.levels[0].bits), name))
