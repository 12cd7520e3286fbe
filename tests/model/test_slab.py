# SPDX-License-Identifier: GPL-2.0-or-later
"""Caches and their slabs are read as each generation of SLUB keeps them; what is broken is named."""
import dataclasses

import pytest

from mmscope.errors import MmError
from mmscope.layout.debuginfo import Symbol
from mmscope.model.slab import cache_table
from mmscope.model.slabcache import read_cache
from mmscope.model.slabfind import slab_report
from mmscope.model.slabinfo import slabinfo
from mmscope.model.slabnode import cache_nodes, kernels_free_objects
from mmscope.view.slab import slab_text
from mmscope.view.slabinfo import slabinfo_text
from shapes import LINUX_4_9, LINUX_6_1, LINUX_7_2
from slabs import MEMORY, Slabs

FULL, HALF, CPU_ONE, WAITING, EMPTY = 0, 2, 4, 6, 8      # pages of slab memory


@pytest.fixture(params=[LINUX_4_9, LINUX_6_1, LINUX_7_2], ids=["page", "slab", "sheaves"])
def slabs(request):
    """kmalloc-64, with a slab full, one on the partial list, and some with a CPU; dentry has none."""
    slabs = Slabs(request.param)
    slabs.dentry = slabs.cache("dentry", 184, 192, order=1, flags=0x2000)
    slabs.kmalloc = cache = slabs.cache("kmalloc-64", offset=32)
    slabs.full, slabs.half = slabs.slab(cache, FULL), slabs.slab(cache, HALF, free=(3, 1, 63, 0))
    slabs.cpu_one = slabs.waiting = None
    if not slabs.sheaves:
        slabs.cpu_one = slabs.slab(cache, CPU_ONE, inuse=64, frozen=1)
        free = [slabs.object(cache, CPU_ONE, index) for index in (9, 8)]
        name = "page" if slabs.tag == "page" else "slab"
        slabs.put(slabs.cpu_part(cache, 1), "kmem_cache_cpu", freelist=slabs.chain(cache, free), tid=1)
        slabs.put(slabs.cpu_part(cache, 1), "kmem_cache_cpu", **{name: slabs.cpu_one})
        slabs.waiting = slabs.slab(cache, WAITING, free=(5,), frozen=1)
        slabs.put(slabs.cpu_part(cache, 1), "kmem_cache_cpu", partial=slabs.waiting)
        slabs.put(slabs.waiting, slabs.tag, **{"pages" if slabs.tag == "page" else "slabs": 1})
    slabs.lists(cache, [slabs.half], slabs=[each for each in (
        slabs.full, slabs.half, slabs.cpu_one, slabs.waiting) if each])
    return slabs


def report(slabs, text="kmalloc-64", full=False, objects=False):
    return slab_report(slabs.machine.context(), text, full, objects)


def broken(slabs, full=False):
    """IDs of what is wrong, and the first one's text."""
    problems = report(slabs, full=full).problems
    slab_text(report(slabs))
    return {problem.id for problem in problems}


def addrs(slabs, page, *indexes):
    return tuple(slabs.object(slabs.kmalloc, page, index) for index in indexes)


def test_the_table_counts_as_the_kernel_does(slabs):
    table = cache_table(slabs.machine.context())
    dentry, kmalloc = table.caches
    assert (dentry.name, dentry.object_size, dentry.size, dentry.objects_per_slab, dentry.order, dentry.slabs) \
        == ("dentry", 184, 192, 42, 1, 0)
    count = 2 if slabs.sheaves else 4
    assert (kmalloc.slabs, kmalloc.num_objs, kmalloc.active_objs, kmalloc.nr_partial) \
        == (count, count * 64, count * 64 - 4, 1)
    assert table.problems == ()
    assert "2 caches" in slab_text(table)


