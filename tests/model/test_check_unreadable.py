# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said to be somewhere and is not: that is named, with its place, and what is beside it is looked at."""
from checked import EXT, Checked
from machine import BASE_PFN, END_PFN, LOW_START, MEM_MAP, PAGE_OFFSET, PHYS_OFFSET, Machine
from mmscope.model.check import check_report
from mmscope.model.pagetable import walk
from mmscope.model.slabcache import all_caches
from mmscope.model.vmalloc import vmalloc_report
from shapes import LINUX_4_9, LINUX_6_1, LINUX_7_2
from test_check_slab import build, with_sheaf

ROOM = 0xC0F00000                   # of the linear map, where the machine has no memory
TABLE = 0xC0600000


def told(machine, id_):
    """Where, what is expected and what is there, of each problem with that ID."""
    return facts(problem for problem in check_report(machine.context()).problems if problem.id == id_)


def facts(problems):
    return [(problem.where, problem.expected, problem.actual) for problem in problems]


def cut(machine, first, last):
    """Leave the struct pages from first to last out of memory."""
    whole = machine.ram.areas.pop(MEM_MAP)
    low, high = machine.page(first), machine.page(last + 1)
    machine.ram.areas[MEM_MAP], machine.ram.areas[high] = whole[:low - MEM_MAP], whole[high - MEM_MAP:]


def test_records_of_owners_for_pages_that_there_are_not_are_owner_2():
    machine = Checked()
    machine.poke(machine.addr("page_ext_start_pfn"), BASE_PFN - 1)
    # mem_map begins with the node: at the first page frame of the first zone, which is no multiple of a block.
    assert told(machine, "OWNER-2") == [(f"{EXT:#x}", f"pfn {LOW_START:#x} to {END_PFN:#x}", BASE_PFN - 1)]


def test_struct_pages_that_cannot_be_read_are_page_1():
    machine = Machine(LINUX_4_9)
    assert told(machine, "PAGE-1") == []
    cut(machine, BASE_PFN + 448, BASE_PFN + 511)    # a line of what is read at once
    assert told(machine, "PAGE-1") == [
        (f"pfn {BASE_PFN + 448:#x} to {BASE_PFN + 511:#x}", "readable memory", machine.page(BASE_PFN + 448))]


def test_an_entry_of_a_reserved_form_on_the_way_of_an_address_is_pgtable_2():
    """Long descriptors, in the tables that the CPU says it uses."""
    machine = Machine(LINUX_6_1)
    machine.ram.add(TABLE, 0x3000)
    phys = TABLE - PAGE_OFFSET + PHYS_OFFSET
    machine.poke(TABLE, phys + 0x1000 | 3, 8)
    machine.poke(TABLE + 0x1000, phys + 0x2000 | 3, 8)
    machine.poke(TABLE + 0x2000 + 5 * 8, 0x12345701, 8)         # a page's entry has bit 1
    machine.registers.update(TTBCR=1 << 31, TTBR0=phys, TTBR1=0)
    found = walk(machine.context(), 0x5678, True)
    assert facts(found.problems) == [
        (f"pte entry 5 at {phys + 0x2028:#x}", "a form that there is", 0x12345701)]
    assert found.problems[0].id == "PGTABLE-2" and not found.mapped
    machine.poke(TABLE + 0x2000 + 5 * 8, 0x12345703, 8)
    found = walk(machine.context(), 0x5678, True)
    assert found.problems == () and found.phys == 0x12345678


def test_a_cache_of_which_there_is_only_its_link_is_slub_13():
    slabs = build(LINUX_4_9)
    machine, link = slabs.machine, slabs.at("kmem_cache", "list")
    machine.ram.add(ROOM, 2048)                                 # what is before it is not there
    machine.link(machine.addr("slab_caches"), slabs.dentry + link, ROOM, slabs.kmalloc + link)
    cache = ROOM - link
    assert told(machine, "SLUB-13") == [(f"cache {cache:#x}", "readable memory", cache)]
    assert [each.name for each in all_caches(machine.context()).caches] == ["dentry", "kmalloc-64"]


def test_a_cpus_sheaves_and_a_barn_that_cannot_be_read_are_slub_13():
    slabs = with_sheaf()
    slabs.machine.poke(slabs.machine.addr("__per_cpu_offset") + 4, 0xD0000000)
    slabs.machine.put(slabs.kmalloc, "kmem_cache", "per_node[0].barn", ROOM)
    parts = [(cache, slabs.machine.take(cache, "kmem_cache", "cpu_sheaves")) for cache in (slabs.dentry, slabs.kmalloc)]
    found = told(slabs.machine, "SLUB-13")
    assert [row for row in found if "CPU 1" in row[0]] == [
        (f"cache {name} CPU 1", "readable memory", 0xD0000000 + part)
        for name, (_, part) in zip(("dentry", "kmalloc-64"), parts)]
    assert [row for row in found if "barn" in row[0]] == [("cache kmalloc-64 node 0, barn", "readable memory", ROOM)]


def test_a_cache_that_leads_to_pages_that_cannot_be_read_is_slub_13():
    slabs = with_sheaf()
    at = slabs.sheaf_addr + slabs.at("slab_sheaf", "objects")
    pfn = BASE_PFN + 0xA00                                      # none of a slab
    slabs.machine.poke(at, PAGE_OFFSET + 0xA00000)
    cut(slabs.machine, pfn, pfn)
    assert told(slabs.machine, "SLUB-13") == [("cache kmalloc-64", "readable memory", slabs.machine.page(pfn))]
    assert told(slabs.machine, "SLUB-3") == []


def test_a_block_of_vm_map_ram_that_cannot_be_read_is_list_1():
    vm = Machine(LINUX_6_1).vm
    node = vm.new("xa_node", shift=0)
    vm.m.put(node, "xa_node", "slots[7]", ROOM)
    vm.m.put(vm.m.addr("vmap_blocks"), "xarray", "xa_head", node + 2)
    assert facts(vmalloc_report(vm.m.context()).problems) == [("vmap blocks", "readable memory", ROOM)]
    assert told(vm.m, "LIST-1") == [("vmap blocks", "readable memory", ROOM)]
