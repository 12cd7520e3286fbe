# SPDX-License-Identifier: GPL-2.0-or-later
"""The lines of /proc/vmallocinfo. Source: mm/vmalloc.c, s_show() and vmalloc_info_show() of the releases named.

The order is that of the lists: those in use, vmap node by vmap node, then those that wait for a flush. Addresses are
the real ones; the kernel prints a hash of them unless kptr_restrict says otherwise.
"""
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Optional

from ..errors import FaultError, MissingError
from .context import Context
from .kallsyms import symbolize
from .problem import Problem
from .vmarea import BUSY, LAZY, VmapArea, all_areas
from .vmstruct import VmStruct, is_ready

UNINITIALIZED = 0x20
VMAP_RAM = 1                    # vmap_area.flags, from v6.3
WORDS = {0x1: "ioremap", 0x2: "vmalloc", 0x4: "vmap", 0x8: "user", 0x10: "dma-coherent"}
MAX_PAGES = 1 << 24             # of one area


@dataclass(frozen=True)
class InfoLine:
    """One line."""

    start: int
    end: int
    size: int
    note: Optional[str]             # of an area that has no owner: "vm_map_ram", "unpurged vm_area"
    caller: Optional[int]
    caller_symbol: Optional[str]    # None: no symbol is there, the kernel prints the address
    nr_pages: int
    phys: Optional[int]
    words: tuple[str, ...]
    pages_by_node: tuple[tuple[int, int], ...]      # node, pages; empty without NUMA


@dataclass(frozen=True)
class Vmallocinfo:
    """The whole file."""

    lines: tuple[InfoLine, ...]
    pointer_digits: int             # of an address as it is printed
    phys_digits: int
    problems: tuple[Problem, ...]


def vmallocinfo(ctx: Context) -> Vmallocinfo:
    """Every line, in the kernel's order. Raises MissingError, FaultError."""
    lists = all_areas(ctx) if is_ready(ctx) else None
    areas = lists.areas if lists is not None else ()
    busy = [area for area in areas if area.state == BUSY]
    lines = [line for line in (_line(ctx, area) for area in busy) if line is not None]
    if _shows_lazy(ctx, busy):
        lines += [InfoLine(area.start, area.end, area.size, "unpurged vm_area", None, None, 0, None, (), ())
                  for area in areas if area.state == LAZY]
    phys_bytes = ctx.layout.field("vm_struct.phys_addr").type.size
    return Vmallocinfo(tuple(lines), ctx.read.word * 2, phys_bytes * 2, lists.problems if lists is not None else ())


def _is_old(ctx: Context) -> bool:
    """A kernel that has no tree of free areas (until v5.1, and the guest): it prints areas with an owner only."""
    return ctx.layout.find_field("vmap_area.subtree_max_size") is None


def _shows_lazy(ctx: Context, busy: list[VmapArea]) -> bool:
    """Whether freed areas are printed: they are behind the last one in use, until v6.8 only if there is one.

    While they were on a stack (until v5.12), also only if that one has an owner.
    """
    if _is_old(ctx):
        return False
    if ctx.layout.find_struct("vmap_node") is not None:
        return True
    if ctx.layout.find_variable("vmap purge stack") is not None:
        return bool(busy) and busy[-1].vm is not None
    return bool(busy)


def _line(ctx: Context, area: VmapArea) -> Optional[InfoLine]:
    """The line of an area in use; None when the kernel prints none."""
    vm = area.vm
    if vm is None:
        if _is_old(ctx) or area.flags is not None and not area.flags & VMAP_RAM:
            return None
        return InfoLine(area.start, area.end, area.size, "vm_map_ram", None, None, 0, None, (), ())
    named = symbolize(ctx, vm.caller) if vm.caller else None
    words = [word for mask, word in WORDS.items() if vm.flags & mask]
    if vm.pages and ctx.arch.virt_to_phys(vm.pages) is None:
        words.append("vpages")
    return InfoLine(vm.addr, vm.addr + vm.size, vm.size, None, vm.caller or None,
                    named.text if named is not None else None, vm.nr_pages, vm.phys or None, tuple(words),
                    _nodes(ctx, vm))


def _nodes(ctx: Context, vm: VmStruct) -> tuple[tuple[int, int], ...]:
    """How many pages are on which node, counted as the kernel does: by the first page of each block."""
    node = ctx.layout.find_variable("node")
    if node is None or node.path != "node_data" or not vm.nr_pages or vm.flags & UNINITIALIZED:
        return ()
    step = 1 << min(vm.page_order, 32)
    counted: Counter[int] = Counter()
    if len(ctx.node_addrs) == 1:
        counted[ctx.read.record("pglist_data", ctx.node_addrs[0]).get("node_id")] = -(-vm.nr_pages // step) * step
        return tuple(counted.items())
    try:
        word = ctx.read.word
        data = ctx.memory.read(vm.pages, min(vm.nr_pages, MAX_PAGES) * word)
        for at in range(0, len(data), step * word):
            page = int.from_bytes(data[at:at + word], ctx.read.order)
            counted[ctx.page_flags.node(ctx.read.record("page", page).get("flags"))] += step
    except (FaultError, MissingError):
        return ()
    return tuple(sorted(counted.items()))
