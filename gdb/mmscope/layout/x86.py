# SPDX-License-Identifier: GPL-2.0-or-later
"""x86-64: the linear map, the kernel's image.

Sources: Documentation/arch/x86/x86_64/mm.rst, arch/x86/include/asm/page_64.h: all physical memory is mapped from
page_offset_base on, the image from a fixed address on, at phys_base.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional

from .reader import Reader

NAME = "x86_64"
NAMES = ("i386:x86-64",)
IMAGE_START, IMAGE_BYTES = 0xFFFFFFFF80000000, 1 << 30
LINEAR_BYTES = 1 << 46          # at least; 1 << 55 with five levels
HUGE_ORDER = 9
CR0_PAGING = 1 << 31


@dataclass(frozen=True)
class X86:
    """Addresses of one x86-64 kernel."""

    page_offset: int
    phys_offset: Optional[int]
    lowmem_end: Optional[int]
    image_phys: Optional[int]       # phys_base: what is mapped at IMAGE_START
    hugetlb: bool
    name: str = NAME
    pgd_bytes: int = 4096
    page_shift: int = 12
    address_bits: int = 64
    phys_bits: int = 52

    def virt_to_phys(self, addr: int) -> Optional[int]:
        """Physical address of an address in the linear map or the image; None for any other."""
        if IMAGE_START <= addr < IMAGE_START + IMAGE_BYTES and self.image_phys is not None:
            return addr - IMAGE_START + self.image_phys
        end = self.lowmem_end or self.page_offset + LINEAR_BYTES
        return addr - self.page_offset if self.page_offset <= addr < end else None

    def phys_to_virt(self, phys: int) -> Optional[int]:
        """Address in the linear map; None for what is not RAM."""
        addr = phys + self.page_offset
        return addr if addr < (self.lowmem_end or self.page_offset + LINEAR_BYTES) else None

    def pageblock_order(self, orders: int) -> int:
        """A huge page's order, or the largest block's."""
        return min(HUGE_ORDER, orders - 1) if self.hugetlb else orders - 1


def resolve(reader: Reader) -> X86:
    """Find the linear map and the image. Raises MissingError, FaultError."""
    return X86(reader.value("page_offset_base"), 0, reader.find("high_memory") or None, reader.find("phys_base"),
               reader.layout.find_variable("hstates") is not None)


def mmu_enabled(register: Callable[[str], Optional[int]]) -> Optional[bool]:
    """Whether paging is on; None when the debugger does not have cr0."""
    value = register("cr0")
    return bool(value & CR0_PAGING) if value is not None else None


VMALLOC_TIB = 32, 12800         # with four levels, with five
MODULES_END = 0xFFFFFFFFFF000000


def vmalloc_ranges(reader: Reader, arch: X86) -> tuple[tuple[int, int], ...]:
    """[start, end) of the vmalloc area, then of the modules, which lie in the image's mapping."""
    start = reader.value("vmalloc base")
    return (start, start + (VMALLOC_TIB[bool(reader.find("five levels"))] << 40)), (IMAGE_START, MODULES_END)
