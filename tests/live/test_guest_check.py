# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check finds nothing wrong with the guest, at no phase, in the middle of no change, and does find what is."""
from __future__ import annotations

import re

import pytest

from harness.gdbmi import Gdb
from guest import Guest

PHASES = ("paging_init", "bootmem_init", "setup_per_cpu_areas", "mm_init", "mem_init", "kmem_cache_init",
          "percpu_init_late", "vmalloc_init", "kmem_cache_init_late", "init_per_zone_wmark_min",
          "cma_init_reserved_areas", "cpu_idle")
# Functions that leave lists half changed, and how many of their instructions are looked at.
MIDDLES = {"__free_one_page": 60, "expand": 60, "free_pcppages_bulk": 80, "rmqueue_bulk": 80}
STEP = 7            # instructions at once: no multiple of a loop's length
LIMIT_SECONDS = 30


def checked(gdb: Gdb) -> dict:
    """The document of mm check, which must have no problem."""
    found = gdb.json("mm check --json")
    assert found["problems"] == []
    assert {each["status"] for each in found["checks"]} <= {"ok", "skipped"}
    return found


def status(found: dict, id_: str) -> dict:
    """The row of one ID."""
    return next(each for each in found["checks"] if each["id"] == id_)


def test_a_clean_boot_has_no_problem_at_any_phase(each_board: Guest) -> None:
    seen = set()
    for phase in PHASES:
        each_board.run_to(phase)
        seen |= {each["id"] for each in checked(each_board.gdb)["checks"] if each["status"] == "ok"}
    assert {"BUDDY-1", "BUDDY-7", "PAGE-4", "PCP-3", "PCP-4", "STAT-2", "WMARK-3", "ZONE-3", "CMA-4", "ISO-2", "POOL-2",
            "MEMBLOCK-5"} <= seen
    text = each_board.gdb.run("mm check --strict")
    assert re.search(r"\n\d+ invariants: \d+ sound, \d+ skipped, 0 broken$", text.strip())
    assert max(map(len, text.splitlines())) <= 80


def test_page_owner_is_checked_where_it_is_on(boot) -> None:
    guest = boot("article", "--append", "page_owner=on").load()
    guest.run_to("cpu_idle")
    assert {status(checked(guest.gdb), f"OWNER-{number}")["status"] for number in (1, 2, 3)} == {"ok"}


@pytest.fixture(scope="module")
def busy(boot) -> Guest:
    """A guest in the middle of its work."""
    guest = boot("virt", "--memory", "64M", "--append", "cma=16M scenario=mixed,5").load()
    guest.run_to("scenario_run_boot_arg")
    return guest


def go_to(gdb: Gdb, function: str) -> None:
    """Let it come by a function once more."""
    gdb.run(f"break {function}")
    try:
        stop = gdb.go("continue", LIMIT_SECONDS)
    finally:
        gdb.run("delete")
    assert stop.function == function


def steps(gdb: Gdb, count: int) -> list[dict]:
    """What mm check says on the way through a function, some instructions apart."""
    found = [checked(gdb)]
    for _ in range(count // STEP):
        gdb.go(f"stepi {STEP}")
        found.append(checked(gdb))
    return found


@pytest.mark.parametrize("function", MIDDLES)
def test_the_middle_of_a_change_is_not_called_broken(busy: Guest, function: str) -> None:
    gdb = busy.gdb
    go_to(gdb, function)
    found = steps(gdb, MIDDLES[function])
    inside = {each["text"] for document in found for each in document["inside"]}
    assert any(text.startswith(function) for text in inside)


def test_what_looks_broken_there_is_said_to_be_half_done(busy: Guest) -> None:
    gdb = busy.gdb
    go_to(gdb, "expand")
    texts = [each["text"] for document in steps(gdb, 120) for each in document["checks"]
             if each["status"] == "skipped" and "the stop is inside" in each["text"]]
    assert texts and all("CPU 0" in text or "the lock of zone" in text for text in texts)


def test_strict_makes_a_broken_one_a_failed_command_after_all_is_printed(boot) -> None:
    guest = boot("article").load()
    guest.run_to("cpu_idle")
    gdb = guest.gdb
    gdb.run("set var contig_page_data.node_zones[0].free_area[3].nr_free += 1")
    found = gdb.json("mm check --json")
    problem, = found["problems"]
    assert problem["id"] == "BUDDY-1" and problem["cause"] and problem["expected"] == problem["actual"] - 1
    assert status(found, "BUDDY-1")["status"] == "broken" and status(found, "BUDDY-2")["status"] == "ok"
    assert "BUDDY-1: " in gdb.run("mm check")
    assert guest.fails("mm check --strict").endswith("1 problem: BUDDY-1")
    gdb.run("set var contig_page_data.node_zones[0].free_area[3].nr_free -= 1")
    checked(gdb)
