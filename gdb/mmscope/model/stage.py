# SPDX-License-Identifier: GPL-2.0-or-later
"""How far the kernel has booted, told by what its structures hold, never by where it is stopped."""
from __future__ import annotations

from enum import IntEnum
from typing import Optional

from ..errors import FaultError, MissingError
from ..layout.reader import Reader


class Stage(IntEnum):
    """Stages of the boot, in order. A later one includes what the earlier ones have."""

    RESET = 0       # the kernel's virtual addresses do not read back
    EARLY = 1       # it runs at its virtual addresses; memblock.memory is empty
    MEMBLOCK = 2    # memory is known and reserved through memblock
    ZONES = 3       # zones, mem_map and empty free lists are there; no page handed over
    HANDOVER = 4    # pages are being handed over: free lists fill, totalram_pages is still 0
    BUDDY = 5       # lowmem is handed over and counted; there is no slab allocator yet
    SLAB = 6        # kmalloc works
    BOOTED = 7      # system_state says running

    @property
    def text(self) -> str:
        """One sentence for people."""
        return _TEXTS[self]


_TEXTS = {
    Stage.RESET: "the kernel's virtual addresses do not read back yet",
    Stage.EARLY: "the MMU is on, memblock does not know any memory yet",
    Stage.MEMBLOCK: "memblock knows the memory, there are no zones yet",
    Stage.ZONES: "zones and mem_map are there, no page is handed over yet",
    Stage.HANDOVER: "pages are being handed over from memblock to the buddy lists",
    Stage.BUDDY: "lowmem is handed over to the buddy lists, there is no slab allocator yet",
    Stage.SLAB: "buddy and slab allocator work, the kernel is still booting",
    Stage.BOOTED: "the boot is over",
}


def find_stage(reader: Reader, zone_addrs: tuple[int, ...]) -> Stage:
    """The latest stage whose structures are there. The banner is known to read back.

    Structures that cannot be read count as not there.
    """
    try:
        if _enum_reached(reader, "system_state", "system_states", "SYSTEM_RUNNING"):
            return Stage.BOOTED
        if _enum_reached(reader, "slab_state", "slab_state", "UP"):
            return Stage.SLAB
        if reader.find("totalram_pages"):
            return Stage.BUDDY
        lists = _lists_filled(reader, zone_addrs)
        if lists is not None:
            return Stage.HANDOVER if lists else Stage.ZONES
        if _memory_known(reader):
            return Stage.MEMBLOCK
    except (FaultError, MissingError):
        pass
    return Stage.EARLY


def init_is_freed(reader: Reader) -> bool:
    """Whether init memory has been given back, or is just being: what was there is not to be believed any more."""
    freeing = "SYSTEM_FREEING_INITMEM"              # v5.12; before, only the end of the boot is marked
    goal = freeing if freeing in reader.layout.enum("system_states") else "SYSTEM_RUNNING"
    return _enum_reached(reader, "system_state", "system_states", goal)


def _enum_reached(reader: Reader, variable: str, enum: str, name: str) -> bool:
    """Whether a state variable has reached an enumerator."""
    value, goal = reader.find(variable), reader.layout.enum(enum).get(name)
    return value is not None and goal is not None and value >= goal


def _lists_filled(reader: Reader, zone_addrs: tuple[int, ...]) -> Optional[bool]:
    """None while a zone or mem_map is missing, else whether any free list has a block."""
    if not (reader.find("mem_map") or reader.find("mem_section")):
        return None
    populated = filled = False
    for addr in zone_addrs:
        zone = reader.record("zone", addr)
        if not zone.get("present_pages"):
            continue
        populated = True
        for order in range(zone.count("free_area")):
            area = zone.inner("free_area", "free_area", order)
            if area.inner("free_list", "list_head").get("next") == 0:
                return None
            filled = filled or area.get("nr_free") != 0
    return filled if populated else None


def _memory_known(reader: Reader) -> bool:
    """Whether memblock.memory has a region with a size."""
    if reader.layout.find_variable("memblock") is None:
        return False
    memory = reader.record("memblock", reader.address("memblock")).inner("memory", "memblock_type")
    regions = memory.get("regions")
    return bool(memory.get("cnt") and regions and reader.record("memblock_region", regions).get("size"))
