# SPDX-License-Identifier: GPL-2.0-or-later
"""Buddy free lists of a zone. Mirrors free_area of mmzone.h and helper/mm/page_alloc.c.

  BUDDY-1  nr_free == entries on all lists of the area
  BUDDY-2  every entry is PageBuddy with page_private() == order
  BUDDY-3  its pfn is a multiple of 1 << order: absolute, not zone-relative
  BUDDY-4  its zone link is this zone, and all its pages lie in the zone's span
  BUDDY-5  below a pageblock's order, a block and its buddy are not both free: they would have merged; must_merge()
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Iterator, Optional

from ..errors import MmError
from ..layout.buddymark import buddy_mark
from ..layout.reader import Record
from .context import Context
from .freelists import free_list
from .migratetype import migratetype_names, pageblock_order
from .problem import Problem
from .zone import Zone, select_zones


@dataclass(frozen=True)
class Block:
    """A free block: 1 << order pages from pfn on."""

    node: int
    zone: str
    order: int
    migratetype: str            # of the list that it is on
    pfn: int
    phys: int
    page: int                   # address of its struct page
    virt: Optional[int]         # None: HighMem, not mapped


@dataclass(frozen=True)
class FreeArea:
    """Free blocks of one order in one zone (struct free_area)."""

    node: int
    zone: str
    order: int
    nr_free: int                    # blocks, as the target counts them
    by_migratetype: dict[str, int]  # blocks, as the lists hold them
    blocks: tuple[Block, ...] = field(metadata={"json": False})
    problems: tuple[Problem, ...] = field(metadata={"json": False})     # what is broken; empty when sound


@dataclass(frozen=True)
class BuddyReport:
    """The chosen free areas."""

    orders: int                     # orders 0 to orders - 1
    migratetypes: tuple[str, ...]
    free_areas: tuple[FreeArea, ...]
    blocks: Optional[tuple[Block, ...]]     # None when they were not asked for
    locked: tuple[str, ...]         # zones whose lock is held: their lists may be half changed
    page_bytes: int
    problems: tuple[Problem, ...]


def order_count(ctx: Context) -> int:
    """How many orders this kernel has (MAX_ORDER, until v6.3 gave that name another meaning)."""
    return ctx.layout.field("zone.free_area").type.count


def must_merge(ctx: Context, order: int) -> bool:
    """The rule of BUDDY-5: whether two buddies of one zone that are free with this order have to be one block.

    Below a pageblock's order they do. From there on Linux holds the types of the two pageblocks against each other
    when a block is freed, and tries no more when a type is set later, as unreserve_highatomic_pageblock() does: two
    may be free side by side, whatever their types are now.
    """
    return order < pageblock_order(ctx)


def mark_of(ctx: Context) -> tuple[str, Callable[[int], bool]]:
    """The member of struct page that marks the first page of a free block, and the test for its value."""
    mark = buddy_mark(ctx.layout)
    return mark.field.partition(".")[2], lambda value: value & mark.mask == mark.value


def is_buddy(ctx: Context, page: Record) -> bool:
    """Whether a struct page is marked as the first of a free block."""
    field, matches = mark_of(ctx)
    return matches(page.get(field))


def free_areas(ctx: Context, zone: Zone) -> list[FreeArea]:
    """Decode every order of zone, lowest first.

    Source: zone->free_area[], linked through page->lru. Raises FaultError if the zone is unreadable. A broken
    list is data, not an exception: the walk ends there and problems says why. Walked once a stop.
    """
    return list(ctx.once(f"buddy.free_areas {zone.addr:#x}", lambda ctx: _free_areas(ctx, zone)))


def _free_areas(ctx: Context, zone: Zone) -> list[FreeArea]:
    """Walk them."""
    record = ctx.read.record("zone", zone.addr)
    names = migratetype_names(ctx)
    return [_free_area(ctx, zone, record.inner("free_area", "free_area", order), order, names)
            for order in range(order_count(ctx))]


def buddy_report(ctx: Context, zone: Optional[str] = None, node: Optional[int] = None, order: Optional[int] = None,
                 migratetype: Optional[str] = None, blocks: bool = False) -> BuddyReport:
    """The free lists that the arguments choose. Raises MmError for an order or type that does not exist."""
    chosen = select_zones(ctx, zone, node)
    orders, names = order_count(ctx), migratetype_names(ctx)
    if order is not None and not 0 <= order < orders:
        raise MmError(f"no order {order}: this kernel has orders 0 to {orders - 1}")
    wanted = names if migratetype is None else tuple(n for n in names if n.lower() == migratetype.lower())
    if not wanted:
        raise MmError(f"no migratetype {migratetype}: this kernel has {', '.join(names)}")
    areas = [area for z in chosen for area in free_areas(ctx, z) if order in (None, area.order)]
    shown = tuple(FreeArea(a.node, a.zone, a.order, a.nr_free, {n: a.by_migratetype[n] for n in wanted},
                           tuple(b for b in a.blocks if b.migratetype in wanted), a.problems) for a in areas)
    return BuddyReport(orders, wanted, shown, tuple(b for a in shown for b in a.blocks) if blocks else None,
                       tuple(z.name for z in chosen if z.locked), 1 << ctx.arch.page_shift,
                       tuple(p for a in areas for p in a.problems))


def _free_area(ctx: Context, zone: Zone, area: Record, order: int, names: tuple[str, ...]) -> FreeArea:
    """Walk every list of one area and hold it to its invariants."""
    problems: list[Problem] = []
    blocks: list[Block] = []
    counts: dict[str, int] = {}
    for index, name in enumerate(names):
        found = free_list(ctx, zone, order, index)
        problems += found.problems
        counts[name] = len(found.pfns)
        for pfn in found.pfns:
            block = _block(ctx, zone, order, name, pfn)
            problems += _check_block(ctx, zone, block, found.name)
            blocks.append(block)
    if must_merge(ctx, order):
        problems += _check_merged(blocks)
    nr_free, held = area.get("nr_free"), len(blocks)
    if nr_free != held:
        where = f"zone {zone.name} order {order}"
        problems.append(Problem("BUDDY-1", where, held, nr_free,
                                f"{where}: nr_free is {nr_free}, the lists hold {held} blocks"))
    return FreeArea(zone.node, zone.name, order, nr_free, counts, tuple(blocks), tuple(problems))


def _block(ctx: Context, zone: Zone, order: int, migratetype: str, pfn: int) -> Block:
    """The block whose first page is pfn."""
    phys = pfn << ctx.arch.page_shift
    return Block(zone.node, zone.name, order, migratetype, pfn, phys, ctx.pages.page(pfn),
                 ctx.arch.phys_to_virt(phys))


def _check_merged(blocks: list[Block]) -> Iterator[Problem]:
    """BUDDY-5 for the blocks of one area. Each pair is named once, by its upper half."""
    free = {block.pfn for block in blocks}
    for block in blocks:
        size = 1 << block.order
        if block.pfn & size and block.pfn - size in free:
            where = f"zone {block.zone} order {block.order}, pfn {block.pfn:#x}"
            yield Problem("BUDDY-5", where, "one block", "two",
                          f"{where}: its buddy at pfn {block.pfn - size:#x} is free too, and they are not merged")


def _check_block(ctx: Context, zone: Zone, block: Block, where: str) -> Iterator[Problem]:
    """BUDDY-2 to BUDDY-4 for a block found on a list of zone."""
    page = ctx.read.record("page", block.page)
    what = f"{where}, pfn {block.pfn:#x}"
    if not is_buddy(ctx, page):
        member = mark_of(ctx)[0]
        actual = page.get(member)
        yield Problem("BUDDY-2", what, "PageBuddy", actual,
                      f"{what}: is on a free list but not marked free, its {member} is {actual:#x}")
    elif page.get("private") != block.order:
        actual = page.get("private")
        yield Problem("BUDDY-2", what, block.order, actual, f"{what}: says it is of order {actual}")
    if block.pfn % (1 << block.order):
        yield Problem("BUDDY-3", what, f"a multiple of {1 << block.order:#x}", block.pfn,
                      f"{what}: is not aligned to its order")
    end = block.pfn + (1 << block.order)
    flags = page.get("flags")
    link = ctx.page_flags.zone(flags)
    if link != zone.index or ctx.page_flags.node(flags) != zone.node:
        yield Problem("BUDDY-4", what, zone.index, link, f"{what}: its zone link is {link}, this zone is {zone.index}")
    elif not zone.start_pfn <= block.pfn < end <= zone.end_pfn:
        yield Problem("BUDDY-4", what, f"pfn {zone.start_pfn:#x} to {zone.end_pfn:#x}", block.pfn,
                      f"{what}: is not inside the zone")
