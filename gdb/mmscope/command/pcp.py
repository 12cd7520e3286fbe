# SPDX-License-Identifier: GPL-2.0-or-later
"""mm pcp"""
from __future__ import annotations

from argparse import Namespace

from ..model.context import Context
from ..model.pcp import PcpReport, pcp_report
from ..model.zone import zone_names
from ..view.pcp import pcp_text
from .needs import zones
from .registry import arg, command


@command(text=pcp_text, needs=(zones,), args=(
    arg("--zone", metavar="ZONE", words=zone_names, help="only this zone, by name"),
    arg("--node", metavar="N", type=int, help="only this node"),
    arg("--cpu", metavar="N", type=int, help="only this CPU")))
def run(ctx: Context, args: Namespace) -> PcpReport:
    """Show each CPU's lists of pages that are ready to be given out.

    Pages on them are free, but on no free list. From high on the CPU gives a
    batch back. Checks that count is what the lists hold (PCP-1).

    Example: mm pcp --zone Normal --cpu 0
    """
    return pcp_report(ctx, args.zone, args.node, args.cpu)
