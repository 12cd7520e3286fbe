# SPDX-License-Identifier: GPL-2.0-or-later
"""mm pagetypeinfo"""
from __future__ import annotations

from argparse import Namespace

from ..model.context import Context
from ..model.pagetypeinfo import Pagetypeinfo, pagetypeinfo
from ..view.pagetypeinfo import pagetypeinfo_text
from .needs import zones
from .registry import command


@command(text=pagetypeinfo_text, needs=(zones,))
def run(ctx: Context, args: Namespace) -> Pagetypeinfo:
    """Print what /proc/pagetypeinfo would print now, byte for byte.

    Free blocks by zone, migratetype and order, counted on the lists; pageblocks
    by migratetype.

    Example: mm pagetypeinfo
    """
    return pagetypeinfo(ctx)
