# SPDX-License-Identifier: GPL-2.0-or-later
"""A 64-bit machine of two nodes made of bytes, with a hole between them and a third node that never comes.

Sections are of 4096 pages. Node 0 is section 0 without its first page, all of it zone DMA; node 1 is section 2, zone
Normal. Nothing is on a free list; both CPUs have empty lists.
"""
from mmscope.layout.layout import Layout
from mmscope.model.context import Context, Expression, Host
from mmscope.target.cache import CachedMemory

from engined import give
from machine import Ram
from shapes import Shapes

PAGE_OFFSET, VMEMMAP = 0xFFFF888000000000, 0xFFFFEA0000000000
DATA, DATA_BYTES = 0xFFFFFFFF81000000, 0x10000      # variables
HEAP, HEAP_BYTES = PAGE_OFFSET + 0x100000, 0x40000  # what is allocated
SECTION_PAGES, PAGE_BYTES = 4096, 64
MAPS = {0: VMEMMAP, 2: VMEMMAP + 2 * SECTION_PAGES * PAGE_BYTES}    # section to its array
APART = PAGE_OFFSET + 0x4000000                     # where a classic section 2 keeps its array
SPANS = ((0, 0, 1, SECTION_PAGES - 1), (1, 1, 2 * SECTION_PAGES, SECTION_PAGES))    # node, zone, pfn, pages
NAMES = ("Unmovable", "Movable", "Reclaimable", "HighAtomic", "CMA", "Isolate")
STATS = ("nr_free_pages", "nr_mlock", "nr_free_cma", "numa_hit", "numa_miss", "nr_file_pages",
         "nr_anon_transparent_hugepages", "nr_last")
PERCPU, CPU_STEP = 0x1000, 0x1000                   # a per-CPU pointer; how far the CPUs are from each other


