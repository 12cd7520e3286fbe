# SPDX-License-Identifier: GPL-2.0-or-later
"""mm step goes through the guest's boot phase by phase; its numbers are the guest's own, and mm account's."""
import json
import os
import re
import signal
import time
from collections import Counter
from dataclasses import dataclass

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
OUTER = ("arm_memblock_init", "bootmem_init", "mm_init", "mem_init", "free_all_bootmem")     # have others inside
ZONE_NAMES = ("Normal", "HighMem", "Movable")
HANDED_OVER = ORDER.index("mem_init")       # from here on managed_pages is what is not reserved


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


@dataclass
class Look:
    """One stop: what ended there, and what others say of that moment. Before there are zones, only memblock is there."""

    steps: list
    at: str                 # function that begins here
    memblock: tuple         # bytes of memory and of what is reserved, as the guest counts them; none in its image
    account: Counter = None
    truth: list = None      # of each zone
    totalram: int = 0


def look(guest, report):
    """Let the guest count its pages here: nobody needs truth_cma's record yet, and it is made anew in its time."""
    gdb = guest.gdb
    sizes = tuple(gdb.number(f"memblock.{name}.total_size") for name in ("memory", "reserved"))
    seen = Look(report["steps"], gdb.run("info symbol $pc").split(" in section")[0], sizes)
    if gdb.number("contig_page_data.node_zones[0].present_pages"):
        seen.account, seen.totalram = accounted(gdb), gdb.number("totalram_pages")
        gdb.run("call truth_record(&truth_cma)")
        seen.truth = read_truths(gdb)
    return seen


def read_truths(gdb):
    """truth_cma's zones, in one go."""
    return json.loads(gdb.run(
        "python import json; zones = [gdb.parse_and_eval(f'truth_cma.zones[{index}]') for index in range(%d)]; print("
        "json.dumps([{field.name: int(zone[field]) if field.name != 'blocks' else [int(zone[field][order]) "
        "for order in range(%d)] for field in zone.type.fields()} for zone in zones]))" % (ZONES, MAX_ORDER)))


@pytest.fixture(scope="module")
def boot_steps(boot):
    """The article's board from its first instruction to the end of its boot: the guest, and a look at each stop.

    It stops, too, where a phase begins that has others inside.
    """
    guest = boot("article").load()
    gdb, looks, begin = guest.gdb, [Look([], "", (0, 0))], guest.gdb.run("show pagination")
    for function in OUTER:
        gdb.run(f"thbreak *{function}")
    while ORDER[-1] not in [step["phase"] for step in looks[-1].steps]:
        text = gdb.run("mm step --json")                # GDB tells itself of a breakpoint that is the user's
        looks.append(look(guest, json.loads(text[text.index('{\n "schema"'):])))
    assert "the boot is over" in guest.fails("mm step")
    assert begin == gdb.run("show pagination")
    return guest, looks


@pytest.fixture(scope="module")
def all_steps(boot_steps):
    """Each step."""
    return [step for each in boot_steps[1] for step in each.steps]


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


def around(looks, step):
    """The looks at a phase's beginning and end, and what other code changed between the first and the phase."""
    end = next(index for index, each in enumerate(looks) if step in each.steps)
    if step["phase"] not in OUTER:
        return looks[end - 1], looks[end], step["between"]
    return next(each for each in looks if each.at == step["function"]), looks[end], None


def test_phases_come_in_the_boots_order_and_are_kept(boot_steps, all_steps):
    guest, steps = boot_steps[0], all_steps
    assert tuple(dict.fromkeys(step["phase"] for step in steps)) == ORDER
    assert [step["number"] for step in steps] == list(range(1, len(steps) + 1))
    names = [step["snapshot"] for step in steps]
    assert names == [f"step/{step['number']:02}-{step['phase']}" for step in steps]
    listed = guest.gdb.json("mm snapshot --json")["snapshots"]
    assert [each["name"] for each in listed] == ["step/00-start", *names]
    assert kept(guest.gdb, names[5])["phase"] == steps[5]["phase"]
    assert kept(guest.gdb, names[5])["phase_text"] == steps[5]["why"] and not any(step["problems"] for step in steps
                                                                                   if "problems" in step)
    assert one(steps, "mem_init")["inside"] == ["mm_init"]
    nothing_left(guest.gdb)


@pytest.mark.parametrize("phase", ORDER)
def test_each_phases_numbers_are_the_guests_own(boot_steps, all_steps, phase):
    guest, looks = boot_steps
    for step in [step for step in all_steps if step["phase"] == phase]:
        (before, after, between), change = around(looks, step), step["change"]
        for name, was, is_ in zip(("memory_bytes", "reserved_bytes"), before.memblock, after.memblock):
            assert count(change, name) == (was + (more(between, name) if between else 0), is_)
        assert count(change, "totalram_pages")[1] == after.totalram
        assert bool(change["zones"]) == (after.truth is not None)
        lists = kept(guest.gdb, step["snapshot"])["free_lists"]
        for zone in change["zones"]:
            index = ZONE_NAMES.index(zone["zone"])
            truth = after.truth[index]
            assert [each["after"] for each in zone["blocks"]] == truth["blocks"]
            assert zone["free_pages"]["after"] == truth["free_pages"]
            assert truth["free_digest"] == digest([{"pfn": pfn, "order": each["order"]} for each in lists
                                                   for pfn in each["pfns"] if each["zone"] == zone["zone"]])
            if ORDER.index(phase) >= HANDED_OVER:
                assert zone["managed_pages"]["after"] == truth["memory_pages"] - truth["reserved_pages"]
            was = before.truth[index]["blocks"] if before.truth is not None else [0] * MAX_ORDER
            assert [each["before"] or 0 for each in zone["blocks"]] == [
                blocks + more for blocks, more in zip(was, blocks_between(between, zone["zone"]))]


