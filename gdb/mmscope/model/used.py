# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages in use, but for those of slabs: who holds one, and what keeps it from being free."""
from __future__ import annotations

from typing import Callable, Iterator, Optional

from ..errors import FaultError, MissingError
from ..layout.reader import Record
from . import frame
from .address import Place
from .context import Context
from .evidence import Evidence, Told, nth, pages
from .holders import area_pages, stack_bytes
from .kallsyms import symbolize
from .pagecontent import KSM, ZERO, is_zero_page
from .pageuse import compound_head, compound_order
from .percpuplace import percpu_place
from .tasks import tasks
from .vmstruct import VmStruct

NAME_LIMIT = 32
TOLD_TABLES = 4             # of one page: with short descriptors up to four are in it
COUNT = "refcount"


def used_page(ctx: Context, place: Place, page: Record, kind: str, detail: str, by: Optional[str]) -> Told:
    """What is to be said of a page of one of frame's kinds from pagetable on; by is who allocated it, where known.

    Raises MissingError, FaultError.
    """
    told = _BY_KIND[kind](ctx, place, page, detail)
    if by is not None and kind in frame.UNKNOWN:
        told = Told(f"in use: allocated by {by}, and free when that gives it back", (
            Evidence("kept by", f"{COUNT} {page.get('refcount')}: who took it has to free it"),))
    return Told(told.verdict, (*told.evidence, *_block(ctx, place.pfn, page)))


def _block(ctx: Context, pfn: int, page: Record) -> Iterator[Evidence]:
    """The compound page that it is of."""
    head_pfn, head = compound_head(ctx, pfn, page)
    if head_pfn is None:
        return
    order = compound_order(ctx, head_pfn, head)
    size = f"order {order}, {pages(1 << order)}" if order is not None else "of unknown order"
    yield Evidence("compound page", f"from pfn {head_pfn:#x} on, {size}; this is the {nth(pfn - head_pfn)}")
    if head_pfn != pfn:
        yield Evidence("first page", f"{COUNT} {head.get('refcount')}, mapping {head.get('mapping'):#x}: these count")


def _table(ctx: Context, place: Place, page: Record, detail: str) -> Told:
    """Page tables: the kernel's by their place, a process's first one by its task."""
    shift = ctx.arch.page_shift
    by_frame = ctx.once("used.tables", _tables_by_frame)
    here = by_frame.get(place.pfn, [])
    if here:
        evidence = [Evidence("table", f"{level} entries for {start:#x} to {start + size - 1:#x}, of the kernel's own")
                    for level, start, size in here[:TOLD_TABLES]]
        level, start, _ = here[0]
        return Told(f"page table of the kernel: {level} entries for {start:#x} on", (
            *evidence, Evidence("kept by", "the entry above that leads to it: nothing frees tables of the kernel")))
    owner = ctx.once("used.first tables", lambda ctx: dict(_first_tables(ctx, shift))).get(place.pfn)
    if owner is not None:
        return Told(f"page table, the first one (pgd) of {owner}", (
            Evidence("kept by", "mm_struct.pgd: freed when the last user of this memory map is gone"),))
    return Told("page table of a program: entries that map its memory", (
        Evidence("struct page", "typed as a page table; whose, and of which level, it does not say"),
        Evidence("kept by", "the table above that leads to it: freed when the program unmaps that range, or ends")))


def _tables_by_frame(ctx: Context) -> dict[int, list[tuple[str, int, int]]]:
    """Level, first address and bytes of each of the kernel's tables, by page frame."""
    found: dict[int, list[tuple[str, int, int]]] = {}
    for phys, place in sorted(ctx.kernel_table_places.items()):
        found.setdefault(phys >> ctx.arch.page_shift, []).append((place.level, place.start, place.size))
    return found


def _first_tables(ctx: Context, shift: int) -> Iterator[tuple[int, str]]:
    """The pages of each process's first table, and the process."""
    for task in tasks(ctx):
        try:
            mm = ctx.read.member("task_struct", task, "mm")
            phys = ctx.arch.virt_to_phys(ctx.read.member("mm_struct", mm, "pgd")) if mm else None
        except (FaultError, MissingError):
            continue
        if phys is not None:
            for pfn in range(phys >> shift, (phys + ctx.arch.pgd_bytes - 1 >> shift) + 1):
                yield pfn, _task_name(ctx, task)


