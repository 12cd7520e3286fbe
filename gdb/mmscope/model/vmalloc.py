# SPDX-License-Identifier: GPL-2.0-or-later
"""The vmalloc addresses in all: who has what, what waits for a flush, what is free. Mirrors helper/mm/vmalloc.c.

  VMALLOC-1  each list is sorted by address, has no overlap and holds the nodes of its tree; no two areas overlap
  VMALLOC-2  every area is page-aligned and inside the ranges for such areas
  VMALLOC-3  an area's vm has the area's address and size
  VMALLOC-5  vmap_lazy_nr is the pages of the freed areas that wait for a flush
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterator, Optional

from ..errors import MissingError, MmError
from .context import Context
from .kallsyms import symbolize
from .problem import Problem
from .vmarea import BUSY, LAZY, PURGING, VmapArea, all_areas, free_areas, vmalloc_ranges
from .vmblock import VmapBlock, vmap_blocks
from .vmstruct import VM_ALLOC, VM_IOREMAP, VM_MAP, VmStruct, early_areas, is_ready

VM_MAP_RAM, EARLY, OTHER = "vm_map_ram", "early", "other"


@dataclass(frozen=True)
class Area:
    """One range of addresses."""

    start: int
    end: int
    size: int                       # bytes, guard page included
    kind: str                       # vmalloc, vmap, ioremap, other, vm_map_ram, lazy, purging, pooled
    node: Optional[int]             # number of its vmap node; None where there are none
    flags: Optional[int]            # vm_struct.flags; None without one
    flag_names: tuple[str, ...]
    nr_pages: Optional[int]
    page_order: Optional[int]
    phys: Optional[int]             # of an ioremap
    caller: Optional[int]
    caller_symbol: Optional[str]
    requested_size: Optional[int]   # None: not kept
    vm: Optional[int]               # address of the struct vm_struct
    vmap_area: Optional[int]        # address of the struct vmap_area
    pages: Optional[int] = field(metadata={"json": False})      # address of the array of its pages


@dataclass(frozen=True)
class Free:
    """Addresses that nobody has."""

    start: int
    end: int
    size: int


@dataclass(frozen=True)
class Vmalloc:
    """Everything, by address."""

    ready: bool                     # False: before vmalloc_init(), areas are those registered early
    start: Optional[int]            # of the vmalloc area; None: not known
    end: Optional[int]
    areas: tuple[Area, ...]
    blocks: tuple[VmapBlock, ...]   # vm_map_ram()'s
    free: tuple[Free, ...]          # in [start, end) where that is known
    lazy_pages: Optional[int]       # as the kernel counts them
    page_bytes: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class VmallocPlace:
    """Where in all that one address is."""

    addr: int
    area: Optional[Area]            # None: in none
    offset: Optional[int]           # from its start
    page: Optional[int]             # address of the struct page that is mapped there, by the area's array
    pfn: Optional[int]
    free: Optional[Free]            # the free range, when there is no area
    problems: tuple[Problem, ...]


def vmalloc_report(ctx: Context) -> Vmalloc:
    """Decode and check everything. Raises MissingError, FaultError."""
    ranges, page_bytes = vmalloc_ranges(ctx), 1 << ctx.arch.page_shift
    start, end = ranges[0] if ranges else (None, None)
    if not is_ready(ctx):
        found, problems = early_areas(ctx)
        areas = sorted((_from_vm(ctx, vm) for vm in found), key=lambda area: area.start)
        free = tuple(_gaps(areas, start, end)) if start is not None else ()
        return Vmalloc(False, start, end, tuple(areas), (), free, None, page_bytes, problems)
    lists, listed_free = all_areas(ctx), free_areas(ctx)
    blocks = vmap_blocks(ctx, {area.vmap_area: area for area in lists.areas})
    problems = list(lists.problems + blocks.problems)
    raw = sorted(lists.areas, key=lambda area: (area.start, area.end))
    areas = [_from_area(ctx, area) for area in raw]
    if listed_free is not None:
        problems += listed_free.problems
        free = tuple(_cut(listed_free.areas, start, end))
        raw = sorted([*raw, *listed_free.areas], key=lambda area: (area.start, area.end))
    else:
        free = tuple(_gaps(areas, start, end)) if start is not None else ()
    lazy_pages = ctx.read.find("vmap lazy pages")
    problems += _check_overlap(raw)
    problems += (problem for area in lists.areas for problem in _check_area(area, ranges, page_bytes))
    problems += _check_lazy(lists.areas, lazy_pages, page_bytes)
    return Vmalloc(True, start, end, tuple(areas), blocks.blocks, free, lazy_pages, page_bytes, tuple(problems))


def find_address(ctx: Context, text: str) -> VmallocPlace:
    """The area that holds an address, given as an expression. Raises MmError, FaultError."""
    value = ctx.host.evaluate(text).value
    addr = value & (1 << ctx.read.word * 8) - 1
    report = vmalloc_report(ctx)
    area = next((area for area in report.areas if area.start <= addr < area.end), None)
    if area is None:
        free = next((free for free in report.free if free.start <= addr < free.end), None)
        if free is None:
            where = f"{report.start:#x} to {report.end:#x}" if report.start is not None and report.end is not None \
                else "the areas that there are"
            raise MmError(f"{addr:#x} is in no area: the vmalloc area is {where}")
        return VmallocPlace(addr, None, None, None, None, free, report.problems)
    offset = addr - area.start
    page = _page_at(ctx, area, offset)
    return VmallocPlace(addr, area, offset, page, ctx.pages.pfn(page) if page else None, None, report.problems)


def _page_at(ctx: Context, area: Area, offset: int) -> Optional[int]:
    """The struct page that an area's array has for an offset; None without one, as behind the last page."""
    index = offset >> ctx.arch.page_shift
    if not area.pages or not area.nr_pages or index >= area.nr_pages:
        return None
    return ctx.read.unsigned(area.pages + index * ctx.read.word)


