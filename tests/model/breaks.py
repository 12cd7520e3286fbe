# SPDX-License-Identifier: GPL-2.0-or-later
"""Each invariant and how to break it: a sound machine, and what a faulty kernel would write into it.

A row for each ID that mm check knows; test_invariants.py plays them all. Those of pages and zones are in test_check.py,
which has more than one way for most; the other tests break what is here in more ways and on more kernels.
"""
from dataclasses import dataclass
from typing import Any, Callable

import slabs as slub
import test_check
import test_check_slab
import test_check_vmalloc
import test_percpu
import test_vmalloc
from checked import Checked
from machine import PAGE_OFFSET, PGD, PHYS_OFFSET, Machine
from shapes import LINUX_4_9, LINUX_6_1, LINUX_7_2
from vm_machine import AREA

NOWHERE = 0xDEAD0000
TABLE = 0xC0600000                  # a page of the linear map, for page tables
TABLE_PHYS = TABLE - PAGE_OFFSET + PHYS_OFFSET


@dataclass(frozen=True)
class Break:
    """One way."""

    build: Callable[[], Any]            # the sound state
    machine: Callable[[Any], Any]       # of what was built
    make: Callable[[Any], None]


BREAKS: dict[str, Break] = {}


def _rows(build, machine, **makes):
    for name, make in makes.items():
        BREAKS[name.replace("_", "-")] = Break(build, machine, make)


for _name, _make in test_check.BREAKS.items():
    BREAKS.setdefault(_name.split()[0], Break(Checked, lambda machine: machine, _make))

# --- page tables: of long descriptors, a table of each level -------------------


def _lpae():
    machine = Machine(LINUX_6_1.replace("struct memblock_region\n    u32 base", "struct memblock_region\n    u64 base"))
    machine.ram.add(TABLE, 0x2000)
    machine.poke(PGD + 3 * 8, TABLE_PHYS | 3, 8)                # for 0xc0000000
    for number in range(32):                                    # of 2 MiB
        machine.poke(TABLE + number * 8, PHYS_OFFSET + (number << 21) | 0x701, 8)
    machine.poke(TABLE + 511 * 8, TABLE_PHYS + 0x1000 | 3, 8)
    machine.poke(TABLE + 0x1000, PHYS_OFFSET | 0x703, 8)
    return machine


_rows(_lpae, lambda machine: machine,
      PGTABLE_1=lambda machine: machine.poke(TABLE + 511 * 8, 0x90000003, 8),
      PGTABLE_2=lambda machine: machine.poke(TABLE + 0x1000, PHYS_OFFSET | 0x701, 8),
      PGTABLE_3=lambda machine: machine.free(machine.low, 0, 1, TABLE_PHYS + 0x1000 >> 12))


# --- slabs ---------------------------------------------------------------------

def _cpus():
    """CPU 0 allocates from the slab at page 0; the slab at 2 waits for it."""
    slabs = test_check_slab.build(LINUX_4_9)
    slabs.own = slabs.slab(slabs.kmalloc, 10, inuse=64, frozen=1)
    slabs.waiting = slabs.slab(slabs.kmalloc, 12, free=(1,), frozen=1)
    slabs.part = slabs.cpu_part(slabs.kmalloc, 0)
    slabs.put(slabs.part, "kmem_cache_cpu", page=slabs.own, partial=slabs.waiting)
    slabs.put(slabs.waiting, "page", pages=1)
    slabs.lists(slabs.kmalloc, [slabs.half], slabs=[slabs.full, slabs.half, slabs.own, slabs.waiting])
    test_check_slab.count(slabs, 2, 4)
    return slabs


def _put(addr, tag, **values):
    """A write of members."""
    return lambda slabs: slabs.put(getattr(slabs, addr), tag, **values)


def _half_leads(to):
    """The first free object of the slab on the node's list leads elsewhere."""
    def make(slabs):
        slabs.store(slabs.kmalloc, slabs.object(slabs.kmalloc, test_check_slab.HALF, 3), to(slabs))
    return make


_rows(_cpus, lambda slabs: slabs.machine,
      SLUB_1=_half_leads(lambda slabs: slabs.object(slabs.kmalloc, test_check_slab.HALF, 1) + 1),
      SLUB_2=_half_leads(lambda slabs: slabs.object(slabs.kmalloc, test_check_slab.HALF, 3)),
      SLUB_3=_half_leads(lambda slabs: 0),
      SLUB_4=_put("full", "page", counters=64 | 64 << 16 | 1 << 31),
      SLUB_5=_put("full", "page", slab_cache=0xC0001000),
      SLUB_6=lambda slabs: slabs.put(slabs.part, "kmem_cache_cpu", page=0, freelist=0xC0001000),
      SLUB_7=_put("waiting", "page", pages=2),
      SLUB_8=_put("part", "kmem_cache_cpu", tid=0x41),
      SLUB_9=lambda slabs: slabs.put(slabs.node(slabs.kmalloc), "kmem_cache_node", nr_partial=2),
      SLUB_10=lambda slabs: slabs.put(slabs.node(slabs.kmalloc), "kmem_cache_node", nr_slabs__counter=3),
      SLUB_11=_put("dentry", "kmem_cache", inuse=500),
      SLUB_12=lambda slabs: test_check_slab.count(slabs, 2, 3),
      SLUB_13=_put("dentry", "kmem_cache", refcount=0))


