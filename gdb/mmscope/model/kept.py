# SPDX-License-Identifier: GPL-2.0-or-later
"""What many questions about single pages need, found once a stop."""
from __future__ import annotations

from typing import Optional

from ..errors import FaultError, MissingError
from .buddy import order_count
from .context import Context
from .memblock import Region, discarded, region_lists
from .migratetype import migratetype_names, pageblock_migratetype, pageblock_order
from .pageuse import free_block
from .zone import Zone, zones


def all_zones(ctx: Context) -> tuple[Zone, ...]:
    """Every zone of every node. Raises MissingError, FaultError."""
    return ctx.once("zone.zones", zones)


def linked_zone(ctx: Context, flags: int) -> Optional[Zone]:
    """The zone that page->flags links to; None when the node has no such zone."""
    by_link = ctx.once("kept.zones by link", lambda ctx: {(zone.node, zone.index): zone for zone in all_zones(ctx)})
    return by_link.get((ctx.page_flags.node(flags), ctx.page_flags.zone(flags)))


def spanning_zone(ctx: Context, pfn: int) -> Optional[Zone]:
    """A zone whose span has a page frame; None when none has it."""
    return next((zone for zone in all_zones(ctx) if zone.start_pfn <= pfn < zone.end_pfn), None)


def block_order(ctx: Context) -> int:
    """log2 of the pages of a pageblock."""
    return ctx.once("migratetype.pageblock order", pageblock_order)


def type_of_block(ctx: Context, zone: Zone, pfn: int) -> Optional[str]:
    """Name of the migratetype of the pageblock that has a page; None when it is not known."""
    first, names = pfn >> block_order(ctx), migratetype_names(ctx)
    number = ctx.once(f"kept.type {zone.addr:x} {first:x}", lambda ctx: pageblock_migratetype(ctx, zone, pfn))
    return names[number] if number is not None and number < len(names) else None


def block_of(ctx: Context, pfn: int) -> Optional[tuple[int, int]]:
    """First pfn and order of the free block that has a page; None when none has it. Raises FaultError."""
    orders = ctx.once("buddy.orders", order_count)
    known: dict[int, int] = ctx.once("kept.blocks", lambda ctx: {})
    for order in range(orders):
        head = pfn >> order << order
        if known.get(head, -1) >= order:
            return head, known[head]
    found = free_block(ctx, pfn)
    if found is not None:
        known[found[0]] = found[1]
    return found


def reserved(ctx: Context) -> Optional[tuple[Region, ...]]:
    """memblock.reserved; None where the kernel has no memblock any more, or it cannot be read."""
    return ctx.once("kept.reserved", _reserved)


def _reserved(ctx: Context) -> Optional[tuple[Region, ...]]:
    try:
        return None if discarded(ctx) else region_lists(ctx).reserved
    except (MissingError, FaultError):
        return None
