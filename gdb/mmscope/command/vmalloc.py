# SPDX-License-Identifier: GPL-2.0-or-later
"""mm vmalloc"""
from __future__ import annotations

from argparse import Namespace
from typing import Union

from ..model.context import Context
from ..model.vmalloc import Vmalloc, VmallocPlace, find_address, vmalloc_report
from ..view.vmalloc import vmalloc_text
from .needs import zones
from .registry import arg, command


@command(text=vmalloc_text, needs=(zones,), args=(
    arg("x", metavar="X", nargs="*", help="an address: show only the area that holds it"),))
def run(ctx: Context, args: Namespace) -> Union[Vmalloc, VmallocPlace]:
    """Show the vmalloc areas: who has them, what is free.

    Areas by address, with their pages or physical address and who asked for
    them; freed ones that wait for a flush; free ranges. Reports what is wrong
    with lists, trees and areas (LIST-n, RB-n, TREE-n, VMALLOC-n, VMAP-n).

    Example: mm vmalloc
    Example: mm vmalloc $sp
    """
    return find_address(ctx, " ".join(args.x)) if args.x else vmalloc_report(ctx)
