# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: every struct page of memory, by columns. Mirrors helper/mm/zone_check.c.

  PAGE-1  the node and zone link in flags is that of a zone whose span holds the pfn
  PAGE-2  nobody holds a page of a free block; its first page is marked free with its order (BUDDY-2), no other one is;
          and what is marked free is on a free list
  PAGE-3  no page of a free block is reserved
  PAGE-4  is in check_compound.py

Not looked at: holes, memory that is never mapped (no-map), and struct pages that are still to be set up.
"""
from __future__ import annotations

import bisect
from typing import Iterator, Optional

from ..errors import MissingError, MmError
from ..layout.buddymark import buddy_mark
from .check_zone import deferred_ranges
from .checks import Outcome, check
from .columns import Columns, columns
from .context import Context
from .freepages import every_area, every_block
from .memblock import NOT_FREE, memblock
from .problem import Problem
from .rammap import ram_frames
from .stage import Stage
from .zone import zones

MOST = 1000         # problems of one kind: a map that was overwritten has a million
Ranges = tuple[tuple[int, int], ...]


def checked_frames(ctx: Context) -> Ranges:
    """The page frames [start_pfn, end_pfn) whose struct pages mean something. Raises MissingError, FaultError."""
    return ctx.once("check_page.frames", _frames)


def _frames(ctx: Context) -> Ranges:
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


def _without(ranges: Ranges, holes: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
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


def pieces(ctx: Context) -> Iterator[tuple[int, int, Optional[Columns]]]:
    """The struct pages of all page frames that are checked, in pieces, lowest first."""
    for start, end in checked_frames(ctx):
        yield from columns(ctx, start, end)


@check("PAGE-1", "PAGE-2", "PAGE-3", since=Stage.ZONES, subsystem="pages")
def pages(ctx: Context) -> Outcome:
    """One pass over all of them."""
    links = _Links(ctx)
    free = _Free(ctx)
    problems: list[Problem] = []
    count = 0
    for start, end, piece in pieces(ctx):
        count += end - start
        if piece is None:
            problems.append(_unreadable(ctx, start, end))
            continue
        flags = piece.get("page.flags")
        problems += _most(links.check(start, flags), problems, "PAGE-1")
        problems += free.check(start, flags, piece)
    return Outcome(tuple(problems), f"pages: {count}")


def _unreadable(ctx: Context, start: int, end: int) -> Problem:
    """PAGE-1 for struct pages that are not there."""
    where = f"pfn {start:#x} to {end - 1:#x}"
    return Problem("PAGE-1", where, "readable memory", ctx.pages.page(start),
                   f"{where}: their struct pages at {ctx.pages.page(start):#x} cannot be read")


def _most(found: Iterator[Problem], before: list[Problem], id_: str) -> Iterator[Problem]:
    """As many as there may be of one kind."""
    left = MOST - sum(problem.id == id_ for problem in before)
    for problem in found:
        if left <= 0:
            return
        yield problem
        left -= 1


class _Links:
    """PAGE-1. Few values of flags differ: each is looked at once a zone."""

    def __init__(self, ctx: Context) -> None:
        self._flags = ctx.page_flags
        self._zones = [zone for zone in zones(ctx) if zone.spanned_pages]
        self._cuts = sorted({cut for zone in self._zones for cut in (zone.start_pfn, zone.end_pfn)})

    def check(self, start: int, flags: list[int]) -> Iterator[Problem]:
        """The pages from start on: from each limit of a zone to the next."""
        end, at = start + len(flags), start
        while at < end:
            stop = min(end, next((cut for cut in self._cuts if cut > at), end))
            there = {(zone.node, zone.index): zone.name for zone in self._zones
                     if zone.start_pfn <= at < zone.end_pfn}
            part = flags[at - start:stop - start]
            wrong = {value for value in set(part) if self._link(value) not in there} if there else set()
            if wrong:
                yield from self._runs(at, part, wrong, " or ".join(there.values()))
            at = stop

    def _link(self, flags: int) -> tuple[int, int]:
        return self._flags.node(flags), self._flags.zone(flags)

    def _runs(self, start: int, flags: list[int], wrong: set[int], expected: str) -> Iterator[Problem]:
        """A problem for each run of pages with the same wrong link."""
        last: Optional[tuple[int, int, tuple[int, int]]] = None
        for pfn, value in enumerate(flags, start):
            link = self._link(value) if value in wrong else None
            if last is not None and link == last[2]:
                last = last[0], pfn + 1, last[2]
                continue
            if last is not None:
                yield self._problem(*last, expected)
            last = (pfn, pfn + 1, link) if link is not None else None
        if last is not None:
            yield self._problem(*last, expected)

    @staticmethod
    def _problem(start: int, end: int, link: tuple[int, int], expected: str) -> Problem:
        where = f"pfn {start:#x}" if end == start + 1 else f"pfn {start:#x} to {end - 1:#x}"
        return Problem("PAGE-1", where, expected, f"node {link[0]} zone {link[1]}",
                       f"{where}: flags link to node {link[0]} zone {link[1]}, this is zone {expected}")


class _Free:
    """PAGE-2 and PAGE-3, and how many of each were found."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._blocks = sorted({(block.pfn, block.pfn + (1 << block.order)): None for _, block in every_block(ctx)})
        self._ends = [end for _, end in self._blocks]
        self._heads = {start for start, _ in self._blocks}
        broken = any(problem.id.startswith("LIST-") for _, areas in every_area(ctx) for area in areas
                     for problem in area.problems)
        self._whole = not broken        # else blocks behind the break are on a list, too
        self._mark = buddy_mark(ctx.layout)
        self._reserved = 1 << ctx.layout.enum("pageflags")["PG_reserved"]
        self._left = {"PAGE-2": MOST, "PAGE-3": MOST}

    def check(self, start: int, flags: list[int], piece: Columns) -> Iterator[Problem]:
        """The blocks that have pages in a piece, and what else is marked there."""
        counts, marks = piece.get("page.refcount"), piece.get(self._mark.field)
        mask, value = self._mark.mask, self._mark.value
        marked = {each for each in set(marks) if each & mask == value}
        end = start + len(flags)
        for at in range(bisect.bisect_right(self._ends, start), len(self._blocks)):
            first, last = self._blocks[at]
            if first >= end:
                break
            low, high = max(first, start) - start, min(last, end) - start
            if any(counts[low:high]):
                yield from self._held(first, start, low, counts[low:high])
            if any(map(self._reserved.__and__, set(flags[low:high]))):
                yield from self._taken(first, start, low, flags[low:high])
        if marked:
            yield from self._stray(start, marks, marked)

    def _held(self, first: int, start: int, low: int, counts: list[int]) -> Iterator[Problem]:
        """PAGE-2: counts of a free block's pages."""
        for pfn, count in enumerate(counts, start + low):
            if count and self._room("PAGE-2"):
                yield Problem("PAGE-2", f"pfn {pfn:#x}", 0, count,
                              f"pfn {pfn:#x}: is in the free block at pfn {first:#x}, and its count is {count}")

    def _taken(self, first: int, start: int, low: int, flags: list[int]) -> Iterator[Problem]:
        """PAGE-3."""
        for pfn, value in enumerate(flags, start + low):
            if value & self._reserved and self._room("PAGE-3"):
                yield Problem("PAGE-3", f"pfn {pfn:#x}", "not reserved", value,
                              f"pfn {pfn:#x}: is in the free block at pfn {first:#x}, and reserved")

    def _stray(self, start: int, marks: list[int], marked: set[int]) -> Iterator[Problem]:
        """PAGE-2: marks of pages that no list has, or that lie inside a block."""
        for pfn in (pfn for pfn, value in enumerate(marks, start) if value in marked):
            if pfn in self._heads:
                continue
            block = self._block_of(pfn)
            if block is not None and self._room("PAGE-2"):
                yield Problem("PAGE-2", f"pfn {pfn:#x}", "no mark", "marked free",
                              f"pfn {pfn:#x}: is inside the free block at pfn {block:#x}, and is marked, too")
            elif block is None and self._whole and self._room("PAGE-2"):
                yield Problem("PAGE-2", f"pfn {pfn:#x}", "on a free list", "on none",
                              f"pfn {pfn:#x}: is marked free, and on no free list")

    def _block_of(self, pfn: int) -> Optional[int]:
        """First pfn of the block that holds a page."""
        at = bisect.bisect_right(self._ends, pfn)
        return self._blocks[at][0] if at < len(self._blocks) and self._blocks[at][0] <= pfn else None

    def _room(self, id_: str) -> bool:
        """Whether one more is to be told."""
        self._left[id_] -= 1
        return self._left[id_] >= 0
