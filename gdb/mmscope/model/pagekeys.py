# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys of struct pages: what each says that its page is for, by rules. The engine does it, where there is one.

target/passes.py has the words, helper/dump/mmdump.h says what comes first; helper/dump/rules.c does the same as this.
"""
from __future__ import annotations

from itertools import groupby
from typing import Iterator, Optional

from ..errors import MmError
from ..target.engine_pass import EngineStrip
from ..target.passes import (FIRST, FOREIGN, HEAD, HELD, HUGETLB, MAPPED, NAMED, ONE, OWN_RESERVED, PLAIN, POOL,
                             RESERVED, SLAB, SLABS, TYPE, UNREADABLE, UNTOUCHED, Key, Rules, Runs)
from .columns import Columns, columns
from .context import Context
from .paint import AnyStrip, Ranges, cut

NEAR = 64                       # pages: gaps between ranges that are read, too
LOST, NOTHING, RESERVED_KEY = Key(UNREADABLE, 0, 0), Key(PLAIN, 0, 0), Key(RESERVED, 0, 0)
POOL_KEY, HEAD_KEY = Key(HUGETLB, 0, 0), Key(HEAD, 0, 0)


def runs_of(ctx: Context) -> Runs:
    """Where struct pages are, as passes are told it."""
    return Runs(tuple((run.zero, run.start_pfn, run.end_pfn) for run in ctx.pages.runs), ctx.pages.page_bytes,
                ctx.read.order == "big")


def classify(ctx: Context, rules: Rules, strip: AnyStrip, first: int) -> list[Key]:
    """The keys of all frames of a strip that have number 0, which become first + their key's place.

    Keys come in the order of the first page that has each.
    """
    if isinstance(strip, EngineStrip):
        try:
            return strip.classify(runs_of(ctx), rules, first)
        except MmError:
            pass                # more different keys than it keeps, or a layout that it does not take
    keys: dict[Key, int] = {}
    left = [(start, end) for start, end, number in strip.runs() if not number]
    strip.paint([(start, end, first + keys.setdefault(key, len(keys)))
                 for start, end, key in _Reader(ctx, rules).runs(left)])
    return list(keys)


class _Reader:
    """Rules applied in Python."""

    def __init__(self, ctx: Context, rules: Rules) -> None:
        self._ctx, self._rules = ctx, rules
        self._rows: dict[int, Optional[int]] = {}           # of page_type's values
        self._known: dict[tuple[int, int], Key] = {}        # one object for each kind and value
        self._head, self._head_pfn, self._said = -1, -1, NOTHING    # the last tail's first page, and what that said

    def runs(self, ranges: Ranges) -> Iterator[tuple[int, int, Key]]:
        """Start, end and key of every frame of sorted ranges, in runs."""
        for parts in near(ranges):
            for start, end, found in columns(self._ctx, parts[0][0], parts[-1][1]):
                for first, last in cut(parts, start, end):
                    if found is None:
                        yield first, last, LOST
                        continue
                    for key, run in groupby(self._keys(found, first, last)):
                        length = sum(1 for _ in run)
                        yield first, first + length, key
                        first += length

    def _keys(self, found: Columns, first: int, last: int) -> list[Key]:
        """The key of each frame [first, last) of a piece."""
        rules, part = self._rules, slice(first - found.start_pfn, last - found.start_pfn)
        rows = list(zip(*(found.at(field, part) for field in (
            rules.flags, rules.link, rules.mapping, rules.count, rules.type, rules.cache))))
        keys: list[Key] = []
        for pfn, (flags, link, mapping, count, kind, cache) in enumerate(rows, first):
            if flags & rules.reserved:
                keys.append(RESERVED_KEY)
            elif link & 1:
                keys.append(self._tail(pfn, link, first, rows))
            else:
                keys.append(self._plain(pfn, flags, mapping, count, kind, cache))
        if rules.bits or rules.plain_bits or rules.reserved_bits:
            return [self._with_bits(pfn, key, flags, link, count)
                    for pfn, (key, (flags, link, _, count, _, _)) in enumerate(zip(keys, rows), first)]
        return keys

    def _plain(self, pfn: int, flags: int, mapping: int, count: int, value: int, cache: int) -> Key:
        """What a page says that is no later one of a compound page."""
        rules = self._rules
        if value not in self._rows:
            self._rows[value] = rules.row(value)
        row = self._rows[value]
        rank = rules.types[row].rank if row is not None else None
        if flags & rules.slab or rank == SLABS:
            return self._key(SLAB, cache)
        if row is not None and rank == FIRST:
            return self._key(TYPE, row)
        if pfn in rules.held:
            return self._key(HELD, rules.held[pfn])
        if rank == POOL or flags & rules.head and self._has_dtor(pfn):
            return POOL_KEY
        if row is not None:
            return self._key(TYPE, row)
        if mapping & ~rules.mapping_bits and count:
            return self._key(MAPPED, mapping & rules.mapping_bits)
        return HEAD_KEY if flags & rules.head else NOTHING

    def _key(self, kind: int, value: int) -> Key:
        """The same object each time: runs are told apart by that first."""
        found = self._known.get((kind, value))
        if found is None:
            found = self._known[kind, value] = Key(kind, value, 0)
        return found

    def _tail(self, pfn: int, link: int, first: int, rows: list[tuple[int, ...]]) -> Key:
        """What the first page of a compound page says, by the link that a later one has."""
        pages = self._ctx.pages
        addr = pages.page(pfn) & link - 1 if self._rules.link_masks else link - 1
        if addr != self._head:
            head = pages.pfn(addr)
            if head is None or head >= pfn:
                return NOTHING
            self._said = self._of_head(head, rows[head - first] if head >= first else None)
            self._head, self._head_pfn = addr, head
        return self._said if self._head_pfn < pfn else NOTHING

    def _of_head(self, pfn: int, row: Optional[tuple[int, ...]]) -> Key:
        """The same for a first page. Its own link is not followed."""
        rules = self._rules
        if row is None:
            for _, _, found in columns(self._ctx, pfn, pfn + 1):
                if found is not None:
                    row = tuple(found.at(field)[0] for field in (rules.flags, rules.link, rules.mapping, rules.count,
                                                                 rules.type, rules.cache))
        if row is None:
            return NOTHING
        flags, _, *others = row
        return RESERVED_KEY if flags & rules.reserved else self._plain(pfn, flags, *others)

    def _has_dtor(self, pfn: int) -> bool:
        """Whether the page after a first one says that it is of the pool of huge pages."""
        field, wanted = self._rules.dtor()
        if not field.size or not self._ctx.pages.covers(pfn + 1):
            return False
        return any(found is not None and found.at(field)[0] == wanted
                   for _, _, found in columns(self._ctx, pfn + 1, pfn + 2))

    def _with_bits(self, pfn: int, key: Key, flags: int, link: int, count: int) -> Key:
        """A key with what the page says of itself."""
        rules = self._rules
        wanted = rules.bits | (rules.plain_bits if key.kind == PLAIN else
                               rules.reserved_bits if key.kind == RESERVED else 0)
        if not wanted:
            return key
        bits = (OWN_RESERVED if flags & rules.own_reserved else 0) | (NAMED if flags & rules.named else 0) | (
            FOREIGN if flags & rules.zone_mask != rules.zone_value else 0) | (ONE if count == 1 else 0) | (
            UNTOUCHED if link == self._ctx.pages.page(pfn) + rules.untouched else 0)
        return Key(key.kind, key.value, bits & wanted)


def near(ranges: Ranges) -> Iterator[Ranges]:
    """Ranges in groups that are read together: what is between them costs less than another read."""
    group: Ranges = []
    for each in ranges:
        if group and each[0] - group[-1][1] > NEAR:
            yield group
            group = []
        group.append(each)
    if group:
        yield group
