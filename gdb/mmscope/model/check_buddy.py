# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: the free lists of all zones. buddy.py and walk.py say what each ID is."""
from __future__ import annotations

from .buddy import FreeArea, free_areas
from .checks import Outcome, check
from .context import Context
from .stage import Stage
from .zone import Zone, zones


def every_area(ctx: Context) -> tuple[tuple[Zone, tuple[FreeArea, ...]], ...]:
    """All free areas of each zone that has memory, decoded once a stop. Raises FaultError, MissingError."""
    return ctx.once("check_buddy.every_area", lambda ctx: tuple(
        (zone, tuple(free_areas(ctx, zone))) for zone in zones(ctx) if zone.populated))


@check("BUDDY-1", "BUDDY-2", "BUDDY-3", "BUDDY-4", "BUDDY-5", "LIST-1", "LIST-2", "LIST-3",
       since=Stage.ZONES, subsystem="buddy")
def lists(ctx: Context) -> Outcome:
    """Every list, block by block."""
    areas = every_area(ctx)
    problems = tuple(problem for _, own in areas for area in own for problem in area.problems)
    blocks = sum(len(area.blocks) for _, own in areas for area in own)
    return Outcome(problems, f"free blocks: {blocks}, in zones: {len(areas)}")
