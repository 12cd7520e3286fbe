# SPDX-License-Identifier: GPL-2.0-or-later
"""mm memblock"""
from __future__ import annotations

from argparse import Namespace

from ..model.context import Context
from ..model.memblock import Memblock, memblock
from ..view.memblock import memblock_text
from .needs import memblock as memblock_there
from .registry import command


@command(text=memblock_text, needs=(memblock_there,))
def run(ctx: Context, args: Namespace) -> Memblock:
    """Show memory, reservations, their owners, and what is free.

    The free ranges are memory minus reserved: what the hand-over to the page
    allocator gives it, whole pages only. Owners are named when the symbols, the
    device tree or the CMA table say who it is.

    Example: mm memblock --json -o memblock.json
    """
    return memblock(ctx)
