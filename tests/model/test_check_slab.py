# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check of SLUB: each invariant is named when it is broken, over all slabs of memory, and only then."""
import dataclasses

import pytest

from mmscope.layout.debuginfo import ARRAY, INT, POINTER, Symbol, Type
from mmscope.model.check import check_report
from mmscope.model.context import Context
from mmscope.model.slabscan import all_slabs, scan_slabs
from mmscope.model.slabcache import read_cache
from shapes import LINUX_4_9, LINUX_6_1, LINUX_7_2
from slabs import RANDOM, Slabs

FULL, HALF, OTHER, BIG = 0, 2, 4, 8      # pages of slab memory


def build(text):
    """dentry with a big slab, kmalloc-64 with a full one and one on the node's list; all pages counted."""
    slabs = Slabs(text)
    # The zone's two counters are those of slabs here.
    slabs.machine.shapes.enums["zone_stat_item"] = {"NR_SLAB_RECLAIMABLE": 0, "NR_SLAB_UNRECLAIMABLE": 1}
    slabs.machine.shapes.enums.pop("_slab_flag_bits", None)     # flags by number, as before there was this
    slabs.reclaim = 1 << 17
    slabs.dentry = slabs.cache("dentry", 184, 192, order=1, flags=slabs.reclaim)
    slabs.kmalloc = slabs.cache("kmalloc-64", offset=32)
    slabs.big = slabs.slab(slabs.dentry, BIG)
    slabs.full, slabs.half = slabs.slab(slabs.kmalloc, FULL), slabs.slab(slabs.kmalloc, HALF, free=(3, 1, 63))
    slabs.lists(slabs.dentry, slabs=[slabs.big])
    slabs.lists(slabs.kmalloc, [slabs.half], slabs=[slabs.full, slabs.half])
    count(slabs, 2, 2)
    return slabs


def count(slabs, reclaimable, unreclaimable):
    machine = slabs.machine
    for at, value in enumerate((reclaimable, unreclaimable)):
        machine.put(machine.zone(machine.low), "zone", f"vm_stat[{at}].counter", value)


@pytest.fixture(params=[LINUX_4_9, LINUX_6_1, LINUX_7_2], ids=["page", "slab", "sheaves"])
def slabs(request):
    """Each generation of SLUB."""
    return build(request.param)


def checked(slabs):
    """Every ID of caches: its status."""
    return {each.id: each for each in check_report(slabs.machine.context()).checks
            if each.id.startswith(("SLUB", "SHEAF", "LIST"))}


def broken(slabs):
    return {id_ for id_, each in checked(slabs).items() if each.status == "broken"}


def test_a_sound_machine_has_nothing_broken(slabs):
    found = checked(slabs)
    assert {id_: each.text for id_, each in found.items() if each.status == "broken"} == {}
    assert "caches: 2, slabs: 3" in found["SLUB-3"].text and found["SLUB-12"].text == "pages of slabs: 4"
    skipped = {id_ for id_, each in found.items() if each.status == "skipped"}
    if slabs.sheaves:
        assert skipped == {"SLUB-6", "SLUB-7", "SLUB-8"}
    else:       # the later one has no function that says that it is preempted
        assert skipped == {f"SHEAF-{number}" for number in range(1, 5)} | ({"SLUB-8"} if slabs.tag == "slab" else set())


def test_one_pass_finds_what_a_pass_a_cache_finds(slabs):
    ctx = slabs.machine.context()
    assert all_slabs(ctx) == {cache: tuple(scan_slabs(ctx, read_cache(ctx, cache)))
                              for cache in (slabs.dentry, slabs.kmalloc)}
    assert all_slabs(ctx)[slabs.kmalloc] == (slabs.full, slabs.half)


