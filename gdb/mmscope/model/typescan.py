# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages by what their own struct page says they are: slabs, page tables, large kmalloc() blocks, of all memory at once.

One pass over every struct page, by columns, so that a machine's pages are looked at in some tenths of a second. What a
page says of itself is all that is asked here.
"""
from __future__ import annotations

from dataclasses import dataclass

from ..layout.pagetype import type_name
from .columns import columns
from .context import Context

SLAB, TABLE, LARGE_KMALLOC = "slab", "table", "large_kmalloc"
WANTED = (SLAB, TABLE, LARGE_KMALLOC)
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


def _scan(ctx: Context) -> Typed:
    """The pass itself."""
    layout = ctx.layout
    slab_bit = next((1 << bit for bit, name in ctx.page_flags.names.items() if name == SLAB), 0)
    links, types = layout.find_field("page.compound_head"), layout.find_field("page.page_type")
    found: dict[str, list[int]] = {name: [] for name in WANTED}
    known: dict[int, str] = {}          # what is in page_type, to one of WANTED or ""
    for start_pfn, _, piece in columns(ctx, ctx.pages.start_pfn, ctx.pages.end_pfn):
        if piece is None:
            continue
        marked: list[tuple[int, str]] = []
        if slab_bit:
            marked += [(at, SLAB) for at, value in enumerate(piece.get("page.flags")) if value & slab_bit]
        if types is not None:
            marked += _typed(ctx, piece.get("page.page_type"), known)
        tails = piece.get("page.compound_head") if links is not None and marked else None
        for at, name in marked:
            if tails is None or not tails[at] & TAIL:
                found[name].append(ctx.pages.page(start_pfn + at))
    return Typed(tuple(sorted(found[SLAB])), tuple(found[TABLE]), tuple(found[LARGE_KMALLOC]), types is not None,
                 f"PGTY_{LARGE_KMALLOC}" in layout.enum("pagetype"))


def _typed(ctx: Context, values: list[int], known: dict[int, str]) -> list[tuple[int, str]]:
    """The pages of a piece whose page_type is one of those wanted: few values are in there at all."""
    there = set(values)
    for value in there - known.keys():
        name = type_name(ctx.layout, value)
        known[value] = name if name is not None and name in WANTED else ""
    wanted = {value: known[value] for value in there if known[value]}
    return [(at, wanted[value]) for at, value in enumerate(values) if value in wanted] if wanted else []
