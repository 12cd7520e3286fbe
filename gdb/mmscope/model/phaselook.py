# SPDX-License-Identifier: GPL-2.0-or-later
"""What some phases change that no snapshot holds: flags of struct pages, and where each zone's pagesets are.

A phase that has such a thing says so in the table of phases; it is looked at where the phase begins and ends.
"""
from __future__ import annotations

from array import array
from dataclasses import dataclass
from operator import ne
from typing import Optional, Union

from ..errors import MmError
from .columns import columns
from .context import Context
from .diff import Count
from .frames import frames_of
from .percpu import cpu_offsets
from .zone import populated_zones

FLAGS, PAGESETS = "flags", "pagesets"
MOST_FRAMES = 1 << 23       # of a machine: 32 GiB of small pages, 512 MiB of struct pages
RESERVED = "PG_reserved"


@dataclass(frozen=True)
class FlagsChange:
    """Struct pages, and their flags before and after."""

    frames: int                 # that were looked at
    changed: int                # whose flags are others
    reserved: Count             # that have PG_reserved


@dataclass(frozen=True)
class PagesetChange:
    """Where a zone's pagesets are: a per-CPU pointer, and the symbol that is there."""

    node: int
    zone: str
    before: int
    after: int
    was: Optional[str]
    cpus: int                   # that have one each


@dataclass(frozen=True)
class _Flags:
    values: "array[int]"
    bit: Optional[int]


@dataclass(frozen=True)
class _Pagesets:
    pointers: dict[tuple[int, str], int]
    names: dict[int, Optional[str]]
    cpus: int


Look = Union[_Flags, _Pagesets]


def look(ctx: Context, what: Optional[str]) -> Optional[Look]:
    """The present state of it; None where it cannot be read, or is too much to be looked at."""
    if what is None:
        return None
    try:
        return _flags(ctx) if what == FLAGS else _pagesets(ctx)
    except MmError:
        return None


def flags_change(before: Optional[Look], after: Optional[Look]) -> Optional[FlagsChange]:
    """Between two looks; None when they are not at flags, or not at the same pages."""
    if not (isinstance(before, _Flags) and isinstance(after, _Flags)) or len(before.values) != len(after.values):
        return None
    return FlagsChange(len(after.values), sum(map(ne, before.values, after.values)),
                       Count(RESERVED, _having(before), _having(after)))


def pageset_changes(before: Optional[Look], after: Optional[Look]) -> tuple[PagesetChange, ...]:
    """Zones whose pagesets have moved between two looks."""
    if not (isinstance(before, _Pagesets) and isinstance(after, _Pagesets)):
        return ()
    return tuple(PagesetChange(*zone, was, after.pointers[zone], before.names.get(was), after.cpus)
                 for zone, was in before.pointers.items() if after.pointers.get(zone, was) != was)


def _having(flags: _Flags) -> Optional[int]:
    """Pages with the flag."""
    if flags.bit is None:
        return None
    mask = 1 << flags.bit
    return sum(1 for value in flags.values if value & mask)


def _flags(ctx: Context) -> Optional[_Flags]:
    """The flags of every page frame that is RAM."""
    ranges = [each for zone in populated_zones(ctx) for each in frames_of(ctx, zone)]
    if sum(end - start for start, end in ranges) > MOST_FRAMES:
        return None
    values = array("Q")
    for start, end in sorted(ranges):
        for first, last, found in columns(ctx, start, end):
            values.extend(found.get("page.flags") if found is not None else (0,) * (last - first))
    return _Flags(values, ctx.layout.enum("pageflags").get(RESERVED))


def _pagesets(ctx: Context) -> _Pagesets:
    """Each zone's pointer."""
    pointers = {(zone.node, zone.name): ctx.read.record("zone", zone.addr).get("pageset")
                for zone in populated_zones(ctx)}
    named = {pointer: ctx.host.symbolize(pointer) for pointer in set(pointers.values()) if pointer}
    return _Pagesets(pointers, {addr: each.name if each is not None and each.offset == 0 else None
                                for addr, each in named.items()}, len(cpu_offsets(ctx)))
