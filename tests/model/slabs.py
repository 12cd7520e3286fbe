# SPDX-License-Identifier: GPL-2.0-or-later
"""Caches and slabs in a machine, as each generation of SLUB keeps them."""
from mmscope.errors import MmError

from machine import BASE_PFN, PAGE_OFFSET, Machine

MEMORY, MEMORY_BYTES = 0xC0800000, 0x20000      # of slabs
CPU_PARTS, STEP, POINTER = 0xC0900000, 0x1000, 0x100
RANDOM = 0x5AA5C33C
CPUS = 2


def evaluate(text):
    """As GDB does it: a name that it does not know is an error."""
    try:
        return Machine.evaluate(text)
    except ValueError:
        raise MmError(f"'{text}': no symbol") from None


class Slabs:
    """A machine that has caches."""

    def __init__(self, text):
        self.machine = machine = Machine(text)
        structs = machine.shapes.structs
        self.sheaves = "slab_sheaf" in structs
        self.tag = "slab" if "slab" in structs else "page"
        self.hardened = "random" in structs["kmem_cache"].members
        machine.ram.add(MEMORY, MEMORY_BYTES)
        machine.ram.add(CPU_PARTS, CPUS * STEP)
        machine.poke(machine.addr("nr_cpu_ids"), CPUS)
        for cpu in range(CPUS):
            machine.poke(machine.addr("__per_cpu_offset") + 4 * cpu, CPU_PARTS + cpu * STEP)
        machine.evaluate = evaluate
        self.caches, self.pointer = [], POINTER

    def put(self, addr, tag, **values):
        for name, value in values.items():
            self.machine.put(addr, tag, name.replace("__", "."), value)

    def take(self, size):
        """A place in the heap."""
        addr = self.machine.heap + -self.machine.heap % 8
        self.machine.heap = addr + size
        return addr

    def struct(self, tag, **values):
        addr = self.take(self.machine.shapes.structs[tag].size)
        self.put(addr, tag, **values)
        return addr

    def at(self, tag, path):
        return self.machine.shapes.place(tag, path)[0]

    def cache(self, name, object_size=56, size=64, order=0, offset=0, flags=0, **values):
        """A cache with one node, on slab_caches."""
        objects = (4096 << order) // size
        node = self.struct("kmem_cache_node")
        for head in ("partial", "full"):
            self.machine.link(node + self.at("kmem_cache_node", head))
        cache = self.struct(
            "kmem_cache", name=self.machine.string(name), object_size=object_size, size=size, inuse=size, align=4,
            offset=offset, flags=flags, refcount=1, oo__x=order << 16 | objects, min__x=order << 16 | objects)
        part = "cpu_sheaves" if self.sheaves else "cpu_slab"
        self.put(cache, "kmem_cache", **{part: self.pointer}, **values)
        self.pointer += 0x40
        for cpu in range(CPUS) if not self.sheaves else ():
            self.put(self.cpu_part(cache, cpu), "kmem_cache_cpu", tid=0x40 + cpu)
        if self.hardened:
            self.put(cache, "kmem_cache", random=RANDOM)
        if self.sheaves:
            self.put(cache, "kmem_cache", sheaf_capacity=8)
            self.machine.put(cache, "kmem_cache", "per_node[0].node", node)
        else:
            self.machine.put(cache, "kmem_cache", "node[0]", node)
        self.caches.append(cache)
        link = self.at("kmem_cache", "list")
        self.machine.link(self.machine.addr("slab_caches"), *(each + link for each in self.caches))
        return cache

    def node(self, cache):
        path = "per_node[0].node" if self.sheaves else "node[0]"
        return self.machine.take(cache, "kmem_cache", path)

    def cpu_part(self, cache, cpu):
        part = "cpu_sheaves" if self.sheaves else "cpu_slab"
        return CPU_PARTS + cpu * STEP + self.machine.take(cache, "kmem_cache", part)

    def field(self, cache, name):
        return self.machine.take(cache, "kmem_cache", name)

    def memory(self, page):
        """Number of a page of slab memory -> its address."""
        return MEMORY + page * 4096

    def page(self, page):
        """The same -> its struct page."""
        return self.machine.page(BASE_PFN + (self.memory(page) - PAGE_OFFSET >> 12))

    def chain(self, cache, objects):
        """Write a freelist, hidden as this kernel does it; its first object."""
        for addr, after in zip(objects, [*objects[1:], 0]):
            self.store(cache, addr, after)
        return objects[0] if objects else 0

    def store(self, cache, addr, after):
        at = addr + self.field(cache, "offset")
        if self.hardened:
            after ^= RANDOM ^ int.from_bytes(at.to_bytes(4, "little"), "big")
        self.machine.poke(at, after)

    def slab(self, cache, page, free=(), inuse=None, frozen=0):
        """A slab at a page of slab memory; free: indexes of its free objects, in order. Its struct's address."""
        oo = self.field(cache, "oo.x")
        order, objects = oo >> 16, oo & 0xFFFF
        addr = self.page(page)
        inuse = objects - len(free) if inuse is None else inuse
        self.put(addr, self.tag, slab_cache=cache, counters=inuse | objects << 16 | frozen << 31,
                 freelist=self.chain(cache, [self.object(cache, page, index) for index in free]))
        flags = list(self.machine.shapes.enums["pageflags"])
        bits = 1 << flags.index("PG_slab") | (1 << flags.index("PG_head") if order else 0)
        self.put(addr, "page", flags=bits)
        if order:
            self.put(addr + self.machine.page_bytes, "page", compound_order=order)
        for tail in range(1, 1 << order):
            self.put(addr + tail * self.machine.page_bytes, "page", compound_head=addr + 1)
        return addr

    def object(self, cache, page, index):
        return self.memory(page) + self.field(cache, "red_left_pad") + index * self.field(cache, "size")

    def lists(self, cache, partial=(), full=(), slabs=None):
        """Put slabs on the node's lists and count them."""
        node, link = self.node(cache), self.at(self.tag, "slab_list" if self.tag == "slab" else "lru")
        for head, members in (("partial", partial), ("full", full)):
            self.machine.link(node + self.at("kmem_cache_node", head), *(addr + link for addr in members))
        slabs = [*partial, *full] if slabs is None else slabs
        self.put(node, "kmem_cache_node", nr_partial=len(partial), nr_slabs__counter=len(slabs),
                 total_objects__counter=len(slabs) * (self.field(cache, "oo.x") & 0xFFFF))

    def sheaf(self, cache, *objects):
        """A sheaf with objects, the last of them the next."""
        addr = self.take(self.machine.shapes.structs["slab_sheaf"].size + 4 * 8)
        self.put(addr, "slab_sheaf", cache=cache, size=len(objects))
        for index, each in enumerate(objects):
            self.machine.poke(addr + self.at("slab_sheaf", "objects") + 4 * index, each)
        return addr
