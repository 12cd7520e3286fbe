# SPDX-License-Identifier: GPL-2.0-or-later
"""64-bit ARM: page size, the linear map, the kernel's image.

Sources: arch/arm64/include/asm/memory.h (the linear map begins at the lowest kernel address, the image is mapped apart
from it), arch/arm64/mm/init.c (a kernel built for 52-bit addresses that runs with fewer moves memstart_addr down).
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterator, Optional

from ..errors import FaultError, MissingError
from . import arm64_mmu
from .arm64_mmu import MOST_BITS
from .pagetable import Mmu, ReadPhys, Root, Step, Tables, number_in, signed
from .reader import Reader

NAME = "arm64"
NAMES = ("aarch64",)
MASK = (1 << 64) - 1
SCTLR_MMU = 1
IMAGE_ALIGN = 1 << 16


@dataclass(frozen=True)
class Arm64:
    """Addresses of one arm64 kernel. phys_offset is None until the kernel has found it."""

    page_offset: int
    phys_offset: Optional[int]
    lowmem_end: Optional[int]
    page_shift: int
    image: tuple[int, int]              # [start, end) of the kernel's image
    image_offset: Optional[int]         # virtual minus physical address of the image
    hugetlb: bool                       # pageblocks are of the huge page's order
    mmu: Mmu
    pgd_bytes: int
    name: str = NAME
    address_bits: int = 64
    phys_bits: int = 52

    def virt_to_phys(self, addr: int) -> Optional[int]:
        """Physical address of an address in the linear map or the image; None for any other."""
        start, end = self.image
        if start <= addr < end and self.image_offset is not None:
            return addr - self.image_offset & MASK
        top = self.lowmem_end or self.page_offset + (1 << 64) - self.page_offset // 2
        if self.phys_offset is None or not self.page_offset <= addr < min(top, start):
            return None
        return addr - self.page_offset + self.phys_offset

    def phys_to_virt(self, phys: int) -> Optional[int]:
        """Address in the linear map; None for what is not RAM."""
        if self.phys_offset is None or phys < self.phys_offset:
            return None
        addr = phys - self.phys_offset + self.page_offset
        return addr if addr < (self.lowmem_end or self.image[0]) else None

    def pageblock_order(self, orders: int) -> int:
        """A huge page's order (one entry of the second table from the bottom), or the largest block's."""
        return min(self.page_shift - 3, orders - 1) if self.hugetlb else orders - 1

    @property
    def user_end(self) -> int:
        """Where addresses of user space end."""
        return 1 << self.address_bits - 1

    def walk(self, read: ReadPhys, root: int, addr: int) -> tuple[Step, ...]:
        """Follow the kernel's page tables."""
        return self.mmu.walk(read, root, addr)


def resolve(reader: Reader, register: Callable[[str], Optional[int]]) -> Arm64:
    """Find page size, linear map and image. Raises MissingError."""
    zero = reader.layout.find_variable("empty_zero_page")
    if zero is None or zero.type is None or zero.type.size < 4096:
        raise MissingError("the symbols have no empty_zero_page: no way to tell the page size")
    start, end = reader.address("kernel text"), reader.address("kernel end")
    high = reader.find("high_memory") or None
    page_shift = zero.type.size.bit_length() - 1
    bits = _va_bits(reader, register, start, high)
    image_offset = reader.find("kimage_voffset") or None
    return Arm64(-1 << bits & MASK, _phys_offset(reader.find("memstart_addr"), bits), high, page_shift, (start, end),
                 image_offset, reader.layout.find_variable("hstates") is not None,
                 arm64_mmu.kernel_mmu(bits, page_shift, _kernel_root(reader, image_offset, bits, page_shift)),
                 1 << page_shift)


def _phys_offset(memstart: Optional[int], bits: int) -> Optional[int]:
    """Physical address of the start of the linear map; below 0 where KASLR moved RAM up in it.

    A kernel built for 52 bits that runs with fewer keeps the difference in memstart_addr: more than KASLR ever adds.
    """
    if memstart is None or memstart == -1:
        return None
    return memstart + (1 << MOST_BITS) - (1 << bits) if bits < MOST_BITS and memstart < -1 << 50 else memstart


def _va_bits(reader: Reader, register: Callable[[str], Optional[int]], image: int, high: Optional[int]) -> int:
    """How many bits of an address are translated: by TCR_EL1, else by the kernel's variable.

    Else by the image, which lies just above the middle of the smallest address space that the kernel can run with: the
    linear map is below it, and begins lower with more bits.
    """
    cpu = arm64_mmu.cpu_mmu(register) if mmu_enabled(register) else None
    if cpu is not None and cpu.halves[1] is not None:
        return cpu.halves[1].bits
    smallest = ((1 << 64) - image).bit_length() + 1
    return reader.find("vabits_actual") or (
        MOST_BITS if high is not None and high < -1 << smallest & MASK else smallest)


def _kernel_root(reader: Reader, image_offset: Optional[int], bits: int, page_shift: int) -> Optional[Root]:
    """swapper_pg_dir. Built for more bits than the CPU has, it is used from its first entry for kernel addresses on."""
    tables = reader.layout.find_variable("swapper_pg_dir")
    if tables is None or image_offset is None:
        return None
    used = 1 << arm64_mmu.Half(bits, page_shift, False).levels[0].bits
    entries = tables.type.count if tables.type is not None else 0
    skip = (entries - used) * 8 if page_shift == 16 and entries > used else 0
    return Root((tables.addr - image_offset & MASK) + skip, "swapper_pg_dir")


