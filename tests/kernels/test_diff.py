# SPDX-License-Identifier: GPL-2.0-or-later
"""mm diff on a kernel that runs between two stops, and that boots.

A running kernel does thousands of things at once; what GDB reads of its own
counters at the same stops says what they come to: nr_free of every order,
NR_FREE_PAGES with what CPUs have not added yet, NR_SLAB_*.
"""
from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Iterator

import pytest

from boot_stops import FREE_ALL, HANDED_OVER, READY, SLAB_UP, Boot, at
from harness.gdbmi import Gdb, GdbError
from lab_guest import HELD_LIMIT_SECONDS, LabGuest
from test_booted import online_cpus, per_cpu_free_pages

PAUSE_SECONDS = 2.0
ROUNDS, MOST_ROUNDS = 3, 20     # more when nothing happened: a slow machine
FEW_PAGES = 4096
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
    return {"diff": found, "text": text, "zones": counters(gdb)}


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
    """A text that fits, but for words that cannot be broken."""
    assert text.isascii()
    for line in text.splitlines():
        assert len(line) <= 80 or len(line.split()) == 1, line


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
            before = counters(gdb)
            assert "nothing has changed" in gdb.run(f"mm diff round{number}")
            run_on()
            after = counters(gdb)
            found = gdb.json(f"mm diff round{number} --json")
            seen += adds_up(found, before, after)
            assert found["doubts"] == []
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
