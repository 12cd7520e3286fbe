# SPDX-License-Identifier: GPL-2.0-or-later
"""mm account on a guest: it closes at every phase of the boot, says what the guest found itself page by page, and
explains what the article asks: 0x1d38 low pages and 0x14000 high ones."""
import re

import pytest

from article import CMA_PAGES, EXPRESSIONS
from guest import ROOT
from test_life import TRUTH_CMA, TRUTH_KMALLOC, TRUTH_PAGES, TRUTH_CACHE, held
from test_truth import TRUTHS, stop_at_transition

# Functions in the order of the boot; a number: how often the guest is stopped there.
PHASES = (("build_all_zonelists", 1), ("mm_init", 1), ("page_ext_init_flatmem", 1), ("mem_init", 1),
          ("free_unused_memmap", 1), ("free_all_bootmem", 1), ("free_low_memory_core_early", 1),
          ("reserve_bootmem_region", 2), ("__free_memory_core", 3), ("__free_pages_bootmem", 3), ("free_highpages", 1),
          ("mem_init_print_info", 1), ("kmem_cache_init", 1), ("create_kmalloc_caches", 1), ("percpu_init_late", 1),
          ("pgtable_init", 1), ("vmalloc_init", 1), ("ioremap_huge_init", 1), ("kaiser_init", 1),
          ("setup_per_cpu_pageset", 1), ("cma_init_reserved_areas", 1), ("init_cma_reserved_pageblock", 2),
          ("cpu_idle", 1))
MANAGED = int(EXPRESSIONS["contig_page_data.node_zones[0].managed_pages"], 16)
ESTIMATED_UNTIL = "free_all_bootmem"
POOLS = ("init_cma_reserved_pageblock",)
EARLY = ("reserved", "memblock", "hole")


def closes(found):
    """Every sum of the account, anew from its buckets."""
    assert found["problems"] == []
    for zone in found["zones"]:
        pages = {}
        for bucket in zone["buckets"]:
            assert bucket["pages"] > 0
            pages[bucket["kind"]] = pages.get(bucket["kind"], 0) + bucket["pages"]
        assert zone["residual"] == zone["present_residual"] == 0
        assert sum(pages.values()) == zone["spanned"] == pages.get("hole", 0) + zone["present"]
        assert zone["reserved"] == pages.get("reserved", 0)
        handed = sum(count for kind, count in pages.items() if kind not in EARLY)
        assert handed == (0 if zone["estimated"] else zone["managed"])
        assert handed + zone["reserved"] + pages.get("memblock", 0) == zone["present"]


def one(found, name):
    """The zone of that name, with its buckets as {(kind, detail): pages}."""
    zone = next(zone for zone in found["zones"] if zone["zone"] == name)
    return {**zone, "buckets": {(each["kind"], each["detail"]): each["pages"] for each in zone["buckets"]}}


def test_it_closes_at_every_phase_of_the_boot(each_board):
    guest, gdb, estimated = each_board, each_board.gdb, True
    for function, times in PHASES:
        if function in POOLS and guest.board == "virt":
            continue            # it has no pool
        for _ in range(times):
            guest.run_to(function)
            found = gdb.json("mm account --expect --json")
            closes(found)
            assert all(zone["estimated"] == estimated for zone in found["zones"]), function
            estimated = estimated and function != ESTIMATED_UNTIL
            assert [row for row in found["expected"] if row["exact"] and row["difference"]] == [], function


def test_inside_of_a_hand_over_it_says_where_the_stop_is(boot):
    guest = boot("article").load()
    guest.run_to("__free_one_page")
    text = guest.gdb.run("mm account")          # and does not fail
    assert "the stop is inside __free_one_page (CPU 0)" in text
    assert one(guest.gdb.json("mm account --json"), "Normal")["residual"] == 4
    guest.run_to("__free_one_page")             # behind the prologue, of the same call
    for _ in range(3):
        guest.run_to("__free_one_page")
        found = one(guest.gdb.json("mm account --json"), "Normal")
        assert found["residual"] == 0 and found["buckets"]["other", "being handed over"] in (8, 16, 32)


@pytest.fixture(scope="module", params=["article", "sabrelite", "virt"])
def moments(request, boot):
    """What mm account says at the guest's own moments, and what the guest found then."""
    guest = boot(request.param).load()
    found = {}
    for moment in TRUTHS:
        stop_at_transition(guest, moment)
        found[moment] = guest.gdb.json("mm account --json")
    guest.run_to("cpu_idle")
    gdb = guest.gdb
    return [(found[moment], [
        {name: gdb.number(f"{variable}.zones[{index}].{name}")
         for name in ("memory_pages", "reserved_pages", "free_pages")} for index in range(3)])
        for moment, variable in TRUTHS.items()]


def test_what_is_reserved_and_free_is_what_the_guest_found(moments):
    for found, truth in moments:
        closes(found)
        populated = [zone for zone in truth if zone["memory_pages"]]
        assert len(populated) == len(found["zones"])
        for zone, expected in zip(found["zones"], populated):
            free = sum(bucket["pages"] for bucket in zone["buckets"] if bucket["kind"] == "free")
            assert (zone["present"], zone["reserved"], free) == tuple(expected.values())


