# SPDX-License-Identifier: GPL-2.0-or-later
"""What a map must become: one byte a page frame, counted the slow way.

Shares nothing with helper/mm: expected figures come from the tree as the test
wrote it, and from memblock.reserved as the machine at rest holds it.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Iterable, Sequence

from .board import PAGE, RAM, Board, Range

FRAMES = 1 << 20                    # of a 32-bit physical address space
LAST = FRAMES - 1                   # its last frame ends where 32 bits do
HOLE, MEMORY, RESERVED = b"\0", b"m", b"r"
MAX_BLOCK = 1 << 10                 # pages of order 10
PAGE_BYTES = 32                     # of struct page
PAGE_OFFSET = 0xC0000000
SECTION = 1 << 20
FNV_BASIS, FNV_PRIME = 0x811C9DC5, 0x01000193


def inner(base: int, size: int) -> slice:
    """The frames that lie wholly in a range."""
    start = -(-base // PAGE)
    return slice(start, max(start, min((base + size) // PAGE, LAST)))


def outer(base: int, size: int) -> slice:
    """The frames that a range touches."""
    return slice(base // PAGE, max(base // PAGE, -(-(base + size) // PAGE)))


@dataclass
class Zone:
    """A zone's figures."""
    start: int
    spanned: int
    present: int
    reserved: int
    free: list[tuple[int, int]]     # blocks: (pfn, order), ascending

    @property
    def free_pages(self) -> int:
        return sum(1 << order for _, order in self.free)

    def blocks(self, orders: int) -> list[int]:
        """Free blocks by order."""
        return [sum(1 for _, order in self.free if order == wanted)
                for wanted in range(orders)]

    def digest(self) -> int:
        """truth.h's FNV-1a over the blocks."""
        value = FNV_BASIS
        for block in self.free:
            for number in block:
                for byte in number.to_bytes(4, "little"):
                    value = (value ^ byte) * FNV_PRIME & 0xFFFFFFFF
        return value


class Oracle:
    """The frames of one board."""

    def __init__(self, board: Board, reserved: Iterable[Range],
                 cma: Sequence[Range] = ()) -> None:
        """`cma`: areas that came back, and so are free again."""
        self.frames = bytearray(FRAMES)
        for base, size in (pair for bank in board.banks for pair in bank):
            self._mark(inner(base, size))
        if board.keep is not None:
            self._keep(board.keep)
        self.frames[:RAM // PAGE] = HOLE * (RAM // PAGE)
        for base, size in board.no_map:
            part = outer(base, size)
            self.frames[part] = HOLE * (part.stop - part.start)
        self.memory = bytes(self.frames)
        for base, size in reserved:
            self._change(outer(base, size), MEMORY, RESERVED)
        for base, size in cma:
            self._change(inner(base, size), RESERVED, MEMORY)
        self.min_pfn = self.memory.find(MEMORY)
        self.max_pfn = self.memory.rfind(MEMORY) + 1
        self.max_low_pfn = self.memory.rfind(
            MEMORY, 0, board.lowmem_end // PAGE) + 1

    def _mark(self, part: slice) -> None:
        self.frames[part] = MEMORY * (part.stop - part.start)

    def _change(self, part: slice, old: bytes, new: bytes) -> None:
        self.frames[part] = self.frames[part].replace(old, new)

    def _keep(self, ranges: Sequence[Range]) -> None:
        kept = bytearray(FRAMES)
        for base, size in ranges:
            part = inner(base, size)
            kept[part] = self.frames[part]
        self.frames = kept

    def ranges(self, start: int = 0, end: int = FRAMES) -> list[tuple[int, int]]:
        """[start, end) pfns of memory, ascending."""
        return [(start + found.start(), start + found.end())
                for found in re.finditer(b"m+", self.memory[start:end])]

    def zones(self) -> list[Zone]:
        """Normal, HighMem, Movable."""
        low = self._zone(self.min_pfn, self.max_low_pfn)
        return [low, self._zone(self.max_low_pfn, self.max_pfn),
                Zone(0, 0, 0, 0, [])]

    def _zone(self, start: int, end: int) -> Zone:
        if start == end:
            return Zone(0, 0, 0, 0, [])
        blocks: list[tuple[int, int]] = []
        for pfn in range(start // MAX_BLOCK * MAX_BLOCK, end, MAX_BLOCK):
            self._blocks(pfn, MAX_BLOCK, start, end, blocks)
        return Zone(start, end - start, self.memory[start:end].count(MEMORY),
                    self.frames[start:end].count(RESERVED), blocks)

    def _blocks(self, pfn: int, pages: int, start: int, end: int,
                found: list[tuple[int, int]]) -> None:
        """Halve an aligned block until a piece is wholly free, or has none."""
        inside = self.frames[max(pfn, start):min(pfn + pages, end)]
        if inside == MEMORY * pages:
            found.append((pfn, pages.bit_length() - 1))
        elif MEMORY in inside:
            self._blocks(pfn, pages // 2, start, end, found)
            self._blocks(pfn + pages // 2, pages // 2, start, end, found)

    def mapped(self, image_end: int) -> list[list[int]]:
        """[virtual, physical, pages] of the linear map. The sections of the
        running image, up to virtual `image_end`, may be mapped as a whole."""
        low = bytearray(self.memory[:self.max_low_pfn])
        sections = -(-(image_end - PAGE_OFFSET) // SECTION) * SECTION
        low.extend(HOLE * max(0, (RAM + sections) // PAGE - len(low)))
        part = slice(RAM // PAGE, (RAM + sections) // PAGE)
        low[part] = MEMORY * (part.stop - part.start)
        return [[PAGE_OFFSET + found.start() * PAGE - RAM,
                 found.start() * PAGE, len(found.group())]
                for found in re.finditer(b"m+", low)]

    def mem_map_holes(self, mem_map: int) -> list[tuple[int, int]]:
        """Physical [start, end) of mem_map that describe no memory, and none
        that shares a largest block with memory: whole pages."""
        holes = []
        runs = self.ranges()
        for (_, end), (start, _) in zip(runs, runs[1:]):
            first = -(-end // MAX_BLOCK) * MAX_BLOCK
            last = start // MAX_BLOCK * MAX_BLOCK
            at = [self.page_phys(mem_map, pfn) for pfn in (first, last)]
            at = [-(-at[0] // PAGE) * PAGE, at[1] // PAGE * PAGE]
            if first < last and at[0] < at[1]:
                holes.append((at[0], at[1]))
        return holes

    @staticmethod
    def page_phys(mem_map: int, pfn: int) -> int:
        """Where a frame's struct page lies."""
        return mem_map + (pfn - RAM // PAGE) * PAGE_BYTES - PAGE_OFFSET + RAM


def ranges_of(regions: Sequence[dict[str, Any]]) -> list[Range]:
    """(base, size) of regions as readout.py has them."""
    return [(region["base"], region["size"]) for region in regions]


def covered(ranges: Iterable[Range], base: int, size: int) -> int:
    """How many bytes of [base, base + size) the ranges hold; they must not
    overlap."""
    return sum(max(0, min(start + length, base + size) - max(start, base))
               for start, length in ranges)


def joined(ranges: Iterable[Range]) -> list[Range]:
    """The same bytes without overlaps, ascending."""
    result: list[Range] = []
    for base, size in sorted(ranges):
        if result and base <= sum(result[-1]):
            last, length = result.pop()
            base, size = last, max(length, base + size - last)
        result.append((base, size))
    return result
