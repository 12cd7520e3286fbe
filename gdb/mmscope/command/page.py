# SPDX-License-Identifier: GPL-2.0-or-later
"""mm page"""
from __future__ import annotations

from argparse import Namespace

from ..model.address import resolve
from ..model.context import Context
from ..model.page import Page, page_of
from ..view.page import page_text
from .needs import zones
from .registry import arg, command


@command(text=page_text, needs=(zones,), args=(
    arg("x", metavar="X", nargs="+", help="pfn:N, phys:N, a struct page or a virtual address"),))
def run(ctx: Context, args: Namespace) -> Page:
    """Show one page: addresses, zone, flags, counts, free block.

    X is pfn:N or phys:N, or any expression whose value is the address of a
    struct page or lies in the kernel's linear map. N may be an expression too.

    Example: mm page pfn:0x10004
    Example: mm page $mm_page(max_pfn - 1)
    Example: mm page &contig_page_data
    """
    return page_of(ctx, resolve(ctx, " ".join(args.x)))
