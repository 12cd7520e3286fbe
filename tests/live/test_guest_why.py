# SPDX-License-Identifier: GPL-2.0-or-later
"""mm why of every single page of a guest: the kinds are those that the guest counts, the reasons those that follow
from lists of blocks; and what a workload holds is said to be held."""
import collections
import json
import re
from pathlib import Path

import article
import pytest
from test_life import LARGEST_KMALLOC, TRUTH_CACHE, TRUTH_CMA, TRUTH_KMALLOC, TRUTH_PAGES, held
from test_page_owner import record
from test_truth import TRUTHS, stop_at_transition

HELPER = Path(__file__).resolve().parents[1] / "harness" / "why_gdb.py"
LIMIT_SECONDS = 180
VERDICT_CHARS = 110
LOOP_SECONDS = 60               # for 393,216 pages: 10 on an idle machine
TRUTH_VMALLOC = 4
STUB_REQUESTS = 400             # a sweep of the article's mem_map takes 6144
USED = ("slab", "pagetable", "stack", "percpu", "vmalloc", "file", "anon", "compound", "other")


def every_page(guest):
    """What why_gdb.py's why_all() prints."""
    guest.gdb.run(f"source {HELPER}")
    return json.loads(guest.gdb.run("python why_all()", LIMIT_SECONDS).splitlines()[-1])


def why(gdb, x):
    """What mm why says of one page."""
    answer = gdb.json(f"mm why {x} --json")
    assert answer["problems"] == [] and answer["verdict"]
    return answer


def said(answer, what):
    """All that it says of one thing."""
    return [each["text"] for each in answer["evidence"] if each["what"] == what]


@pytest.fixture(scope="module")
def guest(boot):
    """The article's board; the tests below go on from where the one before has left it."""
    return boot("article").load()


@pytest.fixture(scope="module")
def looks(guest):
    """All pages before the hand-over, after it, and with the CMA pool back; and what the guest counts, truth_*."""
    gdb, found = guest.gdb, {}
    guest.run_to("page_alloc_init")
    found["before"] = {"pages": every_page(guest)}
    for moment in ("mem_init", "cma"):
        stop_at_transition(guest, moment)
        found[moment] = {"pages": every_page(guest), "blocks": gdb.json("mm buddy --blocks --json")["blocks"],
                         "zones": gdb.json("mm zones --json")["zones"],
                         "listed": [pfn for pageset in gdb.json("mm pcp --json")["pagesets"]
                                    for each in pageset["lists"] for pfn in each["pfns"]]}
    guest.run_to("cpu_idle")
    for moment in ("mem_init", "cma"):
        found[moment]["truth"] = [
            {name: gdb.number(f"{TRUTHS[moment]}.zones[{zone}].{name}")
             for name in ("memory_pages", "reserved_pages", "free_pages")} for zone in range(2)]
    return found


@pytest.mark.parametrize("moment", ["before", "mem_init", "cma"])
def test_every_page_has_a_verdict_in_time(looks, moment):
    pages = looks[moment]["pages"]
    assert pages["wrong"] == []
    assert sum(sum(kinds.values()) for kinds in pages["kinds"].values()) == 0x60000
    assert len(pages["longest"]) <= VERDICT_CHARS, pages["longest"]
    assert pages["seconds"] < LOOP_SECONDS


def test_before_the_hand_over_pages_are_memblocks_or_reserved(looks):
    kinds = looks["before"]["pages"]["kinds"]
    touched = {pfn for base, size in article.RESERVED for pfn in range(base >> 12, (base + size - 1 >> 12) + 1)}
    assert kinds["HighMem"] == {"reserved": article.CMA_PAGES, "memblock": 0x30000 - article.CMA_PAGES}
    assert kinds["Normal"]["reserved"] == len([pfn for pfn in touched if pfn < 0x40000])
    assert sum(kinds["Normal"].values()) == kinds["Normal"]["reserved"] + kinds["Normal"]["memblock"] == 0x30000


