# SPDX-License-Identifier: GPL-2.0-or-later
"""The free lists are decoded as they are, and every broken invariant is named."""
import pytest
from hypothesis import given, settings, strategies

from machine import HIGH_START, HIGH_PAGES, LOW_START, Machine, PAGE_OFFSET, PHYS_OFFSET
from mmscope.errors import MmError
from mmscope.model.buddy import buddy_report
from mmscope.model.buddyinfo import buddyinfo
from mmscope.view.buddy import buddy_text
from mmscope.view.buddyinfo import buddyinfo_text
from shapes import LINUX_4_9, LINUX_6_1

A, B, C = (LOW_START + 13 + n * 16 for n in range(3))      # multiples of 16


def broken(machine):
    """IDs of the broken invariants, each once, in the order of their report."""
    return list(dict.fromkeys(problem.id for problem in buddy_report(machine.context()).problems))


def test_blocks_come_in_list_order_with_their_addresses(machine):
    machine.free(machine.low, 2, 1, C, A, B)
    report = buddy_report(machine.context(), blocks=True)
    assert [block.pfn for block in report.blocks] == [C, A, B]
    first = report.blocks[0]
    assert (first.order, first.migratetype, first.phys) == (2, "Movable", C << 12)
    assert first.page == machine.page(C)
    assert first.virt == (C << 12) - PHYS_OFFSET + PAGE_OFFSET
    assert report.problems == ()


def test_highmem_has_no_virtual_address_and_the_text_says_so(machine):
    machine.free(machine.high, 0, 0, HIGH_START)
    report = buddy_report(machine.context(), blocks=True)
    assert report.blocks[0].virt is None
    assert "highmem: not mapped" in buddy_text(report)


def test_orders_and_migratetypes_come_from_the_kernel(machine):
    report = buddy_report(machine.context())
    assert report.orders == machine.orders
    assert report.migratetypes == ("Unmovable", "Movable", "Reclaimable", "Highatomic", "CMA", "Isolate")


def test_counts_are_per_migratetype_and_nr_free_is_the_kernels(machine):
    machine.free(machine.low, 4, 1, A, B)
    machine.free(machine.low, 4, 4, C)
    area = next(a for a in buddy_report(machine.context()).free_areas if (a.order, a.nr_free) == (4, 3))
    assert area.by_migratetype["Movable"] == 2 and area.by_migratetype["CMA"] == 1


def test_arguments_choose(machine):
    machine.free(machine.low, 4, 1, A)
    machine.free(machine.low, 2, 0, B)
    machine.free(machine.high, 2, 1, HIGH_START + 1)
    name = "dma" if machine.new_style else "normal"
    report = buddy_report(machine.context(), zone=name, order=2, migratetype="UNMOVABLE", blocks=True)
    assert [block.pfn for block in report.blocks] == [B]
    assert [area.order for area in report.free_areas] == [2]


@pytest.mark.parametrize("wrong", [
    {"zone": "Nowhere"}, {"order": 12}, {"order": -1}, {"migratetype": "x"}, {"node": 1}])
def test_what_does_not_exist_is_one_line(machine, wrong):
    with pytest.raises(MmError) as error:
        buddy_report(machine.context(), **wrong)
    assert "\n" not in str(error.value)


def test_buddyinfo_is_the_kernels_format(machine_4_9):
    machine_4_9.free(0, 0, 1, A)
    machine_4_9.put(machine_4_9.zone(1), "zone", "free_area[10].nr_free", 123456)
    assert buddyinfo_text(buddyinfo(machine_4_9.context())) == (
        "Node 0, zone   Normal " + "     1 " + "     0 " * 10 + "\n"
        "Node 0, zone  Highmem " + "     0 " * 10 + "123456 \n")


def test_table_fits_eighty_columns_with_four_digit_counts(machine):
    for order in range(machine.orders):
        machine.put(machine.zone(machine.low), "zone", f"free_area[{order}].nr_free", 9999)
    machine.free(machine.low, 0, 1, *range(LOW_START, LOW_START + 0x1000))
    assert max(map(len, buddy_text(buddy_report(machine.context())).splitlines())) <= 80


def test_buddy_1_nr_free_differs_from_the_list(machine):
    machine.free(machine.low, 2, 1, A)
    machine.put(machine.zone(machine.low), "zone", "free_area[2].nr_free", 2)
    assert broken(machine) == ["BUDDY-1"]


def test_buddy_2_block_without_the_mark(machine):
    machine.free(machine.low, 2, 1, A)
    machine.put(machine.page(A), "page", "_mapcount.counter", -1)
    assert broken(machine) == ["BUDDY-2"]


def test_buddy_2_block_of_another_order(machine):
    machine.free(machine.low, 2, 1, A)
    machine.put(machine.page(A), "page", "private", 3)
    assert broken(machine) == ["BUDDY-2"]


def test_buddy_3_block_not_aligned(machine):
    machine.free(machine.low, 2, 1, A + 1)
    assert broken(machine) == ["BUDDY-3"]


def test_buddy_4_block_of_another_zone(machine):
    machine.free(machine.low, 0, 1, HIGH_START + 5)
    assert broken(machine) == ["BUDDY-4"]


def test_buddy_4_block_reaches_out_of_its_zone(machine):
    machine.free(machine.high, 4, 1, HIGH_START + HIGH_PAGES - 3)
    assert "BUDDY-4" in broken(machine)


