# SPDX-License-Identifier: GPL-2.0-or-later
"""mm why of a free block: its place on its list, and the exact reason why it did not merge with its buddy."""
import pytest

from machine import HIGH_START, LOW_START
from machine64 import SECTION_PAGES, Machine64
from mmscope.model import frame
from mmscope.model.buddy import buddy_report
from mmscope.model.frames import machine_spans
from mmscope.model.migratetype import pageblock_order
from mmscope.model.why import place_of, why
from shapes64 import EARLY, LATE
from test_pcp import listed     # noqa: F401
from whys import A, ask, low, reserve, said


def test_a_free_block_says_its_place_on_its_list(machine):
    blocks = [A + 32 * at for at in range(17)]
    machine.free(machine.low, 2, 1, *blocks)
    for at, nth in ((0, "1st"), (1, "2nd"), (2, "3rd"), (3, "4th"), (10, "11th"), (16, "17th")):
        answer = ask(machine, blocks[at])
        assert (answer.kind, answer.detail, answer.zone) == (frame.FREE, "Movable order 2", low(machine))
        assert f"order 2 block {blocks[at]:#x}, {nth} of 17 on {low(machine)}'s Movable list" in answer.verdict
    assert said(ask(machine, blocks[0]), "list")[0].endswith("given out next")
    assert said(ask(machine, blocks[0] + 3), "this page") == ["the 4th of the block's 4 pages"]
    assert said(ask(machine, blocks[0]), "this page") == []


def test_a_block_on_another_list_than_its_pageblocks_is_found_there(machine):
    machine.free(machine.low, 2, 1, A)
    machine.free(machine.low, 2, 2, A + 32, A + 64)
    assert f"2nd of 2 on {low(machine)}'s Reclaimable list" in ask(machine, A + 64).verdict


@pytest.mark.parametrize("member, value", [("_mapcount.counter", -1), ("private", 1), ("private", 99)])
def test_a_block_that_is_not_marked_as_its_list_says_is_free_all_the_same(machine, member, value):
    machine.free(machine.low, 3, 1, A + 32, A + 64)
    machine.put(machine.page(A + 64), "page", member, value)
    spans = {pfn: span for span in machine_spans(machine.context()) for pfn in range(span.start_pfn, span.end_pfn)}
    for pfn in (A + 67, A + 71):
        answer = ask(machine, pfn)
        assert (answer.kind, answer.detail) == (spans[pfn].kind, spans[pfn].detail) == (frame.FREE, "Movable order 3")
        assert f"{A + 64:#x}" in answer.verdict and "BUDDY-2" in answer.verdict
        ctx = machine.context()
        assert why(ctx, place_of(ctx, pfn), spans[pfn]).verdict == answer.verdict


@pytest.mark.parametrize("order", [1, 2, 5])
def test_a_block_of_another_order_than_its_list_names_that_list(machine, order):
    machine.free(machine.low, 3, 1, A + 32, A + 64)
    machine.put(machine.page(A + 64), "page", "private", order)
    answer = ask(machine, A + 64)
    assert (answer.kind, answer.detail, answer.buddy) == (frame.FREE, "Movable order 3", None)
    assert answer.verdict == \
        f"free: order {order} block {A + 64:#x}, but on {low(machine)}'s Movable list of order 3: BUDDY-2"
    assert said(answer, "list") == [f"zone {low(machine)}, order 3, Movable: 2nd of 2 from the head, 1 in front of it"]
    for span in machine_spans(machine.context()):
        for pfn in {span.start_pfn, span.end_pfn - 1}:
            assert (ask(machine, pfn).kind, ask(machine, pfn).detail) == (span.kind, span.detail), hex(pfn - A)


def test_a_block_on_another_zones_list_names_that_list(machine):
    block = HIGH_START + 16 - HIGH_START % 16
    machine.free(machine.low, 2, 1, A, block)
    answer = ask(machine, block)
    assert answer.zone == "Highmem" and answer.buddy is None
    assert answer.verdict == f"free: order 2 block {block:#x}, but on {low(machine)}'s Movable list: BUDDY-4"
    assert said(answer, "list")[0].startswith(f"zone {low(machine)}, order 2, Movable: 2nd of 2")


