# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: compound pages, by passes that find those to look at.

  PAGE-4  a compound page: PageHead on the first page, its order beside it; every other one leads to the first, and has
          count 0; on the guest, mapping TAIL_MAPPING. What leads to another page is part of a compound page

Where struct pages of huge pages may be shared, those of a page as large as a pageblock are looked at up to a page of
them: the rest may be the same ones.
"""
from __future__ import annotations

from itertools import islice
from typing import Callable, Iterator, NamedTuple, Optional, Sequence, Union

from ..errors import FaultError
from .check_page import MOST, checked_frames
from .checks import Outcome, check
from .context import Context
from .migratetype import pageblock_order
from .pagescan import ALL, Wanted, matches
from .pageuse import compound_order, head_addr
from .paint import Ranges, cut, within, without
from .problem import Problem
from .stage import Stage

TAIL_MAPPING = 0x400
Link = tuple[int, int, int]         # page frames [start, end) with the same link


class _Compound(NamedTuple):
    """A compound page: [first, end). shown is the end of those struct pages that are its own."""

    first: int
    end: int
    shown: int


@check("PAGE-4", since=Stage.ZONES, subsystem="pages")
def compound(ctx: Context) -> Outcome:
    """First pages, then what is to belong to each, then what leads to none."""
    frames = within(checked_frames(ctx), 0, 1 << 64)
    head = 1 << ctx.layout.enum("pageflags")["PG_head"]
    problems: list[tuple[int, Problem]] = []
    found: list[_Compound] = []
    for match in matches(ctx, frames, [Wanted("page.flags", head, head)]):
        for pfn in range(match.start_pfn, match.end_pfn) if match.groups else ():
            if not found or pfn >= found[-1].end:
                one, wrong = _begin(ctx, pfn)
                found.append(one)
                if wrong is not None and len(problems) < MOST:
                    problems.append((pfn, wrong))
    links = [match[:3] for match in matches(ctx, frames, [Wanted("page.compound_head", 1, 1)], "page.compound_head")
             if match.groups]
    for each in (_leads(ctx, frames, found, links), _held(ctx, frames, found), _mapped(ctx, frames, found),
                 _strays(ctx, found, links, head)):
        problems += islice(each, MOST)
    problems.sort(key=lambda each: each[0])
    return Outcome(tuple(problem for _, problem in problems[:MOST]), f"compound pages: {len(found)}")


def _begin(ctx: Context, pfn: int) -> tuple[_Compound, Optional[Problem]]:
    """A first page, and what is wrong with it."""
    order = compound_order(ctx, pfn, ctx.read.record("page", ctx.pages.page(pfn)))
    if order is None:
        return _Compound(pfn, pfn + 1, pfn + 1), _problem(
            pfn, "an order", None, "is the first of a compound page without an order")
    if pfn & (1 << order) - 1 or not ctx.pages.covers(pfn + (1 << order) - 1):
        return _Compound(pfn, pfn + 1, pfn + 1), _problem(
            pfn, f"a multiple of {1 << order:#x}", pfn,
            f"is the first of a compound page of order {order}, which cannot begin there")
    end = pfn + (1 << order)
    if ctx.kind == "guest" or order < pageblock_order(ctx):
        return _Compound(pfn, end, end), None
    return _Compound(pfn, end, min(end, pfn + (1 << ctx.arch.page_shift) // ctx.pages.page_bytes)), None


def _problem(pfn: int, expected: Union[str, int], actual: Optional[int], text: str) -> Problem:
    return Problem("PAGE-4", f"pfn {pfn:#x}", expected, actual, f"pfn {pfn:#x}: {text}")


def _tails(found: list[_Compound], frames: Ranges) -> Iterator[tuple[int, int, int]]:
    """Page frames [start, end) that are later ones of a compound page, and its first one."""
    for one in found:
        for low, high in cut(frames, one.first + 1, one.shown):
            yield low, high, one.first


def _leads(ctx: Context, frames: Ranges, found: list[_Compound],
           links: Sequence[Link]) -> Iterator[tuple[int, Problem]]:
    """Whether every later page of a compound page leads to the first one."""
    at = 0
    for low, high, first in _tails(found, frames):
        wanted, right = ctx.pages.page(first), []
        while at < len(links) and links[at][1] <= low:
            at += 1
        here = at
        while here < len(links) and links[here][0] < high:
            start, end, link = max(links[here][0], low), min(links[here][1], high), links[here][2]
            if all(head_addr(ctx, ctx.pages.page(pfn), link) == wanted for pfn in (start, end - 1)):
                right.append((start, end))
            here += 1
        for start, end in without([(low, high)], right) if right != [(low, high)] else ():
            for pfn in range(start, end):
                try:
                    link = ctx.read.member("page", ctx.pages.page(pfn), "compound_head")
                except FaultError:
                    continue                # PAGE-1
                if head_addr(ctx, ctx.pages.page(pfn), link) != wanted:
                    yield pfn, _problem(pfn, f"{wanted:#x}", link, f"is part of the compound page at pfn {first:#x}, "
                                        f"and leads to {link:#x}")


def _held(ctx: Context, frames: Ranges, found: list[_Compound]) -> Iterator[tuple[int, Problem]]:
    """Later pages that somebody holds."""
    return _odd(ctx, frames, found, "page.refcount", 0, "count", str)


def _mapped(ctx: Context, frames: Ranges, found: list[_Compound]) -> Iterator[tuple[int, Problem]]:
    """Those of the guest without their mark."""
    return _odd(ctx, frames, found, "page.mapping", TAIL_MAPPING, "mapping", hex) if ctx.kind == "guest" else iter(())


def _odd(ctx: Context, frames: Ranges, found: list[_Compound], member: str, wanted: int, name: str,
         spelled: Callable[[int], str]) -> Iterator[tuple[int, Problem]]:
    """Later pages in which a member is another than it is to be."""
    tails = list(_tails(found, frames))
    at = 0
    for match in matches(ctx, [(low, high) for low, high, _ in tails], [Wanted(member, ALL, wanted, negated=True)],
                         member):
        for pfn in range(match.start_pfn, match.end_pfn) if match.groups else ():
            while tails[at][1] <= pfn:
                at += 1
            yield pfn, _problem(pfn, wanted if name == "count" else spelled(wanted), match.value,
                                f"is part of the compound page at pfn {tails[at][2]:#x}, and its {name} is "
                                f"{spelled(match.value)}")


def _strays(ctx: Context, found: list[_Compound], links: Sequence[Link],
            head_bit: int) -> Iterator[tuple[int, Problem]]:
    """Pages that lead to one that is no first page, or whose compound page ends before them."""
    inside = [(one.first, one.end) for one in found]
    at = 0
    for start, end, link in links:
        while at < len(inside) and inside[at][1] <= start:
            at += 1
        here = at
        while here < len(inside) and inside[here][0] < end:
            here += 1
        for low, high in without([(start, end)], inside[at:here]):
            yield from _stray(ctx, low, high, link, head_bit)


def _stray(ctx: Context, pfn: int, end: int, link: int, head_bit: int) -> Iterator[tuple[int, Problem]]:
    """Those of page frames [pfn, end), which are in no compound page that was found so far."""
    while pfn < end:
        addr = head_addr(ctx, ctx.pages.page(pfn), link)
        first = ctx.pages.pfn(addr) if addr is not None else None
        if first is not None and first < pfn:
            last = first + (1 << _order(ctx, first, head_bit))
            if pfn < last:
                pfn = last                  # as far as it goes: all of these lead there
                continue
        yield pfn, _problem(pfn, "the first of a compound page", link,
                            f"leads to {link:#x}, which is not the first of a compound page that it is part of")
        pfn += 1


def _order(ctx: Context, pfn: int, head_bit: int) -> int:
    """Order of the compound page that begins there; 0 where none does."""
    try:
        record = ctx.read.record("page", ctx.pages.page(pfn))
        return (compound_order(ctx, pfn, record) or 0) if record.get("flags") & head_bit else 0
    except FaultError:
        return 0
