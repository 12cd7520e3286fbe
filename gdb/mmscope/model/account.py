# SPDX-License-Identifier: GPL-2.0-or-later
"""Where every page frame went: each in one bucket, and the buckets add up to what the kernel counts.

Struct pages, lists and memblock decide the buckets (frames.py); the zone's own counters are the other side:

  spanned - hole  is compared with present_pages: present_residual
  free + pcp + everything in use  is compared with managed_pages: residual
  so present_pages = managed_pages + reserved + memblock + deferred, when both are 0

Before the hand-over managed_pages is the kernel's estimate of what it will be, and no page is managed: nothing is
compared with it then.
"""
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Optional

from . import frame
from .context import Context
from .expect import Expected, expectations
from .frame import Bucket
from .frames import zone_spans, zone_sums
from .inside import excuse
from .problem import Problem
from .progress import steps
from .stage import Stage
from .zone import Zone, zones

HANDED = (frame.FREE, frame.PCP, *frame.USED)


@dataclass(frozen=True)
class Range:
    """Frames in a row that are for the same thing, for --pages."""

    node: int
    zone: str
    start_pfn: int
    end_pfn: int
    kind: str
    detail: str


@dataclass(frozen=True)
class ZoneAccount:
    """The account of one zone. All are pages."""

    node: int
    zone: str
    start_pfn: int
    spanned: int
    present: int                # as the kernel counts them
    managed: int                # the same
    estimated: bool             # managed is an estimate: no page is handed over yet
    reserved: int
    buckets: tuple[Bucket, ...]         # kinds in their order, the largest first
    residual: int               # managed - what is free, on CPUs' lists and in use
    present_residual: int       # present - what is no hole

    def of(self, *kinds: str) -> int:
        """Pages of some kinds."""
        return sum(bucket.pages for bucket in self.buckets if bucket.kind in kinds)


@dataclass(frozen=True)
class Account:
    """All zones."""

    zones: tuple[ZoneAccount, ...]
    unknown: int                # pages in use of which nothing says what for
    inside: Optional[str]       # a change of free lists that is not finished at this stop
    expected: Optional[tuple[Expected, ...]]        # None: not asked for
    pages: Optional[tuple[Range, ...]]              # None: not asked for
    page_bytes: int
    all_details: bool = field(metadata={"json": False})
    problems: tuple[Problem, ...]
    failure: Optional[str] = field(metadata={"json": False})


def account(ctx: Context, pages: bool = False, expect: bool = False, all_details: bool = False) -> Account:
    """Add everything up. Raises MissingError, FaultError, MmError."""
    populated = [zone for zone in zones(ctx) if zone.populated]
    early = ctx.stage is not None and ctx.stage <= Stage.ZONES
    estimated = early and all(zone.managed_pages for zone in populated)     # the hand-over begins with setting all to 0
    found = tuple(_zone(zone, zone_sums(ctx, zone), estimated)
                  for zone in steps(ctx, populated, lambda zone: zone.spanned_pages))
    rows = expectations(ctx, populated, {zone.addr: each.buckets for zone, each in zip(populated, found)}) \
        if expect else None
    listed = tuple(Range(zone.node, zone.name, span.start_pfn, span.end_pfn, span.kind, span.detail)
                   for zone in populated for span in zone_spans(ctx, zone)) if pages else None
    unknown = sum(each.of(*frame.UNKNOWN) for each in found)
    inside = excuse(ctx, "pcp") or excuse(ctx, "memblock")
    return Account(found, unknown, inside, rows, listed, 1 << ctx.arch.page_shift, all_details, (),
                   None if inside else _failure(found, rows or ()))


def _zone(zone: Zone, sums: dict[tuple[str, str], int], estimated: bool) -> ZoneAccount:
    """Sum a zone up."""
    order = {kind: at for at, kind in enumerate(frame.KINDS)}
    buckets = tuple(Bucket(kind, count, detail) for (kind, detail), count in sorted(
        sums.items(), key=lambda each: (order[each[0][0]], -each[1], each[0][1])))
    by_kind: Counter[str] = Counter()
    for bucket in buckets:
        by_kind[bucket.kind] += bucket.pages
    handed = sum(by_kind[kind] for kind in HANDED)
    return ZoneAccount(
        zone.node, zone.name, zone.start_pfn, zone.spanned_pages, zone.present_pages, zone.managed_pages, estimated,
        by_kind[frame.RESERVED], buckets, (0 if estimated else zone.managed_pages) - handed,
        zone.present_pages - (zone.spanned_pages - by_kind[frame.HOLE]))


def _failure(found: tuple[ZoneAccount, ...], rows: tuple[Expected, ...]) -> Optional[str]:
    """One line that says which zone does not add up; None when all do."""
    for each in found:
        for residual, counter in ((each.residual, "managed_pages"), (each.present_residual, "present_pages")):
            if residual:
                return (f"the account of zone {each.zone} of node {each.node} does not close: {counter} is "
                        f"{abs(residual)} {'more' if residual > 0 else 'less'} than the pages found")
    wrong = next((row for row in rows if row.exact and row.difference), None)
    if wrong is not None:
        return f"{wrong.where}: {wrong.counter} is {wrong.kernel + wrong.per_cpu}, {wrong.ours} pages were found"
    return None
