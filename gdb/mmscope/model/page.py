# SPDX-License-Identifier: GPL-2.0-or-later
"""One page frame and its struct page. Mirrors helper/include/mm/mm_types.h.

  PAGE-1  the zone link in flags is that of the zone whose span holds the pfn; not so in holes, where it means nothing
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional

from ..errors import MmError
from ..layout.reader import Record
from .address import Place
from .buddy import is_buddy, order_count
from .context import Context
from .migratetype import migratetype_names, pageblock_migratetype
from .problem import Problem
from .zone import Zone, zones

HOLE = "hole"       # in the span of a node, but no memory


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
    kind: str                       # free, reserved, slab, compound, used, unused, hole
    order: Optional[int]            # of the free block that it belongs to
    block_pfn: Optional[int]        # first page of that block
    migratetype: Optional[str]      # of its pageblock
    flags: int
    flag_names: tuple[str, ...]
    refcount: int
    mapcount: int                   # as stored: one less than the number of mappings
    private: int
    mapping: int
    index: int
    problems: tuple[Problem, ...] = ()


def page_of(ctx: Context, place: Place) -> Page:
    """Decode the page at a place. Raises MmError when there is no struct page for it, FaultError."""
    if place.page is None:
        pages = ctx.pages
        raise MmError(f"pfn {place.pfn:#x} has no struct page: "
                      f"mem_map is for pfn {pages.start_pfn:#x} to {pages.end_pfn:#x}")
    record = ctx.read.record("page", place.page)
    flags = record.get("flags")
    names = ctx.page_flags.decode(flags)
    zone = None if place.hole else page_zone(ctx, flags)
    block = None if place.hole else free_block(ctx, place.pfn)
    kind = HOLE if place.hole else "free" if block else _kind(names, record)
    return Page(
        place.given, place.pfn, place.phys, place.page, place.virt, ctx.page_flags.node(flags),
        zone.name if zone else None, kind, block[1] if block else None, block[0] if block else None,
        _migratetype(ctx, zone, place.pfn), flags, names, record.get("refcount"), record.get("mapcount"),
        record.get("private"), record.get("mapping"), record.get("index"),
        () if kind == HOLE else tuple(_check_zone(ctx, place.pfn, zone)))


def _check_zone(ctx: Context, pfn: int, zone: Optional[Zone]) -> Iterator[Problem]:
    """PAGE-1."""
    if zone is not None and zone.start_pfn <= pfn < zone.end_pfn:
        return
    link = f"zone {zone.name}, which is pfn {zone.start_pfn:#x} to {zone.end_pfn:#x}" if zone else "no zone of its node"
    held = ", ".join(each.name for each in zones(ctx) if each.start_pfn <= pfn < each.end_pfn) or "no zone"
    yield Problem("PAGE-1", f"pfn {pfn:#x}", held, zone.name if zone else None,
                  f"pfn {pfn:#x}: its flags link to {link}")


def page_zone(ctx: Context, flags: int) -> Optional[Zone]:
    """The zone that page->flags links to; None when the node has no such zone."""
    index, node = ctx.page_flags.zone(flags), ctx.page_flags.node(flags)
    return next((zone for zone in zones(ctx) if (zone.index, zone.node) == (index, node)), None)


def free_block(ctx: Context, pfn: int) -> Optional[tuple[int, int]]:
    """First pfn and order of the free block that holds pfn; None when none does.

    Its head is at pfn rounded down to some order, marked free, and at least of that order.
    """
    orders = order_count(ctx)
    for order in range(orders):
        head = pfn >> order << order
        if not ctx.pages.covers(head):
            break
        record = ctx.read.record("page", ctx.pages.page(head))
        if is_buddy(ctx, record) and order <= record.get("private") < orders:
            return head, record.get("private")
    return None


def _kind(names: tuple[str, ...], record: Record) -> str:
    """What a page that is in no free block is, as far as its struct page tells."""
    for name, kind in (("reserved", "reserved"), ("slab", "slab"), ("head", "compound")):
        if name in names:
            return kind
    return "used" if record.get("refcount") else "unused"


def _migratetype(ctx: Context, zone: Optional[Zone], pfn: int) -> Optional[str]:
    """Name of the migratetype of the pageblock."""
    number = pageblock_migratetype(ctx, zone, pfn) if zone is not None else None
    names = migratetype_names(ctx)
    return names[number] if number is not None and number < len(names) else None
