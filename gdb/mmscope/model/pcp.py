# SPDX-License-Identifier: GPL-2.0-or-later
"""Each CPU's lists of pages that are ready to be given out. Mirrors helper/mm/page_pcp.c, struct per_cpu_pages.

Pages on these lists look used to the buddy allocator: they are on no free list, and no counter has them. Only the
lists tell them from pages in use.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from ..errors import FaultError, MissingError
from ..layout.reader import Record
from .context import Context
from .migratetype import migratetype_names
from .percpu import cpu_offsets, per_cpu_addr
from .problem import Problem
from .walk import walk_list
from .zone import Zone

COSTLY_ORDERS = 4       # lists of orders 0 to 3, since v5.13; behind them those of the huge page order


@dataclass(frozen=True)
class PcpList:
    """Blocks of one order and migratetype, the hottest first."""

    order: int
    migratetype: str
    pfns: tuple[int, ...]       # first page of each block


@dataclass(frozen=True)
class Pageset:
    """The lists of one CPU for one zone (struct per_cpu_pages)."""

    cpu: int
    node: int
    zone: str
    count: int                  # pages, as the target counts them
    high: int
    batch: int
    lists: tuple[PcpList, ...]
    problems: tuple[Problem, ...] = field(metadata={"json": False})


@dataclass(frozen=True)
class OnPcp:
    """Where on the per-CPU lists a page is."""

    cpu: int
    order: int
    block_pfn: int
    migratetype: str            # of the list


def pagesets(ctx: Context, zone: Zone) -> tuple[Pageset, ...]:
    """The lists of every CPU for a zone; empty while they are not set up.

    Source: zone->pageset, a per-CPU pointer. A broken list is data: problems says why its walk ended. Raises
    MissingError, FaultError.
    """
    pointer = ctx.read.record("zone", zone.addr).get("pageset")
    if not pointer:
        return ()
    inner = ctx.layout.find_field("per_cpu_pageset.pcp")
    inside = inner.offset if inner is not None else 0
    found = (_pageset(ctx, zone, cpu, per_cpu_addr(ctx, pointer + inside, offset))
             for cpu, offset in cpu_offsets(ctx).items())
    return tuple(pageset for pageset in found if pageset is not None)


def find_on_pcp(ctx: Context, zone: Zone, pfn: int) -> Optional[OnPcp]:
    """The list that a page is on, or in whose blocks it is; None when it is on none, or the lists cannot be read."""
    try:
        chosen = pagesets(ctx, zone)
    except (MissingError, FaultError):
        return None
    for pageset in chosen:
        for each in pageset.lists:
            for first in each.pfns:
                if first <= pfn < first + (1 << each.order):
                    return OnPcp(pageset.cpu, each.order, first, each.migratetype)
    return None


def _pageset(ctx: Context, zone: Zone, cpu: int, addr: int) -> Optional[Pageset]:
    """Decode one CPU's lists; None while their heads are zero."""
    pcp = ctx.read.record("per_cpu_pages", addr)
    count, high, batch = pcp.get("count"), pcp.get("high"), pcp.get("batch")
    if pcp.inner("lists", "list_head").get("next") == 0:
        return None
    # A batch comes onto a list before it is counted.
    limit = min(max(count, 0) + max(batch, 0), zone.spanned_pages)
    names, types = migratetype_names(ctx), _pcp_types(ctx)
    lists, problems = [], []
    for index in range(pcp.count("lists")):
        order, name = _list_order(ctx, pcp, index // types), names[index % types]
        where = f"zone {zone.name} CPU {cpu} order {order} {name}"
        pfns, broken = _walk(ctx, pcp.addr_of("lists", index), where, limit)
        lists.append(PcpList(order, name, pfns))
        problems += broken
    return Pageset(cpu, zone.node, zone.name, count, high, batch, tuple(lists), tuple(problems))


def _walk(ctx: Context, head: int, where: str, limit: int) -> tuple[tuple[int, ...], tuple[Problem, ...]]:
    """pfns of the entries of one list, linked through page->lru."""
    link, pages = ctx.layout.field("page.pcp_list").offset, ctx.pages
    walk = walk_list(ctx, head, where, lambda addr: pages.pfn(addr - link) is not None, limit)
    pfns = (pages.pfn(addr - link) for addr in walk.nodes)
    return tuple(pfn for pfn in pfns if pfn is not None), walk.problems


def _pcp_types(ctx: Context) -> int:
    """How many migratetypes have lists of their own."""
    return ctx.layout.enum("migratetype").get("MIGRATE_PCPTYPES") or 1


def _list_order(ctx: Context, pcp: Record, row: int) -> int:
    """Order of the blocks on a row of lists: its number, but huge pages have the last one."""
    if row < COSTLY_ORDERS:
        return row
    return ctx.arch.pageblock_order(ctx.layout.field("zone.free_area").type.count)
