# SPDX-License-Identifier: GPL-2.0-or-later
"""What a snapshot holds, as plain values: JSON has the same fields. What is None is not there; missing says why."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from .stage import Stage

PARTS = {"memory": "memblock", "zones": "zones and free lists", "pcp_lists": "per-CPU lists", "caches": "slab caches",
         "areas": "vmalloc areas", "frames": "page frames by owner"}
SINCE = {"memory": Stage.EARLY, "zones": Stage.ZONES, "pcp_lists": Stage.ZONES, "caches": Stage.SLAB,
         "areas": Stage.ZONES, "frames": Stage.ZONES}       # a snapshot of an earlier stage does not have the part


@dataclass(frozen=True)
class Reservation:
    """A range of physical memory in a list of memblock, or what is known to be in one."""

    start: int
    end: int
    flags: int
    nid: Optional[int]


@dataclass(frozen=True)
class Known:
    """What is known to be in a range of physical memory (owners.Owner)."""

    start: int
    end: int
    name: str
    source: str
    general: bool


@dataclass(frozen=True)
class ZoneState:
    """A zone that has memory, and its own counts."""

    node: int
    name: str
    start_pfn: int
    spanned_pages: int
    present_pages: int
    managed_pages: int
    free_pages: Optional[int]       # NR_FREE_PAGES, with what CPUs have not added to it yet; not of isolated blocks
    nr_free: tuple[int, ...]        # blocks by order, as free_area counts them
    locked: Optional[bool]
    watermark: Optional[dict[str, int]] = None      # pages, by name


@dataclass(frozen=True)
class FreeList:
    """The blocks of one free list, or of one CPU's list, in list order."""

    node: int
    zone: str
    cpu: Optional[int]              # None: a list of the zone itself
    order: int
    migratetype: str
    pfns: tuple[int, ...]


@dataclass(frozen=True)
class CacheState:
    """One slab cache and its counts."""

    name: str
    addr: int
    size: int
    order: int
    slabs: int
    objects: int
    used: int                       # objects that somebody has: those that CPUs keep ready are not among them


@dataclass(frozen=True)
class AreaState:
    """One area of the vmalloc addresses."""

    start: int
    end: int
    kind: str
    nr_pages: Optional[int]
    phys: Optional[int]
    caller: Optional[str]


@dataclass(frozen=True)
class Frames:
    """Page frames that are for the same thing: ranges has start and end of each range, one after the other."""

    kind: str
    detail: str
    ranges: tuple[int, ...]


@dataclass(frozen=True)
class Snapshot:
    """Everything."""

    name: str
    where: Optional[str]                # function that the selected CPU was in
    kind: str                           # of kernel: guest or linux
    release: Optional[str]
    banner: Optional[str]
    build_id: Optional[str]
    arch: str
    stage: str
    page_shift: int
    totals: dict[str, Optional[int]]
    memory: Optional[tuple[Reservation, ...]]
    reserved: Optional[tuple[Reservation, ...]]
    owners: Optional[tuple[Known, ...]]
    zones: Optional[tuple[ZoneState, ...]]
    free_lists: Optional[tuple[FreeList, ...]]
    pcp_lists: Optional[tuple[FreeList, ...]]
    caches: Optional[tuple[CacheState, ...]]
    areas: Optional[tuple[AreaState, ...]]
    frames: Optional[tuple[Frames, ...]]
    missing: dict[str, str]             # why a part is None
    doubts: tuple[str, ...]             # what was seen to be broken
    phase: Optional[str] = None         # of the boot, that mm step has seen end here
    phase_text: Optional[str] = None    # why a kernel has it, in one sentence
