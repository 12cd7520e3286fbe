# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: page tables, the kernel's own and, as far as pages say that they are tables, all others.

  PGTABLE-1  the table that an entry leads to can be read
  PGTABLE-2  no entry has a form that the architecture keeps for later
  PGTABLE-3  no page of a table is free: on no free list, and on no list of a CPU
"""
from __future__ import annotations

from typing import Iterable, Iterator

from ..errors import MissingError
from .checks import Outcome, check
from .context import Context
from .freepages import FreePages, free_pages
from .inside import add_functions
from .kernelmap import has_reserved_forms, kernel_tables
from .problem import Problem
from .stage import Stage
from .typescan import typed_pages

MOST = 1000             # problems of one ID: a table of wrong entries has 512

add_functions(
    "pgtable",
    "__pte_alloc_kernel", "__pmd_alloc", "__pud_alloc", "__p4d_alloc", "pte_alloc_one_kernel", "free_pgtables",
    "tlb_remove_table", "__tlb_remove_table", "pmd_free_pte_page", "pud_free_pmd_page", "tlb_finish_mmu",
    "__split_large_page", "split_large_page", "pte_alloc_kernel", "pte_free_kernel", "pmd_take_table")


@check("PGTABLE-1", "PGTABLE-2", since=Stage.ZONES, subsystem="pgtable")
def entries(ctx: Context) -> Outcome:
    """Every entry of the kernel's own tables."""
    found = kernel_tables(ctx)
    if not found or not found[0].readable:
        raise MissingError("the kernel's own first page table cannot be read")
    problems: list[Problem] = []
    for table in found:
        if not table.readable:
            where = f"entry at {table.entry_phys:#x}"
            problems.append(Problem("PGTABLE-1", where, "a table in memory", table.phys,
                                    f"the {where}, for {table.addr:#x}, leads to a table at {table.phys:#x}, which "
                                    "cannot be read"))
        problems += (Problem("PGTABLE-2", f"{table.level} entry at {at:#x}", "a form that there is", at,
                             f"the {table.level} entry at {at:#x}, of the table for {table.addr:#x}, has a form that "
                             "the architecture reserves") for at in table.reserved)
    skipped = {} if has_reserved_forms(ctx) else {"PGTABLE-2": "short descriptors keep no form for later"}
    return Outcome(tuple(problems[:MOST]), f"tables of the kernel's own: {len(found)}", skipped)


@check("PGTABLE-3", since=Stage.ZONES, subsystem="buddy")
def pages(ctx: Context) -> Outcome:
    """Every page that has a table."""
    free, shift = free_pages(ctx), ctx.arch.page_shift
    own = dict.fromkeys(table.phys >> shift for table in kernel_tables(ctx))
    typed = typed_pages(ctx)
    marked = [pfn for pfn in map(ctx.pages.pfn, typed.tables) if pfn is not None]
    problems = [*_free(free, own, "the kernel's own tables"), *_free(free, marked, "page tables")]
    more = f", marked as tables: {len(marked)}" if typed.knows_tables else "; those of programs are not marked here"
    return Outcome(tuple(problems[:MOST]), f"pages of the kernel's own tables: {len(own)}{more}")


def _free(free: FreePages, pfns: Iterable[int], what: str) -> Iterator[Problem]:
    """PGTABLE-3."""
    for pfn in pfns:
        where = free.find(pfn)
        if where is not None:
            yield Problem("PGTABLE-3", f"pfn {pfn:#x}", "in use", where,
                          f"pfn {pfn:#x} has one of {what}, and is in a free block of {where}")
