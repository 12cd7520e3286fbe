# SPDX-License-Identifier: GPL-2.0-or-later
"""mm account as text."""
from __future__ import annotations

import os
from collections import Counter
from typing import Iterable, Iterator, Optional, Sequence

from ..model import frame
from ..model.account import Account, Bucket, Range, ZoneAccount
from ..model.expect import Expected
from .table import LINE_WIDTH, table, wrap
from .units import escape, size

LARGEST = 8             # details of a kind that are shown, without --all
NAMES = {frame.SLAB: "slab", frame.PAGETABLE: "page tables", frame.STACK: "kernel stacks", frame.PERCPU: "per-CPU",
         frame.VMALLOC: "vmalloc", frame.HUGETLB: "huge pages", frame.FILE: "page cache", frame.ANON: "anonymous",
         frame.COMPOUND: "compound pages, not told", frame.OTHER: "other", frame.PCP: "on per-CPU lists",
         frame.FREE: "free", frame.RESERVED: "reserved", frame.MEMBLOCK: "not handed over yet",
         frame.DEFERRED: "deferred: struct pages not set up yet"}
UNSAID = {frame.PAGETABLE: "marked as such", frame.OTHER: "nothing says what for", frame.STACK: "of tasks"}
NAME_WIDTH = 44

Line = tuple[int, Optional[int], str]       # indentation, pages, name; no pages: the name goes on


def account_text(account: Account) -> str:
    """Zone by zone; then what was asked for beside."""
    parts = [_zone(zone, account) for zone in account.zones]
    managed = sum(zone.managed for zone in account.zones if not zone.estimated)
    if managed:
        parts.append(f"in use, and nothing says what for: {account.unknown} pages, "
                     f"{100 * account.unknown / managed:.2f} % of managed")
    if account.inside is not None and any(zone.residual or zone.present_residual for zone in account.zones):
        parts += ["\n".join(wrap(f"the stop is inside {escape(account.inside)}: pages may be counted and on no list "
                                 "yet, or the other way round", LINE_WIDTH))]
    if account.expected is not None:
        parts.append(_expected(account.expected))
    if account.pages is not None:
        parts.append(_pages(account.pages))
    return "\n\n".join(parts) + "\n"


def _zone(zone: ZoneAccount, account: Account) -> str:
    """The tree of one zone."""
    most = None if account.all_details else LARGEST
    head = f"zone {escape(zone.zone)}, node {zone.node}: pfn {zone.start_pfn:#x} to {zone.start_pfn + zone.spanned:#x}"
    rows = [(*(("", "", "") if pages is None else (str(pages), f"{pages:#x}", size(pages * account.page_bytes))),
             "  " * depth + name) for depth, pages, name in _lines(zone, most)]
    return head + "\n" + table(("pages", "hex", "size", "what"), rows, "   l")


def _lines(zone: ZoneAccount, most: Optional[int]) -> Iterator[Line]:
    """spanned = holes + present; present = managed + reserved + ...; managed = free + on lists + in use."""
    yield 0, zone.spanned, "spanned"
    if zone.of(frame.HOLE):
        yield 1, zone.of(frame.HOLE), "holes"
    yield 1, zone.present, "present"
    for kind in (frame.RESERVED, frame.MEMBLOCK, frame.DEFERRED):
        yield from _kind(zone, kind, 2, most)
    if zone.estimated:
        yield 2, 0, f"managed: none yet, estimated are {zone.managed:#x}"
    else:
        yield 2, zone.managed, "managed"
        yield from _free(zone)
        yield from _kind(zone, frame.PCP, 3, None)
        yield 3, zone.of(*frame.USED), "in use"
        for kind in sorted(frame.USED, key=lambda kind: -zone.of(kind)):
            yield from _kind(zone, kind, 4, most)
    yield 0, zone.residual, "residual: managed, but neither free nor in use"
    if zone.present_residual:
        yield 0, zone.present_residual, "residual: present, but not found in RAM"


def _kind(zone: ZoneAccount, kind: str, depth: int, most: Optional[int]) -> Iterator[Line]:
    """A kind, and what it is made of: the largest, and the rest in one line."""
    buckets = [bucket for bucket in zone.buckets if bucket.kind == kind]
    if not buckets:
        return
    yield depth, sum(bucket.pages for bucket in buckets), NAMES[kind]
    if len(buckets) == 1 and not buckets[0].detail:
        return
    shown = buckets if most is None or kind == frame.RESERVED or len(buckets) <= most + 1 else buckets[:most]
    for bucket in shown:
        yield depth + 1, bucket.pages, _cut(bucket.detail or UNSAID.get(kind, "not named"))
    rest = buckets[len(shown):]
    if rest:
        yield depth + 1, sum(bucket.pages for bucket in rest), f"{len(rest)} more (all of them with --all)"


def _free(zone: ZoneAccount) -> Iterator[Line]:
    """Free blocks: a line for each migratetype, with its blocks by order."""
    yield 3, zone.of(frame.FREE), "free"
    types: Counter[str] = Counter()
    for bucket in _of(zone, frame.FREE):
        types[_split(bucket)[0]] += bucket.pages
    for name, pages in types.most_common():
        orders = sorted((order, bucket.pages >> order) for bucket in _of(zone, frame.FREE)
                        for migratetype, order in (_split(bucket),) if migratetype == name)
        text = ", ".join(f"{count} of {order}" for order, count in reversed(orders))
        first, *more = wrap(f"{name}; blocks by order: {text}", NAME_WIDTH - 8)
        yield 4, pages, first
        yield from ((4, None, "  " + line) for line in more)


def _of(zone: ZoneAccount, kind: str) -> Iterable[Bucket]:
    return (bucket for bucket in zone.buckets if bucket.kind == kind)


def _split(bucket: Bucket) -> tuple[str, int]:
    """Migratetype and order of a free bucket, whose detail is "TYPE order N"."""
    name, _, order = bucket.detail.rpartition(" order ")
    return escape(name), int(order)


def _cut(name: str) -> str:
    """A name that fits."""
    text = escape(name)
    return text if len(text) <= NAME_WIDTH else text[:NAME_WIDTH - 3] + "..."


def _expected(rows: Sequence[Expected]) -> str:
    """The kernel's counters beside ours."""
    if not rows:
        return "the kernel counts no pages yet"
    lines = [(escape(row.where), _counter(row.counter), str(row.kernel), f"{row.per_cpu:+}" if row.per_cpu else "",
              str(row.ours), f"{row.difference:+}" if row.difference else "") for row in rows]
    notes = dict.fromkeys(f"{_counter(row.counter)}: {row.note}" for row in rows if row.note and row.difference)
    return "\n".join([table(("where", "counter", "kernel", "CPUs", "found", "differ"), lines, "ll"),
                      *(line for note in notes for line in wrap(note, LINE_WIDTH, "  "))])


def _counter(names: str) -> str:
    """The name of a counter; of a sum of several what their names have in common: NR_SLAB_*."""
    parts = names.split(" + ")
    return names if len(parts) == 1 else os.path.commonprefix(parts).rpartition("_")[0] + "_*"


def _pages(ranges: Sequence[Range]) -> str:
    """Every range."""
    rows = [(f"{each.start_pfn:#x}", f"{each.end_pfn:#x}", str(each.end_pfn - each.start_pfn), escape(each.zone),
             each.kind, _cut(each.detail)) for each in ranges]
    return table(("from pfn", "to", "pages", "zone", "kind", "detail"), rows, "   lll")