@pytest.mark.parametrize("wrong, id_", [(0xC0000004, "SLUB-1"), (8, "SLUB-1"), ("loop", "SLUB-2"), (0, "SLUB-3")])
def test_a_freelist_of_a_listed_slab_is_followed(slabs, wrong, id_):
    first = slabs.object(slabs.kmalloc, HALF, 3)
    slabs.store(slabs.kmalloc, slabs.object(slabs.kmalloc, HALF, 1), first if wrong == "loop" else wrong)
    assert broken(slabs) == {id_}


def test_a_full_slab_that_no_list_has_is_looked_at_too(slabs):
    slabs.put(slabs.full, slabs.tag, freelist=slabs.object(slabs.kmalloc, FULL, 1) + 4)
    assert broken(slabs) == {"SLUB-1"}


def test_wrong_inuse_is_slub_3_and_a_slab_without_list_slub_9(slabs):
    slabs.put(slabs.full, slabs.tag, counters=60 | 64 << 16)
    assert broken(slabs) == {"SLUB-3", "SLUB-9"}
    slabs.put(slabs.half, slabs.tag, counters=60 | 64 << 16)
    assert broken(slabs) == {"SLUB-3", "SLUB-9"}


def test_a_slab_with_free_objects_on_no_list_is_slub_9(slabs):
    slabs.lists(slabs.kmalloc, [], slabs=[slabs.full, slabs.half])
    assert broken(slabs) == {"SLUB-9"}


def test_a_slab_that_waits_for_rcu_is_neither_lost_nor_counted(slabs):
    slabs.put(slabs.kmalloc, "kmem_cache", flags=0x80000)
    slabs.slab(slabs.kmalloc, OTHER, free=range(64))
    count(slabs, 2, 3)
    assert broken(slabs) == set()
    slabs.put(slabs.kmalloc, "kmem_cache", flags=0)
    assert broken(slabs) == {"SLUB-9", "SLUB-10"}


def test_a_frozen_slab_that_no_cpu_has_is_slub_4(slabs):
    slabs.put(slabs.full, slabs.tag, counters=64 | 64 << 16 | 1 << 31)
    assert broken(slabs) == (set() if slabs.sheaves else {"SLUB-4"})
    slabs.put(slabs.full, slabs.tag, counters=64 | 64 << 16)
    slabs.put(slabs.half, slabs.tag, counters=61 | 64 << 16 | 1 << 31)
    assert broken(slabs) == {"SLUB-4"}


def test_a_slab_of_no_cache_is_slub_5(slabs):
    slabs.put(slabs.full, slabs.tag, slab_cache=0xC0001000)
    assert broken(slabs) == {"SLUB-5", "SLUB-10"}
    assert checked(slabs)["SLUB-12"].status == "skipped"


def test_a_slab_of_another_cache_is_slub_5(slabs):
    slabs.put(slabs.half, slabs.tag, slab_cache=slabs.dentry)
    assert {"SLUB-5"} <= broken(slabs)


def test_a_slab_of_the_wrong_order_is_slub_5(slabs):
    slabs.put(slabs.big, slabs.tag, counters=21 | 21 << 16)
    assert broken(slabs) == {"SLUB-5", "SLUB-10"}


def test_cpus_parts_are_looked_at(slabs):
    if slabs.sheaves:
        return
    part = slabs.cpu_part(slabs.kmalloc, 1)
    slabs.put(part, "kmem_cache_cpu", freelist=slabs.object(slabs.kmalloc, FULL, 1))
    assert broken(slabs) == {"SLUB-6"}
    slabs.put(part, "kmem_cache_cpu", freelist=0, partial=0xC0000004)
    assert broken(slabs) == {"SLUB-7"}


def test_a_tid_of_another_cpu_is_slub_8(slabs):
    if slabs.sheaves:
        return
    slabs.put(slabs.cpu_part(slabs.kmalloc, 1), "kmem_cache_cpu", tid=0x42)
    assert broken(slabs) == (set() if slabs.tag == "slab" else {"SLUB-8"})
    slabs.machine.shapes.symbols["preempt_schedule"] = Symbol("preempt_schedule", 0xC0008000)
    assert broken(slabs) == {"SLUB-8"}


