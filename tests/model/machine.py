# SPDX-License-Identifier: GPL-2.0-or-later
"""A 32-bit ARM machine made of bytes: variables, a mem_map, zones, free lists, memblock.

RAM is at 0x10000000. The first zone begins at an odd pfn and has 0x1000 pages, HighMem follows with 0x800.
"""
from mmscope.errors import FaultError, MmError
from mmscope.layout.debuginfo import Symbol
from mmscope.layout.layout import Layout
from mmscope.model.context import Context, Expression, Host
from mmscope.target.cache import CachedMemory
from mmscope.target.transport import Meter

from engined import give
from shapes import Shapes
from vm_machine import VmMachine

PAGE_OFFSET, PHYS_OFFSET = 0xC0000000, 0x10000000
BASE_PFN = PHYS_OFFSET >> 12
DATA, DATA_BYTES = 0xC0100000, 0x10000
HEAP = 0xC0200000           # what tests put somewhere: strings, regions, bit maps
PGD = 0xC0004000
PAGESETS = 0xC0390000       # of the two zones, for one CPU
MEM_MAP = 0xC0400000
LOW_START, LOW_PAGES, HIGH_PAGES = BASE_PFN + 3, 0x1000, 0x800
HIGH_START = LOW_START + LOW_PAGES
END_PFN = HIGH_START + HIGH_PAGES
BANNER = b"mmscope 4.9.0 (test)\0", b"Linux version 6.1.0-test (x@y)\0"


class Ram:
    """A transport over byte arrays; anything else cannot be read."""

    name, detail, line_bytes = "test memory", "", 2048

    def __init__(self):
        self.meter = Meter()
        self.areas = {}
        self.reads = []

    def add(self, addr, size):
        self.areas[addr] = bytearray(size)

    def _area(self, addr, size):
        for start, data in self.areas.items():
            if start <= addr and addr + size <= start + len(data):
                return data, addr - start
        raise FaultError(addr, size)

    def drop(self):
        pass

    def read(self, addr, size):
        self.meter.cost.requests += 1
        data, at = self._area(addr, size)
        self.meter.cost.requests += (size - 1) // 2048
        self.meter.cost.bytes += size
        self.reads.append((addr, size))
        return bytes(data[at:at + size])

    def write(self, addr, data):
        area, at = self._area(addr, len(data))
        area[at:at + len(data)] = data


