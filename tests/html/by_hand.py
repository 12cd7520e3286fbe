# SPDX-License-Identifier: GPL-2.0-or-later
"""Snapshots that no machine took: a few pages, hostile names, a large machine."""
from __future__ import annotations

import random
from typing import Sequence

from mmscope.model.state import FreeList, Frames, Reservation, Snapshot, ZoneState

ORDERS = 11


def snapshot(name: str = "one", frames: Sequence[Frames] = (), lists: Sequence[FreeList] = (), end_pfn: int = 0x1000,
             zones: Sequence[tuple[str, int, int]] = (("Normal", 0, 0x1000),), **others) -> Snapshot:
    """A machine with memory below end_pfn; nr_free is what the lists have."""
    states = []
    for zone, start, end in zones:
        counts = tuple(sum(len(each.pfns) for each in lists if each.cpu is None and each.zone == zone and
                           each.order == order) for order in range(ORDERS))
        free = sum(count << order for order, count in enumerate(counts))
        states.append(ZoneState(0, zone, start, end - start, end - start, end - start, free, counts, False))
    values = dict(
        name=name, where="start_kernel", kind="linux", release="6.1.0", banner="Linux", build_id=None, arch="arm64",
        stage="booted", page_shift=12, totals={"totalram_pages": end_pfn},
        memory=(Reservation(0, end_pfn << 12, 0, 0),), reserved=(), owners=(),
        zones=tuple(states), free_lists=tuple(lists), pcp_lists=(), caches=(), areas=(),
        frames=tuple(frames), missing={}, doubts=())
    return Snapshot(**{**values, **others})


def large(gigabytes: int, in_use: int, count: int) -> tuple[Snapshot, ...]:
    """A machine with pages in use at random places, some of which move from one snapshot to the next."""
    random_ = random.Random(gigabytes)
    end = gigabytes << 18
    zones = (("DMA", 1, 0x1000), ("DMA32", 0x1000, 0x100000), ("Normal", 0x100000, end))
    kinds = (("anon", ""), ("file", ""), ("slab", "dentry"), ("slab", "kmalloc-64"), ("pagetable", ""))

    def some(number: int) -> list[tuple[int, int]]:
        return [(random_.randrange(0x2000, end), random_.randrange(len(kinds))) for _ in range(number)]

    used, made = dict(some(in_use)), []
    for number in range(count):
        frames: dict[tuple[str, str], list[int]] = {}
        heads: dict[tuple[str, int], list[int]] = {}
        at = 1
        for pfn in [*sorted(used), end]:
            while at < pfn:
                order = min(ORDERS - 1, (at & -at).bit_length() - 1, (pfn - at).bit_length() - 1)
                zone = next(name for name, _, last in zones if at < last)
                heads.setdefault((zone, order), []).append(at)
                frames.setdefault(("free", f"Movable order {order}"), []).extend((at, at + (1 << order)))
                at += 1 << order
            if pfn < end:
                frames.setdefault(kinds[used[pfn]], []).extend((pfn, pfn + 1))
                at = pfn + 1
        made.append(snapshot(
            f"large-{number}", [Frames(kind, detail, tuple(ranges)) for (kind, detail), ranges in frames.items()],
            [FreeList(0, zone, None, order, "Movable", tuple(pfns)) for (zone, order), pfns in heads.items()],
            end, zones))
        for pfn in random_.sample(sorted(used), in_use // 100):
            del used[pfn]
        used.update(some(in_use // 100))
    return tuple(made)
