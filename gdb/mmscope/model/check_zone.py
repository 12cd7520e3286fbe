# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: the zones. Mirrors helper/mm/zone_check.c.

  ZONE-1  spanned_pages >= present_pages >= managed_pages
  ZONE-2  vm_stat[NR_FREE_PAGES], with all CPUs' differences, is the number of pages on all free lists but those of
          type Isolate
  ZONE-3  totalram_pages is the sum of all managed_pages; not while struct pages are still to be set up: the total has
          their pages from the start
  ZONE-4  zones of a node do not overlap
"""
from __future__ import annotations

from typing import Iterator

from ..errors import MissingError
from .checks import Outcome, check
from .context import Context
from .freepages import every_area
from .problem import Problem
from .stage import Stage
from .vmstat import exact_counter
from .zone import Zone, zone_report, zones


@check("ZONE-1", "ZONE-4", since=Stage.ZONES, subsystem="zones")
def limits(ctx: Context) -> Outcome:
    """How many pages they span, have and manage; where they begin and end."""
    report = zone_report(ctx)
    return Outcome(report.problems + tuple(_overlaps(report.zones)), f"zones: {len(report.zones)}")


def _overlaps(every: tuple[Zone, ...]) -> Iterator[Problem]:
    """ZONE-4. Zones of two nodes may lie inside each other, where the nodes' memory does."""
    populated = sorted((zone for zone in every if zone.populated), key=lambda zone: (zone.node, zone.start_pfn))
    for before, zone in zip(populated, populated[1:]):
        if before.node == zone.node and zone.start_pfn < before.end_pfn:
            where = f"node {zone.node}, zone {zone.name} at {zone.addr:#x}"
            yield Problem("ZONE-4", where, f"from pfn {before.end_pfn:#x} on", zone.start_pfn,
                          f"{where}: begins at pfn {zone.start_pfn:#x}, zone {before.name} ends at "
                          f"{before.end_pfn:#x}")


@check("ZONE-2", since=Stage.ZONES, subsystem="buddy")
def free_pages(ctx: Context) -> Outcome:
    """The count of free pages against the lists."""
    problems = tuple(problem for zone, areas in every_area(ctx) for problem in _free(ctx, zone, sum(
        count << area.order for area in areas for name, count in area.by_migratetype.items() if name != "Isolate")))
    total = sum(zone.free_pages or 0 for zone in zones(ctx))
    return Outcome(problems, f"free pages: {total}")


def _free(ctx: Context, zone: Zone, listed: int) -> Iterator[Problem]:
    """ZONE-2."""
    counted = exact_counter(ctx, "zone", zone.addr, "NR_FREE_PAGES")
    if counted is None:
        raise MissingError("the symbols have no NR_FREE_PAGES")
    if counted != listed:
        where = f"node {zone.node}, zone {zone.name}"
        yield Problem("ZONE-2", f"{where} at {zone.addr:#x}", listed, counted,
                      f"{where}: NR_FREE_PAGES is {counted} with all CPUs' differences, the lists hold {listed} pages")


@check("ZONE-3", since=Stage.BUDDY, subsystem="total")
def total(ctx: Context) -> Outcome:
    """The total against the zones."""
    late = next(deferred_ranges(ctx), None)
    if late is not None:
        return Outcome((), "", {"ZONE-3": f"struct pages from pfn {late[0]:#x} on are still to be set up"})
    managed, found = sum(zone.managed_pages for zone in zones(ctx)), ctx.read.value("totalram_pages")
    looked_at = f"pages managed: {managed}"
    if managed == found:
        return Outcome((), looked_at)
    return Outcome((Problem("ZONE-3", f"totalram_pages at {ctx.read.address('totalram_pages'):#x}", managed, found,
                            f"totalram_pages is {found}, the zones manage {managed} pages"),), looked_at)


def deferred_ranges(ctx: Context) -> Iterator[tuple[int, int]]:
    """Of each node the page frames whose struct pages are still to be set up. Raises MissingError, FaultError."""
    if ctx.layout.find_field("pglist_data.first_deferred_pfn") is None:
        return
    for node in ctx.node_addrs:
        start, spanned, first = (ctx.read.member("pglist_data", node, name) for name in (
            "node_start_pfn", "node_spanned_pages", "first_deferred_pfn"))
        if first < start + spanned:
            yield max(first, start), start + spanned
