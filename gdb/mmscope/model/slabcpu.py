# SPDX-License-Identifier: GPL-2.0-or-later
"""What each CPU has of a cache, in kernels whose CPUs have slabs. Mirrors struct kmem_cache_cpu in slub_def.h.

  SLUB-3  what is on a CPU's own freelist counts as in use, and is at most inuse
  SLUB-4  a CPU's slab is frozen
  SLUB-6  a freelist without a slab there is not
  SLUB-7  each slab on a CPU's partial list counts how many follow, itself too
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from ..errors import FaultError
from .context import Context
from .percpu import cpu_offsets, per_cpu_addr
from .problem import Problem
from .slabcache import Cache
from .slabpage import CPU, CPU_PARTIAL, Slab, freelist, read_slab, slab_record
from .walk import END, walk_chain

MAX_CPU_PARTIAL = 100000


@dataclass(frozen=True)
class CpuSlab:
    """One CPU's slabs of a cache (struct kmem_cache_cpu)."""

    cpu: int
    addr: int
    slab: Optional[int]             # the one that it allocates from; None: none at present
    free: tuple[int, ...]           # its freelist, in the order in which objects are given out
    partial: tuple[int, ...]        # slabs that wait for their turn, in order
    problems: tuple[Problem, ...] = field(metadata={"json": False})


@dataclass(frozen=True)
class CpuSlabs:
    """What all CPUs have of a cache."""

    cpus: tuple[CpuSlab, ...]
    slabs: tuple[Slab, ...]         # theirs
    problems: tuple[Problem, ...]   # but for those of the slabs


def cpu_slabs(ctx: Context, cache: Cache) -> CpuSlabs:
    """What every CPU has; nothing in a kernel whose CPUs have no slabs. Raises MissingError, FaultError."""
    pointer = cache.record.find("cpu_slab")
    cpus: list[CpuSlab] = []
    slabs: list[Slab] = []
    problems: list[Problem] = []
    for cpu, offset in cpu_offsets(ctx).items() if pointer else ():
        try:
            cpus.append(_read(ctx, cache, cpu, per_cpu_addr(ctx, pointer or 0, offset), slabs))
        except FaultError as error:
            where = f"cache {cache.name} CPU {cpu}"
            problems.append(Problem("SLUB-13", where, "readable memory", error.addr, f"{where}: {error}"))
    return CpuSlabs(tuple(cpus), tuple(slabs), tuple(problems + [each for cpu in cpus for each in cpu.problems]))


def _read(ctx: Context, cache: Cache, cpu: int, addr: int, slabs: list[Slab]) -> CpuSlab:
    """Decode one CPU's part; its slabs are added to slabs."""
    record = ctx.read.record("kmem_cache_cpu", addr)
    current, first = record.get("slab"), record.get("freelist")
    where = f"cache {cache.name} CPU {cpu}"
    problems: list[Problem] = []
    free: tuple[int, ...] = ()
    if current and ctx.pages.pfn(current) is None:
        problems.append(Problem("SLUB-5", where, "a slab", current,
                                f"{where}: its slab {current:#x} is no struct page"))
    elif current:
        slab = read_slab(ctx, cache, current, CPU, cpu=cpu)
        slabs.append(slab)
        if slab.virt is not None:
            walked = freelist(ctx, cache, f"{where}, slab {current:#x}", slab.virt, slab.objects, first)
            free = walked.objects
            problems += walked.problems
        if len(free) > slab.inuse:
            problems.append(Problem("SLUB-3", where, slab.inuse, len(free),
                                    f"{where}: its freelist has {len(free)} objects, the slab {slab.inuse} in use"))
        if not slab.frozen:
            problems.append(Problem("SLUB-4", where, 1, 0, f"{where}: its slab {current:#x} is not frozen"))
    elif first:
        problems.append(Problem("SLUB-6", where, 0, first, f"{where}: a freelist at {first:#x}, but no slab"))
    partial = _partial(ctx, cache, cpu, record.find("partial") or 0, slabs, problems)
    return CpuSlab(cpu, addr, current or None, free, partial, tuple(problems))


def _partial(ctx: Context, cache: Cache, cpu: int, first: int, slabs: list[Slab],
             problems: list[Problem]) -> tuple[int, ...]:
    """The slabs that wait for a CPU."""
    where = f"cache {cache.name} CPU {cpu}, partial"
    chain = walk_chain(first, lambda addr: slab_record(ctx, addr).get("slab_next"),
                       lambda addr: ctx.pages.pfn(addr) is not None, MAX_CPU_PARTIAL)
    if chain.end != END:
        problems.append(Problem("SLUB-7", f"{where}, entry {len(chain.nodes)}", "a slab, or NULL", chain.at,
                                f"{where}: after {len(chain.nodes)} slabs it leads to {chain.at:#x} ({chain.end})"))
    for index, addr in enumerate(chain.nodes):
        try:
            slabs.append(read_slab(ctx, cache, addr, CPU_PARTIAL, cpu=cpu))
        except FaultError:
            continue
        counted, left = slab_record(ctx, addr).get("slabs"), len(chain.nodes) - index
        if chain.end == END and counted != left:
            problems.append(Problem("SLUB-7", where, left, counted,
                                    f"{where}: slab {addr:#x} counts {counted} from itself on, the list has {left}"))
    return chain.nodes
