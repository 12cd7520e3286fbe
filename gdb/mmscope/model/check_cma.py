# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: contiguous memory areas. Mirrors helper/mm/cma.c and cma_alloc.c.

  CMA-1  base_pfn and count are multiples of a pageblock's pages
and once an area is active
  CMA-2  all its pages lie in one zone
  CMA-3  its pageblocks are CMA, or Isolate
  CMA-4  a set bit of bitmap: of its 1 << order_per_bit pages at least the first is held; on the guest only: Linux sets
         the bits before it takes the pages
and of all of them
  CMA-5  there are as many as cma_area_count says, each has pages, and every pageblock of type CMA lies in one
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator

from ..errors import MissingError
from .checks import Outcome, check
from .context import Context
from .migratetype import migratetype_names, pageblock_order
from .pageblocks import pageblock_types
from .problem import Problem
from .stage import Stage
from .zone import Zone, zones

MAX_AREAS = 64
MAX_BITS = 1 << 22
NAME_LIMIT = 64
ACTIVE = "CMA_ACTIVATED"


@dataclass(frozen=True)
class _Area:
    """One struct cma."""

    where: str
    base_pfn: int
    count: int
    active: bool
    bitmap: int
    order_per_bit: int


@check("CMA-1", "CMA-2", "CMA-3", "CMA-4", since=Stage.ZONES, subsystem="cma")
def areas(ctx: Context) -> Outcome:
    """Every area."""
    every = tuple(_areas(ctx))
    problems: list[Problem] = []
    for area in every:
        problems += _check_alignment(ctx, area)
        if area.active:
            problems += _check_active(ctx, area)
    skipped = {"CMA-4": "Linux sets the bits before it takes the pages"} if ctx.kind != "guest" else {}
    return Outcome(tuple(problems), f"areas: {len(every)}, active: {sum(area.active for area in every)}", skipped)


@check("CMA-5", since=Stage.ZONES, subsystem="buddy")
def all_of_them(ctx: Context) -> Outcome:
    """What no single area tells."""
    count, table = ctx.read.value("cma_area_count"), ctx.layout.variable("cma_areas")
    room = table.type.count if table.type is not None else 0
    if room and not 0 <= count <= room:
        where = f"cma_area_count at {ctx.read.address('cma_area_count'):#x}"
        return Outcome((Problem("CMA-5", where, f"0 to {room}", count,
                                f"{where}: is {count}, there is room for {room}"),), "")
    if any(ctx.read.record("cma", table.addr + number * ctx.layout.struct("cma").size).find("nranges") not in (None, 1)
           for number in range(min(count, MAX_AREAS))):
        raise MissingError("an area of more than one range is not read in full")
    every = tuple(_areas(ctx))
    problems = [Problem("CMA-5", f"cma_areas, {count} of them", count, len(every),
                        f"cma_areas: {count - len(every)} of {count} areas have no pages")] * (len(every) < count)
    problems += (problem for zone in zones(ctx) if zone.populated for problem in _nobodys(ctx, zone, every))
    return Outcome(tuple(problems), f"areas: {len(every)}")


def _nobodys(ctx: Context, zone: Zone, every: tuple[_Area, ...]) -> Iterator[Problem]:
    """CMA-5 for the pageblocks of a zone."""
    names, order = migratetype_names(ctx), pageblock_order(ctx)
    for block, number in pageblock_types(ctx, zone).items():
        if number >= len(names) or names[number] != "CMA":
            continue
        if not any(area.base_pfn >> order <= block <= area.base_pfn + area.count - 1 >> order for area in every):
            where = f"zone {zone.name}, pageblock at pfn {block << order:#x}"
            yield Problem("CMA-5", where, "in an area", "CMA", f"{where}: is of type CMA, and in no area")