def _task_name(ctx: Context, task: int) -> str:
    """A task as people know it."""
    try:
        field = ctx.layout.field("task_struct.comm")
        name = ctx.read.string(task + field.offset, min(field.type.count, NAME_LIMIT))
        return f"{name or 'a task'}, pid {ctx.read.member('task_struct', task, 'pid')}"
    except (FaultError, MissingError):
        return f"the task at {task:#x}"


def _vmalloc(ctx: Context, place: Place, page: Record, detail: str) -> Told:
    """A page of a vmalloc area."""
    found = _areas_by_frame(ctx).get(place.pfn)
    if found is None:
        return Told(f"vmalloc memory{' of ' + detail if detail else ''}", ())
    vm, index, count = found
    caller = symbolize(ctx, vm.caller) if vm.caller else None
    who = caller.text if caller is not None else f"{vm.caller:#x}" if vm.caller else "unknown"
    addr = vm.addr + (index << ctx.arch.page_shift)
    return Told(f"vmalloc memory of {caller.name if caller is not None else who}: {nth(index)} page of the area at "
                f"{vm.addr:#x}", (*_area(vm, index, count, addr), Evidence("asked for by", who),
                                  Evidence("kept by", "the area: vfree of its address gives its pages back")))


def _area(vm: VmStruct, index: int, count: int, addr: int) -> Iterator[Evidence]:
    flags = " ".join(vm.flag_names) or "none"
    yield Evidence("area", f"{vm.addr:#x} to {vm.addr + vm.size:#x}, {pages(count)}, flags {flags}")
    yield Evidence("mapped at", f"{addr:#x}: {nth(index)} of its {pages(count)}")


def _areas_by_frame(ctx: Context) -> dict[int, tuple[VmStruct, int, int]]:
    """The area of each page frame that one has, which of its pages that is, and how many it has."""
    return ctx.once("used.areas", lambda ctx: {
        pfn: (vm, index, len(pfns)) for vm, pfns in area_pages(ctx).values()
        for index, pfn in enumerate(pfns) if pfn is not None})


def _stack(ctx: Context, place: Place, page: Record, detail: str) -> Told:
    """A page of a kernel stack: by its area, or by its place in the linear map."""
    found = _areas_by_frame(ctx).get(place.pfn)
    owners = ctx.once("used.stacks", _stacks)
    base = found[0].addr if found is not None else None
    if base is None and place.virt is not None:
        base = next((start for start in owners if start <= place.virt < start + owners[start][1]), None)
    task = owners[base][0] if base in owners else None
    who = _task_name(ctx, task) if task is not None else "a task"
    area = tuple(_area(*found, found[0].addr + (found[1] << ctx.arch.page_shift))) if found else ()
    where = (Evidence("stack", f"from {base:#x} on"),) if base is not None else ()
    return Told(f"kernel stack of {who}", (
        *where, *area, Evidence("kept by", "the task: freed, or kept for the next one, when it is gone")))


def _stacks(ctx: Context) -> dict[int, tuple[int, int]]:
    """Task and size by the address of its stack."""
    found, size = {}, stack_bytes(ctx)
    for task in tasks(ctx):
        try:
            found[ctx.read.member("task_struct", task, "stack")] = task, size
        except (FaultError, MissingError):
            continue
    return found


def _percpu(ctx: Context, place: Place, page: Record, detail: str) -> Told:
    """A page of a per-CPU chunk."""
    found = percpu_place(ctx, place.pfn)
    if found is None:
        return Told("per-CPU memory", ())
    return Told(f"per-CPU memory: CPU {found.cpu}'s unit of the chunk at {found.base:#x}", (
        Evidence("chunk", f"struct pcpu_chunk {found.chunk:#x}, offset 0 of CPU {found.cpu} at {found.base:#x}"),
        Evidence("mapped at", f"{found.addr:#x}: offset {found.addr - found.base:#x} of the unit"),
        Evidence("in use", f"{found.used_bytes} bytes of this page are allocated, on each CPU"),
        Evidence("kept by", "the chunk: its empty pages are given back later, by a worker, but for a few")))


def _huge(ctx: Context, place: Place, page: Record, detail: str) -> Told:
    """Of the pool of huge pages."""
    return Told("huge page of the hugetlb pool", (
        Evidence("kept by", "the pool: nr_hugepages has to become smaller for it to be freed"),))


