# SPDX-License-Identifier: GPL-2.0-or-later
"""mm buddyinfo as text: the format of /proc/buddyinfo (frag_show_print() in mm/vmstat.c)."""
from __future__ import annotations

from ..model.buddyinfo import Buddyinfo
from .units import escape


def buddyinfo_text(info: Buddyinfo) -> str:
    """A line for each zone that has memory; each count is followed by a space, the last one too."""
    return "".join(f"Node {zone.node}, zone {escape(zone.zone):>8} "
                   + "".join(f"{count:6} " for count in zone.nr_free) + "\n" for zone in info.zones)
