# SPDX-License-Identifier: GPL-2.0-or-later
"""mm watch on real kernels: what it says of a change is what was done.

On the way up: memblock's own log, and the arithmetic of the hand-over. Booted:
the kernel's functions are called by the test, which so knows the pages and
their orders; the free lists before and after are what mm buddy finds.
"""
from __future__ import annotations

import json
import re
from typing import Any, Iterator

import pytest

from call import Call
from harness.gdbmi import Gdb
from lab_guest import Kernel, LabGuest

LIMIT = "--seconds 60"
LOGGED = re.compile(r"memblock_(reserve|free|phys_free): "
                    r"\[(0x[0-9a-f]+)-(0x[0-9a-f]+)\] "
                    r"(?:nid=\S+ flags=\S+ )?(\w+)[.+]")
EARLY = ("arm_memblock_init", "arm64_memblock_init", "e820__memblock_setup")
FIRST = 201                 # page of a range, nothing special
GET = ("get_free_pages_noprof", "__get_free_pages")
EVENTS = 5
LIVE = 3
PCP_TRIES = 4
HIGH = ("HighMem", "Movable", "Device")
DIRECT = 4                  # from this order on CPUs' lists have no blocks
TRIES = 64
Block = tuple[int, int]     # first pfn, order
Range = tuple[int, int]


def blocks(gdb: Gdb, zone: str, low: int) -> set[Block]:
    """The free blocks of a zone from an order on, by its lists."""
    orders = gdb.json(f"mm buddy --zone {zone} --order 0 --json")["orders"]
    return {(each["pfn"], each["order"]) for order in range(low, orders)
            for each in gdb.json(f"mm buddy --blocks --zone {zone} --order "
                                 f"{order} --json")["blocks"]}


def around(free: set[Block], pfn: int) -> Block:
    """The block that has a page."""
    found, = [(head, order) for head, order in free
              if head <= pfn < head + (1 << order)]
    return found


def watch(gdb: Gdb, what: str) -> dict[str, Any]:
    """The only event of a command.

    Where it ends the test's own breakpoint may be, which GDB tells.
    """
    text = gdb.run(f"mm watch {what} {LIMIT} --json")
    report = json.loads(text[text.index("{\n"):])
    assert (report["stopped"] or "breakpoint").startswith("breakpoint")
    assert report["problems"] == []
    event, = report["events"]
    assert not event["partial"]
    return event


def without(piece: Range, covered: list[Range]) -> list[Range]:
    """What of a range no other one covers."""
    pieces = [piece]
    for start, end in covered:
        pieces = [(low, high) for one, other in pieces
                  for low, high in ((one, min(other, start)),
                                    (max(one, end), other)) if low < high]
    return pieces


def functions(event: dict[str, Any]) -> list[str]:
    """Of the stack."""
    return [each["function"] for each in event["stack"]]


# --- on the way up ------------------------------------------------------------

@pytest.fixture(scope="module")
def young(kernel: Kernel) -> Iterator[LabGuest]:
    """A guest of its own, which logs what memblock does."""
    guest = LabGuest(kernel, "--append", "memblock=debug")
    try:
        yield guest
    finally:
        guest.close()


def test_reservations_are_those_that_memblock_logs(young: LabGuest) -> None:
    gdb = young.gdb
    young.run_to(*EARLY)
    gdb.run("delete")
    covered = [(each["base"], each["base"] + each["size"])
               for each in gdb.json("mm memblock --json")["reserved"]]
    seen = len(LOGGED.findall(young.log_text()))
    report = gdb.json(f"mm watch memblock.reserved --count {EVENTS} {LIMIT} "
                      "--json")
    logged = LOGGED.findall(young.log_text())[seen:]    # it loses its start
    assert len(report["events"]) == EVENTS and report["stopped"] is None
    for event in report["events"]:
        if event["kind"] == "changed":      # a flag; that is not logged so
            continue
        changed: list[Range] = []
        while not changed:
            kind, first, last, by = logged.pop(0)
            piece = int(first, 16), int(last, 16) + 1
            if kind == "reserve":
                changed = without(piece, covered)
                covered.append(piece)
                continue
            left = [each for one in covered for each in without(one, [piece])]
            changed = without(piece, without(piece, covered))
            covered = left
        assert event["kind"] == ("reserved" if kind == "reserve" else "freed")
        assert [(each["start"], each["end"])
                for each in event["ranges"]] == sorted(changed)
        assert by in functions(event)


