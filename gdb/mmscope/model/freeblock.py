# SPDX-License-Identifier: GPL-2.0-or-later
"""Why a free block is as large as it is, and no larger: what its buddy is doing.

A block of 1 << order pages from pfn on and the one from pfn ^ (1 << order) on become one when both are free, of that
order, in one zone; from the order of a pageblock on only if both may be taken for anything (buddy.must_merge()).
"""
from __future__ import annotations

from typing import Optional

from ..layout.reader import Record
from .brief import brief
from .buddy import is_buddy, must_merge, order_count
from .context import Context
from .evidence import Buddy, Evidence, Told, nth, pages
from .freelists import FreeList, OnList, list_of
from .kept import block_order, linked_zone, type_of_block
from .pageuse import is_deferred
from .rammap import is_ram
from .zone import Zone

HIGHEST = "highest order"       # nothing merges any more
NO_MEMORY = "no memory"
OTHER_ZONE = "other zone"
NOT_YET = "not handed over"     # its struct page is yet to be set up, or it is memblock's
IN_USE = "in use"
PER_CPU = "per-CPU list"        # free, but with a CPU
SMALLER = "smaller blocks"      # its beginning is free, not all of it
LARGER = "larger block"         # broken: it overlaps
TYPE = "pageblock type"         # from a pageblock's order on, and one may not be taken for anything
NOT_TRIED = "not tried again"   # from a pageblock's order on: their types may have been others when they were freed
UNMERGED = "unmerged"           # nothing: BUDDY-5, unless the stop is in the middle of a merge
MERGEABLE = ("Unmovable", "Movable", "Reclaimable")     # types that merge with each other then, too


def free_page(ctx: Context, pfn: int, head: int, order: int) -> Told:
    """What is to be said of a page in a free block, whose first page and order are given."""
    told: Told = ctx.once(f"freeblock {head:x}", lambda ctx: _block(ctx, head, order))
    if pfn == head:
        return told
    which = f"the {nth(pfn - head)} of the block's {1 << order} pages"
    return Told(told.verdict, (Evidence("this page", which), *told.evidence), told.buddy)


def _block(ctx: Context, head: int, order: int) -> Told:
    """The same for all pages of a block."""
    record = ctx.read.record("page", ctx.pages.page(head))
    zone = linked_zone(ctx, record.get("flags"))
    begin = f"free: order {order} block {head:#x}"
    if zone is None:
        return Told(f"{begin}, of no zone: its flags link to none", ())
    own = type_of_block(ctx, zone, head)
    at = list_of(ctx, head, order)
    size = (1 << order) << ctx.arch.page_shift
    evidence = [Evidence("block", f"pfn {head:#x} to {head + (1 << order):#x}, {size >> 10} KiB, marked free with "
                                  f"order {order}"),
                Evidence("list", _listed(zone, order, at)),
                Evidence("pageblock", f"{own or 'unknown type'}, order {block_order(ctx)}")]
    if at is not None and (at.list.order != order or at.list.zone.addr != zone.addr):
        return Told(f"{begin}, but on {_wrong_list(zone, order, at.list)}", tuple(evidence))
    buddy, clause, found = _buddy(ctx, zone, head, order, own)
    evidence += (Evidence("buddy", text) for text in found)
    if at is None:
        return Told(f"{begin}, but on none of {zone.name}'s lists of order {order}", tuple(evidence), buddy)
    which = f"{nth(at.place)} of {len(at.list.pfns)} on {zone.name}'s {at.list.migratetype} list"
    return Told(f"{begin}, {which}; {clause}", tuple(evidence), buddy)


def _wrong_list(zone: Zone, order: int, found: FreeList) -> str:
    """A list that a block of that zone and order is not to be on, and what that breaks."""
    of = f" of order {found.order}" if found.order != order else ""
    broken = "BUDDY-2" if found.order != order else "BUDDY-4"
    return f"{found.zone.name}'s {found.migratetype} list{of}: {broken}"


def _listed(zone: Zone, order: int, at: Optional[OnList]) -> str:
    """Which list, and where on it."""
    if at is None:
        return f"none of order {order} in zone {zone.name} has it: a stop while it is moved, or BUDDY-1"
    cut = "" if at.list.whole else ", as far as this list can be followed: it is broken"
    turn = "given out next" if at.place == 0 else f"{at.place} in front of it"
    return (f"zone {at.list.zone.name}, order {at.list.order}, {at.list.migratetype}: {nth(at.place)} of "
            f"{len(at.list.pfns)} from the head, {turn}{cut}")


