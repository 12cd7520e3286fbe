# SPDX-License-Identifier: GPL-2.0-or-later
"""mm buddy"""
from __future__ import annotations

from argparse import Namespace

from ..model.buddy import BuddyReport, buddy_report, order_count
from ..model.context import Context
from ..model.migratetype import migratetype_names
from ..model.zone import zone_names
from ..view.buddy import buddy_text
from .needs import zones
from .registry import arg, command


def _orders(ctx: Context) -> list[str]:
    return [str(order) for order in range(order_count(ctx))]


@command(text=buddy_text, needs=(zones,), args=(
    arg("--zone", metavar="ZONE", words=zone_names, help="only this zone, by name"),
    arg("--node", metavar="N", type=int, help="only this node"),
    arg("--order", metavar="N", type=int, words=_orders, help="only blocks of 2^N pages"),
    arg("--type", metavar="TYPE", words=migratetype_names, help="only this migratetype, by name"),
    arg("--blocks", action="store_true", help="every block, in list order")))
def run(ctx: Context, args: Namespace) -> BuddyReport:
    """Show free blocks by zone, migratetype and order.

    Walks every list and reports what is wrong with it (LIST-n, BUDDY-n). A block
    in HighMem has no virtual address.

    Example: mm buddy --zone Normal --order 3 --blocks
    """
    return buddy_report(ctx, args.zone, args.node, args.order, args.type, args.blocks)
