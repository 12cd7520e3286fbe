# SPDX-License-Identifier: GPL-2.0-or-later
"""What frames that are on no list are for, as their struct pages and those who hold them say.

A compound page is what its first struct page says. In this order: whose zone it is, reserved, not handed over, slab,
page tables, what somebody is known to hold (holders.py), huge pages of the pool, page cache or anonymous by mapping.

One pass gives each frame a key (pagekeys.py): few keys differ, and each is looked at once. Then what struct pages alone
do not say is painted over it.
"""
from __future__ import annotations

from typing import Iterator, Optional

from ..errors import MissingError
from ..layout.pagetype import type_rows
from ..target.passes import (FIRST, FOREIGN, HEAD, HELD, HUGETLB, LATER, MAPPED, NAMED, NO_FIELD, ONE, OWN_RESERVED,
                             PLAIN, POOL, RESERVED, SLAB, SLABS, TYPE, UNREADABLE, UNTOUCHED, Field, Key, Rules,
                             TypeRow)
from . import frame
from .columns import field_of
from .context import Context
from .holders import holders
from .pageuse import cache_named, link_masks
from .pagekeys import classify
from .paint import AnyStrip, Ranges, strip_of, within, without
from .reserved import reserved_frames
from .stage import Stage
from .zone import Zone

Said = tuple[str, str]          # kind and detail
MAPPING_BITS = 3
KEYS = 1 << 31                  # numbers of a strip from there on are keys, below colours
HUGETLB_DTOR = "HUGETLB_PAGE_DTOR"
UNREAD, UNLISTED, DRIVER = "struct page not readable", "marked free, on no list", "PG_reserved by a driver"
MARKED, OWN = "", "the kernel's own"        # of page tables: by page_type; else by where they are
RANKS = {"slab": SLABS, "table": FIRST, "hugetlb": POOL}
_MAPPED = {0: (frame.FILE, ""), 1: (frame.ANON, ""), 2: (frame.OTHER, "movable"), 3: (frame.ANON, "ksm")}
_TYPED = {"table": (frame.PAGETABLE, MARKED), "large_kmalloc": (frame.SLAB, "large kmalloc"),
          "buddy": (frame.OTHER, UNLISTED)}
_ALONE = {PLAIN: (frame.OTHER, ""), UNREADABLE: (frame.OTHER, UNREAD), RESERVED: (frame.RESERVED, ""),
          HUGETLB: (frame.HUGETLB, ""), HEAD: (frame.COMPOUND, "")}
_BEFORE, _DURING = (frame.MEMBLOCK, ""), (frame.OTHER, "being handed over")


class Colours:
    """A number for each kind and detail."""

    def __init__(self) -> None:
        self.names: list[Said] = [(frame.HOLE, "")]
        self._numbers = {self.names[0]: 0}

    def of(self, kind: str, detail: str) -> int:
        """The number."""
        number = self._numbers.setdefault((kind, detail), len(self.names))
        if number == len(self.names):
            self.names.append((kind, detail))
        return number


