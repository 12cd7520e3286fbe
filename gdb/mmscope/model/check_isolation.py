# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: pageblocks that nothing is given out of. Mirrors helper/mm/page_isolation.c.

  ISO-1  nr_isolate_pageblock of a zone is the number of its pageblocks of type Isolate
  ISO-2  a free block is on a list of type Isolate if, and only if, its pageblock is of that type
"""
from __future__ import annotations

from .checks import Outcome, check
from .context import Context
from .freepages import every_block
from .migratetype import migratetype_names
from .pageblocks import pageblock_type, pageblock_types
from .problem import Problem
from .stage import Stage
from .zone import zones


@check("ISO-1", "ISO-2", since=Stage.ZONES, subsystem="buddy")
def isolated(ctx: Context) -> Outcome:
    """Counts, then lists."""
    ctx.layout.field("zone.isolated_blocks")
    kind = migratetype_names(ctx).index("Isolate") if "Isolate" in migratetype_names(ctx) else None
    problems: list[Problem] = []
    blocks = 0
    for zone in zones(ctx):
        types = pageblock_types(ctx, zone) if zone.populated else {}
        own = sum(each == kind for each in types.values())
        found = ctx.read.record("zone", zone.addr).get("isolated_blocks")
        blocks += len(types)
        if types and found != own:
            where = f"node {zone.node}, zone {zone.name}"
            problems.append(Problem("ISO-1", f"{where} at {zone.addr:#x}", own, found,
                                    f"{where}: nr_isolate_pageblock is {found}, {own} of its pageblocks are Isolate"))
    if not blocks:
        return Outcome((), "", dict.fromkeys(("ISO-1", "ISO-2"), "no pageblock has a type that can be read"))
    for zone, block in every_block(ctx):
        type_ = pageblock_type(ctx, zone, block.pfn)
        if type_ is not None and (type_ == kind) != (block.migratetype == "Isolate"):
            where = f"zone {zone.name} order {block.order} {block.migratetype}, pfn {block.pfn:#x}"
            not_ = "" if type_ == kind else "not "
            problems.append(Problem("ISO-2", where, "Isolate" if type_ == kind else "not Isolate", block.migratetype,
                                    f"{where}: its pageblock is {not_}isolated"))
    return Outcome(tuple(problems), f"pageblocks: {blocks}")
