# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: memblock's two lists. memblock.py says what each ID is."""
from __future__ import annotations

from .checks import Outcome, check
from .context import Context
from .memblock import memblock
from .stage import Stage


@check("MEMBLOCK-1", "MEMBLOCK-2", "MEMBLOCK-3", "MEMBLOCK-4", "MEMBLOCK-5", since=Stage.EARLY, subsystem="memblock")
def lists(ctx: Context) -> Outcome:
    """Regions of memory and of what is reserved."""
    found = memblock(ctx)
    return Outcome(found.problems, f"regions: {len(found.memory)} of memory, {len(found.reserved)} reserved")
