# SPDX-License-Identifier: GPL-2.0-or-later
"""mm snapshot and mm diff on a guest that does one known thing in between.

Expected values are GDB's own: nr_free, counters, what a called function
returned, and the guest's record of what its workload holds.
"""
import json
import re

import pytest

from guest import ELF, MM_PY
from test_life import TRUTH_PAGES, held

KERNEL, MOVABLE = 0x24000C0, 0x24200CA       # gfp
ORDERS, BASE_PFN = 11, 0x10000
ZONES = ("Normal", "HighMem")
ARTICLE_RANGES = (4, 248, 28373, 160501, 2)  # whole pages, KNOWN-ANSWERS.md


@pytest.fixture(scope="module")
def idle(boot):
    """The article's board in its idle loop."""
    guest = boot("article").load()
    guest.run_to("cpu_idle")
    return guest


def nr_free(gdb):
    """Free blocks by zone and order, as the guest counts them."""
    return {zone: [gdb.number(f"contig_page_data.node_zones[{index}]"
                              f".free_area[{order}].nr_free")
                   for order in range(ORDERS)]
            for index, zone in enumerate(ZONES)}


def pfn_of(gdb, page):
    """Page frame of a struct page, by FLATMEM's arithmetic alone."""
    return gdb.number(f"(struct page *)({page}) - mem_map") + BASE_PFN


def events(found, zone="Normal"):
    return next(each for each in found["zones"] if each["zone"] == zone
                )["events"]


def counted(found, before, after):
    """Every zone's events come to the difference of nr_free, order by order.

    A split block is gone and its pieces have come; what is taken whole is
    gone; a merged one the other way round.
    """
    for zone in found["zones"]:
        blocks = [0] * ORDERS
        for event in zone["events"]:
            sign = {"split": -1, "merged": 1, "taken": -1, "returned": 1,
                    "moved": 0}[event["event"]]
            if event["event"] in ("taken", "returned") \
                    and event["whole_pfn"] is not None:
                continue
            blocks[event["order"]] += sign
            for piece in event["pieces"]:
                blocks[piece["order"]] -= sign
        one, other = (side[zone["zone"]] for side in (before, after))
        assert blocks == [late - early for early, late in zip(one, other)]
        assert zone["returned_pages"] - zone["taken_pages"] == sum(
            (late - early) << order
            for order, (early, late) in enumerate(zip(one, other)))


def test_an_allocation_is_named_as_the_block_it_split(idle):
    gdb = idle.gdb
    gdb.run("mm snapshot a")
    before = nr_free(gdb)
    gdb.run(f"print $p = alloc_pages({KERNEL}, 4)")
    pfn, after = pfn_of(gdb, "$p"), nr_free(gdb)
    found = gdb.json("mm diff a --json")
    counted(found, before, after)
    taken, = [each for each in events(found) if each["event"] == "taken"]
    assert (taken["pfn"], taken["order"], taken["pages"]) == (pfn, 4, 16)
    assert taken["owner"] == "other"
    was = next(order for order in range(4, ORDERS)
               if before["Normal"][order] > after["Normal"][order])
    split = [each for each in events(found) if each["event"] == "split"]
    if was > 4:
        assert [(each["pfn"], each["order"]) for each in split] == [
            (pfn >> was << was, was)]
        assert {each["pfn"] for each in split[0]["pieces"]} == {
            (pfn ^ 1 << order) >> order << order for order in range(4, was)}
    else:
        assert split == []
    flow, = found["flows"]
    assert flow["ranges"] == [[pfn, pfn + 16]] and flow["pages"] == 16
    assert [found["flows"][0][side]["kind"] for side in ("before", "after")] \
        == ["free", "other"]
    gdb.run("mm snapshot b")
    gdb.run("print __free_pages($p, 4)")
    found = gdb.json("mm diff b --json")
    counted(found, after, nr_free(gdb))
    returned, = [each for each in events(found) if each["event"] == "returned"]
    assert (returned["pfn"], returned["order"]) == (pfn, 4)
    merged = [each for each in events(found) if each["event"] == "merged"]
    assert [(each["pfn"], each["order"]) for each in merged] == [
        (each["pfn"], each["order"]) for each in split]
    assert "nothing has changed" in gdb.run("mm diff a")


def test_pages_of_cpus_lists_go_the_same_way(idle):
    gdb = idle.gdb
    gdb.run("print drain_local_pages(0)")
    gdb.run("mm snapshot a")
    before = nr_free(gdb)
    gdb.run(f"print $p = alloc_pages({KERNEL}, 0)")
    found, pfn = gdb.json("mm diff a --json"), pfn_of(gdb, "$p")
    counted(found, before, nr_free(gdb))
    listed = gdb.number("((struct per_cpu_pageset *)((char *)contig_page_data"
                        ".node_zones[0].pageset + __per_cpu_offset[0]))"
                        "->pcp.count")
    zone = next(each for each in found["zones"] if each["zone"] == "Normal")
    assert zone["taken_pages"] - zone["returned_pages"] == listed + 1
    pcp, = found["pcp"]
    assert (pcp["cpu"], pcp["before"], pcp["after"]) == (0, 0, listed)
    assert sorted(pfn for pfn, _ in pcp["came"])[0] > 0
    went = {each["after"]["kind"]: each for each in found["flows"]}
    assert went["other"]["ranges"] == [[pfn, pfn + 1]]
    assert went["pcp"]["pages"] == listed
    gdb.run("print __free_pages($p, 0)")
    assert "nothing has changed" not in gdb.run("mm diff a")
    gdb.run("print drain_local_pages(0)")
    found = gdb.json("mm diff a --json")
    assert found["flows"] == found["pcp"] == []
    counted(found, before, nr_free(gdb))


