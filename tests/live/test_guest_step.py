# SPDX-License-Identifier: GPL-2.0-or-later
"""mm step goes through the guest's boot phase by phase; its numbers are the guest's own, and mm account's."""
import json
import os
import re
import signal
import threading
import time
from collections import Counter

import pytest

from article import CMA_PAGES, EXPRESSIONS, FREE
from guest import MM_PY, ROOT
from harness.gdbmi import GdbError
from test_truth import TRUTHS, ZONES, digest

MAX_ORDER = 11
ENDS = {"mem_init": "mem_init", "mm_init": "mm_init", "cma": "cma_init_reserved_areas"}     # phase of each truth
ORDER = ("setup_machine_fdt", "dma_contiguous_reserve", "arm_memblock_init", "paging_init", "free_area_init",
         "bootmem_init", "setup_per_cpu_areas", "build_all_zonelists", "page_alloc_init", "page_ext_init_flatmem",
         "reserve", "free_range", "free_all_bootmem", "free_highpages", "mem_init", "kmem_cache_init",
         "percpu_init_late", "pgtable_init", "vmalloc_init", "ioremap_huge_init", "kaiser_init", "mm_init",
         "kmem_cache_init_late", "setup_per_cpu_pageset", "init_per_zone_wmark_min", "cma_init_reserved_areas")
ACCOUNTED = ("setup_per_cpu_areas", "kmem_cache_init", "pgtable_init")      # looked at by mm account before and after


def nothing_left(gdb):
    """No breakpoint of anybody's, and the stub reads virtual addresses."""
    assert gdb.run("info breakpoints") == gdb.run("maint info breakpoints") == "No breakpoints or watchpoints.\n"
    assert 'received: "0"' in gdb.run("maint packet qqemu.PhyMemMode")


def accounted(gdb):
    """Pages by owner, as mm account counts them; all free pages are one owner."""
    found = Counter()
    for zone in gdb.json("mm account --json")["zones"]:
        for bucket in zone["buckets"]:
            found[bucket["kind"], "" if bucket["kind"] == "free" else bucket["detail"]] += bucket["pages"]
    return found


def kept(gdb, name):
    """A snapshot that the session keeps."""
    return json.loads(gdb.run("python import json; from mmscope.session.load import _current; "
                              f"print(json.dumps(_current.kept['{name}']['state']))"))


@pytest.fixture(scope="module")
def boot_steps(boot):
    """The article's board from its first instruction to the end of its boot: the guest, steps, accounts around some."""
    guest = boot("article").load()
    gdb, steps, accounts, begin = guest.gdb, [], {}, guest.gdb.run("show pagination")
    for phase in ACCOUNTED:
        before = ORDER[ORDER.index(phase) - 1]
        steps += gdb.json(f"mm step --to {before} --json")["steps"]
        one = accounted(gdb)
        found = gdb.json("mm step --json")
        steps += found["steps"]
        accounts[phase] = one, accounted(gdb)
    report = gdb.json("mm step --all --json")
    assert begin == gdb.run("show pagination")
    return guest, steps + report["steps"], accounts, report


def count(change, name):
    """before and after of one count."""
    each, = [each for each in change["counts"] if each["name"] == name]
    return each["before"] or 0, each["after"] or 0


def more(change, name):
    """By how much it grew."""
    before, after = count(change, name)
    return after - before


def one(steps, phase):
    """The step of a phase that comes once."""
    found, = [step for step in steps if step["phase"] == phase]
    return found


def test_phases_come_in_the_boots_order_and_are_kept(boot_steps):
    guest, steps, _, report = boot_steps
    assert tuple(dict.fromkeys(step["phase"] for step in steps)) == ORDER
    assert [step["number"] for step in steps] == list(range(1, len(steps) + 1)) and report["over"]
    names = [step["snapshot"] for step in steps]
    assert names == [f"step/{step['number']:02}-{step['phase']}" for step in steps]
    listed = guest.gdb.json("mm snapshot --json")["snapshots"]
    assert [each["name"] for each in listed] == ["step/00-start", *names]
    assert kept(guest.gdb, names[5])["phase"] == steps[5]["phase"]
    assert kept(guest.gdb, names[5])["phase_text"] == steps[5]["why"] and not any(step["problems"] for step in steps
                                                                                   if "problems" in step)
    assert one(steps, "mem_init")["inside"] == ["mm_init"]
    nothing_left(guest.gdb)


