# SPDX-License-Identifier: GPL-2.0-or-later
"""What holds on every map that boots: each function is one claim."""
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Callable, Sequence

from .board import PAGE, RAM, Board
from .machine import Outcome
from .oracle import (MAX_BLOCK, PAGE_BYTES, PAGE_OFFSET, Oracle, covered,
                     joined, ranges_of)

VMALLOC_END = 0xFF800000
LAST_BYTE = 0xFFFFFFFF              # no range ends above it
SMALL_BYTES = 64 * PAGE             # page tables, pageblock flags, arrays
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
    for found, zone in zip(booted.state["zones"], wanted):
        assert found["managed_pages"] == zone.free_pages
        assert found["free_pages"] + found["slab_pages"] == zone.free_pages
    assert booted.state["totalram_pages"] == sum(z.free_pages for z in wanted)
    assert booted.state["totalhigh_pages"] == wanted[1].free_pages


@claim
def blocks_after_mem_init_are_the_largest_that_fit(booted: Booted) -> None:
    truth_is(booted.state["truth_mem_init"], booted.handed_over)


@claim
def blocks_at_rest_are_all_that_slabs_leave(booted: Booted) -> None:
    slabs = [zone["slab_pages"] for zone in booted.state["zones"]]
    assert slabs[0] > 0 == slabs[1] == slabs[2]
    truth = booted.state["truth_cma"]
    truth_is(truth, booted.at_rest, slabs)
    for found, counted in zip(booted.state["zones"], truth["zones"]):
        assert found["nr_free"] == counted["blocks"]


@claim
def slabs_are_up(booted: Booted) -> None:
    assert booted.state["slab_state"] == 1
    assert booted.state["slab_check"] is None


def truth_is(truth: dict[str, Any], oracle: Oracle,
             slabs: Sequence[int] = (0, 0, 0)) -> None:
    """The guest's own look at each page against the frames, of which each
    zone's slabs have taken so many."""
    assert truth["recorded"] == 1
    for found, zone, taken in zip(truth["zones"], oracle.zones(), slabs):
        assert found["memory_pages"] == zone.present
        assert found["reserved_pages"] == zone.reserved
        assert found["free_pages"] + taken == zone.free_pages
        assert found["free_pages"] == sum(
            count << order for order, count in enumerate(found["blocks"]))
        if not taken:
            assert found["blocks"] == zone.blocks(len(found["blocks"]))
            assert found["free_digest"] == zone.digest()


@claim
def linear_map_is_lowmem_and_nothing_else(booted: Booted) -> None:
    found = [run for run in booted.state["translations"]
             if run[0] < VMALLOC_END]
    assert all(run[1] - RAM == run[0] - PAGE_OFFSET for run in found)
    mapped = pages_of(found)
    missing = pages_of(booted.at_rest.mapped(PAGE_OFFSET)) - mapped
    surplus = mapped - pages_of(booted.at_rest.mapped(booted.state["_end"]))
    assert not missing, f"{len(missing)} from {min(missing) * PAGE:#x} on"
    assert not surplus, f"{len(surplus)} from {min(surplus) * PAGE:#x} on"


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
    assert state["memblock_check"] is None
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