def test_a_node_whose_lock_is_held_is_said(slabs):
    assert not [row for row in cache_table(slabs.machine.context()).caches if row.locked]
    path = "list_lock.locked" if slabs.tag == "page" else "list_lock.rlock.raw_lock.tickets.next"
    slabs.machine.put(slabs.node(slabs.kmalloc), "kmem_cache_node", path, 1)
    assert [row.locked for row in cache_table(slabs.machine.context()).caches] == [False, True]
    assert "kmalloc-64 is locked" in slab_text(report(slabs))


def test_free_objects_of_long_lists_are_estimated_where_the_kernel_does(slabs):
    ctx = slabs.machine.context()
    node = cache_nodes(ctx, read_cache(ctx, slabs.kmalloc))[0][0]       # 4 free in half, none in full
    long = dataclasses.replace(node, nr_partial=30001, total_objects=10**6, free_objects=77,
                               partial=(slabs.half,) * 4000 + (slabs.full,) * 22001 + (slabs.half,) * 4000)
    assert kernels_free_objects(ctx, long) == 77
    slabs.machine.shapes.symbols["count_partial_free_approx"] = Symbol("count_partial_free_approx", 0xC0008000)
    ctx = slabs.machine.context()
    assert kernels_free_objects(ctx, long) == 32000 * 30001 // 10000
    assert kernels_free_objects(ctx, dataclasses.replace(long, total_objects=5000)) == 5000
    assert kernels_free_objects(ctx, dataclasses.replace(long, nr_partial=10000, partial=long.partial[:10000])) == 77


def test_flags_have_the_names_that_the_target_gives_them(slabs):
    slabs.put(slabs.dentry, "kmem_cache", flags=4 if slabs.sheaves else 0x2000)
    dentry = cache_table(slabs.machine.context()).caches[0]
    assert dentry.flag_names == ("HWCACHE_ALIGN",)


def test_slabinfo_has_the_kernels_columns(slabs):
    lines = slabinfo_text(slabinfo(slabs.machine.context())).splitlines()
    assert lines[0] == "slabinfo - version: 2.1" and lines[1].startswith("# name            <active_objs> <num_objs>")
    assert lines[2] == ("dentry                 0      0    192   42    2 : tunables    0    0    0 : slabdata "
                        "     0      0      0")
    count = 2 if slabs.sheaves else 4
    assert lines[3] == (f"kmalloc-64        {count * 64 - 4:6} {count * 64:6}     64   64    1"
                        f" : tunables    0    0    0 : slabdata {count:6} {count:6}      0")


def test_a_slab_says_who_has_it_and_what_is_free_in_order(slabs):
    found = report(slabs)
    by_addr = {slab.addr: slab for slab in found.cache.slabs}
    half = by_addr[slabs.half]
    assert (half.where, half.node, half.order, half.objects, half.inuse, half.frozen) \
        == ("partial", 0, 0, 64, 60, False)
    assert half.free == addrs(slabs, HALF, 3, 1, 63, 0)
    assert half.virt == slabs.memory(HALF) and slabs.machine.page(half.pfn) == slabs.half
    assert slabs.full not in by_addr and "1 slab on no list" in slab_text(found)
    if not slabs.sheaves:
        assert (by_addr[slabs.cpu_one].where, by_addr[slabs.cpu_one].cpu) == ("cpu", 1)
        assert (by_addr[slabs.waiting].where, by_addr[slabs.waiting].cpu) == ("cpu partial", 1)
        first, second = found.cache.cpus
        assert (first.slab, first.free, first.partial) == (None, (), ())
        assert (second.slab, second.free, second.partial) \
            == (slabs.cpu_one, addrs(slabs, CPU_ONE, 9, 8), (slabs.waiting,))
    assert found.problems == ()


def test_full_slabs_are_found_by_their_struct_pages(slabs):
    found = report(slabs, full=True)
    slab = next(each for each in found.cache.slabs if each.addr == slabs.full)
    assert (slab.where, slab.inuse, slab.free) == ("full", 64, ())
    assert found.problems == () and "on no list" not in slab_text(found)