def test_a_page_comes_in_the_largest_block_that_fits(young: LabGuest) -> None:
    gdb = young.gdb
    young.run_to("memblock_free_all")
    gdb.run("delete")
    info = gdb.json("mm buddy --json")
    shift = (info["page_bytes"] if "page_bytes" in info else gdb.json(
        "mm info --json")["page_size"]).bit_length() - 1
    free = gdb.json("mm memblock --json")["free"]
    start, end = next((start, end) for start, end in (
        (-(-each["start"] >> shift), each["end"] >> shift) for each in free)
        if end - start > 256 and start << shift >= 1 << 20)
    pfn = start + FIRST
    order = next(order for order in reversed(range(info["orders"]))
                 if pfn >> order << order >= start
                 and (pfn >> order) + 1 << order <= end)
    event = watch(gdb, f"pfn:{pfn}")
    after = event["after"]
    assert (event["kind"], after["kind"]) == ("returned", "free")
    assert (after["block_pfn"], after["order"]) == (pfn >> order << order,
                                                    order)
    assert "memblock_free_all" in functions(event)
    total = watch(gdb, "totalram_pages")
    assert total["before"]["value"] == 0 < total["after"]["value"] \
        == gdb.json("mm zones --json")["totalram_pages"]


# --- booted -------------------------------------------------------------------

def lowmem(gdb: Gdb) -> tuple[str, int]:
    """Name and node of the last zone with pages that the kernel can use."""
    return [(zone["name"], zone["node"])
            for zone in gdb.json("mm zones --json")["zones"]
            if zone["present_pages"] and zone["name"] not in HIGH][-1]


def test_with_all_cpus_each_change_begins_where_the_last_ended(
        booted_guest: LabGuest) -> None:
    with booted_guest.held_in("frag_show") as gdb:
        gdb.run("delete")
        zone, node = lowmem(gdb)
        report = gdb.json(f"mm watch list {zone} 0 --node {node} --count "
                          f"{LIVE} {LIMIT} --json")
        events = report["events"]
        assert len(events) == LIVE and report["stopped"] is None
        for one, other in zip(events, events[1:]):
            # Other orders may change without this list.
            assert one["after"]["chosen"] == other["before"]["chosen"]
        area, = gdb.json(f"mm buddy --zone {zone} --node {node} "
                         "--order 0 --json")["free_areas"]
        assert events[-1]["after"]["chosen"] == [[0, area["nr_free"]]]
        assert area["nr_free"] == sum(area["by_migratetype"].values())
        left = [gdb.run(f"{which}info breakpoints") for which in ("",
                                                                  "maint ")]
        assert left == ["No breakpoints or watchpoints.\n"] * 2


class Stand:
    """The booted guest, one CPU of which stands and calls what a test asks."""

    def __init__(self, guest: LabGuest) -> None:
        self.gdb, self.call = guest.gdb, Call(guest)
        self._get = guest.first_of(GET)
        addr = self.alloc(DIRECT)
        page = self.gdb.json(f"mm page {addr:#x} --json")
        self.name, self.node = page["zone"], page["node"]
        self.zone = f"{self.name} --node {self.node}"       # for commands
        self.call.now("free_pages", addr, DIRECT)

    def pfn(self, addr: int) -> int:
        """By the kernel's linear map."""
        assert addr, "the kernel has no such block"
        return self.gdb.json(f"mm page {addr:#x} --json")["pfn"]

    def begin_alloc(self, order: int) -> None:
        """Without waiting, from the zone."""
        self.call.begin(self._get, 0, order)

    def alloc(self, order: int) -> int:
        """All of it; Return: the address."""
        self.begin_alloc(order)
        return self.call.end()

    def counts(self) -> list[int]:
        """nr_free of the zone, by order."""
        areas = self.gdb.json(f"mm buddy --zone {self.zone} --json")
        return [each["nr_free"] for each in areas["free_areas"]]

    def use_up(self) -> tuple[int, list[tuple[int, int]]]:
        """Allocate all blocks of an order: the next comes by a split. Return:
        the order, and what was allocated, for free_pages()."""
        counts = self.counts()
        top = max(order for order, count in enumerate(counts) if count)
        order = min(range(DIRECT, top),
                    key=lambda each: (counts[each], each))
        taken: list[tuple[int, int]] = []
        while len(taken) < TRIES:
            for _ in range(counts[order]):
                taken.append((self.alloc(order), order))
            counts = self.counts()
            if not counts[order]:
                break
        return order, taken


@pytest.fixture(scope="module")
def stand(booted_guest: LabGuest) -> Iterator[Stand]:
    """At the entry of frag_show, with the other CPUs at rest."""
    with booted_guest.held_in("frag_show") as gdb:
        gdb.run("set scheduler-locking on")
        yield Stand(booted_guest)


@pytest.fixture(scope="module")
def order(stand: Stand) -> Iterator[int]:
    """One of which there is no block."""
    order, taken = stand.use_up()
    yield order
    for each in taken:
        stand.call.now("free_pages", *each)