def _file(ctx: Context, place: Place, page: Record, detail: str) -> Told:
    """Page cache: of which inode, at which place."""
    head = compound_head(ctx, place.pfn, page)[1]
    mapping, index = head.get("mapping") & ~3, head.get("index")
    host = _inode(ctx, mapping)
    flags = ctx.page_flags.decode(head.get("flags"))
    state = ", ".join(name for name in ("dirty", "writeback", "locked", "unevictable") if name in flags)
    kept = f"the page cache ({state})" if state else "the page cache: clean, reclaim may drop it"
    if "swapbacked" in flags:
        kept = "shared memory or tmpfs: this is the only copy, until its file goes or it is swapped out"
    return Told(f"page cache: page {index:#x} of {host}" if host else f"page cache: page {index:#x} of the file at "
                f"{mapping:#x}", (
        Evidence("mapping", f"struct address_space {mapping:#x}, index {index:#x}"),
        *((Evidence("file", host),) if host else ()),
        Evidence("kept by", kept + _counts(page))))


def _inode(ctx: Context, mapping: int) -> Optional[str]:
    """The inode of a mapping, and its file system."""
    def _of(ctx: Context) -> Optional[str]:
        try:
            host = ctx.read.member("address_space", mapping, "host")
            if not host:
                return None
            number, block = (ctx.read.member("inode", host, name) for name in ("i_ino", "i_sb"))
            field = ctx.layout.field("super_block.s_id")
            name = ctx.read.string(block + field.offset, min(field.type.count, NAME_LIMIT)) if block else None
        except (FaultError, MissingError):
            return None
        return f"inode {number}" + (f" on {name}" if name else "")
    return ctx.once(f"used.inode {mapping:x}", _of)


def _counts(page: Record) -> str:
    """Its counts, to stand behind what keeps it."""
    return f"; {COUNT} {page.get('refcount')}{_mapped(page)}"


def _mapped(page: Record) -> str:
    """How often it is mapped, where it is."""
    mapped = page.get("mapcount") + 1
    return f", mapped {mapped} time{'s' if mapped != 1 else ''}" if 0 < mapped < 1 << 16 else ""


def _anon(ctx: Context, place: Place, page: Record, detail: str) -> Told:
    """Anonymous memory of programs."""
    if is_zero_page(ctx, place.pfn) or detail == ZERO:
        return Told("the page of zeroes that is mapped wherever nothing was written yet", (
            Evidence("kept by", "the kernel itself: it is never freed"),))
    head = compound_head(ctx, place.pfn, page)[1]
    mapping = head.get("mapping") & ~3
    what = "shared by KSM" if detail == KSM else "anonymous memory of programs"
    swap = ", in the swap cache" if "swapcache" in ctx.page_flags.decode(head.get("flags"), frame.ANON) else ""
    return Told(f"{what}{_mapped(page)}{swap}", (
        Evidence("mapping", f"{'stable node' if detail == KSM else 'anon_vma'} {mapping:#x}, index "
                            f"{head.get('index'):#x}"),
        Evidence("kept by", "the programs that map it: freed when the last one unmaps it, or after it is swapped out"
                 + _counts(page))))


def _unknown(ctx: Context, place: Place, page: Record, detail: str) -> Told:
    """Taken from the allocator, and nothing says what for."""
    head_pfn, head = compound_head(ctx, place.pfn, page)
    count = head.get("refcount")
    said = f" ({detail})" if detail else ""
    if count == 0 and head_pfn is None:
        return Told(f"in use, not counted{said}: a later page of a larger block, or on its way from list to list", (
            Evidence("kept by", "refcount 0: the first page of its block counts, or whoever moves it just now"),))
    told = [Evidence("kept by", f"{COUNT} {count}: who took it has to free it")]
    if ctx.kind == "guest":     # Linux's records are not read
        told.append(Evidence("page_owner", "off: page_owner=on at boot records who takes each page"))
    return Told(f"in use{said}: taken with alloc_pages, and nothing says what for", tuple(told))


_BY_KIND: dict[str, Callable[[Context, Place, Record, str], Told]] = {
    frame.PAGETABLE: _table, frame.VMALLOC: _vmalloc, frame.STACK: _stack, frame.PERCPU: _percpu,
    frame.HUGETLB: _huge, frame.FILE: _file, frame.ANON: _anon, frame.COMPOUND: _unknown, frame.OTHER: _unknown}