class Machine:
    """Builds the structures, and gives a context that decodes them."""

    def __init__(self, text):
        self.shapes = Shapes(text, DATA)
        self.ram = Ram()
        self.ram.add(DATA, DATA_BYTES)
        self.ram.add(HEAP, 0x10000)
        page = self.shapes.structs["page"].size
        self.page_bytes = page
        map_bytes = (END_PFN - BASE_PFN) * page
        self.ram.add(MEM_MAP, map_bytes + -map_bytes % 4096)
        self.heap = HEAP
        self._page_table()
        self.live, self.static = None, None
        self.kept = {}          # snapshots, as a session keeps them
        self.registers = {"pc": DATA, "SCTLR": 1}
        self.new_style = "linux_banner" in self.shapes.symbols
        self.names = list(self.shapes.enums["zone_type"])
        self.low, self.high = (0, 2) if self.new_style else (0, 1)
        self._variables()
        self._zones()
        self.vm = VmMachine(self)

    # --- building ---------------------------------------------------------

    def addr(self, variable):
        return self.shapes.symbols[variable].addr

    def poke(self, addr, value, size=4):
        self.ram.write(addr, (value & (1 << size * 8) - 1).to_bytes(size, "little"))

    def put(self, addr, tag, path, value):
        offset, kind = self.shapes.place(tag, path)
        self.poke(addr + offset, value, kind.size)

    def take(self, addr, tag, path):
        offset, kind = self.shapes.place(tag, path)
        return int.from_bytes(self.ram.read(addr + offset, kind.size), "little")

    def string(self, text):
        """Put a string somewhere; give its address."""
        addr = self.heap
        self.heap += len(text) + 1
        self.ram.write(addr, text.encode("latin-1") + b"\0")
        return addr

    def zone(self, index):
        return self.addr("contig_page_data") + index * self.shapes.structs["zone"].size

    def page(self, pfn):
        return MEM_MAP + (pfn - BASE_PFN) * self.page_bytes

    def node(self, pfn):
        """Address of the list_head in a struct page."""
        return self.page(pfn) + self.shapes.place("page", "lru")[0]

    def head(self, zone, order, migratetype):
        return self.zone(zone) + self.shapes.place("zone", f"free_area[{order}].free_list[{migratetype}]")[0]

    def link(self, head, *nodes):
        """Make a circular list of a head and nodes."""
        ring = (head, *nodes)
        for at, node in enumerate(ring):
            self.poke(node, ring[(at + 1) % len(ring)])
            self.poke(node + 4, ring[at - 1])

    def free(self, zone, order, migratetype, *pfns):
        """Put free blocks on a list, which has to be empty."""
        self.link(self.head(zone, order, migratetype), *map(self.node, pfns))
        nr_free = f"free_area[{order}].nr_free"
        self.put(self.zone(zone), "zone", nr_free, self.take(self.zone(zone), "zone", nr_free) + len(pfns))
        free_pages = self.take(self.zone(zone), "zone", "vm_stat[0]") + (len(pfns) << order)
        self.put(self.zone(zone), "zone", "vm_stat[0]", free_pages)
        for pfn in pfns:
            self.put(self.page(pfn), "page", "_mapcount.counter", -129 if self.new_style else -128)
            self.put(self.page(pfn), "page", "private", order)
            for part in range(pfn, min(pfn + (1 << order), END_PFN)):
                self.put(self.page(part), "page", "_refcount.counter", 0)

    def take_lock(self, zone):
        """Hold zone->lock, as each kernel's lock shows it."""
        path = "lock.rlock.raw_lock.tickets.next" if self.new_style else "lock.locked"
        self.put(self.zone(zone), "zone", path, 1)

    def memblock(self, name, *regions, cnt=None, total=None):
        """Fill memblock.NAME with (base, size) or (base, size, flags)."""
        step = self.shapes.structs["memblock_region"].size
        addr, self.heap = self.heap + -self.heap % 4, self.heap + 4 + step * max(len(regions), 1)
        for index, (base, size, *flags) in enumerate(regions or [(0, 0)]):
            self.put(addr + index * step, "memblock_region", "base", base)
            self.put(addr + index * step, "memblock_region", "size", size)
            self.put(addr + index * step, "memblock_region", "flags", flags[0] if flags else 0)
        memblock = self.addr("memblock")
        self.put(memblock, "memblock", f"{name}.cnt", cnt if cnt is not None else max(len(regions), 1))
        self.put(memblock, "memblock", f"{name}.max", 128)
        self.put(memblock, "memblock", f"{name}.regions", addr)
        self.put(memblock, "memblock", f"{name}.total_size", total if total is not None else sum(r[1] for r in regions))

    def pagesets(self):
        """Give both zones per-CPU lists of their own, which are still to be set up."""
        self.ram.add(PAGESETS, 0x1000)
        for number, index in enumerate((self.low, self.high)):
            self.put(self.zone(index), "zone", "per_cpu_pageset" if self.new_style else "pageset",
                     PAGESETS + number * 0x800)

    def _page_table(self):
        """Sections of 1 MiB for the linear map, in a first table of its own."""
        self.shapes.symbols["swapper_pg_dir"] = Symbol("swapper_pg_dir", PGD)
        self.ram.add(PGD, 0x4000)
        for mib in range(64):
            self.poke(PGD + ((PAGE_OFFSET >> 20) + mib) * 4, PHYS_OFFSET + (mib << 20) | 0x0002)

    def _variables(self):
        for name, value in {
                "mem_map": MEM_MAP, "max_pfn": END_PFN, "max_low_pfn": HIGH_START, "min_low_pfn": LOW_START,
                "high_memory": PAGE_OFFSET + (HIGH_START << 12) - PHYS_OFFSET, "system_state": 2, "slab_state": 3,
                "__pv_phys_pfn_offset": BASE_PFN}.items():
            self.poke(self.addr(name), value)
        self.link(self.addr("slab_caches"))
        banner = "linux_banner" if self.new_style else "mmscope_banner"
        self.ram.write(self.addr(banner), BANNER[self.new_style])
        self.set_total("totalram_pages", LOW_PAGES + HIGH_PAGES)
        self.set_total("totalhigh_pages", HIGH_PAGES)
        self.memblock("memory", (LOW_START << 12, LOW_PAGES + HIGH_PAGES << 12))
        self.memblock("reserved")

    def set_total(self, name, value):
        self.poke(self.addr("_" + name if self.new_style else name), value)

    def _zones(self):
        node = self.addr("contig_page_data")
        self.put(node, "pglist_data", "node_start_pfn", LOW_START)
        self.put(node, "pglist_data", "node_spanned_pages", END_PFN - LOW_START)
        for index, kind in enumerate(self.names[:-1]):
            zone = self.zone(index)
            self.put(zone, "zone", "name", self.string(kind[5:].capitalize()))
            for order in range(self.orders):
                for migratetype in range(6):
                    self.link(self.head(index, order, migratetype))
        for index, start, count in ((self.low, LOW_START, LOW_PAGES), (self.high, HIGH_START, HIGH_PAGES)):
            zone = self.zone(index)
            managed = "managed_pages.counter" if self.new_style else "managed_pages"
            for name, value in (("zone_start_pfn", start), ("spanned_pages", count), ("present_pages", count),
                                (managed, count)):
                self.put(zone, "zone", name, value)
            for pfn in range(start, start + count):
                self.put(self.page(pfn), "page", "flags", index << 30)
                self.put(self.page(pfn), "page", "_refcount.counter", 1)
                self.put(self.page(pfn), "page", "_mapcount.counter", -1)

    @property
    def orders(self):
        return self.shapes.place("zone", "free_area")[1].count

    # --- looking ----------------------------------------------------------

    def context(self):
        """A fresh context, as a new stop has it."""
        host = Host(self.live, lambda addr, size: self.static, self.registers.get, self.evaluate, kept=self.kept)
        return give(Context(CachedMemory(self.ram), Layout(self.shapes), host), self.ram.areas)

    @staticmethod
    def evaluate(text):
        try:
            return Expression(int(text, 0), False)
        except ValueError:
            raise MmError(f"'{text}' is no number") from None
