# SPDX-License-Identifier: GPL-2.0-or-later
"""mm zones"""
from __future__ import annotations

from argparse import Namespace

from ..model.context import Context
from ..model.zone import ZoneReport, zone_report
from ..view.zones import zones_text
from .needs import zones
from .registry import command


@command(text=zones_text, needs=(zones,))
def run(ctx: Context, args: Namespace) -> ZoneReport:
    """Show each zone's page counts and watermarks, and totals.

    spanned = present + holes; managed is what was given to the page allocator;
    present - managed was kept back by reservations.

    Example: mm zones
    """
    return zone_report(ctx)
