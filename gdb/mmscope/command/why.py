# SPDX-License-Identifier: GPL-2.0-or-later
"""mm why"""
from __future__ import annotations

from argparse import Namespace

from ..model.context import Context
from ..model.why import Why, find_place, why
from ..view.why import why_text
from .needs import zones
from .registry import arg, command


@command(text=why_text, needs=(zones,), args=(
    arg("x", metavar="X", nargs="+", help="pfn:N, phys:N, a struct page or a virtual address"),))
def run(ctx: Context, args: Namespace) -> Why:
    """Say where one page is, and what keeps it there.

    First the verdict: what holds the page, or which list it is on, at which
    place, and what its buddy is doing. Then what that rests on, and the page's
    other addresses. X is as mm page takes it, or any address that is mapped.

    Example: mm why pfn:0x10004
    Example: mm why $sp
    """
    return why(ctx, find_place(ctx, " ".join(args.x)))
