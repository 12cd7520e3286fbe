# SPDX-License-Identifier: GPL-2.0-or-later
"""Arrays of memblock, and counters, as something to watch."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Sequence

from ..errors import MmError
from ..target.control import WRITE, Point, StackFrame
from .context import Context
from .interval import Interval, changes, disjoint
from .memblock import discarded, region_lists
from .operations import of_memblock, of_pages
from .told import ADDED, CHANGED, COUNT, FREED, REMOVED, RESERVED, Told
from .zone import Zone
from .zonelock import ZoneLock, held_lock

ARRAYS = ("memblock.reserved", "memblock.memory")
GLOBALS = ("totalram_pages", "totalhigh_pages", "max_pfn", "max_low_pfn")
MEMBERS = ("managed_pages", "present_pages", "spanned_pages")
FREE_PAGES = "free_pages"           # how mm zones calls NR_FREE_PAGES


@dataclass(frozen=True)
class ArrayLook:
    """What an array of memblock has: [start, end) with flags and node of each region."""

    regions: tuple[tuple[int, int, int, Optional[int]], ...]

    @property
    def bytes(self) -> int:
        """In all."""
        return sum(end - start for start, end, *_ in self.regions)


@dataclass(frozen=True)
class ArraySubject:
    """memblock.memory or memblock.reserved."""

    name: str
    cheap = False

    @property
    def _which(self) -> str:
        return self.name.partition(".")[2]

    def points(self, ctx: Context) -> tuple[Point, ...]:
        """How many regions it has, and how many bytes: one of them changes when a region does."""
        if discarded(ctx):
            raise MmError("this kernel has discarded its memblock after boot: nothing changes it any more")
        record = ctx.read.record("memblock", ctx.read.address("memblock")).inner(self._which, "memblock_type")
        return tuple(Point(record.addr_of(name), WRITE, ctx.layout.field(f"memblock_type.{name}").type.size)
                     for name in ("cnt", "total_size"))

    def look(self, ctx: Context, last: Optional[ArrayLook] = None) -> ArrayLook:
        """Its regions."""
        regions = getattr(region_lists(ctx), self._which)
        return ArrayLook(tuple((each.base, each.end, each.flags, each.nid) for each in regions if each.size))

    def described(self, ctx: Context, look: ArrayLook) -> ArrayLook:
        """There is no more to say."""
        return look

    def settled(self, look: ArrayLook) -> bool:
        """When the function that changes it has returned."""
        return True

    def also(self, ctx: Context) -> tuple[Point, ...]:
        """None."""
        return ()

    def lock(self, ctx: Context) -> Optional[ZoneLock]:
        """None: only one CPU runs."""
        return None

    def by_function(self, ctx: Context) -> bool:
        """Always."""
        return True

    def inside(self, found: StackFrame) -> bool:
        """memblock's own."""
        return of_memblock(found)

    def tell(self, ctx: Context, looks: Sequence[ArrayLook]) -> Told:
        """By bytes, as regions merge."""
        before, after = looks[0], looks[-1]
        was, is_ = (disjoint(Interval(start, end, (flags, nid)) for start, end, flags, nid in look.regions)
                    for look in (before, after))
        found = tuple(changes(was, is_))
        more, less = (RESERVED, FREED) if self._which == "reserved" else (ADDED, REMOVED)
        if all(each.before is None for each in found):
            return Told(more, ranges=found)
        return Told(less if all(each.after is None for each in found) else CHANGED, ranges=found)


@dataclass(frozen=True)
class CountLook:
    """The value of a counter."""

    value: int


@dataclass(frozen=True)
class CountSubject:
    """A word that counts pages: of a zone, or of the machine."""

    name: str
    addr: int
    size: int
    signed: bool
    zone: Optional[Zone]
    cheap = False

    def points(self, ctx: Context) -> tuple[Point, ...]:
        """The word."""
        return (Point(self.addr, WRITE, self.size),)

    def look(self, ctx: Context, last: Optional[CountLook] = None) -> CountLook:
        """Its value."""
        return CountLook(int.from_bytes(ctx.memory.read(self.addr, self.size), ctx.read.order, signed=self.signed))

    def described(self, ctx: Context, look: CountLook) -> CountLook:
        """There is no more to say."""
        return look

    def settled(self, look: CountLook) -> bool:
        """Always."""
        return True

    def also(self, ctx: Context) -> tuple[Point, ...]:
        """None."""
        return ()

    def lock(self, ctx: Context) -> Optional[ZoneLock]:
        """The zone's: where lists and counter are changed together, they agree when it is released."""
        return held_lock(ctx, self.zone) if self.zone is not None else None

    def by_function(self, ctx: Context) -> bool:
        """Never: each write counts."""
        return False

    def inside(self, found: StackFrame) -> bool:
        """The page allocator, under the zone's lock."""
        return self.zone is not None and of_pages(found)

    def tell(self, ctx: Context, looks: Sequence[CountLook]) -> Told:
        """It counts."""
        return Told(COUNT)


def global_count(ctx: Context, name: str) -> CountSubject:
    """A counter of the machine. Raises MissingError when this kernel has it not."""
    variable = ctx.layout.variable(name)
    return CountSubject(name, variable.addr, variable.type.size if variable.type is not None else ctx.read.word, False,
                        None)


def zone_count_names(ctx: Context) -> tuple[str, ...]:
    """Names of what a zone counts: its members, then the enumerators of vm_stat in small letters."""
    items = (name.lower() for name in ctx.layout.enum("zone_stat_item") if name != "NR_VM_ZONE_STAT_ITEMS")
    return (FREE_PAGES, *MEMBERS, *items)


def zone_count(ctx: Context, zone: Zone, name: str) -> CountSubject:
    """A counter of a zone. Raises MmError when there is none of that name."""
    if name not in zone_count_names(ctx):
        raise MmError(f"zone {zone.name} has no counter {name}; there are: {', '.join(zone_count_names(ctx))}")
    record = ctx.read.record("zone", zone.addr)
    shown = f"{zone.name}.{name}"
    if name in MEMBERS:
        member = "managed_pages" if name == "managed_pages" else name
        return CountSubject(shown, record.addr_of(member), ctx.layout.field(f"zone.{member}").type.size, False, zone)
    index = ctx.layout.enum("zone_stat_item")["NR_FREE_PAGES" if name == FREE_PAGES else name.upper()]
    kind = ctx.layout.field("zone.vm_stat").type
    return CountSubject(shown, record.addr_of("vm_stat", index), kind.element.size if kind.element else ctx.read.word,
                        True, zone)
