# SPDX-License-Identifier: GPL-2.0-or-later
"""mm trace sees what the guest writes down itself: how often it allocated and freed, what it holds, by whom."""
import os
import signal
import threading
import time
from collections import Counter

import pytest

from guest import ROOT
from harness.gdbmi import GdbError
from test_life import HELD
from test_page_owner import record

TRUTH_PAGES, TRUTH_KMALLOC, TRUTH_CACHE, TRUTH_VMALLOC = 1, 2, 3, 4
OF_TRUTH = {"truth_alloc_pages": TRUTH_PAGES, "truth_kmalloc": TRUTH_KMALLOC, "truth_cache_alloc": TRUTH_CACHE,
            "truth_vmalloc": TRUTH_VMALLOC}
LONG = "--events 100000 --seconds 120"


def nothing_left(gdb):
    """No breakpoint of anybody's, and the stub reads virtual addresses."""
    assert gdb.run("info breakpoints") == gdb.run("maint info breakpoints") == "No breakpoints or watchpoints.\n"
    assert 'received: "0"' in gdb.run("maint packet qqemu.PhyMemMode")


@pytest.fixture(scope="module")
def guest(boot):
    """A small board, idle, with page_owner, and with so many vmalloc addresses that most of its memory is HighMem."""
    guest = boot("virt", "--memory", "256M", "--append", "vmalloc=850M page_owner=on").load()
    guest.run_to("cpu_idle")
    yield guest


def call(guest, function, *args):
    """The guest calls a function next, and is idle again when it returns."""
    gdb = guest.gdb
    for number, value in enumerate(args):
        gdb.run(f"set var $r{number} = (unsigned long) ({value})")
    gdb.run("set var $lr = (unsigned long) &cpu_idle")
    gdb.run(f"set var $pc = (unsigned long) &{function}")


def scenario(guest, name, seed, ops):
    """The guest runs a scenario next."""
    names = [guest.gdb.run(f"printf \"%s\", scenarios[{index}].name") for index in range(8)]
    call(guest, "scenario_run", f"scenarios[{names.index(name)}].name", seed, ops)


def truth(guest):
    """What the guest counted in its last run."""
    run = "truth_runs[(truth_nr_runs - 1) % 16]"
    return {name: guest.gdb.number(f"{run}.{name}") for name in ("allocs", "frees", "failures", "held")}


def held(guest):
    """(kind, order, pfn, addr, size, cache's name) of what the guest holds."""
    script = guest.folder / "held.gdb"
    script.write_text(HELD + "\n")
    lines = [line.split() for line in guest.gdb.run(f"source {script}").splitlines()]
    return [(*map(int, numbers), name) for *numbers, name in lines]


def things(guest):
    """What of it is traced: its kind, and its pfn or address."""
    return {(each[0], each[2] or each[3] % 2**32) for each in held(guest) if each[0] in OF_TRUTH.values()}


def still(report, kinds=None):
    """Events of what is held at the end, by brute force over all of them: no block is freed in parts here."""
    alive = {}
    for event in report["events"]:
        key = event["kind"], event["pfn"] if event["kind"] == "pages" else event["address"]
        if event["event"] == "alloc":
            alive[key] = event
        elif event["event"] == "free":
            alive.pop(key, None)
    return [event for event in alive.values() if kinds is None or event["caller"] in kinds]


def total(report, kind, name):
    """One number of a kind's sum."""
    one, = [row for row in report["totals"] if row["kind"] == kind]
    return one[name]


def rows(report, kind):
    """By caller."""
    return {row["caller"]: row for row in report["callers"] if row["kind"] == kind}


def sound(report):
    """Rows add up, and nothing was left out."""
    assert report["unknown"] == 0 and report["lost"] == 0 and report["problems"] == []
    assert [event["number"] for event in report["events"]] == list(range(1, len(report["events"]) + 1))
    for sums in report["totals"]:
        own = rows(report, sums["kind"]).values()
        for name in ("allocs", "allocated_bytes", "frees", "freed_bytes", "held", "held_bytes", "failed"):
            assert sums[name] == sum(row[name] for row in own)


