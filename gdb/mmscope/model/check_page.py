# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: every struct page of memory, by passes that find those to look at. Mirrors helper/mm/zone_check.c.

  PAGE-1  the node and zone link in flags is that of a zone whose span holds the pfn
  PAGE-2  nobody holds a page of a free block; its first page is marked free with its order (BUDDY-2), no other one is;
          and what is marked free is on a free list
  PAGE-3  no page of a free block is reserved
  PAGE-4  is in check_compound.py

Not looked at: holes, memory that is never mapped (no-map), and struct pages that are still to be set up.
"""
from __future__ import annotations

import bisect
from itertools import accumulate, islice
from typing import Iterator, Optional

from ..errors import MissingError, MmError
from ..layout.buddymark import buddy_mark
from ..target.passes import Match
from .check_zone import deferred_ranges
from .checks import Outcome, check
from .context import Context
from .freepages import every_area, every_block
from .memblock import NOT_FREE, memblock
from .pagescan import ALL, Wanted, matches
from .paint import Ranges, cut, within
from .problem import Problem
from .rammap import ram_frames
from .stage import Stage
from .zone import zones

MOST = 1000         # problems of one kind: a map that was overwritten has a million


def checked_frames(ctx: Context) -> tuple[tuple[int, int], ...]:
    """The page frames [start_pfn, end_pfn) whose struct pages mean something. Raises MissingError, FaultError."""
    return ctx.once("check_page.frames", _frames)


def _frames(ctx: Context) -> tuple[tuple[int, int], ...]:
    """RAM without what is not mapped or not set up."""
    ram, shift = ram_frames(ctx), ctx.arch.page_shift
    if ram is None:
        raise MissingError("neither memblock nor the kernel's resources say where memory is")
    holes = list(deferred_ranges(ctx))
    try:
        holes += [(region.base >> shift, (region.end - 1 >> shift) + 1) for region in memblock(ctx).memory
                  if any(name in NOT_FREE for name in region.flag_names)]
    except MmError:
        pass            # thrown away after boot
    return tuple(_without(ram, sorted(holes)))


def _without(ranges: tuple[tuple[int, int], ...], holes: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Ranges minus holes, which are sorted."""
    for start, end in ranges:
        for hole_start, hole_end in holes:
            if hole_end <= start or hole_start >= end:
                continue
            if start < hole_start:
                yield start, hole_start
            start = hole_end
        if start < end:
            yield start, end


@check("PAGE-1", "PAGE-2", "PAGE-3", since=Stage.ZONES, subsystem="pages")
def pages(ctx: Context) -> Outcome:
    """All of them."""
    frames = within(checked_frames(ctx), 0, 1 << 64)
    problems = [*islice(_links(ctx, frames), MOST), *_free(ctx, frames)]
    count = sum(end - start for run in ctx.pages.runs for start, end in cut(frames, run.start_pfn, run.end_pfn))
    return Outcome(tuple(problems), f"pages: {count}")


def _links(ctx: Context, frames: Ranges) -> Iterator[Problem]:
    """PAGE-1, from each limit of a zone to the next."""
    every = [zone for zone in zones(ctx) if zone.spanned_pages]
    cuts = sorted({cut for zone in every for cut in (zone.start_pfn, zone.end_pfn)} | {0, 1 << 64})
    flags = ctx.page_flags
    mask = (1 << flags.zone_bits) - 1 << flags.zone_shift | (1 << flags.node_bits) - 1 << flags.node_shift
    for low, high in zip(cuts, cuts[1:]):
        there = {zone.index << flags.zone_shift | zone.node << flags.node_shift: zone.name for zone in every
                 if zone.start_pfn <= low < zone.end_pfn}
        wrong = [Wanted("page.flags", mask, link, negated=True) for link in there]
        for match in matches(ctx, list(cut(frames, low, high)), wrong, "page.flags", mask):
            yield _wrong_link(ctx, match, " or ".join(there.values())) if match.groups else _unreadable(ctx, match)


