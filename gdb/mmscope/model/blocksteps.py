# SPDX-License-Identifier: GPL-2.0-or-later
"""The arithmetic of a split and of a merge, order after order: the buddy of a block is pfn ^ (1 << order)."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable

MERGE, SPLIT = "merge", "split"


@dataclass(frozen=True)
class BlockStep:
    """One order of a merge or a split.

    merge: the block at pfn and its buddy, both of this order, become the one at kept, of next_order.
    split: the block at pfn is cut into halves of this order, itself and its buddy. The one at kept is cut on, or is
    what was asked for: of next_order, which is this one; the other one is free.
    """

    shape: str
    pfn: int
    order: int
    buddy: int
    kept: int
    next_order: int


def merges(pfn: int, low: int, high: int) -> tuple[BlockStep, ...]:
    """How the block of order low that has pfn became one of order high."""
    found = []
    for order in range(low, high):
        own = pfn >> order << order
        buddy = own ^ 1 << order
        found.append(BlockStep(MERGE, own, order, buddy, own & buddy, order + 1))
    return tuple(found)


def splits(pfn: int, high: int, low: int, freed: bool = False) -> tuple[BlockStep, ...]:
    """How the block of order high that has pfn was cut down to order low.

    freed: pfn is in the half that became free at the end, not in the one that was asked for.
    """
    found = []
    for order in range(high - 1, low - 1, -1):
        whole, own = pfn >> order + 1 << order + 1, pfn >> order << order
        kept = own ^ 1 << order if freed and order == low else own
        found.append(BlockStep(SPLIT, whole, order, whole ^ 1 << order, kept, order))
    return tuple(found)


def lowest_of(high: int, orders: Iterable[int]) -> int:
    """The lowest of the orders that go on without a gap from high - 1 down; high when that one is not there."""
    there, low = set(orders), high
    while low - 1 in there:
        low -= 1
    return low
