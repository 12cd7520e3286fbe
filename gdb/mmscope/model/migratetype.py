# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of the migratetypes, and which one a pageblock has.

Source: enum migratetype and pageblock bits of mmzone.h; get_pfnblock_flags_mask() of mm/page_alloc.c.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..errors import FaultError, MissingError
from ..layout.debuginfo import ARRAY
from .context import Context
from .pagemap import section, section_shift
from .zone import Zone

NAME_LIMIT = 32
MIGRATE_BITS = 3        # of the bits of a pageblock, the lowest three are the migratetype


def migratetype_names(ctx: Context) -> tuple[str, ...]:
    """Names by number, as many as a free area has lists.

    The kernel's own migratetype_names where it has them, else made from the enumerators. Found once a stop.
    """
    return ctx.once("migratetype.names", _names)


def _names(ctx: Context) -> tuple[str, ...]:
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


@dataclass(frozen=True)
class PageblockBits:
    """How the bits of a pageblock are divided."""

    count: int                  # of each block
    isolate: Optional[int]      # the bit that says Isolate, whatever the type; None: Isolate is a type like the others


def pageblock_bits(ctx: Context) -> Optional[PageblockBits]:
    """The division, from enum pageblock_bits; None without it. Their number is rounded up to a power of two."""
    bits = ctx.layout.enum("pageblock_bits")
    used = bits.get("NR_PAGEBLOCK_BITS", bits.get("__NR_PAGEBLOCK_BITS"))
    return PageblockBits(1 << (used - 1).bit_length(), bits.get("PB_migrate_isolate")) if used else None


def pageblock_order(ctx: Context) -> int:
    """log2 of the pages of a pageblock."""
    return ctx.arch.pageblock_order(ctx.layout.field("zone.free_area").type.count)


def pageblock_migratetype(ctx: Context, zone: Zone, pfn: int) -> Optional[int]:
    """Number of the migratetype of the pageblock that holds pfn; None when it is not known.

    Until v5.9 fields were filled in from the most significant end of a word, and the function that reads them had a
    fourth parameter.
    """
    bits = pageblock_bits(ctx)
    if bits is None or not zone.start_pfn <= pfn < zone.end_pfn:
        return None
    try:
        place = _bitmap(ctx, zone, pfn)
        if place is None:
            return None
        at, width = place[1] * bits.count, ctx.read.word * 8
        word = ctx.read.unsigned(_word(ctx, place, bits))
    except (FaultError, MissingError):
        return None
    shift = at % width
    if ctx.layout.debug.parameter_count("get_pfnblock_flags_mask") == 4:
        return word >> width - shift - MIGRATE_BITS & (1 << MIGRATE_BITS) - 1
    if bits.isolate is not None and word >> shift + bits.isolate & 1:
        return ctx.layout.enum("migratetype").get("MIGRATE_ISOLATE")
    return word >> shift & (1 << MIGRATE_BITS) - 1


def pageblock_word(ctx: Context, zone: Zone, pfn: int) -> Optional[int]:
    """Address of the word that has the bits of pfn's pageblock; None where there is none. Raises MmError."""
    bits = pageblock_bits(ctx)
    place = _bitmap(ctx, zone, pfn) if bits is not None and zone.start_pfn <= pfn < zone.end_pfn else None
    return _word(ctx, place, bits) if place is not None and bits is not None else None


def _word(ctx: Context, place: tuple[int, int], bits: PageblockBits) -> int:
    """Of a block's place, as _bitmap() gives it."""
    return place[0] + place[1] * bits.count // (ctx.read.word * 8) * ctx.read.word


def _bitmap(ctx: Context, zone: Zone, pfn: int) -> Optional[tuple[int, int]]:
    """Address of the bit map that has pfn's pageblock, and which of its blocks it is; None when there is no map.

    With SPARSEMEM each section has its own, behind the map of its subsections. Else a zone has one, from its start
    rounded down to a pageblock.
    """
    order = pageblock_order(ctx)
    if ctx.layout.find_field("zone.pageblock_flags") is not None:
        bitmap = ctx.read.record("zone", zone.addr).get("pageblock_flags")
        return (bitmap, (pfn >> order) - (zone.start_pfn >> order)) if bitmap else None
    pages = section_shift(ctx.read) - ctx.arch.page_shift
    addr = section(ctx.read, ctx.arch, pfn >> pages)
    usage = ctx.read.record("mem_section", addr).get("usage") if addr is not None else 0
    if not usage:
        return None
    inside = ctx.layout.field("mem_section_usage.pageblock_flags").offset
    return usage + inside, (pfn & (1 << pages) - 1) >> order
