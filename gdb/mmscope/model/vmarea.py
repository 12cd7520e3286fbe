# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas of the vmalloc addresses, from every list and tree that has them. Mirrors helper/include/mm/vmalloc.h.

Where they are: until v6.8 a list and a tree of those in use; from v6.9 one of each in every vmap node. Freed ones wait
for a flush: on a stack (until v5.12), a list with a tree (until v6.8), or those of their node, which also keeps some
for the next allocation in pools by size.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterator, Optional

from ..errors import FaultError, MissingError, MmError
from ..layout.arch import architecture
from ..layout.layout import is_pointer
from ..layout.reader import Record
from .context import Context
from .problem import Problem
from .vmstruct import MAX_AREAS, VmStruct, struct_can_be, unreadable, vm_struct
from .walk import walk_list, walk_pointers
from .walktree import walk_tree

BUSY, LAZY, PURGING, POOLED, FREE = "busy", "lazy", "purging", "pooled", "free"
MAX_VMAP_NODES = 128           # vmap_init_nodes() makes no more
HAS_VM = 4                      # vmap_area.flags, until v5.1 and in the guest: vm says whose it is


@dataclass(frozen=True)
class VmapArea:
    """A range of addresses (struct vmap_area), and where it was found."""

    start: int
    end: int
    state: str                      # BUSY, LAZY, ...
    node: Optional[int]             # number of its vmap node; None where there are none
    vmap_area: int                  # address of the struct
    flags: Optional[int]
    vm: Optional[VmStruct]

    @property
    def size(self) -> int:
        """Bytes."""
        return self.end - self.start


@dataclass(frozen=True)
class AreaLists:
    """What the lists and trees hold, in the order of the lists."""

    areas: tuple[VmapArea, ...] = ()
    problems: tuple[Problem, ...] = field(default=(), metadata={"json": False})


def vmalloc_ranges(ctx: Context) -> tuple[tuple[int, int], ...]:
    """Where areas may be, the vmalloc area first; empty when the architecture does not say."""
    module = architecture(ctx.layout.debug.arch)
    try:
        return module.vmalloc_ranges(ctx.read, ctx.arch) if hasattr(module, "vmalloc_ranges") else ()
    except (MissingError, FaultError):
        return ()


def vmap_nodes(ctx: Context) -> tuple[int, ...]:
    """Addresses of the vmap nodes; empty where there are none. Raises MissingError, FaultError."""
    struct = ctx.layout.find_struct("vmap_node")
    if struct is None:
        return ()
    first = ctx.layout.find_variable("vmap nodes")
    if first is not None and is_pointer(first.type):
        start = ctx.read.value("vmap nodes")
    else:
        start = ctx.read.address("vmap node")
    count = ctx.read.find("vmap node count") or 1
    if not 1 <= count <= MAX_VMAP_NODES:
        raise MmError(f"nr_vmap_nodes is {count}: a kernel has 1 to {MAX_VMAP_NODES}")
    return tuple(start + number * struct.size for number in range(count))


def all_areas(ctx: Context) -> AreaLists:
    """Every area that is not free, in the order of the lists: those in use first. Raises MissingError, FaultError."""
    nodes = vmap_nodes(ctx)
    if nodes:
        parts = [part for number, addr in enumerate(nodes) for part in _of_node(ctx, number, addr)]
        order = (BUSY, LAZY, PURGING, POOLED)
        parts.sort(key=lambda part: order.index(part.areas[0].state) if part.areas else 0)
        return _joined(parts)
    busy = _pair(ctx, BUSY, None, ctx.read.address("vmap areas"), ctx.layout.find_variable("vmap area tree"))
    lazy = _lazy(ctx)
    waiting = {area.vmap_area for area in lazy.areas}       # the guest keeps them on both lists
    busy = AreaLists(tuple(area for area in busy.areas if area.vmap_area not in waiting), busy.problems)
    return _joined([busy, lazy])


def free_areas(ctx: Context) -> Optional[AreaLists]:
    """Free ranges as the kernel lists them; None where it keeps none. Raises MissingError, FaultError."""
    head = ctx.layout.find_variable("vmap free areas")
    if head is None:
        return None
    return _pair(ctx, FREE, None, head.addr, ctx.layout.find_variable("vmap free tree"))


def _joined(parts: list[AreaLists]) -> AreaLists:
    return AreaLists(tuple(area for part in parts for area in part.areas),
                     tuple(problem for part in parts for problem in part.problems))


def _of_node(ctx: Context, number: int, addr: int) -> Iterator[AreaLists]:
    """The lists of one vmap node."""
    node = ctx.read.record("vmap_node", addr)
    for state in (BUSY, LAZY):
        pair = node.inner(state, "rb_list")
        yield _pair(ctx, state, number, pair.addr_of("head"), pair.addr_of("root"))
    heads = [(PURGING, node.addr_of("purge_list"))]
    heads += [(POOLED, node.inner("pool", "vmap_pool", index).addr_of("head")) for index in range(node.count("pool"))]
    for state, head in heads:
        if ctx.read.record("list_head", head).get("next") not in (0, head):     # 0: nothing was purged yet
            yield _list(ctx, state, number, head)


