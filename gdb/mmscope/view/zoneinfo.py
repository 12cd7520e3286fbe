# SPDX-License-Identifier: GPL-2.0-or-later
"""mm zoneinfo as text: the format of /proc/zoneinfo (zoneinfo_show_print() in mm/vmstat.c)."""
from __future__ import annotations

from ..model.procformat import fill
from ..model.zoneinfo import Zoneinfo, ZoneinfoZone
from .units import escape


def zoneinfo_text(info: Zoneinfo) -> str:
    """A part for each zone; short where it has no memory."""
    return "".join(_zone(zone, info.formats) for zone in info.zones)


def _zone(zone: ZoneinfoZone, formats: tuple[str, str, str]) -> str:
    """One zone. Each piece begins with the line break that ends the one before."""
    text = f"Node {zone.node}, zone {escape(zone.zone):>8}"
    if zone.node_stats is not None:
        text += "\n  per-node stats" + _stats(zone.node_stats)
    text += fill(formats[0], zone.pages) + f"\n        protection: ({', '.join(map(str, zone.protection))})"
    if not zone.populated:
        return text + "\n"
    text += _stats(zone.stats) + _stats(zone.numa) + "\n  pagesets"
    for pageset in zone.pagesets:
        text += fill(formats[1], pageset.values)
        if pageset.stat_threshold is not None:
            text += f"\n  vm stats threshold: {pageset.stat_threshold}"
    return text + fill(formats[2], zone.last) + "\n"


def _stats(stats: dict[str, int]) -> str:
    return "".join(f"\n      {escape(name):12} {value}" for name, value in stats.items())
