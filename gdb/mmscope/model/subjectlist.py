# SPDX-License-Identifier: GPL-2.0-or-later
"""Free lists of a zone as something to watch: all of them, those of one order, or a single one."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional, Sequence

from ..target.control import WRITE, Point, StackFrame
from .blocksteps import MERGE, SPLIT, BlockStep, merges, splits
from .context import Context
from .diffblock import MERGED, BlockEvent, FreeBlock, block_events, sound
from .diffblock import MOVED as BLOCK_MOVED, RETURNED as BLOCK_RETURNED, SPLIT as BLOCK_SPLIT, TAKEN as BLOCK_TAKEN
from .freelists import free_list
from .migratetype import migratetype_names
from .operations import of_pages
from .told import ADDED, CHANGED, MOVED, REMOVED, RETURNED, TAKEN, Told
from .zone import Zone
from .zonelock import ZoneLock, has_lock, held_lock


@dataclass(frozen=True)
class ListLook:
    """What is on the lists that are watched."""

    blocks: tuple[FreeBlock, ...] = field(metadata={"json": False})
    chosen: tuple[tuple[int, int], ...]                 # order and nr_free, as the zone counts it
    nr_free: tuple[int, ...] = field(compare=False)     # of every order


@dataclass(frozen=True)
class ListSubject:
    """The free lists of a zone; of one order, and of one migratetype, when these are given."""

    name: str
    zone: Zone
    order: Optional[int]
    migratetype: Optional[int]
    cheap = False

    def _orders(self, ctx: Context) -> tuple[int, ...]:
        count = ctx.layout.field("zone.free_area").type.count
        return tuple(range(count)) if self.order is None else (self.order,)

    def points(self, ctx: Context) -> tuple[Point, ...]:
        """nr_free of each order; the ends of lists, where blocks can come from another list of the order."""
        record, found = ctx.read.record("zone", self.zone.addr), []
        size = ctx.layout.field("free_area.nr_free").type.size
        for order in self._orders(ctx):
            area = record.inner("free_area", "free_area", order)
            found.append(Point(area.addr_of("nr_free"), WRITE, size))
            if self.order is None:
                continue
            for index in range(area.count("free_list")) if self.migratetype is None else (self.migratetype,):
                head = area.inner("free_list", "list_head", index)
                found += (Point(head.addr_of(name), WRITE, ctx.read.word) for name in ("next", "prev"))
        return tuple(found)

    def look(self, ctx: Context, last: Optional[ListLook] = None) -> ListLook:
        """Walk them."""
        record, names = ctx.read.record("zone", self.zone.addr), migratetype_names(ctx)
        count = ctx.layout.field("zone.free_area").type.count
        nr_free = tuple(record.inner("free_area", "free_area", order).get("nr_free") for order in range(count))
        blocks = []
        for order in self._orders(ctx):
            for index, name in enumerate(names):
                if self.migratetype in (None, index):
                    blocks += (FreeBlock(pfn, order, name) for pfn in free_list(ctx, self.zone, order, index).pfns)
        blocks.sort(key=lambda block: (block.pfn, block.order))
        return ListLook(tuple(blocks), tuple((order, nr_free[order]) for order in self._orders(ctx)) if
                        self.migratetype is None else (), nr_free)

    def described(self, ctx: Context, look: ListLook) -> ListLook:
        """There is no more to say."""
        return look

    def settled(self, look: ListLook) -> bool:
        """Once the lock is not held."""
        return True

    def also(self, ctx: Context) -> tuple[Point, ...]:
        """None."""
        return ()

    def lock(self, ctx: Context) -> Optional[ZoneLock]:
        """The zone's."""
        return held_lock(ctx, self.zone)

    def by_function(self, ctx: Context) -> bool:
        """Where the form of the zone's lock is not known."""
        return not has_lock(ctx)

    def inside(self, found: StackFrame) -> bool:
        """The page allocator."""
        return of_pages(found)

    def tell(self, ctx: Context, looks: Sequence[ListLook]) -> Told:
        """By blocks where all orders are known, else by how many there are."""
        before, after = looks[0], looks[-1]
        if self.order is None and self.migratetype is None:
            events = tuple(block_events(sound(before.blocks).blocks, sound(after.blocks).blocks))
            return Told(_kind(before, after, events), _steps(events), events)
        one, two = ({(block.pfn, block.order): block for block in look.blocks} for look in (before, after))
        events = tuple(_moved(one.get(key), two.get(key)) for key in sorted({*one, *two})
                       if one.get(key) != two.get(key))
        kinds = {event.event for event in events}
        return Told(kinds.pop() if len(kinds) == 1 else CHANGED, (), events)


def _moved(was: Optional[FreeBlock], is_: Optional[FreeBlock]) -> BlockEvent:
    """A block that came to the lists that are watched, left them, or is on another one of them."""
    block = was or is_
    assert block is not None
    event = BLOCK_MOVED if was is not None and is_ is not None else REMOVED if was is not None else ADDED
    return BlockEvent(event, block.pfn, block.order, block.migratetype, 1 << block.order,
                      is_.migratetype if event == BLOCK_MOVED and is_ is not None else None, (), None, None, None)


def _kind(before: ListLook, after: ListLook, events: tuple[BlockEvent, ...]) -> str:
    """From what the zone counts."""
    pages = sum(is_ - was << order for order, (was, is_) in enumerate(zip(before.nr_free, after.nr_free)))
    blocks = sum(after.nr_free) - sum(before.nr_free)
    if pages:
        return RETURNED if pages > 0 else TAKEN
    if blocks:
        return MERGE if blocks < 0 else SPLIT
    return MOVED if any(event.event == BLOCK_MOVED for event in events) or before.nr_free == after.nr_free else CHANGED


def _steps(events: tuple[BlockEvent, ...]) -> tuple[BlockStep, ...]:
    """Of one allocation, or one free: what was taken out of a block that was split, or came to one that merged."""
    shapes = {(event.pfn, event.order): event.event for event in events if event.event in (BLOCK_SPLIT, MERGED)}
    pieces = [event for event in events if event.event in (BLOCK_TAKEN, BLOCK_RETURNED) and event.whole_pfn is not None]
    if len(pieces) != 1 or len(shapes) != 1:
        return ()
    piece = pieces[0]
    whole = piece.whole_order if piece.whole_order is not None else piece.order
    if piece.event == BLOCK_TAKEN:
        return splits(piece.pfn, whole, piece.order)
    return merges(piece.pfn, piece.order, whole)
