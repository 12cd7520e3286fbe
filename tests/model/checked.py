# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's machine with something of everything that mm check looks at, and all of it sound."""
from machine import BASE_PFN, HIGH_PAGES, HIGH_START, LOW_PAGES, LOW_START, Machine
from shapes import LINUX_4_9

A = (BASE_PFN + 64)             # a free block of order 2, and another one behind it on the list
B = A + 8
USED = BASE_PFN + 0x200         # a compound page of order 3
POOL = BASE_PFN + 0x300         # two pages on CPU 0's Movable list
CMA_PFN = -(-HIGH_START >> 10 << 10)
EXT = 0xC0700000                # the table of page_ext
BITMAPS, CMA_BITMAP, PERCPU = 0xC0208000, 0xC0208100, 0xC0209000

PAGE_EXT = """
enum page_ext_flags PAGE_EXT_OWNER
struct page_ext
    u32 flags
    u32 order
    u32 gfp_mask
    u32 ip
    u32 nr_entries
    u32 trace[8]
var ptr page_ext_table
var u32 page_ext_start_pfn
var u32 page_ext_end_pfn
var bool page_owner_inited
"""
GUEST = LINUX_4_9.replace(
    "    u32 lowmem_reserve[3]\n", "    u32 lowmem_reserve[3]\n    u32 nr_reserved_highatomic\n"
    "    u32 nr_isolate_pageblock\n").replace(
    "    u32 before\n    per_cpu_pages pcp\n", "    per_cpu_pages pcp\n    s8 stat_threshold\n    s8 vm_stat_diff[2]\n"
    ).replace("struct cma\n", "struct cma\n    u32 order_per_bit\n    bool active\n    ptr bitmap\n").replace(
    "    u32 node_start_pfn\n", "    u32 node_start_pfn\n    u32 node_present_pages\n").replace(
    "    u32 nr_reserved_highatomic\n", "    u32 nr_reserved_highatomic\n    ptr zone_pgdat\n") + """
var atomic vm_zone_stat[2]
var u32 sysctl_lowmem_reserve_ratio[2]
var u32 lowmem_reserve_managed[3]
var memblock_type early_pools
var memblock_type early_pools_used
""" + PAGE_EXT