@pytest.mark.parametrize("moment", ENDS)
def test_what_a_phase_leaves_is_what_the_guest_recorded(boot_steps, moment):
    guest, steps, _, _ = boot_steps
    gdb, step = guest.gdb, one(steps, ENDS[moment])
    state = kept(gdb, step["snapshot"])
    assert count(step["change"], "free_pages")[1] == gdb.number(f"{TRUTHS[moment]}.free_pages")
    for zone in step["change"]["zones"]:
        index = ("Normal", "HighMem", "Movable").index(zone["zone"])
        place = f"{TRUTHS[moment]}.zones[{index}]"
        assert [each["after"] for each in zone["blocks"]] == [
            gdb.number(f"{place}.blocks[{order}]") for order in range(len(zone["blocks"]))]
        blocks = [{"pfn": pfn, "order": each["order"]} for each in state["free_lists"] for pfn in each["pfns"]
                  if each["zone"] == zone["zone"]]
        assert digest(blocks) == gdb.number(f"{place}.free_digest")
    assert len(step["change"]["zones"]) < ZONES


def test_the_hand_over_is_the_articles_range_after_range(boot_steps):
    _, steps, _, _ = boot_steps
    limit = 0x40000000
    whole = [((min(end, limit) >> 12) - (start + 0xfff >> 12)) for start, end in FREE if start < limit]
    pieces = [step["change"] for step in steps if step["phase"] == "free_range"]
    assert [more(each, "free_pages") for each in pieces] == [pages for pages in whole if pages > 0]
    for piece in pieces:
        given, = piece["handed_over"]
        assert (given["start_pfn"] << 12, given["end_pfn"] << 12) in [
            (start + 0xfff & -0x1000, min(end, limit) & -0x1000) for start, end in FREE]
        assert given["blocks"] == largest_blocks(given["start_pfn"], given["end_pfn"], len(given["blocks"]))
    low = one(steps, "free_all_bootmem")["change"]
    assert sum(more(each, "free_pages") for each in pieces) == more(low, "totalram_pages")
    mem_init = one(steps, "mem_init")["change"]
    assert count(mem_init, "totalram_pages")[1] == int(EXPRESSIONS["totalram_pages"], 0)
    assert more(one(steps, "cma_init_reserved_areas")["change"], "totalram_pages") == CMA_PAGES


def largest_blocks(pfn, end, orders):
    """How many blocks of each order a free range becomes: each the largest that is aligned and fits."""
    counts = [0] * orders
    while pfn < end:
        order = max(order for order in range(MAX_ORDER) if not pfn % (1 << order) and pfn + (1 << order) <= end)
        counts[order] += 1
        pfn += 1 << order
    return counts


def test_what_no_snapshot_holds_is_told_too(boot_steps):
    guest, steps, _, _ = boot_steps
    flags = one(steps, "reserve")["flags"]
    zones = [f"truth_mem_init.zones[{index}]" for index in range(ZONES)]
    assert flags["reserved"] == {"name": "PG_reserved", "before": 0, "after": sum(
        guest.gdb.number(f"{zone}.reserved_pages") for zone in zones)}
    assert flags["changed"] == flags["reserved"]["after"]
    assert flags["frames"] == sum(guest.gdb.number(f"{zone}.memory_pages") for zone in zones)
    for change in one(steps, "setup_per_cpu_pageset")["pagesets"]:
        index = ("Normal", "HighMem").index(change["zone"])
        assert change["before"] == guest.gdb.number("(unsigned long)&boot_pageset") and change["was"] == "boot_pageset"
        assert change["after"] == guest.gdb.number(
            f"(unsigned long)contig_page_data.node_zones[{index}].pageset")
        assert change["cpus"] == guest.gdb.number("nr_cpu_ids")
    assert len(one(steps, "setup_per_cpu_pageset")["pagesets"]) == 2


@pytest.mark.parametrize("phase", ACCOUNTED)
def test_pages_by_owner_are_the_difference_of_two_accounts(boot_steps, phase):
    _, steps, accounts, _ = boot_steps
    before, after = accounts[phase]
    expected = {owner: after[owner] - before[owner] for owner in {*before, *after} if after[owner] != before[owner]}
    step, found = one(steps, phase), Counter()
    for change in (step["between"], step["change"]):
        for each in change["owners"] if change is not None else ():
            found[each["kind"], each["detail"]] += each["after"] - each["before"]
    assert {owner: pages for owner, pages in found.items() if pages} == expected and expected


