# SPDX-License-Identifier: GPL-2.0-or-later
"""One page by any of its names: pfn:N, phys:N, a struct page or a virtual address as a C expression."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..errors import FaultError, MissingError, MmError
from .context import Context, Expression
from .pagemap import PageMap
from .rammap import is_ram


@dataclass(frozen=True)
class Place:
    """Where a page is, by all its names."""

    given: str              # how it was given: pfn, phys, struct page, virtual address
    pfn: int
    phys: int               # of the very byte that was given
    page: Optional[int]     # None while there is no mem_map, or when it does not cover the pfn
    virt: Optional[int]     # of the very byte; None: HighMem, or no memory
    hole: bool              # it is no RAM


def resolve(ctx: Context, text: str) -> Place:
    """Understand X. Raises MmError saying why it is no page."""
    text = text.strip()
    kind, colon, rest = text.partition(":")
    if colon and kind in ("pfn", "phys") and not rest.startswith(":"):
        if not rest.strip():
            raise MmError(f"{kind}: needs a number behind the colon")
        expression = ctx.host.evaluate(rest)
        if expression.is_page:
            raise MmError(f"{text}: this is a struct page: leave out '{kind}:'")
        number = expression.value if kind == "pfn" else _unsigned(ctx, expression.value)
        pfn = number if kind == "pfn" else number >> ctx.arch.page_shift
        limit = 1 << ctx.arch.phys_bits - ctx.arch.page_shift
        if not 0 <= pfn < limit:
            why = "negative" if pfn < 0 else "too large"
            raise MmError(f"{text}: {number:#x} is not a {_MEANING[kind]}, it is {why}")
        return _place(ctx, kind, number << ctx.arch.page_shift if kind == "pfn" else number)
    return resolve_value(ctx, ctx.host.evaluate(text))


def resolve_value(ctx: Context, expression: Expression) -> Place:
    """Understand a number: the address of a struct page, else an address in the linear map."""
    value, pages = _unsigned(ctx, expression.value), page_map(ctx)
    pfn = pages.pfn(value) if pages is not None else None
    if pfn is not None:
        return _place(ctx, "struct page", pfn << ctx.arch.page_shift)
    if expression.is_page:
        raise MmError(f"{value:#x} is not a struct page: {_why_no_page(pages, value)}")
    phys = ctx.arch.virt_to_phys(value)
    if phys is None:
        raise MmError(f"{value:#x} is neither a struct page nor a lowmem address: write pfn:{value:#x} for a "
                      f"page frame number, phys:{value:#x} for a physical address")
    return _place(ctx, "virtual address", phys)


def _unsigned(ctx: Context, number: int) -> int:
    """A negative number as the address that has the same bits."""
    return number & (1 << ctx.arch.address_bits) - 1 if number < 0 else number


_MEANING = {"pfn": "page frame number", "phys": "physical address"}


def page_map(ctx: Context) -> Optional[PageMap]:
    """mem_map, or None while there is none."""
    try:
        return ctx.pages
    except (MissingError, FaultError):
        return None


def _place(ctx: Context, given: str, phys: int) -> Place:
    """All names of the page that holds a physical address."""
    pfn, pages = phys >> ctx.arch.page_shift, page_map(ctx)
    page = pages.page(pfn) if pages is not None and pages.covers(pfn) else None
    hole = is_ram(ctx, phys) is False
    return Place(given, pfn, phys, page, None if hole else ctx.arch.phys_to_virt(phys), hole)


def _why_no_page(pages: Optional[PageMap], value: int) -> str:
    """Why no struct page starts at an address."""
    if pages is None:
        return "there is no mem_map yet"
    start, end = pages.page(pages.start_pfn), pages.page(pages.end_pfn)
    if not pages.holds(value):
        return f"mem_map is {start:#x} to {end:#x}"
    return f"it lies in mem_map but not at the start of an entry ({pages.page_bytes} bytes each)"
