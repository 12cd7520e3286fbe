# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas are found wherever a kernel keeps them, and every broken invariant is named."""
import pytest

from machine import Machine
from mmscope.errors import MmError
from mmscope.layout.versions import VM_FLAGS
from mmscope.model.vmarea import all_areas
from mmscope.model.vmalloc import find_address, vmalloc_report
from mmscope.view.vmalloc import vmalloc_text
from shapes import LINUX_4_9, LINUX_5_10, LINUX_6_1, LINUX_6_12
from vm_machine import AREA, END, START

# high_memory is the end of the first zone: 0xc0000000 + 0x1003000; 8 MiB on, then down to a multiple of that.
assert START == 0xC1800000
RAM_BLOCK = 0x100000
SHAPES = {"4.9": LINUX_4_9, "5.10": LINUX_5_10, "6.1": LINUX_6_1, "6.12": LINUX_6_12}


@pytest.fixture(params=SHAPES)
def vm(request):
    """Every kernel that keeps its areas in another way."""
    return Machine(SHAPES[request.param]).vm


@pytest.fixture
def vm_6_1():
    return Machine(LINUX_6_1).vm


def broken(vm):
    """IDs of the broken invariants, each once."""
    return sorted({problem.id for problem in vmalloc_report(vm.m.context()).problems})


def three(vm):
    """Three areas in use besides the one that is there, two of them side by side."""
    areas = [vm.area] + [vm.add_area(AREA + at, size, flags=flags, **members) for at, size, flags, members in (
        (0x3000, 0x2000, 1, {"phys_addr": 0x02100000}), (0x8000, 0x5000, 4, {"nr_pages": 4}),
        (0x20000, 0x1000, 0x40, {}))]
    vm.set_busy(areas)
    return areas


def test_areas_in_use_have_kind_size_and_owner(vm):
    three(vm)
    report = vmalloc_report(vm.m.context())
    assert report.problems == ()
    assert [(area.start - AREA, area.size, area.kind, area.nr_pages, area.phys) for area in report.areas] == [
        (0, 0x3000, "vmalloc", 2, None), (0x3000, 0x2000, "ioremap", 0, 0x02100000), (0x8000, 0x5000, "vmap", 4, None),
        (0x20000, 0x1000, "other", 0, None)]
    assert (report.start, report.end, report.ready) == (START, END, True)
    assert [area.flag_names for area in report.areas] == [("vmalloc",), ("ioremap",), ("vmap",), ("no-guard",)]


def test_flags_have_names_each_bit_once():
    masks = [flag.mask for flag in VM_FLAGS]
    assert len(set(masks)) == len(masks) and all(mask & mask - 1 == 0 for mask in masks)


def test_freed_areas_wait_and_are_counted(vm):
    gone = [vm.add_area(AREA + 0x10000, 0x3000), vm.add_area(AREA + 0x40000, 0x1000)]
    if not vm.m.new_style:            # it keeps them on both lists
        vm.set_busy([vm.area, *gone])
    vm.set_lazy(gone)
    report = vmalloc_report(vm.m.context())
    assert [(area.start - AREA, area.kind) for area in report.areas[1:]] == [(0x10000, "lazy"), (0x40000, "lazy")]
    assert report.lazy_pages == 4 and report.problems == ()
    vm.m.poke(vm.m.addr("vmap_lazy_nr"), 5)
    assert broken(vm) == ["VMALLOC-5"]


def test_free_ranges_are_what_is_between_in_the_vmalloc_area(vm):
    if "free_vmap_area_list" in vm.symbols:
        vm.set_free([vm.add_area(1, START + 0x8000 - 1), vm.add_area(AREA + 0x3000, 0xFFFFF000 - AREA - 0x3000)])
        low = START + 0x8000
    else:
        low = AREA
    report = vmalloc_report(vm.m.context())
    assert [(free.start, free.end) for free in report.free] == [(START, low), (AREA + 0x3000, END)]
    text = vmalloc_text(report)
    assert "free" in text and "1 area, 12 KiB; largest free range" in text


