# SPDX-License-Identifier: GPL-2.0-or-later
"""The rows of the guest's tables: what is counted, Linux's figure, the one to reach."""
from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Callable, Optional, Sequence

from .guest import Board, Call, Counted, Run
from .image import Image
from .remote import MeasureError

# Linux's figures: Debian's 6.1 armmp on this board (QEMU's sabrelite, 1.5 GB,
# cma=320M), counted in the same way, from a function's entry to its return. Its
# hand-over of low memory is memblock_free_all(), reserved pages' flags included,
# as in free_all_bootmem(); that of HighMem the rest of mem_init(), which is
# little more than free_highpages(). Orders 1 to 3 come from per-CPU lists there.
LARGE = Board("sabrelite", "1536M")
# A sixth of it with zones of the same kind: 128 MB each of lowmem and HighMem.
SMALL = Board("sabrelite", "256M", "vmalloc=888M cma=52M")

BOOT = ("free_all_bootmem", "free_highpages", "kmem_cache_init")
CALLS = ("alloc_pages", "__free_pages")
OBJECT_CALLS = ("kmalloc", "kfree")

ROW = "cycle:0:512"         # more than the per-CPU lists hold: they fill and empty
BATCH = "batch:63"          # Linux 6.1's batch on this board; 4.9's is 31
CYCLES = tuple(f"cycle:{order}:64" for order in range(1, 5))
SHORT = ("lists:0:1024:400", "lists:4:48:32")
LONG = ("lists:0:8192:400", "lists:4:512:32")
WORKS = (ROW, *CYCLES, *SHORT, *LONG, BATCH, ROW, SHORT[0])
BATCH_CYCLE, BATCH_LIST = WORKS.index(BATCH) + 1, WORKS.index(BATCH) + 2
OBJECTS = ("objs:64:512:200", "objs:64:16384:200")      # short and long
GROWTH_WORKS = ("batch:31", *SHORT, *LONG)      # the large board's own: it grows with a zone

# What a reader has to know of a row before comparing. Of the 1,014,088 that one
# call took, by a log of all of them: 707,204 in get_random_u32(), which each
# cache asks twice (a key against overwriting, a seed), 157,631 more to shuffle.
NOTES = {
    "alloc_pages order 1": "Orders 1 to 3: Linux 6.1 has per-CPU lists of them, 4.9 and we have not.",
    "kmem_cache_init": "kmem_cache_init: Linux makes 38 caches, we 11 (one kind of kmalloc). It spends\n"
                       "864,835 on random freelists, which are off here: 149,253 are left.",
}
# Below a row that costs less where there is more memory. Seen in profiles of
# free_pcppages_bulk() on both boards: 7 more times in 31 pages, 9 instructions each.
LESS = "Less with more memory: zones that are small carry each CPU's differences to\n" \
       "their counters more often (stat_threshold, Linux's formula)."


@dataclass(frozen=True)
class Result:
    """One row of the first table. Figures are instructions; None: no such call was seen."""
    work: str
    linux: str
    reach: Optional[int]
    measured: Optional[int]     # the median
    least: Optional[int] = None
    most: Optional[int] = None
    calls: int = 0
    missing: str = ""           # why there is no figure

    @property
    def verdict(self) -> str:
        """"reached", "missed", "unseen"; "" where there is nothing to reach."""
        if self.measured is None:
            return "unseen"
        if self.reach is None:
            return ""
        return "reached" if self.measured <= self.reach else "missed"


@dataclass(frozen=True)
class Growth:
    """One row of the second table: the same calls in four situations."""
    work: str
    figures: tuple[Optional[int], ...]      # small and short, small and long, large ...
    exact: bool                             # a call; else a page's share of one call

    @property
    def verdict(self) -> str:
        """"same" or "differs" to the instruction; a page's share: "same" or "grows"."""
        there = [figure for figure in self.figures if figure is not None]
        if self.exact:
            return "same" if len(set(there)) == 1 else "differs"
        return "grows" if there[-1] > there[0] + 1 else "same"     # rounded up, each

    @property
    def less(self) -> bool:
        """Does it depend on the size of memory alone, and cost less with more?"""
        small, small_long, large, large_long = self.figures
        return (small, large) == (small_long, large_long) and (large or 0) < (small or 0)


