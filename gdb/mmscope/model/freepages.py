# SPDX-License-Identifier: GPL-2.0-or-later
"""Which page frames are free: on a list of the buddy allocator, or of a CPU."""
from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Optional

from .check_buddy import every_area
from .check_pcp import every_pageset
from .context import Context


@dataclass(frozen=True)
class FreePages:
    """Blocks by their first pfn."""

    starts: tuple[int, ...]
    blocks: tuple[tuple[int, int, str], ...]        # start, end, whose list they are on

    def find(self, pfn: int) -> Optional[str]:
        """Whose list a page is on; None when it is on none."""
        at = bisect_right(self.starts, pfn) - 1
        return self.blocks[at][2] if at >= 0 and pfn < self.blocks[at][1] else None


def free_pages(ctx: Context) -> FreePages:
    """All of them, found once a stop. Raises MissingError, FaultError."""
    return ctx.once("freepages.free_pages", _find)


def _find(ctx: Context) -> FreePages:
    blocks = [(block.pfn, block.pfn + (1 << area.order), f"free list of zone {zone.name}, order {area.order}")
              for zone, areas in every_area(ctx) for area in areas for block in area.blocks]
    blocks += [(pfn, pfn + (1 << each.order), f"list of CPU {pageset.cpu}, zone {zone.name}")
               for zone, sets in every_pageset(ctx) for pageset in sets for each in pageset.lists
               for pfn in each.pfns]
    blocks.sort()
    return FreePages(tuple(block[0] for block in blocks), tuple(blocks))
