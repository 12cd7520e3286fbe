# SPDX-License-Identifier: GPL-2.0-or-later
"""mm snapshot"""
from __future__ import annotations

from argparse import Namespace

from ..errors import UsageError
from ..model.context import Context
from ..model.info import target
from ..model.snapshots import SnapshotReport, check_name, delete, find_snapshot, keep, kept_names, summary
from ..model.snapshot import take
from ..model.snapshotfile import SCHEMA, write_snapshot
from ..view.json import plain
from ..view.snapshot import snapshot_text
from . import needs
from .registry import arg, command


@command(text=snapshot_text, args=(
    arg("name", metavar="NAME", nargs="?", words=kept_names, help="what to call it; without: list those that are kept"),
    arg("--delete", metavar="NAME", words=kept_names, help="forget the one of this name; what is in a file stays"),
    arg("--file", metavar="FILE", help="write it into FILE, too: mm diff reads it, in another session as well")))
def run(ctx: Context, args: Namespace) -> SnapshotReport:
    """Keep the state of all allocators under a name, for mm diff.

    Snapshots are kept until GDB ends. A part that this stage of the boot does not
    have is left out. The columns: stage and function in which it was taken, free
    pages and blocks, regions of memblock.reserved, slabs, vmalloc areas.

    Example: mm snapshot before
    Example: mm snapshot before --file before.json
    Example: mm snapshot --delete before
    """
    if args.delete is not None:
        if args.name is not None or args.file is not None:
            raise UsageError("--delete takes one name, and nothing else goes with it")
        delete(ctx, args.delete)
    if args.name is None:
        if args.file is not None:
            raise UsageError("--file needs the name of a snapshot")
        return SnapshotReport(tuple(summary(find_snapshot(ctx, name)) for name in kept_names(ctx)), None, None, False,
                              deleted=args.delete)
    check_name(args.name)
    needs.memblock(ctx)
    state, problems = take(ctx, args.name)
    document = {"state": plain(state)}
    if args.file is not None:
        write_snapshot(args.file, {"schema": SCHEMA, "target": plain(target(ctx)), **document})
    replaced = args.name in kept_names(ctx)
    keep(ctx, args.name, document)
    return SnapshotReport((summary(state),), state, args.file, replaced, problems)
