# SPDX-License-Identifier: GPL-2.0-or-later
"""All slabs of a cache, or of all, those too that are on no list: by looking through every struct page.

A full slab is on no list, unless its cache is debugged. Its struct page still names its cache.
"""
from __future__ import annotations

from typing import Iterator

from ..errors import FaultError
from ..layout.debuginfo import ARRAY
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
    """One pass for all caches, but for the pages of KFENCE: these look like slabs of a cache that they serve."""
    found: dict[int, list[int]] = {}
    start_pfn, end_pfn = _kfence(ctx)
    for addr in typed_pages(ctx).slabs:
        slab, pfn = slab_record(ctx, addr), ctx.pages.pfn(addr) or 0
        if start_pfn <= pfn < end_pfn and slab.get("objects") <= 1 and not slab.get("freelist"):
            continue
        found.setdefault(slab.get("slab_cache"), []).append(addr)
    return {cache: tuple(addrs) for cache, addrs in found.items()}


def _kfence(ctx: Context) -> tuple[int, int]:
    """Page frames [start, end) that KFENCE's pool is in; none while it has none.

    The symbols do not tell its length. The array of what it has seen has room for as many pages at least.
    """
    pool, seen = ctx.read.find("kfence pool"), ctx.layout.find_variable("kfence coverage")
    phys = ctx.arch.virt_to_phys(pool) if pool else None
    if phys is None or seen is None or seen.type is None or seen.type.kind != ARRAY:
        return 0, 0
    start = phys >> ctx.arch.page_shift
    return start, start + seen.type.count
