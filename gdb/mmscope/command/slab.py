# SPDX-License-Identifier: GPL-2.0-or-later
"""mm slab"""
from __future__ import annotations

from argparse import Namespace

from ..errors import UsageError
from ..model.context import Context
from ..model.slab import SlabReport, cache_table
from ..model.slabcache import cache_names
from ..model.slabfind import slab_report
from ..view.slab import slab_text
from .needs import slab
from .registry import arg, command


@command(text=slab_text, needs=(slab,), args=(
    arg("name", metavar="NAME", nargs="*", words=cache_names, help="a cache, or X as mm page takes it: which object?"),
    arg("--full", action="store_true", help="look through all struct pages for slabs on no list"),
    arg("--objects", action="store_true", help="every object of every slab; does --full, too")))
def run(ctx: Context, args: Namespace) -> SlabReport:
    """Show caches, or one cache's slabs, or which object X is.

    Of one cache: what each CPU and node has, with free objects in the order in
    which they are given out. A full slab is on no list: --full finds it.

    Example: mm slab
    Example: mm slab kmalloc-64 --objects --json
    Example: mm slab $r0
    """
    if args.name:
        return slab_report(ctx, " ".join(args.name), args.full, args.objects)
    if args.full or args.objects:
        raise UsageError("--full and --objects need the name of a cache")
    return cache_table(ctx)
