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


def test_blocks_that_change_their_list_are_moved(idle):
    """A pageblock is given to another type, and back."""
    gdb = idle.gdb
    gdb.run("print drain_local_pages(0)")
    zone = "&contig_page_data.node_zones[0]"
    blocks = gdb.json("mm buddy --json --blocks")["blocks"]
    first = next(each for each in blocks if each["zone"] == "Normal"
                 and each["order"] == 10 and each["migratetype"] == "Movable")
    pfn = first["pfn"]
    gdb.run("mm snapshot a")
    before = nr_free(gdb)
    page = f"mem_map + {pfn - BASE_PFN}"
    moved = gdb.number(f"move_freepages_block({zone}, {page}, "
                       "MIGRATE_RECLAIMABLE)")
    found = gdb.json("mm diff a --json")
    normal = next(each for each in found["zones"] if each["zone"] == "Normal")
    assert moved == 1024 == normal["moved_pages"]
    event, = normal["events"]
    assert (event["event"], event["pfn"], event["order"], event["migratetype"],
            event["to"], event["pages"]) == (
        "moved", pfn, 10, "Movable", "Reclaimable", 1024)
    counted(found, before, nr_free(gdb))
    assert found["flows"] == found["owners"] == []
    assert f"  moved     {pfn:#x} order 10 Movable to Reclaimable\n" \
        in gdb.run("mm diff a")
    gdb.run(f"print move_freepages_block({zone}, {page}, MIGRATE_MOVABLE)")
    assert normal["zone"] not in [
        each["zone"] for each in gdb.json("mm diff a --json")["zones"]
        if each["events"]]


def test_a_cache_comes_with_its_slabs_and_goes(idle):
    gdb = idle.gdb
    gdb.run("mm snapshot a")
    gdb.run('print $cache = kmem_cache_create("of_the_test", 200, 8, 0, 0)')
    objects = [gdb.number(f"(unsigned long)kmem_cache_alloc($cache, {KERNEL})")
               for _ in range(3)]
    new, = [each for each in gdb.json("mm diff a --json")["caches"]
            if each["name"] == "of_the_test"]
    assert new["before"] is None and new["after"]["used"] == len(objects)
    assert new["after"]["slabs"] == gdb.number(
        "$cache->node[0]->nr_slabs.counter") == 1
    first = (objects[0] - 0xC0000000 >> 12) + BASE_PFN
    (start, end), = new["came"]
    assert start <= first < end == start + (1 << new["after"]["order"])
    text = gdb.run("mm diff a --all")
    assert re.search(r"^  new: of_the_test, objects of 200 B, 1 slab, \d+ "
                     r"objects, 3 in use", text, re.M)
    gdb.run("mm snapshot b")
    for addr in objects:
        gdb.run(f"print kmem_cache_free($cache, {addr:#x})")
    gdb.run("print kmem_cache_shrink($cache)")
    shrunk, = [each for each in gdb.json("mm diff b --json")["caches"]
               if each["name"] == "of_the_test"]
    assert shrunk["left"] == [[start, end]] and shrunk["came"] == []
    assert (shrunk["after"]["slabs"], shrunk["after"]["used"]) == (0, 0)
    gdb.run("print kmem_cache_destroy($cache)")
    gone, = [each for each in gdb.json("mm diff b --json")["caches"]
             if each["name"] == "of_the_test"]
    assert gone["after"] is None and gone["left"] == [[start, end]]
    assert re.search(r"^  gone: of_the_test, objects of 200 B", gdb.run(
        "mm diff b --all"), re.M)
    assert "of_the_test" not in gdb.run("mm diff a --all")


def test_an_area_is_removed_when_it_is_flushed(idle):
    gdb = idle.gdb
    gdb.run("print vm_unmap_aliases()")
    addr = gdb.number("(unsigned long)vmalloc(20000)") & 0xFFFFFFFF
    gdb.run("mm snapshot a")
    gdb.run(f"print vfree({addr:#x})")
    gdb.run("print vm_unmap_aliases()")
    found = gdb.json("mm diff a --json")
    area, = found["areas"]
    assert (area["event"], area["area"]["start"], area["area"]["kind"]) == (
        "removed", addr, "vmalloc")
    assert sum(each["pages"] for each in found["flows"]
               if each["before"]["kind"] == "vmalloc") == 5
    assert f"removed  {addr:#x} 24 KiB vmalloc" in gdb.run("mm diff a")


