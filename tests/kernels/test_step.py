# SPDX-License-Identifier: GPL-2.0-or-later
"""mm step through a real kernel's boot, from start_kernel to its end.

Truths: what the kernel logs of its memory right after the hand-over, its own
counters at the end, memblock's ranges right before, and arithmetic.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Iterator

import pytest

import console
from harness.gdbmi import Gdb, GdbError
from lab_guest import Kernel, LabGuest

STEP_LIMIT_SECONDS = 300
AVAILABLE = re.compile(r"Memory: (\d+)K/(\d+)K available")
SLAB_IS_UP = "SLUB: HWalign"
POSSIBLE_CPUS = re.compile(r"SLUB: HWalign=.*CPUs=(\d+)")
MOST_ON_CPUS = 4096             # of the late count: not on a zone's lists
NEEDED = {"setup_per_cpu_areas",
          "reserve", "free_range", "free_all_bootmem", "kmem_cache_init",
          "vmalloc_init", "kmem_cache_init_late", "setup_per_cpu_pageset",
          "init_per_zone_wmark_min", "page_alloc_init_late", "free_initmem"}


@dataclass(frozen=True)
class Stepped:
    """The boot, in phases."""
    steps: list[dict[str, Any]]
    report: dict[str, Any]          # of the second command
    memblock: dict[str, Any]        # right before the hand-over
    left: list[str]                 # breakpoints afterwards
    zones: dict[str, Any]           # at the end
    over: str                       # what one more says
    console: str

    def one(self, phase: str) -> dict[str, Any]:
        """What a phase changed that comes once."""
        found, = [step["change"] for step in self.steps
                  if step["phase"] == phase]
        return found


def count(change: dict[str, Any], name: str) -> tuple[int, int]:
    """Before and after."""
    each, = [each for each in change["counts"] if each["name"] == name]
    return each["before"] or 0, each["after"] or 0


def more(change: dict[str, Any], name: str) -> int:
    before, after = count(change, name)
    return after - before


def more_of(each: dict[str, Any]) -> int:
    """By how much one count grew."""
    return each["after"] - each["before"]


def refusal(gdb: Gdb) -> str:
    """The line that one more step fails with."""
    with pytest.raises(GdbError) as error:
        gdb.run("mm step")
    return str(error.value)


@pytest.fixture(scope="module")
def stepped(kernel: Kernel) -> Iterator[Stepped]:
    """A guest of its own."""
    guest = LabGuest(kernel)
    gdb = guest.gdb
    try:
        guest.run_to("start_kernel")
        gdb.run("delete")
        steps = gdb.json("mm step --to setup_per_cpu_areas --json",
                         STEP_LIMIT_SECONDS)["steps"]
        guest.run_to("memblock_free_all")       # the user goes on alone
        gdb.run("delete")
        memblock = gdb.json("mm memblock --json")
        report = gdb.json("mm step --all --json", STEP_LIMIT_SECONDS)
        left = [gdb.run(f"{which}info breakpoints") for which in ("", "maint ")]
        zones = gdb.json("mm zones --json")
        with guest.running():
            console.wait_ready(guest.serial)
        yield Stepped(steps + report["steps"], report, memblock, left, zones,
                      refusal(gdb), guest.console())
    finally:
        guest.close()


def test_phases_are_those_of_this_kernel(stepped: Stepped) -> None:
    phases = [step["phase"] for step in stepped.steps]
    assert NEEDED <= set(phases), NEEDED - set(phases)
    assert [step["number"] for step in stepped.steps] == list(
        range(1, len(phases) + 1))
    alone = [phase for phase in phases if phase != "free_range"]
    assert len(alone) == len(set(alone)) and stepped.report["over"]
    assert all(step["change"] for step in stepped.steps)


def test_nothing_is_left_behind(stepped: Stepped) -> None:
    assert stepped.left == ["No breakpoints or watchpoints.\n"] * 2
    assert "the boot is over" in stepped.over


def test_range_after_range_is_what_memblock_had(stepped: Stepped) -> None:
    free = [step["change"] for step in stepped.steps
            if step["phase"] == "free_range"]
    page = console.page_bytes(stepped.console)
    phases = {step["phase"] for step in stepped.steps}
    low = stepped.memblock["current_limit"] // page
    whole = [(min(each["end"] // page, low) if "free_highpages" in phases
              else each["end"] // page) - -(-each["start"] // page)
             for each in stepped.memblock["free"]]
    sizes = [more(change, "free_pages") for change in free]
    given = [-sum(owner["after"] - owner["before"]
                  for owner in change["owners"] if owner["kind"] == "memblock")
             for change in free] if deferred(stepped) else sizes
    whole = [pages for pages in whole if pages > 0]
    assert sum(given) == more(stepped.one("free_all_bootmem"),
                              "totalram_pages") > 0
    if deferred(stepped):       # what of a range is not: the kernel's choice
        rest = iter(whole)
        assert all(any(size <= pages for pages in rest) for size in sizes)
    else:
        assert given == whole


def test_reserved_pages_are_all_that_are_not_given(stepped: Stepped) -> None:
    page = console.page_bytes(stepped.console)
    free = sum(max(each["end"] // page - -(-each["start"] // page), 0)
               for each in stepped.memblock["free"])
    flags, = [step["flags"] for step in stepped.steps
              if step["phase"] == "reserve"]
    assert flags["frames"] - flags["reserved"]["after"] == free
    assert flags["reserved"]["before"] < flags["reserved"]["after"]
    assert flags["changed"] >= more_of(flags["reserved"])


def test_pagesets_move_out_of_the_boots_own(stepped: Stepped) -> None:
    moved, = [step["pagesets"] for step in stepped.steps
              if step["phase"] == "setup_per_cpu_pageset"]
    with_memory = {zone["name"] for zone in stepped.zones["zones"]
                   if zone["present_pages"]}
    assert {each["zone"] for each in moved} == with_memory
    assert {each["was"] for each in moved} <= {"boot_pageset", "boot_pagesets"}
    assert len({each["after"] for each in moved}) == len(moved)
    cpus = int(POSSIBLE_CPUS.search(stepped.console)[1])
    assert {each["cpus"] for each in moved} == {cpus}


def deferred(stepped: Stepped) -> bool:
    """Whether struct pages of most memory are initialised later on."""
    return any(owner["kind"] == "deferred" and owner["after"]
               for step in stepped.steps for owner in step["change"]["owners"])


def test_the_log_says_as_many_free_pages(stepped: Stepped) -> None:
    available = AVAILABLE.search(stepped.console)
    pages = (int(available[1]) << 10) // console.page_bytes(stepped.console)
    if available.start() < stepped.console.index(SLAB_IS_UP):
        assert pages == count(stepped.one("kmem_cache_init"), "free_pages")[0]
        return
    # The kernel says it when the deferred pages are there: in this phase.
    late = stepped.one("page_alloc_init_late")
    before = count(late, "free_pages")[0] + count(late, "pcp_pages")[0]
    came = sum(owner["before"] for owner in late["owners"]
               if owner["kind"] == "deferred")
    used = -(more(late, "free_pages") + more(late, "pcp_pages") - came)
    assert before + came - max(used, 0) <= pages + MOST_ON_CPUS
    assert pages <= before + came


def test_counters_add_up(stepped: Stepped) -> None:
    report = stepped.report
    total = count(report["total"], "totalram_pages")
    assert total[1] == stepped.zones["totalram_pages"] == sum(
        zone["managed_pages"] for zone in stepped.zones["zones"])
    outer = min(len(step["inside"]) for step in report["steps"])
    for name in ("free_pages", "totalram_pages", "slabs", "reserved_bytes"):
        inside = sum(more(step["change"], name) for step in report["steps"]
                     if len(step["inside"]) == outer)
        assert inside + report["between"][name] == more(report["total"], name)
