# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: each invariant broken by hand is named, and nothing is where all is sound."""
import pytest

from checked import A, B, CMA_PFN, POOL, USED, Checked
from machine import HIGH_PAGES, HIGH_START, LOW_PAGES, LOW_START
from mmscope.errors import FaultError
from mmscope.model import checks
from mmscope.model.check import check_report
from mmscope.model.checks import Outcome
from mmscope.model.context import Context
from mmscope.model.invariants import CAUSES
from mmscope.model.problem import Problem
from mmscope.model.stage import Stage
from mmscope.view.check import check_text


def report(machine, stacks=(), strict=False):
    """What mm check says, with CPUs in these functions."""
    ctx = machine.context()
    host = ctx.host.__class__(**{**ctx.host.__dict__, "backtraces": lambda: tuple(stacks)})
    return check_report(Context(ctx.memory, ctx.layout, host), strict)


def statuses(machine, stacks=()):
    """Status by ID."""
    return {each.id: each.status for each in report(machine, stacks).checks}


# --- how each is broken: by writing what a faulty kernel would ---------------

BREAKS = {
    "LIST-1 next is no page": lambda m: m.poke(m.node(A), 0x12345678),
    "LIST-1 next is null": lambda m: m.poke(m.node(A), 0),
    "LIST-2 a page that leads to itself": lambda m: m.poke(m.node(A), m.node(A)),
    "LIST-2 a loop not through the head": lambda m: m.poke(m.node(B), m.node(A)),
    "LIST-3 prev": lambda m: m.poke(m.node(B) + 4, m.node(B)),
    "MEMBLOCK-1 unsorted": lambda m: m.memblock("reserved", (0x20000000, 4096), (0x10000000, 4096)),
    "MEMBLOCK-1 overlap": lambda m: m.memblock("reserved", (0x10000000, 8192), (0x10001000, 8192)),
    "MEMBLOCK-2 not merged": lambda m: m.memblock("reserved", (0x10000000, 4096), (0x10001000, 4096)),
    "MEMBLOCK-3 total": lambda m: m.memblock("reserved", (0x10000000, 4096), total=1),
    "MEMBLOCK-4 cnt": lambda m: m.memblock("reserved", (0x10000000, 4096), cnt=1 << 20),
    "MEMBLOCK-5 wraps": lambda m: m.memblock("reserved", (0xFFFFF000, 8192)),
    "ZONE-1 present": lambda m: m.put(m.zone(0), "zone", "present_pages", LOW_PAGES + 1),
    "ZONE-2 counter": lambda m: m.put(m.zone(0), "zone", "vm_stat[0]", 77),
    "ZONE-2 difference": lambda m: m.put(m.pageset, "per_cpu_pageset", "vm_stat_diff[0]", 1),
    "ZONE-3 total": lambda m: m.set_total("totalram_pages", 5),
    "ZONE-4 overlap": lambda m: m.put(m.zone(1), "zone", "zone_start_pfn", HIGH_START - 1),
    "ZONE-5 present": lambda m: m.put(m.zone(0), "zone", "present_pages", LOW_PAGES - 1),
    "ZONE-5 managed": lambda m: m.put(m.zone(0), "zone", "managed_pages", LOW_PAGES - 100),
    "ZONE-6 node": lambda m: m.put(m.zone(0), "zone", "zone_pgdat", 0),
    "ZONE-6 pages of the node": lambda m: m.put(m.node_addr, "pglist_data", "node_present_pages", 5),
    "ZONE-6 total": lambda m: m.set_total("totalhigh_pages", 5),
    "BUDDY-1 off by one": lambda m: m.put(m.zone(0), "zone", "free_area[2].nr_free", 3),
    "BUDDY-2 not marked": lambda m: m.put(m.page(A), "page", "_mapcount.counter", -1),
    "BUDDY-2 wrong order": lambda m: m.put(m.page(A), "page", "private", 3),
    "BUDDY-2 order too large": lambda m: m.put(m.page(A), "page", "private", 0x4000),
    "BUDDY-3 not aligned": lambda m: m.free(0, 1, 1, A + 17),
    "BUDDY-4 wrong zone": lambda m: m.put(m.page(A), "page", "flags", 1 << 30),
    "BUDDY-5 buddies": lambda m: m.free(0, 3, 1, A + 64, A + 72),
    "BUDDY-6 a block in another": lambda m: m.free(0, 0, 1, A + 1),
    "BUDDY-6 on a CPU's list, too": lambda m: m.on_pcp(A + 2),
    "BUDDY-7 a CMA pageblock": lambda m: m.pageblock(0, A, 4),
    "BUDDY-7 no such type": lambda m: m.pageblock(0, A, 7),
    "PAGE-1 a used page": lambda m: m.put(m.page(A + 100), "page", "flags", 1 << 30),
    "PAGE-2 a reference": lambda m: m.put(m.page(A + 3), "page", "_refcount.counter", 1),
    "PAGE-2 a mark inside": lambda m: m.put(m.page(A + 1), "page", "_mapcount.counter", -128),
    "PAGE-2 a mark on no list": lambda m: m.put(m.page(A + 100), "page", "_mapcount.counter", -128),
    "PAGE-3 reserved": lambda m: m.put(m.page(A + 1), "page", "flags", 1 << 10),
    "PAGE-4 no link": lambda m: m.put(m.page(USED + 2), "page", "compound_head", 0),
    "PAGE-4 a link to a page inside": lambda m: m.put(m.page(USED + 2), "page", "compound_head", m.page(USED + 1) + 1),
    "PAGE-4 a count": lambda m: m.put(m.page(USED + 3), "page", "_refcount.counter", 1),
    "PAGE-4 no mapping": lambda m: m.put(m.page(USED + 3), "page", "mapping", 0),
    "PAGE-4 no head": lambda m: m.put(m.page(USED), "page", "flags", 0),
    "PAGE-4 an order that cannot be": lambda m: m.put(m.page(USED + 1), "page", "compound_order", 9),
    "PCP-1 count": lambda m: m.put(m.pcp, "per_cpu_pages", "count", 1),
    "PCP-2 held": lambda m: m.put(m.page(POOL), "page", "_refcount.counter", 1),
    "PCP-2 reserved": lambda m: m.put(m.page(POOL), "page", "flags", 1 << 10),
    "PCP-2 mapped": lambda m: m.put(m.page(POOL), "page", "_mapcount.counter", 0),
    "PCP-2 zone": lambda m: m.put(m.page(POOL), "page", "flags", 1 << 30),
    "PCP-2 type": lambda m: m.put(m.page(POOL), "page", "index", 2),
    "PCP-3 too many": lambda m: m.put(m.pcp, "per_cpu_pages", "high", -200),
    "PCP-3 below 0": lambda m: m.put(m.pcp, "per_cpu_pages", "count", -1),
    "PCP-4 none": lambda m: m.put(m.zone(0), "zone", "pageset", 0),
    "PCP-4 another zone's": lambda m: m.put(m.zone(1), "zone", "pageset", m.pageset),
    "STAT-1 threshold": lambda m: m.put(m.pageset, "per_cpu_pageset", "vm_stat_diff[1]", 9),
    "STAT-2 sum": lambda m: m.poke(m.addr("vm_zone_stat"), 1),
    "WMARK-1 low": lambda m: m.put(m.zone(0), "zone", "watermark[0]", 99),
    "WMARK-2 reserve": lambda m: m.put(m.zone(0), "zone", "lowmem_reserve[1]", 99),
    "WMARK-3 count": lambda m: m.put(m.zone(0), "zone", "nr_reserved_highatomic", 1024),
    "WMARK-3 too many": lambda m: (m.put(m.zone(0), "zone", "nr_reserved_highatomic", 3072),
                                   [m.pageblock(0, LOW_START + (n << 10), 3) for n in range(3)]),
    "CMA-5 too many": lambda m: m.poke(m.addr("cma_area_count"), 1000000),
    "CMA-5 no pages": lambda m: m.put(m.addr("cma_areas"), "cma", "count", 0),
    "CMA-5 a pageblock of nobody": lambda m: m.pageblock(0, A, 4),
    "ISO-1 count": lambda m: m.put(m.zone(0), "zone", "nr_isolate_pageblock", 1),
    "ISO-2 pageblock": lambda m: (m.put(m.zone(0), "zone", "nr_isolate_pageblock", 1), m.pageblock(0, A, 5)),
    "ISO-2 list": lambda m: m.free(0, 5, 5, A + 32),
    "CMA-1 base": lambda m: m.put(m.addr("cma_areas"), "cma", "base_pfn", CMA_PFN + 1),
    "CMA-2 two zones": lambda m: m.put(m.addr("cma_areas"), "cma", "count", 0x1000),
    "CMA-3 type": lambda m: m.pageblock(1, CMA_PFN, 1),
    "CMA-4 free": lambda m: m.put(m.page(CMA_PFN + 1), "page", "_refcount.counter", 0),
    "CMA-4 no bitmap": lambda m: m.put(m.addr("cma_areas"), "cma", "bitmap", 0),
    "POOL-1 free": lambda m: m.memblock("reserved"),
    "POOL-2 outside": lambda m: m.regions("early_pools_used", (0x10000000, 16)),
    "OWNER-1 of a free page": lambda m: m.owner(A, 0),
    "OWNER-2 order": lambda m: m.owner(USED + 8, 11),
    "OWNER-2 calls": lambda m: m.owner(USED + 8, 0, nr_entries=9),
    "OWNER-3 half": lambda m: m.owner(USED + 8, 1),
    "OWNER-3 two callers": lambda m: m.put(m.ext(USED + 1), "page_ext", "ip", 0x1234),
}


