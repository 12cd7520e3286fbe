# SPDX-License-Identifier: GPL-2.0-or-later
"""Members of many struct pages at once, each as one list: some thousand struct pages are read in one piece.

A Record for every page costs microseconds a member; a machine has a million pages.
"""
from __future__ import annotations

import sys
from typing import Iterator, Optional

from ..errors import FaultError
from ..target.passes import Field
from .context import Context

CHUNK_BYTES = 1 << 22       # read at once
SMALLEST = 1 << 12          # bytes: memory is there or not in pieces of this, where one begins at a multiple of it
FORMATS = {4: "I", 8: "Q"}


class Columns:
    """The struct pages of [start_pfn, end_pfn). What a member holds is unsigned."""

    def __init__(self, ctx: Context, start_pfn: int, end_pfn: int, data: bytes) -> None:
        self.start_pfn = start_pfn
        self.end_pfn = end_pfn
        self._ctx = ctx
        self._data = data

    def get(self, name: str, part: slice = slice(None)) -> list[int]:
        """A member of struct page, or of one that lies over it ("slab.slab_cache"), of these. Raises MissingError."""
        return self.at(field_of(self._ctx, name), part)

    def at(self, field: Field, part: slice = slice(None)) -> list[int]:
        """The same of a place in struct page; 0 where there is none."""
        (offset, size), step = field, self._ctx.pages.page_bytes
        order = self._ctx.read.order
        if not size:
            return [0] * len(range(self.start_pfn, self.end_pfn)[part])
        if size in FORMATS and order == sys.byteorder and offset % size == 0 and step % size == 0:
            return memoryview(self._data).cast(FORMATS[size])[offset // size::step // size][part].tolist()
        return [int.from_bytes(self._data[at:at + size], order)
                for at in range(offset, len(self._data), step)[part]]


def field_of(ctx: Context, name: str) -> Field:
    """Where a member is. Raises MissingError."""
    field = ctx.layout.field(name)
    return Field(field.offset, field.type.size)


def columns(ctx: Context, start_pfn: int, end_pfn: int) -> Iterator[tuple[int, int, Optional[Columns]]]:
    """Pieces of [start_pfn, end_pfn), lowest first, without a gap; None for struct pages that cannot be read."""
    step = max(CHUNK_BYTES // ctx.pages.page_bytes, 1)
    for run in ctx.pages.runs:
        lost: Optional[tuple[int, int]] = None
        for at in range(max(run.start_pfn, start_pfn), min(run.end_pfn, end_pfn), step):
            for first, last, found in _readable(ctx, at, min(at + step, run.end_pfn, end_pfn)):
                if found is None:
                    lost = lost[0] if lost is not None else first, last
                    continue
                if lost is not None:
                    yield (*lost, None)
                    lost = None
                yield first, last, found
        if lost is not None:
            yield (*lost, None)


def _readable(ctx: Context, start_pfn: int, end_pfn: int) -> Iterator[tuple[int, int, Optional[Columns]]]:
    """One piece, halved around what cannot be read: a struct page cannot when one byte of it cannot."""
    count, size = end_pfn - start_pfn, ctx.pages.page_bytes
    try:
        yield start_pfn, end_pfn, Columns(ctx, start_pfn, end_pfn, ctx.memory.read(ctx.pages.page(start_pfn),
                                                                                   count * size))
    except FaultError:
        if count == 1 or count * size <= SMALLEST and not _is_there(ctx, start_pfn) and not _is_there(ctx, end_pfn - 1):
            yield start_pfn, end_pfn, None
            return
        middle = (start_pfn + end_pfn) // 2
        yield from _readable(ctx, start_pfn, middle)
        yield from _readable(ctx, middle, end_pfn)


def _is_there(ctx: Context, pfn: int) -> bool:
    """Whether one struct page can be read."""
    try:
        return bool(ctx.memory.read(ctx.pages.page(pfn), ctx.pages.page_bytes))
    except FaultError:
        return False