def _unreadable(ctx: Context, match: Match) -> Problem:
    """PAGE-1 for struct pages that are not there."""
    where = f"pfn {match.start_pfn:#x} to {match.end_pfn - 1:#x}"
    addr = ctx.pages.page(match.start_pfn)
    return Problem("PAGE-1", where, "readable memory", addr, f"{where}: their struct pages at {addr:#x} cannot be read")


def _wrong_link(ctx: Context, match: Match, expected: str) -> Problem:
    """PAGE-1 for a run of pages with the same link."""
    where = f"pfn {match.start_pfn:#x}" + (f" to {match.end_pfn - 1:#x}" if match.end_pfn > match.start_pfn + 1 else "")
    link = f"node {ctx.page_flags.node(match.value)} zone {ctx.page_flags.zone(match.value)}"
    return Problem("PAGE-1", where, expected, link, f"{where}: flags link to {link}, this is zone {expected}")


def _free(ctx: Context, frames: Ranges) -> Iterator[Problem]:
    """PAGE-2 and PAGE-3, by pfn."""
    blocks = sorted({(block.pfn, block.pfn + (1 << block.order)) for _, block in every_block(ctx)})
    starts, heads = [start for start, _ in blocks], {start for start, _ in blocks}
    furthest = list(accumulate(blocks, lambda one, other: max(one, other, key=lambda block: block[1])))
    broken = any(problem.id.startswith("LIST-") for _, areas in every_area(ctx) for area in areas
                 for problem in area.problems)       # then blocks behind the break are on a list, too
    mark, reserved = buddy_mark(ctx.layout), 1 << ctx.layout.enum("pageflags")["PG_reserved"]
    inside = [part for start, end in within(blocks, 0, 1 << 64) for part in cut(frames, start, end)]
    left = {"PAGE-2": MOST, "PAGE-3": MOST}

    def block_of(pfn: int) -> Optional[int]:
        """First pfn of the block that holds a page."""
        at = bisect.bisect_right(starts, pfn) - 1
        return furthest[at][0] if at >= 0 and pfn < furthest[at][1] else None

    for match in matches(ctx, inside, [Wanted("page.refcount", ALL, 0, negated=True)], "page.refcount"):
        for pfn in range(match.start_pfn, match.end_pfn) if match.groups else ():
            first = block_of(pfn)
            if left["PAGE-2"] and first is not None:
                left["PAGE-2"] -= 1
                yield Problem("PAGE-2", f"pfn {pfn:#x}", 0, match.value,
                              f"pfn {pfn:#x}: is in the free block at pfn {first:#x}, and its count is {match.value}")
    for match in matches(ctx, inside, [Wanted("page.flags", reserved, reserved)], "page.flags"):
        for pfn in range(match.start_pfn, match.end_pfn) if match.groups else ():
            first = block_of(pfn)
            if left["PAGE-3"] and first is not None:
                left["PAGE-3"] -= 1
                yield Problem("PAGE-3", f"pfn {pfn:#x}", "not reserved", match.value,
                              f"pfn {pfn:#x}: is in the free block at pfn {first:#x}, and reserved")
    for match in matches(ctx, frames, [Wanted(mark.field, mark.mask, mark.value)]):
        for pfn in range(match.start_pfn, match.end_pfn) if match.groups else ():
            first = block_of(pfn)
            if pfn in heads or first is None and broken or not left["PAGE-2"]:
                continue
            left["PAGE-2"] -= 1
            if first is not None:
                yield Problem("PAGE-2", f"pfn {pfn:#x}", "no mark", "marked free",
                              f"pfn {pfn:#x}: is inside the free block at pfn {first:#x}, and is marked, too")
            else:
                yield Problem("PAGE-2", f"pfn {pfn:#x}", "on a free list", "on none",
                              f"pfn {pfn:#x}: is marked free, and on no free list")
