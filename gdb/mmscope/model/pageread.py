# SPDX-License-Identifier: GPL-2.0-or-later
"""What frames that are on no list are for, as their struct pages and those who hold them say.

A compound page is what its first struct page says. In this order: whose zone it is, reserved, not handed over, slab,
page tables, what somebody is known to hold (holders.py), huge pages of the pool, page cache or anonymous by mapping.
"""
from __future__ import annotations

from itertools import groupby
from typing import Iterator, Optional

from ..errors import FaultError, MissingError
from ..layout.pagetype import type_name
from . import frame
from .columns import Columns, columns
from .context import Context
from .holders import holders
from .pageuse import cache_name, head_addr
from .paint import Ranges, within, without
from .reserved import reserved_frames
from .stage import Stage
from .zone import Zone

Said = tuple[str, str]          # kind and detail
NEAR = 64                       # pages: gaps between ranges that are read, too
MAPPING_BITS = 3
HUGETLB_DTOR = "HUGETLB_PAGE_DTOR"
UNREADABLE, UNLISTED, DRIVER = "struct page not readable", "marked free, on no list", "PG_reserved by a driver"
MARKED, OWN = "", "the kernel's own"        # of page tables: by page_type; else by where they are
_TABLE = (frame.PAGETABLE, MARKED)
_MAPPED = {0: (frame.FILE, ""), 1: (frame.ANON, ""), 2: (frame.OTHER, "movable"), 3: (frame.ANON, "ksm")}
_TYPED = {"large_kmalloc": (frame.SLAB, "large kmalloc"), "buddy": (frame.OTHER, UNLISTED)}
_RESERVED, _OTHER, _HOLE = (frame.RESERVED, ""), (frame.OTHER, ""), (frame.HOLE, "")
_BEFORE, _DURING = (frame.MEMBLOCK, ""), (frame.OTHER, "being handed over")


