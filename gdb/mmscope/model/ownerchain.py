# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose a call of memblock is: the first function on the stack that does not only pass it on for another.

memblock's own functions pass on, and those of the table below: layers that give memory to whoever calls them.
"""
from __future__ import annotations

from typing import Optional, Sequence

from ..target.control import StackFrame

# Where memblock's own functions are: Linux's, then the guest's, which has it in more files.
MEMBLOCK_FILES = ("mm/memblock.c", "include/linux/memblock.h", "mm/memblock_alloc.c", "mm/memblock_type.c",
                  "mm/early_pool.c", "mm/memblock_internal.h", "include/mm/memblock.h")
MEMBLOCK_PREFIXES = ("memblock_", "__memblock_")

# What memblock takes and gives for itself.
OWN = {
    "memblock_double_array": "its array of regions is full, and moves to one of twice the size",
    "memblock_discard": "its arrays that were moved are of no use after the boot",
}

# Thin layers over memblock: who is named by one of them is its caller.
WRAPPERS = {
    "early_alloc": "arm: a zeroed piece for early page tables and vectors",
    "early_alloc_aligned": "arm: the same, aligned (before v5.0)",
    "early_pgtable_alloc": "arm64: a page for a page table",
    "alloc_low_pages": "x86: pages for the tables of the linear map",
    "alloc_low_page": "x86: one of these",
    "e820__memblock_alloc_reserved": "x86: allocated, and entered in the e820 map",
    "early_init_dt_alloc_memory_arch": "device tree: room for the unflattened tree, or what its caller builds",
    "early_init_dt_alloc_reserved_memory_arch": "device tree: a place for a node of /reserved-memory",
    "__reserved_mem_alloc_in_range": "device tree: the same, in a range (since v6.1)",
    "__reserved_mem_alloc_size": "device tree: the same, for a node that says only a size",
    "early_init_dt_reserve_memory": "device tree: a range that its caller has read (since v6.1)",
    "early_init_dt_reserve_memory_arch": "device tree: the same (before v6.1)",
    "early_init_dt_add_memory_arch": "device tree: a range of memory that its caller has read",
    "cma_declare_contiguous": "CMA: an area for whoever declares it",
    "cma_declare_contiguous_nid": "CMA: the same, on a node",
    "__cma_declare_contiguous_nid": "CMA: the same (since v6.13)",
    "cma_alloc_mem": "CMA: the range of such an area (since v6.15)",
    "dma_contiguous_reserve_area": "DMA: a CMA area for its caller",
    "memmap_alloc": "mem_map: memory for a node's struct pages",
    "sparse_buffer_alloc": "mem_map: a part of a buffer, or else memory of its own",
    "__earlyonly_bootmem_alloc": "mem_map: before there is an allocator",
    "vmemmap_alloc_block": "mem_map: a block of it, or a table that maps it",
    "vmemmap_alloc_block_buf": "mem_map: the same, out of the buffer if it fits",
    "vmemmap_alloc_block_zero": "mem_map: the same, zeroed",
    "pcpu_fc_alloc": "per-CPU areas: a CPU's unit for the first chunk",
    "pcpu_fc_free": "per-CPU areas: what of it is not used",
    "pcpu_dfl_fc_alloc": "per-CPU areas: the same, by default",
    "pcpu_dfl_fc_free": "per-CPU areas: the same, by default",
    "pcpu_alloc_bootmem": "x86: a CPU's unit, on its node (before v5.18)",
    "alloc_large_system_hash": "a hash table for its caller, as large as memory makes it",
    "take": "the guest's board: a range that its caller has read",
    "arch_early_table": "the guest: a zeroed page for a page table",
    "free_bootmem": "the old name of memblock_free (before v4.20)",
    "free_bootmem_late": "the same, to the page allocator",
}
WRAPPER_PREFIXES = ("alloc_bootmem", "__alloc_bootmem", "___alloc_bootmem", "memblock_virt_alloc")     # before v4.20


def is_memblock(frame: StackFrame) -> bool:
    """Whether a function is memblock's own: by its name, or by its file, which may be that of a macro in it."""
    if frame.function is not None and frame.function.startswith(MEMBLOCK_PREFIXES):
        return True
    return frame.file is not None and any(
        frame.file == name or frame.file.endswith("/" + name) for name in MEMBLOCK_FILES)


def passes_on(frame: StackFrame) -> bool:
    """Whether a function calls memblock for its caller."""
    if frame.function is None:
        return False
    name = frame.function.partition(".")[0]         # of a clone that the compiler made
    if name in OWN:
        return False
    return name in WRAPPERS or name.startswith(WRAPPER_PREFIXES) or is_memblock(frame)


def owner_of_call(stack: Sequence[StackFrame]) -> int:
    """Which function of a stack, innermost first, is the owner: the number of it; the last one where all pass on."""
    return next((number for number, frame in enumerate(stack) if not passes_on(frame)), max(len(stack) - 1, 0))


def allocates(stack: Sequence[StackFrame]) -> bool:
    """Whether memblock has chosen the place: its caller wanted memory, not a range."""
    for frame in stack:
        if not is_memblock(frame):
            return False
        if "alloc" in (frame.function or ""):
            return True
    return False


def tree_prefix(stack: Sequence[StackFrame]) -> Optional[str]:
    """What the names of source files begin with, where a kernel is built outside of its tree: memblock's file tells."""
    for frame in stack:
        if frame.file is not None and frame.file.startswith(("/", "../")) and frame.file.endswith(MEMBLOCK_FILES[0]):
            return frame.file[:-len(MEMBLOCK_FILES[0])]
    return None
