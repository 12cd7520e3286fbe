# SPDX-License-Identifier: GPL-2.0-or-later
"""What holds on every map that boots: each function is one claim."""
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Callable

from .board import PAGE, RAM, Board
from .machine import Outcome
from .oracle import (MAX_BLOCK, PAGE_BYTES, PAGE_OFFSET, Oracle, covered,
                     joined, ranges_of)

VMALLOC_END = 0xFF800000
VMALLOC_OFFSET = 0x800000
CONSOLE = 0xFF600000                # DEBUG_LL_VIRT: one section
SECTION = 0x100000
LAST_BYTE = 0xFFFFFFFF              # no range ends above it
TAKEN_AT_MOST = 512                 # pages that the boot's own needs take
SMALL_BYTES = 64 * PAGE             # page tables, pageblock flags, arrays
# Where a managed page of a machine at rest can be.
KINDS = ("free_pages", "pcp_pages", "slab_pages", "table_pages")
CLAIMS: list[Callable[["Booted"], None]] = []


def claim(function: Callable[["Booted"], None]) -> Callable[["Booted"], None]:
    """Add to the list that test modules go through."""
    CLAIMS.append(function)
    return function


@dataclass(frozen=True)
class Booted:
    """A board, what became of it, and what should have."""
    board: Board
    outcome: Outcome

    @property
    def state(self) -> dict[str, Any]:
        """What was read out; fails when the boot did not get there."""
        assert self.outcome.state, (
            f"{self.outcome.end}: {self.outcome.console[-2000:]}")
        return self.outcome.state

    @cached_property
    def handed_over(self) -> Oracle:
        """After mem_init()."""
        return Oracle(self.board, ranges_of(self.state["reserved"]))

    @cached_property
    def at_rest(self) -> Oracle:
        """After the CMA areas came back."""
        return Oracle(self.board, ranges_of(self.state["reserved"]),
                      self.board.cma)

    def mem_map_bytes(self) -> int:
        """In whole blocks of the largest order."""
        first = self.handed_over.min_pfn // MAX_BLOCK
        last = -(-self.handed_over.max_pfn // MAX_BLOCK)
        return (last - first) * MAX_BLOCK * PAGE_BYTES


@claim
def zones_are_those_of_the_tree(booted: Booted) -> None:
    for found, wanted in zip(booted.state["zones"], booted.at_rest.zones()):
        assert (found["zone_start_pfn"], found["spanned_pages"],
                found["present_pages"]) == (wanted.start, wanted.spanned,
                                            wanted.present), found["name"]
    limits = ("min_low_pfn", "max_low_pfn", "max_pfn")
    assert [booted.state[name] for name in limits] == [
        getattr(booted.at_rest, name) for name in ("min_pfn", "max_low_pfn",
                                                   "max_pfn")]
    assert booted.state["max_mapnr"] == booted.at_rest.max_pfn - RAM // PAGE


@claim
def memblock_memory_is_the_trees_whole_pages(booted: Booted) -> None:
    found = [(base // PAGE, (base + size) // PAGE)
             for base, size in ranges_of(booted.state["memory"])]
    assert found == booted.at_rest.ranges()
    assert not any(number % PAGE for pair in ranges_of(booted.state["memory"])
                   for number in pair)


@claim
def managed_and_free_pages_are_what_nothing_reserves(booted: Booted) -> None:
    wanted = booted.at_rest.zones()
    bitmaps = [sum(bitmap_pages(area) for area in booted.state["cma_areas"]),
               0, 0]
    for found, zone, taken in zip(booted.state["zones"], wanted, bitmaps):
        assert found["managed_pages"] == zone.free_pages
        assert sum(found[kind] for kind in KINDS) + taken == zone.free_pages
    assert booted.state["totalram_pages"] == sum(z.free_pages for z in wanted)
    assert booted.state["totalhigh_pages"] == wanted[1].free_pages


def bitmap_pages(area: dict[str, Any]) -> int:
    """Pages that a CMA area's bitmap takes; a small one is in a slab."""
    size = -(-area["count"] // 32) * 4 if area["active"] else 0
    if size <= 2 * PAGE:
        return 0
    return 1 << (-(-size // PAGE) - 1).bit_length()


@claim
def blocks_after_mem_init_are_the_largest_that_fit(booted: Booted) -> None:
    truth_is(booted.state["truth_mem_init"], booted.handed_over)


@claim
def blocks_when_cma_is_back_are_all_that_is_not_taken(booted: Booted) -> None:
    for found, zone in zip(booted.state["truth_cma"]["zones"],
                           booted.at_rest.zones()):
        assert found["memory_pages"] == zone.present
        assert found["reserved_pages"] == zone.reserved
        # The console's interrupt comes after it, and takes a little.
        assert 0 <= zone.free_pages - found["free_pages"] <= TAKEN_AT_MOST
        if zone.free_pages == found["free_pages"]:
            assert found["blocks"] == zone.blocks(len(found["blocks"]))
            assert found["free_digest"] == zone.digest()


@claim
def free_blocks_at_rest_are_all_free_pages(booted: Booted) -> None:
    for found in booted.state["zones"]:
        assert found["free_pages"] == sum(
            count << order for order, count in enumerate(found["nr_free"]))


@claim
def slabs_are_up(booted: Booted) -> None:
    assert booted.state["slab_state"] == 1


def truth_is(truth: dict[str, Any], oracle: Oracle) -> None:
    """The guest's own look at each page against the frames."""
    assert truth["recorded"] == 1
    for found, zone in zip(truth["zones"], oracle.zones()):
        assert found["memory_pages"] == zone.present
        assert found["reserved_pages"] == zone.reserved
        assert found["free_pages"] == zone.free_pages
        assert found["blocks"] == zone.blocks(len(found["blocks"]))
        assert found["free_digest"] == zone.digest()


@claim
def linear_map_is_lowmem_and_nothing_else(booted: Booted) -> None:
    start = booted.state["high_memory"] + VMALLOC_OFFSET
    found = [run for run in booted.state["translations"]
             if PAGE_OFFSET <= run[0] < start - start % VMALLOC_OFFSET]
    assert all(run[1] - RAM == run[0] - PAGE_OFFSET for run in found)
    mapped = pages_of(found)
    missing = pages_of(booted.at_rest.mapped(PAGE_OFFSET)) - mapped
    surplus = mapped - pages_of(booted.at_rest.mapped(booted.state["_end"]))
    assert not missing, f"{len(missing)} from {min(missing) * PAGE:#x} on"
    assert not surplus, f"{len(surplus)} from {min(surplus) * PAGE:#x} on"


@claim
def vmalloc_area_has_its_areas_and_nothing_else(booted: Booted) -> None:
    start = booted.state["high_memory"] + VMALLOC_OFFSET
    start -= start % VMALLOC_OFFSET
    areas = booted.state["vmap_areas"]
    assert [CONSOLE, SECTION // PAGE] in areas
    found = [run for run in booted.state["translations"]
             if start <= run[0] < VMALLOC_END]
    assert pages_of(found) == pages_of([[virt, 0, pages]
                                        for virt, pages in areas])


def pages_of(runs: list[list[int]]) -> set[int]:
    """The virtual page numbers of runs."""
    return {page for virt, _, pages in runs
            for page in range(virt // PAGE, virt // PAGE + pages)}


@claim
def edges_of_lowmem_can_be_read_and_written(booted: Booted) -> None:
    for addr, can in booted.state["accessible"].items():
        wanted = addressable(booted, int(addr))
        assert can == wanted, f"{int(addr):#x} is {'' if can else 'not '}there"


def addressable(booted: Booted, addr: int) -> bool:
    """Whether the linear map must hold a virtual address."""
    return any(virt <= addr < virt + pages * PAGE for virt, _, pages in
               booted.at_rest.mapped(booted.state["_end"]))


@claim
def mem_map_of_holes_is_given_back(booted: Booted) -> None:
    reserved = ranges_of(booted.state["reserved"])
    mem_map = booted.state["mem_map"]
    for start, end in booted.handed_over.mem_map_holes(mem_map):
        assert covered(reserved, start, end - start) == 0, hex(start)
    # What shares a largest block with memory stays: the buddy looks at it.
    for start, end in booted.handed_over.ranges():
        start = start // MAX_BLOCK * MAX_BLOCK
        size = (-(-end // MAX_BLOCK) * MAX_BLOCK - start) * PAGE_BYTES
        at = Oracle.page_phys(mem_map, start)
        assert covered(reserved, at, size) == size, hex(at)


@claim
def reservations_are_the_declared_ones_and_little_more(booted: Booted) -> None:
    state, reserved = booted.state, ranges_of(booted.state["reserved"])
    image = (state["_stext"] - PAGE_OFFSET + RAM,
             state["_end"] - state["_stext"])
    tables = (state["swapper_pg_dir"] - PAGE_OFFSET + RAM, 0x4000)
    memreserve = [(base, min(size, LAST_BYTE - base))
                  for base, size in booted.board.memreserve]
    declared = joined([image, tables, tuple(state["tree"]), *memreserve,
                       *booted.board.cma, *booted.board.static])
    for base, size in declared:
        assert covered(reserved, base, size) == size, hex(base)
    # The rest is what the boot itself allocated.
    rest = sum(size for _, size in reserved) - sum(size for _, size in declared)
    assert rest <= booted.mem_map_bytes() + SMALL_BYTES


@claim
def no_invariant_is_broken_and_nothing_complains(booted: Booted) -> None:
    state = booted.state
    assert state["zone_check"] == [None] * len(state["zones"])
    assert state["mm_check"] is None
    assert state["nr_bad_pages"] == state["nr_warnings"] == 0
    assert "Bad page" not in booted.outcome.console


@claim
def cma_areas_came_back_as_cma_pageblocks(booted: Booted) -> None:
    wanted = sorted(booted.board.cma)
    found = sorted((area["base_pfn"] * PAGE, area["count"] * PAGE)
                   for area in booted.state["cma_areas"] if area["active"])
    assert found == wanted
    for i, zone in enumerate(booted.at_rest.zones()):
        pages = sum(size // PAGE for base, size in wanted
                    if zone.start <= base // PAGE < zone.start + zone.spanned)
        truth = booted.state["truth_cma"]["zones"][i]
        assert truth["cma_blocks"] * MAX_BLOCK == pages
        assert booted.state["zones"][i]["free_cma"] == pages
        before = booted.state["truth_mm_init"]["zones"][i]
        assert before["cma_blocks"] == 0
