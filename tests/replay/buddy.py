# SPDX-License-Identifier: GPL-2.0-or-later
"""The buddy allocator of Linux 4.9 as a model: which block is where on which list, and which one is given out.

Written from what that kernel does, with Python lists (first entry first) and sets of numbers: no struct page, no
links. It knows no watermarks (they are 0 in mem_init) and no per-CPU lists (they pass pages on one by one then).
"""
from __future__ import annotations

from typing import Iterator, Optional

from .oracle import PAGE, Expected, merged, minus

UNMOVABLE, MOVABLE, RECLAIMABLE = "Unmovable", "Movable", "Reclaimable"
FALLBACKS = {UNMOVABLE: (RECLAIMABLE, MOVABLE), RECLAIMABLE: (UNMOVABLE, MOVABLE), MOVABLE: (RECLAIMABLE, UNMOVABLE)}
TYPES = 6                               # migratetypes that this kernel has

# What a GFP mask asks for: type, and zones from the first to try on.
GFP = {"GFP_KERNEL": (UNMOVABLE, ("Normal",)), "GFP_KERNEL|__GFP_RECLAIMABLE": (RECLAIMABLE, ("Normal",)),
       "GFP_KERNEL|__GFP_MOVABLE": (MOVABLE, ("Normal",)), "GFP_HIGHUSER": (UNMOVABLE, ("HighMem", "Normal")),
       "GFP_HIGHUSER_MOVABLE": (MOVABLE, ("HighMem", "Normal"))}


class Buddy:
    """All zones of one machine."""

    def __init__(self, expected: Expected):
        """Empty lists, and then the hand-over in the kernel's order."""
        self.top = expected.orders - 1
        self.block_pages = 1 << self.top
        self.spans = {zone.name: (zone.start_pfn, zone.start_pfn + zone.spanned_pages) for zone in expected.zones()}
        self.expected = expected
        self.lists: dict[tuple[str, int, str], list[int]] = {}
        self.heads: dict[int, tuple[int, str]] = {}     # pfn of a free block -> its order, its list's type
        self.types: dict[tuple[str, int], str] = {}     # of a zone's pageblock, where it has changed
        self.mixed = sum(zone.present_pages for zone in expected.zones()) < TYPES * self.block_pages
        for start, end in self._handed_over():
            while start < end:
                order = min(self.top, (start & -start).bit_length() - 1 if start else self.top,
                            (end - start).bit_length() - 1)
                self.free(start, order)
                start += 1 << order

    def _handed_over(self) -> Iterator[tuple[int, int]]:
        """Lowmem range by range, then HighMem page by page."""
        pages = [(pfn * PAGE, (pfn + 1) * PAGE) for pfn, nomap in self.expected.present.items() if not nomap]
        reserved = merged([(base, base + size) for base, size in self.expected.map.reserved])
        split = self.expected.max_low_pfn
        for start, end in minus(merged(pages), reserved):
            yield -(-start // PAGE), min(end // PAGE, split)
        for pfn in sorted(pfn for pfn in self.expected.free if pfn >= split):
            yield pfn, pfn + 1

    def zone_of(self, pfn: int) -> str:
        """The zone link of a page; that of a page which is no memory reads as zone 0."""
        return self.expected.zone_of(pfn) if pfn in self.expected.present else "Normal"

    def blocks(self) -> list[tuple[str, int, str, int]]:
        """Every free block: zone, order, type, pfn; lists in no order, but each from its first entry on."""
        return [(*key, pfn) for key, pfns in self.lists.items() for pfn in pfns]

    def _type(self, pfn: int) -> str:
        kind = self.types.get((self.zone_of(pfn), pfn // self.block_pages))
        return kind or self.expected.migratetype_of(pfn)

    def _set_type(self, zone: str, pfn: int, kind: str) -> None:
        self.types[zone, pfn // self.block_pages] = UNMOVABLE if self.mixed else kind

    def _add(self, zone: str, pfn: int, order: int, kind: str, last: bool = False) -> None:
        entries = self.lists.setdefault((zone, order, kind), [])
        entries.insert(len(entries) if last else 0, pfn)
        self.heads[pfn] = order, kind

    def _remove(self, zone: str, pfn: int) -> int:
        order, kind = self.heads.pop(pfn)
        self.lists[zone, order, kind].remove(pfn)
        return order

    def _free_as(self, pfn: int, order: int, zone: str) -> bool:
        """Is there a free block of this order and zone?"""
        return self.heads.get(pfn, (None,))[0] == order and self.zone_of(pfn) == zone

    def free(self, pfn: int, order: int) -> None:
        """Merge upwards; the end of the list for a block whose next merge waits for its buddy only."""
        zone, kind = self.zone_of(pfn), self._type(pfn)
        while order < self.top and self._free_as(pfn ^ 1 << order, order, zone):
            self._remove(zone, pfn ^ 1 << order)
            pfn &= ~(1 << order)
            order += 1
        higher = pfn & ~(1 << order)
        last = order < self.top - 1 and self._free_as(higher ^ 2 << order, order + 1, self.zone_of(higher))
        self._add(zone, pfn, order, kind, last)

    def alloc(self, gfp: str, order: int) -> Optional[int]:
        """The pfn of the block; None: no zone has one."""
        kind, zones = GFP[gfp]
        kind = UNMOVABLE if self.mixed else kind
        for zone in zones:
            pfn = self._smallest(zone, order, kind)
            if pfn is None:
                pfn = self._fallback(zone, order, kind)
            if pfn is not None:
                return pfn
        return None

    def _smallest(self, zone: str, order: int, kind: str) -> Optional[int]:
        for size in range(order, self.top + 1):
            entries = self.lists.get((zone, size, kind))
            if entries:
                return self._take(zone, entries[0], order, kind)
        return None

    def _take(self, zone: str, pfn: int, order: int, kind: str) -> int:
        """Off its list; upper halves go back, as blocks of `kind`."""
        size = self._remove(zone, pfn)
        while size > order:
            size -= 1
            self._add(zone, pfn + (1 << size), size, kind)
        return pfn

    def _fallback(self, zone: str, order: int, kind: str) -> Optional[int]:
        """The largest block of another type, and perhaps its whole pageblock."""
        for size in range(self.top, order - 1, -1):
            for other in FALLBACKS[kind]:
                entries = self.lists.get((zone, size, other))
                if entries:
                    pfn = entries[0]
                    if size >= self.top // 2 or kind != MOVABLE or self.mixed:
                        self._steal(zone, pfn, size, kind)
                    return self._take(zone, pfn, order, kind)
        return None

    def _steal(self, zone: str, pfn: int, order: int, kind: str) -> None:
        if order >= self.top:
            self._set_type(zone, pfn, kind)
            return
        start = pfn & -self.block_pages
        end = start + self.block_pages
        low, high = self.spans[zone]
        if end > high:                  # a pageblock that sticks out is left alone
            moved = 0
        else:
            moved = self._move(zone, pfn if start < low else start, end, kind)
        if moved >= self.block_pages // 2 or self.mixed:
            self._set_type(zone, pfn, kind)

    def _move(self, zone: str, start: int, end: int, kind: str) -> int:
        """Free blocks of a range to another list; returns their pages."""
        moved = 0
        for pfn in sorted(head for head in self.heads if start <= head < end):
            order = self._remove(zone, pfn)
            self._add(zone, pfn, order, kind)
            moved += 1 << order
        return moved
