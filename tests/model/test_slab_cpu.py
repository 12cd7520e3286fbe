# SPDX-License-Identifier: GPL-2.0-or-later
"""What CPUs keep of a cache, slabs or sheaves: its order, and what is broken in it."""
import pytest

from mmscope.model.slabfind import slab_report
from mmscope.view.slab import slab_text
from shapes import LINUX_4_9, LINUX_6_1, LINUX_7_2
from slabs import Slabs


@pytest.fixture(params=[LINUX_4_9, LINUX_6_1], ids=["page", "slab"])
def slabs(request):
    """CPU 0 allocates from the slab at page 0, those at 2 and 4 wait for it."""
    slabs = Slabs(request.param)
    slabs.cache = cache = slabs.cache("dentry")
    slabs.member = slabs.tag
    slabs.own = [slabs.slab(cache, 0, inuse=64, frozen=1),
                 slabs.slab(cache, 2, free=(1,), frozen=1), slabs.slab(cache, 4, free=(2, 3), frozen=1)]
    free = slabs.chain(cache, [slabs.object(cache, 0, index) for index in (7, 5, 6)])
    slabs.part = slabs.cpu_part(cache, 0)
    slabs.put(slabs.part, "kmem_cache_cpu", freelist=free, partial=slabs.own[1], **{slabs.tag: slabs.own[0]})
    slabs.put(slabs.own[1], slabs.tag, next=slabs.own[2])
    slabs.count = "pages" if slabs.tag == "page" else "slabs"
    for addr, left in zip(slabs.own[1:], (2, 1)):
        slabs.put(addr, slabs.tag, **{slabs.count: left})
    slabs.lists(cache, slabs=slabs.own)
    return slabs


def report(slabs, text="dentry", **options):
    found = slab_report(slabs.machine.context(), text, options.get("full", False), options.get("objects", False))
    slab_text(found)
    return found


def ids(slabs):
    return {problem.id for problem in report(slabs).problems}


def test_a_cpus_objects_and_slabs_are_in_its_order(slabs):
    cpu = report(slabs).cache.cpus[0]
    assert cpu.free == tuple(slabs.object(slabs.cache, 0, index) for index in (7, 5, 6))
    assert (cpu.slab, cpu.partial) == (slabs.own[0], (slabs.own[1], slabs.own[2]))
    assert ids(slabs) == set()


def test_what_waits_for_a_cpu_need_not_be_frozen(slabs):
    slabs.slab(slabs.cache, 2, free=(1,))
    slabs.put(slabs.own[1], slabs.tag, next=slabs.own[2])
    slabs.put(slabs.own[1], slabs.tag, **{slabs.count: 2})
    assert ids(slabs) == set()


def test_more_free_than_in_use_is_slub_3(slabs):
    slabs.put(slabs.own[0], slabs.tag, counters=2 | 64 << 16 | 1 << 31)
    assert "SLUB-3" in ids(slabs)


def test_a_cpus_slab_that_is_not_frozen_is_slub_4(slabs):
    slabs.put(slabs.own[0], slabs.tag, counters=64 | 64 << 16)
    assert ids(slabs) == {"SLUB-4"}


def test_a_cpus_slab_that_is_no_struct_page_is_slub_5(slabs):
    slabs.put(slabs.part, "kmem_cache_cpu", **{slabs.tag: 0x1234})
    assert ids(slabs) == {"SLUB-5"}


def test_a_freelist_without_a_slab_is_slub_6(slabs):
    slabs.put(slabs.part, "kmem_cache_cpu", **{slabs.tag: 0})
    assert ids(slabs) == {"SLUB-6"}


def test_a_waiting_list_that_counts_wrong_is_slub_7(slabs):
    slabs.put(slabs.own[1], slabs.tag, **{slabs.count: 3})
    assert ids(slabs) == {"SLUB-7"}


@pytest.mark.parametrize("after", [0xC0000000, 1, "loop"])
def test_a_waiting_list_that_leads_astray_is_slub_7(slabs, after):
    slabs.put(slabs.own[2], slabs.tag, next=slabs.own[1] if after == "loop" else after)
    assert ids(slabs) == {"SLUB-7"}
    assert len(report(slabs).cache.cpus[0].partial) == 2


