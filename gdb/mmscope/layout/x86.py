# SPDX-License-Identifier: GPL-2.0-or-later
"""x86-64: the linear map, the kernel's image.

Sources: Documentation/arch/x86/x86_64/mm.rst, arch/x86/include/asm/page_64.h: all physical memory is mapped from
page_offset_base on, the image from a fixed address on, at phys_base.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterator, Optional

from . import x86_mmu
from .pagetable import Mmu, ReadPhys, Root, Step, Tables, number_in, signed
from .reader import Reader

NAME = "x86_64"
NAMES = ("i386:x86-64",)
IMAGE_START, IMAGE_BYTES = 0xFFFFFFFF80000000, 1 << 30
LINEAR_BYTES = 1 << 46          # at least; 1 << 55 with five levels
IMAGE_STEP, IMAGE_LOAD = 1 << 21, 1 << 24
LINEAR_SHIFT = 30      # the linear map begins at a multiple of a GiB
HUGE_ORDER = 9
CR0_PAGING = 1 << 31


@dataclass(frozen=True)
class X86:
    """Addresses of one x86-64 kernel."""

    page_offset: Optional[int]      # None where page_offset_base cannot be read
    phys_offset: Optional[int]
    lowmem_end: Optional[int]
    image_phys: Optional[int]       # phys_base: what is mapped at IMAGE_START
    hugetlb: bool
    mmu: Mmu
    name: str = NAME
    pgd_bytes: int = 4096
    page_shift: int = 12
    address_bits: int = 64
    phys_bits: int = 52

    def virt_to_phys(self, addr: int) -> Optional[int]:
        """Physical address of an address in the linear map or the image; None for any other."""
        if IMAGE_START <= addr < IMAGE_START + IMAGE_BYTES and self.image_phys is not None:
            return addr - IMAGE_START + self.image_phys
        if self.page_offset is None:
            return None
        end = self.lowmem_end or self.page_offset + LINEAR_BYTES
        return addr - self.page_offset if self.page_offset <= addr < end else None

    def phys_to_virt(self, phys: int) -> Optional[int]:
        """Address in the linear map; None for what is not RAM."""
        if self.page_offset is None:
            return None
        addr = phys + self.page_offset
        return addr if addr < (self.lowmem_end or self.page_offset + LINEAR_BYTES) else None

    def pageblock_order(self, orders: int) -> int:
        """A huge page's order, or the largest block's."""
        return min(HUGE_ORDER, orders - 1) if self.hugetlb else orders - 1

    @property
    def user_end(self) -> int:
        """Where addresses of user space end."""
        return 1 << self.address_bits - 1

    def walk(self, read: ReadPhys, root: int, addr: int) -> tuple[Step, ...]:
        """Follow the kernel's page tables."""
        return self.mmu.walk(read, root, addr)


def resolve(reader: Reader, register: Callable[[str], Optional[int]]) -> X86:
    """Find the linear map and the image. Raises MissingError when the symbols lack the first."""
    reader.address("page_offset_base")
    image_phys = reader.find("phys_base")
    base = reader.find("page_offset_base")
    if base is not None and (base >> 56 != 0xFF or base % (1 << LINEAR_SHIFT)):
        base = None
    return X86(base, 0, reader.find("high_memory") or None, image_phys,
               reader.layout.find_variable("hstates") is not None, _kernel_mmu(reader, register, image_phys))


def _kernel_mmu(reader: Reader, register: Callable[[str], Optional[int]],
                image_phys: Optional[int]) -> x86_mmu.X86Mmu:
    """The kernel's own tables: five levels where CR4 says so, or else the kernel's pgdir_shift."""
    cpu = x86_mmu.cpu_mmu(register)
    five = cpu.five_levels if cpu is not None else reader.find("pgdir_shift") == x86_mmu.FIVE[0].shift
    tables = reader.layout.find_variable("swapper_pg_dir")
    root = None
    if tables is not None and image_phys is not None:
        root = Root(tables.addr - IMAGE_START + image_phys, tables.path)
    return x86_mmu.X86Mmu(five, root, reader.find("sme_me_mask") or 0)


def user_mode(register: Callable[[str], Optional[int]]) -> Optional[bool]:
    """Whether the CPU is in user space; None when the debugger does not say."""
    cs = register("cs")
    return cs & 3 == 3 if cs is not None else None


def image_offsets(reader: Reader, register: Callable[[str], Optional[int]],
                  read_phys: Optional[ReadPhys]) -> Iterator[tuple[int, Optional[int]]]:
    """How far KASLR may have moved the image: to any multiple of 2 MiB in its GiB."""
    text = reader.address("kernel text")
    for start in range(IMAGE_START, IMAGE_START + IMAGE_BYTES, IMAGE_STEP):
        yield start - text, None


def image_start(reader: Reader, register: Callable[[str], Optional[int]]) -> Optional[int]:
    """Where the image of a kernel that was not moved begins."""
    return IMAGE_START + IMAGE_LOAD


def image_tables(reader: Reader, shift: int, register: Callable[[str], Optional[int]]) -> Iterator[Tables]:
    """The tables of a kernel whose image lies shift above its symbols in physical memory.

    reader reads physical memory there, by the addresses of the symbols.
    """
    mmu = _kernel_mmu(reader, register, shift + IMAGE_START)
    if mmu.table is not None:
        yield Tables(mmu, mmu.table.phys, signed(shift + IMAGE_START - reader.value("phys_base")), 1 << 63)


def vmcore_shift(info: dict[str, str], offset: int) -> Optional[int]:
    """What a core's VMCOREINFO says of that shift, when the kernel was moved by offset."""
    base = number_in(info.get("NUMBER(phys_base)"))
    return offset - IMAGE_START + base if base is not None else None


def cpu_mmu(register: Callable[[str], Optional[int]]) -> Optional[Mmu]:
    """The tables that the selected CPU uses; None when the debugger does not have its registers."""
    return x86_mmu.cpu_mmu(register)


def cpu_roots(register: Callable[[str], Optional[int]], reader: Reader) -> tuple[int, ...]:
    """First tables, by the selected CPU's registers, that may be the kernel's own, the likeliest first.

    In user space with page-table isolation CR3 has the copy for user space: the kernel's is beside it.
    """
    mmu = x86_mmu.cpu_mmu(register)
    if mmu is None or mmu.table is None:
        return ()
    beside = x86_mmu.kernel_copy(mmu.table)
    return tuple(root.phys for root in (beside, mmu.table) if root is not None)


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
