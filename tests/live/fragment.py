# SPDX-License-Identifier: GPL-2.0-or-later
"""Run inside GDB: puts 3000 pages, every second one, on a free list of order 0 by writing target memory."""
import struct

import gdb

FIRST_PFN, COUNT, BASE_PFN = 0x20000, 3000, 0x10000
PAGE_BYTES, LRU, PRIVATE, MAPCOUNT = 32, 20, 28, 12

inferior = gdb.selected_inferior()
area = "contig_page_data.node_zones[0].free_area[0]"
head = int(gdb.parse_and_eval(f"(unsigned long) &{area}.free_list[1]"))
page = int(gdb.parse_and_eval("(unsigned long) mem_map")) + (FIRST_PFN - BASE_PFN) * PAGE_BYTES
memory = bytearray(inferior.read_memory(page, 2 * COUNT * PAGE_BYTES))
ring = [head] + [page + 2 * index * PAGE_BYTES + LRU for index in range(COUNT)]
for index in range(COUNT):
    at = 2 * index * PAGE_BYTES
    struct.pack_into("<i", memory, at + MAPCOUNT, -128)
    struct.pack_into("<II", memory, at + LRU, ring[(index + 2) % len(ring)], ring[index])
    struct.pack_into("<I", memory, at + PRIVATE, 0)
inferior.write_memory(page, bytes(memory))
inferior.write_memory(head, struct.pack("<II", ring[1], ring[-1]))
gdb.execute(f"set var {area}.nr_free = {COUNT}")
