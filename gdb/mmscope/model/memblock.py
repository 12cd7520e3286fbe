# SPDX-License-Identifier: GPL-2.0-or-later
"""memblock: physical memory before there is a page allocator. Mirrors helper/mm/memblock.c.

  MEMBLOCK-1  regions are sorted by base and do not overlap
  MEMBLOCK-2  neighbours that touch differ in flags or nid (else they would be merged)
  MEMBLOCK-3  total_size is the sum of the sizes; a kernel that trims memory to whole pages (memblock_trim_memory, on
              x86) does not subtract what it cut off: less than two pages a region
  MEMBLOCK-4  cnt <= max, and no region has size 0; but an empty list is cnt 1 with one region of size 0, or cnt 0 where
              that is how the kernel begins
  MEMBLOCK-5  base + size of a region does not wrap
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional

from ..errors import FaultError, MissingError, MmError
from ..layout.reader import Record
from .context import Context
from .owners import Owner, find_owners, owner_of
from .problem import Problem

MAX_REGIONS = 65536
PLAIN_FLAGS = {"hotplug": 1, "mirror": 2, "nomap": 4}     # while they were no enumeration (before v5.2)
NOT_FREE = ("nomap", "driver_managed")                    # memory that is never given out


@dataclass(frozen=True)
class Region:
    """A range of physical memory (struct memblock_region)."""

    base: int
    size: int
    flags: int
    flag_names: tuple[str, ...]
    nid: Optional[int]                  # None: this kernel does not keep it
    owner: Optional[str]
    owner_source: Optional[str]

    @property
    def end(self) -> int:
        """First address after the region."""
        return self.base + self.size


@dataclass(frozen=True)
class Range:
    """[start, end) of physical memory."""

    start: int
    end: int


@dataclass(frozen=True)
class Memblock:
    """Both lists, and what is left between them."""

    state: str                          # live; discarded: the kernel freed its memblock after boot
    bottom_up: bool
    current_limit: int
    memory: tuple[Region, ...]
    reserved: tuple[Region, ...]
    free: tuple[Range, ...]             # memory minus reserved, as for_each_free_mem_range gives it
    page_shift: int
    problems: tuple[Problem, ...]


def memblock(ctx: Context) -> Memblock:
    """Decode memblock. Raises MmError when the kernel has thrown it away, MissingError, FaultError."""
    record = ctx.read.record("memblock", ctx.read.address("memblock"))
    if discarded(ctx):
        raise MmError("this kernel has discarded its memblock after boot: its memory is reused; look at it at mm_init")
    flags = flag_bits(ctx)
    memory, memory_problems = _regions(ctx, record.inner("memory", "memblock_type"), "memory", flags, [])
    owners = find_owners(ctx)
    reserved, reserved_problems = _regions(ctx, record.inner("reserved", "memblock_type"), "reserved", flags, owners)
    return Memblock("live", bool(record.get("bottom_up")), record.get("current_limit"), memory, reserved,
                    free_ranges(memory, reserved), ctx.arch.page_shift, memory_problems + reserved_problems)


@dataclass(frozen=True)
class RegionLists:
    """The regions of both lists, without owners."""

    memory: tuple[Region, ...]
    reserved: tuple[Region, ...]


def region_lists(ctx: Context) -> RegionLists:
    """Both lists as they are now, of a kernel that keeps its memblock. Raises MissingError, FaultError."""
    record, flags = ctx.read.record("memblock", ctx.read.address("memblock")), flag_bits(ctx)
    memory, reserved = (_regions(ctx, record.inner(name, "memblock_type"), name, flags, [])[0]
                        for name in ("memory", "reserved"))
    return RegionLists(memory, reserved)


def memory_ranges(ctx: Context) -> Optional[tuple[tuple[int, int], ...]]:
    """memblock.memory as [start, end) each; None when the list is broken, or thrown away after boot."""
    try:
        record = ctx.read.record("memblock", ctx.read.address("memblock"))
        if discarded(ctx):
            return None
        memory, problems = _regions(ctx, record.inner("memory", "memblock_type"), "memory", {}, [])
    except (MissingError, FaultError):
        return None
    return tuple((region.base, region.end) for region in memory) if memory and not problems else None


def discarded(ctx: Context) -> bool:
    """Whether the kernel has thrown its memblock away: it clears a pointer to it then, or frees the memory it is in."""
    if ctx.freed(ctx.read.address("memblock")):
        return True
    in_use = ctx.layout.find_variable("memblock in use")
    return in_use is not None and not ctx.freed(in_use.addr) and ctx.read.find("memblock in use") == 0


def free_ranges(memory: tuple[Region, ...], reserved: tuple[Region, ...]) -> tuple[Range, ...]:
    """Memory minus reserved, lowest first; what never is given out (no-map) is left out."""
    taken = sorted((region.base, region.end) for region in reserved if region.size)
    found = []
    for bank in sorted(memory, key=lambda region: region.base):
        if any(name in NOT_FREE for name in bank.flag_names):
            continue
        start = bank.base
        for base, end in taken:
            if base >= bank.end:
                break
            if start < base:
                found.append(Range(start, base))
            start = max(start, end)
        if start < bank.end:
            found.append(Range(start, bank.end))
    return tuple(found)


def regions_of(ctx: Context, name: str, label: str) -> tuple[Region, ...]:
    """The regions of a list of its own, by the version table's name. Raises MissingError, FaultError."""
    record = ctx.read.record("memblock_type", ctx.read.address(name))
    return _regions(ctx, record, label, {}, [])[0]


