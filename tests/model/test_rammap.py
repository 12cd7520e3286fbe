# SPDX-License-Identifier: GPL-2.0-or-later
"""Where RAM is: memblock says it, and what /proc/iomem prints where there is no memblock any more."""
import pytest

from machine import HIGH_PAGES, LOW_PAGES, LOW_START, Machine
from mmscope.model import frame
from mmscope.model.address import resolve
from mmscope.model.frames import zone_spans
from mmscope.model.rammap import is_ram, ram_frames, ram_ranges
from mmscope.model.zone import zones
from shapes import LINUX_6_1

RESOURCES = LINUX_6_1 + """
struct resource
    u32 start
    u32 end
    ptr name
    ptr sibling
    ptr child
var resource iomem_resource
"""
BASE, END = LOW_START << 12, LOW_START + LOW_PAGES + HIGH_PAGES << 12


def resources(machine, *entries):
    """Put (start, end, name) below iomem_resource, each as the next one's sibling; give their addresses."""
    step, addrs = machine.shapes.structs["resource"].size, []
    for start, end, name in entries:
        named = machine.string(name)
        machine.heap += -machine.heap % 4
        addrs.append(machine.heap)
        machine.heap += step
        for member, value in (("start", start), ("end", end - 1), ("name", named)):
            machine.put(addrs[-1], "resource", member, value)
    machine.put(machine.addr("iomem_resource"), "resource", "child", addrs[0] if addrs else 0)
    for addr, after in zip(addrs, [*addrs[1:], 0]):
        machine.put(addr, "resource", "sibling", after)
    return addrs


@pytest.fixture
def thrown_away():
    """A machine whose memblock has nothing any more."""
    machine = Machine(RESOURCES)
    machine.memblock("memory")
    return machine


def test_memblock_comes_first():
    machine = Machine(RESOURCES)
    resources(machine, (0x1000, 0x2000, "System RAM"))
    assert ram_ranges(machine.context()) == ((BASE, END),)


def test_system_ram_is_taken_from_the_resources(thrown_away):
    resources(thrown_away, (0, 0x1000, "Reserved"), (BASE, BASE + 0x100800, "System RAM"),
              (BASE + 0x180000, BASE + 0x190000, "PCI Bus 0000:00"), (BASE + 0x200000, END, "System RAM"))
    ctx = thrown_away.context()
    assert ram_ranges(ctx) == ((BASE, BASE + 0x100800), (BASE + 0x200000, END))
    assert ram_frames(ctx) == ((LOW_START, LOW_START + 0x100), (LOW_START + 0x200, END >> 12))
    assert [is_ram(ctx, BASE + at) for at in (-1, 0, 0x1007ff, 0x100800, 0x200000)] == [
        False, True, True, False, True]


def test_holes_are_known_by_them(thrown_away):
    resources(thrown_away, (BASE, BASE + 0x100000, "System RAM"), (BASE + 0x200000, END, "System RAM"))
    ctx = thrown_away.context()
    assert resolve(ctx, f"pfn:{LOW_START + 0x180}").hole and not resolve(ctx, f"pfn:{LOW_START + 0x10}").hole
    spans = zone_spans(ctx, zones(ctx)[thrown_away.low])
    assert [(span.start_pfn, span.end_pfn) for span in spans if span.kind == frame.HOLE] == [
        (LOW_START + 0x100, LOW_START + 0x200)]


def test_nothing_is_made_up_of_a_broken_list(thrown_away):
    first, second = resources(thrown_away, (BASE, BASE + 0x1000, "System RAM"), (BASE + 0x2000, END, "System RAM"))
    thrown_away.put(second, "resource", "sibling", first)
    assert ram_ranges(thrown_away.context()) is None
    thrown_away.put(second, "resource", "sibling", 0xdead0000)
    assert ram_ranges(thrown_away.context()) is None
    resources(thrown_away)
    assert ram_ranges(thrown_away.context()) is None and is_ram(thrown_away.context(), BASE) is None


def test_an_entry_that_ends_before_it_begins_is_left_out(thrown_away):
    resources(thrown_away, (BASE + 0x5000, BASE + 0x1000, "System RAM"), (BASE, BASE + 0x1000, "System RAM"))
    assert ram_ranges(thrown_away.context()) == ((BASE, BASE + 0x1000),)


def test_without_symbols_for_either_it_is_not_known(machine):
    machine.memblock("memory")
    assert ram_ranges(machine.context()) is None
    ctx = machine.context()
    found = zone_spans(ctx, zones(ctx)[machine.low])        # then every struct page counts
    assert sum(span.pages for span in found if span.kind != frame.HOLE) == LOW_PAGES