def without_sizes_of_the_image(line):
    """Another compiler makes another kernel, and leaves another rest of what is reserved for it."""
    return line.partition("iB")[2].strip() if "kernel " in line or "device tree at" in line else line


def test_the_articles_missing_pages_have_names(boot):
    guest = boot("article").load()
    guest.run_to("kmem_cache_init")
    found = guest.gdb.json("mm account --json")
    low, high = one(found, "Normal"), one(found, "HighMem")
    assert low["reserved"] == 0x30000 - MANAGED == 0x1d38 and high["reserved"] == CMA_PAGES == 0x14000
    assert high["buckets"]["reserved", "CMA linux,cma@5c000000"] == 0x14000
    assert low["buckets"]["reserved", "mem_map"] == 0xc00
    assert low["buckets"]["reserved", "page table swapper_pg_dir"] == 4
    assert ("reserved", "device tree") in low["buckets"] and ("reserved", "kernel text") in low["buckets"]
    text = guest.gdb.run("mm account")
    assert re.search(r"7480 +0x1d38 .* reserved\n", text) and re.search(r"81920 +0x14000 .* CMA linux,cma@", text)
    assert max(map(len, text.splitlines())) <= 80
    shown = (ROOT / "README.md").read_text().partition("(gdb) mm account\n")[2].partition("\n\n")[0]
    shown = [line[4:] for line in shown.splitlines() if line.strip() != "..."]
    assert len(shown) > 10 and set(map(without_sizes_of_the_image, shown)) \
        <= set(map(without_sizes_of_the_image, text.splitlines()))

    guest.run_to("cpu_idle")
    high = one(guest.gdb.json("mm account --json"), "HighMem")
    assert high["reserved"] == 0 and high["managed"] == 0x30000
    assert sum(count for (kind, detail), count in high["buckets"].items() if detail.startswith("CMA ")) == 0x14000


def test_each_part_of_the_image_has_its_pages(boot):
    """The linker's symbols, as GDB itself reads them."""
    guest = boot("virt").load()
    guest.run_to("kmem_cache_init")
    gdb, found = guest.gdb, guest.gdb.json("mm account --pages --json")["pages"]
    for name, first, last in (("kernel text", "_stext", "_etext"), ("kernel bss", "__bss_start", "__bss_stop")):
        start, end = (gdb.number(f"(unsigned long)&{symbol}") - 0xc0000000 + gdb.number("$mm_phys(0xc0000000)")
                      for symbol in (first, last))
        pages = sum(each["end_pfn"] - each["start_pfn"] for each in found if each["detail"] == name)
        assert (end >> 12) - (start + 0xfff >> 12) <= pages <= (end + 0xfff >> 12) - (start >> 12)


@pytest.fixture(scope="module", params=[("article", "mixed,1,600"), ("sabrelite", "cma,1,200"),
                                        ("virt", "fragment,1,100")], ids=lambda row: "-".join(row))
def lived(request, boot):
    """A guest in its idle loop, with what a workload holds."""
    board, scenario = request.param
    guest = boot(board, "--append", f"cma=64M scenario={scenario}").load()
    guest.run_to("cpu_idle")
    return guest


def test_it_closes_after_a_workload(lived):
    closes(lived.gdb.json("mm account --expect --json"))


def test_what_a_workload_holds_is_in_use_as_that(lived):
    ranges = lived.gdb.json("mm account --pages --json")["pages"]

    def at(pfn):
        return next((each["kind"], each["detail"]) for each in ranges if each["start_pfn"] <= pfn < each["end_pfn"])
    seen = set()
    for kind, order, pfn, addr, size, name in held(lived):
        if kind in (TRUTH_PAGES, TRUTH_CMA):
            pages = 1 << order if kind == TRUTH_PAGES else size
            assert {at(each)[0] for each in (pfn, pfn + pages // 2, pfn + pages - 1)} <= {"other", "compound"}
        elif kind == TRUTH_CACHE:
            assert at(lived.gdb.number(f"$mm_pfn({addr & 0xffffffff:#x})")) == ("slab", name)
        elif kind == TRUTH_KMALLOC and size <= 8192:
            assert at(lived.gdb.number(f"$mm_pfn({addr & 0xffffffff:#x})"))[1].startswith("kmalloc-")
        seen.add(kind)
    assert seen


def test_pages_are_a_partition(lived):
    found = lived.gdb.json("mm account --pages --json")
    for zone in found["zones"]:
        mine = [each for each in found["pages"] if (each["node"], each["zone"]) == (zone["node"], zone["zone"])]
        ends = [zone["start_pfn"], *(each["end_pfn"] for each in mine)]
        assert [each["start_pfn"] for each in mine] == ends[:-1]
        assert ends[-1] == zone["start_pfn"] + zone["spanned"]


def test_what_does_not_close_fails_after_printing(boot):
    guest = boot("virt").load()
    guest.run_to("cpu_idle")
    guest.gdb.run("set var contig_page_data.node_zones[0].managed_pages += 3")
    message = guest.fails("mm account")
    assert "managed_pages is 3 more than the pages found" in message
    written = guest.folder / "account.txt"
    guest.fails(f"mm account -o {written}")
    assert re.search(r" 3 +0x3 .*residual", written.read_text())
