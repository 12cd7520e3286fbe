# SPDX-License-Identifier: GPL-2.0-or-later
"""Who has reserved what: facts found in symbols, in the device tree and in the CMA table, matched to memory.

Only what is known is named; the rest of a region is counted as other bytes, never guessed.
"""
from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Iterator, Optional

from ..errors import FaultError, MissingError
from ..layout.tablewalk import leaves
from . import fdt
from .buddy import order_count
from .context import Context
from .migratetype import pageblock_bits, pageblock_order
from .ownerlog import RECORDED, log_of
from .pagemap import section_shift, sections
from .paint import within, without
from .percpu import cpu_offsets

MAX_CMA_AREAS = 1024
MAX_STEPS = 1 << 16         # of a walk along an array of struct page
NAME_LIMIT = 64


@dataclass(frozen=True)
class Owner:
    """A range of physical memory [start, end), what is in it, and how that is known."""

    start: int
    end: int
    name: str
    source: str
    general: bool = False       # says only that it is reserved: not named beside an owner that says more

    @property
    def recorded(self) -> bool:
        """Whether it says who has reserved it, not what it is: named where nothing says that."""
        return self.source == RECORDED


def owner_of(owners: list[Owner], start: int, end: int) -> tuple[Optional[str], Optional[str]]:
    """Name and source of what lies in [start, end); (None, None) when nothing known does.

    What no owner covers is that of who was recorded to reserve it. The rest is counted, apart from what is known to be
    reserved by the device tree.
    """
    every = sorted({(owner.start, owner.end, owner.general, owner.recorded): owner for owner in reversed(owners)
                    if owner.start < end and start < owner.end}.values(), key=lambda owner: (owner.start, owner.end))
    inside = [owner for owner in every if not owner.recorded]
    special = [owner for owner in inside if not owner.general]
    rest = without([(start, end)], [(owner.start, owner.end) for owner in inside])
    by = [owner for owner in every if owner.recorded and within(rest, owner.start, owner.end)]
    if not inside and not by:
        return None, None
    names = list(dict.fromkeys(owner.name for owner in special or inside))
    named, known = _covered(special, start, end), _covered(inside, start, end)
    if special and known > named:
        names.append(f"{known - named:#x} bytes reserved by the device tree")
    names += dict.fromkeys(owner.name for owner in by)
    known = _covered(sorted(inside + by, key=lambda owner: (owner.start, owner.end)), start, end)
    if end - start > known:
        names.append(f"{end - start - known:#x} other bytes")
    sources = dict.fromkeys(owner.source for owner in inside if not special or not owner.general or known > named)
    return ", ".join(names), ", ".join(dict.fromkeys([*sources, *(owner.source for owner in by)]))


def _covered(owners: list[Owner], start: int, end: int) -> int:
    """Bytes of [start, end) that lie in any owner; the owners are sorted."""
    covered, at = 0, start
    for owner in owners:
        covered += max(0, min(owner.end, end) - max(owner.start, at))
        at = max(at, min(owner.end, end))
    return covered


def find_owners(ctx: Context) -> list[Owner]:
    """Everything that is known at this stage, the best name of a range first. What cannot be read is left out.

    Found once a stop: nobody changes the list.
    """
    return ctx.once("owners.every", _find_owners)


def _find_owners(ctx: Context) -> list[Owner]:
    """Ask each source."""
    found: list[Owner] = []
    for source in (_page_table, _kernel, _initrd, _mem_map, _vmemmap, _page_ext, _percpu, _tables, _pageblocks,
                   _sections, _nodes, _swiotlb, _cma, _device_tree, _recorded):
        try:
            found += source(ctx)
        except (MissingError, FaultError, fdt.FdtError):
            continue
    return found


def _page_table(ctx: Context) -> Iterator[Owner]:
    """The kernel's first-level page table."""
    start, length = ctx.arch.virt_to_phys(ctx.read.address("swapper_pg_dir")), ctx.arch.pgd_bytes
    if start is not None:
        yield Owner(start, start + length, "page table swapper_pg_dir", "symbol")


def _kernel(ctx: Context) -> Iterator[Owner]:
    """The kernel's own image."""
    start = ctx.arch.virt_to_phys(ctx.read.address("kernel start"))
    last = ctx.arch.virt_to_phys(ctx.read.address("kernel end") - 1)
    if start is not None and last is not None:
        yield Owner(start, last + 1, "kernel image", "symbols _stext, _end")