def test_pages_are_those_that_the_guest_counts(guest):
    scenario(guest, "orders", 1, 150)
    report = guest.gdb.json(f"mm trace pages --to cpu_idle {LONG} --json")
    sound(report)
    assert report["ended"] == "cpu_idle is reached" and report["stops"] == len(report["events"])
    run = truth(guest)
    found = rows(report, "pages")
    assert (found["truth_alloc_pages"]["allocs"], found["truth_free"]["frees"]) == (run["allocs"], run["frees"])
    assert set(found) == {"truth_alloc_pages", "truth_free"} and run["allocs"] > 50 < run["frees"] + 20
    mine = sorted((each[2], each[1]) for each in held(guest))
    assert sorted((event["pfn"], event["order"]) for event in still(report)) == mine
    assert found["truth_alloc_pages"]["held"] == run["held"] == len(mine)
    assert found["truth_alloc_pages"]["held_bytes"] == sum(4096 << order for _, order in mine)
    for event in still(report):
        page = guest.gdb.json(f"mm page pfn:{event['pfn']} --json")
        assert (page["zone"], page["node"]) == (event["zone"], event["node"])
        ip = record(guest.gdb, page["page"])["ip"]
        assert guest.gdb.run(f"info symbol {ip:#x}").split()[0] == event["caller"]


def test_a_filter_by_order_or_zone_lets_through_what_it_says(guest):
    scenario(guest, "orders", 2, 60)
    report = guest.gdb.json(f"mm trace --order 0 --to cpu_idle {LONG} --json")
    sound(report)
    assert report["kinds"] == ["pages"] and {event["order"] for event in report["events"]} == {0}
    assert report["stops"] > len(report["events"]) > 5
    scenario(guest, "orders", 3, 60)
    report = guest.gdb.json(f"mm trace pages --zone highmem --to cpu_idle {LONG} --json")
    assert {event["zone"] for event in report["events"]} == {"HighMem"} and report["events"]
    call(guest, "scenario_release")
    count = len(held(guest))
    report = guest.gdb.json(f"mm trace pages --to cpu_idle {LONG} --json")
    sound(report)
    assert (total(report, "pages", "frees"), total(report, "pages", "allocs")) == (count, 0) == (
        report["frees_of_others"], 0)
    assert held(guest) == []


def test_objects_are_those_that_the_guest_counts(guest):
    scenario(guest, "slab", 1, 150)
    report = guest.gdb.json(f"mm trace slab --to cpu_idle {LONG} --json")
    sound(report)
    run, found = truth(guest), rows(report, "slab")
    assert found["truth_kmalloc"]["allocs"] + found["truth_cache_alloc"]["allocs"] == run["allocs"]
    assert found["truth_free"]["frees"] == run["frees"] > 20
    mine, seen = held(guest), still(report, OF_TRUTH)
    assert sorted(event["address"] for event in seen) == sorted(each[3] % 2**32 for each in mine)
    caches = {each[3] % 2**32: each[5] for each in mine}
    for event in seen:
        assert event["cache"] is None or caches[event["address"]] in ("-", event["cache"])
        size = next(each[4] for each in mine if each[3] % 2**32 == event["address"])
        assert event["bytes"] >= size and (event["cache"] is None) == (size > 8192)


def test_a_filter_by_cache_lets_through_what_it_says(guest):
    scenario(guest, "slab", 2, 80)
    before = Counter(each[5] for each in held(guest))
    report = guest.gdb.json(f"mm trace --cache scenario_big --to cpu_idle {LONG} --json")
    after = Counter(each[5] for each in held(guest))
    sound(report)
    assert {event["cache"] for event in report["events"]} == {"scenario_big"} and report["kinds"] == ["slab"]
    assert total(report, "slab", "allocs") - total(report, "slab", "frees") == \
        after["scenario_big"] - before["scenario_big"]


