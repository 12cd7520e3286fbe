# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in a page that is in use, as page->mapping and the counts of mappings tell.

Source: PAGE_MAPPING_ANON and the like, page_mapcount() and folio_precise_page_mapcount() of include/linux and mm. The
lowest bits of mapping say what it points to. A compound page keeps them, and how often it is mapped as a whole, in its
first pages.
"""
from __future__ import annotations

from typing import Optional

from ..errors import FaultError, MissingError
from ..layout.pageflags import ANON as ANON_FLAGS
from ..layout.pageflags import FREE as FREE_FLAGS
from ..layout.pageflags import SECOND
from ..layout.pageflags import SLAB as SLAB_FLAGS
from ..layout.pagetype import page_type
from ..layout.reader import Record
from .context import Context
from .pageuse import COMPOUND, FREE, SLAB, USED, Use

ANON, FILE, KSM, MOVABLE, ZERO = "anon", "file", "ksm", "movable", "zero"
KINDS = {0: FILE, 1: ANON, 2: MOVABLE, 3: KSM}      # by the lowest two bits of mapping


def content(ctx: Context, pfn: int, page: Record, use: Use) -> Optional[str]:
    """What is in a page: anon, file, ksm, movable, zero; None where it does not say."""
    if is_zero_page(ctx, pfn):
        return ZERO
    if use.kind not in (USED, COMPOUND):
        return None
    head = _head(ctx, pfn, page, use)
    if page_type(ctx.layout, head) not in (None, "hugetlb"):
        return None
    mapping = head.get("mapping")
    if head.get("refcount") == 0 or not mapping & ~3:
        return None
    return KINDS[mapping & 3]


def is_zero_page(ctx: Context, pfn: int) -> bool:
    """Whether it is the page of zeroes that is mapped wherever nothing was written yet."""
    zero = ctx.read.find("zero_pfn")
    return zero is not None and zero != 0 and zero == pfn


def mappings(ctx: Context, pfn: int, page: Record, use: Use) -> Optional[int]:
    """How many entries of user page tables map a page; None where its count means something else."""
    if use.kind not in (USED, COMPOUND) or page_type(ctx.layout, page) not in (None, "hugetlb"):
        return None
    own = page.get("mapcount") + 1
    if use.kind != COMPOUND:
        return own
    try:
        head = _head(ctx, pfn, page, use)
        whole = _whole_mapcount(ctx, head)
    except (MissingError, FaultError):
        return None
    if whole is None or page_type(ctx.layout, head) not in (None, "hugetlb"):
        return None
    return own + whole


def _whole_mapcount(ctx: Context, head: Record) -> Optional[int]:
    """How often a compound page is mapped as a whole."""
    if ctx.layout.find_field("folio._entire_mapcount") is not None:
        return ctx.read.member("folio", head.addr, "_entire_mapcount") + 1
    if head.has("compound_mapcount"):
        return ctx.read.member("page", head.addr + ctx.pages.page_bytes, "compound_mapcount") + 1
    return None


def flags_kind(ctx: Context, pfn: int, page: Record, use: Use) -> str:
    """What kind of page it is for the meaning of its flags."""
    if use.block_pfn is not None and use.kind in (SLAB, COMPOUND) and pfn != use.block_pfn:
        return SECOND if pfn == use.block_pfn + 1 else ""
    if use.kind in (SLAB, FREE):
        return {SLAB: SLAB_FLAGS, FREE: FREE_FLAGS}[use.kind]
    swapbacked = "swapbacked" in ctx.page_flags.decode(page.get("flags"))
    return ANON_FLAGS if use.kind in (USED, COMPOUND) and swapbacked else ""


def _head(ctx: Context, pfn: int, page: Record, use: Use) -> Record:
    """The first struct page of the block that a page belongs to."""
    if use.block_pfn is None or use.block_pfn == pfn:
        return page
    return ctx.read.record("page", ctx.pages.page(use.block_pfn))
