# SPDX-License-Identifier: GPL-2.0-or-later
"""Page frames in use whose struct page does not say what for, but somebody else does.

The arrays of pages of vmalloc areas, the stacks of tasks, the chunks of per-CPU memory, the first page tables of
processes: each knows its pages.
"""
from __future__ import annotations

from typing import Iterator, Optional

from ..errors import FaultError, MissingError, MmError
from ..layout.pagetable import mapped
from . import frame
from .context import Context
from .kallsyms import symbolize
from .percpu import cpu_offsets
from .percpu_chunk import FIRST, chunks
from .tasks import tasks
from .vmarea import all_areas
from .vmstruct import VM_IOREMAP, VmStruct, early_areas, is_ready

FIRST_TABLE = "a process's first one"
MAX_AREA_PAGES = 1 << 22
MAX_WALKED_PAGES = 1 << 13      # of an area without an array: a larger one is sparse
MAX_PERCPU_PAGES = 1 << 17      # of all chunks and CPUs
MAX_STACK_BYTES = 1 << 20


def holders(ctx: Context) -> dict[int, tuple[str, str]]:
    """Kind and detail of each pfn that somebody is known to hold, the most telling holder's."""
    return ctx.once("holders.holders", _holders)


def _holders(ctx: Context) -> dict[int, tuple[str, str]]:
    """The least telling first: the others take over. What cannot be read is left out."""
    found: dict[int, tuple[str, str]] = {}
    for source in (_vmalloc, _percpu, _tables, _stacks):
        try:
            found.update(source(ctx))
        except MmError:
            continue
    return found


def _areas(ctx: Context) -> tuple[VmStruct, ...]:
    """Areas in use that say whose they are."""
    if not is_ready(ctx):
        return early_areas(ctx)[0]
    return tuple(area.vm for area in all_areas(ctx).areas if area.vm is not None)


def _read_areas(ctx: Context) -> dict[int, tuple[VmStruct, tuple[Optional[int], ...]]]:
    """Every area that has an array of pages."""
    found = {}
    for vm in _areas(ctx):
        count = min(vm.nr_pages, vm.size >> ctx.arch.page_shift, MAX_AREA_PAGES)
        if not vm.pages or count <= 0:
            found[vm.addr] = vm, _mapped_pages(ctx, vm)
            continue
        try:
            data = ctx.memory.read(vm.pages, count * ctx.read.word)
        except FaultError:
            continue
        addrs = (int.from_bytes(data[at:at + ctx.read.word], ctx.read.order)
                 for at in range(0, len(data), ctx.read.word))
        found[vm.addr] = vm, tuple(ctx.pages.pfn(addr) for addr in addrs)
    return found


def _mapped_pages(ctx: Context, vm: VmStruct) -> tuple[Optional[int], ...]:
    """The frames behind an area that keeps no array of its pages, by the kernel's page tables."""
    shift = ctx.arch.page_shift
    if vm.flags & VM_IOREMAP or not 0 < vm.size >> shift <= MAX_WALKED_PAGES:
        return ()
    found = (phys_of(ctx, addr) for addr in range(vm.addr, vm.addr + vm.size, 1 << shift))
    return tuple(phys >> shift if phys is not None else None for phys in found)


def area_pages(ctx: Context) -> dict[int, tuple[VmStruct, tuple[Optional[int], ...]]]:
    """Areas by their address, each with the pfns of its pages in order. Raises MissingError, FaultError."""
    return ctx.once("holders.areas", _read_areas)


def _vmalloc(ctx: Context) -> Iterator[tuple[int, tuple[str, str]]]:
    """Pages of areas."""
    for vm, pfns in area_pages(ctx).values():
        symbol = symbolize(ctx, vm.caller) if vm.caller else None
        held = frame.VMALLOC, symbol.name if symbol is not None else ""
        yield from ((pfn, held) for pfn in pfns if pfn is not None)


def _stacks(ctx: Context) -> Iterator[tuple[int, tuple[str, str]]]:
    """Kernel stacks of tasks, in the linear map or in an area of their own."""
    shift, areas, held = ctx.arch.page_shift, area_pages(ctx), (frame.STACK, "")
    size = stack_bytes(ctx)
    for task in tasks(ctx):
        try:
            stack = ctx.read.member("task_struct", task, "stack")
        except FaultError:
            continue
        phys = ctx.arch.virt_to_phys(stack)
        if stack in areas:
            yield from ((pfn, held) for pfn in areas[stack][1] if pfn is not None)
        elif phys is not None and size:
            yield from ((pfn, held) for pfn in range(phys >> shift, phys + size + (1 << shift) - 1 >> shift))


def stack_bytes(ctx: Context) -> int:
    """THREAD_SIZE, as the first task's stack has it; 0 where it is not known."""
    union = ctx.layout.find_variable("init stack")
    size = union.type.size if union is not None and union.type is not None else 0
    if not size:
        try:
            size = ctx.read.address("init stack end") - ctx.read.address("init stack start")
        except MissingError:
            size = 0
    return size if 0 < size <= MAX_STACK_BYTES else 0


def _percpu(ctx: Context) -> Iterator[tuple[int, tuple[str, str]]]:
    """What is populated of the chunks but the first one, for every unit, by the kernel's page tables."""
    shift, held = ctx.arch.page_shift, (frame.PERCPU, "")
    offsets = ctx.read.value("percpu unit offsets")
    each = [ctx.read.unsigned(offsets + cpu * ctx.read.word) for cpu in cpu_offsets(ctx)] if offsets else []
    left = MAX_PERCPU_PAGES
    for chunk in chunks(ctx)[0]:
        if chunk.kind == FIRST:
            continue
        for offset in dict.fromkeys(each):
            for span in chunk.populated:
                start = chunk.base_addr + offset
                left -= span.size >> shift
                if left < 0:
                    return
                for addr in range(start + span.offset, start + span.end, 1 << shift):
                    phys = phys_of(ctx, addr & (1 << ctx.read.word * 8) - 1)
                    if phys is not None:
                        yield phys >> shift, held


def phys_of(ctx: Context, addr: int) -> Optional[int]:
    """Where an address of the kernel is mapped."""
    phys = ctx.arch.virt_to_phys(addr)
    root = ctx.arch.mmu.root(addr) if phys is None else None
    if root is None:
        return phys
    try:
        return mapped(ctx.arch.mmu.walk(ctx.read_phys, root.phys, addr), addr)
    except FaultError:
        return None


def _tables(ctx: Context) -> Iterator[tuple[int, tuple[str, str]]]:
    """The first page table of each process."""
    shift = ctx.arch.page_shift
    for task in tasks(ctx):
        try:
            mm = ctx.read.member("task_struct", task, "mm")
            phys = ctx.arch.virt_to_phys(ctx.read.member("mm_struct", mm, "pgd")) if mm else None
        except FaultError:
            continue
        if phys is not None:
            for pfn in range(phys >> shift, phys + ctx.arch.pgd_bytes + (1 << shift) - 1 >> shift):
                yield pfn, (frame.PAGETABLE, FIRST_TABLE)