def user_mode(register: Callable[[str], Optional[int]]) -> Optional[bool]:
    """Whether the CPU is in user space; None when the debugger does not say."""
    cpsr = register("cpsr")
    return cpsr & 0xF == 0 if cpsr is not None else None


def image_offsets(reader: Reader, register: Callable[[str], Optional[int]],
                  read_phys: Optional[ReadPhys]) -> Iterator[tuple[int, Optional[int]]]:
    """How far KASLR may have moved the image: by where the exception vectors are, and by the page tables.

    The tables lie in the image, so they say where in physical memory it is; there kimage_voffset tells the rest.
    The second of each is where in physical memory the image then begins, if that is known.
    """
    vectors, text = reader.layout.find_variable("vectors"), reader.address("kernel text")
    base = register("VBAR") or register("VBAR_EL1")
    if vectors is not None and base:
        yield (base & MASK) - vectors.addr, None
    mmu, voffset = arm64_mmu.cpu_mmu(register), reader.layout.find_variable("kimage_voffset")
    half = mmu.halves[1] if mmu is not None else None
    if read_phys is None or half is None or half.root is None or voffset is None:
        return
    for name in ("swapper_pg_dir", "user pgd", "early pgd", "reserved pgd"):
        table = reader.layout.find_variable(name)
        try:
            if table is not None:
                image = half.root.phys - (table.addr - text)
                offset = int.from_bytes(read_phys(image + voffset.addr - text, 8), reader.order)
                yield (image + offset & MASK) - text, image
        except FaultError:
            continue


def image_start(reader: Reader, register: Callable[[str], Optional[int]]) -> Optional[int]:
    """Where the image of whatever kernel runs begins, or a little behind that."""
    base = register("VBAR") or register("VBAR_EL1")
    return base & MASK & -IMAGE_ALIGN if base and base >> 55 & 1 else None


USUAL_BITS = 48, 52, 47, 42, 39, 36


def image_tables(reader: Reader, shift: int, register: Callable[[str], Optional[int]]) -> Iterator[Tables]:
    """The tables of a kernel whose image lies shift above its symbols in physical memory.

    reader reads physical memory there, by the addresses of the symbols. The likeliest first: how many bits are
    translated is known for certain only by a register.
    """
    zero = reader.layout.find_variable("empty_zero_page")
    page_shift = zero.type.size.bit_length() - 1 if zero is not None and zero.type is not None else 12
    offset = reader.value("kimage_voffset") + shift & MASK
    start = reader.address("kernel text") + offset & MASK
    likely = _va_bits(reader, register, start, reader.find("high_memory") or None)
    for bits in dict.fromkeys((likely,) + USUAL_BITS):
        if page_shift + 1 <= bits <= MOST_BITS:
            root = _kernel_root(reader, -shift & MASK, bits, page_shift)
            if root is not None:
                yield Tables(arm64_mmu.kernel_mmu(bits, page_shift, root), root.phys, signed(offset), 1 << 63)


def vmcore_shift(info: dict[str, str], offset: int) -> Optional[int]:
    """What a core's VMCOREINFO says of that shift, when the kernel was moved by offset."""
    voffset = number_in(info.get("NUMBER(kimage_voffset)"))
    return offset - voffset if voffset is not None else None


def cpu_mmu(register: Callable[[str], Optional[int]]) -> Optional[Mmu]:
    """The tables that the selected CPU uses; None when the debugger does not have its registers."""
    return arm64_mmu.cpu_mmu(register)


def cpu_roots(register: Callable[[str], Optional[int]], reader: Reader) -> tuple[int, ...]:
    """First tables, by the selected CPU's registers, that may be the kernel's own, the likeliest first.

    In user space with page-table isolation it is the trampoline's that is in use: the kernel's lies not far from it.
    """
    mmu = arm64_mmu.cpu_mmu(register)
    upper = mmu.halves[1] if mmu is not None else None
    if upper is None or upper.root is None:
        return ()
    kernel, user = reader.layout.find_variable("swapper_pg_dir"), reader.layout.find_variable("user pgd")
    beside = (upper.root.phys + kernel.addr - user.addr,) if kernel is not None and user is not None else ()
    return (upper.root.phys,) + beside


def mmu_enabled(register: Callable[[str], Optional[int]]) -> Optional[bool]:
    """Whether the MMU is on, by the system control register of the kernel's level; None without it."""
    value = register("SCTLR")
    value = register("SCTLR_EL1") if value is None else value
    return bool(value & SCTLR_MMU) if value is not None else None


def vmalloc_ranges(reader: Reader, arch: Arm64) -> tuple[tuple[int, int], ...]:
    """[start, end) of what lies above the linear map: modules, the image, vmalloc, and what each release has behind.

    That is the upper half of the smallest address space that the kernel can run with, wherever KASLR puts the image.
    Where the vmalloc area ends in it is no variable and differs by release: only these bounds are known.
    """
    bits = ((1 << 64) - arch.page_offset).bit_length() - 1
    smallest = bits if bits <= 48 else 47 if arch.page_shift == 14 else 48
    return ((-1 << smallest - 1) & MASK, MASK + 1),
