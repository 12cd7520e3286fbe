# SPDX-License-Identifier: GPL-2.0-or-later
"""mm diff on a kernel that runs between two stops, and that boots.

A running kernel does thousands of things at once; what GDB reads of its own
counters at the same stops says what they come to: nr_free of every order,
NR_FREE_PAGES with what CPUs have not added yet, NR_SLAB_*.
"""
from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Iterator

import pytest

from boot_stops import (FREE_ALL, HANDED_OVER, MM_INIT, READY, SLAB_UP,
                        START_KERNEL, Boot, at)
from harness.gdbmi import Gdb, GdbError
from lab_guest import HELD_LIMIT_SECONDS, LabGuest
from test_booted import online_cpus, per_cpu_free_pages

PAUSE_SECONDS = 2.0
ROUNDS, MOST_ROUNDS = 3, 20     # more when nothing happened: a slow machine
FEW_PAGES = 4096
FREED = ("lazy", "purging", "pooled")       # areas that wait for a flush
USED = ("pagetable", "compound", "other", "slab", "pcp")
SECONDS = 5                     # of a snapshot
IDLE = ("default_idle_call", "cpu_idle_loop", "do_idle")
SIGN = {"split": -1, "merged": 1, "taken": -1, "returned": 1, "moved": 0}


@at(FREE_ALL, HANDED_OVER, SLAB_UP, READY)
def booting(gdb: Gdb) -> dict[str, Any]:
    """A snapshot at each, and the difference from the one before."""
    names = [each["name"]
             for each in gdb.json("mm snapshot --json")["snapshots"]
             if each["name"].startswith("boot")]
    name = f"boot{len(names)}"
    found = gdb.json(f"mm diff {names[-1]} --json") if names else None
    text = gdb.run(f"mm diff {names[-1]}") if names else ""
    gdb.run(f"mm snapshot {name}")
    return {"diff": found, "text": text, "zones": counters(gdb),
            "areas": areas(gdb)}


def areas(gdb: Gdb) -> set[tuple[int, int]]:
    """Where vmalloc areas are, by GDB alone: on vmlist until vmalloc_init,
    then in the trees of vmap_node; before 6.9 on one list."""
    bits = 8 * gdb.number("sizeof(long)")

    def value(text: str) -> int:
        return gdb.number(f"(unsigned long)({text})") % (1 << bits)
    found = set()
    if not value("vmap_initialized"):
        at_node = value("vmlist")
        while at_node:
            vm = f"((struct vm_struct *){at_node:#x})"
            start = value(f"{vm}->addr")
            found.add((start, start + value(f"{vm}->size")))
            at_node = value(f"{vm}->next")
        return found
    for at_node in on_lists(gdb, value):
        area = f"((struct vmap_area *){at_node:#x})"
        found.add((value(f"{area}->va_start"), value(f"{area}->va_end")))
    return found


def on_lists(gdb: Gdb, value: Callable[[str], int]) -> Iterator[int]:
    """Addresses of every struct vmap_area that is in use."""
    offset = value("&((struct vmap_area *)0)->list")
    for head in heads_of_lists(value):
        at_node = value(f"((struct list_head *){head:#x})->next")
        while at_node != head:
            yield at_node - offset
            at_node = value(f"((struct list_head *){at_node:#x})->next")


def heads_of_lists(value: Callable[[str], int]) -> list[int]:
    """Of a node each; a compiler that knows of one node forgets the array."""
    with contextlib.suppress(GdbError):
        return [value("&vmap_area_list")]
    with contextlib.suppress(GdbError):
        return [value(f"&vmap_nodes[{index}].busy.head")
                for index in range(value("nr_vmap_nodes"))]
    assert value("nr_vmap_nodes") == 1
    return [value("&'mm/vmalloc.c'::single.busy.head")]


