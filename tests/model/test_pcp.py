# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages on a CPU's lists are found there, whatever the lists hold."""
import pytest

from machine import LOW_START
from mmscope.model.address import resolve
from mmscope.model.page import page_of
from mmscope.errors import MmError
from mmscope.model.pcp import pagesets, pcp_report
from mmscope.model.percpu import cpu_offsets
from mmscope.model.zone import zones
from mmscope.view.page import page_text
from mmscope.view.pcp import pcp_text

A = LOW_START + 13
POINTER, STEP = 0x1000, 0x400       # a per-CPU pointer, and how far CPUs are from each other


@pytest.fixture
def listed(machine):
    """Two CPUs' lists in the heap: CPU 1 has A and A + 1 on Movable's."""
    base = 0xC0208000
    machine.poke(machine.addr("nr_cpu_ids"), 2)
    for cpu in range(2):
        machine.poke(machine.addr("__per_cpu_offset") + 4 * cpu, base - POINTER + cpu * STEP)
    machine.put(machine.zone(machine.low), "zone", "per_cpu_pageset" if machine.new_style else "pageset", POINTER)
    machine.pcp = lambda cpu: base + cpu * STEP + (0 if machine.new_style else 4)
    machine.pcp_head = lambda cpu, index: machine.pcp(cpu) + machine.shapes.place("per_cpu_pages", f"lists[{index}]")[0]
    for cpu in range(2):
        for name, value in (("count", 0), ("high", 186), ("batch", 31)):
            machine.put(machine.pcp(cpu), "per_cpu_pages", name, value)
        for index in range(machine.shapes.place("per_cpu_pages", "lists")[1].count):
            machine.link(machine.pcp_head(cpu, index))
    machine.put(machine.pcp(1), "per_cpu_pages", "count", 2)
    machine.link(machine.pcp_head(1, 1), machine.node(A), machine.node(A + 1))
    for pfn in (A, A + 1, A + 2):
        machine.put(machine.page(pfn), "page", "_refcount.counter", 0)
    return machine


def low_pagesets(machine):
    ctx = machine.context()
    return pagesets(ctx, zones(ctx)[machine.low])


def page(machine, pfn):
    ctx = machine.context()
    return page_of(ctx, resolve(ctx, f"pfn:{pfn}"))


def test_lists_are_those_of_each_cpu(listed):
    first, second = low_pagesets(listed)
    assert (first.cpu, first.count, [each.pfns for each in first.lists if each.pfns]) == (0, 0, [])
    assert (second.cpu, second.count, second.high, second.batch) == (1, 2, 186, 31)
    assert [(each.order, each.migratetype, each.pfns) for each in second.lists if each.pfns] \
        == [(0, "Movable", (A, A + 1))]
    assert first.problems == second.problems == ()


def test_a_listed_page_says_whose_list_it_is_on(listed):
    found = page(listed, A + 1)
    assert (found.kind, found.cpu, found.pcp_migratetype) == ("pcp", 1, "Movable")
    assert (found.order, found.block_pfn) == (0, A + 1)
    assert "free, on a CPU's list (CPU 1, Movable)" in page_text(found)


def test_a_page_without_a_count_on_no_list_is_used(listed):
    found = page(listed, A + 2)
    assert (found.kind, found.cpu, found.order) == ("used", None, None)
    assert "not counted" in page_text(found)


def test_a_page_with_a_count_is_not_looked_for(listed):
    listed.put(listed.page(A), "page", "_refcount.counter", 1)
    assert page(listed, A).kind == "used"


def test_blocks_of_higher_orders_have_lists_of_their_own(listed):
    orders = {each.order for each in low_pagesets(listed)[0].lists}
    assert orders == ({0, 1, 2, 3} if listed.new_style else {0})
    if orders == {0}:       # none, in this shape
        return
    listed.put(listed.pcp(0), "per_cpu_pages", "count", 4)
    listed.link(listed.pcp_head(0, 6), listed.node(A + 16))     # order 2, Unmovable
    listed.put(listed.page(A + 19), "page", "_refcount.counter", 0)
    found = page(listed, A + 19)
    assert (found.kind, found.cpu, found.pcp_migratetype, found.order, found.block_pfn) \
        == ("pcp", 0, "Unmovable", 2, A + 16)