def test_a_list_that_breaks_off_is_said_to(machine):
    machine.free(machine.low, 2, 1, A, A + 32)
    machine.poke(machine.node(A + 32), 0x1234)
    answer = ask(machine, A)
    assert "is free, too" not in answer.verdict and answer.kind in (frame.FREE, frame.OTHER)
    assert "1st of 2" in answer.verdict and "broken" in said(answer, "list")[0]


def test_a_block_that_is_marked_but_on_no_list_says_so(machine):
    machine.free(machine.low, 2, 1, A)
    machine.link(machine.head(machine.low, 2, 1))
    answer = ask(machine, A)
    assert f"on none of {low(machine)}'s lists of order 2" in answer.verdict


def buddy(machine, pfn):
    """Reason, buddy's pfn and verdict of a free block's page."""
    answer = ask(machine, pfn)
    assert answer.kind == frame.FREE and answer.buddy is not None
    assert answer.buddy.pfn is None or f"{answer.buddy.pfn:#x}" in " ".join(said(answer, "buddy"))
    return answer.buddy.reason, answer.buddy.pfn, answer.verdict


def test_the_highest_order_does_not_merge(machine):
    order = machine.orders - 1
    first = -(-LOW_START >> order) + 1 << order
    machine.free(machine.low, order, 1, first)
    assert buddy(machine, first)[:2] == ("highest order", None)


def test_a_buddy_that_is_used_is_named(machine):
    machine.free(machine.low, 3, 1, A)
    assert buddy(machine, A)[:2] == ("in use", A + 8)


def test_a_buddy_that_is_reserved_is_named_with_its_owner(machine):
    machine.free(machine.low, 1, 1, A)
    reserve(machine, (A + 2, 0x1000))
    reason, pfn, verdict = buddy(machine, A)
    assert (reason, pfn) == ("in use", A + 2) and verdict.endswith(f"its buddy {A + 2:#x} is reserved")
    assert said(ask(machine, A), "buddy")[0] == f"pfn {A + 2:#x} is reserved (early allocations)"


def test_a_buddy_that_is_a_page_table_is_named(machine):
    machine.free(machine.low, 0, 1, A)
    table = A + 1 << 12
    machine.poke(0xC0004000 + 0xF00 * 4, table | 1)
    assert buddy(machine, A)[2].endswith("is a page table")
    answer = ask(machine, A + 1)
    assert answer.kind == frame.PAGETABLE and "pte entries for 0xf0000000" in answer.verdict
    assert said(answer, "table") == ["pte entries for 0xf0000000 to 0xf00fffff, of the kernel's own"]


def test_a_buddy_that_is_split_leads_to_the_page_that_keeps_it_so(machine):
    machine.free(machine.low, 3, 1, A)
    machine.free(machine.low, 1, 1, A + 8)
    machine.free(machine.low, 0, 1, A + 10)
    reason, pfn, verdict = buddy(machine, A)
    assert (reason, pfn) == ("smaller blocks", A + 8) and f"its buddy's {A + 11:#x} is in use" in verdict
    assert f"3 pages up to {A + 11:#x}" in said(ask(machine, A), "buddy")[0]


def test_a_buddy_of_a_larger_order_is_broken(machine):
    machine.free(machine.low, 0, 1, A)
    machine.free(machine.low, 1, 1, A + 1)          # misaligned
    assert buddy(machine, A)[:2] == ("larger block", A + 1)


def test_a_buddy_outside_of_memory_is_none(machine):
    assert LOW_START ^ 1 == LOW_START - 1
    machine.free(machine.low, 0, 1, LOW_START)
    assert buddy(machine, LOW_START)[:2] == ("no memory", LOW_START - 1)


def test_a_buddy_in_a_hole_is_none_whatever_its_struct_page_says(machine):
    machine.memblock("memory", (LOW_START << 12, A + 4 - LOW_START << 12), (A + 8 << 12, 0x1000000))
    machine.free(machine.low, 2, 1, A)
    machine.put(machine.page(A + 4), "page", "private", 2)
    assert buddy(machine, A)[:2] == ("no memory", A + 4)


