# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check finds nothing wrong with a kernel that is well: at each stop of the
boot, wherever it is stopped afterwards, and in the middle of a change."""
from __future__ import annotations

import random
import time
from typing import Any

import pytest

from boot_stops import (DECOMPRESSOR, FREE_ALL, HANDED_OVER, MM_INIT, READY,
                        RESET, SLAB_UP, START_KERNEL, Boot, at)
from harness.gdbmi import Gdb
from lab_guest import LabGuest

STOPS = (START_KERNEL, MM_INIT, FREE_ALL, HANDED_OVER, SLAB_UP, READY)
# Sound at the end of the boot on every kernel. Which others there are depends
# on it: one with discarded memblock has no MEMBLOCK, one without CMA no CMA.
ALWAYS = {"LIST-1", "LIST-2", "LIST-3", "ZONE-1", "ZONE-2", "ZONE-3", "ZONE-4",
          "BUDDY-1", "BUDDY-2", "BUDDY-3", "BUDDY-4", "BUDDY-5", "BUDDY-6",
          "BUDDY-7", "PAGE-1", "PAGE-2", "PAGE-3", "PAGE-4", "PCP-1", "PCP-2",
          "PCP-3", "PCP-4", "STAT-1", "STAT-2", "WMARK-1", "WMARK-2",
          "WMARK-3"}
GUESTS_OWN = {"POOL-1", "POOL-2", "OWNER-1", "OWNER-2", "OWNER-3", "CMA-4"}
RANDOM_STOPS = 10
LIMIT_SECONDS = 300
# Not inlined in any kernel of the lab, and called all the time; some hundred
# instructions behind its start a page is on its way from a CPU's list.
MIDDLE = "get_page_from_freelist"
STEPS, INSTRUCTIONS = 12, 23


def checked(gdb: Gdb) -> dict[str, Any]:
    """The document of mm check."""
    return gdb.json("mm check --json", limit_seconds=LIMIT_SECONDS)


@at(*STOPS)
def check(gdb: Gdb) -> dict[str, Any]:
    """What it says there."""
    return checked(gdb)


@at(RESET)
def too_early(gdb: Gdb) -> str:
    """There is nothing to look at before the first instruction."""
    try:
        return gdb.run("mm check")
    except Exception as error:
        return str(error)


def sound(found: dict[str, Any]) -> set[str]:
    """IDs that are; that none is broken."""
    assert found["problems"] == []
    assert all(each["status"] in ("ok", "skipped") and each["text"]
               for each in found["checks"])
    return {each["id"] for each in found["checks"] if each["status"] == "ok"}


@pytest.mark.parametrize("stop", STOPS)
def test_a_clean_boot_has_no_problem(boot: Boot, stop: str) -> None:
    ids = sound(boot[check, stop])
    if stop == READY:
        assert ALWAYS <= ids and not GUESTS_OWN & ids
    if stop in (START_KERNEL, MM_INIT, FREE_ALL):
        assert "MEMBLOCK-1" in ids


def test_before_the_kernel_runs_it_says_so(boot: Boot) -> None:
    assert "stage reset" in boot[too_early]
    assert not boot.reached(DECOMPRESSOR) or boot[check, READY]


def test_no_problem_wherever_it_is_stopped(booted_guest: LabGuest) -> None:
    pause = random.Random(booted_guest.kernel.name)
    for _ in range(RANDOM_STOPS):
        with booted_guest.running():
            time.sleep(pause.uniform(0.05, 0.8))
        sound(checked(booted_guest.gdb))


def test_the_middle_of_a_change_is_not_called_broken(
        booted_guest: LabGuest) -> None:
    with booted_guest.held_in(MIDDLE) as gdb:
        gdb.run("delete")
        gdb.run("set scheduler-locking on")
        inside: set[str] = set()
        for _ in range(STEPS):
            found = checked(gdb)
            sound(found)
            inside |= {each["subsystem"] for each in found["inside"]}
            gdb.go(f"stepi {INSTRUCTIONS}")
        assert inside & {"buddy", "pcp", "pages"}


def test_strict_is_content(booted_guest: LabGuest) -> None:
    text = booted_guest.gdb.run("mm check --strict",
                                limit_seconds=LIMIT_SECONDS)
    assert " 0 broken" in text.splitlines()[-1]
    assert max(map(len, text.splitlines())) <= 80
