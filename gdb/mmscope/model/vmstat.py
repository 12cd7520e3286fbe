# SPDX-License-Identifier: GPL-2.0-or-later
"""Names and values of the kernel's counters of pages.

Source: mm/vmstat.c. vmstat_text has the names of a zone's counters, then of those of NUMA events, then of a node's; how
many there are of each kind is the length of the array that holds them.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..layout.debuginfo import ARRAY
from .context import Context
from .percpu import cpu_offsets, per_cpu_addr

NAME_LIMIT = 64
HUGE = ("NR_SHMEM_THPS", "NR_SHMEM_PMDMAPPED", "NR_FILE_THPS", "NR_FILE_PMDMAPPED", "NR_ANON_THPS")


@dataclass(frozen=True)
class VmstatNames:
    """Names by number."""

    zone: tuple[str, ...]
    numa: tuple[str, ...]       # empty without NUMA
    node: tuple[str, ...]


def vmstat_names(ctx: Context) -> VmstatNames:
    """The kernel's own names; of a kernel without vmstat_text those of the enumerators, in small letters.

    Raises MissingError, FaultError.
    """
    counts = [_count(ctx, name) for name in ("zone.vm_stat", "zone.numa_event", "pglist_data.vm_stat")]
    table = ctx.layout.find_variable("vmstat_text")
    if table is None or table.type is None or table.type.kind != ARRAY or table.type.count < sum(counts):
        zone, node = (_from_enum(ctx, tag) for tag in ("zone_stat_item", "node_stat_item"))
        return VmstatNames(zone[:counts[0]], (), node[:counts[2]])
    names = []
    data, word = ctx.memory.read(table.addr, sum(counts) * ctx.read.word), ctx.read.word
    for index in range(sum(counts)):
        text = ctx.read.string(int.from_bytes(data[index * word:(index + 1) * word], ctx.read.order), NAME_LIMIT)
        names.append(text if text else f"item{index}")
    zone_end, numa_end = counts[0], counts[0] + counts[1]
    return VmstatNames(tuple(names[:zone_end]), tuple(names[zone_end:numa_end]), tuple(names[numa_end:]))


def zone_counters(ctx: Context, zone_addr: int) -> tuple[int, ...]:
    """A zone's counters as the kernel shows them: below 0 is 0; what CPUs have not added yet is not in it."""
    return tuple(max(value, 0) for value in ctx.read.record("zone", zone_addr).all("vm_stat"))


def node_counters(ctx: Context, node_addr: int) -> tuple[int, ...]:
    """A node's counters, the same. Huge pages are counted as such, though kept in pages (since v5.12)."""
    field = ctx.layout.find_field("pglist_data.vm_stat")
    if field is None or field.type.element is None:
        return ()
    size = field.type.element.size
    data = ctx.memory.read(node_addr + field.offset, field.type.size)
    values = [max(ctx.read.decode(field.type.element, data[at:at + size]), 0) for at in range(0, len(data), size)]
    items = ctx.layout.enum("node_stat_item")
    if "NR_SWAPCACHE" in items:         # came with the same release
        order = ctx.arch.pageblock_order(ctx.layout.field("zone.free_area").type.count)
        for name in HUGE:
            if name in items and items[name] < len(values):
                values[items[name]] >>= order
    return tuple(values)


def exact_zone_counters(ctx: Context, zone_addr: int) -> tuple[int, ...]:
    """A zone's counters with what CPUs have not added yet: what the kernel's own sums are. Raises FaultError.

    Never cut off at 0: a sum below 0 is wrong, or a CPU is just adding to it.
    """
    return _with_differences(ctx.read.record("zone", zone_addr).all("vm_stat"), zone_differences(ctx, zone_addr))


def exact_node_counters(ctx: Context, node_addr: int) -> tuple[int, ...]:
    """A node's counters, the same; huge pages are in pages here, where the kernel keeps them so. Raises FaultError."""
    node = ctx.read.record("pglist_data", node_addr)
    if not node.has("vm_stat"):
        return ()
    return _with_differences(node.all("vm_stat"), node_differences(ctx, node_addr))