@pytest.mark.parametrize("types", [(1, 1), (1, 4)])
def test_buddy_5_both_halves_are_free(machine, types):
    machine.free(machine.low, 4, types[0], A)
    machine.free(machine.low, 3, types[0], C)
    machine.free(machine.low, 3, types[1] + 1, C + 8)
    problems = buddy_report(machine.context()).problems
    assert [(problem.id, f"{C + 8:#x}" in problem.where) for problem in problems] == [("BUDDY-5", True)]


def test_blocks_of_the_highest_order_do_not_merge(machine):
    top, size = machine.orders - 1, 1 << machine.orders - 1
    first = -(-LOW_START // (2 * size)) * 2 * size
    machine.put(machine.zone(machine.low), "zone", "spanned_pages", 4 * size)
    machine.free(machine.low, top, 1, first)
    machine.free(machine.low, top, 2, first + size)
    assert "BUDDY-5" not in broken(machine)


def test_a_locked_zone_is_said(machine):
    report = buddy_report(machine.context())
    assert report.locked == () and "locked" not in buddy_text(report)
    machine.take_lock(machine.high)
    for blocks in (False, True):
        report = buddy_report(machine.context(), blocks=blocks)
        assert report.locked == ("Highmem",) and "zone Highmem is locked" in buddy_text(report)
    assert buddy_report(machine.context(), zone=machine.names[machine.low][5:]).locked == ()


def test_list_1_next_points_nowhere(machine):
    machine.free(machine.low, 2, 1, A, B)
    for wild in (0, 0x100, 0xFFFFFFFC, machine.node(A) + 2, machine.page(LOW_START - 1), 0xC0000000):
        machine.poke(machine.node(A), wild)
        assert broken(machine)[0] == "LIST-1"


def test_list_1_entry_cannot_be_read(machine):
    machine.put(machine.addr("contig_page_data"), "pglist_data", "node_spanned_pages", 0x8000)
    machine.poke(machine.head(machine.low, 0, 0), machine.node(LOW_START + 0x7000))
    assert broken(machine)[0] == "LIST-1"


def test_list_2_loops_without_its_head(machine):
    machine.free(machine.low, 2, 1, A, B, C)
    machine.poke(machine.node(C), machine.node(B))
    assert broken(machine) == ["LIST-3", "LIST-2"] or broken(machine) == ["LIST-2"]


def test_list_2_entry_that_is_its_own_next(machine):
    machine.free(machine.low, 2, 1, A)
    machine.poke(machine.node(A), machine.node(A))
    assert "LIST-2" in broken(machine)


def test_list_3_prev_lies_and_the_walk_goes_on(machine):
    machine.free(machine.low, 2, 1, A, B, C)
    machine.poke(machine.node(B) + 4, machine.node(C))
    report = buddy_report(machine.context(), blocks=True)
    assert [block.pfn for block in report.blocks] == [A, B, C]
    assert [problem.id for problem in report.problems] == ["LIST-3"]


def test_a_broken_list_does_not_hide_the_others(machine):
    machine.free(machine.low, 2, 1, A)
    machine.free(machine.low, 4, 1, B)
    machine.poke(machine.head(machine.low, 2, 1), 0xDEADBEEC)
    report = buddy_report(machine.context(), blocks=True)
    assert [block.pfn for block in report.blocks] == [B]


def test_many_blocks_cost_far_less_than_one_request_each(machine):
    machine.free(machine.low, 0, 1, *range(LOW_START, LOW_START + 0x1000, 2))
    ctx = machine.context()
    assert len(buddy_report(ctx, blocks=True).blocks) == 2048
    assert ctx.memory.cost.requests < 2048 / 20


MACHINES = {}       # built once: a random example starts from a copy of its bytes

WRITES = strategies.lists(max_size=8, elements=strategies.tuples(
    strategies.sampled_from(["head", "node", "page", "zone"]), strategies.integers(0, 100),
    strategies.one_of(strategies.integers(0, 0xFFFFFFFF), strategies.integers(0xC0400000, 0xC0440000),
                      strategies.integers(0, 40).map(lambda n: 0xC0400000 + 0x20 * n))))


@settings(max_examples=150)
@given(shape=strategies.sampled_from([LINUX_4_9, LINUX_6_1]), writes=WRITES)
def test_random_corruption_neither_raises_nor_hangs(shape, writes):
    machine = MACHINES.get(shape) or MACHINES.setdefault(shape, Machine(shape))
    saved = {start: bytes(data) for start, data in machine.ram.areas.items()}
    try:
        machine.free(machine.low, 2, 1, A, B, C)
        machine.free(machine.high, 0, 4, HIGH_START, HIGH_START + 2)
        where = {"head": machine.head(machine.low, 2, 1), "node": machine.node(A), "page": machine.page(B),
                 "zone": machine.zone(machine.low)}
        for base, word, value in writes:
            machine.poke(where[base] + 4 * (word if base == "zone" else word % 16), value)
        machine.ram.reads.clear()
        try:
            buddy_report(machine.context(), blocks=True)
        except MmError:
            pass        # the zones themselves may be out of reach now
        assert len(machine.ram.reads) < 1000
    finally:
        for start, data in saved.items():
            machine.ram.areas[start][:] = data
