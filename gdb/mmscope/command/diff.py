# SPDX-License-Identifier: GPL-2.0-or-later
"""mm diff"""
from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

from ..model.context import Context
from ..model.diff import Diff, compare
from ..model.problem import Problem
from ..model.snapshots import NOW, find_snapshot, kept_names, present
from ..view.diff import diff_text
from . import needs
from .registry import arg, command


@command(text=diff_text, args=(
    arg("a", metavar="A", words=kept_names, help="a snapshot: its name, or a file; now: the present state"),
    arg("b", metavar="B", nargs="?", default=NOW, words=kept_names, help="another one; without: now"),
    arg("--all", action="store_true", help="every change; without, many of one kind are summed")))
def run(ctx: Context, args: Namespace) -> Diff:
    """Show what changed between two snapshots, or since one.

    Free blocks that were split, merged, taken, returned, or moved to the list of
    another migratetype; per-CPU lists; reservations; slab caches; vmalloc areas;
    pages by owner; totals. From a stage before zones or slab caches are there,
    all that is there later has come. A snapshot of another kernel is refused.

    Example: mm diff before
    Example: mm diff before.json after.json --all
    """
    problems: tuple[Problem, ...] = ()
    sides = []
    for name in (args.a, args.b):
        if name == NOW:
            needs.memblock(ctx)
            snapshot, problems = present(ctx)
        else:
            snapshot = replace(find_snapshot(ctx, name), name=name)
        sides.append(snapshot)
    return compare(sides[0], sides[1], problems, args.all)
