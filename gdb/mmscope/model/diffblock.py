# SPDX-License-Identifier: GPL-2.0-or-later
"""What happened to the free blocks of one zone between two snapshots, A and B.

A block is 1 << order pages from a multiple of that on, on the free list of its order and of one migratetype. So a block
of A and one of B are the same pages, or one lies in the other, or they have no page in common. From that alone:

  split     a block of A that is none of B, no block of B covers it, and some of its pages are free in B: in pieces, the
            blocks of B inside it. If none of its pages are free any more it is no split, but taken.
  merged    a block of B that is none of A, no block of A covers it, and some of its pages were free in A: pieces, the
            blocks of A inside it.
  taken     pages of one block of A that are in no block of B: the whole block, or what its pieces leave of it.
  returned  pages of one block of B that were in no block of A.
  moved     pages that are in a block of A and in a block of B with different migratetypes: the smaller of the two
            blocks (CMA, Isolate, stolen pageblocks).

Pages that are taken, returned or moved come as aligned blocks, as large as the definition allows, lowest first: one
alloc_pages() is one taken (and one split where the block was larger), one free is one returned (and one merged). What
happened several times between A and B is seen as its sum: a page taken and returned in between is no event.

  pages in B's lists == pages in A's lists - taken + returned

Two blocks of one snapshot that lie over each other, or one that is not aligned, are corruption: the later one is left
out here, and counted.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator, Optional, Sequence

SPLIT, MERGED, TAKEN, RETURNED, MOVED = "split", "merged", "taken", "returned", "moved"


@dataclass(frozen=True)
class FreeBlock:
    """A free block, in A or in B."""

    pfn: int
    order: int
    migratetype: str

    @property
    def end(self) -> int:
        """First page frame after it."""
        return self.pfn + (1 << self.order)

    @property
    def buddy(self) -> int:
        """Where its buddy begins."""
        return self.pfn ^ 1 << self.order


@dataclass(frozen=True)
class BlockEvent:
    """One line of the differences."""

    event: str
    pfn: int
    order: int
    migratetype: str                    # of the list in A; of the one in B when it is merged or returned
    pages: int                          # taken, returned or moved; 0 when it is split or merged: the pages stay
    to: Optional[str]                   # moved: the migratetype in B
    pieces: tuple[FreeBlock, ...]       # split: blocks of B inside; merged: blocks of A inside
    whole_pfn: Optional[int]            # taken from, returned to, a larger block: that one
    whole_order: Optional[int]
    buddy_pfn: Optional[int]            # taken: of a free block that its split left; returned: that it merged with
    owner: str = ""                     # taken: what the pages are now; returned: what they were; "": not known


@dataclass(frozen=True)
class Sound:
    """The blocks that can be compared, sorted, and how many could not."""

    blocks: tuple[FreeBlock, ...]
    left_out: int


def sound(blocks: Iterable[FreeBlock]) -> Sound:
    """Leave out what is not aligned, or lies over a block before it."""
    kept: list[FreeBlock] = []
    left_out = 0
    for block in sorted(blocks, key=lambda block: (block.pfn, block.order)):
        if block.pfn % (1 << block.order) or kept and block.pfn < kept[-1].end:
            left_out += 1
        else:
            kept.append(block)
    return Sound(tuple(kept), left_out)


def block_events(before: Sequence[FreeBlock], after: Sequence[FreeBlock]) -> Iterator[BlockEvent]:
    """Every event of one zone, lowest pfn first. Both are sound."""
    one = two = 0
    while one < len(before) or two < len(after):
        first = before[one] if one < len(before) else None
        second = after[two] if two < len(after) else None
        if second is None or first is not None and first.end <= second.pfn:
            assert first is not None
            yield _of_pages(TAKEN, first)
            one += 1
        elif first is None or second.end <= first.pfn:
            yield _of_pages(RETURNED, second)
            two += 1
        elif first.order == second.order:
            yield from _moved(first, second, first)
            one, two = one + 1, two + 1
        elif first.order > second.order:
            end = _end_of(after, two, first.end)
            yield from _parted(SPLIT, TAKEN, first, after[two:end])
            for piece in after[two:end]:
                yield from _moved(first, piece, piece)
            one, two = one + 1, end
        else:
            end = _end_of(before, one, second.end)
            yield from _parted(MERGED, RETURNED, second, before[one:end])
            for piece in before[one:end]:
                yield from _moved(piece, second, piece)
            one, two = end, two + 1


def _end_of(blocks: Sequence[FreeBlock], at: int, limit_pfn: int) -> int:
    """Index of the first block from at on that begins at limit_pfn or above."""
    while at < len(blocks) and blocks[at].pfn < limit_pfn:
        at += 1
    return at


def _parted(shape: str, rest: str, whole: FreeBlock, pieces: Sequence[FreeBlock]) -> Iterator[BlockEvent]:
    """A block and its pieces in the other snapshot; then what they leave of it."""
    yield BlockEvent(shape, whole.pfn, whole.order, whole.migratetype, 0, None, tuple(pieces), None, None, None)
    there = {(piece.pfn, piece.order) for piece in pieces}
    at = whole.pfn
    for end, after in [(piece.pfn, piece.end) for piece in pieces] + [(whole.end, whole.end)]:
        for pfn, order in aligned(at, end):
            block = FreeBlock(pfn, order, whole.migratetype)
            yield _of_pages(rest, block, whole, block.buddy if (block.buddy, order) in there else None)
        at = after


def left_by_pieces(event: BlockEvent) -> tuple[tuple[int, int], ...]:
    """What the pieces of a split or merged block leave of it: first pfn and order of aligned blocks."""
    at, found = event.pfn, []
    for pfn, end in [(piece.pfn, piece.end) for piece in event.pieces] + [(event.pfn + (1 << event.order), 0)]:
        found += aligned(at, pfn)
        at = end
    return tuple(found)


def aligned(start: int, end: int) -> Iterator[tuple[int, int]]:
    """[start, end) as aligned blocks, as large as fit: first pfn and order of each."""
    while start < end:
        order = (end - start).bit_length() - 1
        if start:
            order = min(order, (start & -start).bit_length() - 1)
        yield start, order
        start += 1 << order


def _of_pages(event: str, block: FreeBlock, whole: Optional[FreeBlock] = None,
              buddy_pfn: Optional[int] = None) -> BlockEvent:
    """Pages that came or went."""
    return BlockEvent(event, block.pfn, block.order, block.migratetype, 1 << block.order, None, (),
                      whole.pfn if whole is not None else None, whole.order if whole is not None else None, buddy_pfn)


def _moved(first: FreeBlock, second: FreeBlock, both: FreeBlock) -> Iterator[BlockEvent]:
    """Pages that are free in both, on lists of different types."""
    if first.migratetype != second.migratetype:
        yield BlockEvent(MOVED, both.pfn, both.order, first.migratetype, 1 << both.order, second.migratetype, (),
                         None, None, None)
