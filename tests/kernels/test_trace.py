# SPDX-License-Identifier: GPL-2.0-or-later
"""mm trace, held to what the kernel itself counts between the same two stops.

From one file of /proc to the next, which a program of its own reads: some
hundred events. Pages are what the kernel's vm_event_states count, to the page;
objects what is in use by cache, out of memory; areas those of the lists.
"""
from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from harness.gdbmi import Gdb, GdbError
from lab_guest import LabGuest

BEGIN, END = "frag_show", "pagetypeinfo_show"
LIMITS = "--events 100000 --seconds 120"
TRACE_LIMIT_SECONDS = 300
TRIES = 3
AREAS = ("vmalloc", "vmap", "ioremap", "other")
# What a CPU does that is in the middle of something on one of the stops.
BUSY = re.compile(r" at \S*mm/(page_alloc|slub|vmalloc|mmu_gather|swap)\.c:")
# All CPUs' pages allocated and freed since boot, as vmstat counts them.
COUNT = """
import json
def number(text):
    return int(gdb.parse_and_eval(text))
word, found = gdb.lookup_type("unsigned long"), {"alloc": 0, "free": 0}
for cpu in range(number("nr_cpu_ids")):
    at = number("(unsigned long)&vm_event_states")
    at = at + number("__per_cpu_offset[%d]" % cpu) & (1 << 8 * word.sizeof) - 1
    table = gdb.parse_and_eval("(unsigned long *) %#x" % at)
    for item in gdb.lookup_type("enum vm_event_item").fields():
        name = "free" if item.name == "PGFREE" else "alloc"
        if item.name == "PGFREE" or item.name.startswith("PGALLOC_"):
            found[name] += int(table[int(item.enumval)])
print(json.dumps(found))"""


@dataclass(frozen=True)
class Traced:
    """One trace, and what was so before and after it."""
    report: dict[str, Any]
    pages: dict[str, int]           # that the kernel counted meanwhile
    before: dict[str, Any]          # snapshots
    after: dict[str, Any]
    left: list[str]                 # breakpoints afterwards
    rcu_sheaves: bool


def count(guest: LabGuest) -> dict[str, int]:
    """What the kernel has counted so far."""
    return json.loads(guest.gdb.run(f"python exec({COUNT!r})"))


def kept(gdb: Gdb, name: str) -> dict[str, Any]:
    """Take a snapshot; what is in it."""
    gdb.run(f"mm snapshot {name}")
    return json.loads(gdb.run(
        "python import json; from mmscope.session.load import _current; "
        f"print(json.dumps(_current.kept['{name}']['state']))"))


def quiet(gdb: Gdb) -> bool:
    """No CPU is inside an allocator."""
    return BUSY.search(gdb.run("thread apply all bt 24")) is None


@pytest.fixture(scope="module")
def traced(booted_guest: LabGuest) -> Traced:
    """A trace between two stops at which nothing is half done."""
    for _ in range(TRIES):
        with booted_guest.held_in(BEGIN) as gdb:
            gdb.run("delete")
            begins_quiet = quiet(gdb)
            before, counted = kept(gdb, "before"), count(booted_guest)
            report = gdb.json(f"mm trace --to {END} {LIMITS} --json",
                              TRACE_LIMIT_SECONDS)
            ends = count(booted_guest)
            after = kept(gdb, "after")
            left = [gdb.run(f"{which}info breakpoints")
                    for which in ("", "maint ")]
            if begins_quiet and quiet(gdb):
                break
    return Traced(report, {name: ends[name] - counted[name] for name in ends},
                  before, after, left, has_rcu_sheaves(gdb))


def has_rcu_sheaves(gdb: Gdb) -> bool:
    """Objects wait for RCU in sheaves, which mm slab takes for free ones."""
    try:
        return "rcu_free" in gdb.run("ptype struct slub_percpu_sheaves")
    except GdbError:
        return False


def events(traced: Traced, kind: str) -> list[dict[str, Any]]:
    return [event for event in traced.report["events"]
            if event["kind"] == kind]


def test_it_ends_where_it_should_and_leaves_nothing(traced: Traced) -> None:
    report = traced.report
    assert report["ended"] == f"{END} is reached"
    assert traced.left == ["No breakpoints or watchpoints.\n"] * 2
    assert report["unknown"] == 0, report["unknown_why"]
    # A call that gives or takes many is a stop or two, all others are one.
    assert 0 < report["stops"] <= 1.5 * len(report["events"])


def test_pages_are_as_many_as_the_kernel_counts(traced: Traced) -> None:
    pages = Counter()
    for event in events(traced, "pages"):
        pages[event["event"]] += 1 << event["order"]
    assert (pages["alloc"], pages["free"]) == (
        traced.pages["alloc"], traced.pages["free"])
    assert pages["alloc"] > 10 < pages["free"]


def test_objects_are_as_many_as_are_in_use(traced: Traced) -> None:
    moved, rcu = Counter(), Counter()
    for event in events(traced, "slab"):
        if event["cache"]:
            moved[event["cache"]] += {"alloc": 1, "free": -1}.get(
                event["event"], 0)
    used = Counter({cache["name"]: cache["used"]
                    for cache in traced.after["caches"]})
    used.subtract({cache["name"]: cache["used"]
                   for cache in traced.before["caches"]})
    wrong = {name: (moved[name], used[name]) for name in used
             if moved[name] != used[name]}
    if traced.rcu_sheaves:      # memory counts those that wait there as free
        rcu.update(name for name in wrong if name == "maple_node"
                   or name.startswith("kmalloc-"))
    assert set(wrong) <= set(rcu), wrong
    assert len({event["cache"] for event in events(traced, "slab")}) > 10


def test_areas_are_those_that_came_and_went(traced: Traced) -> None:
    before, after = ({area["start"]: area["end"] - area["start"]
                      for area in state["areas"] if area["kind"] in AREAS}
                     for state in (traced.before, traced.after))
    mine = dict(before)
    for event in events(traced, "vmalloc"):
        if event["event"] == "alloc":
            mine[event["address"]] = event["bytes"]
        elif event["event"] == "free":
            assert mine.pop(event["address"]) == event["bytes"]
    assert mine == after


def test_callers_are_functions_outside_of_the_allocators(
        traced: Traced) -> None:
    for kind, own in (("pages", "page_alloc.c"), ("slab", "slub.c")):
        callers = Counter(event["caller"] for event in events(traced, kind))
        assert callers["?"] <= len(events(traced, kind)) // 20, callers
        assert len(callers) > 5
        for event in events(traced, kind):
            if event["event"] == "alloc":
                assert not (event["file"] or "").endswith(own), event


def test_a_filter_and_the_time(booted_guest: LabGuest) -> None:
    with booted_guest.held_in(BEGIN) as gdb:
        gdb.run("delete")
        report = gdb.json("mm trace --cache filp --seconds 3 --events 4 "
                          "--json")
        assert {event["cache"] for event in report["events"]} <= {"filp"}
        assert report["ended"] in ("4 events were seen", "the time is up")
        with pytest.raises(GdbError, match="no zone Frob"):
            gdb.run("mm trace --zone Frob")
        text = gdb.run("mm trace pages --seconds 0.2")
        assert max(map(len, text.splitlines())) <= 80
        assert gdb.run("maint info breakpoints") == \
            "No breakpoints or watchpoints.\n"