def test_objects_and_slabs_are_named_with_their_cache(idle):
    gdb = idle.gdb
    gdb.run("mm snapshot a")
    first = gdb.number(f"(unsigned long)kmalloc(64, {KERNEL})")
    found, = gdb.json("mm diff a --json")["caches"]
    assert found["name"] == "kmalloc-64"
    assert found["after"]["used"] == found["before"]["used"] + 1
    assert found["after"]["slabs"] == found["before"]["slabs"]
    objects = [first] + [gdb.number(f"(unsigned long)kmalloc(64, {KERNEL})")
                         for _ in range(found["before"]["objects"])]
    answer = gdb.json("mm diff a --json")
    found = next(each for each in answer["caches"]
                 if each["name"] == "kmalloc-64")
    assert found["after"]["used"] == found["before"]["used"] + len(objects)
    assert found["after"]["slabs"] == found["before"]["slabs"] + 1
    new = {(addr - 0xC0000000 >> 12) + BASE_PFN for addr in objects} - {
        (first - 0xC0000000 >> 12) + BASE_PFN}
    assert len(new) == 1 and found["came"] == [[new.pop(),
                                                found["came"][0][1]]]
    text = gdb.run("mm diff a")
    assert re.search(r"^ +\+1  \d+ -> \d+  slab kmalloc-64$", text, re.M)
    assert re.search(r"^  kmalloc-64: slabs 1 -> 2, objects \d+ -> \d+, in use "
                     r"\d+ -> \d+, new pages 0x[0-9a-f]+$", text, re.M)
    for addr in objects:
        gdb.run(f"print kfree({addr:#x})")
    found = [each for each in gdb.json("mm diff a --json")["caches"]
             if each["name"] == "kmalloc-64"]
    assert all(each["after"]["used"] == each["before"]["used"]
               for each in found)


def test_an_area_comes_and_waits_for_its_flush(idle):
    gdb = idle.gdb
    gdb.run("mm snapshot a")
    addr = gdb.number("(unsigned long)vmalloc(20000)") & 0xFFFFFFFF
    found = gdb.json("mm diff a --json")
    area, = found["areas"]
    assert (area["event"], area["area"]["start"], area["area"]["kind"],
            area["area"]["nr_pages"]) == ("added", addr, "vmalloc", 5)
    assert area["area"]["end"] == addr + 0x6000         # and a guard page
    went = sum(each["pages"] for each in found["flows"]
               if each["after"]["kind"] == "vmalloc")
    assert went == 5
    gdb.run("mm snapshot b")
    gdb.run(f"print vfree({addr:#x})")
    area, = gdb.json("mm diff b --json")["areas"]
    assert area["area"]["start"] == addr
    assert (area["event"], area["was"], area["area"]["kind"]) == (
        "changed", "vmalloc", "lazy")
    assert f"changed  {addr:#x} 24 KiB vmalloc to lazy" in gdb.run("mm diff b")


def test_snapshots_outlive_running_reloading_and_another_session(boot):
    guest = boot("article").load()
    gdb = guest.gdb
    guest.run_to("mem_init")
    file = guest.folder / "a.json"
    gdb.run(f"mm snapshot a --file {file}")
    gdb.run("stepi")
    gdb.run(f"file {ELF}")
    gdb.run(f"source {MM_PY}")
    gdb.run("mm snapshot b")
    listed = gdb.json("mm snapshot --json")["snapshots"]
    assert [(each["name"], each["where"]) for each in listed] == [
        ("a", "mem_init"), ("b", "mem_init")]
    assert "nothing has changed" in gdb.run("mm diff a b")
    guest.run_to("kmem_cache_init")
    one, other = (gdb.json(f"mm diff {name} --json") for name in ("a", file))
    assert one["before"].pop("name") == "a"
    assert other["before"].pop("name") == str(file)
    assert one == other and one["flows"]
    assert json.loads(file.read_text())["schema"] == "mmscope/snapshot/1"
    assert "cannot write '/none/c'" in guest.fails(
        "mm snapshot c --file /none/c")
    gdb.run("disconnect")
    assert "nothing has changed" in gdb.run(f"mm diff a {file}")
    assert "no target" in guest.fails("mm diff a")
    assert "kept: a, b" in guest.fails("mm diff c")
    assert "not a whole JSON" in guest.fails(f"mm diff {MM_PY}")
    assert "no target" in guest.fails("mm snapshot c")


