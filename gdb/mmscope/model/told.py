# SPDX-License-Identifier: GPL-2.0-or-later
"""What may be watched, as those that watch it see it; and what it says of a change."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Protocol, Sequence

from ..target.control import Point, StackFrame
from .blocksteps import BlockStep
from .context import Context
from .diffblock import BlockEvent
from .interval import Change
from .zonelock import ZoneLock

TAKEN, RETURNED, MOVED = "taken", "returned", "moved"
RESERVED, FREED, ADDED, REMOVED, CHANGED, COUNT = "reserved", "freed", "added", "removed", "changed", "count"


@dataclass(frozen=True)
class Told:
    """A change in words of the allocator: taken, returned, split, merge, moved, reserved, freed, count, ..."""

    kind: str
    steps: tuple[BlockStep, ...] = ()       # of a split or merge, in the order in which they were made
    blocks: tuple[BlockEvent, ...] = ()     # of a free list
    ranges: tuple[Change, ...] = ()         # of an array of memblock: bytes, with their (flags, nid)


class Subject(Protocol):
    """What is watched."""

    cheap: bool     # a look is true in the middle of a change, too, and costs little

    @property
    def name(self) -> str:
        """As a person would write it."""

    def points(self, ctx: Context) -> tuple[Point, ...]:
        """Words of which one is written when the subject changes. Raises MissingError, FaultError."""

    def look(self, ctx: Context, last: Any = None) -> Any:
        """What it is now. Two looks are equal when nothing changed, whatever was written. Raises FaultError.

        last: a look of before, whose words are still true if the two are equal.
        """

    def described(self, ctx: Context, look: Any) -> Any:
        """The same look of this moment, with words that take longer to find."""

    def settled(self, look: Any) -> bool:
        """False when it is on its way from one place to another: then more is to come."""

    def also(self, ctx: Context) -> tuple[Point, ...]:
        """Words that are written as well before it is settled."""

    def lock(self, ctx: Context) -> Optional[ZoneLock]:
        """The lock under which it changes, when somebody holds it."""

    def by_function(self, ctx: Context) -> bool:
        """Whether no lock tells the end of a change, but the return of the outermost function that is inside."""

    def inside(self, found: StackFrame) -> bool:
        """Whether a function is part of what changes it."""

    def tell(self, ctx: Context, looks: Sequence[Any]) -> Told:
        """What happened between the first and the last of some looks; those between them say on which way."""