# Pages that leave zone Normal's free lists in a call tell its kind.
Kind = Callable[[Call], bool]


def on_list(call: Call) -> bool:
    """Served by, or left on, a per-CPU list."""
    return call.moved_pages == 0


def refill(call: Call) -> bool:
    """A batch of single pages came from the buddy."""
    return call.moved_pages > 1


def give_back(call: Call) -> bool:
    """A batch of single pages went to the buddy."""
    return call.moved_pages < -1


def single(call: Call) -> bool:
    """One page came from the buddy or went to it: there was no list."""
    return abs(call.moved_pages) == 1


def block(call: Call) -> bool:
    """A block of an order that the per-CPU lists do not have."""
    return call.moved_pages != 0


def result(work: str, linux: str, reach: Optional[int], numbers: Sequence[int]) -> Result:
    """A row of figures: the median is the upper one of an even number."""
    return Result(work, linux, reach, statistics.median_high(numbers), min(numbers), max(numbers),
                  len(numbers))


def result_of(head: tuple[str, str, Optional[int]], numbers: Sequence[int], what: str) -> Result:
    """The same; where no call was of this kind, the row says that."""
    if not numbers:
        return Result(*head, None, missing=f"no call {what}")
    return result(*head, numbers)


def per_page(counted: Counted, function: str) -> int:
    """Instructions a page that was handed over, rounded up."""
    instructions, pages = counted.boot[function]
    if not pages:
        raise MeasureError(f"{function} handed no page over")
    return -(-instructions // pages)


class Table:
    """The first table, from what was counted on the large board."""

    def __init__(self, counted: Counted) -> None:
        self.counted = counted

    def of(self, index: int, function: str, kind: Kind) -> list[int]:
        """Instructions of the calls of a kind in one workload."""
        return [call.instructions for call in self.counted.works[index][function] if kind(call)]

    def rows(self) -> list[Result]:
        """All of them, in the order of the issue."""
        rows = [Result("hand-over of low memory, a page", "63", 16, per_page(self.counted, "free_all_bootmem")),
                Result("hand-over of HighMem, a page", "735", 16, per_page(self.counted, "free_highpages"))]
        rows += self.pcp_rows()
        rows += self.block_rows(4, "737", "776", 300)
        rows += self.block_rows(1, "411-414", "320", None)
        rows += self.block_rows(2, "413-426", "366", None)
        rows += self.block_rows(3, "447-450", "458", None)
        return rows + self.slub_rows()

    def pcp_rows(self) -> list[Result]:
        """Single pages. Which batch a call moved is seen, not assumed."""
        alloc = ("alloc_pages order 0, per-CPU", "358", 120)
        free = ("__free_pages order 0, per-CPU", "214-272", 100)
        full = ("alloc_pages, refill of 63", "13,245", 5000)
        full_list = ("- of pages that are all single", *full[1:])
        rows = [result(name, "-", None, numbers)
                for name, numbers in (
                    ("alloc_pages order 0, from buddy", self.of(0, "alloc_pages", single)),
                    ("__free_pages order 0, to buddy", self.of(0, "__free_pages", single))) if numbers]
        return [result_of(alloc, self.of(0, "alloc_pages", on_list), "was served by a per-CPU list"),
                result_of(free, self.of(0, "__free_pages", on_list), "was left on a per-CPU list"),
                *(result_of(head, self.of(index, "alloc_pages", lambda call: call.moved_pages == 63),
                            "took 63 pages from the buddy")
                  for head, index in ((full, BATCH_CYCLE), (full_list, BATCH_LIST))),
                *self.batch_rows(), *rows]

    def batch_rows(self) -> list[Result]:
        """The guest's own batch, whatever it is."""
        rows = []
        for function, name, kind in (("alloc_pages", "alloc_pages, refill of", refill),
                                     ("__free_pages", "__free_pages, give back", give_back)):
            found = [call for call in self.counted.works[0][function] if kind(call)]
            if found:
                batch = statistics.mode(abs(call.moved_pages) for call in found)
                rows.append(result(f"{name} {batch}", "-", None, [
                    call.instructions for call in found if abs(call.moved_pages) == batch]))
        return rows

    def block_rows(self, order: int, alloc: str, free: str, reach: Optional[int]) -> list[Result]:
        """Blocks of a higher order: no list but the buddy's."""
        index = WORKS.index(f"cycle:{order}:64")
        return [result_of((f"{name} order {order}", linux, reach), self.of(index, name, block),
                          f"of order {order} moved a block")
                for name, linux in (("alloc_pages", alloc), ("__free_pages", free))]

    def slub_rows(self) -> list[Result]:
        """The boot of SLUB, one call; objects from a cache with a few slabs."""
        head = ("kmem_cache_init", "1,014,248", 500_000)
        calls = self.counted.works[len(WORKS)]
        return [Result(*head, self.counted.boot["kmem_cache_init"][0]),
                *(result(f"{name} of 64 bytes", "-", None, [call.instructions for call in calls[name]])
                  for name in OBJECT_CALLS)]


def growth(small: Counted, large: Counted) -> list[Growth]:
    """The second table: every kind of call that all four situations have."""
    rows = []
    for index, order in enumerate((0, 4)):
        for function in CALLS:
            sets = []
            for counted, works in ((small, GROWTH_WORKS), (large, WORKS)):
                for lists in (SHORT, LONG):
                    calls = counted.works[works.index(lists[index])][function]
                    sets.append(calls)
            moved = sorted(set.intersection(*({call.moved_pages for call in calls} for calls in sets)), key=abs)
            if not moved:
                raise MeasureError(f"no call of {function} is of the same kind beside all free lists")
            for pages in moved:
                rows.append(Growth(
                    growth_name(function, order, pages),
                    tuple(statistics.median_high(call.instructions for call in calls
                                                 if call.moved_pages == pages) for calls in sets), True))
    rows += object_growth(small, large)
    for name, function in (("low memory", "free_all_bootmem"), ("HighMem", "free_highpages")):
        rows.append(Growth(f"hand-over of {name}, a page",
                           (per_page(small, function), None, per_page(large, function), None), False))
    return rows


def object_growth(small: Counted, large: Counted) -> list[Growth]:
    """Objects: the usual call, and the slowest, which changes slabs."""
    rows = []
    for function in OBJECT_CALLS:
        sets = [[call.instructions for call in counted.works[first + i][function]]
                for counted, first in ((small, len(GROWTH_WORKS)), (large, len(WORKS)))
                for i in range(len(OBJECTS))]
        rows += [Growth(f"{function} of 64 bytes", tuple(map(statistics.median_high, sets)), True),
                 Growth(f"{function} of 64 bytes, slowest", tuple(map(max, sets)), True)]
    return rows


def growth_name(function: str, order: int, pages: int) -> str:
    """What a call did, by the pages that it moved."""
    if order == 0 and pages == 0:
        return f"{function} order 0, per-CPU"
    if order == 0 and abs(pages) > 1:
        return f"{function}, batch of {abs(pages)}"
    return f"{function} order {order}, buddy"


@dataclass(frozen=True)
class Guest:
    """Both tables, and what they were counted on."""
    rows: list[Result]
    growth: list[Growth]
    handed_over: tuple[int, int]    # pages of the large board: low memory, HighMem


def measure(image: Image) -> Guest:
    """Record and replay both boards."""
    functions = CALLS + OBJECT_CALLS
    with Run(image, LARGE, WORKS + OBJECTS) as run:
        large = run.count(BOOT, functions)
    with Run(image, SMALL, GROWTH_WORKS + OBJECTS) as run:
        small = run.count(BOOT, functions)
    low, high = (large.boot[name][1] for name in BOOT[:2])
    return Guest(Table(large).rows(), growth(small, large), (low, high))