def test_the_hand_over_returns_each_free_range_of_the_article(boot):
    """__free_memory_core is called for one free range after the other."""
    guest = boot("article").load()
    gdb = guest.gdb
    guest.run_to("free_all_bootmem")
    gdb.run("mm snapshot start")
    gdb.run("hbreak __free_memory_core")
    gdb.go()
    before = nr_free(gdb)
    for pages in ARTICLE_RANGES:
        gdb.run("mm snapshot range")
        gdb.go()
        found, after = gdb.json("mm diff range --json"), nr_free(gdb)
        zone = next(each for each in found["zones"]
                    if each["zone"] == "Normal")
        assert (zone["returned_pages"], zone["taken_pages"]) == (pages, 0)
        assert {each["event"] for each in zone["events"]} <= {"returned",
                                                              "merged"}
        counted(found, before, after)
        flow, = found["flows"]
        assert flow["pages"] == pages and flow["before"]["kind"] == "memblock"
        before = after
    guest.run_to("kmem_cache_init")
    found = gdb.json("mm diff start --json")
    for index, name in enumerate(ZONES):
        zone = next(each for each in found["zones"] if each["zone"] == name)
        managed = gdb.number(f"contig_page_data.node_zones[{index}]"
                             ".managed_pages")
        assert zone["returned_pages"] == managed
        assert zone["moved_pages"] == zone["taken_pages"] == 0
    assert found["memblock"] == []
    total, = [each for each in found["totals"]
              if each["name"] == "totalram_pages"]
    assert total["after"] == 0x4A2C8 == sum(
        zone["returned_pages"] for zone in found["zones"])


def test_the_pool_of_the_article_comes_back_when_cma_is_activated(boot):
    guest = boot("article").load()
    gdb = guest.gdb
    guest.run_to("cma_init_reserved_areas")
    gdb.run("mm snapshot before")
    before = nr_free(gdb)
    gdb.go("finish")
    found = gdb.json("mm diff before --json")
    counted(found, before, nr_free(gdb))
    came = events(found, "HighMem")
    assert {(each["event"], each["order"], each["migratetype"])
            for each in came} == {("returned", 10, "CMA")}
    assert sorted(each["pfn"] for each in came) == list(
        range(0x5C000, 0x70000, 1024))
    flow = found["flows"][0]
    assert flow["pages"] == 0x14000 and flow["ranges"] == [[0x5C000, 0x70000]]
    assert flow["before"]["kind"] == "reserved"
    assert "CMA" in flow["before"]["detail"]
    assert flow["after"] == {"kind": "free", "detail": ""}
    assert "     81920  reserved CMA linux,cma@5c000000 -> free" \
        in gdb.run("mm diff before")


def test_reservations_are_told_as_memblock_makes_them(boot):
    guest = boot("article").load()
    gdb = guest.gdb
    gdb.run("hbreak *memblock_reserve")     # where arguments are in registers
    gdb.go()
    base, size = (gdb.number(name) & 0xFFFFFFFF for name in ("$r0", "$r1"))
    gdb.run("mm snapshot a")
    gdb.go("finish")
    found, = gdb.json("mm diff a --json")["memblock"]
    assert (found["list"], found["event"], found["start"],
            found["end"] - found["start"]) == ("reserved", "added", base, size)


@pytest.mark.parametrize("board, scenario", [
    ("virt", "mixed,9,600"), ("sabrelite", "cma,1,200"),
    ("article", "fragment,1,100")])
def test_what_a_workload_holds_was_free_and_is_not(boot, board, scenario):
    guest = boot(board, "--append", f"cma=64M scenario={scenario}").load()
    gdb = guest.gdb
    guest.run_to("scenario_run")
    gdb.run("mm snapshot a")
    zones = gdb.json("mm zones --json")["zones"]
    populated = [each["index"] for each in zones if each["spanned_pages"]]

    def pages():
        return {zones[index]["name"]: sum(
            gdb.number(f"contig_page_data.node_zones[{index}]"
                       f".free_area[{order}].nr_free") << order
            for order in range(ORDERS)) for index in populated}
    before = pages()
    guest.run_to("cpu_idle")
    after, found = pages(), gdb.json("mm diff a --json")
    for zone in found["zones"]:
        assert zone["returned_pages"] - zone["taken_pages"] == \
            after[zone["zone"]] - before[zone["zone"]]
        taken = sum(each["pages"] for each in zone["events"]
                    if each["event"] == "taken")
        assert taken == zone["taken_pages"]
    went = set()
    for flow in found["flows"]:
        if flow["before"]["kind"] in ("free", "pcp"):
            for start, end in flow["ranges"]:
                went.update(range(start, end))
    blocks = [(order, pfn) for kind, order, pfn, *_ in held(guest)
              if kind == TRUTH_PAGES]
    assert blocks
    for order, pfn in blocks:
        assert went >= set(range(pfn, pfn + (1 << order)))
    assert sum(each["after"] - each["before"] for each in found["owners"]) == 0
    for option in ("", " --all"):
        text = gdb.run(f"mm diff a{option}")
        assert max(map(len, text.splitlines())) <= 80