def _lazy(ctx: Context) -> AreaLists:
    """Freed areas before there were vmap nodes."""
    if ctx.layout.find_variable("vmap purge areas") is not None:
        return _pair(ctx, LAZY, None, ctx.read.address("vmap purge areas"), ctx.layout.find_variable("vmap purge tree"))
    if ctx.layout.find_variable("vmap purge stack") is None:
        return AreaLists()
    offset = ctx.layout.field("vmap_area.purge_list").offset
    first = ctx.read.record("llist_head", ctx.read.address("vmap purge stack")).get("first")
    walk = walk_pointers(ctx, first, 0, "purge list", lambda addr: struct_can_be(ctx, addr), MAX_AREAS)
    return _decoded(ctx, LAZY, None, [addr - offset for addr in walk.nodes], list(walk.problems))


def _list(ctx: Context, state: str, node: Optional[int], head: int) -> AreaLists:
    """The areas of one list."""
    offset = ctx.layout.field("vmap_area.list").offset
    walk = walk_list(ctx, head, _where(state, node, "list"), lambda addr: struct_can_be(ctx, addr), MAX_AREAS)
    return _decoded(ctx, state, node, [addr - offset for addr in walk.nodes], list(walk.problems))


def _pair(ctx: Context, state: str, node: Optional[int], head: int, root: object) -> AreaLists:
    """The areas of a list and of the tree that must have the same; those of either. VMALLOC-1."""
    listed = _list(ctx, state, node, head)
    at = getattr(root, "addr", root)
    if not isinstance(at, int):
        return listed
    offset = ctx.layout.field("vmap_area.rb_node").offset
    where = _where(state, node, "tree")
    walk = walk_tree(ctx, at, where, lambda addr: struct_can_be(ctx, addr), MAX_AREAS)
    in_list, in_tree = [area.vmap_area for area in listed.areas], [addr - offset for addr in walk.nodes]
    problems = list(listed.problems + walk.problems)
    if in_list != in_tree:
        problems.append(_disagree(where, in_list, in_tree))
    problems += _check_order(listed.areas, _where(state, node, "list"))
    known = set(in_list)
    more = _decoded(ctx, state, node, [addr for addr in in_tree if addr not in known], problems)
    return AreaLists(listed.areas + more.areas, more.problems)


def _disagree(where: str, in_list: list[int], in_tree: list[int]) -> Problem:
    """Where list and tree part."""
    at = next((index for index, (one, other) in enumerate(zip(in_list, in_tree)) if one != other),
              min(len(in_list), len(in_tree)))
    one, other = (f"{found[at]:#x}" if at < len(found) else "nothing" for found in (in_list, in_tree))
    return Problem("VMALLOC-1", f"{where}, entry {at}", one, other,
                   f"{where}: entry {at} is {other}, the list has {one} there")


def _check_order(areas: tuple[VmapArea, ...], where: str) -> Iterator[Problem]:
    """The rest of VMALLOC-1, for one list."""
    last: Optional[VmapArea] = None
    for area in areas:
        if area.start >= area.end:
            yield Problem("VMALLOC-1", f"{where}, area {area.start:#x}", f"above {area.start:#x}", area.end,
                          f"{where}: the area at {area.start:#x} ends at {area.end:#x}")
        if last is not None and last.end > area.start:
            yield Problem("VMALLOC-1", f"{where}, area {area.start:#x}", f"{last.end:#x} or above", area.start,
                          f"{where}: the area at {area.start:#x} follows one that ends at {last.end:#x}")
        last = area


def _decoded(ctx: Context, state: str, node: Optional[int], addrs: list[int], problems: list[Problem]) -> AreaLists:
    """The areas at these addresses."""
    areas = []
    for addr in addrs:
        try:
            areas.append(_area(ctx, state, node, ctx.read.record("vmap_area", addr), problems))
        except FaultError:
            problems.append(unreadable(_where(state, node, "area"), addr))
    return AreaLists(tuple(areas), tuple(problems))


def _area(ctx: Context, state: str, node: Optional[int], record: Record, problems: list[Problem]) -> VmapArea:
    """One area. Its vm means something only in use: in other states other members may lie over it."""
    flags, vm = record.find("flags"), None
    if state == BUSY and record.get("vm") and (record.has("subtree_max_size") or (flags or 0) & HAS_VM):
        try:
            vm = vm_struct(ctx, record.get("vm"))
        except FaultError:
            problems.append(unreadable(f"area {record.get('va_start'):#x}", record.get("vm")))
    return VmapArea(record.get("va_start"), record.get("va_end"), state, node, record.addr, flags, vm)


def _where(state: str, node: Optional[int], what: str) -> str:
    return f"{state} {what}" if node is None else f"{state} {what} of vmap node {node}"
