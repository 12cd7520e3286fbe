# SPDX-License-Identifier: GPL-2.0-or-later
"""mm trace: what is held, by pages one by one; who the caller is; which places a kernel has."""
import random

import pytest

from mmscope.errors import MmError
from mmscope.model.tracecaller import caller
from mmscope.model.traceheld import Held
from mmscope.model.tracelook import PAGES, SLAB, VMALLOC, Thing
from mmscope.model.traceplaces import ALLOC, FREE, find_places
from mmscope.target.control import StackFrame

MOST_ORDER = 4


def block(pfn, order):
    """A block of pages."""
    return Thing(PAGES, 0x1000 + pfn * 32, 4096 << order, pfn, order)


def object_at(addr, size=64):
    """An object."""
    return Thing(SLAB, addr, size)


@pytest.mark.parametrize("seed", range(20))
def test_held_pages_are_those_of_a_set_of_pages(seed):
    rng, held, owners = random.Random(seed), Held(), {}
    for number in range(400):
        order = rng.randrange(MOST_ORDER)
        thing = block(rng.randrange(64) >> order << order, order)
        pages = range(thing.pfn, thing.pfn + (1 << order))
        mine = {pfn: owners[pfn] for pfn in pages if pfn in owners}
        found = held.take(thing) if rng.random() < 0.5 else held.add(thing, number)
        taken = {pfn: part.owner for part in found
                 for pfn in range(part.thing.pfn, part.thing.pfn + (1 << part.thing.order))}
        assert taken == mine
        for pfn in pages:
            owners.pop(pfn, None)
        if found is not None and thing in [part.thing for part in held.parts]:
            owners.update(dict.fromkeys(pages, number))
        now = {pfn: part.owner for part in held.parts
               for pfn in range(part.thing.pfn, part.thing.pfn + (1 << part.thing.order))}
        assert now == owners
        assert all(part.thing.bytes == 4096 << part.thing.order for part in held.parts)


def test_a_page_freed_out_of_a_block_leaves_its_halves():
    held = Held()
    held.add(block(8, 3), "one")
    part, = held.take(block(11, 0))
    assert (part.owner, part.thing.pfn, part.thing.bytes) == ("one", 11, 4096)
    assert sorted((each.thing.pfn, each.thing.order) for each in held.parts) == [(8, 1), (10, 0), (12, 2)]


def test_objects_are_held_by_their_address():
    held = Held()
    assert held.add(object_at(0x100), "one") == () and held.take(object_at(0x140)) == ()
    lost, = held.add(object_at(0x100), "two")
    assert lost.owner == "one" and [each.owner for each in held.parts] == ["two"]
    assert [each.owner for each in held.take(object_at(0x100))] == ["two"] and len(held) == 0


def frame(function, file):
    """One on the stack."""
    return StackFrame(function, file, 1, 0)


def by(kind, *frames):
    """The caller on a stack."""
    def stack(limit, last):
        found = []
        for each in frames[:limit]:
            found.append(each)
            if last(each):
                break
        return tuple(found)
    found = caller(kind, stack)
    return found.function if found is not None else None


HOOK = frame("arch_static_branch", "./arch/arm/include/asm/jump_label.h")
TRACE = frame("trace_mm_page_alloc", "./include/trace/events/kmem.h")


def test_the_caller_is_the_first_outside_of_the_allocator_and_of_headers():
    pages = HOOK, TRACE, frame("__alloc_pages", "mm/page_alloc.c"), frame("alloc_pages_node", "./include/linux/gfp.h")
    assert by(PAGES, *pages, frame("allocate_slab", "mm/slub.c"), frame("f", "kernel/f.c")) == "allocate_slab"
    assert by(SLAB, frame("kmem_cache_alloc", "mm/slub.c"), frame("copy_process", "kernel/fork.c")) == "copy_process"
    assert by(PAGES, frame("prep_new_page", "helper/mm/page_alloc.c"), frame("run", "helper/guest/scenario.c")) == "run"
    assert by(VMALLOC, frame("vfree", "/build/linux/mm/vmalloc.c"), frame("g", None)) == "g"
    assert by(PAGES, *pages) is None and by(SLAB) is None
    assert by(SLAB, frame("kfree", "drivers/x/slub.c"), frame("f", "kernel/f.c")) == "kfree"      # not mm's


def test_what_is_called_later_on_is_the_caller_itself():
    assert by(VMALLOC, frame("remove_vm_area", "mm/vmalloc.c"), frame("delayed_vfree_work", "mm/vmalloc.c"),
              frame("process_one_work", "kernel/workqueue.c")) == "delayed_vfree_work"
    assert by(SLAB, frame("kmem_cache_free", "mm/slub.c"), frame("file_free_rcu", "fs/file_table.c"),
              frame("rcu_do_batch", "kernel/rcu/tree.c")) == "file_free_rcu"


def places(kind, functions, without_exits=()):
    """Names of the places that a kernel with these functions has, and of how they are looked at."""
    addrs = {name: (0x1000 * number,) for number, name in enumerate(functions, 1)}
    found = find_places(kind, lambda name: addrs.get(name, ()),
                        lambda name: () if name in without_exits else tuple(at + 8 for at in addrs.get(name, ())),
                        lambda addr, name: True)
    return {(stand.place.event, stand.name): (len(stand.begins), len(stand.ends)) for stand in found}


def test_the_first_way_that_a_kernel_has_is_taken():
    assert places(PAGES, ("trace_mm_page_alloc", "prep_new_page", "__alloc_pages_bulk", "free_unref_page",
                          "__free_pages_ok", "free_unref_page_list")) == {
        (ALLOC, "trace_mm_page_alloc"): (1, 0), (ALLOC, "__alloc_pages_bulk"): (1, 1),
        (FREE, "free_unref_page"): (1, 0), (FREE, "__free_pages_ok"): (1, 0), (FREE, "free_unref_page_list"): (1, 0)}
    assert places(PAGES, ("prep_new_page", "prepare_no_head")) == {
        (ALLOC, "prep_new_page"): (1, 0), (FREE, "prepare_no_head"): (1, 0)}
    assert places(VMALLOC, ("__get_vm_area_node", "remove_vm_area")) == {
        (ALLOC, "__get_vm_area_node"): (0, 1), (FREE, "remove_vm_area"): (1, 0)}


def test_a_kernel_without_such_places_is_told_so():
    with pytest.raises(MmError, match="no place where pages are seen .alloc.: none of trace_mm_page_alloc"):
        places(PAGES, ("free_unref_page",))
    with pytest.raises(MmError, match="none of __get_vm_area_node"):
        places(VMALLOC, ("__get_vm_area_node", "remove_vm_area"), ("__get_vm_area_node",))
