# SPDX-License-Identifier: GPL-2.0-or-later
"""Which part of memory a map is of: a zone by its name, two addresses, or what is around one."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Sequence

from ..errors import MmError, UsageError
from .address import resolve
from .context import Context
from .state import Snapshot

AROUND_PAGES = 1024         # of one address


@dataclass(frozen=True)
class View:
    """Page frames [start_pfn, end_pfn), and the one that was asked for."""

    start_pfn: int
    end_pfn: int
    asked: Optional[int]


def find_view(ctx: Context, snapshot: Snapshot, words: Sequence[str], span: Optional[str]) -> Optional[View]:
    """Understand what the user gave; None: all. Raises MmError, UsageError."""
    if span is not None:
        if words:
            raise UsageError("--range and a zone or addresses: give one of them")
        words = span.split("-", 1)
        if len(words) != 2 or not all(word.strip() for word in words):
            raise UsageError(f"--range needs START-END, like phys:0x10000000-phys:0x10400000, not '{span}'")
    if not words:
        return None
    if len(words) == 1:
        return _zone(snapshot, words[0]) or _around(ctx, snapshot, words[0])
    if len(words) > 2:
        raise UsageError("at most two addresses: where the map begins, and where it ends")
    shift = snapshot.page_shift
    start, end = (_phys(ctx, snapshot, word) for word in words)
    first, last = start >> shift, -(-end >> shift)
    if first >= last:
        raise UsageError(f"the map would end where it begins, or before: {start:#x} to {end:#x}")
    return View(first, last, None)


def _zone(snapshot: Snapshot, name: str) -> Optional[View]:
    """The span of a zone, of all nodes together."""
    spans = [(zone.start_pfn, zone.start_pfn + zone.spanned_pages) for zone in snapshot.zones or ()
             if zone.name.lower() == name.lower() and zone.start_pfn >= 0 and zone.spanned_pages > 0]
    return View(min(start for start, _ in spans), max(end for _, end in spans), None) if spans else None


def _around(ctx: Context, snapshot: Snapshot, text: str) -> View:
    """The pages around one address."""
    try:
        pfn = _phys(ctx, snapshot, text) >> snapshot.page_shift
    except MmError as error:
        there = ", ".join(dict.fromkeys(zone.name for zone in snapshot.zones or ())) or "none"
        raise MmError(f"'{text}' is no zone ({there}), and no address: {error}") from None
    first = pfn - pfn % AROUND_PAGES
    return View(first, first + AROUND_PAGES, pfn)


def _phys(ctx: Context, snapshot: Snapshot, text: str) -> int:
    """A physical address. What is a plain number behind pfn: or phys: needs no target. Raises MmError."""
    kind, _, rest = text.strip().partition(":")
    if kind in ("pfn", "phys"):
        try:
            number = int(rest, 0)
        except ValueError:
            number = -1
        if 0 <= number < 1 << 64:
            return number << snapshot.page_shift if kind == "pfn" else number
    return resolve(ctx, text).phys
