# SPDX-License-Identifier: GPL-2.0-or-later
"""The account beside the kernel's own counters: what each says, and why they may differ.

A counter lags by what CPUs have counted for themselves and not added yet: these differences are read, and are a column
of their own. Counters that count the very pages of a bucket have to be equal (exact). The others count something near:
note says what.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterable, Iterator, Optional

from ..errors import FaultError, MissingError
from . import frame
from .context import Context
from .frame import Bucket
from .pageread import MARKED
from .stage import Stage
from .vmstat import exact_node_counters, exact_zone_counters
from .zone import Zone

HIGH = "highmem"
LARGE = "PGTY_large_kmalloc"            # since v6.14 such a block says what it is
Buckets = dict[int, tuple[Bucket, ...]]     # by the zone's address

STACK_NOTE = "stacks of tasks that are gone are counted until they are freed"
TABLE_NOTE = "found are those that are marked as tables, as what is counted is"
ANON_NOTE = "anonymous pages that no page table maps are not counted"
FILE_NOTE = "counts the pages of the page cache, of shared memory and of the swap cache"
SLAB_NOTE = "counts slabs, and large kmalloc() blocks, whose pages do not all say so"


@dataclass(frozen=True)
class Expected:
    """One counter."""

    where: str              # "zone Normal", "node 0", "all"
    counter: str
    kernel: int             # pages, as the counter has them
    per_cpu: int            # what CPUs have not added yet
    ours: int
    difference: int         # kernel + per_cpu - ours
    exact: bool             # it counts the very pages of ours
    note: str               # why it may differ; "" when it may not


@dataclass(frozen=True)
class _Wanted:
    """A counter of vm_stat, by its enumerators of all releases: they are summed up."""

    names: tuple[str, ...]
    ours: Callable[[Bucket], bool]
    note: str = ""
    kilobytes: bool = False


def _kind(*kinds: str) -> Callable[[Bucket], bool]:
    return lambda each: each.kind in kinds


_ZONE = (
    _Wanted(("NR_FREE_PAGES",),       # isolated blocks are on lists, and not counted
            lambda each: each.kind == frame.FREE and not each.detail.startswith("Isolate ")),
    _Wanted(("NR_FREE_CMA_PAGES",), lambda each: each.kind == frame.FREE and each.detail.startswith("CMA ")),
)
_EITHER = (     # of a zone or of its node, as the release has it
    _Wanted(("NR_SLAB_RECLAIMABLE", "NR_SLAB_UNRECLAIMABLE", "NR_SLAB_RECLAIMABLE_B", "NR_SLAB_UNRECLAIMABLE_B"),
            _kind(frame.SLAB), SLAB_NOTE),
    _Wanted(("NR_PAGETABLE",), lambda each: each.kind == frame.PAGETABLE and each.detail == MARKED, TABLE_NOTE),
    _Wanted(("NR_KERNEL_STACK_KB",), _kind(frame.STACK), STACK_NOTE, True),
    _Wanted(("NR_FILE_PAGES",), _kind(frame.FILE), FILE_NOTE),
    _Wanted(("NR_ANON_MAPPED",), _kind(frame.ANON), ANON_NOTE),
)


def expectations(ctx: Context, found: Iterable[Zone], buckets: Buckets) -> tuple[Expected, ...]:
    """Every counter that this kernel has, at this stage. Raises MissingError, FaultError."""
    chosen = list(found)
    rows: list[Expected] = []
    if ctx.stage is None or ctx.stage <= Stage.ZONES:
        return ()
    for zone in chosen:
        where = f"zone {zone.name}" + (f", node {zone.node}" if len(ctx.node_addrs) > 1 else "")
        rows += _stats(ctx, "zone_stat_item", where, _ZONE + _EITHER, buckets[zone.addr],
                       ctx.read.record("zone", zone.addr).all("vm_stat"), exact_zone_counters(ctx, zone.addr))
    for node in ctx.node_addrs:
        number = ctx.read.member("pglist_data", node, "node_id")
        field = ctx.layout.find_field("pglist_data.vm_stat")
        if field is not None:
            every = [each for zone in chosen if zone.node == number for each in buckets[zone.addr]]
            rows += _stats(ctx, "node_stat_item", f"node {number}", _EITHER, every,
                           ctx.read.record("pglist_data", node).all("vm_stat"), exact_node_counters(ctx, node))
    return tuple([*rows, *_totals(ctx, chosen, buckets)])


def _stats(ctx: Context, tag: str, where: str, wanted: Iterable[_Wanted], buckets: Iterable[Bucket],
           values: tuple[int, ...], exact: tuple[int, ...]) -> Iterator[Expected]:
    """Counters of one array."""
    items, every = ctx.layout.enum(tag), list(buckets)
    for each in wanted:
        there = {items[name]: name for name in each.names if name in items and items[name] < len(values)}
        if not there:
            continue
        kernel, summed = (sum(numbers[at] for at in there) for numbers in (values, exact))
        if each.kilobytes:
            kernel, summed = (number * 1024 >> ctx.arch.page_shift for number in (kernel, summed))
        ours = sum(one.pages for one in every if each.ours(one))
        note = "" if each.note == SLAB_NOTE and LARGE in ctx.layout.enum("pagetype") else each.note
        yield Expected(where, " + ".join(there.values()), kernel, summed - kernel, ours, summed - ours, not note, note)


def _totals(ctx: Context, found: list[Zone], buckets: Buckets) -> Iterator[Expected]:
    """What the kernel counts over all zones."""
    managed = {zone.addr: sum(each.pages for each in buckets[zone.addr] if each.kind in (
        frame.FREE, frame.PCP, frame.DEFERRED, *frame.USED)) for zone in found}     # deferred ones count at once
    for name, chosen in (("totalram_pages", found), ("totalhigh_pages", [
            zone for zone in found if zone.name.lower() == HIGH])):
        value = _value(ctx, name)
        if value is not None and chosen:
            ours = sum(managed[zone.addr] for zone in chosen)
            yield Expected("all zones", name, value, 0, ours, value - ours, True, "")


def _value(ctx: Context, name: str) -> Optional[int]:
    """A total; None where it is not kept, or not counted yet."""
    try:
        return ctx.read.value(name) or None
    except (MissingError, FaultError):
        return None
