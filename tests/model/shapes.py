# SPDX-License-Identifier: GPL-2.0-or-later
"""Debug information from text: the structs of a kernel, as short as they can be said.

struct TAG, enum TAG and var begin a line; members follow, indented. A type is u8 s8 u16 u32 s32 u64 ptr bool, long
and ulong (of a pointer's size), atomic and atomic_long (a struct around a counter), char (for arrays) or the tag of a
struct. name@other overlays another member.
"""
import re

from mmscope.layout.debuginfo import ARRAY, INT, POINTER, STRUCT, UINT, Member, Struct, Symbol, Type


def plain(word):
    """Types by name, where a pointer has so many bytes."""
    def atomic(size):
        return Type(STRUCT, size, members=(Member("counter", 0, Type(INT, size)),))
    return {"u8": Type(UINT, 1), "bool": Type(UINT, 1), "char": Type(UINT, 1), "u16": Type(UINT, 2),
            "u32": Type(UINT, 4), "s8": Type(INT, 1), "s32": Type(INT, 4), "u64": Type(UINT, 8),
            "ptr": Type(POINTER, word), "long": Type(INT, word), "ulong": Type(UINT, word),
            "atomic": atomic(4), "atomic_long": atomic(word)}


MEMBER = re.compile(r"(\w+) (\w+)(?:\[(\d+)\])?(?:@(\w+))?$")

COMMON = """
struct list_head
    ptr next
    ptr prev
enum migratetype MIGRATE_UNMOVABLE MIGRATE_MOVABLE MIGRATE_RECLAIMABLE MIGRATE_PCPTYPES MIGRATE_HIGHATOMIC=3
    MIGRATE_CMA MIGRATE_ISOLATE MIGRATE_TYPES
enum system_states SYSTEM_BOOTING SYSTEM_SCHEDULING SYSTEM_RUNNING
enum slab_state DOWN PARTIAL UP FULL
enum pageblock_bits PB_migrate PB_migrate_end=2 PB_migrate_skip NR_PAGEBLOCK_BITS
struct memblock_type
    u32 cnt
    u32 max
    u32 total_size
    ptr regions
struct memblock
    bool bottom_up
    u32 current_limit
    memblock_type memory
    memblock_type reserved
struct free_area
    list_head free_list[6]
    u32 nr_free
struct per_cpu_pages
    s32 count
    s32 high
    s32 batch
    list_head lists[PCP_LISTS]
struct kmem_cache
    u32 size
    ptr name
var u32 __per_cpu_offset[4]
var u32 nr_cpu_ids
var ptr mem_map
var u32 max_pfn
var u32 max_low_pfn
var u32 min_low_pfn
var ptr high_memory
var memblock memblock
var u32 system_state
var u32 slab_state
var u32 __pv_phys_pfn_offset
var ptr initial_boot_params
var pglist_data contig_page_data
var cma cma_areas[4]
var u32 cma_area_count
var u32 swapper_pg_dir
var u32 _stext
var u32 _end
"""

LINUX_4_9 = COMMON.replace("PCP_LISTS", "3") + """
enum pageflags PG_locked PG_error PG_referenced PG_uptodate PG_dirty PG_lru PG_active PG_slab PG_owner_priv_1
    PG_arch_1 PG_reserved PG_private PG_head __NR_PAGEFLAGS PG_checked=8
enum zone_type ZONE_NORMAL ZONE_HIGHMEM ZONE_MOVABLE __MAX_NR_ZONES
enum zone_stat_item NR_FREE_PAGES NR_FREE_CMA_PAGES
enum zone_watermarks WMARK_MIN WMARK_LOW WMARK_HIGH NR_WMARK
struct memblock_region
    u32 base
    u32 size
    u32 flags
    s32 nid
struct page
    u32 flags
    ptr mapping
    u32 index
    atomic _mapcount
    atomic _refcount
    list_head lru
    ptr compound_head@lru
    u32 private
    u32 compound_order@private
    ptr slab_cache@private
struct per_cpu_pageset
    u32 before
    per_cpu_pages pcp
struct spinlock
    u32 locked
struct zone
    u32 watermark[3]
    u32 lowmem_reserve[3]
    ptr pageset
    ptr pageblock_flags
    u32 zone_start_pfn
    u32 managed_pages
    u32 spanned_pages
    u32 present_pages
    ptr name
    free_area free_area[11]
    spinlock lock
    atomic vm_stat[2]
struct cma
    u32 base_pfn
    u32 count
    ptr name
struct pglist_data
    zone node_zones[3]
    ptr node_mem_map
    u32 node_start_pfn
    u32 node_spanned_pages
    u32 node_id
var char mmscope_banner[64]
var u32 totalram_pages
var u32 totalhigh_pages
"""

