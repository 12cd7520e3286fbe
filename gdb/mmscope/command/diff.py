# SPDX-License-Identifier: GPL-2.0-or-later
"""mm diff"""
from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

from ..model.context import Context
from ..model.diff import Diff, compare
from ..model.snapshots import NOW, find_snapshot, kept_names, present
from ..view.diff import diff_text
from . import needs
from .registry import arg, command


@command(text=diff_text, args=(
    arg("a", metavar="A", words=kept_names, help="a snapshot: its name, or a file"),
    arg("b", metavar="B", nargs="?", default=NOW, words=kept_names, help="another one; without: the present state"),
    arg("--all", action="store_true", help="every change; without, many of one kind are summed")))
def run(ctx: Context, args: Namespace) -> Diff:
    """Show what changed between two snapshots, or since one.

    Free blocks that were split, merged, taken, returned, or moved to the list of
    another migratetype; per-CPU lists; reservations; slab caches; vmalloc areas;
    pages by owner; totals. A snapshot of another kernel is refused.

    Example: mm diff before
    Example: mm diff before.json after.json --all
    """
    before = replace(find_snapshot(ctx, args.a), name=args.a)
    if args.b != NOW:
        return compare(before, replace(find_snapshot(ctx, args.b), name=args.b), (), args.all)
    needs.memblock(ctx)
    after, problems = present(ctx)
    return compare(before, after, problems, args.all)
