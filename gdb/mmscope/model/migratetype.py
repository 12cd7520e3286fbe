# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of the migratetypes, and which one a pageblock has.

Source: enum migratetype and pageblock bits of mmzone.h; get_pfnblock_flags_mask() of mm/page_alloc.c.
"""
from __future__ import annotations

from typing import Optional

from ..errors import FaultError
from ..layout.debuginfo import ARRAY
from .context import Context
from .zone import Zone

NAME_LIMIT = 32
MIGRATE_BITS = 3        # of the bits of a pageblock, the lowest three are the migratetype


def migratetype_names(ctx: Context) -> tuple[str, ...]:
    """Names by number, as many as a free area has lists.

    The kernel's own migratetype_names where it has them, else made from the enumerators.
    """
    count = ctx.layout.field("free_area.free_list").type.count
    names = _from_enum(ctx)
    table = ctx.layout.find_variable("migratetype_names")
    if table is not None and table.type is not None and table.type.kind == ARRAY:
        for index in range(min(count, table.type.count)):
            try:
                text = ctx.read.string(ctx.read.unsigned(table.addr + index * ctx.read.word), NAME_LIMIT)
            except FaultError:
                break
            if text:
                names[index] = text
    return tuple(names.get(index, f"type{index}") for index in range(count))


def _from_enum(ctx: Context) -> dict[int, str]:
    """MIGRATE_UNMOVABLE becomes Unmovable; of two names of one number the later one is the type's own."""
    return {value: "CMA" if name == "MIGRATE_CMA" else name[len("MIGRATE_"):].capitalize()
            for name, value in ctx.layout.enum("migratetype").items()
            if name.startswith("MIGRATE_") and name not in ("MIGRATE_PCPTYPES", "MIGRATE_TYPES")}


def pageblock_migratetype(ctx: Context, zone: Zone, pfn: int) -> Optional[int]:
    """Number of the migratetype of the pageblock that holds pfn; None when it is not known.

    zone->pageblock_flags is a bit map (not with SPARSEMEM) that starts at the zone's start rounded down to a
    pageblock. Until v5.9 fields were filled in from the most significant end of a word, and the function that
    reads them had a fourth parameter.
    """
    bits = ctx.layout.enum("pageblock_bits").get("NR_PAGEBLOCK_BITS")
    record = ctx.read.record("zone", zone.addr)
    bitmap = record.find("pageblock_flags")
    if bits is None or not bitmap or not zone.start_pfn <= pfn < zone.end_pfn:
        return None
    order = ctx.arch.pageblock_order(record.count("free_area"))
    bit = ((pfn - (zone.start_pfn >> order << order)) >> order) * bits
    width = ctx.read.word * 8
    try:
        word = ctx.read.unsigned(bitmap + bit // width * ctx.read.word)
    except FaultError:
        return None
    if ctx.layout.debug.parameter_count("get_pfnblock_flags_mask") == 4:
        shift = width - bit % width - MIGRATE_BITS
    else:
        shift = bit % width
    return word >> shift & (1 << MIGRATE_BITS) - 1
