# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: addresses of HighMem pages. kmap.py says what each ID is."""
from __future__ import annotations

from .checks import Outcome, check
from .context import Context
from .inside import add_functions
from .kmap import kmap_slots, kmap_stacks
from .stage import Stage

add_functions(
    "kmap",
    "kmap", "kunmap", "kmap_high", "kunmap_high", "map_new_virtual", "__map_new_virtual", "flush_all_zero_pkmaps",
    "__flush_all_zero_pkmaps", "kmap_flush_unused", "__kmap_flush_unused", "set_page_address", "kmap_atomic",
    "kunmap_atomic", "kmap_atomic_high_prot", "kunmap_atomic_high", "kmap_atomic_pfn", "kmap_init")


@check("KMAP-1", "KMAP-2", since=Stage.ZONES, subsystem="kmap")
def slots(ctx: Context) -> Outcome:
    """kmap()'s."""
    found = kmap_slots(ctx)
    return Outcome(found.problems, f"kmap slots: {found.slots}, mapped: {found.mapped}")


@check("KMAP-3", since=Stage.ZONES, subsystem="kmap")
def stacks(ctx: Context) -> Outcome:
    """kmap_atomic()'s."""
    found = kmap_stacks(ctx)
    return Outcome(found.problems, f"kmap_atomic slots: {found.slots}, mapped: {found.mapped}")