class Checked(Machine):
    """Movable pageblocks, free blocks, a compound page, per-CPU lists, a CMA area, pools, owners."""

    def __init__(self):
        super().__init__(GUEST)
        for index in (0, 1):
            self.put(self.zone(index), "zone", "pageblock_flags", BITMAPS + index * 0x40)
            for block in range(8):
                self.pageblock_bits(index, block, 1)
        self.node_addr = self.addr("contig_page_data")
        self.put(self.node_addr, "pglist_data", "node_present_pages", LOW_PAGES + HIGH_PAGES)
        for index in (0, 1):
            self.put(self.zone(index), "zone", "zone_pgdat", self.node_addr)
        self._per_cpu()
        self.free(0, 2, 1, A, B)
        self._compound()
        self._watermarks()
        self._cma()
        self._memblock()
        self._owners()
        self.poke(self.addr("vm_zone_stat"), self.take(self.zone(0), "zone", "vm_stat[0]"))

    def pageblock_bits(self, index, block, kind):
        """Set the type of a zone's pageblock by its number."""
        at, shift = BITMAPS + index * 0x40 + block // 8 * 4, block % 8 * 4
        word = int.from_bytes(self.ram.read(at, 4), "little")
        self.poke(at, word & ~(7 << shift) | kind << shift)

    def pageblock(self, index, pfn, kind):
        """The same by a pfn in it: counted from the zone's start, rounded down to a pageblock."""
        start = (LOW_START, HIGH_START)[index]
        self.pageblock_bits(index, (pfn >> 10) - (start >> 10), kind)

    def _per_cpu(self):
        self.poke(self.addr("nr_cpu_ids"), 1)
        for index, own in ((0, PERCPU), (1, PERCPU + 0x200)):
            self.put(self.zone(index), "zone", "pageset", own)
            for name, value in (("count", 0), ("high", 186), ("batch", 31)):
                self.put(own, "per_cpu_pageset", f"pcp.{name}", value)
            self.put(own, "per_cpu_pageset", "stat_threshold", 4)
            for kind in range(3):
                self.link(own + self.shapes.place("per_cpu_pageset", f"pcp.lists[{kind}]")[0])
        self.pageset = self.pcp = PERCPU
        for pfn in (POOL, POOL + 1):
            self.put(self.page(pfn), "page", "_refcount.counter", 0)
            self.put(self.page(pfn), "page", "index", 1)
        self.on_pcp(POOL, POOL + 1)

    def on_pcp(self, *pfns):
        """Put these pages, and no others, on CPU 0's Movable list."""
        self.link(self.pageset + self.shapes.place("per_cpu_pageset", "pcp.lists[1]")[0], *map(self.node, pfns))
        self.put(self.pcp, "per_cpu_pages", "count", len(pfns))
        for pfn in pfns:
            self.put(self.page(pfn), "page", "index", 1)

    def _compound(self):
        self.put(self.page(USED), "page", "flags", 1 << 12)
        for pfn in range(USED + 1, USED + 8):
            self.put(self.page(pfn), "page", "compound_head", self.page(USED) + 1)
            self.put(self.page(pfn), "page", "mapping", 0x400)
            self.put(self.page(pfn), "page", "_refcount.counter", 0)
        self.put(self.page(USED + 1), "page", "compound_order", 3)

    def _watermarks(self):
        for index in (0, 1):
            for mark, value in enumerate((10, 12, 15)):
                self.put(self.zone(index), "zone", f"watermark[{mark}]", value)
        for number, value in enumerate((32, 32)):
            self.poke(self.addr("sysctl_lowmem_reserve_ratio") + 4 * number, value)
        for number, value in enumerate((LOW_PAGES, HIGH_PAGES, 0)):
            self.poke(self.addr("lowmem_reserve_managed") + 4 * number, value)
        for number in (1, 2):
            self.put(self.zone(0), "zone", f"lowmem_reserve[{number}]", HIGH_PAGES // 32)

    def _cma(self):
        area = self.addr("cma_areas")
        self.poke(self.addr("cma_area_count"), 1)
        for name, value in (("base_pfn", CMA_PFN), ("count", 1024), ("order_per_bit", 0), ("active", 1),
                            ("bitmap", CMA_BITMAP), ("name", self.string("pool"))):
            self.put(area, "cma", name, value)
        self.pageblock(1, CMA_PFN, 4)
        self.poke(CMA_BITMAP, 0b10)

    def regions(self, variable, *regions):
        """A list of the shape of memblock's, of which base and size count."""
        addr = self.heap = self.heap + -self.heap % 4
        step = self.shapes.structs["memblock_region"].size
        self.heap += step * max(len(regions), 1)
        for index, (base, size) in enumerate(regions or [(0, 0)]):
            self.put(addr + index * step, "memblock_region", "base", base)
            self.put(addr + index * step, "memblock_region", "size", size)
        for name, value in (("cnt", max(len(regions), 1)), ("max", 4), ("regions", addr),
                            ("total_size", sum(size for _, size in regions))):
            self.put(self.addr(variable), "memblock_type", name, value)

    def _memblock(self):
        start = POOL + 0x10 << 12
        self.memblock("reserved", (start, 0x4000))
        self.regions("early_pools", (start, 0x2000))
        self.regions("early_pools_used", (start + 0x100, 0x20))

    def ext(self, pfn):
        """Address of a page's record."""
        return EXT + (pfn - LOW_START) * self.shapes.structs["page_ext"].size

    def owner(self, pfn, order, **more):
        """Set one record."""
        for name, value in {"flags": 1, "order": order, "ip": 0xC0100100, "nr_entries": 1, **more}.items():
            self.put(self.ext(pfn), "page_ext", name, value)

    def _owners(self):
        self.ram.add(EXT, (LOW_PAGES + HIGH_PAGES) * self.shapes.structs["page_ext"].size)
        for name, value in (("page_ext_table", EXT), ("page_ext_start_pfn", LOW_START),
                            ("page_ext_end_pfn", HIGH_START + HIGH_PAGES), ("page_owner_inited", 1)):
            self.poke(self.addr(name), value)
        for pfn in range(USED, USED + 8):
            self.owner(pfn, 3)