def test_every_object_is_free_or_not(slabs):
    found = report(slabs, objects=True)
    assert len(found.cache.objects) == found.caches[0].num_objs
    free = {each.addr: (each.holder, each.position) for each in found.cache.objects if each.free}
    expected = {addr: ("slab", place) for place, addr in enumerate(addrs(slabs, HALF, 3, 1, 63, 0))}
    if not slabs.sheaves:
        expected.update({addrs(slabs, WAITING, 5)[0]: ("slab", 0), addrs(slabs, CPU_ONE, 9)[0]: ("CPU 1", 0),
                         addrs(slabs, CPU_ONE, 8)[0]: ("CPU 1", 1)})
    assert free == expected
    assert f"{len(found.cache.objects)} objects, {len(free)} free" in slab_text(found)


def test_an_address_is_an_object_of_a_cache(slabs):
    addr, = addrs(slabs, HALF, 63)
    found = report(slabs, hex(addr + 5)).object
    assert (found.cache, found.offset, found.part, found.object.addr, found.object.index, found.object.free) \
        == ("kmalloc-64", 5, "object", addr, 63, True)
    assert "free, in the slab's freelist, place 2" in slab_text(report(slabs, hex(addr + 5)))
    used = report(slabs, hex(addrs(slabs, FULL, 2)[0] + 60)).object
    assert (used.part, used.object.free, used.slab.where) == ("padding", False, "full")
    page = report(slabs, f"pfn:{used.slab.pfn}").object
    assert (page.addr, page.object, page.slab.addr) == (None, None, slabs.full)


def test_a_tail_page_belongs_to_its_slab(slabs):
    slabs.slab(slabs.dentry, 10, free=(41,))
    found = report(slabs, hex(slabs.object(slabs.dentry, 10, 41))).object
    assert (found.cache, found.object.index, found.object.free, found.slab.order) == ("dentry", 41, True, 1)


def test_left_padding_moves_the_objects(slabs):
    slabs.put(slabs.dentry, "kmem_cache", red_left_pad=8)
    slabs.slab(slabs.dentry, 10, free=(0, 2))
    found = report(slabs, hex(slabs.memory(10) + 8)).object
    assert (found.object.addr, found.object.index, found.object.free) == (slabs.memory(10) + 8, 0, True)
    assert report(slabs, hex(slabs.memory(10))).object.part == "in front of the objects"


@pytest.mark.parametrize("text, why", [
    ("no-such", "no cache 'no-such': 'mm slab' lists them; if it is an address, write (no-such)"),
    ("no.such", "no cache 'no.such' ('mm slab' lists them), and as an address"),
    ("0xc0a00000", "is in no slab"), ("0x10", "no cache '0x10'")])
def test_what_is_neither_cache_nor_object_is_said(slabs, text, why):
    with pytest.raises(MmError) as error:
        report(slabs, text)
    assert why in str(error.value) and "\n" not in str(error.value)


# --- what is broken -----------------------------------------------------------

@pytest.mark.parametrize("wrong", [0xC0000004, 0x7FFFFFFC, 3], ids=["elsewhere", "user space", "odd"])
def test_a_freelist_that_leaves_the_slab_is_slub_1(slabs, wrong):
    slabs.store(slabs.kmalloc, addrs(slabs, HALF, 1)[0], wrong)
    assert broken(slabs) == {"SLUB-1"}
    half = next(each for each in report(slabs).cache.slabs if each.addr == slabs.half)
    assert half.free == addrs(slabs, HALF, 3, 1)


def test_an_entry_between_two_objects_is_slub_1(slabs):
    slabs.store(slabs.kmalloc, addrs(slabs, HALF, 1)[0], addrs(slabs, HALF, 63)[0] + 8)
    assert broken(slabs) == {"SLUB-1"}


def test_a_freelist_that_cannot_be_read_is_slub_1(slabs):
    size = slabs.field(slabs.kmalloc, "size")
    slabs.put(slabs.kmalloc, "kmem_cache", offset=size - 4)
    slabs.machine.ram.areas[MEMORY] = slabs.machine.ram.areas[MEMORY][:HALF * 4096]
    text = [problem.text for problem in report(slabs).problems if "cannot be read" in problem.text]
    assert text and "SLUB-1" in broken(slabs)


