# SPDX-License-Identifier: GPL-2.0-or-later
"""mm slabinfo as text: the format of /proc/slabinfo (slab_show() in mm/slab_common.c)."""
from __future__ import annotations

from ..model.slabinfo import Slabinfo
from .units import escape

HEADER = (
    "slabinfo - version: 2.1\n"
    "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
    " : tunables <limit> <batchcount> <sharedfactor>"
    " : slabdata <active_slabs> <num_slabs> <sharedavail>\n")


def slabinfo_text(info: Slabinfo) -> str:
    """Two lines of header, a line for each cache."""
    return HEADER + "".join(
        f"{escape(cache.name):<17} {cache.active_objs:6} {cache.num_objs:6} {cache.objsize:6} {cache.objperslab:4} "
        f"{cache.pagesperslab:4} : tunables {0:4} {0:4} {0:4} : slabdata {cache.active_slabs:6} "
        f"{cache.num_slabs:6} {0:6}\n" for cache in info.caches)
