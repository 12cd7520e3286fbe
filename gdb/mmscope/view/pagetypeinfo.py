# SPDX-License-Identifier: GPL-2.0-or-later
"""mm pagetypeinfo as text: the format of /proc/pagetypeinfo (pagetypeinfo_show() in mm/vmstat.c)."""
from __future__ import annotations

from typing import Sequence

from ..model.pagetypeinfo import Pagetypeinfo, PagetypeZone
from .units import escape

MOST = 100000       # the kernel counts no further


def pagetypeinfo_text(info: Pagetypeinfo) -> str:
    """A part for each node."""
    nodes = dict.fromkeys(zone.node for zone in info.zones)
    return "".join(_node(info, [zone for zone in info.zones if zone.node == node]) for node in nodes)


def _node(info: Pagetypeinfo, zones: Sequence[PagetypeZone]) -> str:
    """Free blocks, then pageblocks; each number is followed by a space, the last one too."""
    lines = [f"Page block order: {info.block_order}", f"Pages per block:  {1 << info.block_order}", "",
             f"{'Free pages count per migrate type at order':43} "
             + "".join(f"{order:6} " for order in range(info.orders))]
    lines += [f"Node {zone.node:4}, zone {escape(zone.zone):>8}, type {escape(name):>12} "
              + "".join(map(_count, zone.free[name])) for zone in zones for name in info.migratetypes]
    lines += ["", f"{'Number of blocks type ':23}" + "".join(f"{escape(name):>12} " for name in info.migratetypes)]
    lines += [f"Node {zone.node}, zone {escape(zone.zone):>8} "
              + "".join(f"{zone.pageblocks[name]:12} " for name in info.migratetypes) for zone in zones]
    return "\n".join(lines) + "\n"


def _count(blocks: int) -> str:
    return f"{blocks:6} " if blocks < MOST else f">{MOST:6} "