def test_a_freelist_that_loops_is_slub_2(slabs):
    slabs.store(slabs.kmalloc, addrs(slabs, HALF, 63)[0], addrs(slabs, HALF, 3)[0])
    assert broken(slabs) == {"SLUB-2"}


def test_a_count_that_is_not_the_freelists_is_slub_3(slabs):
    slabs.put(slabs.half, slabs.tag, counters=59 | 64 << 16)
    assert broken(slabs) == {"SLUB-3"}


def test_a_frozen_slab_on_the_partial_list_is_slub_4(slabs):
    slabs.put(slabs.half, slabs.tag, counters=60 | 64 << 16 | 1 << 31)
    assert broken(slabs) == {"SLUB-4"}


def test_a_slab_of_another_cache_is_slub_5(slabs):
    slabs.put(slabs.half, slabs.tag, slab_cache=slabs.dentry)
    assert broken(slabs) == {"SLUB-5"}


def test_a_page_that_is_no_slab_is_slub_5(slabs):
    slabs.put(slabs.half, "page", flags=0)
    assert broken(slabs) == {"SLUB-5"}


def test_a_slab_of_another_size_is_slub_5(slabs):
    slabs.put(slabs.half, slabs.tag, counters=59 | 63 << 16)
    assert "SLUB-5" in broken(slabs)


def test_a_partial_list_that_is_not_counted_right_is_slub_9(slabs):
    slabs.put(slabs.node(slabs.kmalloc), "kmem_cache_node", nr_partial=2)
    assert broken(slabs) == {"SLUB-9"}


def test_a_partial_slab_without_a_free_object_is_slub_9(slabs):
    slabs.lists(slabs.kmalloc, [slabs.half, slabs.full])
    assert "SLUB-9" in broken(slabs)


def test_a_full_slab_with_a_free_object_is_slub_9(slabs):
    slabs.lists(slabs.kmalloc, [], [slabs.half])
    assert broken(slabs) == {"SLUB-9"}


def test_a_slab_that_nobody_counts_is_slub_10(slabs):
    assert broken(slabs, full=True) == set()
    slabs.slab(slabs.kmalloc, EMPTY)
    assert broken(slabs) == set() and broken(slabs, full=True) == {"SLUB-10"}


@pytest.mark.parametrize("values", [{"object_size": 70}, {"offset": 62}, {"size": 0}, {"oo__x": 0},
                                    {"oo__x": 65}, {"oo__x": 200 << 16 | 64}])
def test_sizes_that_do_not_fit_are_slub_11(slabs, values):
    slabs.put(slabs.kmalloc, "kmem_cache", **values)
    assert "SLUB-11" in {problem.id for problem in cache_table(slabs.machine.context()).problems}
    broken(slabs, full=True)
    report(slabs, hex(addrs(slabs, HALF, 0)[0]))


@pytest.mark.parametrize("values", [{"refcount": 0}, {"refcount": -2}, {"name": 0}])
def test_a_cache_that_nobody_uses_is_slub_13(slabs, values):
    slabs.put(slabs.dentry, "kmem_cache", **values)
    assert {problem.id for problem in cache_table(slabs.machine.context()).problems} == {"SLUB-13"}


def test_caches_that_loop_end_there(slabs):
    link = slabs.at("kmem_cache", "list")
    slabs.machine.poke(slabs.kmalloc + link, slabs.dentry + link)
    table = cache_table(slabs.machine.context())
    assert len(table.caches) == 2 and "LIST-2" in {problem.id for problem in table.problems}


def test_a_node_that_cannot_be_read_hides_no_other_cache(slabs):
    path = "per_node[0].node" if slabs.sheaves else "node[0]"
    slabs.machine.put(slabs.dentry, "kmem_cache", path, 0xD0000000)
    table = cache_table(slabs.machine.context())
    assert [row.name for row in table.caches] == ["dentry", "kmalloc-64"]
    assert {problem.id for problem in table.problems} == {"SLUB-13"}
