# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine of 64 GB as a RAM file, made in seconds: most of it is free, or zero, and the file is sparse.

x86-64 in the shape of tests/model/shapes64.py: one zone, struct pages in the vmemmap, page tables that map the linear
map, the image and the vmemmap. What is in use is what a server of that size has after its boot: the struct pages' own
memory, slabs, page cache, anonymous memory, page tables; free memory in large blocks and, between what is in use, in
small ones. How much of each is in TRUTH; random, the same for the same seed.
"""
from __future__ import annotations

import json
import mmap
import random
import resource
import struct
import sys
import time
from pathlib import Path
from typing import Optional

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "gdb"), str(TOP / "tests" / "model")]

import machine64  # noqa: E402
from machine import Ram  # noqa: E402
from machine64 import DATA, DATA_BYTES, HEAP, NAMES, PAGE_BYTES, PAGE_OFFSET, VMEMMAP, Machine64  # noqa: E402
from mmscope.layout.layout import Layout  # noqa: E402
from mmscope.model.account import account  # noqa: E402
from mmscope.model.context import Context, Expression, Host  # noqa: E402
from mmscope.target.cache import CachedMemory  # noqa: E402
from mmscope.target.dump import DumpVirtual  # noqa: E402
from mmscope.target.engine import MMU_X86_64, Library, Machine  # noqa: E402
from mmscope.target.transport import Meter  # noqa: E402
from shapes import Shapes  # noqa: E402
from shapes64 import LATE  # noqa: E402

BUILT = TOP / "build" / "dump" / "libmmdump.so"
SECTION = 1 << 15                   # pages
HEAP_ROOM = 1 << 21
IMAGE_PHYS, TABLES, MAP_PHYS = 0x1000000, 0x2000000, 1 << 30
PRESENT_RW, LARGE = 3, 0x80
CACHES = 40
FLAGS, LRU, MAPPING, PRIVATE, TYPE, COUNT = 0, 8, 24, 40, 48, 52     # in struct page, as LATE has it
FREE_COUNT = 0xF0000000             # PGTY_buddy
TEXT = LATE.replace("u8 subsection_map[1]", "u8 subsection_map[8]") + "var u8 vmemmap_populate\n"


class Large(Machine64):
    """Builds it, and gives a context that decodes it."""

    def __init__(self, path: Path, pages: int = 1 << 24, used: int = 600_000, seed: int = 1) -> None:
        self.path, self.pages, self.used = path, pages, used
        self.section_bits, self.constants, self.late = 0, b"", True
        self.shapes = Shapes(TEXT, DATA, "i386:x86-64", 8)
        self.ram, self.heap = Ram(), HEAP
        self.ram.add(DATA, DATA_BYTES)
        self.ram.add(HEAP, HEAP_ROOM)
        for name, at in (("flags", FLAGS), ("lru", LRU), ("mapping", MAPPING), ("private", PRIVATE),
                         ("page_type", TYPE), ("_refcount", COUNT)):
            assert self.shapes.structs["page"].members[name].offset == at
        with open(path, "w+b") as file:
            file.truncate(max(pages << 12, MAP_PHYS + pages * PAGE_BYTES))
            self._map = mmap.mmap(file.fileno(), pages * PAGE_BYTES, offset=MAP_PHYS)
            self._build(random.Random(seed))
            self._map.close()
            self._tables(file)
            for addr, phys in ((DATA, IMAGE_PHYS), (HEAP, HEAP - PAGE_OFFSET)):
                file.seek(phys)
                file.write(self.ram.areas[addr])

    def page(self, pfn: int) -> int:
        """Address of a struct page."""
        return VMEMMAP + pfn * PAGE_BYTES

    # --- building ---------------------------------------------------------

    def _build(self, rng: random.Random) -> None:
        """Variables, the node, struct pages."""
        self._variables()
        self.poke(self.addr("max_pfn"), self.pages)
        self.poke(self.addr("__highest_present_section_nr"), (self.pages - 1) // SECTION)
        self.poke(self.addr("node_states"), 1)
        self.poke(self.addr("node_states") + 8, 1)
        spans, machine64.SPANS = machine64.SPANS, ((0, 0, 1, self.pages - 1),)
        try:
            self._nodes()
        finally:
            machine64.SPANS = spans
        roots, size = self.take(8 * (self.pages // SECTION // 128 + 1)), self.shapes.structs["mem_section"].size
        self.poke(self.addr("mem_section"), roots)
        for number in range(-(-self.pages // SECTION)):
            if number % 128 == 0:
                table = self.take(4096)
                self.poke(roots + number // 128 * 8, table)
            section = table + number % 128 * size
            self.put(section, "mem_section", "section_mem_map", VMEMMAP | 0xF)
            self.put(section, "mem_section", "usage", self.take(72))
        self._caches = [self._cache(f"cache-{number}") for number in range(CACHES)]
        self._fill(rng)

    def _cache(self, name: str) -> int:
        addr = self.take(64)
        self.put(addr, "kmem_cache", "name", self.string(name))
        return addr

    def _put(self, pfn: int, flags: int = 0, link: Optional[int] = None, mapping: int = 0, private: int = 0,
             kind: int = 0xFFFFFFFF, count: int = 1) -> None:
        at = pfn * PAGE_BYTES
        link = self.page(pfn) + LRU if link is None else link
        struct.pack_into("<QQQQQQII", self._map, at, flags, link, link, mapping, 0, private, kind, count)

    def _fill(self, rng: random.Random) -> None:
        """Every page frame from 1 on, lowest first; free blocks are put on lists in the end."""
        self.truth: dict[str, int] = {}
        blocks: list[tuple[int, int, int]] = []         # order, migratetype, pfn
        bits = {name[3:]: 1 << bit for name, bit in self.shapes.enums["pageflags"].items() if name.startswith("PG_")}
        end = self.pages
        first, last = MAP_PHYS >> 12, MAP_PHYS + self.pages * PAGE_BYTES >> 12
        pfn, left = 1, self.used
        while pfn < end:
            if first <= pfn < last:                     # the struct pages' own memory
                for each in range(pfn, last):
                    self._put(each, bits["reserved"])
                self._count("reserved", last - pfn)
                pfn = last
                continue
            order = (pfn & -pfn).bit_length() - 1
            stop = first if pfn < first else end
            while order > 10 or pfn + (1 << order) > stop:
                order -= 1
            if left > 0 and (order < 10 or rng.random() < 0.12):
                chosen = min(order, rng.choice((0, 0, 0, 0, 0, 0, 1, 1, 2, 3)))
                left -= self._use(rng, pfn, chosen, bits)
                order = chosen
            elif left > 0 and order == 10 and rng.random() < 0.02:
                left -= self._folio(pfn, 9, bits)
                order = 9
            else:
                blocks.append((order, 1 if order == 10 else rng.choice((0, 1, 1, 2)), pfn))
                self._count("free", 1 << order)
            pfn += 1 << order
        self._link(rng, blocks)

    def _count(self, what: str, pages: int) -> None:
        self.truth[what] = self.truth.get(what, 0) + pages

    def _use(self, rng: random.Random, pfn: int, order: int, bits: dict[str, int]) -> int:
        """Pages in use."""
        what = rng.choice(("anon", "anon", "file", "file", "file", "slab", "slab", "pagetable", "other", "free"))
        if what == "slab":
            cache = rng.choice(self._caches)
            self._put(pfn, bits["head"] if order else 0, cache, kind=0xF5000000)
            self._tails(pfn, order)
            self._count(what, 1 << order)
            return 1 << order
        for each in range(pfn, pfn + (1 << order)):
            if what == "anon":
                self._put(each, bits["uptodate"] | bits["swapbacked"], mapping=PAGE_OFFSET + rng.randrange(1 << 20) * 64
                          | 1, kind=rng.choice((0, 0, 0, 1, 2)), count=2)
            elif what == "file":
                self._put(each, bits["uptodate"] | bits["lru"], mapping=PAGE_OFFSET + rng.randrange(1 << 14) * 512,
                          kind=rng.choice((0xFFFFFFFF, 0xFFFFFFFF, 0, 3)), count=3)
            elif what == "pagetable":
                self._put(each, kind=0xF2000000)
            else:
                self._put(each, link=0xDEAD000000000100)
        self._count("other" if what == "free" else what, 1 << order)
        return 1 << order

    def _folio(self, pfn: int, order: int, bits: dict[str, int]) -> int:
        """A huge page of anonymous memory."""
        self._put(pfn, bits["head"] | bits["uptodate"], mapping=PAGE_OFFSET + 0x1001)
        self._tails(pfn, order)
        self._count("anon", 1 << order)
        return 1 << order

    def _tails(self, pfn: int, order: int) -> None:
        """Later pages of a compound page: a mask leads each to the first one."""
        for each in range(pfn + 1, pfn + (1 << order)):
            self._put(each, link=((-1 << order + 6) + 1) & (1 << 64) - 1, count=0)
        if order:
            struct.pack_into("<Q", self._map, (pfn + 1) * PAGE_BYTES, order)

    def _link(self, rng: random.Random, blocks: list[tuple[int, int, int]]) -> None:
        """Free blocks on their lists, in no order."""
        rng.shuffle(blocks)
        lists: dict[tuple[int, int], list[int]] = {}
        for order, kind, pfn in blocks:
            lists.setdefault((order, kind), []).append(pfn)
        zone, free = self.zone(0, 0), 0
        for (order, kind), pfns in lists.items():
            head = zone + self.shapes.place("zone", f"free_area[{order}].free_list[{kind}]")[0]
            ring = [head, *(self.page(pfn) + LRU for pfn in pfns)]
            for at, pfn in enumerate(pfns, 1):
                self._put(pfn, private=order, kind=FREE_COUNT, count=0)
                struct.pack_into("<QQ", self._map, pfn * PAGE_BYTES + LRU, ring[(at + 1) % len(ring)], ring[at - 1])
            self.poke(head, ring[1])
            self.poke(head + 8, ring[-1])
            free += len(pfns) << order
        for order in range(11):
            self.put(zone, "zone", f"free_area[{order}].nr_free",
                     sum(len(pfns) for (each, _), pfns in lists.items() if each == order))
        self.put(zone, "zone", "vm_stat[0].counter", free)
        managed = self.pages - 1 - self.truth["reserved"]
        self.put(zone, "zone", "managed_pages.counter", managed)
        self.blocks = len(blocks)
        assert len(NAMES) == 6

    def _tables(self, file) -> None:
        """Four levels: the linear map by 1 GiB, image and vmemmap by 2 MiB."""
        def entry(table: int, addr: int, shift: int, value: int) -> None:
            file.seek(table + (addr >> shift & 511) * 8)
            file.write(struct.pack("<Q", value))
        linear, image, pages, image_low, pages_low = (TABLES + at * 4096 for at in range(1, 6))
        for addr, table in ((PAGE_OFFSET, linear), (DATA, image), (VMEMMAP, pages)):
            entry(TABLES, addr, 39, table | PRESENT_RW)
        for gib in range(max(self.pages >> 18, 1)):
            entry(linear, PAGE_OFFSET + (gib << 30), 30, gib << 30 | LARGE | PRESENT_RW)
        entry(image, DATA, 30, image_low | PRESENT_RW)
        entry(image_low, DATA, 21, IMAGE_PHYS | LARGE | PRESENT_RW)
        entry(pages, VMEMMAP, 30, pages_low | PRESENT_RW)
        for at in range(0, self.pages * PAGE_BYTES, 1 << 21):
            entry(pages_low, VMEMMAP + at, 21, MAP_PHYS + at | LARGE | PRESENT_RW)


def open_machine(path: Path, library: Path, threads: int = 0) -> Machine:
    """The engine over the RAM file."""
    machine = Machine(Library(library))
    machine.add_file(str(path), 0, 0, 0)
    machine.set_mmu(MMU_X86_64, 12, 48, TABLES, 1 << 47)
    machine.set_threads(threads)
    return machine


def context(machine: Machine, with_engine: bool = True) -> Context:
    """A stop of such a machine: its layout and its file are all that is asked."""
    host = Host(None, lambda addr, size: None, {"pc": DATA, "cr0": 1 << 31, "cr3": TABLES}.get,
                lambda text: Expression(int(text, 0), False), lambda: machine.read_phys)
    memory = DumpVirtual(machine, "", Meter())
    ctx = Context(CachedMemory(memory), Layout(Shapes(TEXT, DATA, "i386:x86-64", 8)), host)
    ctx.engine = machine if with_engine else None
    return ctx


def measure(path: Path, threads: int) -> dict[str, float]:
    """The account, in a process of its own: seconds, and the most memory that the process had, in MB."""
    begin = time.perf_counter()
    found = account(context(open_machine(path, BUILT, threads)))
    seconds = time.perf_counter() - begin
    assert found.failure is None and not found.problems
    kinds: dict[str, int] = {}
    for bucket in found.zones[0].buckets:
        kinds[bucket.kind] = kinds.get(bucket.kind, 0) + bucket.pages
    return {"seconds": seconds, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, **kinds}


if __name__ == "__main__":
    if sys.argv[1] == "build":
        print(json.dumps(Large(Path(sys.argv[2])).truth))
    else:
        print(json.dumps(measure(Path(sys.argv[2]), int(sys.argv[3]))))
