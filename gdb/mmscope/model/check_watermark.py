# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: how many pages stay free for those in need. Mirrors helper/mm/watermark.c.

  WMARK-1  watermark[MIN] <= watermark[LOW] <= watermark[HIGH] <= watermark[PROMO], where there is that
  WMARK-2  lowmem_reserve[j] of a zone is the managed pages of the zones above it, up to zone j, over its ratio; of the
           pages that were managed when it was set up. Linux does not keep those: there it is 0 up to the zone itself,
           and does not get less from there on
  WMARK-3  nr_reserved_highatomic is the pages of the zone's pageblocks of type HighAtomic, less than 1% of the zone
           plus two pageblocks (or blocks of the highest order)
"""
from __future__ import annotations

from typing import Iterator, Union

from .buddy import order_count
from .check_vmstat import array
from .checks import Outcome, check
from .context import Context
from .migratetype import pageblock_order
from .pageblocks import pageblock_types
from .problem import Problem
from .stage import Stage
from .zone import Zone, zones


@check("WMARK-1", "WMARK-2", since=Stage.ZONES, subsystem="watermark")
def watermarks(ctx: Context) -> Outcome:
    """Of every zone that has memory."""
    every = [zone for zone in zones(ctx) if zone.populated]
    problems = [problem for zone in every for problem in _check_order(zone)]
    for zone in every:
        problems += _check_reserve(ctx, zone) if ctx.kind == "guest" else _check_steps(zone)
    return Outcome(tuple(problems), f"zones: {len(every)}")


def _check_order(zone: Zone) -> Iterator[Problem]:
    """WMARK-1."""
    marks = list(zone.watermark.items())
    for (name, value), (above, more) in zip(marks, marks[1:]):
        if value > more:
            where = f"node {zone.node}, zone {zone.name}"
            yield Problem("WMARK-1", f"{where} at {zone.addr:#x}", f"{value} or more", more,
                          f"{where}: watermark {above} is {more}, {name} is {value}")


def _check_reserve(ctx: Context, zone: Zone) -> Iterator[Problem]:
    """WMARK-2 where the kernel keeps what it was worked out from."""
    ratios, managed = array(ctx, "lowmem ratio"), array(ctx, "lowmem managed")
    for number, found in enumerate(zone.lowmem_reserve):
        above = sum(managed[zone.index + 1:number + 1])
        expected = above // max(ratios[zone.index], 1) if zone.index < len(ratios) else 0
        if found != expected:
            yield _reserve(zone, number, expected, found)


def _check_steps(zone: Zone) -> Iterator[Problem]:
    """WMARK-2 where it does not."""
    before = 0
    for number, found in enumerate(zone.lowmem_reserve):
        if number <= zone.index and found:
            yield _reserve(zone, number, 0, found)
        elif number > zone.index and found < before:
            yield _reserve(zone, number, f"{before} or more", found)
        before = found


def _reserve(zone: Zone, number: int, expected: Union[int, str], found: int) -> Problem:
    where = f"node {zone.node}, zone {zone.name}"
    return Problem("WMARK-2", f"{where} at {zone.addr:#x}", expected, found,
                   f"{where}: lowmem_reserve[{number}] is {found}, not {expected}")


@check("WMARK-3", since=Stage.ZONES, subsystem="buddy")
def highatomic(ctx: Context) -> Outcome:
    """The reserve of every zone against its pageblocks."""
    kind = ctx.layout.enum("migratetype").get("MIGRATE_HIGHATOMIC")
    ctx.layout.field("zone.highatomic")
    blocks, problems, size = 0, [], 1 << pageblock_order(ctx)
    for zone in zones(ctx):
        types = pageblock_types(ctx, zone) if zone.populated else {}
        own = sum(each == kind for each in types.values()) * size
        if types:
            problems += _check_highatomic(ctx, zone, own, 2 * max(size, 1 << order_count(ctx) - 1))
        blocks += len(types)
    if not blocks:
        return Outcome((), "", {"WMARK-3": "no pageblock has a type that can be read"})
    return Outcome(tuple(problems), f"pageblocks: {blocks}")


def _check_highatomic(ctx: Context, zone: Zone, own: int, more: int) -> Iterator[Problem]:
    """WMARK-3 for one zone, whose pageblocks of that type have so many pages."""
    where, limit = f"node {zone.node}, zone {zone.name}", zone.managed_pages // 100 + more
    found = ctx.read.record("zone", zone.addr).get("highatomic")
    if found != own:
        yield Problem("WMARK-3", f"{where} at {zone.addr:#x}", own, found,
                      f"{where}: nr_reserved_highatomic is {found}, its pageblocks of that type have {own} pages")
    elif own and own >= limit:
        yield Problem("WMARK-3", f"{where} at {zone.addr:#x}", f"below {limit}", own,
                      f"{where}: {own} pages are HighAtomic, of {zone.managed_pages}")
