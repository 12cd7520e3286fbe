# SPDX-License-Identifier: GPL-2.0-or-later
"""One page frame and its struct page. Mirrors helper/include/mm/mm_types.h.

  PAGE-1  the zone link in flags is that of a zone whose span holds the pfn; in holes and outside of all zones it means
          nothing
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional

from ..errors import MmError
from ..layout.pagetype import page_type
from .address import Place
from .context import Context
from .migratetype import migratetype_names, pageblock_migratetype
from .pagecontent import content, flags_kind, mappings
from .pageuse import DEFERRED, HOLE, Use, is_deferred, use_of
from .problem import Problem
from .zone import Zone, zones


@dataclass(frozen=True)
class Page:
    """What the kernel knows of one page frame."""

    given: str
    pfn: int
    phys: int
    page: int                       # address of the struct page
    virt: Optional[int]             # None: HighMem, not mapped
    node: int                       # as page->flags says
    zone: Optional[str]             # None: the zone link is no zone of the node, or means nothing in a hole
    kind: str                       # free, pcp, reserved, slab, pagetable, compound, used, hole, deferred
    order: Optional[int]            # of the block that it belongs to: free, on a CPU's list, slab or compound
    block_pfn: Optional[int]        # first page of that block
    cpu: Optional[int]              # kind pcp: on whose list it is
    pcp_migratetype: Optional[str]  # kind pcp: on which of its lists
    cache: Optional[str]            # kind slab: name of its cache
    owner: Optional[str]            # kind reserved: what is in it, as mm memblock says
    owner_source: Optional[str]
    migratetype: Optional[str]      # of its pageblock
    flags: int
    flag_names: tuple[str, ...]     # as they are called in a page of this kind
    refcount: int
    mapcount: int                   # as stored: one less than the number of mappings, where the page has no type
    type: Optional[str]             # page->page_type, which lies over mapcount: buddy, slab, table, ... or none
    mappings: Optional[int]         # entries of user page tables that map it; None where that is not worked out
    content: Optional[str]          # anon, file, ksm, movable, zero; None where the page does not say
    private: int
    mapping: int
    index: int
    problems: tuple[Problem, ...] = ()


def page_of(ctx: Context, place: Place) -> Page:
    """Decode the page at a place. Raises MmError when there is no struct page for it, FaultError."""
    if place.page is None:
        raise MmError(ctx.pages.why_not(place.pfn))
    record = ctx.read.record("page", place.page)
    flags = record.get("flags")
    nothing = HOLE if place.hole else DEFERRED if is_deferred(ctx, place.pfn, record) else None
    zone = None if nothing else page_zone(ctx, flags)
    use = Use(nothing) if nothing else use_of(ctx, place.pfn, record, zone)
    names = ctx.page_flags.decode(flags, flags_kind(ctx, place.pfn, record, use))
    return Page(
        place.given, place.pfn, place.phys, place.page, place.virt, ctx.page_flags.node(flags),
        zone.name if zone else None, use.kind, use.order, use.block_pfn, use.cpu, use.pcp_migratetype, use.cache,
        use.owner, use.owner_source, _migratetype(ctx, zone, place.pfn), flags, names, record.get("refcount"),
        record.get("mapcount"), page_type(ctx.layout, record), mappings(ctx, place.pfn, record, use),
        content(ctx, place.pfn, record, use), record.get("private"), record.get("mapping"), record.get("index"),
        () if nothing else tuple(_check_zone(ctx, place.pfn, zone)))


def _check_zone(ctx: Context, pfn: int, zone: Optional[Zone]) -> Iterator[Problem]:
    """PAGE-1."""
    held = ", ".join(each.name for each in zones(ctx) if each.start_pfn <= pfn < each.end_pfn)
    if not held or zone is not None and zone.start_pfn <= pfn < zone.end_pfn:
        return
    link = f"zone {zone.name}, which is pfn {zone.start_pfn:#x} to {zone.end_pfn:#x}" if zone else "no zone of its node"
    yield Problem("PAGE-1", f"pfn {pfn:#x}", held, zone.name if zone else None,
                  f"pfn {pfn:#x}: its flags link to {link}")


def page_zone(ctx: Context, flags: int) -> Optional[Zone]:
    """The zone that page->flags links to; None when the node has no such zone."""
    index, node = ctx.page_flags.zone(flags), ctx.page_flags.node(flags)
    return next((zone for zone in zones(ctx) if (zone.index, zone.node) == (index, node)), None)


def _migratetype(ctx: Context, zone: Optional[Zone], pfn: int) -> Optional[str]:
    """Name of the migratetype of the pageblock."""
    number = pageblock_migratetype(ctx, zone, pfn) if zone is not None else None
    names = migratetype_names(ctx)
    return names[number] if number is not None and number < len(names) else None