def kind_of(vm: VmStruct) -> str:
    """What an area is for, by the flags of its vm_struct."""
    for mask, kind in ((VM_IOREMAP, "ioremap"), (VM_ALLOC, "vmalloc"), (VM_MAP, "vmap")):
        if vm.flags & mask:
            return kind
    return OTHER


def _from_vm(ctx: Context, vm: VmStruct, area: Optional[VmapArea] = None) -> Area:
    """An area with an owner."""
    start, end = (area.start, area.end) if area is not None else (vm.addr, vm.addr + vm.size)
    named = symbolize(ctx, vm.caller) if vm.caller else None
    return Area(start, end, end - start, kind_of(vm), area.node if area is not None else None, vm.flags, vm.flag_names,
                vm.nr_pages, vm.page_order, vm.phys or None, vm.caller or None,
                named.text if named is not None else None, vm.requested_size or None, vm.vm,
                area.vmap_area if area is not None else None, vm.pages)


def _from_area(ctx: Context, area: VmapArea) -> Area:
    """Any area."""
    if area.vm is not None:
        return _from_vm(ctx, area.vm, area)
    kind = VM_MAP_RAM if area.state == BUSY else area.state
    return Area(area.start, area.end, area.size, kind, area.node, None, (), None, None, None, None, None, None, None,
                area.vmap_area, None)


def _cut(areas: tuple[VmapArea, ...], start: Optional[int], end: Optional[int]) -> Iterator[Free]:
    """Free ranges, as far as they lie in the vmalloc area: the kernel lists all other addresses as free too."""
    for area in areas:
        low, high = area.start, area.end
        if start is not None and end is not None:
            low, high = max(low, start), min(high, end)
        if low < high:
            yield Free(low, high, high - low)


def _gaps(areas: list[Area], start: Optional[int], end: Optional[int]) -> Iterator[Free]:
    """What is between areas that are sorted."""
    if start is None or end is None:
        raise MissingError("the vmalloc area's bounds are not known")
    for area in areas:
        if start < area.start <= end:
            yield Free(start, area.start, area.start - start)
        start = max(start, area.end)
    if start < end:
        yield Free(start, end, end - start)


def _check_overlap(areas: list[VmapArea]) -> Iterator[Problem]:
    """The part of VMALLOC-1 that one list alone cannot tell."""
    for last, area in zip(areas, areas[1:]):
        if last.end > area.start:
            yield Problem("VMALLOC-1", f"area {area.start:#x}", f"{last.end:#x} or above", area.start,
                          f"the {area.state} area {area.start:#x} to {area.end:#x} lies over the {last.state} one "
                          f"{last.start:#x} to {last.end:#x}")


def _check_area(area: VmapArea, ranges: tuple[tuple[int, int], ...], page_bytes: int) -> Iterator[Problem]:
    """VMALLOC-2, VMALLOC-3."""
    where = f"{area.state} area {area.start:#x}"
    if (area.start | area.end) % page_bytes:
        yield Problem("VMALLOC-2", where, f"multiples of {page_bytes:#x}", area.start,
                      f"{where} to {area.end:#x} is not page-aligned")
    if ranges and not any(start <= area.start and area.end <= end for start, end in ranges):
        told = ", ".join(f"{start:#x} to {end:#x}" for start, end in ranges)
        yield Problem("VMALLOC-2", where, told, area.start, f"{where} to {area.end:#x} is not in {told}")
    if area.vm is not None and (area.vm.addr, area.vm.size) != (area.start, area.size):
        yield Problem("VMALLOC-3", where, f"{area.start:#x}, {area.size:#x} bytes", area.vm.addr,
                      f"{where}: its vm_struct says {area.vm.addr:#x}, {area.vm.size:#x} bytes")


def _check_lazy(areas: tuple[VmapArea, ...], counted: Optional[int], page_bytes: int) -> Iterator[Problem]:
    """VMALLOC-5."""
    pages = sum(area.size for area in areas if area.state in (LAZY, PURGING)) // page_bytes
    if counted is not None and pages != counted:
        yield Problem("VMALLOC-5", "vmap_lazy_nr", pages, counted,
                      f"vmap_lazy_nr is {counted}, the areas that wait for a flush have {pages} pages")
