# SPDX-License-Identifier: GPL-2.0-or-later
"""32-bit ARM: page size, the linear map, and what has no virtual address in it.

Sources: arch/arm/include/asm/memory.h (virtual = physical + constant for lowmem, patched at boot from
__pv_phys_pfn_offset), arch/arm/kernel/head.S (swapper_pg_dir lies below the image, in its first 16 MiB).
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterator, Optional

from . import arm_mmu
from .arm_mmu import LPAE_PHYS_BITS
from .pagetable import Mmu, ReadPhys, Root, Step, Tables
from .reader import Reader

NAME = "arm"
NAMES = ("arm",)        # what GDB's names of it begin with: arm, armv7, ...
PAGE_SHIFT = 12
SPLIT_ALIGN = 1 << 24       # PAGE_OFFSET is a multiple of this, and the first page table lies in its first 16 MiB
PGD_BYTES = 0x4000          # first-level table of the short-descriptor format
LPAE_PGD_BYTES = 0x5000     # of the long one, with the second-level tables that are part of it
MODULES_BYTES = 1 << 24
SCTLR_MMU = 1
HUGE_ORDER = 9              # of long descriptors: what an entry of the second table maps


@dataclass(frozen=True)
class Arm:
    """Addresses of one 32-bit ARM kernel. phys_offset is None until the kernel has found it."""

    page_offset: int
    phys_offset: Optional[int]
    lowmem_end: Optional[int]       # virtual end of the linear map; None until the kernel has set it
    mmu: Mmu
    page_shift: int = PAGE_SHIFT
    pgd_bytes: int = PGD_BYTES
    address_bits: int = 32
    phys_bits: int = 32
    name: str = NAME
    hugetlb: bool = False

    def virt_to_phys(self, addr: int) -> Optional[int]:
        """Physical address of a lowmem address; None for any other."""
        end = self.lowmem_end or 1 << self.address_bits
        if self.phys_offset is None or not self.page_offset <= addr < end:
            return None
        return addr - self.page_offset + self.phys_offset

    def phys_to_virt(self, phys: int) -> Optional[int]:
        """Address in the linear map; None for HighMem and what is not RAM."""
        if self.phys_offset is None or phys < self.phys_offset:
            return None
        addr = phys - self.phys_offset + self.page_offset
        return addr if addr < (self.lowmem_end or 1 << self.address_bits) else None

    def pageblock_order(self, orders: int) -> int:
        """Order of a pageblock: a huge page's, or the largest block's, as without LPAE there are no huge pages."""
        return min(HUGE_ORDER, orders - 1) if self.hugetlb else orders - 1

    def walk(self, read: ReadPhys, root: int, addr: int) -> tuple[Step, ...]:
        """Follow the kernel's page tables."""
        return self.mmu.walk(read, root, addr)

    @property
    def user_end(self) -> int:
        """Where addresses of user space end: modules lie between there and the linear map."""
        return self.page_offset - MODULES_BYTES


def resolve(reader: Reader, register: Callable[[str], Optional[int]]) -> Arm:
    """Find split, physical base and end of lowmem. Raises MissingError when the symbols lack the first."""
    tables = reader.address("swapper_pg_dir")
    page_offset = tables // SPLIT_ALIGN * SPLIT_ALIGN
    phys_pfn = reader.find("arm phys pfn offset")
    high = reader.find("high_memory")
    phys_offset = phys_pfn << PAGE_SHIFT if phys_pfn else None
    root = Root(tables - page_offset + phys_offset, "swapper_pg_dir") if phys_offset is not None else None
    lpae = _has_lpae(reader)
    return Arm(page_offset, phys_offset, high or None, arm_mmu.kernel_mmu(lpae, root, reader.order),
               pgd_bytes=LPAE_PGD_BYTES if lpae else PGD_BYTES, phys_bits=LPAE_PHYS_BITS if lpae else 32,
               hugetlb=reader.layout.find_variable("hstates") is not None)


def _has_lpae(reader: Reader) -> bool:
    """Whether the kernel has long descriptors: its physical addresses are then longer than a pointer."""
    base = reader.layout.find_field("memblock_region.base")
    return base is not None and base.type.size > reader.word


def user_mode(register: Callable[[str], Optional[int]]) -> Optional[bool]:
    """Whether the CPU is in user space; None when the debugger does not say."""
    cpsr = register("cpsr")
    return cpsr & 0x1F == 0x10 if cpsr is not None else None