def _sheaves():
    """CPU 0's main sheaf has two objects; the node's barn is empty."""
    slabs = test_check_slab.with_sheaf()
    slabs.barn = slabs.struct("node_barn")
    slabs.machine.link(slabs.barn + slabs.at("node_barn", "sheaves_full"))
    slabs.machine.put(slabs.kmalloc, "kmem_cache", "per_node[0].barn", slabs.barn)
    slabs.slot = slabs.sheaf_addr + slabs.at("slab_sheaf", "objects")
    return slabs


_rows(_sheaves, lambda slabs: slabs.machine,
      SHEAF_1=_put("sheaf_addr", "slab_sheaf", size=9),
      SHEAF_2=lambda slabs: slabs.machine.poke(slabs.slot, slub.RANDOM),
      SHEAF_3=_put("barn", "node_barn", nr_full=1),
      SHEAF_4=lambda slabs: slabs.machine.poke(slabs.slot, slabs.object(slabs.kmalloc, test_check_slab.FULL, 2)))


# --- vmalloc, its trees, its blocks, kmap --------------------------------------

def _areas():
    """Four areas: a tree of three levels, of which the lowest is one red node."""
    vm = Machine(LINUX_6_1).vm
    vm.areas = test_vmalloc.three(vm)
    vm.trees = [area + vm.m.shapes.place("vmap_area", "rb_node")[0] for area in vm.areas]
    return vm


def _area(number, **values):
    def make(vm):
        for name, value in values.items():
            vm.m.put(vm.areas[number], "vmap_area", name, value)
    return make


def _word(number, offset, value):
    """A word of an area's struct rb_node: parent and color, right, left."""
    return lambda vm: vm.m.poke(vm.trees[number] + offset, value(vm))


def _color(number):
    """The same: the other color."""
    return lambda vm: vm.m.poke(vm.trees[number], int.from_bytes(vm.m.ram.read(vm.trees[number], 4), "little") ^ 1)


_rows(_areas, lambda vm: vm.m,
      VMALLOC_1=_area(1, va_start=AREA + 0x2000), VMALLOC_2=_area(2, va_end=AREA + 0xCFFF),
      VMALLOC_3=lambda vm: vm.m.put(vm.vm_of(vm.areas[1]), "vm_struct", "addr", AREA),
      VMALLOC_5=lambda vm: vm.m.poke(vm.m.addr("vmap_lazy_nr"), 9),
      RB_1=_word(3, 0, lambda vm: vm.trees[0] | 1), RB_2=_color(2), RB_3=_color(0),
      TREE_1=_word(0, 8, lambda vm: NOWHERE), TREE_2=_word(0, 8, lambda vm: vm.trees[3]))


def _mapped():
    """An area that is mapped page by page, and a block of vm_map_ram()."""
    mapped = test_check_vmalloc.Mapped(LINUX_4_9)
    mapped.block, _ = test_check_vmalloc.add_block(mapped.vm)
    return mapped


def _block(**values):
    def make(mapped):
        for name, value in values.items():
            mapped.m.put(mapped.block, "vmap_block", name, value)
    return make


_rows(_mapped, lambda mapped: mapped.m,
      VMALLOC_4=lambda mapped: mapped.map(AREA, 0),
      VMAP_1=_block(dirty=57), VMAP_2=_block(free=0),
      VMAP_3=lambda mapped: mapped.m.put(mapped.block, "vmap_block", "va", mapped.vm.area),
      VMAP_4=lambda mapped: mapped.map(AREA + test_check_vmalloc.RAM_BLOCK + 56 * 4096, 0x10400))
_rows(test_check_vmalloc.with_kmap, lambda kmap: kmap.m,
      KMAP_1=lambda kmap: kmap.m.poke(kmap.counts + 3 * 4, 0),
      KMAP_2=lambda kmap: kmap.map(test_check_vmalloc.BASE + 9 * 4096, 0x10223),
      KMAP_3=lambda kmap: kmap.m.poke(kmap.depth, 3))


# --- per-CPU memory ------------------------------------------------------------

def _chunks(text):
    def build():
        vm = Machine(text).vm
        vm.chunk = test_percpu.second(vm)
        return vm
    return build


def _chunk(**values):
    def make(vm):
        for name, value in values.items():
            vm.m.put(vm.chunk, "pcpu_chunk", name, value)
    return make


def _first_map(*entries):
    """The first chunk's map of areas."""
    def make(vm):
        table = vm.m.take(vm.first, "pcpu_chunk", "map")
        for number, entry in enumerate(entries):
            vm.m.poke(table + 4 * number, entry)
        vm.m.put(vm.first, "pcpu_chunk", "map_used", len(entries) - 1)
    return make


_rows(_chunks(LINUX_4_9), lambda vm: vm.m,
      PERCPU_1=_first_map(1, 0x1000, 0x800, test_percpu.UNIT | 1),
      PERCPU_2=_first_map(1, 0x1000, 0x2000, test_percpu.UNIT | 1))
_rows(_chunks(LINUX_6_1), lambda vm: vm.m,
      PERCPU_3=_chunk(free_bytes=4), PERCPU_5=_chunk(isolated=1), PERCPU_6=_chunk(nr_populated=3),
      PERCPU_4=lambda vm: vm.m.put(vm.chunk, "pcpu_chunk", "chunk_md.contig_hint", 0xF10 // 4),
      PERCPU_7=lambda vm: (vm.m.put(vm.chunk, "pcpu_chunk", "populated[0]", 0b1011),
                           vm.m.put(vm.chunk, "pcpu_chunk", "nr_populated", 3)),
      PERCPU_8=lambda vm: vm.m.poke(vm.m.addr("pcpu_nr_empty_pop_pages"), 4))