@pytest.mark.parametrize("moment", ["mem_init", "cma"])
def test_kinds_are_what_the_guest_counts(looks, moment):
    for zone, truth in zip(("Normal", "HighMem"), looks[moment]["truth"]):
        kinds = collections.Counter(looks[moment]["pages"]["kinds"][zone])
        assert kinds["reserved"] == truth["reserved_pages"]
        assert kinds["free"] == truth["free_pages"]
        used = sum(kinds[kind] for kind in USED)
        assert used + kinds["pcp"] == truth["memory_pages"] - truth["reserved_pages"] - truth["free_pages"]
        assert kinds["hole"] == 0x30000 - truth["memory_pages"] and kinds["memblock"] == kinds["deferred"] == 0
    normal = collections.Counter(looks["cma"]["pages"]["kinds"]["Normal"])
    assert normal["pcp"] == len(looks["cma"]["listed"])


@pytest.mark.parametrize("moment", ["mem_init", "cma"])
def test_each_block_says_its_place_and_why_it_is_no_larger(looks, moment):
    """The reason follows from the lists of free blocks alone."""
    look = looks[moment]
    orders = {block["pfn"]: block["order"] for block in look["blocks"]}
    lists = collections.defaultdict(list)
    for block in look["blocks"]:
        lists[block["zone"], block["order"], block["migratetype"]].append(block["pfn"])
    seen = {}
    for verdict, (pfn, pages, reason, buddy) in look["pages"]["blocks"].items():
        seen[pfn] = (pages, reason, buddy)
        order, head, place, length, zone, type_ = re.match(
            r"free: order (\d+) block (0x\w+), (\d+)\w\w of (\d+) on (\w+)'s (\w+) list; ", verdict).groups()
        entries = lists[zone, int(order), type_]
        assert (int(head, 16), int(length)) == (pfn, len(entries)) and entries[int(place) - 1] == pfn
    assert seen.keys() == orders.keys()
    for pfn, (pages, reason, buddy) in seen.items():
        order = orders[pfn]
        assert pages == 1 << order
        if order == 10:
            assert (reason, buddy) == ("highest order", None)
            continue
        assert buddy == pfn + (1 << order) if pfn % (2 << order) == 0 else pfn - (1 << order)
        if not 0x10000 <= buddy < 0x70000:
            expected = "no memory"
        elif (buddy < 0x40000) != (pfn < 0x40000):
            expected = "other zone"
        elif buddy in orders:
            expected = "smaller blocks"
            assert orders[buddy] < order
        else:
            expected = "per-CPU list" if buddy in look["listed"] else "in use"
        assert reason == expected, (hex(pfn), order)


def test_reserved_pages_name_their_region(guest, looks):
    for number, (base, size) in enumerate(article.RESERVED[:-1]):
        for pfn in {base >> 12, base + size - 1 >> 12}:
            answer = why(guest.gdb, f"pfn:{pfn:#x}")
            assert answer["kind"] == "reserved" and answer["verdict"].endswith("; never given back")
            regions = said(answer, "region")
            assert pfn == 0x3fffc or any(f"memblock.reserved[{number}]: {base:#x} + {size:#x}" in text
                                         for text in regions)
    assert "page table swapper_pg_dir, memblock.reserved[0]" in why(guest.gdb, "pfn:0x10005")["verdict"]
    assert "kernel text" in why(guest.gdb, "&start_kernel")["verdict"]
    assert "mem_map" in why(guest.gdb, "(char *)mem_map + 4")["verdict"]


def test_the_cma_pool_is_said_to_come_back_and_then_is_free(boot):
    guest = boot("article").load()
    guest.run_to("kmem_cache_init")
    answer = why(guest.gdb, f"phys:{article.CMA_BASE + 0x123456:#x}")
    assert answer["verdict"].startswith("reserved: CMA ") and answer["verdict"].endswith("given back by an initcall")
    guest.run_to("cpu_idle")
    answer = why(guest.gdb, f"phys:{article.CMA_BASE + 0x123456:#x}")
    assert answer["kind"] == "free" and "on HighMem's CMA list" in answer["verdict"]


def test_an_object_is_in_use_until_it_is_freed(guest, looks):
    gdb = guest.gdb
    addr = gdb.number("$object = (unsigned long)kmalloc(100, 0x24000c0)")
    answer = why(gdb, "$object + 7")
    assert answer["detail"] == "kmalloc-128" and answer["kind"] == "slab"
    assert said(answer, "object")[0].endswith(f"{addr & 0xffffffff:#x} + 0x7: in use")
    gdb.run("print kfree($object)")
    assert said(why(gdb, "$object"), "object")[0].endswith("+ 0x0: free, 1st to be given out by CPU 0")