def image_offsets(reader: Reader, register: Callable[[str], Optional[int]],
                  read_phys: Optional[ReadPhys]) -> Iterator[tuple[int, Optional[int]]]:
    """How far KASLR may have moved the image: 32-bit ARM has none."""
    return iter(())


def image_start(reader: Reader, register: Callable[[str], Optional[int]]) -> Optional[int]:
    """Where the image of a kernel begins; None while the CPU runs something else, such as the decompressor."""
    pc = register("pc")
    start = reader.address("swapper_pg_dir") // SPLIT_ALIGN * SPLIT_ALIGN
    return start if user_mode(register) or pc is not None and pc & (1 << 32) - 1 >= start - MODULES_BYTES else None


def image_tables(reader: Reader, shift: int, register: Callable[[str], Optional[int]]) -> Iterator[Tables]:
    """The tables of a kernel whose image lies shift above its symbols in physical memory.

    reader reads physical memory there, by the addresses of the symbols. The tables lie below the image, mapped with it.
    """
    tables = reader.address("swapper_pg_dir")
    root = Root(tables + shift, "swapper_pg_dir")
    yield Tables(arm_mmu.kernel_mmu(_has_lpae(reader), root, reader.order), root.phys, 0,
                 tables // SPLIT_ALIGN * SPLIT_ALIGN - MODULES_BYTES)


def vmcore_shift(info: dict[str, str], offset: int) -> Optional[int]:
    """What a core's VMCOREINFO says of that shift; nothing on 32-bit ARM."""
    return None


def cpu_mmu(register: Callable[[str], Optional[int]]) -> Optional[Mmu]:
    """The tables that the selected CPU uses; None when the debugger does not have its registers."""
    return arm_mmu.cpu_mmu(register)


def cpu_roots(register: Callable[[str], Optional[int]], reader: Reader) -> tuple[int, ...]:
    """First tables, by the selected CPU's registers, that may be the kernel's own, the likeliest first."""
    mmu = arm_mmu.cpu_mmu(register)
    if mmu is None:
        return ()
    roots = mmu.roots[:1] if isinstance(mmu, arm_mmu.LpaeMmu) else mmu.roots[::-1]
    return tuple(root.phys for root in roots if root is not None)


def mmu_enabled(register: Callable[[str], Optional[int]]) -> Optional[bool]:
    """Whether the MMU is on, by the system control registers; None when the debugger does not have them.

    With the security extensions there are two, and QEMU shows both: either one may be in use.
    """
    values = [value for value in map(register, ("SCTLR", "SCTLR_S")) if value is not None]
    return any(value & SCTLR_MMU for value in values) if values else None


VMALLOC_GAP = 8 << 20           # between the linear map and the vmalloc area, and what that begins at a multiple of
VMALLOC_END = 0xFF800000
LPAE_PGD_BYTES = 0x5000     # of the long one, with the second-level tables that are part of it
MODULES_BYTES = 16 << 20        # below the linear map


def vmalloc_ranges(reader: Reader, arch: Arm) -> tuple[tuple[int, int], ...]:
    """[start, end) of the vmalloc area, then of the modules and the linear map; empty until the kernel has set them.

    In the linear map the CMA pools are registered as areas where they are mapped anew, by dma_contiguous_remap().
    Source: arch/arm/include/asm/pgtable.h (VMALLOC_START, VMALLOC_END), memory.h (MODULES_VADDR), mm/dma-mapping.c.
    """
    if arch.lowmem_end is None:
        return ()
    start = arch.lowmem_end + VMALLOC_GAP & -VMALLOC_GAP
    return (start, VMALLOC_END), (arch.page_offset - MODULES_BYTES, arch.lowmem_end)


KMAP_BYTES = 2 << 20            # below the linear map: what an entry of the software's second level is for
FIXMAP_TOP = 0xFFF00000 - (1 << PAGE_SHIFT)     # the first slot; they go down


def kmap_base(arch: Arm) -> int:
    """Where the slots of kmap() begin. Source: arch/arm/include/asm/highmem.h (PKMAP_BASE)."""
    return arch.page_offset - KMAP_BYTES


def fixmap_top(arch: Arm) -> int:
    """Where slot 0 of the fixmap is. Source: arch/arm/include/asm/fixmap.h (FIXADDR_TOP)."""
    return FIXMAP_TOP