@pytest.fixture
def sound():
    """The guest with something of everything."""
    return Checked()


def test_nothing_is_broken_or_left_out_where_all_is_sound(sound):
    found = report(sound)
    ours = {name.split()[0] for name in BREAKS}
    assert found.problems == () and found.failure is None
    assert {each.id: each.status for each in found.checks if each.id in ours} == dict.fromkeys(ours, "ok")


@pytest.mark.parametrize("name", BREAKS)
def test_what_is_broken_is_named(sound, name):
    BREAKS[name](sound)
    id_ = name.split()[0]
    found = report(sound)
    assert id_ in {problem.id for problem in found.problems}
    row = next(each for each in found.checks if each.id == id_)
    own = [problem for problem in found.problems if problem.id == id_]
    assert row.status == "broken" and own[0].text in row.text
    assert all(problem.where and problem.text and problem.cause == CAUSES[problem.id] for problem in found.problems)
    assert max(map(len, check_text(found).splitlines())) <= 80


def test_every_id_of_this_file_is_broken_here():
    by_id = {id_ for each in checks.load_checks() for id_ in each.ids if each.run.__module__.rpartition("_")[2] in (
        "memblock", "zone", "buddy", "pcp", "page", "compound", "vmstat", "watermark", "isolation", "cma", "owner",
        "account")}
    assert by_id == {name.split()[0] for name in BREAKS}


