# SPDX-License-Identifier: GPL-2.0-or-later
"""Caches, slabs and objects, held to what the kernel prints and hands out.

Stopped where slab_show begins a batch of /proc/slabinfo, all text of ours is
taken; then this CPU alone prints the batch into the buffer of the seq_file.
The next object that a cache gives out is known before it is asked for.
"""
from __future__ import annotations

import re
from typing import Any

import pytest

from harness.gdbmi import Gdb
from lab_guest import HELD_LIMIT_SECONDS, LabGuest
from proc_text import batch, finish

BATCHES = 60        # a batch is a page of text
ALLOCATORS = ("kmem_cache_alloc_noprof", "kmem_cache_alloc")
ALLOCATIONS = 20
SOUND_STOPS = 5
SCAN_LIMIT_SECONDS = 60


@pytest.fixture(scope="module")
def lines(booted_guest: LabGuest) -> dict[str, tuple[str, str]]:
    """Cache -> its line of ours, and of the kernel, of one moment.

    Where they differ in one batch, those of a later one are taken.
    """
    found: dict[str, tuple[str, str]] = {}
    order: list[str] = []
    with booted_guest.held_in("slab_show") as gdb:
        address = gdb.number("(unsigned long)$pc")
        for _ in range(BATCHES):
            ours = by_name(gdb.run("mm slabinfo"))
            order = list(ours)
            for name, line in by_name(batch(booted_guest, gdb)).items():
                if name not in found or found[name][0] != found[name][1]:
                    found[name] = ours.get(name, ""), line
            if set(order) <= set(found) and all(a == b for a, b in
                                                found.values()):
                break
            booted_guest.next_hit(address, HELD_LIMIT_SECONDS)
    return {name: found.get(name, (ours[name], "")) for name in order}


def by_name(text: str) -> dict[str, str]:
    """Whole lines by the name of the cache; the header is one, too."""
    return {re.split(" +[0-9<]", line)[0]: line
            for line in text.splitlines(keepends=True)}


def test_every_line_of_slabinfo_is_the_kernels(
        lines: dict[str, tuple[str, str]]) -> None:
    assert len(lines) > 60
    wrong = {name: pair for name, pair in lines.items() if pair[0] != pair[1]}
    assert not wrong


# --- every cache --------------------------------------------------------------

@pytest.fixture(scope="module")
def caches(booted_guest: LabGuest) -> dict[str, dict[str, Any]]:
    """Cache -> mm slab NAME, of a moment when nothing was wrong with it.

    A CPU may be stopped where a slab is on its way from list to list: what is
    wrong at one stop is looked at again at later ones.
    """
    found: dict[str, dict[str, Any]] = {}
    with booted_guest.held_in("slab_show") as gdb:
        address = gdb.number("(unsigned long)$pc")
        names = [row["name"] for row in gdb.json("mm slab --json")["caches"]]
        for _ in range(SOUND_STOPS):
            for name in names:
                if name not in found or found[name]["problems"]:
                    found[name] = gdb.json(f"mm slab {name} --json")
            if not any(each["problems"] for each in found.values()):
                break
            booted_guest.next_hit(address, HELD_LIMIT_SECONDS)
    return found


def test_nothing_is_wrong_with_any_slab(
        caches: dict[str, dict[str, Any]]) -> None:
    assert len(caches) > 60
    assert not [problem for each in caches.values()
                for problem in each["problems"]]


def test_freelists_add_up(caches: dict[str, dict[str, Any]]) -> None:
    slabs = [slab for each in caches.values() for slab in each["cache"]["slabs"]]
    assert sum(len(slab["free"]) > 2 for slab in slabs) > 8
    assert all(slab["objects"] - slab["inuse"] == len(slab["free"])
               for slab in slabs)