def _device_tree(ctx: Context) -> Iterator[Owner]:
    """The tree itself, and what it reserves."""
    addr = ctx.read.value("device tree")
    extent = fdt.extent(ctx.memory.read(addr, fdt.HEADER.size))
    start = ctx.arch.virt_to_phys(addr)
    if start is None:       # mapped apart from the linear map, since v5.11
        start = _unless_freed(ctx, "device tree phys")
    if start is not None:
        yield Owner(start, start + extent.total_bytes, "device tree", "initial_boot_params")
    for entry in fdt.reservations(ctx.memory.read(addr, extent.used_bytes)):
        if entry.name:
            yield Owner(entry.base, entry.base + entry.size, entry.name, "/reserved-memory")
        else:
            yield Owner(entry.base, entry.base + entry.size, "reserved by the device tree", "/memreserve/", True)


def _initrd(ctx: Context) -> Iterator[Owner]:
    """The initial RAM disk, until it is freed."""
    start = ctx.arch.virt_to_phys(ctx.read.value("initrd_start"))
    end = ctx.arch.virt_to_phys(ctx.read.value("initrd_end") - 1)
    if start is not None and end is not None:
        yield Owner(start, end + 1, "initrd", "initrd_start, initrd_end")
        return
    start = _unless_freed(ctx, "phys_initrd_start")
    if start:
        yield Owner(start, start + ctx.read.value("phys_initrd_size"), "initrd", "phys_initrd_start")


def _unless_freed(ctx: Context, name: str) -> Optional[int]:
    """The value of a variable, or None when there is none, or it was in init memory that is freed."""
    variable = ctx.layout.find_variable(name)
    return ctx.read.value(name) if variable is not None and not ctx.freed(variable.addr) else None