class PageReader:
    """Reads frames of one zone. others: those of its span that may be another zone's, as their struct pages tell."""

    def __init__(self, ctx: Context, zone: Zone, others: Ranges) -> None:
        self.ctx = ctx
        self._others = others
        self._listed = reserved_frames(ctx)
        self._early = ctx.stage is not None and ctx.stage < Stage.SLAB
        self._by_list = self._early and self._listed is not None     # what is reserved is what memblock says
        self._deferred = deferred_frames(ctx)
        self._types = ctx.once("pageread.types", _types)
        self._held, self._tags = ctx.once("pageread.held", _held)
        self._caches: dict[int, Said] = {}
        self._rules = self._make_rules(zone)

    def spans(self, ranges: Ranges) -> Iterator[tuple[int, int, str, str]]:
        """Start, end, kind and detail for every frame of sorted ranges, in runs. Raises MissingError."""
        strip, colours = strip_of(self.ctx, ranges), Colours()
        self.paint(strip, colours)
        for start, end, colour in strip.runs():
            yield (start, end, *colours.names[colour])

    def paint(self, strip: AnyStrip, colours: Colours) -> None:
        """Give all frames of a strip that have no colour the one of what they are for. Raises MissingError."""
        keys = classify(self.ctx, self._rules, strip, KEYS)
        said = [self._said(key) for key in keys]
        read = [key.kind != UNREADABLE for key in keys]

        def paint(ranges: Ranges, chosen: list[bool], kind: str, detail: str) -> None:
            """Of keys that are chosen, in some ranges."""
            if ranges and any(chosen):
                colour = colours.of(kind, detail)
                strip.map(ranges, KEYS, [colour if one else KEYS + at for at, one in enumerate(chosen)])

        paint(self._deferred, [there and not key.bits & OWN_RESERVED for key, there in zip(keys, read)],
              frame.DEFERRED, "")
        paint(self._others, [there and bool(key.bits & FOREIGN) for key, there in zip(keys, read)], frame.HOLE, "")
        if self._by_list:
            paint(list(self._listed or ()), read, *_ALONE[RESERVED])
        elif self._listed is not None:
            paint(without([(0, 1 << 63)], self._listed),
                  [key.kind == RESERVED and not key.bits & UNTOUCHED for key in keys], frame.OTHER, DRIVER)
        strip.map([(0, 1 << 63)], KEYS, [colours.of(*each) for each in said])

    def _said(self, key: Key) -> Said:
        """What a key means."""
        if key.kind == SLAB:
            if key.value not in self._caches:
                self._caches[key.value] = frame.SLAB, cache_named(self.ctx, key.value) or ""
            return self._caches[key.value]
        if key.kind == TYPE:
            name = self._types[key.value][0]
            return _TYPED.get(name, (frame.OTHER, name))
        if key.kind == HELD:
            return self._tags[key.value]
        if key.kind == MAPPED:
            return _MAPPED[key.value]
        if key.kind == PLAIN and self._early and key.bits & UNTOUCHED and not key.bits & NAMED:
            return _BEFORE if key.bits & ONE else _DURING
        return _ALONE[key.kind]

    def _make_rules(self, zone: Zone) -> Rules:
        """What the pass is told. Raises MissingError."""
        ctx, division = self.ctx, self.ctx.page_flags
        bits = {name: 1 << bit for bit, name in division.names.items()}
        own, slab, head = (bits.get(name, 0) for name in ("reserved", "slab", "head"))
        cache = "slab.slab_cache" if ctx.layout.find_field("slab.slab_cache") is not None else "page.slab_cache"
        return Rules(
            *(field_of(ctx, f"page.{name}") for name in ("flags", "compound_head", "mapping", "refcount")),
            field_of(ctx, "page.page_type") if self._types else NO_FIELD,
            field_of(ctx, cache) if ctx.layout.find_field(cache) is not None else NO_FIELD,
            lambda: ctx.once("pageread.dtor", _dtor),
            0 if self._by_list else own, slab, head, own, sum(bits.values()),
            (1 << division.zone_bits) - 1 << division.zone_shift | (1 << division.node_bits) - 1 << division.node_shift,
            zone.index << division.zone_shift | zone.node << division.node_shift, MAPPING_BITS,
            ctx.layout.field("page.buddy_list").offset, link_masks(ctx), tuple(row for _, row in self._types),
            self._held, (OWN_RESERVED if self._deferred else 0) | (FOREIGN if self._others else 0),
            UNTOUCHED | NAMED | ONE if self._early else 0,
            UNTOUCHED if self._listed is not None and not self._by_list else 0)


def _types(ctx: Context) -> list[tuple[str, TypeRow]]:
    """The types of pages by name, as passes are told them; none where struct page has no page_type."""
    if ctx.layout.find_field("page.page_type") is None:
        return []
    return [(name, TypeRow(mask, value, RANKS.get(name, LATER))) for name, mask, value in type_rows(ctx.layout)]


def _held(ctx: Context) -> tuple[dict[int, int], list[Said]]:
    """The number of what each pfn is known to be held for, and what these mean. Page tables come first."""
    own = frame.PAGETABLE, OWN
    numbers: dict[Said, int] = {}
    said = {**holders(ctx), **{pfn: own for pfn in _table_frames(ctx)}}
    held = {pfn: numbers.setdefault(each, len(numbers)) for pfn, each in said.items() if pfn >= 0}
    return held, list(numbers)


def _dtor(ctx: Context) -> tuple[Field, int]:
    """Where a compound page's second struct page keeps its destructor, and that of the pool of huge pages.

    How it was until v6.6.
    """
    wanted = ctx.layout.enum("compound_dtor_id").get(HUGETLB_DTOR)
    if wanted is None:
        return NO_FIELD, 0
    try:
        if ctx.layout.find_field("page.compound_dtor") is not None:
            return field_of(ctx, "page.compound_dtor"), wanted
        offset, size = field_of(ctx, "folio._folio_dtor")
    except MissingError:
        return NO_FIELD, 0
    return (Field(offset - ctx.pages.page_bytes, size), wanted) if offset >= ctx.pages.page_bytes else (NO_FIELD, 0)


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
