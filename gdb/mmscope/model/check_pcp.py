# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: the lists of each CPU. pcp.py and walk.py say what each ID is."""
from __future__ import annotations

from .checks import Outcome, check
from .context import Context
from .pcp import Pageset, pagesets
from .stage import Stage
from .zone import Zone, zones


def every_pageset(ctx: Context) -> tuple[tuple[Zone, tuple[Pageset, ...]], ...]:
    """The lists of all CPUs for each zone that has memory, decoded once a stop. Raises FaultError, MissingError."""
    return ctx.once("check_pcp.every_pageset", lambda ctx: tuple(
        (zone, pagesets(ctx, zone)) for zone in zones(ctx) if zone.populated))


@check("PCP-1", "LIST-1", "LIST-2", "LIST-3", since=Stage.ZONES, subsystem="pcp")
def lists(ctx: Context) -> Outcome:
    """Every list, page by page."""
    sets = every_pageset(ctx)
    problems = tuple(problem for _, own in sets for pageset in own for problem in pageset.problems)
    pages = sum(len(each.pfns) << each.order for _, own in sets for pageset in own for each in pageset.lists)
    return Outcome(problems, f"pages on per-CPU lists: {pages}")