def _areas(ctx: Context) -> Iterator[_Area]:
    """Decode cma_areas. Raises MissingError in a kernel without, FaultError."""
    count, start = ctx.read.value("cma_area_count"), ctx.read.address("cma_areas")
    for number in range(min(count, MAX_AREAS)):
        record = ctx.read.record("cma", start + number * ctx.layout.struct("cma").size)
        name = ctx.read.name(record, "name", NAME_LIMIT)
        if record.has("active"):
            active = bool(record.get("active"))
        elif record.has("flags"):
            active = bool(record.get("flags") >> _active_bit(ctx) & 1)
        else:
            active = record.get("bitmap") != 0
        if record.get("count"):
            yield _Area(f"cma area {number} {name or ''}".rstrip() + f" at {record.addr:#x}", record.get("base_pfn"),
                        record.get("count"), active, record.get("bitmap"), record.get("order_per_bit"))


def _active_bit(ctx: Context) -> int:
    """Which flag says that an area is active. Raises MissingError."""
    bit = ctx.layout.enum("cma_flags").get(ACTIVE)
    if bit is None:
        raise MissingError(f"the symbols have no {ACTIVE}: whether an area is active is not known")
    return bit


def _check_alignment(ctx: Context, area: _Area) -> Iterator[Problem]:
    """CMA-1."""
    size = 1 << pageblock_order(ctx)
    for what, value in (("base_pfn", area.base_pfn), ("count", area.count)):
        if value % size:
            yield Problem("CMA-1", area.where, f"a multiple of {size:#x}", value,
                          f"{area.where}: its {what} is {value:#x}, no multiple of a pageblock")


def _check_active(ctx: Context, area: _Area) -> Iterator[Problem]:
    """CMA-2 to CMA-4."""
    end = area.base_pfn + area.count
    zone = next((zone for zone in zones(ctx) if zone.start_pfn <= area.base_pfn and end <= zone.end_pfn), None)
    if zone is None:
        yield Problem("CMA-2", area.where, "one zone", f"pfn {area.base_pfn:#x} to {end:#x}",
                      f"{area.where}: pfn {area.base_pfn:#x} to {end:#x} is not in one zone")
        return
    yield from _check_types(ctx, zone, area)
    if ctx.kind == "guest":
        yield from _check_bitmap(ctx, area)


def _check_types(ctx: Context, zone: Zone, area: _Area) -> Iterator[Problem]:
    """CMA-3."""
    end = area.base_pfn + area.count
    names, order = migratetype_names(ctx), pageblock_order(ctx)
    for block, number in pageblock_types(ctx, zone).items():
        pfn = max(block << order, area.base_pfn)
        name = names[number] if number < len(names) else str(number)
        if area.base_pfn >> order <= block <= end - 1 >> order and name not in ("CMA", "Isolate"):
            yield Problem("CMA-3", f"{area.where}, pfn {pfn:#x}", "CMA", name,
                          f"{area.where}: its pageblock at pfn {pfn:#x} is {name}")


def _check_bitmap(ctx: Context, area: _Area) -> Iterator[Problem]:
    """CMA-4."""
    if not area.bitmap or area.order_per_bit > pageblock_order(ctx):
        yield Problem("CMA-4", area.where, "a bitmap", area.bitmap, f"{area.where}: is active, and has no bitmap")
        return
    bits = min(area.count >> area.order_per_bit, MAX_BITS)
    word = ctx.read.word
    data = ctx.memory.read(area.bitmap, (bits + word * 8 - 1) // (word * 8) * word)
    taken = int.from_bytes(b"".join(data[at:at + word][::-1] if ctx.read.order == "big" else data[at:at + word]
                                    for at in range(0, len(data), word)), "little")
    for bit in (bit for bit in range(bits) if taken >> bit & 1) if taken else ():
        pfn = area.base_pfn + (bit << area.order_per_bit)
        page = ctx.read.record("page", ctx.pages.page(pfn))
        if page.get("refcount") == 0:
            yield Problem("CMA-4", f"{area.where}, pfn {pfn:#x}", "a count", 0,
                          f"{area.where}: pfn {pfn:#x} is handed out, and its count is 0")
