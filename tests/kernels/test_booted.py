# SPDX-License-Identifier: GPL-2.0-or-later
"""A booted kernel, held while it prints /proc/buddyinfo.

Stopped where frag_show has a zone's lock and has not printed its counts, with
every other CPU standing still, what our commands read is what the kernel
prints next. Its text comes out of the buffer that it prints to.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

import console
from boot_stops import Boot
from harness.gdbmi import Gdb, GdbError
from lab_guest import (FINISH_LIMIT_SECONDS, HELD_LIMIT_SECONDS, LabGuest,
                       Stuck, cma_pool)

# Where the zone's name is printed can be the head of the loop over orders too;
# more stops than this is another fault.
STOPS_A_ZONE = 64
TRIES = 3
SAMPLES = (0, 100, -1)          # of a zone's free blocks, in list order
MANY_BLOCKS = 3000
PRINTED = r"^(Node (\d+), zone +(\S+) .*\n)"

Name = tuple[int, str]          # node and zone


@dataclass(frozen=True)
class ZoneStop:
    """One zone while its lock is held."""
    name: Name
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
    stops: dict[Name, ZoneStop]
    printed: dict[Name, str]    # the zone's line, with the newline
    console: str
    pool_page: dict[str, Any] | None    # mm page of the CMA pool's first page
    cache_page: dict[str, Any]  # mm page of a struct kmem_cache


@pytest.fixture(scope="module")
def booted(booted_guest: LabGuest, boot: Boot) -> Booted:
    """Stop once in each zone of one read of /proc/buddyinfo."""
    text = console.section(boot.console, "/proc/buddyinfo")
    nodes = {name(line)[0] for line in re.findall(PRINTED, text, re.MULTILINE)}
    for _ in range(TRIES):
        try:
            return look_at_all(booted_guest, boot, nodes)
        except Stuck as error:      # a CPU that stands still has a lock
            stuck = error
    raise stuck


def look_at_all(booted_guest: LabGuest, boot: Boot,
                nodes: set[int]) -> Booted:
    """Every zone of every node, at one read of the file."""
    stops: dict[Name, ZoneStop] = {}
    printed: dict[Name, str] = {}
    with booted_guest.held_in("frag_show") as gdb:
        address = gdb.number("(unsigned long)$pc")
        while True:     # a call for each node
            look_at_node(booted_guest, stops, printed)
            if {node for node, _ in printed} == nodes:
                break
            gdb.run("delete")
            gdb.run(f"hbreak *{address}")
            booted_guest.next_hit(address, HELD_LIMIT_SECONDS)
        pool = cma_pool(boot.console)
        pool_page = pool and gdb.json(f"mm page phys:{pool.base_phys:#x} --json")
        # Every cache is an object of the cache called kmem_cache.
        cache_page = gdb.json("mm page slab_caches.next --json")
    return Booted(stops, printed, boot.console, pool_page, cache_page)


def name(found: tuple[str, str, str]) -> Name:
    """Node and zone of one match of PRINTED."""
    return int(found[1]), found[2]


def look_at_node(guest: LabGuest, stops: dict[Name, ZoneStop],
                 printed: dict[Name, str]) -> None:
    """From the entry of frag_show to its end, with a stop in each zone."""
    gdb = guest.gdb
    seq = gdb.number("(unsigned long)m")
    field = f"((struct seq_file *){seq})->"
    start = gdb.number(field + "count")

    def text() -> str:
        size = gdb.number(field + "count") - start
        return guest.memory(gdb.number(f"(unsigned long){field}buf") + start,
                            size).decode()
    end = int(gdb.run("python print(gdb.newest_frame().older().pc())"))
    gdb.run("set scheduler-locking on")
    gdb.run("delete")
    gdb.run("hbreak seq_printf")
    guest.go(FINISH_LIMIT_SECONDS)
    gdb.run("delete")
    guest.go(FINISH_LIMIT_SECONDS, "finish")
    inside = gdb.number("(unsigned long)$pc")
    gdb.run(f"hbreak *{inside}")
    gdb.run(f"hbreak *{end}")
    for _ in range(STOPS_A_ZONE * 8):
        if gdb.number("(unsigned long)$pc") == end:
            break
        # The kernel has just written the name of the zone that it holds.
        found = re.findall(r"^Node +(\d+), zone +(\S+)", text(), re.MULTILINE)
        zone = int(found[-1][0]), found[-1][1]
        if zone not in stops:
            stops[zone] = look_at_zone(gdb, zone)
        guest.go(FINISH_LIMIT_SECONDS)
    gdb.run("set scheduler-locking off")
    for line in re.findall(PRINTED, text(), re.MULTILINE):
        printed[name(line)] = line[0]


def look_at_zone(gdb: Gdb, which: Name) -> ZoneStop:
    """All we want to know of the zone whose lock the kernel holds."""
    node, zone_name = which
    buddy = gdb.json("mm buddy --blocks --json")
    zones = gdb.json("mm zones --json")
    row = next(z for z in zones["zones"]
               if (z["node"], z["name"]) == which)
    try:
        gdb.number("sizeof(contig_page_data)")
        zone = f"contig_page_data.node_zones[{row['index']}]"
    except GdbError:
        zone = f"node_data[{node}]->node_zones[{row['index']}]"
    orders = gdb.number(f"sizeof({zone}.free_area)/sizeof({zone}.free_area[0])")
    nr_free = [gdb.number(f"{zone}.free_area[{order}].nr_free")
               for order in range(orders)]
    counter = gdb.number(f"{zone}.vm_stat[NR_FREE_PAGES].counter")
    free_pages = counter + sum(per_cpu_free_pages(gdb, zone, cpu)
                               for cpu in online_cpus(gdb))
    line = next(line for line in
                gdb.run("mm buddyinfo").splitlines(keepends=True)
                if re.match(rf"Node {node}, zone +{zone_name} ", line))
    pages = [gdb.json(f"mm page pfn:{b['pfn'] + (1 << b['order']) - 1} --json")
             for b in samples(buddy, which)]
    return ZoneStop(which, line, buddy, zones, nr_free, counter, free_pages,
                    pages, first_listed_pages(gdb, zone))


def online_cpus(gdb: Gdb) -> list[int]:
    """The CPUs that run."""
    mask = gdb.number("(unsigned long)__cpu_online_mask.bits[0]")
    return [cpu for cpu in range(mask.bit_length()) if mask >> cpu & 1]


def first_listed_pages(gdb: Gdb,
                       zone: str) -> list[tuple[int, dict[str, Any]]]:
    """What mm page says of the hottest page of each CPU's lists."""
    form = "((struct {} *)((char *){}.{} + __per_cpu_offset[{}]))->{}"
    found = []
    for cpu in online_cpus(gdb):
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