@at(START_KERNEL, MM_INIT, SLAB_UP)
def early(gdb: Gdb) -> dict[str, Any]:
    """The difference to start_kernel, and what memblock and SLUB have."""
    if not any(each["name"] == "early" for each in
               gdb.json("mm snapshot --json")["snapshots"]):
        gdb.run("mm snapshot early")
    return {"diff": gdb.json("mm diff early --json"),
            "text": gdb.run("mm diff early --all"),
            "reserved": reservations(gdb), "caches": names_of_caches(gdb),
            "free": sum(count << order for zone in counters(gdb).values()
                        for order, count in enumerate(zone.nr_free))}


def reservations(gdb: Gdb) -> list[tuple[int, int]]:
    """memblock.reserved, by GDB alone."""
    ranges = []
    for index in range(gdb.number("memblock.reserved.cnt")):
        region = f"memblock.reserved.regions[{index}]"
        start, size = (gdb.number(f"{region}.{name}")
                       for name in ("base", "size"))
        ranges.append((start, start + size))
    return ranges


def names_of_caches(gdb: Gdb) -> list[str]:
    """Along slab_caches; before it is set up it is empty."""
    names: list[str] = []
    head = gdb.number("(unsigned long)&slab_caches")
    at_node = gdb.number("(unsigned long)slab_caches.next")
    offset = gdb.number("(unsigned long)&((struct kmem_cache *)0)->list")
    while at_node not in (0, head) and len(names) < FEW_PAGES:
        cache = f"((struct kmem_cache *){at_node - offset:#x})"
        names.append(gdb.run(f'printf "%s", {cache}->name'))
        at_node = gdb.number(f"(unsigned long){cache}->list.next")
    return names


def slab_pages(gdb: Gdb) -> int:
    """NR_SLAB_*: pages of all slabs, with what CPUs have not added yet."""
    pages = 0
    for node in nodes(gdb):
        for item in ("NR_SLAB_RECLAIMABLE_B", "NR_SLAB_UNRECLAIMABLE_B"):
            pages += gdb.number(f"{node}.vm_stat[{item}].counter") + sum(
                gdb.number(f"((struct per_cpu_nodestat *)((char *){node}"
                           f".per_cpu_nodestats + __per_cpu_offset[{cpu}]))"
                           f"->vm_node_stat_diff[{item}]")
                for cpu in online_cpus(gdb))
    return pages


@dataclass(frozen=True)
class Zone:
    """What the kernel counts of one zone, by plain GDB expressions."""
    name: str
    nr_free: tuple[int, ...]
    managed: int
    free: int                   # NR_FREE_PAGES, exactly


def zone_expressions(gdb: Gdb) -> Iterator[tuple[int, str]]:
    """Node and expression of every zone that has memory."""
    for node, found in enumerate(nodes(gdb)):
        count = gdb.number(f"sizeof({found}.node_zones) / "
                           f"sizeof({found}.node_zones[0])")
        for index in range(count):
            zone = f"{found}.node_zones[{index}]"
            if gdb.number(f"{zone}.present_pages"):
                yield node, zone


def nodes(gdb: Gdb) -> list[str]:
    """Expressions of the nodes that have memory."""
    try:
        gdb.number("contig_page_data.nr_zones")
        return ["contig_page_data"]
    except GdbError:
        pass
    found = []
    for node in range(gdb.number("nr_node_ids")):
        if gdb.number(f"(unsigned long)node_data[{node}]") \
                and gdb.number(f"node_data[{node}]->node_present_pages"):
            found.append(f"(*node_data[{node}])")
    return found


def counters(gdb: Gdb) -> dict[tuple[int, str], Zone]:
    """Every zone that has memory."""
    found = {}
    for node, zone in zone_expressions(gdb):
        name = gdb.run(f'printf "%s", {zone}.name')
        orders = gdb.number(f"sizeof({zone}.free_area) / "
                            f"sizeof({zone}.free_area[0])")
        found[node, name] = Zone(
            name,
            tuple(gdb.number(f"{zone}.free_area[{order}].nr_free")
                  for order in range(orders)),
            gdb.number(f"{zone}.managed_pages.counter"),
            gdb.number(f"{zone}.vm_stat[NR_FREE_PAGES].counter")
            + sum(per_cpu_free_pages(gdb, zone, cpu)
                  for cpu in online_cpus(gdb)))
    return found


