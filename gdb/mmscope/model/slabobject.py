# SPDX-License-Identifier: GPL-2.0-or-later
"""Objects of slabs: which are free, and who would give them out."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Optional

from .slabcache import Cache
from .slabcpu import CpuSlab
from .slabpage import Slab
from .slabsheaf import Sheaf

SLAB = "slab"
OBJECT, RED_ZONE, PADDING = "object", "red zone", "padding"
FRONT, REST = "in front of the objects", "behind the objects"


@dataclass(frozen=True)
class Object:
    """One object."""

    addr: int
    slab: int                   # address of its struct slab
    index: int                  # in the slab
    free: bool
    holder: Optional[str]       # who has it while it is free: slab (its own freelist), CPU N, a sheaf
    position: Optional[int]     # 0: given out next by that holder


@dataclass(frozen=True)
class ObjectAt:
    """Where an address is in a slab."""

    addr: Optional[int]         # None: a page was given, not an address in it
    cache: str
    slab: Slab
    part: Optional[str]         # of the object, or of the slab
    offset: Optional[int]       # of the address in the object
    object: Optional[Object]


def objects_of(cache: Cache, slabs: Iterable[Slab], cpus: Iterable[CpuSlab],
               sheaves: Iterable[Sheaf]) -> tuple[Object, ...]:
    """Every object of the slabs, by address in each."""
    held: dict[int, tuple[str, int]] = {}
    for cpu in cpus:
        held.update((addr, (f"CPU {cpu.cpu}", place)) for place, addr in enumerate(cpu.free))
    for sheaf in sheaves:
        held.update((addr, (sheaf.holder, place)) for place, addr in enumerate(sheaf.objects))
    found = []
    for slab in slabs:
        own = {addr: place for place, addr in enumerate(slab.free)}
        for index in range(slab.objects if slab.virt is not None else 0):
            addr = (slab.virt or 0) + cache.red_left_pad + index * cache.size
            holder, place = (SLAB, own[addr]) if addr in own else held.get(addr, (None, None))
            found.append(Object(addr, slab.addr, index, holder is not None, holder, place))
    return tuple(found)