def test_before_vmalloc_init_areas_are_on_a_list_of_their_own(vm):
    first = vm.new("vm_struct", addr=START + 0x100000, size=0x100000, flags=1, phys_addr=0x02000000)
    second = vm.new("vm_struct", addr=START, size=0x1000, flags=2)
    vm.m.put(first, "vm_struct", "next", second)
    vm.m.poke(vm.m.addr("vmap_initialized"), 0, 1)
    vm.m.poke(vm.m.addr("vmlist"), first)
    report = vmalloc_report(vm.m.context())
    assert not report.ready and report.problems == ()
    assert [(area.start, area.kind) for area in report.areas] == [(START, "vmalloc"), (START + 0x100000, "ioremap")]
    assert "has not run yet" in vmalloc_text(report)
    vm.m.put(second, "vm_struct", "next", first)
    assert broken(vm) == ["LIST-2"]


def test_an_area_without_owner_is_of_vm_map_ram(vm):
    vm.set_busy([vm.area, vm.add_area(AREA + 0x10000, 0x4000)])
    assert vmalloc_report(vm.m.context()).areas[1].kind == "vm_map_ram"


@pytest.mark.parametrize("breakage, ids", [
    ("overlap", ["VMALLOC-1", "VMALLOC-3"]), ("order", ["VMALLOC-1"]), ("empty", ["VMALLOC-1", "VMALLOC-3"]),
    ("not in tree", ["VMALLOC-1"]), ("not in list", ["VMALLOC-1"]), ("unaligned", ["VMALLOC-2", "VMALLOC-3"]),
    ("outside", ["VMALLOC-2", "VMALLOC-3"]), ("vm address", ["VMALLOC-3"]), ("vm size", ["VMALLOC-3"]),
    ("vm gone", ["LIST-1"]), ("list", ["LIST-1", "VMALLOC-1"]), ("loop", ["LIST-2", "VMALLOC-1"])])
def test_what_is_broken_is_named(vm, breakage, ids):
    areas = three(vm)
    busy = (vm.node_part(0, "busy.head"), vm.node_part(0, "busy.root")) if vm.nodes else (
        vm.m.addr("vmap_area_list"), vm.m.addr("vmap_area_root"))
    link = vm.m.shapes.place("vmap_area", "list")[0]
    if breakage == "overlap":
        vm.m.put(areas[1], "vmap_area", "va_start", AREA + 0x2000)
    elif breakage == "order":
        vm.put_on(busy[0], busy[1], [areas[1], areas[0], *areas[2:]])
    elif breakage == "empty":
        vm.m.put(areas[3], "vmap_area", "va_end", AREA + 0x20000)
    elif breakage == "not in tree":
        vm.tree(busy[1], areas[:3])
    elif breakage == "not in list":
        vm.m.link(busy[0], *(area + link for area in areas[:2]))
    elif breakage == "unaligned":
        vm.m.put(areas[2], "vmap_area", "va_end", AREA + 0xCFFF)
    elif breakage == "outside":
        vm.m.put(areas[3], "vmap_area", "va_end", END + 0x1000)
    elif breakage == "vm address":
        vm.m.put(vm.vm_of(areas[1]), "vm_struct", "addr", AREA)
    elif breakage == "vm size":
        vm.m.put(vm.vm_of(areas[1]), "vm_struct", "size", 0x1000)
    elif breakage == "vm gone":
        vm.m.put(areas[1], "vmap_area", "vm", 0xDEAD0000)
    elif breakage == "list":
        vm.m.poke(areas[1] + link, 0xDEAD0000)
    else:
        vm.m.poke(areas[2] + link, areas[1] + link)
    assert broken(vm) == ids


def test_an_area_that_only_the_tree_has_is_shown(vm):
    areas = three(vm)
    head = vm.node_part(0, "busy.head") if vm.nodes else vm.m.addr("vmap_area_list")
    vm.m.link(head, areas[0] + vm.m.shapes.place("vmap_area", "list")[0])
    assert len(vmalloc_report(vm.m.context()).areas) == 4


def test_every_vmap_node_is_looked_at():
    vm = Machine(LINUX_6_12).vm
    vm.set_busy([vm.add_area(AREA + 0x100000, 0x2000, flags=2)], node=1)
    pooled = vm.add_area(AREA + 0x200000, 0x1000)
    vm.m.link(vm.node_part(1, "pool[2].head"), pooled + vm.m.shapes.place("vmap_area", "list")[0])
    purging = vm.add_area(AREA + 0x300000, 0x1000)
    vm.m.link(vm.node_part(1, "purge_list"), purging + vm.m.shapes.place("vmap_area", "list")[0])
    vm.m.poke(vm.m.addr("vmap_lazy_nr"), 1)
    report = vmalloc_report(vm.m.context())
    assert [(area.node, area.kind) for area in report.areas] == [
        (0, "vmalloc"), (1, "vmalloc"), (1, "pooled"), (1, "purging")]
    assert report.problems == ()
    vm.m.poke(vm.node_part(1, "purge_list"), 0)         # never used: not even its head is set up
    vm.m.poke(vm.m.addr("vmap_lazy_nr"), 0)
    assert broken(vm) == []


