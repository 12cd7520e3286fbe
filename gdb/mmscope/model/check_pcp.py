# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: the lists of each CPU. pcp.py and walk.py say what each ID is, but for:

  PCP-2  every page on the lists is of the zone, not reserved, has count 0 and mapcount -1; on the guest its index is
         the list's migratetype, on Movable's also CMA or HighAtomic: the list that it came from or goes back to
  PCP-3  0 <= count, and on the guest count < high + (MIGRATE_PCPTYPES - 1) * batch; Linux lets lists of larger blocks,
         and those of a CPU that frees much, go above high
  PCP-4  a zone with memory has lists, and no other one has the same: but for boot_pageset, which is everyone's until
         there is memory for others, and whose high is 0
"""
from __future__ import annotations

from typing import Iterator

from ..layout.lock import held
from .checks import Outcome, check
from .context import Context
from .inside import add_lock
from .migratetype import migratetype_names
from .pcp import Pageset, pageset_addr, pagesets
from .percpu import cpu_offsets
from .problem import Problem
from .stage import Stage
from .zone import Zone, zones

ALSO_MOVABLE = ("CMA", "HighAtomic", "Highatomic")


def every_pageset(ctx: Context) -> tuple[tuple[Zone, tuple[Pageset, ...]], ...]:
    """The lists of all CPUs for each zone that has memory, decoded once a stop. Raises FaultError, MissingError.

    Lists that two zones have (PCP-4) are here once, as the first one's: not each page on them is on two lists.
    """
    return ctx.once("check_pcp.every_pageset", _every_pageset)


def _every_pageset(ctx: Context) -> tuple[tuple[Zone, tuple[Pageset, ...]], ...]:
    owners: dict[int, Zone] = {}
    for zone in zones(ctx):
        if zone.populated:
            owners.setdefault(_pointer(ctx, zone), zone)
    return tuple((zone, pagesets(ctx, zone)) for zone in owners.values())


def _pointer(ctx: Context, zone: Zone) -> int:
    """A zone's per-CPU pointer to its lists."""
    return ctx.read.record("zone", zone.addr).get("pageset")


@check("PCP-1", "PCP-2", "PCP-3", "LIST-1", "LIST-2", "LIST-3", since=Stage.ZONES, subsystem="pcp")
def lists(ctx: Context) -> Outcome:
    """Every list, page by page."""
    problems: list[Problem] = []
    pages = 0
    for zone, sets in every_pageset(ctx):
        for pageset in sets:
            problems += pageset.problems
            problems += _check_pages(ctx, zone, pageset)
            problems += _check_count(ctx, pageset)
            pages += sum(len(each.pfns) << each.order for each in pageset.lists)
    return Outcome(tuple(problems), f"pages on per-CPU lists: {pages}")


@check("PCP-4", since=Stage.ZONES, subsystem="pcp")
def pointers(ctx: Context) -> Outcome:
    """What each zone with memory has as its own."""
    problems: list[Problem] = []
    owners: dict[int, str] = {}
    chosen = [zone for zone in zones(ctx) if zone.populated]
    for zone in chosen:
        where = f"node {zone.node}, zone {zone.name}"
        pointer = _pointer(ctx, zone)
        if not pointer:
            problems.append(Problem("PCP-4", where, "per-CPU lists", pointer, f"{where}: it has no per-CPU lists"))
        elif pointer in owners and _keeps_pages(ctx, zone):
            problems.append(Problem("PCP-4", where, "lists of its own", pointer,
                                    f"{where}: its per-CPU lists are those of {owners[pointer]}, too"))
        owners.setdefault(pointer, where)
    return Outcome(tuple(problems), f"zones with memory: {len(chosen)}")


def _keeps_pages(ctx: Context, zone: Zone) -> bool:
    """Whether a zone's lists are more than those of the boot, which give back at once what comes."""
    addrs = (pageset_addr(ctx, zone, offset) for offset in cpu_offsets(ctx).values())
    return any(ctx.read.record("per_cpu_pages", addr).get("high") for addr in addrs if addr is not None)


def _check_pages(ctx: Context, zone: Zone, pageset: Pageset) -> Iterator[Problem]:
    """PCP-2."""
    names = migratetype_names(ctx) if ctx.kind == "guest" else ()
    for each in pageset.lists:
        for pfn in each.pfns:
            page = ctx.read.record("page", ctx.pages.page(pfn))
            where = f"zone {zone.name} CPU {pageset.cpu} order {each.order} {each.migratetype}, pfn {pfn:#x}"
            flags = page.get("flags")
            link = ctx.page_flags.node(flags), ctx.page_flags.zone(flags)
            if link != (zone.node, zone.index):
                yield Problem("PCP-2", where, zone.index, link[1],
                              f"{where}: its zone link is node {link[0]} zone {link[1]}")
            if "reserved" in ctx.page_flags.decode(flags):
                yield Problem("PCP-2", where, "not reserved", flags, f"{where}: it is reserved")
            if page.get("refcount"):
                yield Problem("PCP-2", where, 0, page.get("refcount"), f"{where}: its count is not 0")
            if page.get("mapcount") != -1:
                yield Problem("PCP-2", where, -1, page.get("mapcount"), f"{where}: its mapcount is not -1")
            index = page.get("index")
            kind = names[index] if index < len(names) else str(index)
            if names and kind != each.migratetype and not (each.migratetype == "Movable" and kind in ALSO_MOVABLE):
                yield Problem("PCP-2", where, each.migratetype, kind, f"{where}: its index says {kind}")


def _check_count(ctx: Context, pageset: Pageset) -> Iterator[Problem]:
    """PCP-3."""
    types = len({each.migratetype for each in pageset.lists})
    limit = max(pageset.high + (types - 1) * pageset.batch, 1) if ctx.kind == "guest" else None
    where = f"zone {pageset.zone} CPU {pageset.cpu}"
    if pageset.count < 0:
        yield Problem("PCP-3", where, "0 or more", pageset.count, f"{where}: count is {pageset.count}")
    elif limit is not None and pageset.count >= limit:
        yield Problem("PCP-3", where, f"below {limit}", pageset.count,
                      f"{where}: count is {pageset.count}, with high {pageset.high} and batch {pageset.batch}")


@add_lock("pcp")
def locks(ctx: Context) -> Iterator[str]:
    """The CPUs whose lists are locked (since v5.19)."""
    if ctx.stage is None or ctx.stage < Stage.ZONES:
        return
    for zone in zones(ctx):
        for cpu, offset in cpu_offsets(ctx).items() if zone.populated else ():
            addr = pageset_addr(ctx, zone, offset)
            if addr is not None and held(ctx.read.record("per_cpu_pages", addr)):
                yield f"the lock of CPU {cpu}'s lists of zone {zone.name}"
