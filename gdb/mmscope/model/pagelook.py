# SPDX-License-Identifier: GPL-2.0-or-later
"""What one page is at this moment, from so few reads that it can be looked at whenever it is written to."""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Iterable, Optional

from ..errors import FaultError, MissingError, MmError
from ..layout.buddymark import buddy_mark
from ..layout.pagetype import page_type
from ..target.control import WRITE, Point
from . import frame
from .brief import brief
from .buddy import is_buddy, order_count
from .context import Context
from .kept import linked_zone, type_of_block
from .migratetype import pageblock_word
from .pageuse import compound_head, compound_order, free_block
from .pcp import find_on_pcp
from .zone import Zone

USED = "used"       # in use, or not handed over yet


@dataclass(frozen=True)
class PageLook:
    """What a page is. Two are equal when nothing of that has changed."""

    pfn: int
    kind: str                       # free, pcp, reserved, slab, pagetable, compound, used
    order: Optional[int]            # of the block that it belongs to, where it is known to belong to one
    block_pfn: Optional[int]
    cpu: Optional[int]              # pcp: whose list
    counted: bool                   # its refcount is not 0
    migratetype: Optional[str]      # of its pageblock
    refcount: int = field(compare=False)
    free_buddies: tuple[int, ...] = field(compare=False)    # orders of which its buddy is free; not its own block's
    what: Optional[str] = field(default=None, compare=False)    # in words, where it was asked for

    @property
    def settled(self) -> bool:
        """False for what may be on its way from one list or owner to another."""
        return self.kind != USED or self.counted


def look_at(ctx: Context, pfn: int) -> PageLook:
    """Look at the page. Raises MissingError, FaultError."""
    record = ctx.read.record("page", ctx.pages.page(pfn))
    flags, refcount = record.get("flags"), record.get("refcount")
    zone = linked_zone(ctx, flags)
    kind, order, block_pfn, cpu = _use(ctx, pfn, zone)
    return PageLook(pfn, kind, order, block_pfn, cpu, refcount > 0,
                    type_of_block(ctx, zone, pfn) if zone is not None else None, refcount,
                    _free_buddies(ctx, pfn, order if kind == frame.FREE and order is not None else 0))


def described(ctx: Context, look: PageLook) -> PageLook:
    """The same with words for what the page is now."""
    if look.kind == frame.FREE:
        return replace(look, what="free")
    try:
        return replace(look, what=brief(ctx, look.pfn).text)
    except MmError:
        return look


def _use(ctx: Context, pfn: int, zone: Optional[Zone]) -> tuple[str, Optional[int], Optional[int], Optional[int]]:
    """Kind, order, first page of its block, CPU."""
    block = free_block(ctx, pfn)
    if block is not None:
        return frame.FREE, block[1], block[0], None
    record = ctx.read.record("page", ctx.pages.page(pfn))
    if "reserved" in ctx.page_flags.decode(record.get("flags")):
        return frame.RESERVED, None, None, None
    head_pfn, head = compound_head(ctx, pfn, record)
    order = compound_order(ctx, head_pfn, head) if head_pfn is not None else None
    if "slab" in ctx.page_flags.decode(head.get("flags")) or page_type(ctx.layout, head) == "slab":
        return frame.SLAB, order if head_pfn is not None else 0, head_pfn if head_pfn is not None else pfn, None
    if head_pfn is not None:
        return frame.COMPOUND, order, head_pfn, None
    if page_type(ctx.layout, record) == "table":
        return frame.PAGETABLE, None, None, None
    listed = find_on_pcp(ctx, zone, pfn) if zone is not None and record.get("refcount") == 0 else None
    if listed is not None:
        return frame.PCP, listed.order, listed.block_pfn, listed.cpu
    return USED, None, None, None


def _free_buddies(ctx: Context, pfn: int, low: int) -> tuple[int, ...]:
    """From order low on."""
    found = []
    for order in range(low, order_count(ctx) - 1):
        buddy = pfn >> order << order ^ 1 << order
        if not ctx.pages.covers(buddy):
            continue
        try:
            record = ctx.read.record("page", ctx.pages.page(buddy))
        except FaultError:
            continue
        if is_buddy(ctx, record) and record.get("private") == order:
            found.append(order)
    return tuple(found)


# --- where a change of it is seen ------------------------------------------------------------------------------------

def page_points(ctx: Context, pfn: int) -> tuple[Point, ...]:
    """Words whose change may change what the page is: its own, and the marks of each block that can have it.

    The pages behind the first of a block stay as they are when it is split, merged or taken.
    """
    own = [_place(ctx, pfn, name) for name in ("page.flags", buddy_mark(ctx.layout).field, "page.refcount")]
    mine = words(ctx, own)
    return (*mine, *(point for point in mark_points(ctx, pfn) if point.addr not in {addr for addr, _ in own}))


def came_by(ctx: Context, look: PageLook) -> tuple[Point, ...]:
    """Those of which one was written when the page became what it is: of a free block its first page has the marks."""
    pfn, mark = look.pfn, buddy_mark(ctx.layout).field
    if look.kind == frame.FREE and look.block_pfn is not None:
        places = [_place(ctx, look.block_pfn, name) for name in (mark, "page.private")]
    elif look.kind == frame.RESERVED:
        places = [_place(ctx, pfn, "page.flags")]
    else:
        return page_points(ctx, pfn)
    return (*words(ctx, places), *_type_points(ctx, pfn))


def mark_points(ctx: Context, pfn: int) -> tuple[Point, ...]:
    """The marks of the first page of each block that can have the page, and the type of its pageblock."""
    heads = dict.fromkeys(pfn >> order << order for order in range(order_count(ctx)))
    mark = buddy_mark(ctx.layout).field
    places = [_place(ctx, head, mark) for head in heads if ctx.pages.covers(head)]
    return (*words(ctx, places), *_type_points(ctx, pfn))


def link_points(ctx: Context, pfn: int) -> tuple[Point, ...]:
    """What is written as well when the page comes to a list, or is made part of a compound page."""
    addr = ctx.pages.page(pfn) + ctx.layout.field("page.buddy_list").offset
    return (Point(addr, WRITE, ctx.read.word),)


def _type_points(ctx: Context, pfn: int) -> tuple[Point, ...]:
    """The word with the migratetype of its pageblock."""
    zone = linked_zone(ctx, ctx.read.record("page", ctx.pages.page(pfn)).get("flags"))
    try:
        word = pageblock_word(ctx, zone, pfn) if zone is not None else None
    except (FaultError, MissingError):
        return ()
    return (Point(word, WRITE, ctx.read.word),) if word is not None else ()


def words(ctx: Context, places: Iterable[tuple[int, int]]) -> tuple[Point, ...]:
    """Write watchpoints for these places: one for what lies in one word of the machine."""
    found: dict[int, list[tuple[int, int]]] = {}
    for addr, size in places:
        found.setdefault(addr // ctx.read.word, []).append((addr, size))
    return tuple(Point(*(each[0][0], WRITE, each[0][1]) if len(each) == 1 else
                       (word * ctx.read.word, WRITE, ctx.read.word)) for word, each in found.items())


def _place(ctx: Context, pfn: int, name: str) -> tuple[int, int]:
    member = ctx.layout.field(name)
    return ctx.pages.page(pfn) + member.offset, member.type.size
