# SPDX-License-Identifier: GPL-2.0-or-later
"""Each CPU's lists of pages that are ready to be given out. Mirrors helper/mm/page_pcp.c, struct per_cpu_pages.

Pages on these lists look used to the buddy allocator: they are on no free list, and no counter has them. Only the
lists tell them from pages in use.

  PCP-1  count == pages on all lists
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from ..errors import FaultError, MissingError, MmError
from ..layout.reader import Record
from .context import Context
from .migratetype import migratetype_names, pageblock_order
from .pagelist import walk_pages
from .percpu import cpu_offsets, per_cpu_addr
from .problem import Problem
from .zone import Zone, select_zones

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
    high_min: Optional[int]     # None, here and below: this kernel does not have it
    high_max: Optional[int]
    free_factor: Optional[int]
    alloc_factor: Optional[int]
    free_count: Optional[int]
    expire: Optional[int]
    lists: tuple[PcpList, ...]
    problems: tuple[Problem, ...] = field(metadata={"json": False})


@dataclass(frozen=True)
class PcpReport:
    """The chosen lists, for mm pcp."""

    migratetypes: tuple[str, ...]       # that have lists
    pagesets: tuple[Pageset, ...]
    problems: tuple[Problem, ...]


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
    addrs = {cpu: pageset_addr(ctx, zone, offset) for cpu, offset in cpu_offsets(ctx).items()}
    found = (_pageset(ctx, zone, cpu, addr) for cpu, addr in addrs.items() if addr is not None)
    return tuple(pageset for pageset in found if pageset is not None)


def pageset_addr(ctx: Context, zone: Zone, offset: int) -> Optional[int]:
    """Address of the struct per_cpu_pages of the CPU with that offset; None while there is none."""
    pointer = ctx.read.record("zone", zone.addr).get("pageset")
    inner = ctx.layout.find_field("per_cpu_pageset.pcp")
    return per_cpu_addr(ctx, pointer + (inner.offset if inner is not None else 0), offset) if pointer else None


def pcp_report(ctx: Context, zone: Optional[str] = None, node: Optional[int] = None,
               cpu: Optional[int] = None) -> PcpReport:
    """The lists that the arguments choose. Raises MmError for a zone, node or CPU that is not there."""
    chosen = tuple(pageset for each in select_zones(ctx, zone, node) for pageset in pagesets(ctx, each))
    cpus = sorted({pageset.cpu for pageset in chosen})
    if cpu is not None and chosen and cpu not in cpus:
        raise MmError(f"no lists of CPU {cpu}; there are those of CPU {', '.join(map(str, cpus))}")
    shown = tuple(pageset for pageset in chosen if cpu in (None, pageset.cpu))
    return PcpReport(migratetype_names(ctx)[:_pcp_types(ctx)], shown, tuple(p for each in shown for p in each.problems))


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
    names, types = migratetype_names(ctx), _pcp_types(ctx)
    lists, problems = [], []
    for index in range(pcp.count("lists")):
        order, name = _list_order(ctx, pcp, index // types), names[index % types]
        where = f"zone {zone.name} CPU {cpu} order {order} {name}"
        pfns, broken = _walk(ctx, pcp.addr_of("lists", index), where, zone.spanned_pages)
        lists.append(PcpList(order, name, pfns))
        problems += broken
    held = sum(len(each.pfns) << each.order for each in lists)
    if held != count and not problems:
        where = f"zone {zone.name} CPU {cpu}"
        problems.append(Problem("PCP-1", f"{where} at {addr:#x}", held, count,
                                f"{where}: count is {count}, the lists hold {held} pages"))
    return Pageset(cpu, zone.node, zone.name, count, high, batch,
                   *(pcp.find(name) for name in ("high_min", "high_max", "free_factor", "alloc_factor", "free_count",
                                                 "expire")), tuple(lists), tuple(problems))


def _walk(ctx: Context, head: int, where: str, limit: int) -> tuple[tuple[int, ...], tuple[Problem, ...]]:
    """pfns of the entries of one list, linked through page->lru."""
    walk = walk_pages(ctx, head, where, ctx.layout.field("page.pcp_list").offset, limit)
    return walk.pfns, walk.problems


def _pcp_types(ctx: Context) -> int:
    """How many migratetypes have lists of their own."""
    return ctx.layout.enum("migratetype").get("MIGRATE_PCPTYPES") or 1


def _list_order(ctx: Context, pcp: Record, row: int) -> int:
    """Order of the blocks on a row of lists: its number, but huge pages have the last one."""
    if row < COSTLY_ORDERS:
        return row
    return pageblock_order(ctx)
