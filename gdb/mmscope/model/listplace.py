# SPDX-License-Identifier: GPL-2.0-or-later
"""Where on a free list a block is, counted from the head: the first one is given out next."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from .context import Context
from .kept import type_names
from .walk import walk_list
from .zone import Zone


@dataclass(frozen=True)
class FreeList:
    """One list of a zone, as far as it could be followed."""

    migratetype: str
    places: dict[int, int]      # first pfn of a block to its place, 0 at the head
    whole: bool                 # it was followed back to its head


@dataclass(frozen=True)
class ListPlace:
    """One block's place."""

    migratetype: str
    place: int
    length: int                 # blocks on the list, as far as it could be followed
    whole: bool


def list_place(ctx: Context, zone: Zone, order: int, pfn: int, likely: Optional[str]) -> Optional[ListPlace]:
    """Where the block is on the lists of its order: likely names the one to look at first. None: on none of them."""
    names = type_names(ctx)
    for index in sorted(range(len(names)), key=lambda index: names[index] != likely):
        found = free_list(ctx, zone, order, index)
        if pfn in found.places:
            return ListPlace(found.migratetype, found.places[pfn], len(found.places), found.whole)
    return None


def free_list(ctx: Context, zone: Zone, order: int, index: int) -> FreeList:
    """A list, walked once a stop. Raises FaultError when its head cannot be read."""
    return ctx.once(f"listplace {zone.addr:x} {order} {index}", lambda ctx: _walk(ctx, zone, order, index))


def _walk(ctx: Context, zone: Zone, order: int, index: int) -> FreeList:
    area = ctx.read.record("zone", zone.addr).inner("free_area", "free_area", order)
    link, pages, name = ctx.layout.field("page.buddy_list").offset, ctx.pages, type_names(ctx)[index]
    walk = walk_list(ctx, area.addr_of("free_list", index), f"zone {zone.name} order {order} {name}",
                     lambda addr: pages.pfn(addr - link) is not None, max(zone.spanned_pages >> order, 1))
    pfns = (pages.pfn(addr - link) for addr in walk.nodes)
    return FreeList(name, {pfn: at for at, pfn in enumerate(pfns) if pfn is not None}, not walk.problems)
