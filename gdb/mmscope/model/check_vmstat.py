# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: counters of zones and nodes. Mirrors helper/mm/vmstat.c.

  STAT-1  -stat_threshold <= each CPU's difference <= stat_threshold; Linux lowers the threshold of a zone that runs out
          of memory without a look at the differences: there the one of a zone of its size is good enough
  STAT-2  vm_zone_stat[i] is the sum of vm_stat[i] over all zones, vm_node_stat[i] that over all nodes; Linux folds
          a CPU's differences of all zones and may sleep before the sum gets them: it may be off by as much
"""
from __future__ import annotations

from typing import Iterator

from ..errors import MissingError
from .checks import Outcome, check
from .context import Context
from .percpu import cpu_offsets
from .problem import Problem
from .stage import Stage
from .vmstat import Differences, VmstatNames, node_differences, vmstat_names, zone_differences
from .zone import zones

MOST_THRESHOLD = 125
MEMORY_UNIT_SHIFT = 27      # the threshold grows with the logarithm of the zone's size in these


@check("STAT-1", "STAT-2", since=Stage.ZONES, subsystem="vmstat")
def counters(ctx: Context) -> Outcome:
    """Every difference, every sum."""
    names = vmstat_names(ctx)
    found = [(f"node {zone.node}, zone {zone.name}", _threshold(ctx, zone.managed_pages), names.zone,
              zone_differences(ctx, zone.addr)) for zone in zones(ctx) if zone.populated]
    managed = sum(zone.managed_pages for zone in zones(ctx))
    found += [(f"node {ctx.read.member('pglist_data', node, 'node_id')}", _threshold(ctx, managed), names.node,
               node_differences(ctx, node)) for node in ctx.node_addrs]
    problems = [problem for where, least, words, each in found for own in each
                for problem in _check_differences(where, least, words, own)]
    problems += _check_sums(ctx, names, 0 if ctx.kind == "guest" else len(found) * len(cpu_offsets(ctx)))
    return Outcome(tuple(problems), f"counters: {len(names.zone)} of zones, {len(names.node)} of nodes")


def _threshold(ctx: Context, pages: int) -> int:
    """The threshold of a zone of that size without need, in Linux; 0 on the guest, which never lowers it."""
    if ctx.kind == "guest":
        return 0
    memory = pages >> MEMORY_UNIT_SHIFT - ctx.arch.page_shift
    return min(2 * len(cpu_offsets(ctx)).bit_length() * (1 + memory.bit_length()), MOST_THRESHOLD)


def _check_differences(where: str, least: int, words: tuple[str, ...], own: Differences) -> Iterator[Problem]:
    """STAT-1 for one CPU."""
    if own.threshold is None:
        return
    limit = max(own.threshold, least if own.threshold else 0)
    for number, value in enumerate(own.values):
        if abs(value) > limit:
            what = f"{where}, CPU {own.cpu}, {words[number] if number < len(words) else number}"
            yield Problem("STAT-1", f"{what} at {own.addr:#x}", f"-{limit} to {limit}", value,
                          f"{what}: its difference is {value}, the threshold is {own.threshold}")


def _check_sums(ctx: Context, names: VmstatNames, parts: int) -> Iterator[Problem]:
    """STAT-2: each sum may be off by what so many parts, one for each CPU and zone, may hold back."""
    zone_sums = _sum([ctx.read.record("zone", addr).all("vm_stat") for addr in ctx.zone_addrs])
    yield from _compare("vm_zone_stat", names.zone, zone_sums, array(ctx, "zone counters"), parts * MOST_THRESHOLD)
    if ctx.layout.find_field("pglist_data.vm_stat") is not None:
        node_sums = _sum([ctx.read.record("pglist_data", addr).all("vm_stat") for addr in ctx.node_addrs])
        yield from _compare("vm_node_stat", names.node, node_sums, array(ctx, "node counters"),
                            parts * MOST_THRESHOLD)


def _compare(what: str, words: tuple[str, ...], sums: list[int], found: tuple[int, ...],
             slack: int) -> Iterator[Problem]:
    for number, (expected, actual) in enumerate(zip(sums, found)):
        if abs(expected - actual) > slack:
            name = words[number] if number < len(words) else str(number)
            yield Problem("STAT-2", f"{what}[{number}]", expected, actual,
                          f"{what}[{number}], {name}: is {actual}, its parts add up to {expected}")


def _sum(rows: list[tuple[int, ...]]) -> list[int]:
    return [sum(column) for column in zip(*rows)]


def array(ctx: Context, name: str) -> tuple[int, ...]:
    """A variable that is an array of counters. Raises MissingError, FaultError."""
    variable = ctx.layout.variable(name)
    if variable.type is None or variable.type.element is None:
        raise MissingError(f"{variable.path} is no array")
    element = variable.type.element
    data = ctx.memory.read(variable.addr, element.size * variable.type.count)
    return tuple(ctx.read.decode(element, data[at:at + element.size]) for at in range(0, len(data), element.size))
