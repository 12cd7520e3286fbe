# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages that the page allocator does not have: no memory, reserved, or not handed over yet.

What is given back later is told by what gives it back: a function that this kernel has, or has not.
"""
from __future__ import annotations

import bisect
from typing import Iterator, Optional

from ..errors import FaultError, MissingError
from .address import Place
from .context import Context
from .evidence import Evidence, Told, nth
from .kept import reserved, spanning_zone
from .memblock import Region
from .ownerlog import chain_of, log_of
from .rammap import ram_ranges
from .reserved import owners_of
from .stage import Stage

CMA, INITRD, INIT = "CMA ", "initrd", "kernel init"
SOME_OWNERS = 4         # named of one page


def hole(ctx: Context, place: Place) -> Told:
    """No memory: what lies around it."""
    ranges = ram_ranges(ctx) or ()
    at = bisect.bisect_right(ranges, (place.phys, 1 << 64))
    evidence = []
    if at:
        evidence.append(Evidence("RAM below", f"{ranges[at - 1][0]:#x} to {ranges[at - 1][1]:#x}"))
    if at < len(ranges):
        evidence.append(Evidence("RAM above", f"{ranges[at][0]:#x} to {ranges[at][1]:#x}"))
    zone = spanning_zone(ctx, place.pfn)
    if zone is not None:
        evidence.append(Evidence("zone", f"{zone.name} spans it, from pfn {zone.start_pfn:#x} to {zone.end_pfn:#x}"))
    if place.page is not None:      # that there is none is said with the addresses
        evidence.append(Evidence("struct page", "there is one, it means nothing"))
    around = [f"{text} {edge:#x}" for text, edge in (
        ("ends at", ranges[at - 1][1] if at else None), ("begins at", ranges[at][0] if at < len(ranges) else None))
        if edge is not None]
    where = ": RAM " + " and ".join(around) if around else ""
    start, end = (place.pfn + each << ctx.arch.page_shift for each in (0, 1))
    part = sum(min(last, end) - max(first, start) for first, last in ranges if first < end and start < last)
    if part:
        evidence.insert(0, Evidence("in part", f"{part:#x} bytes of this page are memory; a zone has whole pages only"))
        return Told("hole: only a part of this page is memory", tuple(evidence))
    return Told(f"hole: there is no memory here{where}", tuple(evidence))


def reserved_page(ctx: Context, place: Place, owner: str) -> Told:
    """Reserved: by which region, for whom, and whether it comes back."""
    shift = ctx.arch.page_shift
    regions = reserved(ctx)
    here = _regions_of(regions, place.pfn << shift, place.pfn + 1 << shift) if regions is not None else []
    future, why = _future(ctx, place, owner)
    evidence = [*_owners(ctx, place.pfn), *_recorded(ctx, place.pfn), *_told_regions(ctx, place, regions, here),
                Evidence("later", why)]
    named = owner if owner.startswith("reserved") else f"reserved: {owner or 'not named'}"
    return Told(f"{named}{_where(regions, here)}; {future}", tuple(evidence))


def memblock_page(ctx: Context, place: Place) -> Told:
    """Free in memblock: who hands it over."""
    zone = spanning_zone(ctx, place.pfn)
    giver = "free_highpages" if place.virt is None and _has(ctx, "free_highpages") else next(
        (name for name in ("memblock_free_all", "free_all_bootmem") if _has(ctx, name)), "the hand-over")
    where = f" of zone {zone.name}" if zone is not None else ""
    return Told(f"not handed over yet: free in memblock; {giver} gives it to the buddy lists{where}", (
        Evidence("memblock", "in memblock.memory, and in no region of memblock.reserved"),
        Evidence("stage", ctx.stage.text if ctx.stage is not None else "unknown"),
        Evidence("later", f"{giver} frees whole blocks between the reserved regions")))


def deferred_page(ctx: Context, place: Place) -> Told:
    """Its struct page is not set up yet."""
    first = next((first for node in ctx.node_addrs for first in (
        ctx.read.member("pglist_data", node, "first_deferred_pfn"),)
        if place.pfn >= first and place.pfn < _node_end(ctx, node)), None)
    return Told("deferred: its struct page is set up late in the boot, only then is it freed", (
        Evidence("first deferred", "unknown" if first is None else f"pfn {first:#x}: from there on to the node's end"),
        Evidence("later", "a thread for each node, pgdatinit, sets up the rest and frees what memblock has free")))


def _node_end(ctx: Context, node: int) -> int:
    return sum(ctx.read.member("pglist_data", node, name) for name in ("node_start_pfn", "node_spanned_pages"))


def _regions_of(regions: tuple[Region, ...], start: int, end: int) -> list[int]:
    """Numbers of the regions that have a part of [start, end)."""
    return [number for number, region in enumerate(regions) if region.base < end and start < region.end]


def _where(regions: Optional[tuple[Region, ...]], here: list[int]) -> str:
    """Which region, for the verdict."""
    if regions is None or not here:
        return ""
    return f", memblock.reserved[{here[0]}]" + (f" and {len(here) - 1} more" if len(here) > 1 else "")


def _told_regions(ctx: Context, place: Place, regions: Optional[tuple[Region, ...]],
                  here: list[int]) -> Iterator[Evidence]:
    """Base and size of each region, and where in it the page is."""
    if regions is None:
        yield Evidence("region", "not known any more: this kernel has discarded its memblock after boot")
        return
    if not here:
        yield Evidence("region", "in none of memblock.reserved: memory that is never given out, or marked later")
    for number in here[:SOME_OWNERS]:
        region, shift = regions[number], ctx.arch.page_shift
        first, count = region.base >> shift, (region.end - 1 >> shift) - (region.base >> shift) + 1
        which = f", its {nth(place.pfn - first)} of {count} pages" if count > 1 else ""
        part = min(region.end, place.pfn + 1 << shift) - max(region.base, place.pfn << shift)
        which += f", {part:#x} bytes of this page" if part < 1 << shift else ""
        yield Evidence("region", f"memblock.reserved[{number}]: {region.base:#x} + {region.size:#x}{which}")
    if len(here) > SOME_OWNERS:
        yield Evidence("region", f"and {len(here) - SOME_OWNERS} more")
    start, end = place.pfn << ctx.arch.page_shift, place.pfn + 1 << ctx.arch.page_shift
    if 0 < sum(min(regions[each].end, end) - max(regions[each].base, start) for each in here) < end - start:
        yield Evidence("the rest", "of this page is nobody's: any reserved byte keeps a whole page")


def _owners(ctx: Context, pfn: int) -> Iterator[Evidence]:
    """All that is known to be in the page, by the byte."""
    shift = ctx.arch.page_shift
    start, end = pfn << shift, pfn + 1 << shift
    inside = owners_of(ctx, pfn)
    for owner in inside[:SOME_OWNERS]:
        part = "" if owner.start <= start and end <= owner.end else \
            f", {min(owner.end, end) - max(owner.start, start):#x} bytes of this page"
        yield Evidence("owner", f"{owner.name}, {owner.start:#x} to {owner.end:#x} (by {owner.source}){part}")
    if len(inside) > SOME_OWNERS:
        yield Evidence("owner", f"and {len(inside) - SOME_OWNERS} more, in parts of this page")


def _recorded(ctx: Context, pfn: int) -> Iterator[Evidence]:
    """Who was seen to reserve it, and by whom that was called."""
    log = log_of(ctx)
    start, end = pfn << ctx.arch.page_shift, pfn + 1 << ctx.arch.page_shift
    found = [piece.event for piece in (*log.pools, *log.reserved)
             if piece.start < end and start < piece.end] if log is not None else []
    told = list(dict.fromkeys(f"{event.kind} by {' < '.join(chain_of(event))}" for event in found))
    yield from (Evidence("recorded", text) for text in told[:SOME_OWNERS])
    if len(told) > SOME_OWNERS:
        yield Evidence("recorded", f"and {len(told) - SOME_OWNERS} more, of parts of this page")


def _future(ctx: Context, place: Place, owner: str) -> tuple[str, str]:
    """Whether it is ever given back: for the verdict, and in full."""
    running = ctx.stage is Stage.BOOTED
    if owner.startswith(CMA):
        if running:
            return "it was not given back", "cma_init_reserved_areas did not activate this area"
        return "given back by an initcall", ("cma_init_reserved_areas, an initcall, gives the pool to the buddy "
                                             "lists, as pageblocks of type CMA")
    if owner.startswith(INITRD) and _has(ctx, "free_initrd_mem"):
        return "given back once unpacked", "free_initrd_mem gives it back after it is unpacked"
    if owner.startswith(INIT) or _in_init(ctx, place):
        if _has(ctx, "free_initmem") and not running:
            return "given back after the boot", "free_initmem gives it back when the boot is over"
    return "never given back", "nothing frees it: it stays reserved"


def _in_init(ctx: Context, place: Place) -> bool:
    """Whether it lies in init memory."""
    try:
        return place.virt is not None and ctx.read.address("init start") <= place.virt < ctx.read.address("init end")
    except (MissingError, FaultError):
        return False


def _has(ctx: Context, function: str) -> bool:
    """Whether this kernel has a function."""
    return ctx.once(f"notgiven.has {function}", lambda ctx: ctx.layout.find_variable(function) is not None)