def test_a_cpus_freelist_that_leaves_the_slab_is_slub_1(slabs):
    slabs.store(slabs.cache, slabs.object(slabs.cache, 0, 5), slabs.object(slabs.cache, 2, 0))
    assert ids(slabs) == {"SLUB-1"}
    assert len(report(slabs).cache.cpus[0].free) == 2


def test_a_cpus_part_that_cannot_be_read_is_said(slabs):
    part = slabs.machine.take(slabs.cache, "kmem_cache", "cpu_slab")
    slabs.put(slabs.cache, "kmem_cache", cpu_slab=part + 0x10000000)
    found = report(slabs)
    assert found.cache.cpus == () and {problem.id for problem in found.problems} == {"SLUB-13"}


# --- sheaves ------------------------------------------------------------------

@pytest.fixture
def sheaved():
    """A slab of which CPU 1 has two objects and the node one; CPU 0 has nothing."""
    slabs = Slabs(LINUX_7_2)
    slabs.cache = cache = slabs.cache("dentry")
    slab = slabs.slab(cache, 0, free=(10,))
    slabs.lists(cache, [slab])
    slabs.objects = [slabs.object(cache, 0, index) for index in range(64)]
    slabs.main = slabs.sheaf(cache, slabs.objects[4], slabs.objects[2])
    slabs.empty, slabs.full = slabs.sheaf(cache), slabs.sheaf(cache, slabs.objects[6])
    slabs.put(slabs.cpu_part(cache, 0), "slub_percpu_sheaves", main=slabs.empty)
    slabs.put(slabs.cpu_part(cache, 1), "slub_percpu_sheaves", main=slabs.main)
    slabs.barn = slabs.struct("node_barn", nr_full=1)
    slabs.machine.link(slabs.barn + slabs.at("node_barn", "sheaves_full"), slabs.full)
    slabs.machine.put(cache, "kmem_cache", "per_node[0].barn", slabs.barn)
    return slabs


def test_sheaves_say_whose_they_are_and_what_comes_next(sheaved):
    found = report(sheaved).cache
    assert [(each.kind, each.cpu, each.node, each.objects) for each in found.sheaves] == [
        ("main", 0, None, ()), ("main", 1, None, (sheaved.objects[2], sheaved.objects[4])),
        ("barn", None, 0, (sheaved.objects[6],))]
    assert found.cpus == () and ids(sheaved) == set()


def test_what_is_in_a_sheaf_is_free(sheaved):
    found = report(sheaved, objects=True)
    free = {each.index: (each.holder, each.position) for each in found.cache.objects if each.free}
    assert free == {2: ("CPU 1 main sheaf", 0), 4: ("CPU 1 main sheaf", 1), 6: ("node 0 barn", 0), 10: ("slab", 0)}
    assert report(sheaved, hex(sheaved.objects[4])).object.object.holder == "CPU 1 main sheaf"


def test_a_sheaf_that_is_too_full_is_sheaf_1(sheaved):
    sheaved.put(sheaved.main, "slab_sheaf", size=0x7FFFFFFF)
    assert "SHEAF-1" in ids(sheaved)


@pytest.mark.parametrize("pointer", [0xD0000000, 0xC0000001])
def test_a_sheaf_that_cannot_be_read_is_sheaf_1(sheaved, pointer):
    sheaved.put(sheaved.cpu_part(sheaved.cache, 1), "slub_percpu_sheaves", main=pointer)
    assert ids(sheaved) == {"SHEAF-1"}


@pytest.mark.parametrize("wrong", [0xC0800000 + 4, 0xC0900000, 0, 0xC0800000 + 4096])
def test_what_is_no_object_of_the_cache_is_sheaf_2(sheaved, wrong):
    sheaved.machine.poke(sheaved.main + sheaved.at("slab_sheaf", "objects"), wrong)
    assert ids(sheaved) == {"SHEAF-2"}


def test_a_barn_that_counts_wrong_is_sheaf_3(sheaved):
    sheaved.put(sheaved.barn, "node_barn", nr_full=2)
    assert ids(sheaved) == {"SHEAF-3"}


def test_a_barn_that_loops_ends(sheaved):
    sheaved.machine.poke(sheaved.full, sheaved.full)
    assert "LIST-2" in ids(sheaved)
