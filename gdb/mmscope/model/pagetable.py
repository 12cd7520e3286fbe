# SPDX-License-Identifier: GPL-2.0-or-later
"""The walk of one address through the page tables.

  PGTABLE-1  the table that an entry leads to can be read
  PGTABLE-2  no entry has a form that the architecture keeps for later
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional

from ..errors import FaultError, MmError
from ..layout.pagetable import NONE, RESERVED, TABLE, Mmu, Root, Step, mapped
from .address import page_map
from .context import Context
from .problem import Problem
from .stage import Stage


@dataclass(frozen=True)
class Walk:
    """What the page tables make of an address."""

    addr: int
    user: bool                  # whether it is an address of user space
    root: int                   # physical address of the first table
    root_source: str            # the variable or register that says so
    steps: tuple[Step, ...]
    mapped: bool
    verdict: str                # what it is mapped to, or why it is not, in words
    phys: Optional[int]         # of the very byte; None when it is not mapped
    size: Optional[int]         # bytes that the last entry maps
    pfn: Optional[int]
    page: Optional[int]         # its struct page; None where there is none
    problems: tuple[Problem, ...]


def address(ctx: Context, text: str) -> int:
    """Understand X, a virtual address. Raises MmError."""
    kind, colon, rest = text.strip().partition(":")
    if colon and kind in ("pfn", "phys") and not rest.startswith(":"):
        raise MmError(f"{text}: page tables translate virtual addresses, this is a physical one (see: help mm page)")
    return ctx.host.evaluate(text).value & (1 << ctx.arch.address_bits) - 1


def walk(ctx: Context, addr: int, cpu: bool) -> Walk:
    """Walk the kernel's tables for an address of the kernel, else, or with cpu, those of the selected CPU.

    Raises MmError when it is not known where the tables are.
    """
    mmu, root = _tables(ctx, addr, cpu)
    if not mmu.levels(addr):
        raise MmError(f"{addr:#x}: no page table is for such an address, its top bits are neither all 0 nor all 1")
    if root is None:
        raise MmError(f"{addr:#x}: the CPU has no page table for it now")
    try:
        steps = mmu.walk(ctx.read_phys, root.phys, addr)
    except FaultError:
        raise MmError(f"the first page table at {root.phys:#x} ({root.source}) cannot be read") from None
    phys = mapped(steps, addr)
    pfn = phys >> ctx.arch.page_shift if phys is not None else None
    return Walk(addr, addr < ctx.arch.user_end, root.phys, root.source, steps, phys is not None, _verdict(steps),
                phys, steps[-1].size if phys is not None else None, pfn, _page(ctx, pfn), tuple(_problems(steps)))


def _tables(ctx: Context, addr: int, cpu: bool) -> tuple[Mmu, Optional[Root]]:
    """Format and first table for an address. Raises MmError."""
    if ctx.mmu is False:
        raise MmError("the MMU is off: this CPU uses no page tables, its addresses are physical")
    user = addr < ctx.arch.user_end
    own, mine = ctx.arch.mmu, ctx.cpu_mmu
    # Early the kernel runs on tables that it leaves behind later.
    early = ctx.stage is None or ctx.stage < Stage.ZONES
    if not cpu and not user and own.root(addr) is not None and (not early or mine is None):
        return own, own.root(addr)
    if mine is None:
        which = "of user space" if user else "that this CPU uses"
        raise MmError(f"the debugger does not have the registers that say where the page tables {which} are")
    return mine, mine.root(addr)


def _verdict(steps: tuple[Step, ...]) -> str:
    """What the last step means."""
    last = steps[-1]
    if last.kind == TABLE:
        return f"not known: the table that the {last.level} entry leads to, at {last.phys:#x}, cannot be read"
    if last.kind == NONE:
        why = "has a reserved form" if RESERVED in last.flags else "is empty" if not last.entry else "is not valid"
        return f"not mapped: the {last.level} entry {why}"
    return f"mapped by a {last.level} entry"


def _page(ctx: Context, pfn: Optional[int]) -> Optional[int]:
    """The struct page of a page frame."""
    if pfn is None or ctx.stage is None or ctx.stage < Stage.ZONES:
        return None
    pages = page_map(ctx)
    return pages.page(pfn) if pages is not None and pages.covers(pfn) else None


def _problems(steps: tuple[Step, ...]) -> Iterator[Problem]:
    """PGTABLE-1 and PGTABLE-2."""
    last = steps[-1]
    where = f"{last.level} entry {last.index} at {last.entry_phys:#x}"
    if last.kind == TABLE:
        yield Problem("PGTABLE-1", where, "a table in memory", last.phys,
                      f"{where} leads to a table at {last.phys:#x}, which cannot be read")
    if RESERVED in last.flags:
        yield Problem("PGTABLE-2", where, "a form that there is", last.entry,
                      f"{where} is {last.entry:#x}, a form that the architecture reserves")
