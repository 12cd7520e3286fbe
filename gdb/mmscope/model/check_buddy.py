# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: the free lists of all zones. buddy.py and walk.py say what each ID is, but for:

  BUDDY-6  no page is in two blocks: of free lists, or of CPUs' lists
  BUDDY-7  a block is on the list of its pageblock's type. Until v6.10 that is said of CMA alone: what is taken from
           another type's list leaves its rest on the list of the one who took it, and pages on CPUs' lists keep the
           type that they were freed with. Isolate is ISO-2.

A block that is larger than a pageblock is of the type of its first one.
"""
from __future__ import annotations

from typing import Iterable, Iterator

from .checks import Outcome, check
from .context import Context
from .freepages import block_name, every_area, every_block, free_pages
from .migratetype import migratetype_names
from .pageblocks import pageblock_type, pageblock_types
from .problem import Problem
from .stage import Stage
from .zone import Zone, populated_zones


@check("BUDDY-1", "BUDDY-2", "BUDDY-3", "BUDDY-4", "BUDDY-5", "LIST-1", "LIST-2", "LIST-3",
       since=Stage.ZONES, subsystem="buddy")
def lists(ctx: Context) -> Outcome:
    """Every list, block by block."""
    areas = every_area(ctx)
    problems = tuple(problem for _, own in areas for area in own for problem in area.problems)
    blocks = sum(len(area.blocks) for _, own in areas for area in own)
    return Outcome(problems, f"free blocks: {blocks}, in zones: {len(areas)}")


@check("BUDDY-6", since=Stage.ZONES, subsystem="pcp")
def overlaps(ctx: Context) -> Outcome:
    """Sorted by pfn, each block ends where the next begins, or before."""
    blocks = free_pages(ctx).blocks
    return Outcome(tuple(_overlaps(blocks)), f"free blocks: {len(blocks)}, with those on per-CPU lists")


def _overlaps(blocks: Iterable[tuple[int, int, str]]) -> Iterator[Problem]:
    """BUDDY-6 for blocks that are sorted. Each is held against the one that reaches farthest of those before it."""
    end, last = 0, ""
    for start, own_end, name in blocks:
        if start < end:
            yield Problem("BUDDY-6", f"pfn {start:#x}", "in one block", "in two",
                          f"pfn {start:#x}: is in a block of {last}, and in one of {name}")
        if own_end > end:
            end, last = own_end, name


@check("BUDDY-7", since=Stage.ZONES, subsystem="buddy")
def types(ctx: Context) -> Outcome:
    """Each block's list against its pageblock."""
    names = migratetype_names(ctx)
    strict = ctx.layout.find_variable("typed free lists") is not None
    problems: list[Problem] = []
    for zone in populated_zones(ctx):
        problems += _check_types(ctx, zone, len(names))
    looked_at = 0
    for zone, block in every_block(ctx):
        kind = pageblock_type(ctx, zone, block.pfn)
        if kind is None or not kind < len(names):
            continue
        looked_at += 1
        pair = {names[kind], block.migratetype}
        if len(pair) == 2 and "Isolate" not in pair and (strict or "CMA" in pair):
            where = f"{block_name(block)}, pfn {block.pfn:#x}"
            problems.append(Problem("BUDDY-7", where, names[kind], block.migratetype,
                                    f"{where}: its pageblock is {names[kind]}"))
    which = "of all types" if strict else "CMA alone: in this kernel blocks of other types may be on each other's lists"
    if not looked_at and not problems:
        return Outcome((), "", {"BUDDY-7": "no free block's pageblock has a type that can be read"})
    return Outcome(tuple(problems), f"free blocks: {looked_at}, {which}")


def _check_types(ctx: Context, zone: Zone, count: int) -> Iterator[Problem]:
    """BUDDY-7 for the pageblocks of a zone: each has a type that there is."""
    for number, kind in pageblock_types(ctx, zone).items():
        if kind >= count:
            where = f"zone {zone.name}, pageblock {number:#x}"
            yield Problem("BUDDY-7", where, f"below {count}", kind,
                          f"{where}: is of type {kind}, there are {count} types")
