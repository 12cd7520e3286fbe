# SPDX-License-Identifier: GPL-2.0-or-later
"""A booted kernel, held while it prints /proc/buddyinfo.

Stopped where frag_show has a zone's lock and has not printed its counts, what
our commands read is what the kernel prints next.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

import console
from harness.gdbmi import Gdb, GdbError
from harness.process import wait_for
from lab_guest import LabGuest, cma_pool

END = "mmscope: END /proc/buddyinfo\n"
PAGE_KB = 4
PRINT_LIMIT_SECONDS = 60
# Where the zone's name is printed can be the head of the loop over orders too,
# and two CPUs can report one stop twice; more stops than this is another fault.
STOPS_A_ZONE = 64
SAMPLES = (0, 100, -1)          # of a zone's free blocks, in list order


@dataclass(frozen=True)
class ZoneStop:
    """One zone while its lock is held."""
    name: str
    buddyinfo_line: str         # ours
    buddy: dict[str, Any]       # mm buddy --blocks --json
    zones: dict[str, Any]       # mm zones --json
    nr_free: list[int]          # by order, by plain GDB expressions
    counter: int                # the zone's NR_FREE_PAGES, the same
    free_pages: int             # with what CPUs have not yet added to it
    last_pages: list[dict[str, Any]]    # mm page of the last page of SAMPLES
    listed: list[tuple[int, dict[str, Any]]]    # CPU, mm page of a list's first


@dataclass(frozen=True)
class Booted:
    """Every populated zone, and what the kernel printed then."""
    stops: dict[str, ZoneStop]
    printed: dict[str, str]     # zone -> its line, with the newline
    console: str
    pool_page: dict[str, Any]   # mm page of the first page of the CMA pool
    cache_page: dict[str, Any]  # mm page of a struct kmem_cache


@pytest.fixture(scope="module")
def booted(running_guest: LabGuest) -> Booted:
    """Stop once in each zone of one read of /proc/buddyinfo."""
    names = re.findall(r"zone +(\S+)", console.section(
        console.wait_ready(running_guest.serial), "/proc/buddyinfo"))
    gdb = running_guest.attach()
    before = running_guest.console().count(END)
    stops: dict[str, ZoneStop] = {}
    seq_file = enter_first_zone(running_guest, gdb)
    for _ in range(STOPS_A_ZONE * len(names)):
        # The kernel has just written the name of the zone that it holds.
        text = gdb.run(f'printf "%s", ((struct seq_file *){seq_file})->buf')
        name = re.findall(r"zone +(\S+)", text)[-1]
        if name not in stops:
            stops[name] = look_at_zone(gdb, name)
        if len(stops) == len(names):
            break
        gdb.go()
    pool = cma_pool(running_guest.console())
    pool_page = gdb.json(f"mm page phys:{pool.base_phys:#x} --json")
    # Every cache is an object of the cache called kmem_cache.
    cache_page = gdb.json("mm page slab_caches.next --json")
    gdb.run("delete")
    gdb.run("detach")
    text = wait_for(
        "the kernel to print the /proc/buddyinfo that it was stopped in",
        lambda: (running_guest.console()
                 if running_guest.console().count(END) > before else ""),
        PRINT_LIMIT_SECONDS)
    printed = text.split(END)[before].splitlines(keepends=True)
    return Booted(stops, {re.search(r"zone +(\S+)", line)[1]: line
                          for line in printed if line.startswith("Node")},
                  text, pool_page, cache_page)


def enter_first_zone(guest: LabGuest, gdb: Gdb) -> int:
    """Stop behind frag_show's first seq_printf, and later again in each zone.

    Return: the address of the seq_file that it prints to.
    """
    guest.run_to(gdb, "frag_show")
    seq_file = gdb.number("(unsigned long)m")
    gdb.run("break seq_printf")
    while "frag_show" not in (gdb.go() and gdb.run("bt 4")):
        pass
    gdb.run("delete")
    gdb.run("up")
    gdb.run(f"hbreak *{gdb.number('(unsigned long)$pc')}")
    gdb.go()
    return seq_file


def look_at_zone(gdb: Gdb, name: str) -> ZoneStop:
    """All we want to know of the zone whose lock the kernel holds."""
    buddy = gdb.json("mm buddy --blocks --json")
    zones = gdb.json("mm zones --json")
    row = next(z for z in zones["zones"] if z["name"] == name)
    zone = f"contig_page_data.node_zones[{row['index']}]"
    orders = gdb.number(f"sizeof({zone}.free_area)/sizeof({zone}.free_area[0])")
    nr_free = [gdb.number(f"{zone}.free_area[{order}].nr_free")
               for order in range(orders)]
    counter = gdb.number(f"{zone}.vm_stat[NR_FREE_PAGES].counter")
    free_pages = counter + sum(
        per_cpu_free_pages(gdb, zone, cpu)
        for cpu in range(gdb.number("nr_cpu_ids"))
        if gdb.number(f"(__cpu_online_mask.bits[0] >> {cpu}) & 1"))
    line = next(line for line in
                gdb.run("mm buddyinfo").splitlines(keepends=True)
                if re.search(rf"zone +{name} ", line))
    blocks = samples(buddy, name)
    pages = [gdb.json(f"mm page pfn:{b['pfn'] + (1 << b['order']) - 1} --json")
             for b in blocks]
    return ZoneStop(name, line, buddy, zones, nr_free, counter, free_pages,
                    pages, first_listed_pages(gdb, zone))


def first_listed_pages(gdb: Gdb,
                       zone: str) -> list[tuple[int, dict[str, Any]]]:
    """What mm page says of the hottest page of each CPU's lists."""
    form = "((struct {} *)((char *){}.{} + __per_cpu_offset[{}]))->{}"
    found = []
    for cpu in range(gdb.number("nr_cpu_ids")):
        if not gdb.number(f"(__cpu_online_mask.bits[0] >> {cpu}) & 1"):
            continue
        lists = form.format("per_cpu_pages", zone, "per_cpu_pageset", cpu,
                            "lists")
        try:
            gdb.number(f"sizeof({lists})")
        except GdbError:        # before 5.14
            lists = form.format("per_cpu_pageset", zone, "pageset", cpu,
                                "pcp.lists")
        for index in range(gdb.number(f"sizeof({lists}) / sizeof({lists}[0])")):
            entry = gdb.number(f"(unsigned long){lists}[{index}].next")
            if entry == gdb.number(f"(unsigned long)&{lists}[{index}]"):
                continue
            lru = gdb.number("(unsigned long)&((struct page *)0)->lru")
            found.append((cpu, gdb.json(f"mm page {entry - lru:#x} --json")))
    return found