def _mem_map(ctx: Context) -> Iterator[Owner]:
    """The array of struct page (FLATMEM). It is as long as the node's span rounded out to the largest block."""
    if ctx.layout.find_variable("mem_map") is None or ctx.arch.phys_offset is None:
        return
    pages = ctx.pages
    largest = 1 << order_count(ctx) - 1
    first = max(pages.start_pfn // largest * largest, ctx.arch.phys_offset >> ctx.arch.page_shift)
    start = ctx.arch.virt_to_phys(pages.page(first))
    if start is not None:
        length = (-(-pages.end_pfn // largest) * largest - first) * pages.page_bytes
        yield Owner(start, start + length, "mem_map", "mem_map")


def _page_ext(ctx: Context) -> Iterator[Owner]:
    """The guest's table beside mem_map; Linux keeps its size nowhere that this knows."""
    addr, first, end = (ctx.read.value(f"page_ext {name}") for name in ("table", "start", "end"))
    start = ctx.arch.virt_to_phys(addr)
    if start is not None and first < end:
        length = (end - first) * ctx.layout.struct("page_ext").size
        yield Owner(start, start + length, "page_ext", "page_ext_table")


def _percpu(ctx: Context) -> Iterator[Owner]:
    """Each CPU's part of the first chunk. What a part does not need of its unit it gave back."""
    base, offsets = ctx.read.value("percpu base"), ctx.read.value("percpu unit offsets")
    if not base or not offsets:
        return
    length = ctx.read.find("percpu first chunk end") or ctx.read.value("percpu unit size")
    for cpu in cpu_offsets(ctx):
        start = ctx.arch.virt_to_phys(base + ctx.read.unsigned(offsets + cpu * ctx.read.word))
        if start is not None and length > 0:
            yield Owner(start, start + length, "per-CPU areas", "pcpu_base_addr")


def _tables(ctx: Context) -> Iterator[Owner]:
    """Second-level page tables, kmap's and vmalloc's first ones."""
    for start in sorted(ctx.kernel_tables):
        yield Owner(start, start + (1 << ctx.arch.page_shift), "page tables", "swapper_pg_dir")


def _pageblocks(ctx: Context) -> Iterator[Owner]:
    """Migratetypes of the pageblocks, a bit map for each zone."""
    bits, order = pageblock_bits(ctx), pageblock_order(ctx)
    for addr in ctx.zone_addrs:
        zone = ctx.read.record("zone", addr)
        start = ctx.arch.virt_to_phys(zone.find("pageblock_flags") or 0)
        if start is None or bits is None:
            continue
        first = zone.get("zone_start_pfn") >> order
        end = zone.get("zone_start_pfn") + zone.get("spanned_pages")
        blocks = -(-end >> order) - first
        words = -(-blocks * bits.count // (ctx.read.word * 8))
        yield Owner(start, start + words * ctx.read.word, "pageblock types", "pageblock_flags")


def _nodes(ctx: Context) -> Iterator[Owner]:
    """A struct pglist_data for each node (NUMA)."""
    if ctx.layout.variable("node").path != "node_data":
        return
    for addr in ctx.node_addrs:
        start = ctx.arch.virt_to_phys(addr)
        if start is not None:
            yield Owner(start, start + ctx.layout.struct("pglist_data").size, "struct pglist_data", "node_data")


def _sections(ctx: Context) -> Iterator[Owner]:
    """What SPARSEMEM needs beside the arrays: the table of sections, and each section's maps."""
    if ctx.layout.find_variable("mem_section") is None:
        return
    size, bits = ctx.layout.struct("mem_section").size, pageblock_bits(ctx)
    length = ctx.layout.field("mem_section_usage.pageblock_flags").offset
    if bits is not None:
        blocks = 1 << section_shift(ctx.read) - ctx.arch.page_shift - pageblock_order(ctx)
        length += -(-blocks * bits.count // (ctx.read.word * 8)) * ctx.read.word
    for _, addr in sections(ctx.read, ctx.arch):
        for at, bytes_, what in ((addr, size, "sections"),
                                 (ctx.read.record("mem_section", addr).get("usage"), length, "pageblock types")):
            start = ctx.arch.virt_to_phys(at)
            if start is not None:
                yield Owner(start, start + bytes_, what, "mem_section")


def _vmemmap(ctx: Context) -> Iterator[Owner]:
    """The arrays of struct page (SPARSEMEM), found through the kernel's page tables: what is one piece is one owner."""
    top = (1 << ctx.arch.address_bits) - 1
    root, form = ctx.arch.mmu.root(top), ctx.arch.mmu.format(top)
    if ctx.layout.find_variable("mem_section") is None or root is None:
        return
    for run in ctx.pages.runs:
        start, end = (run.zero + pfn * ctx.pages.page_bytes for pfn in (run.start_pfn, run.end_pfn))
        pieces: list[tuple[int, int]] = []
        for leaf in islice(leaves(ctx.read_phys, root.phys, form, start, end), MAX_STEPS):
            low, high = max(start, leaf.addr), min(end, leaf.addr + leaf.size)
            phys = leaf.phys + low - leaf.addr
            first = pieces.pop()[0] if pieces and pieces[-1][1] == phys else phys
            pieces.append((first, phys + high - low))
        for first, last in pieces:
            yield Owner(first, last, "mem_map", "mem_section")


def _swiotlb(ctx: Context) -> Iterator[Owner]:
    """Bounce buffers for devices that do not reach all memory."""
    start, end = ctx.read.value("swiotlb start"), ctx.read.value("swiotlb end")
    if 0 < start < end:
        yield Owner(start, end, "swiotlb", ctx.layout.variable("swiotlb start").path)


def _cma(ctx: Context) -> Iterator[Owner]:
    """Contiguous memory areas."""
    table = ctx.layout.variable("cma_areas")
    step = ctx.layout.struct("cma").size
    room = table.type.count if table.type is not None else 0
    for index in range(min(ctx.read.value("cma_area_count"), room, MAX_CMA_AREAS)):
        area = ctx.read.record("cma", table.addr + index * step)
        start = area.get("base_pfn") << ctx.arch.page_shift
        name = ctx.read.name(area, "name", NAME_LIMIT) or str(index)
        yield Owner(start, start + (area.get("count") << ctx.arch.page_shift), f"CMA {name}", "cma_areas")


def _recorded(ctx: Context) -> Iterator[Owner]:
    """Who has reserved or allocated it, as mm owners record saw: neighbours that one function took are one range."""
    log = log_of(ctx)
    for pieces in (log.pools, log.reserved) if log is not None else ():
        found: list[tuple[int, int, str]] = []
        for piece in sorted(pieces, key=lambda piece: piece.start):
            start, name = piece.start, f"{piece.event.kind} by {piece.event.by.name}"
            if found and found[-1][1:] == (start, name):
                start = found.pop()[0]
            found.append((start, piece.end, name))
        yield from (Owner(start, end, name, RECORDED) for start, end, name in found)
