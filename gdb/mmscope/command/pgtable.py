# SPDX-License-Identifier: GPL-2.0-or-later
"""mm pgtable"""
from __future__ import annotations

from argparse import Namespace

from ..model.context import Context
from ..model.pagetable import Walk, address, walk
from ..view.pgtable import pgtable_text
from .needs import target
from .registry import arg, command


@command(text=pgtable_text, needs=(target,), args=(
    arg("x", metavar="X", nargs="+", help="a virtual address, as any expression"),
    arg("--user", action="store_true", help="by the tables that the selected CPU uses now")))
def run(ctx: Context, args: Namespace) -> Walk:
    """Walk the page tables for one address, level by level.

    An address of the kernel is looked up in the kernel's own tables
    (swapper_pg_dir), one of user space in those that the selected CPU uses,
    which are those of its current process. With --user the CPU's are taken
    for both.

    Example: mm pgtable jiffies
    Example: mm pgtable $pc --user
    """
    return walk(ctx, address(ctx, " ".join(args.x)), args.user)
