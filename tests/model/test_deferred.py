# SPDX-License-Identifier: GPL-2.0-or-later
"""Struct pages that the kernel has not initialised yet, and lists that it has not begun."""
from machine import LOW_START, Machine
from mmscope.model.address import resolve
from mmscope.model.memblock import memblock
from mmscope.model.page import page_of
from shapes import LINUX_6_1

DEFERRED = LINUX_6_1.replace("    u32 node_id\n", "    u32 node_id\n    u32 first_deferred_pfn\n")


def test_a_deferred_struct_page_is_said_not_decoded():
    machine = Machine(DEFERRED)
    machine.put(machine.addr("contig_page_data"), "pglist_data", "first_deferred_pfn", LOW_START + 0x20)
    machine.put(machine.page(LOW_START + 0x30), "page", "flags", 0)
    ctx = machine.context()
    page = page_of(ctx, resolve(ctx, f"pfn:{LOW_START + 0x30}"))
    assert (page.kind, page.zone, page.problems) == ("deferred", None, ())
    assert page_of(ctx, resolve(ctx, f"pfn:{LOW_START + 0x10}")).zone == "Dma"


def test_it_is_decoded_once_the_kernel_is_done():
    machine = Machine(DEFERRED)
    machine.put(machine.addr("contig_page_data"), "pglist_data", "first_deferred_pfn", 0xFFFFFFFF)
    ctx = machine.context()
    assert page_of(ctx, resolve(ctx, f"pfn:{LOW_START + 0x30}")).zone == "Dma"


def test_a_memblock_that_begins_without_any_region_is_sound(machine):
    machine.memblock("memory", cnt=0, total=0)
    found = memblock(machine.context())
    assert found.memory == () and not [p for p in found.problems if "memory" in p.where]