class PageReader:
    """Reads frames of one zone. others: those of its span that may be another zone's, as their struct pages tell."""

    def __init__(self, ctx: Context, zone: Zone, others: Ranges) -> None:
        self.ctx = ctx
        self._zone = zone
        self._others = others
        bits = {name: 1 << bit for bit, name in ctx.page_flags.names.items()}
        self._reserved, self._slab, self._head = (bits.get(name, 0) for name in ("reserved", "slab", "head"))
        self._named = sum(bits.values())
        self._type = "page.page_type" if ctx.layout.find_field("page.page_type") is not None else "page.mapcount"
        self._cache = "slab.slab_cache" if ctx.layout.find_field("slab.slab_cache") is not None else "page.slab_cache"
        self._types: dict[int, Optional[str]] = {}
        self._caches: dict[int, Said] = {}
        self._holders = holders(ctx)
        self._tables = ctx.once("pageread.tables", _table_frames)
        self._listed = reserved_frames(ctx)
        self._early = ctx.stage is not None and ctx.stage < Stage.SLAB
        self._by_list = self._early and self._listed is not None     # what is reserved is what memblock says
        self._deferred = deferred_frames(ctx)

    def spans(self, ranges: Ranges) -> Iterator[tuple[int, int, str, str]]:
        """Start, end, kind and detail for every frame of sorted ranges, in runs. Raises MissingError."""
        for parts in _near(ranges):
            for start, end, found in columns(self.ctx, parts[0][0], parts[-1][1]):
                for first, last in within(parts, start, end):
                    if found is None:
                        yield first, last, frame.OTHER, UNREADABLE
                        continue
                    for (kind, detail), run in groupby(self._say(found, first, last)):
                        length = sum(1 for _ in run)
                        yield first, first + length, kind, detail
                        first += length

    def _say(self, found: Columns, first: int, last: int, tails: bool = True) -> list[Said]:
        """Kind and detail of each frame [first, last) of a piece. Without tails, no link to a head is followed."""
        part = slice(first - found.start_pfn, last - found.start_pfn)
        has_cache = self.ctx.layout.find_field(self._cache) is not None
        flags, links, mappings, counts, types, caches = (
            found.get(name, part) for name in ("page.flags", "page.compound_head", "page.mapping", "page.refcount",
                                               self._type, self._cache if has_cache else "page.mapping"))
        reserved = 0 if self._by_list else self._reserved
        said: list[Said] = []
        last_link, last_said, pfn = 0, _OTHER, first
        for flag, link, mapping, count, kind, cache in zip(flags, links, mappings, counts, types, caches):
            if flag & reserved:
                said.append(_RESERVED)
            elif link & 1 and tails:
                if link != last_link:
                    last_link, last_said = link, self._of_tail(pfn, link, first, said)
                said.append(last_said)
            else:
                last_link = 0
                said.append(self._plain(pfn, flag, kind, mapping, count, cache if has_cache else 0))
            pfn += 1
        self._correct(said, first, flags, links, counts)
        return said

    def _plain(self, pfn: int, flag: int, value: int, mapping: int, count: int, cache: int) -> Said:
        """What a page says that is no later one of a compound page."""
        if value not in self._types:
            self._types[value] = type_name(self.ctx.layout, value) if self._type == "page.page_type" else None
        kind = self._types[value]
        if flag & self._slab or kind == "slab":
            if cache not in self._caches:
                name = cache_name(self.ctx, self.ctx.read.record("page", self.ctx.pages.page(pfn)))
                self._caches[cache] = frame.SLAB, name or ""
            return self._caches[cache]
        if kind == "table":
            return _TABLE
        if pfn in self._tables:
            return frame.PAGETABLE, OWN
        if pfn in self._holders:
            return self._holders[pfn]
        if kind == "hugetlb" or flag & self._head and self._is_hugetlb(pfn):
            return frame.HUGETLB, ""
        if kind is not None:
            return _TYPED.get(kind, (frame.OTHER, kind))
        if mapping & ~MAPPING_BITS and count:
            return _MAPPED[mapping & MAPPING_BITS]
        return (frame.COMPOUND, "") if flag & self._head else _OTHER

    def _of_tail(self, pfn: int, link: int, first: int, said: list[Said]) -> Said:
        """What the first page of a compound page says, by the link that a later one has."""
        ctx = self.ctx
        addr = head_addr(ctx, ctx.pages.page(pfn), link)
        head = ctx.pages.pfn(addr) if addr is not None else None
        if head is None or head >= pfn:
            return _OTHER
        if head >= first:
            return said[head - first]
        for _, _, found in columns(ctx, head, head + 1):
            if found is not None:
                return self._say(found, head, head + 1, tails=False)[0]
        return _OTHER

    def _correct(self, said: list[Said], first: int, flags: list[int], links: list[int], counts: list[int]) -> None:
        """What struct pages alone do not say: memblock's part, and frames that are not the zone's or not set up."""
        ctx, last = self.ctx, first + len(said)
        if self._by_list:
            for pfn in _each(within(self._listed or (), first, last)):
                said[pfn - first] = _RESERVED
        elif self._listed is not None and _RESERVED in said:
            for pfn in _each(without([(first, last)], self._listed)):
                if said[pfn - first] is _RESERVED and not self._untouched(pfn, links[pfn - first]):
                    said[pfn - first] = frame.OTHER, DRIVER
        if self._early:
            for at, each in enumerate(said):
                if each is _OTHER and not flags[at] & self._named and self._untouched(first + at, links[at]):
                    said[at] = _BEFORE if counts[at] == 1 else _DURING
        for pfn in _each(within(self._others, first, last)):
            flag = flags[pfn - first]
            if (ctx.page_flags.node(flag), ctx.page_flags.zone(flag)) != (self._zone.node, self._zone.index):
                said[pfn - first] = _HOLE
        for pfn in _each(within(self._deferred, first, last)):
            if not flags[pfn - first] & self._reserved:
                said[pfn - first] = frame.DEFERRED, ""

    def _untouched(self, pfn: int, link: int) -> bool:
        """Whether a page was never handed over: __init_single_page() makes its lru an empty list.

        One that was allocated was on a list, and its links are poisoned.
        """
        return link == self.ctx.pages.page(pfn) + self.ctx.layout.field("page.buddy_list").offset

    def _is_hugetlb(self, pfn: int) -> bool:
        """Whether a compound page's destructor is that of the pool of huge pages: how it was until v6.6."""
        ctx, wanted = self.ctx, self.ctx.layout.enum("compound_dtor_id").get(HUGETLB_DTOR)
        if wanted is None or not ctx.pages.covers(pfn + 1):
            return False
        try:
            if ctx.layout.find_field("page.compound_dtor") is not None:
                return ctx.read.member("page", ctx.pages.page(pfn + 1), "compound_dtor") == wanted
            return ctx.read.member("folio", ctx.pages.page(pfn), "_folio_dtor") == wanted
        except (MissingError, FaultError):
            return False


def _each(ranges: Ranges) -> Iterator[int]:
    """Every frame of some ranges."""
    for start, end in ranges:
        yield from range(start, end)


def _near(ranges: Ranges) -> Iterator[Ranges]:
    """Ranges in groups that are read together: what is between them costs less than another read."""
    group: Ranges = []
    for each in ranges:
        if group and each[0] - group[-1][1] > NEAR:
            yield group
            group = []
        group.append(each)
    if group:
        yield group


def _table_frames(ctx: Context) -> frozenset[int]:
    """Frames of the kernel's page tables."""
    return frozenset(phys >> ctx.arch.page_shift for phys in ctx.kernel_tables)


def deferred_frames(ctx: Context) -> Ranges:
    """Frames whose struct pages are set up late, while they are not yet. Raises MissingError, FaultError."""
    return ctx.once("pageread.deferred", _deferred)


def _deferred(ctx: Context) -> Ranges:
    """Frames whose struct pages are set up late, while they are not yet."""
    if ctx.layout.find_field("pglist_data.first_deferred_pfn") is None:
        return []
    found: Ranges = []
    for node in ctx.node_addrs:
        start, spanned, first = (ctx.read.member("pglist_data", node, name) for name in (
            "node_start_pfn", "node_spanned_pages", "first_deferred_pfn"))
        found.append((max(first, start), start + spanned))
    return within(found, 0, 1 << 64)