# --- what is allowed ----------------------------------------------------------

def test_blocks_of_other_types_may_be_on_each_others_lists_but_not_with_typed_lists(sound):
    sound.pageblock(0, A, 0)
    assert report(sound).problems == ()
    sound.shapes.symbols["move_freepages_block_isolate"] = sound.shapes.symbols["cma_areas"]
    assert {problem.id for problem in report(sound).problems} == {"BUDDY-7"}


def test_zones_of_two_nodes_may_overlap_and_holes_have_no_links(sound):
    sound.memblock("memory", (LOW_START << 12, 50 << 12), ((LOW_START + 60) << 12, (LOW_PAGES + 0x800 - 60) << 12))
    sound.put(sound.page(LOW_START + 55), "page", "flags", 1 << 30)
    for name in ("present_pages", "managed_pages"):
        sound.put(sound.zone(0), "zone", name, LOW_PAGES - 10)
    sound.put(sound.node_addr, "pglist_data", "node_present_pages", LOW_PAGES + HIGH_PAGES - 10)
    sound.set_total("totalram_pages", LOW_PAGES + HIGH_PAGES - 10)
    assert report(sound).problems == ()


def test_cma_pages_may_be_on_movables_per_cpu_list(sound):
    sound.put(sound.page(POOL), "page", "index", 4)
    assert report(sound).problems == ()


