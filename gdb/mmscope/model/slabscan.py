# SPDX-License-Identifier: GPL-2.0-or-later
"""All slabs of a cache, or of all, those too that are on no list: by looking through every struct page.

A full slab is on no list, unless its cache is debugged. Its struct page still names its cache.
"""
from __future__ import annotations

from typing import Iterator

from .context import Context
from .slabcache import Cache
from .slabpage import is_slab, slab_record, slab_tag
from .typescan import chunks, typed_pages


def scan_slabs(ctx: Context, cache: Cache) -> Iterator[int]:
    """Address of the struct slab of every slab of a cache, lowest pfn first. Raises MissingError."""
    member = ctx.layout.field(f"{slab_tag(ctx)}.slab_cache").offset
    word, pages = ctx.read.word, ctx.pages
    needle = cache.addr.to_bytes(word, ctx.read.order)
    for addr, data in chunks(ctx):
        at = data.find(needle)
        while at >= 0:
            page = addr + at - member
            if (at - member) % pages.page_bytes == 0 and is_slab(ctx, ctx.read.record("page", page)):
                yield page
            at = data.find(needle, at + word)


def all_slabs(ctx: Context) -> dict[int, tuple[int, ...]]:
    """Address of the struct slab of every slab there is, by the cache that it says it is of. Raises MissingError."""
    return ctx.once("slabscan.all_slabs", _by_cache)


def _by_cache(ctx: Context) -> dict[int, tuple[int, ...]]:
    """One pass for all caches, but for the slabs of KFENCE: these pretend to be of a cache while they serve it."""
    found: dict[int, list[int]] = {}
    for addr in typed_pages(ctx).slabs:
        found.setdefault(slab_record(ctx, addr).get("slab_cache"), []).append(addr)
    return {cache: tuple(addrs) for cache, addrs in found.items()}
