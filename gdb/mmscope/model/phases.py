# SPDX-License-Identifier: GPL-2.0-or-later
"""The phases of a boot, as far as memory is concerned: how each is found, and why a kernel has it.

A phase is a function. Which of its spellings a kernel has, and whether it is inlined there, its symbols say: nothing
asks for a release. The order of the table is that of the article's boot; the order of a boot is that of its calls.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterable, Optional

from .phaselook import FLAGS, PAGESETS

CALL, TO_NEXT, EACH = "call", "to next", "each"


@dataclass(frozen=True)
class Phase:
    """One phase. functions: its spellings, the guest's and those of releases; those that a kernel has begin it.

    kind: call, from a function's entry to its return; to next, from the first entry until another phase begins (a loop
    over the function); each, one phase for every entry that changes something, directly inside another phase.
    """

    name: str
    functions: tuple[str, ...]
    why: str
    kind: str = CALL
    inside: Optional[str] = None    # each: the phase around it
    after: Optional[str] = None     # begins where this one ends, in kernels that inline it: then no address is its own
    given: Optional[tuple[str, str]] = None     # begins where this argument, if there is one, points to that member
    looks: Optional[str] = None     # what it changes that no snapshot holds: see phaselook.py


PHASES = (
    Phase("setup_machine_fdt", ("setup_machine_fdt", "e820__memblock_setup"),
          "Only the firmware knows where RAM is: its device tree (or e820 map) becomes memblock.memory."),
    Phase("early_reserve_memory", ("early_reserve_memory",),
          "The kernel's image and the firmware's tables are in RAM already, and must not be given away."),
    Phase("init_mem_mapping", ("init_mem_mapping",),
          "The kernel can only use memory that it has mapped; the page tables for that come from memblock."),
    Phase("arm_memblock_init", ("arm_memblock_init", "arm64_memblock_init"),
          "Image, initrd, device tree and what the tree reserves are in RAM already, and must not be given away."),
    Phase("dma_contiguous_reserve", ("dma_contiguous_reserve",),
          "Some devices need large contiguous memory; only now is it certain that a whole range is still free."),
    Phase("paging_init", ("paging_init",),
          "Lowmem is mapped for good; the page tables and what belongs to them come from memblock."),
    Phase("bootmem_init", ("bootmem_init", "initmem_init"),
          "With all memory known, its limits are fixed, and nodes and zones can be laid out."),
    Phase("sparse_init", ("sparse_init",),
          "Each section of memory gets its part of mem_map: a struct page for every page frame."),
    Phase("free_area_init", ("mm_core_init_early", "free_area_init", "free_area_init_node"),
          "The buddy allocator needs zones with empty free lists, and a struct page for every page frame."),
    Phase("setup_per_cpu_areas", ("setup_per_cpu_areas",),
          "Each CPU has its own copy of per-CPU variables; there is no allocator yet, so memblock gives the pages."),
    Phase("build_all_zonelists", ("build_all_zonelists",),
          "An allocation that one zone cannot serve goes on to the next: the order is fixed here."),
    Phase("page_alloc_init", ("page_alloc_init", "page_alloc_init_cpuhp"),
          "A CPU that goes away has pages on its lists: somebody has to be told then."),
    Phase("mm_init", ("mm_core_init", "init.c:mm_init"),
          "Memory goes over from memblock to the allocators that stay: buddy, slab, per-CPU, vmalloc."),
    Phase("page_ext_init_flatmem", ("page_ext_init_flatmem",),
          "Debugging data of each page needs one large table, which only memblock can still give."),
    Phase("kfence_alloc_pool", ("kfence_alloc_pool_and_metadata", "kfence_alloc_pool"),
          "KFENCE guards some objects by unmapped pages; its pool must be contiguous, so memblock gives it."),
    Phase("mem_init", ("mem_init",),
          "From here on memblock gives no memory: what it has not reserved belongs to the buddy allocator."),
    Phase("free_all_bootmem", ("memblock_free_all", "free_all_bootmem"),
          "managed_pages is counted anew while memblock's free ranges are freed into the zones' lists."),
    Phase("reserve", ("memmap_init_reserved_pages", "reserve_bootmem_region"),
          "Pages that memblock has reserved get PG_reserved, so that nobody ever frees them by mistake.", TO_NEXT,
          looks=FLAGS),
    Phase("free_range", ("__free_memory_core", "__next_mem_range"),     # the latter asks for the next range
          "One free range of memblock becomes free blocks, each as large as its alignment and the rest allow.", EACH,
          inside="free_all_bootmem", given=("type_a", "memblock.memory")),   # not what is reserved
    Phase("free_highpages", ("free_highpages",),
          "HighMem has no kernel address, so lowmem's loop leaves it out: its free ranges go over here.",
          after="free_all_bootmem"),
    Phase("kmem_cache_init", ("kmem_cache_init",),
          "Objects smaller than a page need caches; the first are static, until kmalloc can make the others."),
    Phase("percpu_init_late", ("percpu_init_late",),
          "The per-CPU allocator's own maps were memblock's: now that kmalloc works, they can grow."),
    Phase("pgtable_init", ("pgtable_init", "pgtable_cache_init"),
          "Page tables need a cache of their own where a table is not a whole page, or its lock is large."),
    Phase("vmalloc_init", ("vmalloc_init",),
          "vmalloc takes over the addresses that early mappings were given out of."),
    Phase("ioremap_huge_init", ("ioremap_huge_init",),
          "Where the hardware can, devices are mapped by large entries: this is decided once."),
    Phase("kaiser_init", ("kaiser_init",),
          "Page tables of user space without the kernel: only where a CPU has to be defended that way."),
    Phase("kmem_cache_init_late", ("kmem_cache_init_late",),
          "The slab allocator finishes what needed interrupts, or a workqueue."),
    Phase("setup_per_cpu_pageset", ("setup_per_cpu_pageset",),
          "So far all CPUs shared the boot pagesets; each gets lists of its own, to spare the zone's lock.",
          looks=PAGESETS),
    Phase("init_per_zone_wmark_min", ("init_per_zone_wmark_min",),
          "Each zone keeps pages back, by its size: below the watermarks reclaim begins, or callers wait."),
    Phase("cma_init_reserved_areas", ("cma_init_reserved_areas",),
          "CMA's reserved areas are lent out: their pageblocks become MIGRATE_CMA, for movable pages only."),
    Phase("page_alloc_init_late", ("page_alloc_init_late",),
          "struct pages whose initialisation was put off are done by now, and memblock's arrays can go."),
    Phase("free_initmem", ("free_initmem",),
          "Code and data of the boot are never used again: their pages go to the free lists."),
)
# What is called when no phase is to come any more.
LAST = ("rcu_end_inkernel_boot", "run_init_process", "cpu_idle")


@dataclass(frozen=True)
class Found:
    """A phase as the kernel at hand has it."""

    phase: Phase
    function: str
    entries: tuple[int, ...]        # none: it begins after another
    inlined: bool = False


def find_phases(entries: Callable[[str], Iterable[int]], called: Callable[[int], bool]) -> tuple[Found, ...]:
    """The phases that a kernel has, in the table's order; of its spellings, one that is called before one inlined.

    entries: Control.entries. called: whether an address is the first of a function, and not inside of one.
    """
    found = []
    for phase in PHASES:
        there = [(function, tuple(entries(function))) for function in phase.functions]
        chosen = [Found(phase, function.rpartition(":")[2], addrs, not all(map(called, addrs)))
                  for function, addrs in there if addrs]
        chosen.sort(key=lambda each: each.inlined)
        if chosen and chosen[0].inlined and phase.after is not None:
            found.append(Found(phase, chosen[0].function, (), True))
        elif chosen:
            found.append(chosen[0])
    return tuple(found)


def find_phase(found: Iterable[Found], name: str) -> Optional[Found]:
    """By the phase's name, or the function's."""
    return next((each for each in found if name in (each.phase.name, each.function)), None)


def phase_names() -> tuple[str, ...]:
    """Of the table."""
    return tuple(phase.name for phase in PHASES)
