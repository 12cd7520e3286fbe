# SPDX-License-Identifier: GPL-2.0-or-later
"""Where RAM is: by memblock, or by what /proc/iomem prints where the kernel has thrown its memblock away.

The struct page of a page frame that is no memory means nothing: its memory may even have been given away.
"""
from __future__ import annotations

import bisect
from typing import Optional

from ..errors import FaultError, MissingError
from .context import Context
from .memblock import memory_ranges
from .walk import walk_pointers

SYSTEM_RAM = "System RAM"
MAX_RESOURCES = 1 << 16
NAME_LIMIT = 32


def ram_ranges(ctx: Context) -> Optional[tuple[tuple[int, int], ...]]:
    """Physical [start, end) of each range of RAM, lowest first; None where neither memblock nor resources tell.

    Source: memblock.memory; else the entries named System RAM right below iomem_resource.
    """
    return ctx.once("rammap.ranges", _ranges)


def ram_frames(ctx: Context) -> Optional[tuple[tuple[int, int], ...]]:
    """The same as page frames [start_pfn, end_pfn), whole ones only, as present_pages counts them."""
    ranges, shift = ram_ranges(ctx), ctx.arch.page_shift
    if ranges is None:
        return None
    frames = ((start + (1 << shift) - 1 >> shift, end >> shift) for start, end in ranges)
    return tuple((start, end) for start, end in frames if start < end)


def is_ram(ctx: Context, phys: int) -> Optional[bool]:
    """Whether an address is in RAM; None where that is not known."""
    ranges = ram_ranges(ctx)
    if ranges is None:
        return None
    at = bisect.bisect_right(ranges, (phys, 1 << 64)) - 1
    return at >= 0 and phys < ranges[at][1]


def _ranges(ctx: Context) -> Optional[tuple[tuple[int, int], ...]]:
    """memblock's answer, else that of the resources."""
    found = memory_ranges(ctx)
    if found is None:
        try:
            found = _resources(ctx)
        except (MissingError, FaultError):
            return None
    return tuple(sorted(found)) if found else None


def _resources(ctx: Context) -> tuple[tuple[int, int], ...]:
    """System RAM of the tree of resources. Raises MissingError, FaultError."""
    child = ctx.read.record("resource", ctx.read.address("iomem_resource")).get("child")
    offset = ctx.layout.field("resource.sibling").offset
    walk = walk_pointers(ctx, child, offset, "iomem_resource", lambda addr: addr % ctx.read.word == 0, MAX_RESOURCES)
    if walk.problems:
        return ()
    found = []
    for addr in walk.nodes:
        entry = ctx.read.record("resource", addr)
        if ctx.read.name(entry, "name", NAME_LIMIT) == SYSTEM_RAM and entry.get("start") <= entry.get("end"):
            found.append((entry.get("start"), entry.get("end") + 1))
    return tuple(found)
