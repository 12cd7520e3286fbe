# SPDX-License-Identifier: GPL-2.0-or-later
"""A page, and a free block, as something to watch."""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Optional, Sequence

from ..target.control import Point, StackFrame
from . import frame, pagelook
from .blocksteps import MERGE, SPLIT, lowest_of, merges, splits
from .context import Context
from .kept import linked_zone
from .operations import of_pages
from .pagelook import PageLook, look_at, page_points
from .told import CHANGED, MOVED, RESERVED, RETURNED, TAKEN, Told
from .zonelock import ZoneLock, has_lock, held_lock


class OfPage:
    """What a page and the block that begins with it have in common."""

    pfn: int

    def also(self, ctx: Context) -> tuple[Point, ...]:
        """The links of the page, or of the block's first one."""
        return pagelook.link_points(ctx, self.pfn)

    def lock(self, ctx: Context) -> Optional[ZoneLock]:
        """Its zone's."""
        return lock_of_page(ctx, self.pfn)

    def by_function(self, ctx: Context) -> bool:
        """Where the form of the zone's lock is not known."""
        return not has_lock(ctx)

    def inside(self, found: StackFrame) -> bool:
        """The page allocator."""
        return of_pages(found)


@dataclass(frozen=True)
class PageSubject(OfPage):
    """One page, whatever becomes of it."""

    name: str
    pfn: int
    cheap = True

    def points(self, ctx: Context) -> tuple[Point, ...]:
        """Its own words, and the marks of blocks that may have it."""
        return page_points(ctx, self.pfn)

    def look(self, ctx: Context, last: Optional[PageLook] = None) -> PageLook:
        """What it is."""
        found = look_at(ctx, self.pfn)
        return replace(found, what=last.what) if last is not None and found == last else found

    def described(self, ctx: Context, look: PageLook) -> PageLook:
        """With words."""
        return pagelook.described(ctx, look)

    def settled(self, look: PageLook) -> bool:
        """Whether it is somewhere."""
        return look.settled

    def tell(self, ctx: Context, looks: Sequence[PageLook]) -> Told:
        """Of the page."""
        return told(looks)


@dataclass(frozen=True)
class BlockLook:
    """Whether a block is free, as this very block. Equal while nothing of that changes."""

    pfn: int
    order: int
    listed: bool
    migratetype: Optional[str]
    page: PageLook = field(compare=False)       # its first page


@dataclass(frozen=True)
class BlockSubject(OfPage):
    """A free block: 1 << order pages from pfn on."""

    name: str
    pfn: int
    order: int
    cheap = True

    def points(self, ctx: Context) -> tuple[Point, ...]:
        """The marks of blocks that may have it: its own comes and goes with it, the others say what it is then."""
        return pagelook.mark_points(ctx, self.pfn)

    def look(self, ctx: Context, last: Optional[BlockLook] = None) -> BlockLook:
        """Whether it is there."""
        page = look_at(ctx, self.pfn)
        listed = (page.kind, page.block_pfn, page.order) == (frame.FREE, self.pfn, self.order)
        return BlockLook(self.pfn, self.order, listed, page.migratetype if listed else None, page)

    def described(self, ctx: Context, look: BlockLook) -> BlockLook:
        """With words."""
        return replace(look, page=pagelook.described(ctx, look.page))

    def settled(self, look: BlockLook) -> bool:
        """Whether it is there, or its first page is somewhere."""
        return look.listed or look.page.settled

    def tell(self, ctx: Context, looks: Sequence[BlockLook]) -> Told:
        """Of its first page; where that is only in a part of it now, or was, it was split, or merged."""
        found = told([each.page for each in looks])
        return found if found.kind != CHANGED or looks[0].listed == looks[-1].listed else replace(
            found, kind=TAKEN if looks[0].listed else RETURNED)


def lock_of_page(ctx: Context, pfn: int) -> Optional[ZoneLock]:
    """That of the zone that a page is of, when it is held."""
    zone = linked_zone(ctx, ctx.read.record("page", ctx.pages.page(pfn)).get("flags"))
    return held_lock(ctx, zone) if zone is not None else None


def told(looks: Sequence[PageLook]) -> Told:
    """What happened to a page, and in what steps."""
    before, after = looks[0], looks[-1]
    was, is_ = before.kind, after.kind
    if was == is_ == frame.FREE and before.order is not None and after.order is not None:
        if before.order < after.order:
            return Told(MERGE, merges(after.pfn, before.order, after.order))
        if before.order > after.order:
            return Told(SPLIT, splits(after.pfn, before.order, after.order, True))
        return Told(MOVED if before.block_pfn == after.block_pfn else CHANGED)
    if is_ == frame.FREE and after.order is not None:
        last = [look for look in looks if look.kind != frame.FREE][-1]      # its buddies were there still
        low = before.order if before.order is not None else lowest_of(after.order, last.free_buddies)
        return Told(RETURNED, merges(after.pfn, min(low, after.order), after.order))
    if was == frame.FREE and before.order is not None:
        first = next(look for look in looks if look.kind != frame.FREE)     # nobody has taken its buddies yet
        return Told(TAKEN, splits(after.pfn, before.order, lowest_of(before.order, first.free_buddies)))
    if is_ == frame.PCP:
        return Told(RETURNED if was != is_ else MOVED)
    if was == frame.PCP:
        return Told(TAKEN)
    return Told(RESERVED if is_ == frame.RESERVED and was != is_ else CHANGED)
