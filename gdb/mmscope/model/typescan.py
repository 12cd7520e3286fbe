# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages by what their own struct page says they are: slabs, page tables, large kmalloc() blocks, of all memory at once.

One pass over every struct page (pagescan.py), so that a machine's pages are looked at in some tenths of a second. What
a page says of itself is all that is asked here.
"""
from __future__ import annotations

from dataclasses import dataclass

from ..layout.pagetype import type_rows
from .context import Context
from .pagescan import Wanted, matches

SLAB, TABLE, LARGE_KMALLOC = "slab", "table", "large_kmalloc"
WANTED = (SLAB, TABLE, LARGE_KMALLOC)
FLAGGED = len(WANTED)       # the group of those that PG_slab is set of
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
    wanted = [Wanted("page.flags", slab_bit, slab_bit, FLAGGED)] if slab_bit else []
    if types is not None:
        wanted += _typed(ctx)
    if links is not None:
        wanted += [Wanted("page.compound_head", TAIL, 0, group) for group in sorted({each.group for each in wanted})]
    found: list[list[int]] = [[] for _ in range(FLAGGED + 1)]
    every = [(run.start_pfn, run.end_pfn) for run in ctx.pages.runs]
    for match in matches(ctx, every, wanted) if wanted else ():
        for group, pages in enumerate(found):
            if match.groups >> group & 1:
                pages += (ctx.pages.page(pfn) for pfn in range(match.start_pfn, match.end_pfn))
    slabs, tables, large, flagged = found
    return Typed(tuple(sorted({*slabs, *flagged})), tuple(tables), tuple(large), types is not None,
                 f"PGTY_{LARGE_KMALLOC}" in layout.enum("pagetype"))


def _typed(ctx: Context) -> list[Wanted]:
    """Tests for page_type. In old kernels a type is a bit that is 0, and the first of several counts."""
    tests, before = [], []
    for name, mask, value in type_rows(ctx.layout):
        if name in WANTED:
            group = WANTED.index(name)
            tests.append(Wanted("page.page_type", mask, value, group))
            tests += [Wanted("page.page_type", *other, group, True) for other in before if _overlap(other, mask, value)]
        before.append((mask, value))
    return tests


def _overlap(other: tuple[int, int], mask: int, value: int) -> bool:
    """Whether one value may be of two types."""
    return other[1] & mask == value & other[0]