def test_all_at_once_is_what_the_guest_holds_then(guest):
    scenario(guest, "mixed", 5, 60)
    before = things(guest)
    report = guest.gdb.json(f"mm trace --to cpu_idle {LONG} --json")
    sound(report)
    after, seen = things(guest), {(OF_TRUTH[event["caller"]], event["pfn"] or event["address"])
                                  for event in still(report, OF_TRUTH)}
    assert seen <= after and after - seen <= before
    assert {kind for kind, _ in seen} == set(OF_TRUTH.values())
    areas = {area["start"]: area for area in guest.gdb.json("mm vmalloc --json")["areas"]}
    for event in still(report, ("truth_vmalloc",)):
        area = areas[event["address"]]
        assert area["size"] == event["bytes"] and area["caller_symbol"].startswith("truth_vmalloc+")


def test_an_area_that_does_not_fit_is_a_failed_allocation(guest):
    call(guest, "get_vm_area", "950 << 20", 0)      # more addresses than there are
    report = guest.gdb.json(f"mm trace vmalloc --to cpu_idle {LONG} --json")
    assert [(event["event"], event["address"], event["bytes"]) for event in report["events"]] == [
        ("failed", None, None)]
    assert total(report, "vmalloc", "failed") == 1 and total(report, "vmalloc", "held") == 0


def test_only_what_one_function_calls(guest):
    call(guest, "scenario_release")
    guest.run_to("cpu_idle")
    scenario(guest, "slab", 4, 60)
    report = guest.gdb.json(f"mm trace slab --caller truth_kmalloc --to cpu_idle {LONG} --json")
    sound(report)
    assert {event["caller"] for event in report["events"]} == {"truth_kmalloc", "truth_free"}
    assert report["frees_of_others"] == 0 and report["stops"] > len(report["events"])


def test_a_number_of_events_ends_it_in_the_middle(guest):
    scenario(guest, "orders", 6, 60)
    report = guest.gdb.json("mm trace pages --events 7 --json")
    assert len(report["events"]) == report["stops"] == 7 and report["ended"] == "7 events were seen"
    assert guest.gdb.json("mm info --json")["stage"] == "booted"
    nothing_left(guest.gdb)
    report = guest.gdb.json(f"mm trace pages --to cpu_idle {LONG} --json")
    assert report["stops"] > 7
    nothing_left(guest.gdb)


def test_log_is_one_line_an_event(guest):
    scenario(guest, "orders", 7, 12)
    text = guest.gdb.run("mm trace pages --log --to cpu_idle")
    lines = [line for line in text.splitlines() if " pages   " in line]
    assert all("pfn:0x" in line and line.split()[2] in ("alloc", "free") for line in lines) and len(lines) >= 6
    assert f"Stopped (cpu_idle is reached): {len(lines)} events, {len(lines)} stops, " in text
    assert max(map(len, text.splitlines())) <= 80 and text.isascii()


def test_idle_it_ends_when_the_time_is_up(guest):
    text = guest.gdb.run("mm trace --seconds 0.3")
    begin, _, text = text.partition("\n")
    assert begin == "Tracing pages, slab, vmalloc: 1000 events or 0.3 s at most; Ctrl-C ends it."
    assert text.startswith("Nothing was allocated or freed.\nStopped (the time is up): 0 events, 0 stops, ")
    assert guest.gdb.json("mm trace slab --seconds 0.2 --json")["ended"] == "the time is up"
    assert guest.gdb.json("mm info --json")["stage"] == "booted"
    nothing_left(guest.gdb)


