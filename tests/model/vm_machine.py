# SPDX-License-Identifier: GPL-2.0-or-later
"""vmalloc and per-CPU memory of a Machine: one area, one free range, a first chunk; and what tests add to them.

The vmalloc area is [START, END), as high_memory of the machine has it.
"""

START, END = 0xC2000000 - 0x800000, 0xFF800000     # see test_vmalloc.py, which counts START by hand
AREA = START + 0x10000
VM_HEAP = 0xC0300000        # in the linear map: areas, chunks, maps
VM_HEAP_BYTES = 0x40000
FIRST_CHUNK = 0xC0380000    # the units of the first chunk
UNIT = 0x4000
SLOTS = 13                  # for units of 16 KiB: fls(UNIT) - 5 + 2, and two more
RED, BLACK = 0, 1


class VmMachine:
    """Puts structures into a Machine's memory."""

    def __init__(self, machine):
        self.m = machine
        machine.ram.add(VM_HEAP, VM_HEAP_BYTES)
        machine.ram.add(FIRST_CHUNK, UNIT)
        self._next = VM_HEAP
        self.symbols = machine.shapes.symbols
        self.nodes = "vmap_node" in machine.shapes.structs
        machine.poke(machine.addr("vmap_initialized"), 1, 1)
        queue = machine.addr("vmap_block_queue")
        machine.link(queue + machine.shapes.place("vmap_block_queue", "free")[0])
        if self.nodes:
            self._make_nodes()
        for name in ("vmap_area_list", "purge_vmap_area_list", "free_vmap_area_list"):
            if name in self.symbols:
                machine.link(machine.addr(name))
        self.area = self.add_area(AREA, 0x3000, flags=2, nr_pages=2)
        self.set_busy([self.area])
        self._make_percpu()

    # --- bytes ------------------------------------------------------------

    def take(self, size):
        """Some bytes of the heap."""
        addr = self._next
        self._next += size + -size % 8
        return addr

    def new(self, tag, **members):
        """A struct with some members set."""
        addr = self.take(self.m.shapes.structs[tag].size)
        for name, value in members.items():
            self.m.put(addr, tag, name, value)
        return addr

    # --- areas ------------------------------------------------------------

    def add_area(self, start, size, flags=None, **members):
        """A vmap_area, with a vm_struct when flags say so; on no list yet."""
        area = self.new("vmap_area", va_start=start, va_end=start + size)
        if flags is not None:
            vm = self.new("vm_struct", addr=start, size=size, flags=flags, **members)
            self.m.put(area, "vmap_area", "vm", vm)
            if "subtree_max_size" not in self.m.shapes.structs["vmap_area"].members:
                self.m.put(area, "vmap_area", "flags", 4)
        return area

    def vm_of(self, area):
        return self.m.take(area, "vmap_area", "vm")

    def _member(self, area, name):
        return area + self.m.shapes.place("vmap_area", name)[0]

    def tree(self, root, areas):
        """A red-black tree of areas that are sorted: the middle one on top, the deepest level red."""
        nodes = [self._member(area, "rb_node") for area in areas]
        deepest = len(nodes).bit_length()

        def build(low, high, parent, depth):
            if low >= high:
                return 0
            middle = (low + high) // 2
            node = nodes[middle]
            color = RED if depth == deepest and depth > 1 else BLACK
            self.m.poke(node, parent | color)
            self.m.poke(node + 4, build(middle + 1, high, node, depth + 1))
            self.m.poke(node + 8, build(low, middle, node, depth + 1))
            return node

        self.m.poke(root, build(0, len(nodes), 0, 1))

    def put_on(self, head, root, areas):
        """Put areas on a list and into its tree."""
        self.m.link(head, *(self._member(area, "list") for area in areas))
        if root is not None:
            self.tree(root, areas)

    def node_part(self, number, path):
        """Address of a part of a vmap node."""
        return self.node_addr + number * self.m.shapes.structs["vmap_node"].size + \
            self.m.shapes.place("vmap_node", path)[0]

    def set_busy(self, areas, node=0):
        if self.nodes:
            self.put_on(self.node_part(node, "busy.head"), self.node_part(node, "busy.root"), areas)
        else:
            self.put_on(self.m.addr("vmap_area_list"), self.m.addr("vmap_area_root"), areas)

    def set_free(self, areas):
        self.put_on(self.m.addr("free_vmap_area_list"), self.m.addr("free_vmap_area_root"), areas)

    def set_lazy(self, areas):
        """Freed areas, the way this kernel keeps them, and their count."""
        pages = sum(self.m.take(area, "vmap_area", "va_end") - self.m.take(area, "vmap_area", "va_start")
                    for area in areas) >> 12
        self.m.poke(self.m.addr("vmap_lazy_nr"), pages)
        if self.nodes:
            self.put_on(self.node_part(0, "lazy.head"), self.node_part(0, "lazy.root"), areas)
        elif "purge_vmap_area_list" in self.symbols:
            self.put_on(self.m.addr("purge_vmap_area_list"), self.m.addr("purge_vmap_area_root"), areas)
        else:
            links = [self._member(area, "purge_list") for area in areas]
            for link, after in zip([self.m.addr("vmap_purge_list"), *links], [*links, 0]):
                self.m.poke(link, after)

    def _make_nodes(self):
        """Two vmap nodes with nothing on them, or the single one."""
        count = 1 if "single" in self.symbols else 2
        if count == 1:
            self.node_addr = self.m.addr("single")
        else:
            self.node_addr = self.take(2 * self.m.shapes.structs["vmap_node"].size)
            self.m.poke(self.m.addr("vmap_nodes"), self.node_addr)
        self.m.poke(self.m.addr("nr_vmap_nodes"), count)
        for number in range(count):
            for path in ("busy.head", "lazy.head", "purge_list", *(f"pool[{n}].head" for n in range(4))):
                self.m.link(self.node_part(number, path))

    # --- per-CPU memory ---------------------------------------------------

    def _make_percpu(self):
        """One CPU, one first chunk of four pages: 4096 static bytes, then 3 free pages."""
        m = self.m
        self.bits = "pcpu_chunk_lists" in self.symbols
        for name, value in (("pcpu_base_addr", FIRST_CHUNK), ("pcpu_unit_size", UNIT), ("pcpu_unit_pages", 4),
                            ("pcpu_nr_units", 1), ("pcpu_nr_slots", SLOTS)):
            m.poke(m.addr(name), value)
        self.heads = self.take(SLOTS * 8)
        for slot in range(SLOTS):
            m.link(self.heads + slot * 8)
        m.poke(m.addr("pcpu_chunk_lists" if self.bits else "pcpu_slot"), self.heads)
        m.poke(m.addr("pcpu_unit_offsets"), self.take(16))
        if self.bits:
            for name, value in (("pcpu_free_slot", 12), ("pcpu_sidelined_slot", 10), ("pcpu_to_depopulate_slot", 11),
                                ("pcpu_nr_populated", 4)):
                m.poke(m.addr(name), value)
        self.first = self.add_chunk(FIRST_CHUNK, [(0, 0x1000)], start=0x1000)
        m.poke(m.addr("pcpu_first_chunk"), self.first)
        self.set_slots({self.slot_of(0x3000): [self.first]})
        m.poke(m.addr("pcpu_nr_empty_pop_pages"), 3)

    @staticmethod
    def slot_of(size):
        """By hand: fls(size) - 5 + 2."""
        return SLOTS - 1 if size == UNIT else len(f"{size:b}") - 3

    def add_chunk(self, base, used, start=0):
        """A chunk of four populated pages, with areas (offset, size) in use."""
        marks = bytearray(UNIT)
        for offset, size in used:
            marks[offset:offset + size] = b"\1" * size
        free = marks.count(0)
        largest = max(map(len, bytes(marks).split(b"\1")))
        chunk = self.new("pcpu_chunk", base_addr=base, nr_populated=4)
        m = self.m
        m.put(chunk, "pcpu_chunk", "populated[0]", 0xF)
        if self.bits:
            alloc, bound = self.take(UNIT // 32), self.take(UNIT // 32 + 4)
            for offset, size in used:
                for at in range(offset // 4, (offset + size) // 4):
                    self.set_bit(alloc, at)
                for at in (offset // 4, (offset + size) // 4):
                    self.set_bit(bound, at)
            touched = {at // 0x1000 for offset, size in used for at in range(offset, offset + size, 4)}
            for name, value in (("alloc_map", alloc), ("bound_map", bound), ("nr_pages", 4), ("free_bytes", free),
                                ("chunk_md.contig_hint", largest // 4), ("start_offset", start),
                                ("nr_empty_pop_pages", 4 - len(touched))):
                m.put(chunk, "pcpu_chunk", name, value)
        else:
            entries, at = [], 0
            for offset, size in used:
                entries += [at] * (at < offset) + [offset | 1]
                at = offset + size
            entries += [at] * (at < UNIT) + [UNIT | 1]
            table = self.take(len(entries) * 4)
            for number, entry in enumerate(entries):
                m.poke(table + number * 4, entry)
            for name, value in (("map", table), ("map_used", len(entries) - 1), ("map_alloc", 64),
                                ("free_size", free), ("contig_hint", largest)):
                m.put(chunk, "pcpu_chunk", name, value)
        return chunk

    def set_bit(self, addr, number, value=1):
        at = addr + number // 32 * 4
        data, place = self.m.ram._area(at, 4)        # costs no request
        word = int.from_bytes(data[place:place + 4], "little") & ~(1 << number % 32)
        self.m.poke(at, word | value << number % 32)

    def set_slots(self, slots):
        """Chunks by slot."""
        for slot in range(SLOTS):
            self.m.link(self.heads + slot * 8, *(chunk + self.m.shapes.place("pcpu_chunk", "list")[0]
                                                 for chunk in slots.get(slot, ())))
