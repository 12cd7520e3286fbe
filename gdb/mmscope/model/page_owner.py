# SPDX-License-Identifier: GPL-2.0-or-later
"""Who allocated a page, where the guest records it (page_owner=on). Mirrors helper/include/mm/page_ext.h.

A record outlives its allocation: of a free page it says who had it last. Linux keeps such records in another form, its
traces packed in a depot; no kernel that this was tried on has them, so they are not read.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..errors import FaultError, MissingError
from ..layout.reader import Record
from .context import Context
from .kallsyms import symbolize

OWNED = "PAGE_EXT_OWNER"


@dataclass(frozen=True)
class Call:
    """One entry of a call trace."""

    addr: int
    symbol: Optional[str]           # None: no symbol is known for it


@dataclass(frozen=True)
class PageOwner:
    """The record of one page."""

    allocated: bool                 # False: the page was freed since
    order: int
    gfp_mask: int
    caller: Optional[Call]          # None: it was the boot's, before there was a page allocator
    trace: tuple[Call, ...]         # callers, the innermost first


def page_owner(ctx: Context, pfn: int) -> Optional[PageOwner]:
    """The record of a page; None when there is none, or nothing is recorded. Raises FaultError."""
    entry = page_ext(ctx, pfn)
    if entry is None:
        return None
    flags, ip = entry.get("flags"), entry.get("ip")
    allocated = bool(flags >> ctx.layout.enum("page_ext_flags").get(OWNED, 0) & 1)
    if not allocated and not ip:
        return None
    count = min(entry.get("nr_entries"), entry.count("trace"))
    return PageOwner(allocated, entry.get("order"), entry.get("gfp_mask"), _call(ctx, ip) if ip else None,
                     tuple(_call(ctx, addr) for addr in entry.all("trace")[:count]))


def page_ext(ctx: Context, pfn: int) -> Optional[Record]:
    """The guest's struct page_ext of a page; None without page_owner, and outside of its table. Raises FaultError."""
    found = owner_table(ctx)
    if found is None or not found[1] <= pfn < found[2]:
        return None
    table, start_pfn, _ = found
    return ctx.read.record("page_ext", table + (pfn - start_pfn) * ctx.layout.struct("page_ext").size)


def owner_table(ctx: Context) -> Optional[tuple[int, int, int]]:
    """Where the table is, and its first pfn and the one after its last; None when nothing is recorded."""
    return ctx.once("page_owner.table", _table)


def _table(ctx: Context) -> Optional[tuple[int, int, int]]:
    """Read it."""
    try:
        if ctx.layout.find_field("page_ext.ip") is None or not ctx.read.value("page_owner on"):
            return None
        table, start_pfn, end_pfn = (ctx.read.value(f"page_ext {name}") for name in ("table", "start", "end"))
    except (MissingError, FaultError):
        return None
    return (table, start_pfn, end_pfn) if table and start_pfn < end_pfn else None


def _call(ctx: Context, addr: int) -> Call:
    """A code address with its name, as %pS. Few addresses allocate all pages: each is looked up once a stop."""
    return ctx.once(f"page_owner.call {addr:#x}", lambda ctx: Call(addr, _symbol(ctx, addr)))


def _symbol(ctx: Context, addr: int) -> Optional[str]:
    """A name for a code address."""
    named = symbolize(ctx, addr)
    return named.text if named is not None else None
