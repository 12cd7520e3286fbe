# SPDX-License-Identifier: GPL-2.0-or-later
"""mm memblock as text."""
from __future__ import annotations

from typing import Sequence

from ..model.memblock import Memblock, Range, Region
from .table import table, wrap
from .units import counted, escape, size

OWNER_WIDTH = 38


def memblock_text(memblock: Memblock) -> str:
    """The three lists."""
    direction = "bottom up" if memblock.bottom_up else "top down"
    parts = [
        f"memblock allocates {direction}, below {memblock.current_limit:#x}",
        _heading("memory", memblock.memory) + _regions(memblock.memory),
        _heading("reserved", memblock.reserved) + _regions(memblock.reserved),
        _free(memblock.free, memblock.page_shift),
    ]
    return "\n\n".join(parts) + "\n"


def _heading(name: str, regions: Sequence[Region]) -> str:
    total = sum(region.size for region in regions)
    return f"{name}: {counted(len(regions), 'region')}, {total:#x} bytes ({size(total)})\n"


def _regions(regions: Sequence[Region]) -> str:
    """A line each; a long owner goes on in further lines."""
    rows = []
    for index, region in enumerate(regions):
        first, *more = wrap(_owner(region), OWNER_WIDTH)
        rows.append((str(index), f"{region.base:#x}", f"{region.size:#x}", size(region.size), first))
        rows += [("", "", "", "", line) for line in more]
    return table(("#", "base", "size", "", "owner, flags"), rows, "    l") if rows else "  (none)"


def _owner(region: Region) -> str:
    names = ["[" + ", ".join(region.flag_names) + "]"] if region.flag_names else []
    return " ".join(([escape(region.owner)] if region.owner else []) + names)


def _free(ranges: Sequence[Range], shift: int) -> str:
    """Free ranges with the whole pages that they hold."""
    total = sum(each.end - each.start for each in ranges)
    pages = [_whole_pages(each, shift) for each in ranges]
    rows = [(str(index), f"{each.start:#x}", f"{each.end:#x}", size(each.end - each.start), str(count))
            for index, (each, count) in enumerate(zip(ranges, pages))]
    head = f"free: {counted(len(ranges), 'range')}, {total:#x} bytes, {sum(pages)} whole pages\n"
    return head + (table(("#", "start", "end", "", "whole pages"), rows) if rows else "  (none)")


def _whole_pages(each: Range, shift: int) -> int:
    """PFN_DOWN(end) - PFN_UP(start), not below 0."""
    return max(0, (each.end >> shift) - (each.start + (1 << shift) - 1 >> shift))
