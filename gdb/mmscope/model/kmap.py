# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses that HighMem pages have for a while: kmap()'s slots, and kmap_atomic()'s. Mirrors helper/mm/highmem.c.

  KMAP-1  pkmap_count[i] == 0: slot i is free and has no mapping; 1: unused, but still mapped, to be flushed before it
          is used; n: n - 1 users
  KMAP-2  a slot with count > 0 maps the page that page_address_map says
  KMAP-3  kmap_atomic slots are a stack: those in use are mapped, and none above them is. In Linux one above them may
          still be
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional

from ..errors import MissingError
from ..layout.arch import architecture
from ..layout.debuginfo import ARRAY
from .context import Context
from .kernelmap import mapped_in
from .percpu import cpu_offsets, per_cpu_addr, percpu_pointer
from .problem import Problem

MOST_SLOTS = 4096


@dataclass(frozen=True)
class Kmap:
    """What was looked at, and what is wrong."""

    slots: int
    mapped: int
    problems: tuple[Problem, ...]


def kmap_slots(ctx: Context) -> Kmap:
    """KMAP-1 and KMAP-2 of every slot of kmap(). Raises MissingError, FaultError."""
    counts, maps = ctx.layout.find_variable("kmap counts"), ctx.layout.find_variable("kmap pages")
    base = _area(ctx, "kmap_base")
    if counts is None or counts.type is None or counts.type.kind != ARRAY or base is None:
        raise MissingError("this kernel has no HighMem: every page has an address")
    if not ctx.read.value("kmap table"):
        raise MissingError("kmap_init() has not run yet")
    slots, shift = min(counts.type.count, MOST_SLOTS), ctx.arch.page_shift
    there = _mapped(ctx, base, slots)
    step = ctx.layout.struct("page_address_map").size if maps is not None else 0
    data = ctx.memory.read(counts.addr, slots * 4)
    problems: list[Problem] = []
    for at in range(slots):
        count = int.from_bytes(data[at * 4:at * 4 + 4], ctx.read.order, signed=True)
        page = ctx.read.record("page_address_map", maps.addr + at * step).get("page") if maps is not None else None
        problems += _slot(ctx, f"kmap slot {at} at {base + (at << shift):#x}", count, there.get(at), page)
    return Kmap(slots, len(there), tuple(problems))


def _slot(ctx: Context, where: str, count: int, pfn: Optional[int], page: Optional[int]) -> Iterator[Problem]:
    """Both of one slot. page: None where the kernel keeps no such map."""
    if count < 0 or (count == 0) != (pfn is None):
        there = f"maps pfn {pfn:#x}" if pfn is not None else "maps nothing"
        yield Problem("KMAP-1", where, "a mapping exactly while its count is above 0", count,
                      f"{where} has count {count}, and {there}")
    elif count and page is not None and ctx.pages.pfn(page) != pfn:
        yield Problem("KMAP-2", where, page, pfn, f"{where} is the page {page:#x}'s, and maps pfn {pfn:#x}")


def kmap_stacks(ctx: Context) -> Kmap:
    """KMAP-3 of every CPU. Raises MissingError, FaultError."""
    depth, top = ctx.layout.find_variable("kmap depth"), _area(ctx, "fixmap_top")
    places, table = ctx.layout.enum("fixed_addresses"), ctx.layout.find_variable("per-CPU offsets")
    if top is None or ctx.layout.find_variable("kmap counts") is None:
        raise MissingError("this kernel has no HighMem: every page has an address")
    if depth is None or not {"FIX_KMAP_BEGIN", "FIX_KMAP_END"} <= set(places):
        raise MissingError("kmap_atomic's slots are those of each task in this kernel, not of a CPU")
    cpus = table.type.count if table is not None and table.type is not None and table.type.kind == ARRAY else 1
    begin, per_cpu = places["FIX_KMAP_BEGIN"], (places["FIX_KMAP_END"] - places["FIX_KMAP_BEGIN"] + 1) // cpus
    pointer, shift = percpu_pointer(ctx, depth.addr), ctx.arch.page_shift
    problems: list[Problem] = []
    found = 0
    for cpu, offset in cpu_offsets(ctx).items():
        used = ctx.read.unsigned(per_cpu_addr(ctx, pointer, offset), 4)
        last = top - (begin + per_cpu * (cpu + 1) - 1 << shift)
        there = {per_cpu - 1 - at for at in _mapped(ctx, last, per_cpu)}     # slots go down
        found += len(there)
        problems += _stack(f"kmap_atomic of CPU {cpu}", used, per_cpu, there, ctx.kind == "guest")
    return Kmap(per_cpu * len(cpu_offsets(ctx)), found, tuple(problems))


def _stack(where: str, used: int, slots: int, there: set[int], strict: bool) -> Iterator[Problem]:
    """KMAP-3 of one CPU. strict: what is not in use is unmapped at once."""
    if used > slots:
        yield Problem("KMAP-3", where, slots, used, f"{where}: {used} slots are in use, there are {slots}")
        return
    wrong = [at for at in range(slots) if (at in there) != (at < used) and (strict or at < used)]
    if wrong:
        state = "not mapped" if wrong[0] < used else "still mapped"
        yield Problem("KMAP-3", where, used, wrong[0], f"{where}: {used} slots are in use, slot {wrong[0]} is {state}")


def _mapped(ctx: Context, start: int, slots: int) -> dict[int, int]:
    """The slots of an area that are mapped, and their pfn."""
    shift = ctx.arch.page_shift
    return {leaf.addr - start >> shift: leaf.phys >> shift
            for leaf in mapped_in(ctx, start, start + (slots << shift))}


def _area(ctx: Context, name: str) -> Optional[int]:
    """What an architecture with HighMem says; None for one without."""
    find = getattr(architecture(ctx.layout.debug.arch), name, None)
    return find(ctx.arch) if find is not None else None