def test_a_buddy_in_another_zone_is_none(machine):
    last = HIGH_START - 1
    assert last ^ 1 == HIGH_START
    machine.free(machine.low, 0, 1, last)
    reason, pfn, verdict = buddy(machine, last)
    assert (reason, pfn) == ("other zone", HIGH_START) and verdict.endswith("is in another zone")
    assert "zone Highmem" in said(ask(machine, last), "buddy")[0]


def test_two_free_buddies_are_broken_unless_the_lock_is_held(machine):
    machine.free(machine.low, 2, 1, A, A + 4)
    assert buddy(machine, A)[:2] == ("unmerged", A + 4)
    assert "BUDDY-5" in said(ask(machine, A), "buddy")[0]
    machine.take_lock(machine.low)
    assert "lock is held" in said(ask(machine, A), "buddy")[0]


@pytest.mark.parametrize("shape", [LATE, EARLY], ids=["late", "early"])
@pytest.mark.parametrize("types, reason", [
    (("Movable", "Movable"), "not tried again"), (("Movable", "Unmovable"), "not tried again"),
    (("CMA", "CMA"), "not tried again"), (("Movable", "CMA"), "pageblock type"),
    (("Isolate", "Movable"), "pageblock type"), (("HighAtomic", "Unmovable"), "pageblock type")])
def test_buddies_as_large_as_pageblocks_are_no_problem_to_the_check_nor_here(shape, types, reason):
    machine = Machine64(shape)
    kinds = [machine.shapes.enums["migratetype"][f"MIGRATE_{each.upper()}"] for each in types]
    pair = [2 * SECTION_PAGES, 2 * SECTION_PAGES + 512]
    for kind, pfn in zip(kinds, pair):
        machine.pageblock(pfn, kind)
        if kinds[0] != kinds[1]:
            machine.free(1, 9, kind, pfn)
    if kinds[0] == kinds[1]:
        machine.free(1, 9, kinds[0], *pair)
    ctx = machine.context()
    assert pageblock_order(ctx) == 9 and buddy_ids(machine) == []
    for pfn, other in (pair, pair[::-1]):
        answer = why(machine.context(), place_of(ctx, pfn))
        assert (answer.buddy.reason, answer.buddy.pfn) == (reason, other)
        assert "BUDDY-5" not in answer.verdict + said(answer, "buddy")[0] and "None" not in answer.verdict


@pytest.mark.parametrize("order", [0, 3, 8])
def test_smaller_buddies_are_a_problem_to_the_check_and_here(order):
    machine = Machine64(LATE)
    pair = [2 * SECTION_PAGES, 2 * SECTION_PAGES + (1 << order)]
    machine.free(1, order, 1, *pair)
    assert buddy_ids(machine) == ["BUDDY-5"]
    for pfn in pair:
        answer = why(machine.context(), place_of(machine.context(), pfn))
        assert answer.buddy.reason == "unmerged" and "BUDDY-5" in said(answer, "buddy")[0]


def buddy_ids(machine):
    """BUDDY-5, as often as the check names it."""
    return [problem.id for problem in buddy_report(machine.context()).problems if problem.id == "BUDDY-5"]


def test_a_buddy_on_a_cpus_list_does_not_merge(listed):         # noqa: F811
    listed.free(listed.low, 0, 0, A - 1)
    listed.link(listed.pcp_head(1, 1), listed.node(A), listed.node(A - 2))
    listed.put(listed.page(A - 2), "page", "_refcount.counter", 0)
    reason, pfn, verdict = buddy(listed, A - 1)
    assert (reason, pfn) == ("per-CPU list", A - 2) and verdict.endswith("is on the list of CPU 1")


def test_a_page_on_a_cpus_list_says_which_and_where(listed):    # noqa: F811
    answer = ask(listed, A + 1)
    assert (answer.kind, answer.detail) == (frame.PCP, "CPU 1")
    assert "2nd of 2 on CPU 1's Movable list of order 0" in answer.verdict
    assert said(answer, "CPU's lists") == ["2 pages in all; more than 186 go back, 31 at a time"]
