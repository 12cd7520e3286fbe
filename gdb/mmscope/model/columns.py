# SPDX-License-Identifier: GPL-2.0-or-later
"""Members of many struct pages at once, each as one list: some thousand struct pages are read in one piece.

A Record for every page costs microseconds a member; a machine has a million pages.
"""
from __future__ import annotations

import sys
from typing import Iterator, Optional

from ..errors import FaultError
from .context import Context

CHUNK_BYTES = 1 << 22       # read at once
SMALLEST = 64               # pages: around what cannot be read, pieces are halved down to this
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
        field, step = self._ctx.layout.field(name), self._ctx.pages.page_bytes
        size, offset = field.type.size, field.offset
        order = self._ctx.read.order
        if size in FORMATS and order == sys.byteorder and offset % size == 0 and step % size == 0:
            return memoryview(self._data).cast(FORMATS[size])[offset // size::step // size][part].tolist()
        return [int.from_bytes(self._data[at:at + size], order)
                for at in range(offset, len(self._data), step)[part]]


def columns(ctx: Context, start_pfn: int, end_pfn: int) -> Iterator[tuple[int, int, Optional[Columns]]]:
    """Pieces of [start_pfn, end_pfn), lowest first, without a gap; None for a piece that cannot be read."""
    step = max(CHUNK_BYTES // ctx.pages.page_bytes, 1)
    for run in ctx.pages.runs:
        for first in range(max(run.start_pfn, start_pfn), min(run.end_pfn, end_pfn), step):
            yield from _readable(ctx, first, min(first + step, run.end_pfn, end_pfn))


def _readable(ctx: Context, start_pfn: int, end_pfn: int) -> Iterator[tuple[int, int, Optional[Columns]]]:
    """One piece, halved around what cannot be read."""
    addr, size = ctx.pages.page(start_pfn), (end_pfn - start_pfn) * ctx.pages.page_bytes
    try:
        yield start_pfn, end_pfn, Columns(ctx, start_pfn, end_pfn, ctx.memory.read(addr, size))
    except FaultError:
        if end_pfn - start_pfn <= SMALLEST:
            yield start_pfn, end_pfn, None
            return
        middle = (start_pfn + end_pfn) // 2
        yield from _readable(ctx, start_pfn, middle)
        yield from _readable(ctx, middle, end_pfn)