LINUX_6_1 = COMMON.replace("PCP_LISTS", "12") + """
enum pageflags PG_locked PG_referenced PG_uptodate PG_dirty PG_lru PG_active PG_workingset PG_waiters PG_error
    PG_slab PG_owner_priv_1 PG_arch_1 PG_reserved PG_private PG_head __NR_PAGEFLAGS PG_checked=10
enum zone_type ZONE_DMA ZONE_NORMAL ZONE_HIGHMEM ZONE_MOVABLE __MAX_NR_ZONES
enum zone_stat_item NR_FREE_PAGES NR_FREE_CMA_PAGES
enum zone_watermarks WMARK_MIN WMARK_LOW WMARK_HIGH WMARK_PROMO NR_WMARK
enum memblock_flags MEMBLOCK_NONE=0 MEMBLOCK_HOTPLUG=1 MEMBLOCK_MIRROR=2 MEMBLOCK_NOMAP=4 MEMBLOCK_DRIVER_MANAGED=8
struct memblock_region
    u32 base
    u32 size
    u32 flags
struct page
    u32 flags
    list_head lru
    list_head buddy_list@lru
    list_head pcp_list@lru
    ptr compound_head@lru
    ptr mapping
    u32 index
    u32 private
    u32 compound_order@private
    atomic _mapcount
    u32 page_type@_mapcount
    atomic _refcount
    u32 memcg_data
struct slab
    u32 __page_flags
    ptr slab_cache
struct tickets
    u16 owner
    u16 next
struct raw_lock
    tickets tickets
struct rlock
    raw_lock raw_lock
struct spinlock
    rlock rlock
struct zone
    u32 _watermark[4]
    u32 lowmem_reserve[4]
    ptr per_cpu_pageset
    ptr pageblock_flags
    u32 zone_start_pfn
    atomic managed_pages
    u32 spanned_pages
    u32 present_pages
    u32 cma_pages
    ptr name
    free_area free_area[12]
    spinlock lock
    atomic vm_stat[2]
struct cma
    u32 base_pfn
    u32 count
    char name[64]
struct pglist_data
    zone node_zones[4]
    ptr node_mem_map
    u32 node_start_pfn
    u32 node_spanned_pages
    u32 node_id
var char linux_banner[64]
var atomic _totalram_pages
var atomic _totalhigh_pages
"""


class Shapes:
    """A DebugInfo made from text. Variables are laid out from base on, each at a multiple of 64."""

    byte_order = "little"

    def __init__(self, text: str, base: int, arch: str = "arm", word: int = 4) -> None:
        self.arch, self.pointer_bytes, self._plain = arch, word, plain(word)
        self.structs: dict[str, Struct] = {}
        self.enums: dict[str, dict[str, int]] = {}
        self.symbols: dict[str, Symbol] = {}
        self._bodies: dict[str, list[str]] = {}
        variables = self._read(text)
        for tag in self._bodies:
            self.struct(tag)
        for line in variables:
            name, kind = self._member(line)[:2]
            self.symbols[name] = Symbol(name, base, kind)
            base += -(-kind.size // 64) * 64

    def struct(self, tag):
        """Lay a struct out, each member at a multiple of its alignment."""
        if tag not in self.structs and tag in self._bodies:
            members, offset = {}, 0
            for line in self._bodies[tag]:
                name, kind, overlay = self._member(line)
                align = min(kind.element.size if kind.element else kind.size, self.pointer_bytes)
                offset += -offset % align
                members[name] = Member(name, members[overlay].offset if overlay else offset, kind)
                offset += 0 if overlay else kind.size
            self.structs[tag] = Struct(tag, offset + -offset % self.pointer_bytes, members)
        return self.structs.get(tag)

    def enum(self, tag):
        return self.enums.get(tag)

    def symbol(self, name):
        return self.symbols.get(name)

    def parameter_count(self, function):
        return None

    def place(self, tag: str, path: str) -> tuple[int, Type]:
        """Offset and type of a path like free_area[3].nr_free: counted by hand, not by the code under test."""
        offset, kind = 0, Type(STRUCT, 0, tag=tag)
        for part in path.split("."):
            name, _, index = part.rstrip("]").partition("[")
            members = self.structs[kind.tag].members if kind.tag else {m.name: m for m in kind.members}
            offset, kind = offset + members[name].offset, members[name].type
            if index:
                offset, kind = offset + int(index) * kind.element.size, kind.element
        return offset, kind

    def _read(self, text):
        variables, body = [], None
        for line in filter(None, map(str.rstrip, text.splitlines())):
            words = line.split()
            if words[0] == "struct":
                body = self._bodies.setdefault(words[1], [])
            elif words[0] == "enum":
                self.enums[words[1]] = {}
                body = words[1]
                self._enumerators(body, words[2:])
            elif words[0] == "var":
                variables.append(" ".join(words[1:]))
            elif isinstance(body, str):
                self._enumerators(body, words)
            else:
                body.append(line.strip())
        return variables

    def _enumerators(self, tag, words):
        for word in words:
            name, _, value = word.partition("=")
            values = self.enums[tag]
            values[name] = int(value) if value else (list(values.values())[-1] + 1 if values else 0)

    def _member(self, line):
        kind, name, count, overlay = MEMBER.match(line).groups()
        if kind in self._plain:
            found = self._plain[kind]
        else:
            found = Type(STRUCT, self.struct(kind).size, tag=kind)
        if count:
            found = Type(ARRAY, found.size * int(count), element=found, count=int(count))
        return name, found, overlay
