# SPDX-License-Identifier: GPL-2.0-or-later
"""The migratetypes of all pageblocks of a zone."""
from __future__ import annotations

from typing import Optional

from .context import Context
from .migratetype import pageblock_migratetype, pageblock_order
from .zone import Zone


def pageblock_types(ctx: Context, zone: Zone) -> dict[int, int]:
    """Number of the migratetype by pfn >> pageblock_order, of every pageblock that the zone has a part of.

    Without those whose type is not known, and those that have no struct pages. Worked out once a stop.
    """
    return ctx.once(f"pageblocks.types {zone.addr:#x}", lambda ctx: _types(ctx, zone))


def pageblock_type(ctx: Context, zone: Zone, pfn: int) -> Optional[int]:
    """The one that holds a pfn; None where it is not known."""
    return pageblock_types(ctx, zone).get(pfn >> pageblock_order(ctx))


def _types(ctx: Context, zone: Zone) -> dict[int, int]:
    """Ask for each."""
    order = pageblock_order(ctx)
    found: dict[int, int] = {}
    for run in ctx.pages.runs:
        start, end = max(run.start_pfn, zone.start_pfn), min(run.end_pfn, zone.end_pfn)
        for number in range(start >> order, (end - 1 >> order) + 1) if start < end else ():
            kind = pageblock_migratetype(ctx, zone, max(number << order, start))
            if kind is not None:
                found[number] = kind
    return found