def test_phases_and_what_is_between_them_add_up(boot_steps):
    guest, _, _, report = boot_steps
    outer = min(len(step["inside"]) for step in report["steps"])
    for name in ("free_pages", "totalram_pages", "slabs", "objects_used", "areas", "reserved_bytes"):
        inner = sum(more(step["change"], name) for step in report["steps"] if len(step["inside"]) == outer)
        assert inner + report["between"][name] == more(report["total"], name)
    assert count(report["total"], "totalram_pages")[1] == guest.gdb.number("totalram_pages")


def test_after_the_boot_it_says_so_in_one_line(boot_steps):
    guest = boot_steps[0]
    assert "the boot is over" in guest.fails("mm step") and "the boot is over" in guest.fails("mm step --all --json")
    assert "the boot is over" in guest.fails("mm step --to no_such_phase")


def test_text_is_short_and_a_user_goes_in_between(boot):
    guest = boot("article").load()
    gdb = guest.gdb
    guest.run_to("free_highpages")                  # inside mem_init, inside mm_init
    assert "it has: setup_machine_fdt" in guest.fails("mm step --to frob") and "which" in guest.fails(
        "mm step --all --to mem_init")
    text = gdb.run("mm step --to mem_init")
    assert " 1 free_highpages in mm_init > mem_init\n" in text and "2 mem_init in mm_init, from the middle" in text
    assert text.count("totalram_pages: 189128 -> 303816 (+114688)") == 2
    assert max(map(len, text.splitlines())) <= 80 and text.isascii()
    assert "is over already" in guest.fails("mm step --to mem_init")
    gdb.run("break pgtable_init")
    text = gdb.run("mm step --all --quiet")
    assert re.search(r"Stopped inside (mm_init|pgtable_init): breakpoint \d+", text) and "kmem_cache_init" in text
    assert gdb.run("maint info breakpoints").count("keep y") == 1
    gdb.run("delete")
    gdb.run("next")
    text = gdb.run("mm step --to mm_init")
    assert "mm_init, from the middle on" in text and "totalram" in text
    assert gdb.run("complete mm step --to init_p") == "mm step --to init_per_zone_wmark_min\n"
    before = gdb.json("mm snapshot --json")["snapshots"]
    gdb.run(f"source {MM_PY}")                      # loads everything anew: what is kept stays
    gdb.run("mm step --quiet")
    after = gdb.json("mm snapshot --json")["snapshots"]
    assert [each["name"] for each in after][:len(before)] == [each["name"] for each in before]
    assert len(after) > len(before)
    nothing_left(gdb)


def test_ctrl_c_leaves_nothing_behind(boot):
    guest = boot("article").load()
    gdb = guest.gdb
    gdb.resume("mm step --all")
    time.sleep(1.5)                                 # in the middle of some phase, or of a look at it
    os.kill(gdb.pid, signal.SIGINT)
    try:
        gdb.wait_stop()
    except GdbError as error:
        assert "interrupted" in str(error)
    nothing_left(gdb)
    assert gdb.json("mm info --json")["stage"]


def test_a_killed_target_leaves_nothing_behind(boot):
    guest = boot("article").load()
    guest.run_to("init_per_zone_wmark_min")
    threading.Timer(0.05, guest._qemu.kill).start()
    try:
        guest.gdb.run("mm step --all")
    except GdbError as error:
        assert "\n" not in str(error).strip()
    guest._qemu.wait()
    assert guest.gdb.run("maint info breakpoints") == "No breakpoints or watchpoints.\n"


def test_readme_shows_what_it_prints(boot):
    text = boot("article").load().gdb.run("mm step --to mem_init")
    shown = (ROOT / "README.md").read_text().partition("(gdb) mm step --to mem_init\n")[2].partition("\n\n")[0]
    shown = [line[4:] for line in shown.splitlines() if line.strip() != "..."]
    assert len(shown) > 10 and set(shown) <= set(text.splitlines())
    assert max(map(len, text.splitlines())) <= 80
