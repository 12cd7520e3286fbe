# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything that is free: the blocks on all free lists, and those on CPUs' lists.

For checks, which look at all of it. Where a single block is, freelists.py finds without this.
"""
from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Iterator, Optional

from .buddy import Block, FreeArea, free_areas
from .check_pcp import every_pageset
from .context import Context
from .zone import Zone, populated_zones


@dataclass(frozen=True)
class FreePages:
    """Blocks by their first pfn."""

    starts: tuple[int, ...]
    blocks: tuple[tuple[int, int, str], ...]        # start, end, the list that it is on

    def find(self, pfn: int) -> Optional[str]:
        """The list that a page is on; None when it is on none."""
        at = bisect_right(self.starts, pfn) - 1
        return self.blocks[at][2] if at >= 0 and pfn < self.blocks[at][1] else None


def every_area(ctx: Context) -> tuple[tuple[Zone, tuple[FreeArea, ...]], ...]:
    """All free areas of each zone that has memory, decoded once a stop. Raises FaultError, MissingError."""
    return ctx.once("freepages.every_area", lambda ctx: tuple(
        (zone, tuple(free_areas(ctx, zone))) for zone in populated_zones(ctx)))


def every_block(ctx: Context) -> Iterator[tuple[Zone, Block]]:
    """The blocks of all free lists."""
    return ((zone, block) for zone, areas in every_area(ctx) for area in areas for block in area.blocks)


def free_pages(ctx: Context) -> FreePages:
    """All of them, with CPUs' lists, found once a stop. Raises MissingError, FaultError."""
    return ctx.once("freepages.free_pages", _find)


def block_name(block: Block) -> str:
    """The list that a block is on."""
    return f"zone {block.zone} order {block.order} {block.migratetype}"


def _find(ctx: Context) -> FreePages:
    blocks = [(block.pfn, block.pfn + (1 << block.order), block_name(block)) for _, block in every_block(ctx)]
    blocks += [(pfn, pfn + (1 << each.order), f"CPU {own.cpu}'s list of zone {own.zone} order {each.order}")
               for _, sets in every_pageset(ctx) for own in sets for each in own.lists for pfn in each.pfns]
    blocks.sort()
    return FreePages(tuple(block[0] for block in blocks), tuple(blocks))
