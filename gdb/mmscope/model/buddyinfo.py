# SPDX-License-Identifier: GPL-2.0-or-later
"""The counts of /proc/buddyinfo: free blocks by zone and order, as the kernel counts them. Walks no list."""
from __future__ import annotations

from dataclasses import dataclass

from .buddy import order_count
from .context import Context
from .problem import Problem
from .zone import zones


@dataclass(frozen=True)
class BuddyinfoZone:
    """One line."""

    node: int
    zone: str
    nr_free: tuple[int, ...]        # by order


@dataclass(frozen=True)
class Buddyinfo:
    """Every zone that has memory."""

    zones: tuple[BuddyinfoZone, ...]
    problems: tuple[Problem, ...] = ()


def buddyinfo(ctx: Context) -> Buddyinfo:
    """Read nr_free of every order of every populated zone. Raises MissingError, FaultError."""
    lines = []
    for zone in zones(ctx):
        if zone.populated:
            record = ctx.read.record("zone", zone.addr)
            lines.append(BuddyinfoZone(zone.node, zone.name, tuple(
                record.inner("free_area", "free_area", order).get("nr_free") for order in range(order_count(ctx)))))
    return Buddyinfo(tuple(lines))