def exact_counter(ctx: Context, tag: str, addr: int, *names: str) -> Optional[int]:
    """One of the same, of the zone or pglist_data at addr, by its enumerator; None when there is none of these names.

    Raises FaultError.
    """
    items = ctx.layout.enum("zone_stat_item" if tag == "zone" else "node_stat_item")
    at = next((items[name] for name in names if name in items), None)
    values = (exact_zone_counters if tag == "zone" else exact_node_counters)(ctx, addr)
    return values[at] if at is not None and at < len(values) else None


def _with_differences(values: tuple[int, ...], found: tuple[Differences, ...]) -> tuple[int, ...]:
    """Counters and all CPUs' differences to them."""
    for own in found:
        values = tuple(value + difference for value, difference in zip(values, own.values))
    return values


def numa_counters(ctx: Context, zone_addr: int, cpus: Optional[frozenset[int]]) -> tuple[int, ...]:
    """A zone's NUMA events, those that CPUs have counted for themselves included. Empty without NUMA."""
    count = _count(ctx, "zone.numa_event")
    if not count:
        return ()
    zone = ctx.read.record("zone", zone_addr)
    values = list(zone.all("numa_event"))
    tag = "per_cpu_zonestat" if zone.has("zonestats") else "per_cpu_pageset"
    pointer = zone.get("zonestats" if zone.has("zonestats") else "pageset")
    for cpu, offset in cpu_offsets(ctx).items():
        if cpus is None or cpu in cpus:
            own = ctx.read.record(tag, per_cpu_addr(ctx, pointer, offset))
            values = [value + own.get("numa_event", index) for index, value in enumerate(values)]
    return tuple(values)


def stat_threshold(ctx: Context, zone_addr: int, offset: int) -> Optional[int]:
    """How far a CPU may count for itself; None where the kernel does not keep it."""
    zone = ctx.read.record("zone", zone_addr)
    name, tag = ("zonestats", "per_cpu_zonestat") if zone.has("zonestats") else ("pageset", "per_cpu_pageset")
    if ctx.layout.find_field(f"{tag}.stat_threshold") is None:
        return None
    return ctx.read.record(tag, per_cpu_addr(ctx, zone.get(name), offset)).get("stat_threshold")


@dataclass(frozen=True)
class Differences:
    """What one CPU has counted for itself, and not added yet."""

    cpu: int
    threshold: Optional[int]        # how far it may go; None where the kernel does not keep it
    values: tuple[int, ...]         # by item; empty where the kernel has none
    addr: int


def zone_differences(ctx: Context, zone_addr: int) -> tuple[Differences, ...]:
    """Those of a zone's counters; empty while CPUs do not count for themselves. Raises MissingError, FaultError."""
    zone = ctx.read.record("zone", zone_addr)
    name, tag = ("zonestats", "per_cpu_zonestat") if zone.has("zonestats") else ("pageset", "per_cpu_pageset")
    return _differences(ctx, tag, "vm_stat_diff", zone.get(name))


def node_differences(ctx: Context, node_addr: int) -> tuple[Differences, ...]:
    """Those of a node's counters, the same."""
    if ctx.layout.find_field("pglist_data.per_cpu_nodestats") is None:
        return ()
    return _differences(ctx, "per_cpu_nodestat", "vm_node_stat_diff",
                        ctx.read.member("pglist_data", node_addr, "per_cpu_nodestats"))


def _differences(ctx: Context, tag: str, member: str, pointer: int) -> tuple[Differences, ...]:
    """Of every CPU; a kernel without SMP keeps none."""
    if not pointer or ctx.layout.find_field(f"{tag}.{member}") is None:
        return ()
    records = ((cpu, ctx.read.record(tag, per_cpu_addr(ctx, pointer, offset)))
               for cpu, offset in cpu_offsets(ctx).items())
    return tuple(Differences(cpu, own.find("stat_threshold"), own.all(member), own.addr) for cpu, own in records)


def _count(ctx: Context, name: str) -> int:
    """How many elements an array has; 0 when there is none."""
    field = ctx.layout.find_field(name)
    return field.type.count if field is not None and field.type.kind == ARRAY else 0


def _from_enum(ctx: Context, tag: str) -> tuple[str, ...]:
    """Names by number; of two names of one number the later one, as *_BASE comes first."""
    names = {value: name.lower() for name, value in ctx.layout.enum(tag).items() if not name.startswith("NR_VM_")}
    return tuple(names.get(number, f"item{number}") for number in range(max(names, default=-1) + 1))
