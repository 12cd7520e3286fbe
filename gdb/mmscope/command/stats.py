# SPDX-License-Identifier: GPL-2.0-or-later
"""mm stats"""
from __future__ import annotations

from argparse import Namespace

from ..model.context import Context
from ..model.stats import Stats, stats
from ..view.stats import stats_text
from .registry import arg, command


@command(text=stats_text, args=(
    arg("--flush", action="store_true", help="forget the cached memory, for instance after 'monitor loadvm'"),))
def run(ctx: Context, args: Namespace) -> Stats:
    """Show what the last mm command read: requests, bytes, time.

    A request is one packet on the wire where there is a wire. Host reads are
    those of the memory of a QEMU on this machine; they are no requests. Memory
    is kept until the target runs or is written to.

    Example: mm stats
    """
    if args.flush:
        ctx.memory.drop()
    return stats(ctx)
