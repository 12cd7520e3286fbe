# SPDX-License-Identifier: GPL-2.0-or-later
"""Generated memory maps: seeded, of several kinds, small enough to be counted by brute force."""
from __future__ import annotations

import random
from typing import Callable

from .oracle import PAGE, Map, expect

Ranges = list[tuple[int, int]]


def _apart(ranges: Ranges) -> Ranges:
    """Those that overlap none before them: lines of memory must not."""
    kept: Ranges = []
    for base, size in ranges:
        if size and all(base + size <= b or b + s <= base for b, s in kept):
            kept.append((base, size))
    return kept


def _reservations(rng: random.Random, banks: Ranges, most_pages: int) -> Ranges:
    """Some of each size: a few bytes, a page or so, large; inside, across and beside the banks."""
    low, high = min(b for b, _ in banks), max(b + s for b, s in banks)
    found = []
    for _ in range(rng.choice([0, 1, 3, 10, 40])):
        size = rng.choice([rng.randint(1, 64), rng.randint(1, 3 * PAGE), PAGE * rng.randint(1, 4),
                           rng.randint(1, most_pages * PAGE)])
        base = rng.randint(max(0, low - 2 * PAGE), high)
        if rng.random() < 0.4:
            base -= base % PAGE
        found.append((base, size))
    if rng.random() < 0.3:              # over an end of a bank
        base, size = rng.choice(banks)
        found.append((max(0, base + rng.choice([0, size]) - PAGE // 2), rng.choice([PAGE, 3 * PAGE])))
    return found


def _base(rng: random.Random, block: int) -> int:
    """Address 0, well aligned, or at any page."""
    return rng.choice([0, 0x10000000, 0x80000000, block * rng.randint(1, 64), PAGE * rng.randint(1, 1 << 20)])


def _one_bank(rng: random.Random, block: int) -> Ranges:
    return [(_base(rng, block), PAGE * rng.randint(1, 3 * block // PAGE))]


def _holes(rng: random.Random, block: int) -> Ranges:
    base, banks = _base(rng, block), []
    for _ in range(rng.randint(2, 6)):
        size = PAGE * rng.randint(1, block // PAGE)
        banks.append((base, size))
        base += size + rng.choice([0, PAGE * rng.randint(1, 40), block // 2, 2 * block])
    return banks


def _tiny(rng: random.Random, block: int) -> Ranges:
    base, banks = _base(rng, block), []
    for _ in range(rng.randint(1, 30)):
        size = rng.choice([PAGE, 2 * PAGE, 3 * PAGE, rng.randint(1, 2 * PAGE)])
        banks.append((base, size))
        base += size + rng.choice([0, 1, PAGE // 2, PAGE, 5 * PAGE])
    return banks


def _unaligned(rng: random.Random, block: int) -> Ranges:
    base, banks = _base(rng, block) + rng.randint(1, PAGE), []
    for _ in range(rng.randint(1, 5)):
        size = rng.randint(1, block)
        banks.append((base, size))
        base += size + rng.choice([0, 1, rng.randint(1, 3 * PAGE), rng.randint(1, block)])
    return banks


def _odd_starts(rng: random.Random, block: int) -> Ranges:
    base = _base(rng, block) | PAGE
    return [(base, PAGE * (2 * rng.randint(1, block // PAGE) + 1)),
            (base + 2 * block + 2 * PAGE * rng.randint(0, 9), PAGE * rng.randint(1, block // PAGE))]


KINDS: tuple[Callable[[random.Random, int], Ranges], ...] = (_one_bank, _holes, _tiny, _unaligned, _odd_starts)


def _limit(rng: random.Random, banks: Ranges) -> int:
    """The end of lowmem: above all, in the middle of a bank, at its end, in a hole, after the first page."""
    low, high = min(b for b, _ in banks), max(b + s for b, s in banks)
    base, size = rng.choice(banks)
    at = rng.choice([high + PAGE, high, base + size, base + size // 2, base + size + PAGE, low + 2 * PAGE,
                     rng.randint(low, high)])
    return -(-at // PAGE) * PAGE


def generate(seed: int, orders: int) -> Map:
    """A map that can be run: it has a whole page of lowmem."""
    rng = random.Random(seed)
    block = PAGE << min(orders - 1, 11)     # the largest blocks of 14 orders would take too long to count
    while True:
        banks = _apart(KINDS[seed % len(KINDS)](rng, block))
        nomap = rng.random() < 0.2
        memory = tuple((base, size, nomap and rng.random() < 0.3) for base, size in banks)
        found = Map(memory, tuple(_reservations(rng, banks, block // PAGE // 2)), _limit(rng, banks))
        try:
            expect(found, orders)
        except ValueError:
            continue
        return found


def large(seed: int, orders: int) -> Map:
    """Both zones with several of the largest blocks: enough for the allocator to keep types apart."""
    rng = random.Random(seed)
    block = PAGE << (orders - 1)
    base = rng.choice([0, 0x10000000, block * 3 + PAGE * rng.randint(1, 5)])
    size = block * rng.randint(6, 10) + PAGE * rng.randint(0, 2000)
    holes = tuple((base + rng.randint(0, size), rng.choice([1, PAGE, 50 * PAGE, block // 3])) for _ in range(6))
    return Map(((base, size, False),), holes, base - base % PAGE + block * rng.randint(2, 7))
