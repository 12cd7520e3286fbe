# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages by what their own struct page says they are: slabs, page tables, large kmalloc() blocks, of all memory at once.

One pass over every struct page, as columns: a member of all of them is a slice with a step, so that a machine's pages
are looked at in some tenths of a second. What a page says of itself is all that is asked here.
"""
from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass
from typing import Iterator

from ..errors import FaultError
from ..layout.layout import Field
from ..layout.pagetype import type_name
from .context import Context

SLAB, TABLE, LARGE_KMALLOC = "slab", "table", "large_kmalloc"
WANTED = (SLAB, TABLE, LARGE_KMALLOC)
CHUNK_BYTES = 1 << 20       # in one read
CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}
TAIL = 1                    # of a link to the first page of a block: this is another one of it


@dataclass(frozen=True)
class Typed:
    """First struct page of each, by address, lowest pfn first."""

    slabs: tuple[int, ...]
    tables: tuple[int, ...]
    large_kmallocs: tuple[int, ...]
    knows_tables: bool          # this kernel marks page tables
    knows_large: bool           # and large kmalloc() blocks


def typed_pages(ctx: Context) -> Typed:
    """Every page of these types, found once a stop. Raises MissingError."""
    return ctx.once("typescan.typed_pages", _scan)


def chunks(ctx: Context) -> Iterator[tuple[int, bytes]]:
    """All struct pages in pieces of whole ones: address and bytes; what cannot be read is left out."""
    pages = ctx.pages
    step = max(CHUNK_BYTES // pages.page_bytes, 1)
    for run in pages.runs:
        for first in range(run.start_pfn, run.end_pfn, step):
            yield from _readable(ctx, first, min(first + step, run.end_pfn))


def column(ctx: Context, data: bytes, field: Field) -> array[int]:
    """A member of all struct pages of a piece, as it is stored, unsigned."""
    size, step = field.type.size, ctx.pages.page_bytes
    if step % size or field.offset % size or len(data) % size:
        return array("Q", (int.from_bytes(data[at:at + size], ctx.read.order)
                           for at in range(field.offset, len(data), step)))
    values = array(CODES[size], data)[field.offset // size::step // size]
    if ctx.read.order != sys.byteorder:
        values.byteswap()
    return values


def _scan(ctx: Context) -> Typed:
    """The pass itself."""
    layout, link = ctx.layout, ctx.layout.find_field("page.compound_head")
    slab_bit = next((1 << bit for bit, name in ctx.page_flags.names.items() if name == SLAB), 0)
    flags, types = layout.field("page.flags"), layout.find_field("page.page_type")
    found: dict[str, list[int]] = {name: [] for name in WANTED}
    known: dict[int, str] = {}          # what is in page_type, to one of WANTED or ""
    step = ctx.pages.page_bytes
    for addr, data in chunks(ctx):
        links = column(ctx, data, link) if link is not None else None
        marked: list[tuple[int, str]] = []
        if slab_bit:
            marked += ((at, SLAB) for at, value in enumerate(column(ctx, data, flags)) if value & slab_bit)
        if types is not None:
            values = column(ctx, data, types)
            for value in set(values):
                if value not in known:
                    name = type_name(layout, value)
                    known[value] = name if name is not None and name in WANTED else ""
            wanted = {value: known[value] for value in set(values) if known[value]}
            if wanted:
                marked += ((at, wanted[value]) for at, value in enumerate(values) if value in wanted)
        for at, name in marked:
            if links is None or not links[at] & TAIL:
                found[name].append(addr + at * step)
    named = layout.enum("pagetype")
    return Typed(tuple(sorted(found[SLAB])), tuple(found[TABLE]), tuple(found[LARGE_KMALLOC]), types is not None,
                 f"PGTY_{LARGE_KMALLOC}" in named)


def _readable(ctx: Context, start_pfn: int, end_pfn: int) -> Iterator[tuple[int, bytes]]:
    """The struct pages of [start_pfn, end_pfn), halved around what cannot be read, down to a few pages."""
    addr, size = ctx.pages.page(start_pfn), (end_pfn - start_pfn) * ctx.pages.page_bytes
    try:
        yield addr, ctx.memory.read(addr, size)
    except FaultError:
        if end_pfn - start_pfn <= 64:
            return
        middle = (start_pfn + end_pfn) // 2
        yield from _readable(ctx, start_pfn, middle)
        yield from _readable(ctx, middle, end_pfn)
