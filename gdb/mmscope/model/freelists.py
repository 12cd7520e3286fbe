# SPDX-License-Identifier: GPL-2.0-or-later
"""On which free list a block is, found from the block: its list is followed until it comes to its head."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..errors import FaultError
from .buddy import order_count
from .context import Context
from .walk import walk_list
from .zone import Zone


@dataclass(frozen=True)
class OnList:
    """A place on the free lists of a zone."""

    order: int
    migratetype: int
    position: int           # 0: the first of the list
    length: int             # blocks on the list


def free_list_of(ctx: Context, zone: Zone, pfn: int) -> Optional[OnList]:
    """The list that the block whose first frame is pfn is on; None when none of its zone's, or a broken one.

    Raises MissingError.
    """
    heads = _heads(ctx, zone)
    link, pages = ctx.layout.field("page.buddy_list").offset, ctx.pages

    def _valid(addr: int) -> bool:
        return addr in heads or pages.pfn(addr - link) is not None
    try:
        walk = walk_list(ctx, pages.page(pfn) + link, f"the free list of pfn {pfn:#x}", _valid, zone.spanned_pages + 1)
    except FaultError:
        return None
    if any(problem.id != "LIST-3" for problem in walk.problems):
        return None
    at = next((at for at, addr in enumerate(walk.nodes) if addr in heads), None)
    if at is None:
        return None
    order, migratetype = heads[walk.nodes[at]]
    return OnList(order, migratetype, len(walk.nodes) - 1 - at, len(walk.nodes))


def _heads(ctx: Context, zone: Zone) -> dict[int, tuple[int, int]]:
    """Order and migratetype by the address of each list's head."""
    record, found = ctx.read.record("zone", zone.addr), {}
    for order in range(order_count(ctx)):
        area = record.inner("free_area", "free_area", order)
        for number in range(area.count("free_list")):
            found[area.addr_of("free_list", number)] = order, number
    return found
