# SPDX-License-Identifier: GPL-2.0-or-later
"""Who has an area: struct vm_struct, and those that were registered before vmalloc_init()."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..errors import FaultError
from ..layout.versions import VM_FLAGS
from .context import Context
from .problem import Problem
from .walk import walk_pointers

VM_IOREMAP, VM_ALLOC, VM_MAP = 1, 2, 4
MAX_AREAS = 1 << 20


@dataclass(frozen=True)
class VmStruct:
    """Who has an area (struct vm_struct)."""

    vm: int                         # address of the struct
    addr: int
    size: int                       # bytes, guard page included
    flags: int
    flag_names: tuple[str, ...]
    pages: int                      # address of the array of struct page pointers; 0: none
    page_order: int                 # its pages come in blocks of this order
    nr_pages: int
    phys: int
    caller: int                     # 0: not known
    requested_size: Optional[int]   # None: this kernel does not keep it


def vm_struct(ctx: Context, addr: int) -> VmStruct:
    """Decode one. Raises FaultError."""
    record = ctx.read.record("vm_struct", addr)
    flags = record.get("flags")
    names = tuple(flag.name for flag in VM_FLAGS if flags & flag.mask and flag.arch in (None, ctx.arch_name))
    return VmStruct(addr, record.get("addr"), record.get("size"), flags, names, record.get("pages"),
                    record.find("page_order") or 0, record.get("nr_pages"), record.get("phys_addr"),
                    record.get("caller"), record.find("requested_size"))


def is_ready(ctx: Context) -> bool:
    """Whether vmalloc_init() has run."""
    return bool(ctx.read.find("vmalloc ready"))


def early_areas(ctx: Context) -> tuple[tuple[VmStruct, ...], tuple[Problem, ...]]:
    """What was registered before vmalloc_init(), from vmlist. Raises MissingError, FaultError."""
    offset = ctx.layout.field("vm_struct.next").offset
    first = ctx.read.value("vmlist")
    walk = walk_pointers(ctx, first, offset, "vmlist", lambda addr: struct_can_be(ctx, addr), MAX_AREAS)
    found, problems = [], list(walk.problems)
    for addr in walk.nodes:
        try:
            found.append(vm_struct(ctx, addr))
        except FaultError:
            problems.append(unreadable("vmlist", addr))
    return tuple(found), tuple(problems)


def struct_can_be(ctx: Context, addr: int) -> bool:
    """Whether a struct can be at an address: these come from the slab allocator, or are static."""
    return addr % ctx.read.word == 0 and ctx.arch.virt_to_phys(addr) is not None


def unreadable(where: str, addr: int) -> Problem:
    """The problem that a struct cannot be read."""
    return Problem("LIST-1", where, "readable memory", addr, f"{where}: what is at {addr:#x} cannot be read")