def test_pages_by_owner_are_what_was_asked_for(idle):
    """From free to whoever asked, as many as nr_free has less."""
    gdb = idle.gdb
    gdb.run("mm snapshot a")
    before = nr_free(gdb)
    gdb.run(f"print $p = alloc_pages({KERNEL | 0x4000}, 5)")    # __GFP_COMP
    gdb.run(f"print $q = alloc_pages({MOVABLE}, 3)")
    owners = {each["kind"]: each["after"] - each["before"]
              for each in gdb.json("mm diff a --json")["owners"]}
    assert owners == {"free": -40, "compound": 32, "other": 8}
    free = next(each for each in gdb.json("mm diff a --json")["owners"]
                if each["kind"] == "free")
    one, other = (sum(count << order for counts in side.values()
                      for order, count in enumerate(counts))
                  for side in (before, nr_free(gdb)))
    assert (free["before"], free["after"]) == (one, other)
    gdb.run("print __free_pages($p, 5)")
    gdb.run("print __free_pages($q, 3)")
    assert gdb.json("mm diff a --json")["owners"] == []


PHASES = ("start_kernel", "bootmem_init", "mm_init", "kmem_cache_init",
          "vmalloc_init", "cpu_idle")


def names_of_caches(gdb):
    """Along slab_caches, by GDB's own expressions."""
    names, at = [], gdb.number("(unsigned long)slab_caches.next")
    head = gdb.number("(unsigned long)&slab_caches")
    offset = gdb.number("(unsigned long)&((struct kmem_cache *)0)->list")
    while at not in (0, head):
        cache = f"((struct kmem_cache *){at - offset:#x})"
        names.append(gdb.run(f'printf "%s", {cache}->name'))
        at = gdb.number(f"(unsigned long){cache}->list.next")
        assert len(names) < 100
    return names


@pytest.mark.parametrize("board", ["article", "virt"])
def test_stages_of_the_boot_are_compared_with_each_other(boot, board):
    """Each with each: before there are zones, pages, caches, and after."""
    guest = boot(board).load()
    gdb = guest.gdb
    seen = {}
    for phase in PHASES:
        guest.run_to(phase)
        gdb.run(f"mm snapshot {phase}")
        seen[phase] = {
            "free": sum(
                gdb.number(f"contig_page_data.node_zones[{zone}]"
                           f".free_area[{order}].nr_free") << order
                for zone in range(gdb.number(
                    "sizeof(contig_page_data.node_zones) / "
                    "sizeof(contig_page_data.node_zones[0])"))
                for order in range(ORDERS)),
            "caches": names_of_caches(gdb),
            "totalram": gdb.number("totalram_pages"),
            "reserved": [(gdb.number(f"memblock.reserved.regions[{at}].base"),
                          gdb.number(f"memblock.reserved.regions[{at}].size"))
                         for at in range(gdb.number("memblock.reserved.cnt"))]}
    assert seen["start_kernel"]["free"] == seen["mm_init"]["free"] == 0
    assert seen["kmem_cache_init"]["caches"] == []
    assert len(seen["vmalloc_init"]["caches"]) > 10
    for one in PHASES:
        for other in PHASES:
            found = gdb.json(f"mm diff {one} {other} --json")
            text = gdb.run(f"mm diff {one} {other} --all")
            assert max(map(len, text.splitlines())) <= 80
            before, after = seen[one], seen[other]
            assert sum(zone["returned_pages"] - zone["taken_pages"]
                       for zone in found["zones"]) == \
                after["free"] - before["free"]
            new, gone = ({each["name"] for each in found["caches"]
                          if each[side] is None}
                         for side in ("before", "after"))
            assert new == set(after["caches"]) - set(before["caches"])
            assert gone == set(before["caches"]) - set(after["caches"])
            total = next(each for each in found["totals"]
                         if each["name"] == "totalram_pages")
            assert (total["before"], total["after"]) == (
                before["totalram"], after["totalram"])
            bytes_ = [sum(size for _, size in each["reserved"])
                      for each in (before, after)]
            sign = {"added": 1, "removed": -1, "changed": 0}
            assert sum(sign[each["event"]] * (each["end"] - each["start"])
                       for each in found["memblock"]
                       if each["list"] == "reserved") == bytes_[1] - bytes_[0]
            if one == other:
                assert "nothing has changed" in text


def test_kept_snapshots_are_listed_and_deleted(idle):
    gdb = idle.gdb
    for name in ("one.x", "two-y"):
        gdb.run(f"mm snapshot {name}")
    offered = gdb.run("complete mm snapshot --delete ").split("\n")
    assert {"mm snapshot --delete one.x", "mm snapshot --delete two-y"} <= \
        {each.strip() for each in offered}
    assert gdb.run("complete mm snapshot --delete two").strip() == \
        "mm snapshot --delete two-y"
    assert "snapshot one.x is deleted" in gdb.run("mm snapshot --delete one.x")
    message = idle.fails("mm snapshot --delete one.x")
    assert "no snapshot 'one.x' is kept; kept: " in message
    assert "two-y" in message
    assert "one.x" not in gdb.run("mm snapshot")
    gdb.run("mm snapshot --delete two-y")


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
