# SPDX-License-Identifier: GPL-2.0-or-later
"""Blocks from which vm_map_ram() gives out addresses. Mirrors helper/mm/vmap_block.h.

They are on their CPU's queue while they have pages left; all of them are in an xarray: one in all from v5.7 on, one of
each CPU from v6.3 on. An older kernel keeps them in a radix tree, the guest in a tree: of these only the queues are
read, so a block that is given out in full is not seen.

  VMAP-1  free + dirty <= the pages of the block; what is left is in use
  VMAP-2  it is on its CPU's queue exactly while free > 0
  VMAP-3  va is an area in use, and has no vm_struct
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterator, Mapping, Optional

from ..errors import FaultError
from .context import Context
from .percpu import cpu_offsets, per_cpu_addr, percpu_pointer
from .problem import Problem
from .vmarea import VmapArea
from .walk import walk_list
from .walktree import walk_xarray

MAX_BLOCKS = 1 << 16


@dataclass(frozen=True)
class VmapBlock:
    """One block (struct vmap_block)."""

    block: int                  # address of the struct
    start: int
    end: int
    cpu: Optional[int]          # on whose queue it is; None: on none
    free_pages: int             # never given out
    dirty_pages: int            # come back, to be flushed
    used_pages: int


@dataclass(frozen=True)
class BlockLists:
    """What queues and arrays hold."""

    blocks: tuple[VmapBlock, ...] = ()
    problems: tuple[Problem, ...] = field(default=(), metadata={"json": False})


def vmap_blocks(ctx: Context, areas: Mapping[int, VmapArea]) -> BlockLists:
    """Every block, by address. areas is by the address of the struct vmap_area. Raises MissingError, FaultError."""
    if ctx.layout.find_variable("vmap block queue") is None or ctx.layout.find_struct("vmap_block") is None:
        return BlockLists()
    pointer = percpu_pointer(ctx, ctx.read.address("vmap block queue"))
    queues = {cpu: per_cpu_addr(ctx, pointer, offset) for cpu, offset in cpu_offsets(ctx).items()}
    problems: list[Problem] = []
    queued: dict[int, int] = {}
    for cpu, addr in queues.items():
        for block in _queued(ctx, cpu, addr, problems):
            queued.setdefault(block, cpu)
    known, complete = _in_arrays(ctx, queues, problems)
    blocks = []
    for addr in dict.fromkeys([*queued, *known]):
        try:
            blocks.append(_block(ctx, addr, queued.get(addr), areas, complete, problems))
        except FaultError:
            problems.append(Problem("LIST-1", "vmap blocks", "readable memory", addr,
                                    f"vmap blocks: what is at {addr:#x} cannot be read"))
    return BlockLists(tuple(sorted(blocks, key=lambda block: block.start)), tuple(problems))


def _valid(ctx: Context, addr: int) -> bool:
    return addr % ctx.read.word == 0 and ctx.arch.virt_to_phys(addr) is not None


def _queued(ctx: Context, cpu: int, queue: int, problems: list[Problem]) -> Iterator[int]:
    """Blocks on a CPU's queue; none while its head is zero."""
    record = ctx.read.record("vmap_block_queue", queue)
    head = record.addr_of("free")
    if ctx.read.record("list_head", head).get("next") == 0:
        return
    walk = walk_list(ctx, head, f"vmap blocks of CPU {cpu}", lambda addr: _valid(ctx, addr), MAX_BLOCKS)
    problems += walk.problems
    offset = ctx.layout.field("vmap_block.free_list").offset
    yield from (addr - offset for addr in walk.nodes)


def _in_arrays(ctx: Context, queues: Mapping[int, int], problems: list[Problem]) -> tuple[list[int], bool]:
    """Blocks in the xarrays, and whether those are all there are."""
    if ctx.layout.find_field("vmap_block_queue.vmap_blocks") is not None:
        at = ctx.layout.field("vmap_block_queue.vmap_blocks").offset
        arrays = [queue + at for queue in queues.values()]
    elif ctx.layout.find_variable("vmap blocks") is not None and ctx.layout.find_struct("xa_node") is not None:
        arrays = [ctx.read.address("vmap blocks")]
    else:
        return [], False
    found: list[int] = []
    for array in arrays:
        entries = walk_xarray(ctx, array, "vmap blocks", lambda addr: _valid(ctx, addr), MAX_BLOCKS)
        problems += entries.problems
        found += (entry for _, entry in entries.entries if _valid(ctx, entry))
    return found, True


def _block(ctx: Context, addr: int, cpu: Optional[int], areas: Mapping[int, VmapArea], complete: bool,
           problems: list[Problem]) -> VmapBlock:
    """Decode and check one."""
    record = ctx.read.record("vmap_block", addr)
    free, dirty = record.get("free"), record.get("dirty")
    area = areas.get(record.get("va"))
    where = f"vmap block {addr:#x}"
    if area is None or area.vm is not None:
        text = "is no area in use" if area is None else "has a vm_struct"
        problems.append(Problem("VMAP-3", where, "an area in use, without a vm_struct", record.get("va"),
                                f"{where}: its area {record.get('va'):#x} {text}"))
        va = ctx.read.record("vmap_area", record.get("va"))
        start, end = va.get("va_start"), va.get("va_end")
    else:
        start, end = area.start, area.end
    pages = max(end - start, 0) >> ctx.arch.page_shift
    if free + dirty > pages:
        problems.append(Problem("VMAP-1", where, f"at most {pages}", free + dirty,
                                f"{where}: {free} pages free and {dirty} dirty, of {pages}"))
    if (cpu is None) == (free > 0) and (complete or cpu is not None):
        what = "no page is free and it is on a queue" if cpu is not None else f"{free} pages are free and it is on none"
        problems.append(Problem("VMAP-2", where, "on a queue while a page is free", free, f"{where}: {what}"))
    return VmapBlock(addr, start, end, cpu, free, dirty, max(pages - free - dirty, 0))