def per_cpu_free_pages(gdb: Gdb, zone: str, cpu: int) -> int:
    """What a CPU has not yet added to the zone's NR_FREE_PAGES."""
    form = ("((struct {} *)((char *){}.{} + __per_cpu_offset[{}]))"
            "->vm_stat_diff[NR_FREE_PAGES]")
    try:
        return gdb.number(form.format("per_cpu_zonestat", zone,
                                      "per_cpu_zonestats", cpu))
    except GdbError:        # before 5.14
        return gdb.number(form.format("per_cpu_pageset", zone, "pageset", cpu))


def samples(buddy: dict[str, Any], zone: str) -> list[dict[str, Any]]:
    """The blocks of `zone` whose last page is looked at."""
    blocks = [b for b in buddy["blocks"] if b["zone"] == zone]
    return [blocks[min(index, len(blocks) - 1)] for index in SAMPLES]


def test_buddyinfo_is_what_the_kernel_prints_next_byte_for_byte(
        booted: Booted) -> None:
    assert booted.printed
    assert {name: stop.buddyinfo_line for name, stop in booted.stops.items()} \
        == booted.printed


def test_blocks_add_up_to_the_kernels_counters(booted: Booted) -> None:
    for stop in booted.stops.values():
        orders = [b["order"] for b in stop.buddy["blocks"]
                  if b["zone"] == stop.name]
        assert [orders.count(o) for o in range(len(stop.nr_free))] \
            == stop.nr_free
        assert sum(1 << order for order in orders) == stop.free_pages
        row = next(z for z in stop.zones["zones"] if z["name"] == stop.name)
        assert row["free_pages"] == stop.counter


def test_no_block_overlaps_another_and_none_is_out_of_line(
        booted: Booted) -> None:
    for stop in booted.stops.values():
        assert stop.buddy["problems"] == []
        spans = sorted((b["pfn"], b["pfn"] + (1 << b["order"]))
                       for b in stop.buddy["blocks"])
        assert all(a[1] <= b[0] for a, b in zip(spans, spans[1:]))
        assert all(b["pfn"] % (1 << b["order"]) == 0
                   for b in stop.buddy["blocks"])


def test_the_last_page_of_a_free_block_belongs_to_it(booted: Booted) -> None:
    for stop in booted.stops.values():
        for block, page in zip(samples(stop.buddy, stop.name),
                               stop.last_pages):
            assert (page["kind"], page["zone"], page["block_pfn"],
                    page["order"]) \
                == ("free", stop.name, block["pfn"], block["order"])
            # HighMem is not mapped, lowmem is.
            assert (page["virt"] is None) == (stop.name == "HighMem")


def test_the_first_page_of_each_cpus_lists_is_on_them(
        booted: Booted) -> None:
    listed = [(stop.name, *each) for stop in booted.stops.values()
              for each in stop.listed]
    assert listed
    for zone, cpu, page in listed:
        assert (page["kind"], page["zone"], page["cpu"], page["block_pfn"]) \
            == ("pcp", zone, cpu, page["pfn"])


def test_a_slab_page_names_its_cache(booted: Booted) -> None:
    assert (booted.cache_page["kind"], booted.cache_page["cache"]) \
        == ("slab", "kmem_cache")


def test_the_cma_pool_came_back_as_cma_pageblocks(booted: Booted) -> None:
    assert booted.pool_page["migratetype"] == "CMA"
    assert booted.pool_page["zone"] == "HighMem"


def test_memory_is_fragmented_enough_to_mean_something(
        booted: Booted) -> None:
    blocks = next(iter(booted.stops.values())).buddy["blocks"]
    assert len(blocks) > 200


def test_zones_equal_zoneinfo(booted: Booted) -> None:
    ours = {z["name"]: z for z in
            next(iter(booted.stops.values())).zones["zones"]}
    for zone in console.zoneinfo(booted.console):
        if not zone.spanned and zone.name not in ours:
            continue
        got = ours[zone.name]
        assert (got["spanned_pages"], got["present_pages"],
                got["managed_pages"], got["cma_pages"]) \
            == (zone.spanned, zone.present, zone.managed, zone.cma)
        if zone.spanned:
            assert got["start_pfn"] == zone.start_pfn


def test_totalram_equals_memtotal(booted: Booted) -> None:
    zones = next(iter(booted.stops.values())).zones
    assert zones["totalram_pages"] * PAGE_KB \
        == console.memtotal_kb(booted.console)
