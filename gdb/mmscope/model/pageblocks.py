# SPDX-License-Identifier: GPL-2.0-or-later
"""The migratetypes of all pageblocks of a zone."""
from __future__ import annotations

from typing import Optional

from .context import Context
from .migratetype import pageblock_migratetype, pageblock_order
from .zone import Zone

MAX_BLOCKS = 1 << 20


def pageblock_types(ctx: Context, zone: Zone) -> dict[int, int]:
    """Number of the migratetype by pfn >> pageblock_order, of every pageblock that the zone has a part of.

    Without those whose type is not known: a section without memory has none. Worked out once a stop.
    """
    return ctx.once(f"pageblocks.types {zone.addr:#x}", lambda ctx: _types(ctx, zone))


def pageblock_type(ctx: Context, zone: Zone, pfn: int) -> Optional[int]:
    """The one that holds a pfn; None where it is not known."""
    return pageblock_types(ctx, zone).get(pfn >> pageblock_order(ctx))


def _types(ctx: Context, zone: Zone) -> dict[int, int]:
    """Ask for each."""
    order, found = pageblock_order(ctx), {}
    for number in range(zone.start_pfn >> order, min((zone.end_pfn - 1 >> order) + 1,
                                                     (zone.start_pfn >> order) + MAX_BLOCKS)):
        kind = pageblock_migratetype(ctx, zone, max(number << order, zone.start_pfn))
        if kind is not None:
            found[number] = kind
    return found