def test_wrong_counts_of_a_node_are_named(slabs):
    node = slabs.node(slabs.kmalloc)
    slabs.put(node, "kmem_cache_node", nr_partial=2)
    assert broken(slabs) == {"SLUB-9"}
    slabs.put(node, "kmem_cache_node", nr_partial=1, nr_slabs__counter=3)
    assert broken(slabs) == {"SLUB-10"}


@pytest.mark.parametrize("counters", [(3, 2), (2, 1), (2, 3), (0, 0)])
def test_wrong_counters_of_a_zone_are_slub_12(slabs, counters):
    count(slabs, *counters)
    assert broken(slabs) == {"SLUB-12"}


def test_a_cache_that_does_not_fit_is_slub_11(slabs):
    slabs.put(slabs.dentry, "kmem_cache", inuse=500)
    assert broken(slabs) == {"SLUB-11"}


def test_a_broken_list_of_caches_is_named_and_says_it_all(slabs):
    link = slabs.at("kmem_cache", "list")
    slabs.machine.poke(slabs.dentry + link, 0)
    assert broken(slabs) == {"LIST-1"}
    slabs.machine.poke(slabs.dentry + link, slabs.dentry + link)
    assert broken(slabs) == {"LIST-2"}


def test_a_cache_without_references_is_slub_13(slabs):
    slabs.put(slabs.dentry, "kmem_cache", refcount=0)
    assert broken(slabs) == {"SLUB-13"}


def test_a_partial_list_that_leads_astray_is_named(slabs):
    node = slabs.node(slabs.kmalloc)
    slabs.machine.poke(node + slabs.at("kmem_cache_node", "partial"), 3)
    assert broken(slabs) == {"LIST-1"}


def test_a_held_lock_excuses_what_looks_broken(slabs):
    slabs.put(slabs.node(slabs.kmalloc), "kmem_cache_node", nr_partial=2)
    path = "list_lock.locked" if slabs.tag == "page" else "list_lock.rlock.raw_lock.tickets.next"
    slabs.machine.put(slabs.node(slabs.kmalloc), "kmem_cache_node", path, 1)
    found = checked(slabs)["SLUB-9"]
    assert found.status == "skipped" and "the lock of cache kmalloc-64" in found.text


def test_pages_of_kfence_are_no_slabs(slabs):
    machine, pool = slabs.machine, slabs.memory(OTHER)
    slabs.slab(slabs.kmalloc, OTHER + 1, inuse=1)
    slabs.put(slabs.page(OTHER + 1), slabs.tag, counters=1 | 1 << 16)
    assert {"SLUB-5", "SLUB-12"} <= broken(slabs)
    machine.shapes.symbols["__kfence_pool"] = Symbol("__kfence_pool", slabs.take(4), Type(POINTER, 4))
    machine.shapes.symbols["alloc_covered"] = Symbol("alloc_covered", 0xC0008000, Type(
        ARRAY, 8, element=Type(INT, 4), count=2))
    assert {"SLUB-5", "SLUB-12"} <= broken(slabs)       # it has no pool yet
    machine.poke(machine.addr("__kfence_pool"), pool)
    assert broken(slabs) == set()


def with_sheaf():
    """CPU 0's main sheaf has two objects of the full slab."""
    slabs = build(LINUX_7_2)
    slabs.sheaf_addr = slabs.sheaf(slabs.kmalloc, *(slabs.object(slabs.kmalloc, FULL, index) for index in (1, 2)))
    slabs.put(slabs.cpu_part(slabs.kmalloc, 0), "slub_percpu_sheaves", main=slabs.sheaf_addr)
    return slabs


@pytest.fixture
def sheaved():
    return with_sheaf()