def adds_up(found: dict[str, Any], before: dict[tuple[int, str], Zone],
            after: dict[tuple[int, str], Zone]) -> int:
    """Events of each zone come to the differences; how many there are."""
    assert {(zone["node"], zone["zone"]) for zone in found["zones"]} == \
        set(before) | set(after)
    for zone in found["zones"]:
        one, other = (side[zone["node"], zone["zone"]]
                      for side in (before, after))
        blocks = [0] * len(one.nr_free)
        for event in zone["events"]:
            whole = event["whole_pfn"] is None
            if whole or event["event"] in ("split", "merged"):
                blocks[event["order"]] += SIGN[event["event"]]
            for piece in event["pieces"]:
                blocks[piece["order"]] -= SIGN[event["event"]]
        assert blocks == [late - early for early, late
                          in zip(one.nr_free, other.nr_free)]
        pages = zone["returned_pages"] - zone["taken_pages"]
        assert pages == other.free - one.free
        counts = {each["name"]: (each["before"], each["after"])
                  for each in zone["counts"]}
        assert counts["free_pages"] == (one.free, other.free)
        assert counts["managed_pages"] == (one.managed, other.managed)
        for kind in ("taken", "returned", "moved"):
            assert zone[f"{kind}_pages"] == sum(
                each["pages"] for each in zone["events"]
                if each["event"] == kind)
    flows = {side: sum(flow["pages"] for flow in found["flows"]
                       if (flow[side] or {}).get("kind") == "free")
             for side in ("before", "after")}
    for kind, side in (("taken", "before"), ("returned", "after")):
        assert flows[side] == sum(zone[f"{kind}_pages"]
                                  for zone in found["zones"])
    return sum(len(zone["events"]) for zone in found["zones"])


def narrow(text: str) -> None:
    """A text that fits."""
    assert text.isascii()
    for line in text.splitlines():
        assert len(line) <= 80, line


def pages(ranges: list[list[int]]) -> int:
    """Page frames in ranges."""
    return sum(end - start for start, end in ranges)


def quiet(gdb: Gdb) -> bool:
    """No zone's lists are being changed."""
    return not gdb.json("mm buddy --json")["locked"]


def test_every_change_adds_up_while_the_kernel_runs(
        booted_guest: LabGuest) -> None:
    """Stopped while a CPU is idle; runs; the same again."""
    seen = 0
    with booted_guest.held_in(*IDLE) as gdb:
        address = gdb.number("(unsigned long)$pc")

        def run_on() -> None:
            gdb.run("delete")
            booted_guest.gdb.resume()
            time.sleep(PAUSE_SECONDS)
            booted_guest.gdb.interrupt(HELD_LIMIT_SECONDS)
            while True:
                gdb.run(f"hbreak *{address}")
                booted_guest.next_hit(address, HELD_LIMIT_SECONDS)
                gdb.run("delete")
                if quiet(gdb):
                    return
        for number in range(MOST_ROUNDS):
            if number >= ROUNDS and seen:
                break
            begin = time.monotonic()
            gdb.run(f"mm snapshot round{number}")
            assert time.monotonic() - begin < SECONDS
            before, slabs = counters(gdb), slab_pages(gdb)
            total = gdb.number("_totalram_pages.counter")
            assert "nothing has changed" in gdb.run(f"mm diff round{number}")
            run_on()
            after = counters(gdb)
            found = gdb.json(f"mm diff round{number} --json")
            seen += adds_up(found, before, after)
            assert found["doubts"] == []
            owned = sum(each["after"] - each["before"] for each in
                        found["owners"] if each["kind"] == "slab")
            assert owned == slab_pages(gdb) - slabs
            assert sum(pages(each["came"]) - pages(each["left"])
                       for each in found["caches"]) == owned
            totals = {each["name"]: (each["before"], each["after"])
                      for each in found["totals"]}
            assert totals["totalram_pages"] == (
                total, gdb.number("_totalram_pages.counter"))
            narrow(gdb.run(f"mm diff round{number}"))
            narrow(gdb.run(f"mm diff round{number} --all"))
    assert seen, f"nothing happened in {MOST_ROUNDS} times {PAUSE_SECONDS} s"


