# SPDX-License-Identifier: GPL-2.0-or-later
<<<<<<< HEAD
"""Snapshots by name: the session keeps them until it ends, as documents, so that they outlive a reload of this code."""
from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any, Optional

from ..errors import MmError
from .context import Context
from .problem import Problem
from .snapshot import Snapshot, take
from .snapshotfile import SCHEMA, from_document, read_snapshot

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:+-]{0,63}")
NOW = "now"


@dataclass(frozen=True)
class Summary:
    """One snapshot in a line."""

    name: str
    stage: str
    where: Optional[str]
    release: Optional[str]
    free_pages: Optional[int]       # on the zones' lists
    free_blocks: Optional[int]
    reserved: Optional[int]         # regions of memblock.reserved
    slabs: Optional[int]
    areas: Optional[int]


@dataclass(frozen=True)
class SnapshotReport:
    """Those that are kept; state is the one that was taken now, in full."""

    snapshots: tuple[Summary, ...]
    state: Optional[Snapshot]
    file: Optional[str]             # that it was written into
    replaced: bool                  # there was one of this name
    problems: tuple[Problem, ...] = ()


def check_name(name: str) -> None:
    """Raises MmError for a name that a snapshot cannot have."""
    if NAME.fullmatch(name) is None or name == NOW:
        raise MmError(f"a snapshot cannot be named '{name}': letters, digits and _ . : + - make a name, "
                      f"at most 64 of them; '{NOW}' is the present state")


def keep(ctx: Context, name: str, document: dict[str, Any]) -> None:
    """Keep a document under a name; an earlier one of this name is gone."""
    ctx.host.kept[name] = document


def kept_names(ctx: Context) -> list[str]:
    """The names, in the order in which the snapshots were taken."""
    return list(ctx.host.kept)


def find_snapshot(ctx: Context, name: str) -> Snapshot:
    """A snapshot by its name, else in a file of that name. Raises MmError."""
    document = ctx.host.kept.get(name)
    if document is not None:
        return from_document({"schema": SCHEMA, **document}, f"snapshot {name}")
    if "/" in name or os.path.exists(os.path.expanduser(name)):
        return read_snapshot(name)
    there = ", ".join(kept_names(ctx)) or "none"
    raise MmError(f"no snapshot '{name}' is kept, and there is no file of that name; kept: {there}")


def present(ctx: Context) -> tuple[Snapshot, tuple[Problem, ...]]:
    """The state of this moment."""
    return ctx.once("kept.present", lambda ctx: take(ctx, NOW))


def summary(snapshot: Snapshot) -> Summary:
    """What the list of snapshots says of one."""
    lists = snapshot.free_lists
    return Summary(
        snapshot.name, snapshot.stage, snapshot.where, snapshot.release,
        sum(len(each.pfns) << each.order for each in lists) if lists is not None else None,
        sum(len(each.pfns) for each in lists) if lists is not None else None,
        len(snapshot.reserved) if snapshot.reserved is not None else None,
        sum(each.slabs for each in snapshot.caches) if snapshot.caches is not None else None,
        len(snapshot.areas) if snapshot.areas is not None else None)
=======
"""What many questions about single pages need, found once a stop."""
from __future__ import annotations

from typing import Optional

from ..errors import FaultError, MissingError
from .buddy import order_count
from .context import Context
from .memblock import Region, discarded, region_lists
from .migratetype import migratetype_names, pageblock_migratetype, pageblock_order
from .pageuse import free_block
from .zone import Zone, zones


def all_zones(ctx: Context) -> tuple[Zone, ...]:
    """Every zone of every node. Raises MissingError, FaultError."""
    return ctx.once("zone.zones", zones)


def linked_zone(ctx: Context, flags: int) -> Optional[Zone]:
    """The zone that page->flags links to; None when the node has no such zone."""
    by_link = ctx.once("kept.zones by link", lambda ctx: {(zone.node, zone.index): zone for zone in all_zones(ctx)})
    return by_link.get((ctx.page_flags.node(flags), ctx.page_flags.zone(flags)))


def spanning_zone(ctx: Context, pfn: int) -> Optional[Zone]:
    """A zone whose span has a page frame; None when none has it."""
    return next((zone for zone in all_zones(ctx) if zone.start_pfn <= pfn < zone.end_pfn), None)


def type_names(ctx: Context) -> tuple[str, ...]:
    """Names of the migratetypes, by number."""
    return ctx.once("migratetype.names", migratetype_names)


def block_order(ctx: Context) -> int:
    """log2 of the pages of a pageblock."""
    return ctx.once("migratetype.pageblock order", pageblock_order)


def type_of_block(ctx: Context, zone: Zone, pfn: int) -> Optional[str]:
    """Name of the migratetype of the pageblock that has a page; None when it is not known."""
    first, names = pfn >> block_order(ctx), type_names(ctx)
    number = ctx.once(f"kept.type {zone.addr:x} {first:x}", lambda ctx: pageblock_migratetype(ctx, zone, pfn))
    return names[number] if number is not None and number < len(names) else None


def block_of(ctx: Context, pfn: int) -> Optional[tuple[int, int]]:
    """First pfn and order of the free block that has a page; None when none has it. Raises FaultError."""
    orders = ctx.once("buddy.orders", order_count)
    known: dict[int, int] = ctx.once("kept.blocks", lambda ctx: {})
    for order in range(orders):
        head = pfn >> order << order
        if known.get(head, -1) >= order:
            return head, known[head]
    found = free_block(ctx, pfn)
    if found is not None:
        known[found[0]] = found[1]
    return found


def reserved(ctx: Context) -> Optional[tuple[Region, ...]]:
    """memblock.reserved; None where the kernel has no memblock any more, or it cannot be read."""
    return ctx.once("kept.reserved", _reserved)


def _reserved(ctx: Context) -> Optional[tuple[Region, ...]]:
    try:
        return None if discarded(ctx) else region_lists(ctx).reserved
    except (MissingError, FaultError):
        return None
>>>>>>> main
