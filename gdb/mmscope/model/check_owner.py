# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: the guest's record of who allocated each page. Mirrors helper/mm/page_owner.c.

  OWNER-1  PAGE_EXT_OWNER is set on no page of a free block
  OWNER-2  where it is set: order < MAX_ORDER and nr_entries <= PAGE_OWNER_TRACE
  OWNER-3  an allocation's pages, 1 << order of them from a multiple of that, all have its record
"""
from __future__ import annotations

from typing import Iterator

from ..errors import MissingError
from .buddy import order_count
from .checks import Outcome, check
from .context import Context
from .freepages import every_block
from .page_owner import OWNED, owner_table
from .problem import Problem
from .stage import Stage


@check("OWNER-1", "OWNER-2", "OWNER-3", since=Stage.ZONES, subsystem="pages")
def records(ctx: Context) -> Outcome:
    """Every entry of the table: as bytes, of which few differ."""
    found = owner_table(ctx)
    if found is None:
        raise MissingError("nothing is recorded: the guest does with page_owner=on, Linux's records are not read")
    table, start_pfn, end_pfn = found
    if not ctx.pages.start_pfn <= start_pfn or not end_pfn <= ctx.pages.end_pfn:
        what = f"the table at {table:#x}: is said to be for pfn {start_pfn:#x} to {end_pfn:#x}"
        return Outcome((Problem("OWNER-2", f"{table:#x}", f"pfn {ctx.pages.start_pfn:#x} to {ctx.pages.end_pfn:#x}",
                                start_pfn, what),), "")
    size = ctx.layout.struct("page_ext").size
    data = ctx.memory.read(table, (end_pfn - start_pfn) * size)
    rows = {start_pfn + at // size: data[at:at + size] for at in range(0, len(data), size) if any(data[at:at + 4])}
    bit = 1 << ctx.layout.enum("page_ext_flags").get(OWNED, 0)
    owned = {pfn: row for pfn, row in rows.items() if _number(ctx, row, "flags") & bit}
    return Outcome(tuple(_check(ctx, owned)), f"pages with an owner: {len(owned)}")


def _check(ctx: Context, owned: dict[int, bytes]) -> Iterator[Problem]:
    """Free blocks first, then each allocation."""
    for _, block in every_block(ctx):
        for pfn in range(block.pfn, block.pfn + (1 << block.order)):
            if pfn in owned:
                where = f"pfn {pfn:#x}"
                yield Problem("OWNER-1", where, "no owner", "an owner",
                              f"{where}: is in the free block at pfn {block.pfn:#x}, and has an owner")
    most, orders = ctx.layout.field("page_ext.trace").type.count, order_count(ctx)
    same = _records(ctx, owned)
    for pfn, row in owned.items():
        order, entries = _number(ctx, row, "order"), _number(ctx, row, "nr_entries")
        where = f"pfn {pfn:#x}"
        if order >= orders or entries > most:
            yield Problem("OWNER-2", where, f"order below {orders}, at most {most} calls",
                          f"order {order}, {entries} calls", f"{where}: its record has order {order}, {entries} calls")
            continue
        first = pfn >> order << order
        if first != pfn:
            others: tuple[int, ...] = (first,)
        else:
            others = tuple(range(pfn + 1, pfn + (1 << order)))
        wrong = next((other for other in others if same.get(other) != same[pfn]), None)
        if wrong is not None:
            yield Problem("OWNER-3", where, "one record", "two",
                          f"{where}: its record says order {order}, and pfn {wrong:#x} has another record")


def _records(ctx: Context, owned: dict[int, bytes]) -> dict[int, bytes]:
    """What is the same for all pages of an allocation: without the calls that are none."""
    field = ctx.layout.field("page_ext.trace")
    word = ctx.read.word
    return {pfn: row[:field.offset + min(_number(ctx, row, "nr_entries"), field.type.count) * word]
            for pfn, row in owned.items()}


def _number(ctx: Context, row: bytes, name: str) -> int:
    """A member of a struct page_ext."""
    field = ctx.layout.field(f"page_ext.{name}")
    return int.from_bytes(row[field.offset:field.offset + field.type.size], ctx.read.order)
