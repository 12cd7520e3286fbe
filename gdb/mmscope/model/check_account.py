# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: what zones and nodes count, against the page frames that are there (account.py).

  ZONE-5  present_pages is the zone's page frames that are RAM, and managed_pages those of them that are free, on CPUs'
          lists or in use; before the hand-over managed_pages is an estimate
  ZONE-6  zone_pgdat is the node; node_present_pages is the sum of its zones' present_pages; totalhigh_pages is what
          the zones HighMem manage
"""
from __future__ import annotations

from typing import Iterator

from .account import account
from .checks import Outcome, check
from .context import Context
from .problem import Problem
from .stage import Stage
from .zone import Zone, zones


@check("ZONE-5", since=Stage.ZONES, subsystem="pcp")
def frames(ctx: Context) -> Outcome:
    """Every page frame of every zone."""
    found = account(ctx)
    addrs = {(zone.node, zone.name): zone.addr for zone in zones(ctx)}
    problems = []
    for each in found.zones:
        where = f"node {each.node}, zone {each.zone} at {addrs[each.node, each.zone]:#x}"
        for name, counted, residual in (("present_pages", each.present, each.present_residual),
                                        ("managed_pages", each.managed, each.residual)):
            if residual:
                problems.append(Problem("ZONE-5", where, counted - residual, counted,
                                        f"{where}: {name} is {counted:#x}, and {counted - residual:#x} such page "
                                        "frames are there"))
    return Outcome(tuple(problems), f"page frames: {sum(each.spanned for each in found.zones)}")


@check("ZONE-6", since=Stage.ZONES, subsystem="buddy")
def sums(ctx: Context) -> Outcome:
    """Nodes and totals."""
    every = zones(ctx)
    problems = [problem for number, addr in enumerate(ctx.node_addrs)
                for problem in _node(ctx, addr, [zone for zone in every if _is_of(ctx, zone, number)])]
    return Outcome((*problems, *_high(ctx, every)), f"nodes: {len(ctx.node_addrs)}, zones: {len(every)}")


def _is_of(ctx: Context, zone: Zone, number: int) -> bool:
    """Whether a zone stands in the node of that number in node_addrs, by where it is."""
    per_node = ctx.layout.field("pglist_data.node_zones").type.count
    return zone.addr in ctx.zone_addrs[number * per_node:(number + 1) * per_node]


def _node(ctx: Context, addr: int, own: list[Zone]) -> Iterator[Problem]:
    """What a node says of itself, and its zones of it."""
    for zone in own:
        link = ctx.read.record("zone", zone.addr).find("zone_pgdat")
        if zone.populated and link is not None and link != addr:
            where = f"zone {zone.name} at {zone.addr:#x}"
            yield Problem("ZONE-6", where, addr, link, f"{where}: zone_pgdat is {link:#x}, its node is at {addr:#x}")
    if ctx.layout.find_field("pglist_data.node_present_pages") is None:
        return
    present, counted = sum(zone.present_pages for zone in own), ctx.read.member(
        "pglist_data", addr, "node_present_pages")
    if counted != present:
        where = f"node at {addr:#x}"
        yield Problem("ZONE-6", where, present, counted,
                      f"{where}: node_present_pages is {counted:#x}, its zones have {present:#x}")


def _high(ctx: Context, every: tuple[Zone, ...]) -> Iterator[Problem]:
    """totalhigh_pages. A zone Movable may have HighMem's pages, too: then it is not known."""
    total, kinds = ctx.read.find("totalhigh_pages"), ctx.layout.enum("zone_type")
    high, movable = kinds.get("ZONE_HIGHMEM"), kinds.get("ZONE_MOVABLE")
    if total is None or high is None or ctx.stage is None or ctx.stage < Stage.BUDDY \
            or any(zone.index == movable and zone.populated for zone in every):
        return
    managed = sum(zone.managed_pages for zone in every if zone.index == high)
    if total != managed:
        where = f"totalhigh_pages at {ctx.read.address('totalhigh_pages'):#x}"
        yield Problem("ZONE-6", where, managed, total, f"totalhigh_pages is {total}, zones HighMem manage {managed}")