def test_a_page_that_is_given_back_is_first_on_its_cpus_list(guest, looks):
    gdb = guest.gdb
    gdb.run("print $page = alloc_pages(0x24000c0, 0)")
    taken = why(gdb, "$page")
    assert taken["kind"] == "other" and taken["verdict"].startswith("in use: taken with alloc_pages")
    gdb.run("print __free_pages($page, 0)")
    assert ", but 1st of " in why(gdb, "$page")["verdict"]
    assert why(gdb, "$page")["kind"] == "pcp"


def test_one_page_costs_no_sweep_by_the_stub(guest, looks):
    gdb = guest.gdb
    gdb.run("set mm-transport stub")
    try:
        for x in ("pfn:0x10000", "pfn:0x10004", "pfn:0x11200", "slab_caches.next", "pfn:0x5c000", "pfn:0x3d90d"):
            gdb.run("set mm-transport stub")        # forgets what was read
            why(gdb, x)
            requests = int(re.search(r"mm why: (\d+) requests", gdb.run("mm stats"))[1])
            assert requests < STUB_REQUESTS, x
    finally:
        gdb.run("set mm-transport auto")


# --- who has what, by a workload's own list --------------------------------------------------------------------------

@pytest.fixture(scope="module")
def lived(boot):
    """After a workload, with page_owner: each allocation has its record."""
    guest = boot("article", "--append", "page_owner=on cma=64M scenario=mixed,1,600").load()
    guest.run_to("cpu_idle")
    return guest


def test_every_page_after_a_workload_has_a_verdict(lived):
    pages = every_page(lived)
    assert pages["wrong"] == [] and len(pages["longest"]) <= VERDICT_CHARS
    assert sum(sum(kinds.values()) for kinds in pages["kinds"].values()) == 0x60000


def test_what_a_workload_holds_is_held(lived):
    gdb, seen = lived.gdb, collections.Counter()
    for kind, order, pfn, addr, size, name in held(lived):
        seen[kind] += 1
        if seen[kind] > 12:
            continue
        if kind in (TRUTH_PAGES, TRUTH_CMA):
            answer = why(gdb, f"pfn:{pfn}")
            assert answer["verdict"].startswith("in use: allocated by "), answer["verdict"]
        elif kind == TRUTH_VMALLOC:
            answer, text = why(gdb, f"{addr & 0xffffffff:#x}"), f"1st page of the area at {addr & 0xffffffff:#x}"
            assert answer["kind"] == "vmalloc" and text in answer["verdict"]
        elif kind == TRUTH_CACHE or kind == TRUTH_KMALLOC and size <= LARGEST_KMALLOC:
            answer = why(gdb, f"{addr & 0xffffffff:#x}")
            assert answer["kind"] == "slab" and name in ("-", answer["detail"])
            assert said(answer, "object")[0].endswith(f"{addr & 0xffffffff:#x} + 0x0: in use")
        else:
            continue
        owner, kept = answer["owner"], record(gdb, answer["page"])
        assert owner["allocated"] and kept["flags"] == 1
        assert (owner["order"], owner["gfp_mask"], owner["caller"]["addr"]) == (
            kept["order"], kept["gfp_mask"], kept["ip"])
        assert [call["addr"] for call in owner["trace"]] == kept["trace"]
        assert len(said(answer, "called from")) == len(kept["trace"])
    assert {TRUTH_PAGES, TRUTH_KMALLOC, TRUTH_CACHE, TRUTH_VMALLOC} <= set(seen)


def test_calls_are_named_as_gdb_names_them(lived):
    gdb = lived.gdb
    pfn = next(pfn for kind, _, pfn, *_ in held(lived) if kind == TRUTH_PAGES)
    for call in why(gdb, f"pfn:{pfn}")["owner"]["trace"]:
        known = re.match(r"(\w+)(?: \+ (\d+))? in section", gdb.run(f"info symbol {call['addr']:#x}"))
        if known is None:
            assert call["symbol"] is None
            continue
        assert call["symbol"].split("/")[0] == f"{known[1]}+{int(known[2] or 0):#x}"