def samples(buddy: dict[str, Any], zone: Name) -> list[dict[str, Any]]:
    """The blocks of `zone` whose last page is looked at."""
    blocks = [b for b in buddy["blocks"] if (b["node"], b["zone"]) == zone]
    return [blocks[min(index, len(blocks) - 1)] for index in SAMPLES]


def test_buddyinfo_is_what_the_kernel_prints_next_byte_for_byte(
        booted: Booted) -> None:
    assert booted.printed
    assert {zone: stop.buddyinfo_line for zone, stop in booted.stops.items()} \
        == booted.printed


def test_blocks_add_up_to_the_kernels_counters(booted: Booted) -> None:
    for stop in booted.stops.values():
        orders = [b["order"] for b in stop.buddy["blocks"]
                  if (b["node"], b["zone"]) == stop.name]
        assert [orders.count(o) for o in range(len(stop.nr_free))] \
            == stop.nr_free
        assert sum(1 << order for order in orders) == stop.free_pages
        row = next(z for z in stop.zones["zones"]
                   if (z["node"], z["name"]) == stop.name)
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
            assert (page["kind"], page["node"], page["zone"],
                    page["block_pfn"], page["order"]) \
                == ("free", *stop.name, block["pfn"], block["order"])
            # HighMem is not mapped, all else is.
            assert (page["virt"] is None) == (stop.name[1] == "HighMem")


def test_the_first_page_of_each_cpus_lists_is_on_them(
        booted: Booted) -> None:
    listed = [(stop.name[1], *each) for stop in booted.stops.values()
              for each in stop.listed]
    assert listed
    for zone, cpu, page in listed:
        assert (page["kind"], page["zone"], page["cpu"], page["block_pfn"]) \
            == ("pcp", zone, cpu, page["pfn"])


def test_a_slab_page_names_its_cache(booted: Booted) -> None:
    assert (booted.cache_page["kind"], booted.cache_page["cache"]) \
        == ("slab", "kmem_cache")


def test_the_cma_pool_came_back_as_cma_pageblocks(booted: Booted) -> None:
    if booted.pool_page is None:
        assert "cma: Reserved" not in booted.console
        return
    pool_pfn = booted.pool_page["pfn"]
    assert booted.pool_page["migratetype"] == "CMA"
    zones = [z for z in console.zoneinfo(booted.console)
             if z.start_pfn <= pool_pfn < z.start_pfn + z.spanned]
    assert [booted.pool_page["zone"]] == [z.name for z in zones]


def test_memory_is_fragmented_enough_to_mean_something(
        booted: Booted) -> None:
    blocks = next(iter(booted.stops.values())).buddy["blocks"]
    assert len(blocks) > MANY_BLOCKS


def test_zones_equal_zoneinfo(booted: Booted) -> None:
    ours = {(z["node"], z["name"]): z for z in
            next(iter(booted.stops.values())).zones["zones"]}
    for zone in console.zoneinfo(booted.console):
        if not zone.spanned and (zone.node, zone.name) not in ours:
            continue
        got = ours[zone.node, zone.name]
        assert (got["spanned_pages"], got["present_pages"],
                got["managed_pages"]) \
            == (zone.spanned, zone.present, zone.managed)
        # A kernel without CMA prints a 0 and has no counter.
        assert got["cma_pages"] == zone.cma \
            or (got["cma_pages"], zone.cma) == (None, 0)
        if zone.spanned:
            assert got["start_pfn"] == zone.start_pfn


def test_totalram_equals_memtotal(booted: Booted) -> None:
    zones = next(iter(booted.stops.values())).zones
    assert zones["totalram_pages"] * console.page_bytes(booted.console) \
        == console.memtotal_kb(booted.console) * 1024