@pytest.mark.parametrize("options, said", [
    ("frob", "nothing is called 'frob' here; there are: pages, slab, vmalloc"),
    ("--zone DMA", "no zone DMA that has memory; there are: Normal on node 0, HighMem on node 0"),
    ("--order 11", "no order 11: there are 0 to 10"),
    ("--cache kmaloc-64", "no cache 'kmaloc-64'; there are kmalloc-64, "),
    ("--caller frob", "this kernel has no function 'frob'"),
    ("--to frob", "this kernel has no function 'frob'"),
    ("slab --order 1", "--order is of pages alone"),
    ("--zone Normal --cache kmalloc-64", "which of them?"),
    ("--events 0", "--events is 1 to"),
    ("--seconds 0", "--seconds up to"),
    ("-o /none/c", "cannot write '/none/c': there is no such folder"),
])
def test_what_names_nothing_is_said_in_one_line(guest, options, said):
    assert said in guest.fails(f"mm trace {options}")


def test_names_complete(guest):
    gdb = guest.gdb
    assert gdb.run("complete mm trace vm") == "mm trace vmalloc\n"
    assert gdb.run("complete mm trace --zone Hi") == "mm trace --zone HighMem\n"
    assert "mm trace --cache kmalloc-64\n" in gdb.run("complete mm trace --cache kmalloc-6")


def test_the_boot_is_traced_from_before_its_allocators_are_there(boot):
    guest = boot("virt", "--memory", "128M").load()
    gdb = guest.gdb
    guest.run_to("mm_init")
    report = gdb.json(f"mm trace slab vmalloc --to init_per_zone_wmark_min {LONG} --json")
    sound(report)
    used = {cache["name"]: used_objects(gdb, cache["name"]) for cache in gdb.json("mm slab --json")["caches"]}
    early = {"kmem_cache": 2, "kmem_cache_node": 2}     # that allocate from themselves, without kmem_cache_alloc()
    seen = Counter(event["cache"] for event in still(report) if event["cache"])
    assert all(0 <= used[name] - seen[name] <= early.get(name, 0) for name in used) and sum(seen.values()) > 20
    assert set(seen) <= set(used)
    guest.run_to("cpu_idle")        # an area that does fit, but there are too few pages for it
    call(guest, "truth_vmalloc", "(totalram_pages - 16) * 4096")
    report = gdb.json(f"mm trace vmalloc --to cpu_idle {LONG} --json")
    assert Counter(event["event"] for event in report["events"]) == {"alloc": 2, "free": 2}     # the array of its pages
    assert (total(report, "vmalloc", "held"), total(report, "vmalloc", "held_bytes")) == (0, 0)
    assert {event["allocated_by"] for event in report["events"]} == {None, "truth_vmalloc"} and not held(guest)
    nothing_left(gdb)


def used_objects(gdb, cache):
    """How many objects of a cache are in use, by what mm slab says of each of them."""
    return sum(not each["free"] for each in gdb.json(f"mm slab {cache} --objects --json")["cache"]["objects"])


def test_ctrl_c_tells_what_was_seen_so_far(guest):
    scenario(guest, "orders", 9, 100000)
    guest.gdb.resume("mm trace pages --events 100000 --seconds 60")
    time.sleep(2)                                   # in the middle of a stop, or between two
    os.kill(guest.gdb.pid, signal.SIGINT)
    guest.gdb.wait_stop()
    text = "".join(guest.gdb._text)
    assert "Stopped (interrupted): " in text
    nothing_left(guest.gdb)


def test_a_killed_target_leaves_nothing_behind(guest):
    threading.Timer(0.5, guest._qemu.kill).start()
    try:
        assert "the target is gone" in guest.gdb.run("mm trace pages --events 100000 --seconds 30")
    except GdbError as error:
        assert "\n" not in str(error).strip()
    guest._qemu.wait()
    assert guest.gdb.run("maint info breakpoints") == "No breakpoints or watchpoints.\n"


def test_readme_shows_what_it_prints(boot):
    guest = boot("article").load()
    guest.run_to("mm_init")
    text = guest.gdb.run("mm trace --to vmalloc_init")
    shown = (ROOT / "README.md").read_text().partition("(gdb) mm trace --to vmalloc_init\n")[2].partition("\n\n")[0]
    shown = [line[4:] for line in shown.splitlines() if line.strip() != "..."]
    assert len(shown) > 6 and set(shown) <= set(text.splitlines())
