# SPDX-License-Identifier: GPL-2.0-or-later
"""The free lists of the zones: each is walked once a stop, and a block is found on its own.

From a block its list is followed to the head, whatever its struct page says of itself: that names the list. Then the
list is walked from that head: only what is found so is on it, and has a place. Any other list is left alone.
"""
from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Iterable, Iterator, Optional

from ..errors import FaultError
from .context import Context
from .migratetype import migratetype_names
from .pagelist import walk_pages
from .problem import Problem
from .walk import INVALID, walk_chain
from .zone import Zone, populated_zones

Head = tuple[Zone, int, int]        # zone, order and number of the migratetype


@dataclass(frozen=True)
class FreeList:
    """One list of a zone, as far as it could be followed from its head."""

    zone: Zone
    order: int
    migratetype: str
    pfns: tuple[int, ...]               # first page of each block, the one that is given out next first
    problems: tuple[Problem, ...]       # LIST-1 to LIST-3

    @property
    def name(self) -> str:
        """How problems name it."""
        return f"zone {self.zone.name} order {self.order} {self.migratetype}"

    @property
    def whole(self) -> bool:
        """Whether it was followed back to its head."""
        return all(problem.id == "LIST-3" for problem in self.problems)


@dataclass(frozen=True)
class OnList:
    """A block's place on a list."""

    list: FreeList
    place: int          # blocks in front of it


def free_list(ctx: Context, zone: Zone, order: int, index: int) -> FreeList:
    """The list of a migratetype, given by its number. Raises MissingError, FaultError when its head is unreadable."""
    return ctx.once(f"freelists {zone.addr:x} {order} {index}", partial(_walk, zone=zone, order=order, index=index))


def list_of(ctx: Context, pfn: int, order: Optional[int] = None) -> Optional[OnList]:
    """The list that has a block, of whatever zone and order; None when none is found to have it.

    order: what the block says of itself. Where links do not lead from it to a head, the lists of that order are looked
    through, in the zone that spans it: those that break off have blocks in front of that. Raises MissingError.
    """
    known: dict[int, OnList] = ctx.once("freelists.known", lambda ctx: {})
    for heads in (_followed, partial(_of_order, order=order)):
        if pfn in known:
            break
        _keep(ctx, known, heads(ctx, pfn), pfn)
    return known.get(pfn)


def _keep(ctx: Context, known: dict[int, OnList], heads: Iterable[Head], pfn: int) -> None:
    """Walk lists up to the one that has a block, and keep the places of all blocks on them."""
    for zone, order, index in heads:
        try:
            found = free_list(ctx, zone, order, index)
        except FaultError:
            continue
        for at, each in enumerate(found.pfns):
            known.setdefault(each, OnList(found, at))
        if pfn in known:
            break


def _of_order(ctx: Context, pfn: int, order: Optional[int]) -> Iterator[Head]:
    """The lists of an order, in each zone that spans a block."""
    for zone, each, index in ctx.once("freelists.heads", _heads).values():
        if each == order and zone.start_pfn <= pfn < zone.end_pfn:
            yield zone, each, index


def _followed(ctx: Context, pfn: int) -> Iterator[Head]:
    """The head that a block's links lead to, forward."""
    heads, link = ctx.once("freelists.heads", _heads), ctx.layout.field("page.buddy_list").offset
    pages, limit = ctx.pages, max((zone.spanned_pages for zone in populated_zones(ctx)), default=0) + 1
    chain = walk_chain(pages.page(pfn) + link, lambda addr: ctx.read.record("list_head", addr).get("next"),
                       lambda addr: addr not in heads and pages.pfn(addr - link) is not None, limit)
    if chain.end == INVALID and chain.at in heads:
        yield heads[chain.at]


def _heads(ctx: Context) -> dict[int, Head]:
    """All lists by the address of their head."""
    found: dict[int, Head] = {}
    for zone in populated_zones(ctx):
        record = ctx.read.record("zone", zone.addr)
        for order in range(record.count("free_area")):
            area = record.inner("free_area", "free_area", order)
            for index in range(area.count("free_list")):
                found[area.addr_of("free_list", index)] = zone, order, index
    return found


def _walk(ctx: Context, zone: Zone, order: int, index: int) -> FreeList:
    """From its head."""
    area = ctx.read.record("zone", zone.addr).inner("free_area", "free_area", order)
    link, name = ctx.layout.field("page.buddy_list").offset, migratetype_names(ctx)[index]
    walk = walk_pages(ctx, area.addr_of("free_list", index), f"zone {zone.name} order {order} {name}", link,
                      max(zone.spanned_pages >> order, 1))
    return FreeList(zone, order, name, walk.pfns, walk.problems)
