# SPDX-License-Identifier: GPL-2.0-or-later
"""A boot of the article's board: snapshots at some stops, and what mm why says at two of them."""
from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guest import Guest
from mmscope.model.snapshotfile import read_snapshot
from mmscope.model.state import Snapshot

STOPS = ("arm_memblock_init", "paging_init", "page_alloc_init", "free_highpages", "kmem_cache_init",
         "setup_per_cpu_pageset", "cma_init_reserved_areas", "cpu_idle")
ASKED = ("setup_per_cpu_pageset", "cpu_idle")
MANY = 28           # pages that mm why is asked about, at each


@dataclass(frozen=True)
class Recorded:
    """The snapshots in order, and by the number of one what mm why says of some pages."""

    snapshots: tuple[Snapshot, ...]
    answers: dict[int, list[dict[str, Any]]]


def record(folder: Path) -> Recorded:
    """Boot it once."""
    snapshots, answers = [], {}
    with Guest("article", "--append", "scenario=mixed,9,600") as guest:
        guest.load()
        for number, stop in enumerate(STOPS):
            guest.run_to(stop)
            file = folder / f"{number}.json"
            guest.gdb.run(f"mm snapshot {number}-{stop} --file {file}")
            snapshots.append(read_snapshot(str(file)))
            if stop in ASKED:
                answers[number] = [guest.gdb.json(f"mm why pfn:{pfn:#x} --json") for pfn in chosen(snapshots[-1])]
    return Recorded(tuple(snapshots), answers)


def chosen(snapshot: Snapshot) -> list[int]:
    """Pages of every kind, and heads and inner pages of blocks of every order."""
    random_ = random.Random(snapshot.name)
    pfns, first = set(), {}
    for each in sorted(snapshot.frames, key=lambda each: (each.kind, each.detail)):
        at = random_.randrange(len(each.ranges) // 2) * 2
        pfns.add(random_.randrange(each.ranges[at], each.ranges[at + 1]))
        first.setdefault(each.kind, each.ranges[at])
    blocks = [(pfn, each.order) for each in (*snapshot.free_lists, *snapshot.pcp_lists) for pfn in each.pfns]
    small = [block for block in blocks if block[1] < 10]
    for pfn, order in random_.sample(small, min(len(small), MANY // 2)):
        pfns.add(pfn + random_.choice((0, (1 << order) - 1)))
    return sorted({*random_.sample(sorted(pfns), min(len(pfns), MANY)), *first.values()})
