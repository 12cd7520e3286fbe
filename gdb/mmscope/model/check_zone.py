# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: the zones. zone.py says what each ID is."""
from __future__ import annotations

from .checks import Outcome, check
from .context import Context
from .stage import Stage
from .zone import zone_report


@check("ZONE-1", since=Stage.ZONES, subsystem="zones")
def counts(ctx: Context) -> Outcome:
    """How many pages they span, have and manage."""
    report = zone_report(ctx)
    return Outcome(report.problems, f"zones: {len(report.zones)}")
