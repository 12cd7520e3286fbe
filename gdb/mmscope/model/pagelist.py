# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists that go through struct pages: followed by the dump engine where there is one, else in Python.

Where the engine cannot read what a list leads to, Python follows it once more: it may know another way to there.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional

from ..errors import MmError
from ..target.engine_list import INVALID, LONG, LOOP, UNREADABLE, Entries, Lists, Walked
from .context import Context
from .problem import Problem
from .walk import ListProblems, walk_list

@dataclass(frozen=True)
class PageWalk:
    """The struct pages on a list, as far as it could be followed."""

    nodes: tuple[int, ...]              # address of each list_head after the head, in list order
    pfns: tuple[int, ...]               # of the struct page that each is in
    problems: tuple[Problem, ...]


def walk_pages(ctx: Context, head: int, where: str, link: int, limit: int) -> PageWalk:
    """Follow a list from its head; link: offset of the list_head in struct page. Otherwise as walk_list()."""
    walked = _by_engine(ctx, head, link, limit)
    if walked is not None:
        return PageWalk(walked.nodes, walked.numbers, tuple(problems_of(walked, ListProblems(head, where), limit)))
    pages = ctx.pages
    walk = walk_list(ctx, head, where, lambda addr: pages.pfn(addr - link) is not None, limit)
    pfns = (pages.pfn(addr - link) for addr in walk.nodes)
    return PageWalk(walk.nodes, tuple(pfn for pfn in pfns if pfn is not None), walk.problems)


def _by_engine(ctx: Context, head: int, link: int, limit: int) -> Optional[Walked]:
    """The engine's answer; None without one, and where it cannot read."""
    if ctx.engine is None:
        return None
    try:
        lists: Optional[Lists] = ctx.once(f"pagelist {link}", lambda ctx: _lists(ctx, link))
        walked = lists.walk(head, limit) if lists is not None else None
    except MmError:
        return None
    return walked if walked is not None and walked.end != UNREADABLE else None


def _lists(ctx: Context, link: int) -> Optional[Lists]:
    """Lists with their list_head there; None where a list_head is not two pointers, next before prev."""
    word, pages = ctx.read.word, ctx.pages
    places = [(field.offset, field.type.size) for field in map(ctx.layout.field, ("list_head.next", "list_head.prev"))]
    if ctx.engine is None or places != [(0, word), (word, word)] or ctx.layout.struct("list_head").size != 2 * word:
        return None
    entries = [Entries(run.zero + run.start_pfn * pages.page_bytes, pages.page_bytes, run.end_pfn - run.start_pfn,
                       run.start_pfn) for run in pages.runs]
    return Lists(ctx.engine, entries, link, word, ctx.read.order == "big")


def problems_of(walked: Walked, broken: ListProblems, limit: int) -> Iterator[Problem]:
    """What walk_list() says of the same list."""
    for each in walked.breaks:
        yield broken.prev(each.entry, each.here, each.node, each.prev)
    entry = len(walked.nodes)
    if walked.end == INVALID:
        yield broken.invalid(entry, walked.here, walked.at)
    elif walked.end == UNREADABLE:
        yield broken.unreadable(entry, walked.here, walked.at)
    elif walked.end == LOOP:
        yield broken.loop(entry, walked.at)
    elif walked.end == LONG:
        yield broken.long(entry, walked.at, limit)