# --- stages, and the middle of a change ---------------------------------------

def test_what_is_not_there_yet_is_skipped_with_a_reason(sound):
    sound.poke(sound.addr("system_state"), 0)
    sound.poke(sound.addr("slab_state"), 0)
    sound.set_total("totalram_pages", 0)
    assert statuses(sound)["ZONE-3"] == "skipped"
    sound.poke(sound.addr("mem_map"), 0)
    found = report(sound)
    row = next(each for each in found.checks if each.id == "BUDDY-1")
    assert (row.status, row.text) == ("skipped", "not there yet at stage memblock")
    assert {each.status for each in found.checks if each.id.startswith("MEMBLOCK")} == {"ok"}


@pytest.mark.parametrize("stack", [("__free_one_page", "free_one_page"), ("memset", "expand.isra.0", "rmqueue")])
def test_a_change_under_way_is_not_called_broken(sound, stack):
    BREAKS["BUDDY-1 off by one"](sound)
    BREAKS["STAT-2 sum"](sound)
    found = report(sound, [("cpu_idle",), stack])
    row = next(each for each in found.checks if each.id == "BUDDY-1")
    name = next(name for name in stack if name != "memset")
    assert row.status == "skipped" and row.text.startswith(f"the stop is inside {name} (CPU 1): ")
    assert [problem.id for problem in found.problems] == ["STAT-2"]
    assert ("buddy", f"{name} (CPU 1)") in {(each.subsystem, each.text) for each in found.inside}
    assert f"the stop is inside {name}" in check_text(found)


def test_a_locked_zone_is_a_change_under_way(sound):
    BREAKS["BUDDY-1 off by one"](sound)
    sound.take_lock(0)
    found = report(sound)
    assert found.problems == () and "the lock of zone Normal" in {each.text for each in found.inside}


def test_a_list_that_is_sound_is_so_in_the_middle_of_a_change_too(sound):
    assert statuses(sound, [("__free_one_page",)])["BUDDY-1"] == "ok"


# --- the report -----------------------------------------------------------------

def test_strict_fails_only_when_something_is_broken(sound):
    assert report(sound, strict=True).failure is None
    BREAKS["BUDDY-1 off by one"](sound)
    assert report(sound).failure is None
    assert report(sound, strict=True).failure == "1 problem: BUDDY-1"


def test_a_function_that_cannot_read_is_broken_and_the_others_go_on(sound, monkeypatch):
    def unreadable(ctx):
        raise FaultError(0xDEAD)

    checks.load_checks()
    name = "check_vmstat.counters"
    own = checks.CHECKS[name]
    monkeypatch.setitem(checks.CHECKS, name, checks.Check(own.ids, own.since, own.subsystem, unreadable))
    found = report(sound)
    assert [(problem.id, problem.actual) for problem in found.problems] == [("STAT-1", 0xDEAD)]
    assert {each.id: each.status for each in found.checks if each.id.startswith("STAT")} == {
        "STAT-1": "broken", "STAT-2": "skipped"}


def test_one_id_of_two_functions_has_the_graver_status(sound, monkeypatch):
    checks.load_checks()
    problem = Problem("LIST-1", "here", 1, 2, "of the second")
    monkeypatch.setitem(checks.CHECKS, "check_test.second", checks.Check(
        ("LIST-1",), Stage.ZONES, "test", lambda ctx: Outcome((problem,), "")))
    row = next(each for each in report(sound).checks if each.id == "LIST-1")
    assert (row.status, row.text) == ("broken", "of the second")


def test_a_list_that_is_cut_is_one_problem_and_not_one_for_each_page_behind(sound):
    sound.poke(sound.node(A), 0x12345678)         # B is marked, and not reached any more
    ids = {problem.id for problem in report(sound).problems}
    assert "LIST-1" in ids and "PAGE-2" not in ids


def test_a_map_that_was_overwritten_has_a_bounded_report(sound):
    for pfn in range(LOW_START, LOW_START + 2048, 2):
        sound.put(sound.page(pfn), "page", "flags", 1 << 31)
    found = [problem for problem in report(sound).problems if problem.id == "PAGE-1"]
    assert 0 < len(found) <= 1000
