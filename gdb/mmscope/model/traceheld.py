# SPDX-License-Identifier: GPL-2.0-or-later
"""What was allocated while it was looked at, and has not been freed since: by whom."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, Optional, TypeVar

from .tracelook import PAGES, Thing

Owner = TypeVar("Owner")
MOST_ORDERS = 24        # no kernel has blocks of more


@dataclass(frozen=True)
class Part(Generic[Owner]):
    """What one allocation still has, or what a free has taken of it."""

    thing: Thing
    owner: Owner


class Held(Generic[Owner]):
    """By address; of pages each block, of which a part may be freed alone."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, int], Part[Owner]] = {}

    def __len__(self) -> int:
        return len(self._parts)

    def add(self, thing: Thing, owner: Owner) -> tuple[Part[Owner], ...]:
        """It is allocated now. What had the same memory before, so that its free was not seen, comes back."""
        lost = self.take(thing)
        self._parts[_key(thing)] = Part(thing, owner)
        return lost

    def take(self, thing: Thing) -> tuple[Part[Owner], ...]:
        """It is freed. Whose it was; nothing when its allocation was not seen."""
        found = self._parts.pop(_key(thing), None)
        if found is None and thing.kind == PAGES:
            found = self._split(thing)
        if found is None:
            return self._inside(thing)
        if thing.kind != PAGES or found.thing.order == thing.order:
            return (found,)
        if (found.thing.order or 0) > (thing.order or 0):
            self._parts[_key(found.thing)] = found
            return self._split_off(found, thing)
        return (found, *self._inside(thing))

    @property
    def parts(self) -> tuple[Part[Owner], ...]:
        """All that is held, in order of allocation."""
        return tuple(self._parts.values())

    def _split(self, thing: Thing) -> Optional[Part[Owner]]:
        """The part of a larger block that a block is, cut out of it."""
        pfn, order = thing.pfn or 0, thing.order or 0
        for above in range(order + 1, MOST_ORDERS):
            head = pfn >> above << above
            found = self._parts.get((PAGES, head))
            if found is not None and (found.thing.order or 0) >= above:
                return self._split_off(found, thing)[0]
        return None

    def _split_off(self, found: Part[Owner], thing: Thing) -> tuple[Part[Owner], ...]:
        """Cut a block in halves until one of them is the one wanted; the others stay held."""
        del self._parts[_key(found.thing)]
        whole = found.thing
        while (whole.order or 0) > (thing.order or 0):
            order = (whole.order or 0) - 1
            size = whole.bytes // 2 if whole.bytes is not None else None
            low = replace(whole, order=order, bytes=size)
            high = replace(low, pfn=(whole.pfn or 0) + (1 << order))
            whole, other = (low, high) if (thing.pfn or 0) < (high.pfn or 0) else (high, low)
            self._parts[_key(other)] = Part(other, found.owner)
        return (Part(whole, found.owner),)

    def _inside(self, thing: Thing) -> tuple[Part[Owner], ...]:
        """Smaller blocks that lie in one."""
        if thing.kind != PAGES or not thing.order:
            return ()
        first = thing.pfn or 0
        keys = [(PAGES, pfn) for pfn in range(first, first + (1 << min(thing.order, MOST_ORDERS)))]
        return tuple(self._parts.pop(key) for key in keys if key in self._parts)


def _key(thing: Thing) -> tuple[str, int]:
    return thing.kind, thing.pfn if thing.kind == PAGES and thing.pfn is not None else thing.addr