def test_a_split_and_a_merge_are_one_event_each(stand: Stand,
                                                order: int) -> None:
    """Of a known block, by a known allocation, which then is freed."""
    gdb = stand.gdb
    others: list[int] = []
    for _ in range(TRIES):
        before = blocks(gdb, stand.zone, order)
        stand.begin_alloc(order)
        event = watch(gdb, f"list {stand.zone}")
        after = blocks(gdb, stand.zone, order)
        addr = stand.call.end()
        pfn = stand.pfn(addr)
        head, high = around(before, pfn)
        if high != order:
            break
        others.append(addr)     # one has come in between
    left = [(pfn >> at << at ^ 1 << at, at)
            for at in range(high - 1, order - 1, -1)]
    assert event["kind"] == "taken" and left
    assert after - before == set(left) and before - after == {(head, high)}
    assert [(step["shape"], step["order"]) for step in event["steps"]] == [
        ("split", at) for _, at in left]
    assert [step["pfn"] ^ step["buddy"] ^ step["kept"]
            for step in event["steps"]] == [buddy for buddy, _ in left]
    assert [(each["pfn"], each["order"]) for each in event["blocks"]
            if each["event"] == "taken"] == [(pfn, order)]
    assert event["by"]["file"].endswith("page_alloc.c")
    merged(stand, addr, order)
    for each in others:
        stand.call.now("free_pages", each, order)


def merged(stand: Stand, addr: int, order: int) -> None:
    """The block at addr is freed."""
    gdb, pfn = stand.gdb, stand.pfn(addr)
    before = blocks(gdb, stand.zone, order)
    stand.call.begin("free_pages", addr, order)
    event = watch(gdb, f"pfn:{pfn}")
    after = blocks(gdb, stand.zone, order)
    head, high = around(after, pfn)
    gone = sorted(before - after, key=lambda block: block[1])
    assert event["kind"] == "returned" and gone[0] == (pfn ^ 1 << order, order)
    assert (event["after"]["block_pfn"], event["after"]["order"]) == (head,
                                                                      high)
    assert [(step["buddy"], step["order"])
            for step in event["steps"]] == gone
    assert all(step["buddy"] == step["pfn"] ^ 1 << step["order"]
               and step["kept"] == step["pfn"] & step["buddy"]
               for step in event["steps"])
    assert event["by"]["file"].endswith("page_alloc.c") and event["by"]["line"]
    stand.call.end()


def test_a_block_goes_when_its_buddy_comes(stand: Stand, order: int) -> None:
    gdb = stand.gdb
    others: list[int] = []
    for _ in range(TRIES):
        addr = stand.alloc(order)
        pfn = stand.pfn(addr)
        if (pfn ^ 1 << order, order) in blocks(gdb, stand.zone, order):
            break
        others.append(addr)     # not split off: one has come in between
    stand.call.begin("free_pages", addr, order)
    event = watch(gdb, f"block pfn:{pfn ^ 1 << order}")
    assert event["kind"] == "merge"
    assert event["before"]["listed"] and not event["after"]["listed"]
    page = event["after"]["page"]
    assert (page["block_pfn"], page["order"]) == around(
        blocks(gdb, stand.zone, order), pfn)
    stand.call.end()
    for each in others:
        stand.call.now("free_pages", each, order)


def test_a_counter_is_what_the_zone_counts(stand: Stand) -> None:
    gdb = stand.gdb
    before, = [zone["free_pages"] for zone in gdb.json("mm zones --json")[
        "zones"] if (zone["name"], zone["node"]) == (stand.name, stand.node)]
    stand.begin_alloc(8)        # more than a CPU may count for itself
    event = watch(gdb, f"{stand.name}.free_pages --node {stand.node}")
    after, = [zone["free_pages"] for zone in gdb.json("mm zones --json")[
        "zones"] if (zone["name"], zone["node"]) == (stand.name, stand.node)]
    assert (event["before"]["value"], event["after"]["value"]) == (before,
                                                                   after)
    addr = stand.call.end()
    assert addr and before - after >= 128
    stand.call.now("free_pages", addr, 8)


def test_a_page_goes_by_the_list_of_its_cpu(stand: Stand) -> None:
    gdb = stand.gdb
    for _ in range(PCP_TRIES):
        addr = stand.alloc(0)
        pfn = stand.pfn(addr)
        stand.call.begin("free_pages", addr, 0)
        event = watch(gdb, f"pfn:{pfn}")
        listed = [own["cpu"] for own in gdb.json("mm pcp --json")["pagesets"]
                  for each in own["lists"] if pfn in each["pfns"]]
        stand.call.end()
        assert (event["kind"], event["before"]["kind"]) == ("returned", "used")
        if listed:
            break
        assert event["after"]["kind"] == "free"     # the list was too long
    assert event["after"]["kind"] == "pcp"
    assert listed == [event["after"]["cpu"]]
    stand.begin_alloc(0)        # what was freed last is hottest
    event = watch(gdb, f"pfn:{pfn}")
    assert (event["kind"], event["before"]["kind"], event["after"]["kind"]) \
        == ("taken", "pcp", "used")
    assert event["after"]["refcount"] == 1
    stand.call.now("free_pages", stand.call.end(), 0)
