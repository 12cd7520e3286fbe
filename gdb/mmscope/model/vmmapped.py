# SPDX-License-Identifier: GPL-2.0-or-later
"""What the page tables have at vmalloc addresses, held to what the areas say.

  VMALLOC-4  each page of a vm_struct with pages is mapped where it says, and nothing is behind them: the guard page
  VMALLOC-5  nothing is mapped in an area that waits for a flush
  VMAP-4     nothing is mapped in the last `free` pages of a vmap block
"""
from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Iterator, Optional

from ..errors import FaultError
from ..layout.tablewalk import Leaf
from .context import Context
from .kernelmap import mapped_in
from .problem import Problem
from .vmalloc import Area, Vmalloc
from .vmarea import LAZY, PURGING

UNINITIALIZED, NO_GUARD = 0x20, 0x40        # of vm_struct.flags: being filled in; no page is left free behind it
MOST_BYTES = 1 << 36                        # of an area: one that claims more is broken, and named so elsewhere
CODES = {4: "I", 8: "Q"}


@dataclass(frozen=True)
class Mapped:
    """What was looked at, and what is wrong."""

    areas: int
    pages: int
    problems: tuple[Problem, ...]


def check_mapped(ctx: Context, report: Vmalloc) -> Mapped:
    """Every area and block. Raises MissingError."""
    areas, pages, problems = 0, 0, []
    for area in report.areas:
        if not 0 < area.size <= MOST_BYTES:
            continue
        if area.kind in (LAZY, PURGING):
            problems += _nothing(ctx, area.start, area.end, "VMALLOC-5", f"the {area.kind} area {area.start:#x}")
        elif area.pages and area.nr_pages and not (area.flags or 0) & UNINITIALIZED:
            areas, pages = areas + 1, pages + area.nr_pages
            problems += _pages(ctx, area)
    for block in report.blocks:
        free = min(block.free_pages, max(block.end - block.start, 0) >> ctx.arch.page_shift)
        problems += _nothing(ctx, block.end - (free << ctx.arch.page_shift), block.end, "VMAP-4",
                             f"vmap block {block.block:#x}")
    return Mapped(areas, pages, tuple(problems))


def _nothing(ctx: Context, start: int, end: int, id_: str, where: str) -> Iterator[Problem]:
    """What is mapped though nothing may be: the first of it, and how many."""
    found = list(mapped_in(ctx, start, end)) if end - start <= MOST_BYTES else []
    if found:
        more = f", and {len(found) - 1} more after it" if len(found) > 1 else ""
        yield Problem(id_, where, "nothing mapped", found[0].addr,
                      f"{where}: {found[0].addr:#x} is mapped to {found[0].phys:#x}{more}, where nothing may be")


def _pages(ctx: Context, area: Area) -> Iterator[Problem]:
    """VMALLOC-4 of one area: the first page of it that is wrong, and how many are."""
    shift, where = ctx.arch.page_shift, f"area {area.start:#x}"
    count = area.nr_pages or 0
    if count << shift > area.size:
        yield Problem("VMALLOC-4", where, area.size >> shift, count,
                      f"{where}: its {count} pages do not fit in {area.size:#x} bytes")
        return
    wanted = _array(ctx, area.pages or 0, count)
    if wanted is None:
        yield Problem("VMALLOC-4", where, "readable memory", area.pages,
                      f"{where}: the array of its pages at {area.pages:#x} cannot be read")
        return
    there = [-1] * (area.size >> shift)
    for leaf in mapped_in(ctx, area.start, area.end):
        _spread(leaf, area.start, shift, there)
    wrong = [at for at, page in enumerate(wanted) if ctx.pages.pfn(page) != there[at]]
    if wrong:
        yield _wrong(ctx, area, wanted[wrong[0]], there[wrong[0]], wrong)
    behind = [at for at in range(count, len(there)) if there[at] >= 0]
    if behind and not (area.flags or 0) & NO_GUARD:
        at = area.start + (behind[0] << shift)
        yield Problem("VMALLOC-4", where, "nothing mapped", at,
                      f"{where}: {at:#x}, behind its {count} pages, is mapped to pfn {there[behind[0]]:#x}")


def _wrong(ctx: Context, area: Area, page: int, there: int, wrong: list[int]) -> Problem:
    """The first page that is not where the area says."""
    addr, pfn = area.start + (wrong[0] << ctx.arch.page_shift), ctx.pages.pfn(page)
    says = f"pfn {pfn:#x}" if pfn is not None else f"the page {page:#x}, which there is not"
    found = f"pfn {there:#x} is" if there >= 0 else "nothing is"
    more = f", and {len(wrong) - 1} more pages are wrong" if len(wrong) > 1 else ""
    return Problem("VMALLOC-4", f"area {area.start:#x}, page {wrong[0]}", says, there if there >= 0 else None,
                   f"area {area.start:#x}: {addr:#x} has {says} in its array, {found} mapped there{more}")


def _spread(leaf: Leaf, start: int, shift: int, there: list[int]) -> None:
    """Note what a leaf maps, page by page from start on. A leaf is for whole pages."""
    first = leaf.addr - start >> shift
    for at in range(max(first, 0), min(first + (leaf.size >> shift), len(there))):
        there[at] = (leaf.phys >> shift) + at - first


def _array(ctx: Context, addr: int, count: int) -> Optional[array[int]]:
    """An array of pointers; None when it cannot be read."""
    try:
        data = ctx.memory.read(addr, count * ctx.read.word)
    except FaultError:
        return None
    word = ctx.read.word
    return array(CODES[word], (int.from_bytes(data[at:at + word], ctx.read.order)
                               for at in range(0, len(data), word)))