def _regions(ctx: Context, kind: Record, name: str, flags: dict[str, int],
             owners: list[Owner]) -> tuple[tuple[Region, ...], tuple[Problem, ...]]:
    """Decode the regions of one list and hold them to their invariants."""
    problems: list[Problem] = []
    cnt, most = kind.get("cnt"), kind.get("max")
    if not (1 <= cnt <= most <= MAX_REGIONS) and (cnt or kind.get("total_size") or not 1 <= most <= MAX_REGIONS):
        limit = f"1 to {most}" if 1 <= most <= MAX_REGIONS else f"1 to {MAX_REGIONS}, max {most}"
        problems.append(Problem("MEMBLOCK-4", f"memblock.{name}.cnt", limit, cnt,
                                f"memblock.{name}: cnt {cnt} is not in {limit}"))
    step = ctx.layout.struct("memblock_region").size
    count = min(cnt, most, MAX_REGIONS)
    try:
        data = ctx.memory.read(kind.get("regions"), count * step)
    except FaultError as fault:
        text = f"memblock.{name}: its {count} regions at {kind.get('regions'):#x} cannot be read"
        problems.append(Problem("MEMBLOCK-4", f"memblock.{name}.regions", "readable memory", fault.addr, text))
        return (), tuple(problems)
    regions: list[Region] = []
    top = 1 << ctx.arch.phys_bits
    for index in range(count):
        record = Record(ctx.read, "memblock_region", kind.get("regions") + index * step,
                        data[index * step:(index + 1) * step])
        if not 1 <= most <= MAX_REGIONS and not _follows(record, regions, top):
            break               # nothing says where the array ends: behind what is sound is other memory
        regions.append(_region(record, flags, owners))
    if len(regions) == 1 and not regions[0].size:
        regions = []
    total = kind.get("total_size")
    problems += _check(name, regions, total, top, _trimmed(ctx, regions))
    return tuple(regions), tuple(problems)


def _trimmed(ctx: Context, regions: list[Region]) -> int:
    """How many bytes of whole pages' edges may be missing from the regions: MEMBLOCK-3."""
    page_bytes = 1 << ctx.arch.page_shift
    if ctx.layout.find_variable("memblock_trim_memory") is None:
        return 0
    if any(region.base % page_bytes or region.size % page_bytes for region in regions):
        return 0
    return 2 * page_bytes * len(regions)


def _follows(record: Record, before: list[Region], top: int) -> bool:
    """Whether a region can be the next one of a sound list."""
    start, size = record.get("base"), record.get("size")
    return size > 0 and start + size <= top and (not before or before[-1].end <= start)


def _region(record: Record, flags: dict[str, int], owners: list[Owner]) -> Region:
    """Decode one region and name who it belongs to."""
    base, size, bits = record.get("base"), record.get("size"), record.find("flags") or 0
    owner, source = owner_of(owners, base, base + size)
    return Region(base, size, bits, tuple(name for name, bit in flags.items() if bits & bit), record.find("nid"),
                  owner, source)


def _check(name: str, regions: list[Region], total: int, top: int, trimmed: int) -> Iterator[Problem]:
    """MEMBLOCK-1 to MEMBLOCK-5."""
    for index, region in enumerate(regions):
        where = f"memblock.{name}.regions[{index}]"
        if region.end > top:
            yield Problem("MEMBLOCK-5", where, f"up to {top:#x}", region.end,
                          f"{where}: runs past the end of the address space")
        if not region.size:
            yield Problem("MEMBLOCK-4", where, "a size", 0, f"{where}: has size 0")
        before = regions[index - 1] if index else None
        if before is None:
            continue
        if region.base < before.end:
            yield Problem("MEMBLOCK-1", where, f"from {before.end:#x} on", region.base,
                          f"{where}: begins at {region.base:#x}, the region before ends at {before.end:#x}")
        elif region.base == before.end and (region.flags, region.nid) == (before.flags, before.nid):
            yield Problem("MEMBLOCK-2", where, "one region", "two",
                          f"{where}: touches the region before and is not merged with it")
    held = sum(region.size for region in regions)
    if not held <= total <= held + trimmed:
        yield Problem("MEMBLOCK-3", f"memblock.{name}.total_size", held, total,
                      f"memblock.{name}: total_size is {total:#x}, the regions add up to {held:#x}")


def flag_bits(ctx: Context) -> dict[str, int]:
    """Names of the bits of memblock_region.flags."""
    bits = {name[len("MEMBLOCK_"):].lower(): bit for name, bit in ctx.layout.enum("memblock_flags").items() if bit}
    return bits or PLAIN_FLAGS