def test_what_cpus_keep_is_there(caches: dict[str, dict[str, Any]]) -> None:
    """Either slabs or sheaves, as this kernel has them."""
    cpus = [cpu for each in caches.values() for cpu in each["cache"]["cpus"]]
    sheaves = [sheaf for each in caches.values()
               for sheaf in each["cache"]["sheaves"]]
    assert bool(cpus) != bool(sheaves)
    kept = [each for cpu in cpus for each in cpu["free"]] \
        + [each for sheaf in sheaves for each in sheaf["objects"]]
    assert len(kept) > 50 and len(set(kept)) == len(kept)


# --- all slabs in memory ------------------------------------------------------

def test_all_slabs_of_a_cache_are_found(booted_guest: LabGuest) -> None:
    """Their number and that of their objects is what the kernel counts."""
    names = ("vm_area_struct", "kmalloc-256", "kmem_cache")
    with booted_guest.held_in("slab_show") as gdb:
        reports = [gdb.json(f"mm slab {name} --objects --json",
                            limit_seconds=SCAN_LIMIT_SECONDS) for name in names]
        count = len(gdb.json("mm slab --json")["caches"])
    for name, report in zip(names, reports):
        row, = report["caches"]
        detail = report["cache"]
        assert report["problems"] == []
        assert len(detail["slabs"]) == row["slabs"]
        assert len(detail["objects"]) == row["num_objs"]
        free = [each for each in detail["objects"] if each["free"]]
        kept = sum(len(cpu["free"]) for cpu in detail["cpus"]) \
            + sum(len(sheaf["objects"]) for sheaf in detail["sheaves"])
        assert len(free) == kept + sum(len(s["free"]) for s in detail["slabs"])
        if name == "kmem_cache":
            assert len(detail["objects"]) - len(free) == count


# --- the next object ----------------------------------------------------------

def test_the_next_object_is_the_one_that_is_given_out(
        booted_guest: LabGuest) -> None:
    """And then the one behind it is the next: its hidden address was read."""
    seen: dict[str, int] = {}
    wrong = []
    with booted_guest.held_in(*ALLOCATORS) as gdb:
        address = gdb.number("(unsigned long)$pc")
        for _ in range(ALLOCATIONS):
            name = gdb.run('printf "%s", s->name')
            cpu = gdb.number("$_thread") - 1
            before = ready(gdb, name, cpu)
            if len(before) > 1:
                if finish(booted_guest, gdb):
                    given = gdb.number("(unsigned long)$")
                    after = ready(gdb, name, cpu)
                    if (given, *after) == before:
                        seen[name] = seen.get(name, 0) + 1
                    else:
                        wrong.append((name, cpu, hex(given), before, after))
            booted_guest.next_hit(address, HELD_LIMIT_SECONDS)
    # An interrupt may take or give back an object in between.
    assert len(wrong) <= 1, wrong
    assert sum(seen.values()) >= ALLOCATIONS // 2, seen


def ready(gdb: Gdb, name: str, cpu: int) -> tuple[int, ...]:
    """What a CPU gives out next of a cache, in order."""
    detail = gdb.json(f"mm slab {name} --json")["cache"]
    for each in detail["cpus"]:
        if each["cpu"] == cpu:
            return tuple(each["free"])
    for sheaf in detail["sheaves"]:
        if (sheaf["cpu"], sheaf["kind"]) == (cpu, "main"):
            return tuple(sheaf["objects"])
    return ()


def test_an_object_is_found_by_an_address_inside_it(
        booted_guest: LabGuest) -> None:
    """An object that is in use: a cache is one of the cache kmem_cache."""
    with booted_guest.held_in("slab_show") as gdb:
        rows = gdb.json("mm slab --json")["caches"]
        for row in (rows[0], rows[-1]):
            found = gdb.json(f"mm slab {row['addr']:#x}+8 --json")["object"]
            assert (found["cache"], found["offset"], found["part"]) \
                == ("kmem_cache", 8, "object")
            assert (found["object"]["addr"], found["object"]["free"]) \
                == (row["addr"], False)