def test_a_list_is_followed_to_its_end_whatever_is_counted(listed):
    chain = [listed.node(A + n) for n in range(60)]
    listed.link(listed.pcp_head(1, 1), *chain)
    problem, = low_pagesets(listed)[1].problems
    assert problem.id == "PCP-1" and problem.expected == 60


@pytest.mark.parametrize("bad", [4, 0xFFFFFFFC])
def test_a_list_that_leads_nowhere_ends_there(listed, bad):
    listed.poke(listed.node(A), bad)
    problem, = low_pagesets(listed)[1].problems
    assert problem.id == "LIST-1"
    assert page(listed, A).kind == "pcp" and page(listed, A + 1).kind == "used"


@pytest.mark.parametrize("pointer", [0, 0x70000000])
def test_lists_that_are_not_there_or_not_readable_hide_nothing_else(listed, pointer):
    name = "per_cpu_pageset" if listed.new_style else "pageset"
    listed.put(listed.zone(listed.low), "zone", name, pointer)
    assert page(listed, A).kind == "used"


def test_lists_whose_heads_are_zero_are_not_there_yet(listed):
    listed.poke(listed.pcp_head(0, 0), 0)
    assert [each.cpu for each in low_pagesets(listed)] == [1]


def test_until_the_areas_are_set_up_there_is_one_copy(machine):
    machine.poke(machine.addr("nr_cpu_ids"), 4)
    assert cpu_offsets(machine.context()) == {0: 0}
    machine.poke(machine.addr("__per_cpu_offset"), 0x100)
    machine.poke(machine.addr("__per_cpu_offset") + 8, 0x300)       # no CPU 1
    assert cpu_offsets(machine.context()) == {0: 0x100, 2: 0x300}
    machine.poke(machine.addr("nr_cpu_ids"), 0x7FFFFFFF)
    assert cpu_offsets(machine.context()) == {0: 0x100, 2: 0x300}


def report(machine, *args):
    return pcp_report(machine.context(), *args)


def test_pcp_1_count_differs_from_the_lists(listed):
    assert report(listed).problems == ()
    listed.put(listed.pcp(1), "per_cpu_pages", "count", 5)
    problem, = report(listed).problems
    assert (problem.id, problem.expected, problem.actual) == ("PCP-1", 2, 5)


def test_a_list_that_is_broken_is_said_once(listed):
    listed.poke(listed.node(A), 4)
    assert [problem.id for problem in report(listed).problems] == ["LIST-1"]


def test_arguments_choose_zone_and_cpu(listed):
    assert [(each.cpu, each.zone) for each in report(listed).pagesets] == [(0, low_name(listed)), (1, low_name(listed))]
    assert [each.cpu for each in report(listed, low_name(listed).upper(), 0, 1).pagesets] == [1]
    assert report(listed, "Highmem").pagesets == ()


def low_name(machine):
    return machine.names[machine.low][5:].capitalize()


@pytest.mark.parametrize("wrong", [("Nowhere",), (None, 7), (None, None, 2)])
def test_what_is_not_there_is_one_line(listed, wrong):
    with pytest.raises(MmError) as error:
        report(listed, *wrong)
    assert "\n" not in str(error.value)


def test_text_has_counts_by_type_and_order_and_says_when_there_is_nothing(listed):
    text = pcp_text(report(listed))
    assert f"CPU 0, node 0, zone {low_name(listed)}: count 0, high 186, batch 31\n\n" in text
    row = next(line for line in text.splitlines() if line.startswith("Movable"))
    assert row.split()[1] == "2" and row.split()[-1] == "2"
    assert max(map(len, text.splitlines())) <= 80
    assert pcp_text(report(listed, "Highmem")) == "no CPU has its lists yet\n"