class Machine64:
    """Builds the structures, and gives a context that decodes them."""

    def __init__(self, text, classic=False):
        self.section_bits = 19 if classic else 0        # at the top of page->flags
        self.shapes = Shapes(text if classic else text + "var u8 vmemmap_populate\n", DATA, "i386:x86-64", 8)
        self.late = "compound_info" in self.shapes.structs["page"].members
        self.ram, self.heap = Ram(), HEAP
        self.ram.line_bytes = 4096
        self.ram.add(DATA, DATA_BYTES)
        self.ram.add(HEAP, HEAP_BYTES)
        self.maps = {0: MAPS[0], 2: APART if classic else MAPS[2]}
        for addr in self.maps.values():
            self.ram.add(addr, SECTION_PAGES * PAGE_BYTES)
        self.constants = b""
        self._variables()
        self._nodes()
        self._sections()
        self._pages()

    # --- building ---------------------------------------------------------

    def addr(self, variable):
        return self.shapes.symbols[variable].addr

    def poke(self, addr, value, size=8):
        self.ram.write(addr, (value & (1 << size * 8) - 1).to_bytes(size, "little"))

    def put(self, addr, tag, path, value):
        offset, kind = self.shapes.place(tag, path)
        self.poke(addr + offset, value, kind.size)

    def take(self, size):
        """Room for something."""
        addr = self.heap + -self.heap % 64
        self.heap = addr + size
        return addr

    def string(self, text):
        addr = self.take(len(text) + 1)
        self.ram.write(addr, text.encode() + b"\0")
        return addr

    def page(self, pfn):
        return self.maps[pfn // SECTION_PAGES] + pfn % SECTION_PAGES * PAGE_BYTES

    def set(self, pfn, path, value):
        self.put(self.page(pfn), "page", path, value)

    def flag(self, pfn, *names):
        node, zone = (0, 0) if pfn < SECTION_PAGES else (1, 1)
        bits = sum(1 << self.shapes.enums["pageflags"]["PG_" + name] for name in names)
        self.set(pfn, "flags", bits | self.links(pfn // SECTION_PAGES, node, zone))

    def links(self, section, node, zone):
        """The top of page->flags: the section where it is there, the node, the zone."""
        return (section << 64 | node << 62 | zone << 60) >> self.section_bits & (1 << 64) - 1 if self.section_bits \
            else node << 62 | zone << 60

    def link(self, head, *nodes):
        ring = (head, *nodes)
        for at, node in enumerate(ring):
            self.poke(node, ring[(at + 1) % len(ring)])
            self.poke(node + 8, ring[at - 1])

    def free(self, node, order, migratetype, *pfns):
        """Put free blocks on a list, which has to be empty, of the zone that the node has memory in."""
        lru = self.shapes.place("page", "lru")[0]
        self.link(self.zone(node) + self.shapes.place("zone", f"free_area[{order}].free_list[{migratetype}]")[0],
                  *(self.page(pfn) + lru for pfn in pfns))
        self.put(self.zone(node), "zone", f"free_area[{order}].nr_free", len(pfns))
        for pfn in pfns:
            self.set(pfn, "_mapcount.counter", 0xF0000000 if self.late else 0xFFFFFF7F)
            self.set(pfn, "private", order)
            self.set(pfn, "_refcount.counter", 0)

    def zone(self, node, index=None):
        """Address of a zone; of the one that has the node's memory."""
        index = SPANS[node][1] if index is None else index
        return self.nodes[node] + index * self.shapes.structs["zone"].size

    def pageblock(self, pfn, bits):
        """Set all bits of a pageblock."""
        width = 8 if self.late else 4
        usage = self.usages[pfn // SECTION_PAGES] + self.shapes.place("mem_section_usage", "pageblock_flags")[0]
        at = pfn % SECTION_PAGES // 512 * width
        word = int.from_bytes(self.ram.read(usage + at // 64 * 8, 8), "little")
        self.poke(usage + at // 64 * 8, word & ~((1 << width) - 1 << at % 64) | bits << at % 64)

    def compound(self, pfn, order):
        """Make pages one, as this kernel does it."""
        for at in range(1, 1 << order):
            mask = -1 << order + 6
            self.set(pfn + at, "lru.next", (mask if self.late else self.page(pfn)) + 1)
        if self.late:
            self.put(self.page(pfn), "folio", "_flags_1.f", order)
            self.put(self.page(pfn), "folio", "_entire_mapcount.counter", -1)
        else:
            self.set(pfn + 1, "compound_order", order)
            self.set(pfn + 1, "compound_mapcount.counter", -1)

    def percpu(self, cpu, node):
        """Address of a CPU's own part of a node's zone: its lists."""
        return self.areas + cpu * CPU_STEP + node * 0x400

    def stats(self, cpu, node):
        """The same of its counters: struct per_cpu_zonestat, or part of the lists' struct."""
        return self.percpu(cpu, node) + (0x200 if self.late else 0)

    def _variables(self):
        for name, value in {"page_offset_base": PAGE_OFFSET, "max_pfn": 3 * SECTION_PAGES, "system_state": 2,
                            "slab_state": 3, "__highest_present_section_nr": 2, "nr_cpu_ids": 2,
                            "__cpu_online_mask": 3}.items():
            self.poke(self.addr(name), value, self.shapes.symbols[name].type.size)
        for at, value in enumerate((7, 3, 3, 3, 1)):            # N_POSSIBLE has node 2, N_ONLINE not
            self.poke(self.addr("node_states") + 8 * at, value)
        self.ram.write(self.addr("linux_banner"), b"Linux version 7.2.0-test (x@y)\0")
        for table, names in (("migratetype_names", NAMES), ("vmstat_text", STATS)):
            for at, name in enumerate(names):
                self.poke(self.addr(table) + 8 * at, self.string(name))

    def _nodes(self):
        self.nodes = [self.take(self.shapes.structs["pglist_data"].size) for _ in range(3)]
        self.areas = self.take(2 * CPU_STEP)
        for cpu in range(2):
            self.poke(self.addr("__per_cpu_offset") + 8 * cpu, self.areas - PERCPU + cpu * CPU_STEP)
        for number, node in enumerate(self.nodes):
            self.poke(self.addr("node_data") + 8 * number, node)
            self.put(node, "pglist_data", "node_id", number)
            if self.late:
                self.put(node, "pglist_data", "first_deferred_pfn", -1)
            for index, name in enumerate(("DMA", "Normal", "Movable")):
                zone = self.zone(number, index)
                self.put(zone, "zone", "name", self.string(name))
                for order in range(11):
                    for kind in range(6):
                        self.link(zone + self.shapes.place("zone", f"free_area[{order}].free_list[{kind}]")[0])
        for number, index, start, count in SPANS:
            zone = self.zone(number, index)
            for name, value in (("zone_start_pfn", start), ("spanned_pages", count), ("present_pages", count),
                                ("managed_pages.counter", count)):
                self.put(zone, "zone", name, value)
            self.put(self.nodes[number], "pglist_data", "node_start_pfn", start)
            self.put(self.nodes[number], "pglist_data", "node_spanned_pages", count)
            pointer = PERCPU + number * 0x400
            self.put(zone, "zone", "per_cpu_pageset" if self.late else "pageset", pointer)
            if self.late:
                self.put(zone, "zone", "per_cpu_zonestats", pointer + 0x200)
            for cpu in range(2):
                for at in range(self.shapes.place("per_cpu_pages", "lists")[1].count):
                    self.link(self.percpu(cpu, number) + self.shapes.place("per_cpu_pages", f"lists[{at}]")[0])

    def _sections(self):
        roots, table = self.take(64), self.take(4096)
        self.poke(self.addr("mem_section"), roots)
        self.poke(roots, table)
        self.usages = {}
        for number, array in self.maps.items():
            self.usages[number] = self.take(64)
            section = table + number * self.shapes.structs["mem_section"].size
            coded = array - number * SECTION_PAGES * PAGE_BYTES
            self.put(section, "mem_section", "section_mem_map", coded | 0xF)
            self.put(section, "mem_section", "usage", self.usages[number])

    def _pages(self):
        self.set(0, "_mapcount.counter", -1)
        self.set(0, "_refcount.counter", 1)
        for section, (node, zone, _, _) in zip((0, 2), SPANS):
            first = section * SECTION_PAGES
            self.ram.write(self.page(first), self.ram.read(self.page(0), PAGE_BYTES))
            self.set(first, "flags", self.links(section, node, zone))
            self.ram.write(self.page(first), self.ram.read(self.page(first), PAGE_BYTES) * SECTION_PAGES)

    # --- looking ----------------------------------------------------------

    def context(self):
        """A fresh context, as a new stop has it."""
        def static(addr, size):
            return self.constants[:size] if addr == self.addr("__start_rodata") else None
        host = Host(None, static, {"pc": DATA, "cr0": 1 << 31}.get, lambda text: Expression(int(text, 0), False))
        return give(Context(CachedMemory(self.ram), Layout(self.shapes), host), self.ram.areas)
