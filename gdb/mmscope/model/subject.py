# SPDX-License-Identifier: GPL-2.0-or-later
"""Which subject a person means: a page, block X, list ZONE [ORDER [TYPE]], memblock.ARRAY, ZONE.COUNTER, a counter.

A Subject (told.py) has points(ctx), the words to watch, and look(ctx), what it is now: two looks are equal when nothing
changed. event.py makes an Event of two looks.
"""
from __future__ import annotations

from typing import Optional, Sequence

from ..errors import MissingError, MmError, UsageError
from .address import resolve
from .brief import brief
from .buddy import order_count
from .context import Context
from .kept import block_of, linked_zone
from .migratetype import migratetype_names
from .stage import Stage
from .subjectcount import ARRAYS, GLOBALS, ArraySubject, global_count, zone_count, zone_count_names
from .subjectlist import ListSubject
from .subjectpage import BlockSubject, PageSubject
from .told import Subject
from .zone import Zone, select_zones, zone_names

BLOCK, LIST = "block", "list"


def find_subject(ctx: Context, words: Sequence[str], node: Optional[int] = None) -> Subject:
    """Understand X. Raises MmError, saying why there is no such thing, or not yet."""
    first, rest = words[0], words[1:]
    if first in ARRAYS:
        _reached(ctx, Stage.EARLY, "memblock")
        return _alone(ArraySubject(first), rest, node)
    if first in GLOBALS:
        _reached(ctx, Stage.EARLY, "counters")
        try:
            return _alone(global_count(ctx, first), rest, node)
        except MissingError:
            raise MmError(f"this kernel has no {first}") from None
    _reached(ctx, Stage.ZONES, "zones and mem_map")
    name, dot, counter = first.partition(".")
    if dot and (name.lower() in (each.lower() for each in zone_names(ctx)) or counter in zone_count_names(ctx)):
        return _alone(zone_count(ctx, _zone(ctx, name, node), counter), rest)
    if first == LIST:
        return _list(ctx, rest, node)
    if first == BLOCK:
        if not rest:
            raise UsageError("block takes a page of it: block pfn:N")
        return _alone(_block(ctx, " ".join(rest)), (), node)
    return _alone(_page(ctx, " ".join(words)), (), node)


def subject_words(ctx: Context) -> tuple[str, ...]:
    """For completion: what X may begin with, and the words behind list."""
    words = [BLOCK, LIST, "pfn:", "phys:", *ARRAYS, *(name for name in GLOBALS if ctx.layout.find_variable(name))]
    try:
        for name in zone_names(ctx):
            words += [name, *(f"{name}.{each}" for each in zone_count_names(ctx))]
        words += migratetype_names(ctx)
    except MmError:         # there are none yet
        pass
    return tuple(words)


def _reached(ctx: Context, stage: Stage, what: str) -> None:
    if ctx.stage is not None and ctx.stage < stage:
        raise MmError(f"no {what} yet at stage {ctx.stage.name.lower()}: {ctx.stage_text}")


def _alone(subject: Subject, rest: Sequence[str], node: Optional[int] = None) -> Subject:
    """It takes no more words, and no node beside its own name. Raises UsageError."""
    if rest:
        raise UsageError(f"what is {' '.join(rest)}, behind {subject.name}?")
    if node is not None:
        raise UsageError("--node goes with a zone's name: list ZONE, or ZONE.COUNTER")
    return subject


def _zone(ctx: Context, name: str, node: Optional[int]) -> Zone:
    """The only one of that name, or of that node."""
    found = select_zones(ctx, name, node)
    if len(found) > 1:
        raise UsageError(f"zone {found[0].name} is on nodes {', '.join(str(zone.node) for zone in found)}: "
                         "add --node N")
    return found[0]


def _list(ctx: Context, words: Sequence[str], node: Optional[int]) -> ListSubject:
    """ZONE [ORDER [TYPE]]."""
    if not words or len(words) > 3:
        raise UsageError("list takes a zone, and then an order and a migratetype if only that list is meant")
    zone, order, index = _zone(ctx, words[0], node), None, None
    if len(words) > 1:
        orders = order_count(ctx)
        try:
            order = int(words[1], 0)
        except ValueError:
            order = -1
        if not 0 <= order < orders:
            raise UsageError(f"no order {words[1]}: this kernel has orders 0 to {orders - 1}")
    if len(words) > 2:
        names = migratetype_names(ctx)
        index = next((at for at, name in enumerate(names) if name.lower() == words[2].lower()), None)
        if index is None:
            raise UsageError(f"no migratetype {words[2]}: this kernel has {', '.join(names)}")
    parts = [f"zone {zone.name}", *([f"of node {zone.node}"] if zone.node else []),
             *([f"order {order}"] if order is not None else ["all orders"]),
             *([migratetype_names(ctx)[index]] if index is not None else [])]
    return ListSubject(" ".join(["free list" if index is not None else "free lists of", *parts]), zone, order, index)


def _page(ctx: Context, text: str) -> PageSubject:
    """A page of memory that has its struct page."""
    place = resolve(ctx, text)
    if place.hole:
        raise MmError(f"pfn {place.pfn:#x} is no memory: nothing happens to it")
    if place.page is None:
        raise MmError(ctx.pages.why_not(place.pfn))
    if linked_zone(ctx, ctx.read.record("page", place.page).get("flags")) is None:
        raise MmError(f"pfn {place.pfn:#x} is of no zone, by its flags: no allocator has it")
    return PageSubject(f"page {place.pfn:#x}", place.pfn)


def _block(ctx: Context, text: str) -> BlockSubject:
    """The free block that has a page now."""
    page = _page(ctx, text)
    found = block_of(ctx, page.pfn)
    if found is None:
        try:
            what = brief(ctx, page.pfn).text
        except MmError:
            what = "in use"
        raise MmError(f"pfn {page.pfn:#x} is in no free block now, it is {what}; mm watch pfn:{page.pfn:#x} waits for "
                      "what becomes of it")
    return BlockSubject(f"block {found[0]:#x} of order {found[1]}", *found)