def test_sheaves_are_looked_at(sheaved):
    assert broken(sheaved) == set() and "sheaves: 1" in checked(sheaved)["SHEAF-1"].text
    sheaved.put(sheaved.sheaf_addr, "slab_sheaf", size=9)
    assert {"SHEAF-1"} <= broken(sheaved)
    sheaved.put(sheaved.sheaf_addr, "slab_sheaf", size=2)
    sheaved.machine.poke(sheaved.sheaf_addr + sheaved.at("slab_sheaf", "objects"), RANDOM)
    assert broken(sheaved) == {"SHEAF-2"}


def test_a_barn_that_counts_wrong_is_sheaf_3(sheaved):
    barn = sheaved.struct("node_barn", nr_full=1)
    sheaved.machine.link(barn + sheaved.at("node_barn", "sheaves_full"))
    sheaved.machine.put(sheaved.kmalloc, "kmem_cache", "per_node[0].barn", barn)
    assert broken(sheaved) == {"SHEAF-3"}


def twice(sheaved):
    """Where and what mm check says is free twice."""
    return [(problem.where, problem.actual) for problem in check_report(sheaved.machine.context()).problems
            if problem.id == "SHEAF-4"]


def test_an_object_that_is_twice_in_a_sheaf_or_in_two_is_sheaf_4(sheaved):
    assert twice(sheaved) == [] and checked(sheaved)["SHEAF-4"].text == "objects in sheaves: 2"
    at, again = sheaved.sheaf_addr + sheaved.at("slab_sheaf", "objects"), sheaved.object(sheaved.kmalloc, FULL, 1)
    other = sheaved.sheaf(sheaved.kmalloc, sheaved.object(sheaved.kmalloc, FULL, 7), again)
    sheaved.put(sheaved.cpu_part(sheaved.kmalloc, 1), "slub_percpu_sheaves", spare=other)
    assert broken(sheaved) == {"SHEAF-4"}
    assert twice(sheaved) == [(f"cache kmalloc-64 CPU 1 spare sheaf at {other:#x}", again)]
    sheaved.put(sheaved.cpu_part(sheaved.kmalloc, 1), "slub_percpu_sheaves", spare=0)
    assert broken(sheaved) == set()
    sheaved.machine.poke(at + 4, again)
    assert twice(sheaved) == [(f"cache kmalloc-64 CPU 0 main sheaf at {sheaved.sheaf_addr:#x}", again)]


def test_a_sheaf_of_two_holders_is_sheaf_4(sheaved):
    sheaved.put(sheaved.cpu_part(sheaved.kmalloc, 1), "slub_percpu_sheaves", main=sheaved.sheaf_addr)
    assert broken(sheaved) == {"SHEAF-4"}
    assert twice(sheaved) == [(f"cache kmalloc-64 CPU 1 main sheaf at {sheaved.sheaf_addr:#x}", "CPU 0 main sheaf")]
    sheaved.put(sheaved.sheaf_addr, "slab_sheaf", size=0)       # of caches without sheaves it is every CPU's
    assert broken(sheaved) == set()


def test_an_object_in_a_sheaf_and_on_a_freelist_is_sheaf_4(sheaved):
    free = sheaved.object(sheaved.kmalloc, HALF, 1)
    sheaved.machine.poke(sheaved.sheaf_addr + sheaved.at("slab_sheaf", "objects"), free)
    assert broken(sheaved) == {"SHEAF-4"}
    assert twice(sheaved) == [(f"slab {sheaved.half:#x} of kmalloc-64, freelist", free)]


def test_a_free_under_way_excuses_it(sheaved):
    sheaved.put(sheaved.cpu_part(sheaved.kmalloc, 1), "slub_percpu_sheaves", main=sheaved.sheaf_addr)
    ctx = sheaved.machine.context()
    host = dataclasses.replace(ctx.host, backtraces=lambda: (("memset",), ("kfree", "seq_release")))
    found = next(each for each in check_report(Context(ctx.memory, ctx.layout, host)).checks if each.id == "SHEAF-4")
    assert (found.status, "kfree (CPU 1)" in found.text) == ("skipped", True)