def _buddy(ctx: Context, zone: Zone, head: int, order: int, own: Optional[str]) -> tuple[Buddy, str, tuple[str, ...]]:
    """The buddy, the end of the verdict, and what was found."""
    if order >= order_count(ctx) - 1:
        return Buddy(None, HIGHEST), "the highest order, nothing merges", (
            f"none: order {order} is the highest that this kernel has",)
    buddy = head ^ 1 << order
    name = f"its buddy {buddy:#x}"
    if not ctx.pages.covers(buddy) or is_ram(ctx, buddy << ctx.arch.page_shift) is False:
        return Buddy(buddy, NO_MEMORY), f"{name} is no memory", (f"pfn {buddy:#x} is no memory",)
    record = ctx.read.record("page", ctx.pages.page(buddy))
    if is_deferred(ctx, buddy, record):
        return Buddy(buddy, NOT_YET), f"{name} is not set up yet", (
            f"pfn {buddy:#x} has its struct page set up late in the boot: it was not freed yet",)
    other = linked_zone(ctx, record.get("flags"))
    if other != zone:
        where = f"zone {other.name}, node {other.node}" if other is not None else "no zone, by its flags"
        return Buddy(buddy, OTHER_ZONE), f"{name} is in another zone", (
            f"pfn {buddy:#x} is of {where}: blocks do not reach across zones",)
    if not is_buddy(ctx, record):
        return _taken(ctx, buddy, name)
    return _free(ctx, zone, buddy, order, own, record)


def _taken(ctx: Context, buddy: int, name: str) -> tuple[Buddy, str, tuple[str, ...]]:
    """A buddy that is not free."""
    what = brief(ctx, buddy)
    reason = PER_CPU if what.on_cpu else NOT_YET if what.coming else IN_USE
    return Buddy(buddy, reason), f"{name} is {what.short}", (f"pfn {buddy:#x} is {what.text}", *what.more)


def _free(ctx: Context, zone: Zone, buddy: int, order: int, own: Optional[str],
          record: Record) -> tuple[Buddy, str, tuple[str, ...]]:
    """A buddy whose first page is the first of a free block, in the same zone."""
    name, its = f"its buddy {buddy:#x}", record.get("private")
    if its < order:
        return _split(ctx, buddy, order, its)
    if its > order:
        return Buddy(buddy, LARGER), f"{name} says order {its}: broken", (
            f"pfn {buddy:#x} is marked free with order {its}, and would overlap this block: BUDDY-3",)
    theirs = type_of_block(ctx, zone, buddy)
    if not must_merge(ctx, order):
        ours, theirs = (each or "of unknown type" for each in (own, theirs))
        if ours != theirs and not {ours, theirs} <= set(MERGEABLE):
            return Buddy(buddy, TYPE), f"{name} is free, but {theirs}, not {ours}", (
                f"pfn {buddy:#x} is free with order {order}; pageblocks of type {ours} and {theirs} stay apart",)
        return Buddy(buddy, NOT_TRIED), f"{name} is free, too: not tried again", (
            f"pfn {buddy:#x} is free with order {order}; the type of one may have kept them apart when they were "
            "freed, and a type that changes merges nothing",)
    held = "the zone's lock is held: it may be about to merge" if zone.locked else "they should be one: BUDDY-5"
    return Buddy(buddy, UNMERGED), f"{name} is free, too: not merged", (
        f"pfn {buddy:#x} is free with order {order}, and nothing keeps the two apart; {held}",)


def _split(ctx: Context, buddy: int, order: int, its: int) -> tuple[Buddy, str, tuple[str, ...]]:
    """A buddy that is free at its beginning: find the first page of it that is not."""
    at, end = buddy, buddy + (1 << order)
    for _ in range(1 << order):
        record = ctx.read.record("page", ctx.pages.page(at)) if at < end and ctx.pages.covers(at) else None
        if record is None or not is_buddy(ctx, record) or not 0 <= record.get("private") < order:
            break
        at += 1 << record.get("private")
    found = Buddy(buddy, SMALLER)
    if at >= end:
        return found, f"its buddy {buddy:#x} is free in pieces", (
            f"pfn {buddy:#x} is free with order {its}, and so is all behind it up to {end:#x}, in smaller blocks",)
    what = brief(ctx, at)
    return found, f"its buddy's {at:#x} is {what.short}", (
        f"pfn {buddy:#x} is free with order {its} only: {pages(at - buddy)} up to {at:#x}, which is {what.text}",
        *what.more)