@pytest.mark.parametrize("stop", [HANDED_OVER, SLAB_UP, READY])
def test_every_change_adds_up_from_stop_to_stop_of_the_boot(
        boot: Boot, stop: str) -> None:
    stops = [FREE_ALL, HANDED_OVER, SLAB_UP, READY]
    one, other = (boot[booting, each] for each in
                  (stops[stops.index(stop) - 1], stop))
    found = other["diff"]
    assert found["doubts"] == []
    adds_up(found, one["zones"], other["zones"])
    for event, came in (("added", other["areas"] - one["areas"]),
                        ("removed", one["areas"] - other["areas"])):
        assert {(each["area"]["start"], each["area"]["end"])
                for each in found["areas"] if each["event"] == event
                and each["area"]["kind"] not in FREED} == came
    assert other["areas"] or stop != READY
    narrow(other["text"])
    if stop == HANDED_OVER:
        came = sum(zone["returned_pages"] for zone in found["zones"])
        assert came and not any(zone["taken_pages"] for zone in found["zones"])


def test_the_hand_over_goes_from_memblock_to_free(boot: Boot) -> None:
    """Or to deferred, where struct pages are set up late in the boot; a kernel
    may have taken some pages again until then."""
    found = boot[booting, HANDED_OVER]["diff"]
    assert {flow["before"]["kind"] for flow in found["flows"]
            if flow["after"]["kind"] == "free"} == {"memblock"}
    taken = [flow for flow in found["flows"]
             if flow["before"]["kind"] == "memblock"
             and flow["after"]["kind"] not in ("free", "deferred")]
    assert {flow["after"]["kind"] for flow in taken} <= set(USED)
    assert sum(flow["pages"] for flow in taken) < FEW_PAGES


def test_reservations_and_caches_have_come_since_start_kernel(
        boot: Boot) -> None:
    """Then there was neither zone nor cache, and few reservations."""
    first, zones, last = (boot[early, stop] for stop in
                          (START_KERNEL, MM_INIT, SLAB_UP))
    assert first["caches"] == [] and first["free"] == 0
    for each in (zones, last):
        found = each["diff"]
        came = {event: [(change["start"], change["end"])
                        for change in found["memblock"]
                        if (change["list"], change["event"]) == (
                            "reserved", event)]
                for event in ("added", "removed")}
        assert edges(first["reserved"]) ^ edges(each["reserved"]) \
            == edges(came["added"] + came["removed"])
        assert bytes_of(each["reserved"]) - bytes_of(first["reserved"]) \
            == bytes_of(came["added"]) - bytes_of(came["removed"])
        assert {change["name"] for change in found["caches"]
                if change["before"] is None} == set(each["caches"])
        assert sum(zone["returned_pages"] - zone["taken_pages"]
                   for zone in found["zones"]) == each["free"]
        narrow(each["text"])
    assert zones["diff"]["memblock"] and last["caches"]


def edges(ranges: Iterable[tuple[int, int]]) -> set[int]:
    """Where bytes inside and outside of ranges meet: of two sets of ranges,
    what is in one edge set and not the other bounds what only one of them has.
    """
    found: set[int] = set()
    for start, end in ranges:
        found ^= {start} ^ {end}
    return found


def bytes_of(ranges: Iterable[tuple[int, int]]) -> int:
    return sum(end - start for start, end in ranges)
