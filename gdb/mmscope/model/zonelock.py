# SPDX-License-Identifier: GPL-2.0-or-later
"""A zone's lock, as a way to see the end of an operation on its lists: whoever changes them holds it."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..layout.lock import held
from ..target.control import WRITE, Point
from .context import Context
from .zone import Zone

LOCKED = 0xFF       # of a lock that is queued, or the guest's: what its holder sets and clears


@dataclass(frozen=True)
class ZoneLock:
    """A lock that is held, and where its release is seen."""

    zone_addr: int
    point: Point
    owner: Optional[int]    # whose turn it is, of a ticket lock

    def released(self, ctx: Context) -> bool:
        """Whether the one who held it has let it go; another one may have it already. Raises FaultError."""
        value = ctx.read.unsigned(self.point.addr, self.point.size)
        return value != self.owner if self.owner is not None else not value & LOCKED


def held_lock(ctx: Context, zone: Zone) -> Optional[ZoneLock]:
    """The lock of a zone; None when nobody holds it, or its form is not known. Raises FaultError."""
    record = ctx.read.record("zone", zone.addr)
    if not held(record):
        return None
    name = "lock" if record.has("lock") else "lock_owner"
    size = ctx.layout.field(f"zone.{name}").type.size
    return ZoneLock(zone.addr, Point(record.addr_of(name), WRITE, size),
                    record.get(name) if name == "lock_owner" else None)


def has_lock(ctx: Context) -> bool:
    """Whether the form of this kernel's locks is known: one for a single CPU has none."""
    return any(ctx.layout.find_field(f"zone.{name}") is not None for name in ("lock", "lock_owner"))
