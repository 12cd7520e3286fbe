# SPDX-License-Identifier: GPL-2.0-or-later
"""All slabs of a cache, or of all, those too that are on no list: by looking through every struct page.

A full slab is on no list, unless its cache is debugged. Its struct page still names its cache.
"""
from __future__ import annotations

from typing import Iterator

from ..errors import FaultError
from .context import Context
from .slabcache import Cache
from .slabpage import is_slab, slab_record, slab_tag
from .typescan import typed_pages

CHUNK_BYTES = 1 << 20       # in one read


def scan_slabs(ctx: Context, cache: Cache) -> Iterator[int]:
    """Address of the struct slab of every slab of a cache, lowest pfn first. Raises MissingError."""
    member = ctx.layout.field(f"{slab_tag(ctx)}.slab_cache").offset
    word, pages = ctx.read.word, ctx.pages
    needle = cache.addr.to_bytes(word, ctx.read.order)
    for addr, data in _chunks(ctx):
        at = data.find(needle)
        while at >= 0:
            page = addr + at - member
            if (at - member) % pages.page_bytes == 0 and is_slab(ctx, ctx.read.record("page", page)):
                yield page
            at = data.find(needle, at + word)


def _chunks(ctx: Context) -> Iterator[tuple[int, bytes]]:
    """All struct pages in pieces of whole ones; what cannot be read is left out."""
    pages = ctx.pages
    step = max(CHUNK_BYTES // pages.page_bytes, 1)
    for run in pages.runs:
        for first in range(run.start_pfn, run.end_pfn, step):
            yield from _readable(ctx, first, min(first + step, run.end_pfn))


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


def all_slabs(ctx: Context) -> dict[int, tuple[int, ...]]:
    """Address of the struct slab of every slab there is, by the cache that it says it is of. Raises MissingError."""
    return ctx.once("slabscan.all_slabs", _by_cache)


def _by_cache(ctx: Context) -> dict[int, tuple[int, ...]]:
    """One pass for all caches, but for the slabs of KFENCE: these pretend to be of a cache while they serve it."""
    found: dict[int, list[int]] = {}
    for addr in typed_pages(ctx).slabs:
        found.setdefault(slab_record(ctx, addr).get("slab_cache"), []).append(addr)
    return {cache: tuple(addrs) for cache, addrs in found.items()}