def test_more_vmap_nodes_than_a_kernel_makes_are_not_walked():
    vm = Machine(LINUX_6_12).vm
    vm.m.poke(vm.m.addr("nr_vmap_nodes"), -1)
    with pytest.raises(MmError, match="nr_vmap_nodes is .*: a kernel has 1 to 128"):
        all_areas(vm.m.context())


def test_the_only_vmap_node_is_found_where_nothing_points_to_it():
    vm = Machine(LINUX_6_12.replace("var ptr vmap_nodes", "var vmap_node single")).vm
    assert [area.start for area in vmalloc_report(vm.m.context()).areas] == [AREA]


def test_blocks_of_vm_map_ram_are_shown_and_checked(vm):
    area = vm.add_area(AREA + RAM_BLOCK, RAM_BLOCK)
    vm.set_busy([vm.area, area])
    block = vm.new("vmap_block", va=area, free=200, dirty=16)
    queue = vm.m.addr("vmap_block_queue") + vm.m.shapes.place("vmap_block_queue", "free")[0]
    vm.m.link(queue, block + vm.m.shapes.place("vmap_block", "free_list")[0])
    report = vmalloc_report(vm.m.context())
    assert report.problems == ()
    assert [(each.start, each.cpu, each.free_pages, each.dirty_pages, each.used_pages) for each in report.blocks] == [
        (AREA + RAM_BLOCK, 0, 200, 16, 40)]
    assert "blocks of vm_map_ram" in vmalloc_text(report)
    vm.m.put(block, "vmap_block", "dirty", 57)
    assert broken(vm) == ["VMAP-1"]
    vm.m.put(block, "vmap_block", "dirty", 0)
    vm.m.put(block, "vmap_block", "free", 0)
    assert broken(vm) == ["VMAP-2"]
    vm.m.put(block, "vmap_block", "free", 1)
    vm.m.put(block, "vmap_block", "va", vm.area)
    assert broken(vm) == ["VMAP-3"]


def test_a_block_that_is_given_out_in_full_is_found_in_the_array(vm_6_1):
    vm = vm_6_1
    area = vm.add_area(AREA + RAM_BLOCK, RAM_BLOCK)
    vm.set_busy([vm.area, area])
    block = vm.new("vmap_block", va=area, free=0, dirty=0)
    node = vm.new("xa_node", shift=0)
    vm.m.put(node, "xa_node", "slots[7]", block)
    vm.m.put(vm.m.addr("vmap_blocks"), "xarray", "xa_head", node + 2)
    report = vmalloc_report(vm.m.context())
    assert [(each.cpu, each.used_pages) for each in report.blocks] == [(None, 256)] and report.problems == ()
    vm.m.put(block, "vmap_block", "free", 3)
    assert broken(vm) == ["VMAP-2"]


def test_one_address_is_found_in_its_area_with_its_page(vm):
    pages = vm.take(8)
    vm.m.poke(pages + 4, vm.m.page(0x10020))
    vm.m.put(vm.vm_of(vm.area), "vm_struct", "pages", pages)
    place = find_address(vm.m.context(), f"{AREA + 0x1234:#x}")
    assert (place.area.start, place.offset, place.pfn) == (AREA, 0x1234, 0x10020)
    assert "pfn 0x10020" in vmalloc_text(place)
    guard = find_address(vm.m.context(), f"{AREA + 0x2000:#x}")
    assert guard.page is None and "guard page" in vmalloc_text(guard)


def test_a_free_address_says_so_and_another_is_refused(vm):
    if "free_vmap_area_list" in vm.symbols:
        vm.set_free([vm.add_area(AREA + 0x3000, 0x100000)])
    place = find_address(vm.m.context(), f"{AREA + 0x5000:#x}")
    assert place.area is None and place.free.start == AREA + 0x3000
    assert "free" in vmalloc_text(place)
    with pytest.raises(MmError, match="is in no area: the vmalloc area is 0xc1800000 to 0xff800000"):
        find_address(vm.m.context(), "0xc0100000")