def blocks_between(between, zone):
    """By how much the blocks of each order of a zone have grown before a phase."""
    for each in between["zones"] if between is not None else ():
        if each["zone"] == zone:
            return [(block["after"] or 0) - (block["before"] or 0) for block in each["blocks"]]
    return [0] * MAX_ORDER


@pytest.mark.parametrize("moment", ENDS)
def test_what_a_phase_leaves_is_what_the_guest_recorded_in_its_boot(boot_steps, all_steps, moment):
    gdb, step = boot_steps[0].gdb, one(all_steps, ENDS[moment])
    for zone in step["change"]["zones"]:
        place = f"{TRUTHS[moment]}.zones[{ZONE_NAMES.index(zone['zone'])}]"
        assert [each["after"] for each in zone["blocks"]] == [
            gdb.number(f"{place}.blocks[{order}]") for order in range(len(zone["blocks"]))]
    assert [zone["zone"] for zone in step["change"]["zones"]] == ["Normal", "HighMem"]


@pytest.mark.parametrize("phase", ORDER)
def test_pages_by_owner_are_the_difference_of_two_accounts(boot_steps, all_steps, phase):
    for step in [step for step in all_steps if step["phase"] == phase]:
        before, after, between = around(boot_steps[1], step)
        if before.account is None:
            continue
        expected, found = Counter(after.account), Counter()
        expected.subtract(before.account)
        for change in (between, step["change"]):
            for each in change["owners"] if change is not None else ():
                found[each["kind"], each["detail"]] += each["after"] - each["before"]
        assert {owner: pages for owner, pages in found.items() if pages} == {
            owner: pages for owner, pages in expected.items() if pages}
        for each in step["change"]["owners"]:
            assert each["after"] == after.account[each["kind"], each["detail"]]


def test_the_hand_over_is_the_articles_range_after_range(all_steps):
    steps, limit = all_steps, 0x40000000
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


def test_what_no_snapshot_holds_is_told_too(boot_steps, all_steps):
    guest, steps = boot_steps[0], all_steps
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


PATCH = """
import os, signal
import mmscope.model.step as step
take, looks = step.take, []
def interrupted(*args):
    looks.append(args)
    if len(looks) % 2:
        os.kill(os.getpid(), signal.SIGINT)
        while True: pass
    return take(*args)
step.take = interrupted
"""


def test_ctrl_c_in_the_middle_of_each_look_loses_no_phase(boot):
    guest, often = boot("article").load(), 0
    (guest.folder / "patch.py").write_text(PATCH)
    guest.gdb.run(f"source {guest.folder / 'patch.py'}")
    while "interrupted" in attempt(guest.gdb, "mm step --to bootmem_init --quiet"):
        nothing_left(guest.gdb)
        often += 1
    names = [each["name"].partition("-")[2] for each in guest.gdb.json("mm snapshot --json")["snapshots"]]
    assert names == ["start", *ORDER[:ORDER.index("bootmem_init") + 1]] and often > 4


def attempt(gdb, command):
    """What it prints, or why it fails."""
    try:
        return gdb.run(command)
    except GdbError as error:
        return str(error)


INTERRUPTS = 8


def test_ctrl_c_at_any_time_stops_it(boot):
    """While breakpoints are inserted, too, when GDB passes it on to a stub that still stands, and throws it away."""
    guest = boot("article").load()
    gdb = guest.gdb
    for pause in range(INTERRUPTS):
        gdb.resume("mm step --all --quiet")
        time.sleep(0.005 * pause ** 2)
        os.kill(gdb.pid, signal.SIGINT)
        try:
            gdb.wait_stop()
        except GdbError as error:
            assert "interrupted" in str(error)
        else:
            assert "interrupted" in "".join(gdb._text)
        nothing_left(gdb)


def test_readme_shows_what_it_prints_and_phases_and_what_is_between_them_add_up(boot):
    gdb = boot("article").load().gdb
    text = gdb.run("mm step --to mem_init")
    shown = (ROOT / "README.md").read_text().partition("(gdb) mm step --to mem_init\n")[2].partition("\n\n")[0]
    shown = [line[4:] for line in shown.splitlines() if line.strip() != "..."]
    assert len(shown) > 10 and set(shown) <= set(text.splitlines())
    assert max(map(len, text.splitlines())) <= 80
    before = {name: gdb.number(name) for name in ("totalram_pages", "memblock.reserved.total_size")}
    report = gdb.json("mm step --all --json")
    steps = report["steps"]
    assert report["over"] and [step["phase"] for step in steps if step["earlier"]] == ["mm_init"]
    outer = [step["change"] for step in steps if step["inside"] == ["mm_init"] or not step["inside"]
             and step["phase"] != "mm_init"]
    for name in ("free_pages", "totalram_pages", "slabs", "objects_used", "areas", "reserved_bytes"):
        assert sum(more(change, name) for change in outer) + report["between"][name] == more(report["total"], name)
    assert report["between"]["totalram_pages"] == 0 and 0 <= -report["between"]["free_pages"] < 100
    assert count(report["total"], "totalram_pages") == (before["totalram_pages"], gdb.number("totalram_pages"))
    assert count(report["total"], "reserved_bytes")[0] == before["memblock.reserved.total_size"]
