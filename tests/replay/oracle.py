# SPDX-License-Identifier: GPL-2.0-or-later
"""What must come out of a memory map, by brute force.

Nothing here looks like the allocator: coverage is counted in bytes per page, free blocks are made by merging pairs of
the free pages' numbers, and neither knows a region list.
"""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Iterator

PAGE = 4096
DEFAULT_LOWMEM = 768 << 20

Block = tuple[str, int, int]            # zone, order, pfn


@dataclass(frozen=True)
class Map:
    """A memory map as scripts/replay reads it."""

    memory: tuple[tuple[int, int, bool], ...]       # base, size, nomap
    reserved: tuple[tuple[int, int], ...] = ()
    lowmem_limit: int = 0                           # 0: the default
    operations: tuple[str, ...] = field(default=())

    def text(self) -> str:
        """The lines of the map."""
        lines = [f"memory {base:#x} {size:#x}{' nomap' if nomap else ''}" for base, size, nomap in self.memory]
        lines += [f"reserved {base:#x} {size:#x}" for base, size in self.reserved]
        if self.lowmem_limit:
            lines.append(f"lowmem-limit {self.lowmem_limit:#x}")
        return "\n".join(lines + list(self.operations)) + "\n"


@dataclass(frozen=True)
class Zone:
    """What a zone must say of itself."""

    name: str
    start_pfn: int
    spanned_pages: int
    present_pages: int
    managed_pages: int


class Expected:
    """The answer for one map and one MAX_ORDER."""

    def __init__(self, memory_map: Map, orders: int):
        """Counts everything at once."""
        self.map = memory_map
        self.orders = orders
        pages = _whole_pages(memory_map)
        if not pages:
            raise ValueError("no whole page of memory")
        self.min_pfn, self.max_pfn = min(pages), max(pages) + 1
        limit = (memory_map.lowmem_limit or
                 -(-min(base for base, _, _ in memory_map.memory) // PAGE) * PAGE + DEFAULT_LOWMEM) // PAGE
        low = [pfn for pfn in pages if pfn < limit]
        if not low:
            raise ValueError("no whole page below the limit")
        self.max_low_pfn = max(low) + 1     # lowmem ends with its last page of memory
        touched = _touched_pages(memory_map)
        self.present = pages
        self.free = {pfn for pfn, nomap in pages.items() if not nomap and pfn not in touched}
        self.blocks = {block for zone in self.zones() for block in self._canonical(zone)}

    def zones(self) -> list[Zone]:
        """Normal, HighMem and the empty Movable."""
        high_start = self.max_low_pfn if self.max_pfn > self.max_low_pfn else 0
        spans = [("Normal", self.min_pfn, self.max_low_pfn), ("HighMem", high_start, self.max_pfn if high_start else 0),
                 ("Movable", 0, 0)]
        return [Zone(name, start, end - start, sum(start <= pfn < end for pfn in self.present),
                     sum(start <= pfn < end for pfn in self.free)) for name, start, end in spans]

    def zone_of(self, pfn: int) -> str:
        """Name of the zone that spans a page of memory."""
        return "Normal" if pfn < self.max_low_pfn else "HighMem"

    def migratetype_of(self, pfn: int) -> str:
        """Of a free page at the start: its pageblock is movable if that one's first page is memory of the zone."""
        first = pfn & -(1 << self.orders - 1)
        return "Movable" if first in self.present and self.zone_of(first) == self.zone_of(pfn) else "Unmovable"

    def _canonical(self, zone: Zone) -> Iterator[Block]:
        """Two free halves are one block, from the smallest on: what is left cannot be merged."""
        end = zone.start_pfn + zone.spanned_pages
        heads = {pfn for pfn in self.free if zone.start_pfn <= pfn < end}
        for order in range(self.orders - 1):
            size = 1 << order
            pairs = {pfn for pfn in heads if not pfn & size and pfn + size in heads}
            for pfn in heads:
                if (pfn & ~size) not in pairs:
                    yield zone.name, order, pfn
            heads = pairs
        for pfn in heads:
            yield zone.name, self.orders - 1, pfn


@lru_cache(maxsize=128)
def _expect(memory_map: Map, orders: int) -> Expected:
    return Expected(memory_map, orders)


def expect(memory_map: Map, orders: int) -> Expected:
    """The answer for the map at the end of the hand-over; the same object when asked again. Raises ValueError."""
    return _expect(replace(memory_map, operations=()), orders)


def _pieces(base: int, size: int) -> Iterator[tuple[int, int]]:
    """The pages that a range touches, and how many bytes of each."""
    first, last = base // PAGE, (base + size - 1) // PAGE
    for pfn in range(first, last + 1):
        yield pfn, min(base + size, (pfn + 1) * PAGE) - max(base, pfn * PAGE)


def _whole_pages(memory_map: Map) -> dict[int, bool]:
    """Pages that are memory of one kind to the last byte; True: nomap."""
    covered: dict[tuple[int, bool], int] = {}
    for base, size, nomap in memory_map.memory:
        for pfn, count in _pieces(base, size):
            covered[pfn, nomap] = covered.get((pfn, nomap), 0) + count
    return {pfn: nomap for (pfn, nomap), count in covered.items() if count == PAGE}


def _touched_pages(memory_map: Map) -> set[int]:
    """Pages of which a reservation holds at least one byte."""
    return {pfn for base, size in memory_map.reserved for pfn in range(base // PAGE, (base + size - 1) // PAGE + 1)}


def merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges [start, end) as memblock keeps them: sorted, what touches or overlaps is one."""
    result: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if result and start <= result[-1][1]:
            result[-1] = result[-1][0], max(end, result[-1][1])
        else:
            result.append((start, end))
    return result


def minus(ranges: list[tuple[int, int]], holes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Merged ranges without merged holes."""
    result = []
    for start, end in ranges:
        for low, high in holes:
            if low >= end:
                break
            if high <= start:
                continue
            if low > start:
                result.append((start, low))
            start = max(start, high)
        if start < end:
            result.append((start, end))
    return result
