# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: chunks of per-CPU memory. percpu_chunk.py and percpu_map.py say what each ID is."""
from __future__ import annotations

from ..errors import MissingError
from .checks import Outcome, check
from .context import Context
from .inside import add_functions
from .percpu_chunk import chunks
from .stage import Stage

BIT_MAPS_HAVE_NONE = "bit maps have no neighbours that could both be free"
add_functions(
    "percpu",
    "pcpu_alloc", "pcpu_alloc_noprof", "free_percpu", "pcpu_alloc_area", "pcpu_free_area", "pcpu_chunk_relocate",
    "pcpu_create_chunk", "pcpu_destroy_chunk", "pcpu_populate_chunk", "pcpu_depopulate_chunk",
    "pcpu_chunk_populated", "pcpu_chunk_depopulated", "pcpu_balance_workfn", "pcpu_balance_free",
    "pcpu_balance_populated", "pcpu_reclaim_populated", "pcpu_isolate_chunk", "pcpu_reintegrate_chunk",
    "pcpu_extend_area_map", "pcpu_need_to_extend", "pcpu_block_update_hint_alloc", "pcpu_block_update_hint_free",
    "pcpu_setup_first_chunk", "pcpu_embed_first_chunk", "setup_per_cpu_areas", "percpu_init_late")


@check("PERCPU-1", "PERCPU-2", "PERCPU-3", "PERCPU-4", "PERCPU-5", "PERCPU-6", "PERCPU-7", "PERCPU-8", "LIST-1",
       "LIST-2", "LIST-3", since=Stage.ZONES, subsystem="percpu")
def every_chunk(ctx: Context) -> Outcome:
    """Every chunk on its slot."""
    if not ctx.read.value("percpu base"):
        raise MissingError("per-CPU areas are not set up yet: setup_per_cpu_areas() has not run")
    found, problems = chunks(ctx)
    skipped = {}
    if ctx.layout.find_field("pcpu_chunk.alloc_map") is not None:
        skipped["PERCPU-2"] = BIT_MAPS_HAVE_NONE
    if ctx.layout.find_variable("percpu empty pages") is None:
        skipped["PERCPU-8"] = "this kernel does not count empty pages"
    areas = sum(len(chunk.areas) for chunk in found)
    return Outcome(problems, f"per-CPU chunks: {len(found)}, areas in use: {areas}", skipped)
