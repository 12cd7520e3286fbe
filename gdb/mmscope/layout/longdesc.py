# SPDX-License-Identifier: GPL-2.0-or-later
"""64-bit descriptors of ARM's page tables: the same for 32-bit kernels with LPAE and for arm64.

Source: Arm Architecture Reference Manual, "Translation table descriptor formats" of VMSAv8-64 and of the long
descriptors of VMSAv8-32. Which levels can hold a block, and where the address bits above 47 are, depends on the page
size and on whether 52-bit addresses are on (TCR_EL1.DS with 4 and 16 KiB pages).
"""
from __future__ import annotations

from dataclasses import dataclass

from .pagetable import BLOCK, NONE, PAGE, RESERVED, TABLE, Entry, Level, bit_names

VALID, TABLE_OR_PAGE = 1, 2
LEAF_BITS = {5: "NS", 10: "AF", 11: "nG", 50: "GP", 51: "DBM", 52: "Contiguous", 53: "PXN", 54: "UXN"}
LPAE_BITS = {5: "NS", 10: "AF", 11: "nG", 52: "Contiguous", 53: "PXN", 54: "XN"}
TABLE_BITS = {59: "PXNTable", 60: "UXNTable", 63: "NSTable"}
LPAE_TABLE_BITS = {59: "PXNTable", 60: "XNTable", 63: "NSTable"}


@dataclass(frozen=True)
class LongDescriptors:
    """How descriptors are read for one page size."""

    page_shift: int
    phys_bits: int              # of an address in a descriptor, 52-bit extensions aside
    wide: bool = False          # DS: bits 50 and 51 of an address are in bits 8 and 9, where else the shareability is
    lpae: bool = False          # of a 32-bit kernel

    @property
    def _block_levels(self) -> int:
        """How many levels above the last can hold a block."""
        return (2 if self.page_shift == 12 else 1) + (self.wide or self.page_shift == 16)

    def decode(self, level: Level, value: int) -> Entry:
        """What a descriptor of a level means."""
        if not value & VALID:
            return Entry(NONE)
        from_last = (level.shift - self.page_shift) // (self.page_shift - 3)
        if not value & TABLE_OR_PAGE:
            if not 0 < from_last <= self._block_levels:
                return Entry(NONE, None, (RESERVED,))
            return Entry(BLOCK, self._address(value, level.shift), self._leaf_flags(value))
        if from_last == 0:
            return Entry(PAGE, self._address(value, self.page_shift), self._leaf_flags(value))
        names = LPAE_TABLE_BITS if self.lpae else TABLE_BITS
        ap = value >> 61 & 3
        return Entry(TABLE, self._address(value, self.page_shift), _numbers(APTable=ap) + bit_names(value, names))

    def _address(self, value: int, shift: int) -> int:
        """The address in a descriptor, a multiple of 1 << shift."""
        if self.wide:
            return (value & (1 << 50) - 1) >> shift << shift | (value >> 8 & 3) << 50
        phys = (value & (1 << self.phys_bits) - 1) >> shift << shift
        return phys | (value >> 12 & 0xF) << 48 if self.page_shift == 16 else phys

    def _leaf_flags(self, value: int) -> tuple[str, ...]:
        """Attributes of a page or a block."""
        fields = {"AttrIndx": value >> 2 & 7, "AP": value >> 6 & 3}
        if not self.wide:
            fields["SH"] = value >> 8 & 3
        return (tuple(f"{name}={number}" for name, number in fields.items())
                + bit_names(value, LPAE_BITS if self.lpae else LEAF_BITS))


def _numbers(**fields: int) -> tuple[str, ...]:
    """NAME=N for each field that is not 0."""
    return tuple(f"{name}={number}" for name, number in fields.items() if number)


def long_levels(page_shift: int, bits: int, names: tuple[str, ...]) -> tuple[Level, ...]:
    """Levels of tables that translate so many bits; names are those of as many levels, the first table's first."""
    stride = page_shift - 3
    count = -(-(bits - page_shift) // stride)
    shifts = [page_shift + stride * number for number in reversed(range(count))]
    return tuple(Level(name, shift, min(stride, bits - shift)) for name, shift in zip(names, shifts))
