# SPDX-License-Identifier: GPL-2.0-or-later
"""What a page is for, as far as it, its neighbours and the lists tell."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..errors import FaultError, MissingError
from ..layout.pageflags import order_in_flags
from ..layout.pagetype import page_type
from ..layout.reader import Record
from .buddy import is_buddy, order_count
from .context import Context
from .owners import find_owners, owner_of
from .pcp import find_on_pcp
from .zone import Zone

HOLE = "hole"               # in the span of a node, but no memory
DEFERRED = "deferred"       # its struct page is not set up yet: the node's last ones are, late in the boot
FREE = "free"               # in a free block
PCP = "pcp"                 # on a CPU's list, ready to be given out
RESERVED = "reserved"       # never handed to the allocator
SLAB = "slab"
PAGETABLE = "pagetable"
COMPOUND = "compound"       # of a block that is in use as one page
USED = "used"               # anything else

NAME_LIMIT = 64


@dataclass(frozen=True)
class Use:
    """What a page is for. A block is that which it belongs to, where it is known to belong to one."""

    kind: str
    order: Optional[int] = None
    block_pfn: Optional[int] = None
    cpu: Optional[int] = None                   # kind pcp: whose list
    pcp_migratetype: Optional[str] = None       # kind pcp: which of its lists
    cache: Optional[str] = None                 # kind slab
    owner: Optional[str] = None                 # kind reserved: as mm memblock names it
    owner_source: Optional[str] = None


def use_of(ctx: Context, pfn: int, page: Record, zone: Optional[Zone]) -> Use:
    """What the page of memory at pfn, whose struct page is given, is for. Raises MissingError, FaultError."""
    block = free_block(ctx, pfn)
    if block is not None:
        return Use(FREE, block[1], block[0])
    if "reserved" in _flags(ctx, page):
        return _reserved(ctx, pfn)
    head_pfn, head = compound_head(ctx, pfn, page)
    order = compound_order(ctx, head_pfn, head) if head_pfn is not None else None
    if "slab" in _flags(ctx, head) or page_type(ctx.layout, head) == "slab":
        single = head_pfn is None
        return Use(SLAB, 0 if single else order, pfn if single else head_pfn, cache=cache_name(ctx, head))
    if head_pfn is not None:
        return Use(COMPOUND, order, head_pfn)
    if page_type(ctx.layout, page) == "table" or pfn << ctx.arch.page_shift in ctx.kernel_tables:
        return Use(PAGETABLE)
    listed = find_on_pcp(ctx, zone, pfn) if zone is not None and page.get("refcount") == 0 else None
    if listed is not None:
        return Use(PCP, listed.order, listed.block_pfn, listed.cpu, listed.migratetype)
    return Use(USED)


def is_deferred(ctx: Context, pfn: int, page: Record) -> bool:
    """Whether the struct page of pfn is still to be set up. Those of reserved pages are at once."""
    if ctx.layout.find_field("pglist_data.first_deferred_pfn") is None or "reserved" in _flags(ctx, page):
        return False
    for node in ctx.node_addrs:
        start, spanned, first = (ctx.read.member("pglist_data", node, name) for name in (
            "node_start_pfn", "node_spanned_pages", "first_deferred_pfn"))
        if start <= pfn < start + spanned and pfn >= first:
            return True
    return False


def free_block(ctx: Context, pfn: int) -> Optional[tuple[int, int]]:
    """First pfn and order of the free block that holds pfn; None when none does.

    Its head is at pfn rounded down to some order, marked free, and at least of that order.
    """
    orders = order_count(ctx)
    for order in range(orders):
        head = pfn >> order << order
        if not ctx.pages.covers(head):
            break
        record = ctx.read.record("page", ctx.pages.page(head))
        if is_buddy(ctx, record) and order <= record.get("private") < orders:
            return head, record.get("private")
    return None


def compound_head(ctx: Context, pfn: int, page: Record) -> tuple[Optional[int], Record]:
    """First pfn of the compound page that a page belongs to, and its struct page.

    (None, page) when it belongs to none, or when its link to the first one leads nowhere.
    """
    if "head" in _flags(ctx, page):
        return pfn, page
    link = page.find("compound_head")
    head = head_addr(ctx, page.addr, link) if link is not None else None
    head_pfn = ctx.pages.pfn(head) if head is not None else None
    if head is None or head_pfn is None or head_pfn >= pfn:
        return None, page
    return head_pfn, ctx.read.record("page", head)


def head_addr(ctx: Context, addr: int, link: int) -> Optional[int]:
    """Address of the first struct page of a compound page, by the link that the one at addr has; None when it has none.

    A link has bit 0 set. It is the first one's address, or, where struct pages of huge pages may be shared, a mask for
    the address of each.
    """
    if not link & 1:
        return None
    return addr & link - 1 if link_masks(ctx) else link - 1


def link_masks(ctx: Context) -> bool:
    """Whether such a link is a mask."""
    return (ctx.layout.find_field("zone.vmemmap_tails") is not None
            and not ctx.pages.page_bytes & ctx.pages.page_bytes - 1)


def compound_order(ctx: Context, head_pfn: int, head: Record) -> Optional[int]:
    """Order of the compound page that begins at head_pfn; None where this kernel's way to keep it is not known."""
    order = None
    if ctx.layout.find_field("page.compound_order") is not None:
        if ctx.pages.covers(head_pfn + 1):
            order = ctx.read.record("page", ctx.pages.page(head_pfn + 1)).get("compound_order")
    elif ctx.layout.find_field("folio._folio_order") is not None:
        order = ctx.read.member("folio", head.addr, "_folio_order")
    elif order_in_flags(ctx.layout):
        order = ctx.read.member("folio", head.addr, "_flags_1") & 0xFF
    return order if order is not None and 0 < order < ctx.arch.address_bits - ctx.arch.page_shift else None


def cache_name(ctx: Context, head: Record) -> Optional[str]:
    """Name of the cache that a slab's first page belongs to; None when it cannot be read."""
    tag = "slab" if ctx.layout.find_field("slab.slab_cache") is not None else "page"
    try:
        return cache_named(ctx, ctx.read.record(tag, head.addr).get("slab_cache"))
    except (MissingError, FaultError):
        return None


def cache_named(ctx: Context, cache: int) -> Optional[str]:
    """Name of the cache at an address; None when it cannot be read."""
    try:
        at = cache + ctx.layout.field("kmem_cache.name").offset     # the struct ends before its type does
        return ctx.read.string(ctx.read.unsigned(at), NAME_LIMIT) or None if cache else None
    except (MissingError, FaultError):
        return None


def _reserved(ctx: Context, pfn: int) -> Use:
    """A reserved page, and what is known to be in it."""
    start, end = pfn << ctx.arch.page_shift, pfn + 1 << ctx.arch.page_shift
    owner, source = owner_of(find_owners(ctx), start, end)
    return Use(RESERVED, owner=owner, owner_source=source)


def _flags(ctx: Context, page: Record) -> tuple[str, ...]:
    """Names of the flags of a struct page."""
    return ctx.page_flags.decode(page.get("flags"))
